"""What the board means in words: better, no better, worse, and for whom."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.blend.recent_change import RecentChange
from models.evaluation import grades
from models.evaluation.leaderboard import CHURN_SCORES, SPEND_SCORES
from models.evaluation.scores import log_loss
from pipeline.campaign_config import CampaignConfig
from pipeline.learning.answer import answer
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import baseline, intervals, judge
from pipeline.learning.profile import promised
from pipeline.reporting.report import page
from tests.pipeline.boards import (
    CUTOFFS,
    LOG,
    backtest,
    board,
    customers,
    flat,
    nearly,
    true,
    wrong,
)


def test_better_at_all_cutoffs_is_said_with_its_interval():
    said = judge(backtest(blend=true, recency_alone=flat)).verdict
    assert "blend is better than recency alone at all 2 cutoffs" in said
    assert "95 % interval -" in said


def test_equal_is_no_better():
    assert "within chance" in judge(backtest(blend=true, recency_alone=nearly)).verdict


def test_worse_is_said_to_be_worse_and_where():
    said = judge(backtest(blend=wrong, recency_alone=true)).verdict
    assert "worse than recency alone" in said
    assert "It loses to recency alone among" in said


def test_level_at_the_latest_cutoff_is_told_beside_what_came():
    result = backtest(blend=flat, recency_alone=flat)
    last = (result.outcomes["cutoff"] == result.outcomes["cutoff"].max()).to_numpy()
    expected = result.answers["blend"]["p_churn"][last].mean()
    came = result.outcomes["churned"][last].mean()
    said = f"At the latest cutoff it expected {expected:.1%} to leave; {came:.1%} did."
    assert said in judge(result).sentences


def test_a_horizon_in_which_nothing_came_is_told():
    outcomes, truth = customers(400)
    last = outcomes["cutoff"] == CUTOFFS[-1]
    outcomes.loc[last, "spend"], outcomes.loc[last, "churned"] = 0.0, 1.0
    result = board(outcomes, {"blend": truth, "recency_alone": np.full(len(truth), 0.5)})
    assert any(
        line.startswith("At 1 of 2 cutoffs nothing at all came in")
        for line in judge(result).sentences
    )


@pytest.mark.slow
def test_money_that_came_back_whole_is_told_and_measures_nothing():
    outcomes, truth = customers(400)
    last = outcomes["cutoff"] == CUTOFFS[-1]
    outcomes.loc[last, "spend"] -= outcomes.loc[last, "spend"].mean()
    result = board(outcomes, {"blend": truth, "recency_alone": np.full(len(truth), 0.5)})
    bias = result.leaderboard.loc[result.leaderboard["chosen"], "spend_bias"].iloc[0]
    said = judge(result).sentences
    assert f"Expected total spend was off by {bias:+.0%}." in said
    assert any(line.startswith("At 1 of 2 cutoffs returns left hardly any money") for line in said)
    assert "nan" not in page(LOG, result, judge(result), CampaignConfig())


def test_better_contender_that_was_not_chosen_is_named():
    said = judge(backtest(blend=nearly, base_rate=flat, pareto_nbd=true)).verdict
    better = backtest(blend=nearly, base_rate=flat, pareto_nbd=true).means.index[0]
    assert ("Pareto/NBD has a lower log loss still" in said) == (better == "pareto_nbd")


def test_baseline_is_the_naive_rule_with_the_best_log_loss():
    assert baseline(backtest(blend=true, base_rate=wrong, recency_alone=flat)) == "recency_alone"


def test_groups_hold_attributes_and_their_own_rates():
    result = backtest(blend=true, recency_alone=flat)
    table = judge(result).groups.set_index("value")
    assert {"bought once", "SE", "<b>NO</b>"} <= set(table.index)
    rows = (result.outcomes["country"] == "SE").to_numpy()
    assert table.loc["SE", "n_customers"] == rows.sum()
    assert table.loc["SE", "churn_rate"] == pytest.approx(result.outcomes["churned"][rows].mean())


def silent_at_first(name, **p_churn):
    """A board on which one contender could not be fitted at the first of the two cutoffs."""
    result = backtest(**p_churn)
    first = result.outcomes["cutoff"] == CUTOFFS[0]
    answers = {**result.answers, name: result.answers[name].mask(first)}
    board, scores = result.leaderboard.copy(), [*CHURN_SCORES, *SPEND_SCORES]
    failed = (board["contender"] == name) & (board["cutoff"] == CUTOFFS[0])
    board.loc[failed, scores] = np.nan
    return Backtest(board, "blend", result.outcomes, answers, result.attributes)


def test_contender_that_failed_at_a_cutoff_has_no_means():
    broken = silent_at_first("recency_alone", blend=true, recency_alone=flat)
    assert np.isnan(broken.means.loc["recency_alone", "log_loss"])


@pytest.mark.slow
def test_rule_that_failed_at_a_cutoff_is_raced_at_the_others_and_their_number_is_said():
    broken = silent_at_first("recency_alone", blend=true, recency_alone=nearly, base_rate=flat)
    assert baseline(broken) == "recency_alone"
    judgement = judge(broken)
    last = (broken.outcomes["cutoff"] == CUTOFFS[1]).to_numpy()
    churned = broken.outcomes["churned"][last]
    own, rule = (
        log_loss(churned, broken.answers[name]["p_churn"][last])
        for name in ("blend", "recency_alone")
    )
    race = judgement.races.set_index("group").loc["everybody"]
    assert (race["rule"], race["cutoffs"]) == ("recency_alone", 1)
    assert (race["log_loss"], race["rule_log_loss"]) == pytest.approx((own, rule))
    assert f"log loss {own:.4f} against {rule:.4f}" in judgement.sentences[0]
    said = (
        f"These are figures of 1 of 2 cutoffs: recency alone could not be fitted at {CUTOFFS[0]}."
    )
    assert judgement.sentences[1] == said
    group = judgement.groups.set_index("value").loc["bought once"]
    once = last & (broken.outcomes["frequency"] == 0).to_numpy()
    assert group["rule"] == "recency_alone"
    assert group["rule_log_loss"] == pytest.approx(
        log_loss(broken.outcomes["churned"][once], broken.answers["recency_alone"]["p_churn"][once])
    )
    assert not re.search(r"\bnan\b", page(LOG, broken, judgement, CampaignConfig()))


def test_rule_that_answered_at_one_of_three_cutoffs_is_no_rival_beside_one_of_all():
    result = backtest(blend=true, recency_alone=flat, base_rate=wrong)
    third = result.leaderboard[result.leaderboard["cutoff"] == CUTOFFS[0]]
    third = third.assign(cutoff=date(2024, 7, 1))
    board = pd.concat([result.leaderboard, third], ignore_index=True)
    failed = (board["contender"] == "recency_alone") & (board["cutoff"] != CUTOFFS[1])
    for few, rule in (((board["cutoff"] == CUTOFFS[0]), "recency_alone"), (True, "base_rate")):
        scarce = board.assign(log_loss=board["log_loss"].mask(failed & few))
        assert baseline(replace(result, leaderboard=scarce)) == rule


def test_answer_that_failed_at_a_cutoff_is_judged_at_the_others():
    broken = silent_at_first("blend", blend=true, recency_alone=flat)
    judgement = judge(broken)
    said = "blend is better than recency alone at the one cutoff: log loss"
    assert judgement.sentences[0].startswith(said)
    said = f"These are figures of 1 of 2 cutoffs: blend could not be fitted at {CUTOFFS[0]}."
    assert judgement.sentences[1] == said
    assert judge(silent_at_first("blend", blend=true)).sentences[1] == judgement.sentences[1]


def test_answer_and_rule_that_failed_at_the_same_cutoff_are_named_together():
    both = silent_at_first("blend", blend=true, recency_alone=flat)
    failed = (both.leaderboard["contender"] == "recency_alone") & (
        both.leaderboard["cutoff"] == CUTOFFS[0]
    )
    both.leaderboard.loc[failed, [*CHURN_SCORES, *SPEND_SCORES]] = np.nan
    why = f"blend and recency alone could not be fitted at {CUTOFFS[0]}."
    assert judge(both).sentences[1] == f"These are figures of 1 of 2 cutoffs: {why}"


def test_all_contenders_are_held_to_the_cutoffs_of_the_answer():
    broken = silent_at_first("blend", blend=true, recency_alone=flat)
    board = broken.leaderboard.set_index(["contender", "cutoff"])["log_loss"]
    for name in ("blend", "recency_alone"):
        assert broken.means.loc[name, "log_loss"] == board[name, CUTOFFS[1]]
    assert "Means of 1 of 2 cutoffs" in page(LOG, broken, judge(broken), CampaignConfig())


def test_contender_that_answered_at_the_easier_cutoff_only_is_not_chosen():
    result = backtest(base_rate=flat, recency_alone=nearly)
    assert answer(result.leaderboard) == "recency_alone"
    broken = silent_at_first("recency_alone", base_rate=flat, recency_alone=nearly)
    assert answer(broken.leaderboard) == "base_rate"


def test_better_contender_is_named_with_the_cutoffs_it_shares():
    broken = silent_at_first("pareto_nbd", blend=flat, base_rate=wrong, pareto_nbd=true)
    said = "At the 1 of 2 cutoffs they share, Pareto/NBD has a lower log loss still."
    assert said in judge(broken).sentences


def test_of_better_contenders_one_that_shares_more_cutoffs_is_named():
    broken = silent_at_first(
        "pareto_nbd", blend=wrong, base_rate=wrong, pareto_nbd=true, logistic=flat
    )
    assert broken.gaps["gap"].idxmin() == "pareto_nbd"
    assert "On this log logistic regression has a lower log loss still." in judge(broken).sentences


def test_a_loss_never_falls_by_more_than_all_of_it():
    outcomes, truth = customers(60)
    outcomes["churned"] = 0
    said = np.where(np.arange(len(truth)) % 60 < 2, 0.999, 0.0)
    verdict = judge(board(outcomes, {"blend": said * 0, "recency_alone": said})).sentences[0]
    assert "(-100.0%, 95 % interval -100.0% to " in verdict


@pytest.mark.slow
def test_races_count_the_cutoffs_at_which_the_log_loss_is_smaller():
    result = backtest(blend=true, recency_alone=nearly, base_rate=flat)
    races, by_cutoff = judge(result).races.set_index("group"), judge(result).by_cutoff
    once = (result.outcomes["frequency"] == 0).to_numpy()
    for group, mask in (("everybody", once | True), ("bought once", once)):
        gaps = []
        for cutoff in by_cutoff.index:
            rows = mask & (result.outcomes["cutoff"] == cutoff).to_numpy()
            churned = result.outcomes["churned"][rows]
            own, rule = (
                log_loss(churned, result.answers[name]["p_churn"][rows])
                for name in ("blend", "recency_alone")
            )
            gaps.append(own - rule)
            assert by_cutoff.loc[cutoff, group] == pytest.approx(own - rule, abs=1e-12)
        assert races.loc[group, "difference"] == pytest.approx(np.mean(gaps), abs=1e-12)
        assert races.loc[group, "wins"] == sum(gap < 0 for gap in gaps)


def test_each_group_has_the_rule_that_is_best_in_it():
    outcomes, truth = customers(400)
    once = (outcomes["frequency"] == 0).to_numpy()
    result = board(
        outcomes,
        {
            "blend": np.clip(truth, 0.3, 0.9),
            "recency_alone": np.where(once, truth, 0.5),
            "status_quo_rate": np.where(once, 0.5, truth),
        },
    )
    judgement = judge(result)
    assert judgement.races.set_index("group").loc["bought once", "rule"] == "recency_alone"
    groups = judgement.groups.set_index("value")
    assert groups.loc["bought once", "rule"] == "recency_alone"
    assert judgement.rule == "status_quo_rate"


def test_group_that_a_rule_serves_better_is_named_and_others_are_not():
    outcomes, truth = customers(1500)
    swedes = (outcomes["country"] == "SE").to_numpy()
    spoilt = np.where(swedes, 1 - truth, truth)
    judgement = judge(board(outcomes, {"blend": spoilt, "recency_alone": np.full(3000, 0.57)}))
    remarks = judgement.groups.set_index("value")["remark"]
    assert remarks["SE"].startswith("worse than recency alone")
    assert remarks["<b>NO</b>"] == "better than recency alone"
    assert "It loses to recency alone among customers with country SE." in judgement.sentences


def test_small_groups_are_left_out_and_counted_and_rare_values_pooled():
    outcomes, truth = customers(400)
    rare = [f"town {n}" for n in range(400)] * 2
    outcomes["town"] = np.where(outcomes.index % 2 == 0, "Oslo", rare)
    outcomes.loc[outcomes.index[:40], "country"] = "DK"
    outcomes["shop"] = np.where(outcomes.index < 20, "closed", "open")
    result = board(
        outcomes, {"blend": truth, "base_rate": truth * 0 + 0.5}, attributes=("town", "shop")
    )
    judgement = judge(result)
    shown = judgement.groups
    assert shown[shown["kind"] == "town"]["value"].tolist() == ["Oslo", "all others"]
    assert judgement.pooled == {"town": 200, "shop": 1}
    assert shown[shown["kind"] == "shop"]["value"].tolist() == ["open"]
    assert judgement.left_out >= 1


def test_board_without_a_naive_rule_is_judged_by_itself():
    judgement = judge(backtest(blend=true, pareto_nbd=flat))
    assert judgement.races.empty
    assert judgement.groups.empty
    assert judgement.sentences[0].startswith("blend: log loss ")


@pytest.mark.slow
def test_level_of_a_group_is_told_when_it_is_its_own_not_the_seasons():
    outcomes, truth = customers(1500)
    rule = {"base_rate": np.full(3000, 0.5)}
    season = np.where(outcomes["cutoff"] == outcomes["cutoff"].iloc[0], 0.15, -0.15)
    everybody = judge(board(outcomes, {"blend": np.clip(truth + season, 0.01, 0.99), **rule}))
    assert not everybody.groups["off"].any()
    swedes = (outcomes["country"] == "SE").to_numpy()
    shifted = np.clip(truth - 0.15 * swedes, 0.01, 0.99)
    groups = judge(board(outcomes, {"blend": shifted, **rule})).groups.set_index("value")
    assert groups.loc["SE", "remark"].endswith("points too few expected to leave")
    assert groups.loc["<b>NO</b>", "astray"] == 0, "others are not to blame"
    gap = groups.loc["SE", "p_churn"] - groups.loc["SE", "churn_rate"]
    overall = shifted.mean() - outcomes["churned"].mean()
    # The two cutoffs hold nearly as many of them, so the mean over cutoffs is the whole's.
    assert groups.loc["SE", "excess"] == pytest.approx(gap - overall, abs=0.003)


def grades_of(judgement):
    return {one.side: one.grade for one in judgement.grades}


def test_the_verdict_begins_with_the_grades():
    judgement = judge(backtest(blend=true, recency_alone=flat))
    assert judgement.verdict.startswith(f"Grade: ranking {grades_of(judgement)['ranking']}, level ")
    assert judgement.unfit == ""


def test_an_answer_that_a_rule_beats_beyond_chance_ranks_poorly_and_is_unfit():
    judgement = judge(backtest(blend=wrong, recency_alone=true))
    assert grades_of(judgement)["ranking"] == "poor"
    assert judgement.grades[0].advice == "Use recency alone instead."
    assert judgement.unfit.startswith("it is worse than recency alone at all 2 cutoffs")


def test_an_answer_without_a_rule_beside_it_is_not_judged_and_unfit():
    judgement = judge(backtest(blend=true, pareto_nbd=flat))
    assert grades_of(judgement)["ranking"] == "not judged"
    assert judgement.unfit == "it could not be held against any naive rule"


@pytest.mark.slow
def test_a_level_that_is_off_at_one_cutoff_is_graded_by_it():
    outcomes, truth = customers(1500)
    late = (outcomes["cutoff"] == CUTOFFS[1]).to_numpy()
    off = np.clip(truth - 0.1 * late, 0.01, 0.99)
    rule = {"base_rate": np.full(3000, 0.5)}
    good, bad = (judge(board(outcomes, {"blend": p, **rule})) for p in (truth, off))
    assert (grades_of(good)["level"], grades_of(bad)["level"]) == ("good", "poor")


def test_windows_of_the_next_purchase_that_held_too_little_lower_the_intervals_grade():
    result = backtest(blend=true, recency_alone=flat)
    for held, grade in ((0.61, "poor"), (0.95, "good")):
        result.leaderboard["next_purchase_coverage"] = held
        result.leaderboard["spend_coverage_pit"] = 0.81
        assert grades_of(judge(result))["intervals"] == grade


def test_a_value_of_twelve_months_is_not_good_where_only_two_could_be_judged():
    result = backtest(blend=true, recency_alone=flat)
    result.leaderboard["clv_bias"], result.leaderboard["clv_months"] = 0.03, 2
    value = judge(result, clv_months=12).grades[3]
    assert (value.side, value.grade) == ("value of months", "fair")
    assert "of 2 months off by +3%, +3%; clv is of 12 months, most of which" in value.reason
    assert judge(result, clv_months=4).grades[3].grade == "good"
    result.leaderboard["clv_bias"] = -0.17
    value = judge(result, clv_months=12).grades[3]
    assert (value.grade, "most of which" in value.reason) == ("fair", True)
    result.leaderboard["clv_bias"] = 0.4
    assert judge(result, clv_months=12).grades[3].grade == "poor"


def test_a_value_of_months_judged_once_is_no_better_than_the_totals_of_several_horizons():
    """A school shop: +1 % once, and horizons of the same length +15 %, +1 %, -8 %; -20 % came."""
    result = backtest(blend=true, recency_alone=flat)
    board = result.leaderboard
    board["clv_months"] = 12
    board["clv_bias"] = np.where(board["cutoff"] == CUTOFFS[0], 0.01, np.nan)
    board["spend_bias"] = np.where(board["cutoff"] == CUTOFFS[0], 0.15, -0.08)
    value = judge(result, clv_months=12).grades[3]
    assert (value.side, value.grade) == ("value of months", "fair")
    assert value.reason.endswith("judged once; of horizons, which are more, total off by +15%, -8%")
    board["clv_bias"] = 0.01
    assert judge(result, clv_months=12).grades[3].grade == "good"


@pytest.mark.parametrize(
    ("last_year", "grade", "told"),
    [
        (0.6, "good", "better than"),
        (0.69, "fair", "within chance of that"),
        (0.8, "poor", "worse than"),
    ],
)
def test_the_order_by_clv_is_held_against_that_by_last_years_spend(last_year, grade, told):
    result = backtest(blend=true, recency_alone=flat)
    board = result.leaderboard
    board["clv_bias"], board["clv_months"] = 0.03, 12
    assert grades_of(judge(result))["order by clv"] == "not judged"
    board["clv_gini"], board["clv_gini_last_year"], board["clv_gini_error"] = 0.7, last_year, 0.02
    found = judge(result).grades[4]
    assert (found.side, found.grade) == ("order by clv", grade)
    assert f"Gini 0.70 over 12 months, {told} by last year's spend" in found.reason
    assert bool(found.advice) == (grade != "good")
    # What may be chance is not told as a fact.
    assert ("may" in found.advice) == (grade == "fair")


@pytest.mark.parametrize(
    ("latest", "months_ago", "grade"),
    [(0.67, 0.03, "fair"), (-0.3, 0.13, "poor"), (0.2, 0.03, "good"), (float("nan"), 0.03, "good")],
)
def test_a_value_judged_long_ago_is_graded_lower_where_the_latest_total_was_poor(
    latest, months_ago, grade
):
    result = backtest(blend=true, recency_alone=flat)
    board = result.leaderboard
    board["clv_bias"], board["clv_months"] = months_ago, 12
    board["spend_bias"] = np.where(board["cutoff"] == board["cutoff"].max(), latest, 0.9)
    value = judge(result, clv_months=12).grades[3]
    assert value.grade == grade
    assert ("latest total of a horizon" in value.reason) == (abs(latest) > 0.25)


@pytest.mark.thorough
def test_a_change_that_only_the_last_days_show_lowers_grades_and_widens_totals():
    steady = backtest(blend=true, recency_alone=flat)
    steady.leaderboard["spend_bias"] = 0.01
    change = RecentChange(21, silence=0.9, purchases=-0.5, amount=0.1)
    broken = replace(steady, change=change)
    assert judge(steady).grades[1].grade == "good"
    assert grades_of(judge(broken)) | {"level": "poor", "money": "poor"} == grades_of(judge(broken))
    said = "In the last 21 days 39 % fewer purchases came and 11 % more was spent on each"
    assert any(line.startswith(said) for line in judge(broken).sentences)
    before, after = promised(steady, "recency_alone"), promised(broken, "recency_alone")
    assert after["spend"][-1] == pytest.approx(np.exp(0.4) - 1)
    assert after["spend"][:-1] == before["spend"]
    assert after["level"][-1] < min(before["level"])


def test_the_report_has_a_strip_of_grades_with_advice():
    result = backtest(blend=wrong, recency_alone=true)
    html = page(LOG, result, judge(result), CampaignConfig())
    assert '<div class="poor"><dt>ranking</dt><dd><b>poor</b>' in html
    assert "Use recency alone instead." in html


def test_a_contender_that_answers_for_spend_only_has_no_interval_and_stops_nobody():
    result = backtest(blend=true, recency_alone=flat)
    silent = result.answers["blend"].assign(p_churn=np.nan)
    result = replace(result, answers={**result.answers, "boosted_spend": silent})
    assert set(intervals(result, "recency_alone")) == {"blend"}


@pytest.mark.parametrize(
    ("auc", "gap", "rule_auc", "advice"),
    [
        (0.89, (-0.1, 0.01), 0.5, "Go by its order: its probabilities are no better than those of"),
        (0.89, (0.1, 0.2), 0.5, "Go by its order: its probabilities are worse than those of"),
        (0.89, (0.1, 0.2), 0.9, "Use average customer instead."),
        (0.65, (-0.2, -0.1), 0.5, "It tells who leaves from who stays only a little."),
    ],
)
def test_an_order_is_not_called_poor_for_its_probabilities(auc, gap, rule_auc, advice):
    assert grades.ranking(auc, gap, "average customer", rule_auc).advice.startswith(advice)
