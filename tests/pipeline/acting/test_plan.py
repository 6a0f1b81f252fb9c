"""A plan: who is chosen and why, groups that stay the same, and what is refused."""

import os
import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from features.errors import UserError
from pipeline.acting import plan_page, plan_words
from pipeline.acting.effect import assumed, effect_of
from pipeline.acting.plan_file import CHOSEN, read_plan, write_plan
from pipeline.campaign_config import ControlConfig
from pipeline.command_line import main as cli
from pipeline.command_line.show.scores import contacts
from pipeline.config_file import load_campaign
from pipeline.scoring.scores_file import as_csv
from tests.pipeline.acting import world


def test_every_scored_customer_is_in_a_group_or_left_out_with_a_reason(planned, frame):
    made = planned(budget=200, control=ControlConfig(global_share=0.1))
    rows = made.file.customers
    assert len(rows) == len(frame) == len(made.file.members) + sum(made.left_out.values())
    assert set(made.left_out) == {"beyond the budget", "no profit expected", "global control"}
    assert (rows["reason"] == CHOSEN).tolist() == rows["arm"].notna().tolist()
    assert sum(made.groups.values()) == len(made.file.members)


def test_order_of_contacts_is_that_of_the_scores_and_of_the_screen(planned, frame):
    made = planned(budget=100)
    members = made.file.members
    first = frame.sort_values("at_stake", ascending=False)["customer_id"].head(len(members))
    assert set(members["customer_id"]) == set(first)
    assert set(contacts(frame)["customer_id"]) <= set(members["customer_id"])


def test_nobody_is_contacted_at_a_loss_and_the_budget_is_kept(planned):
    made = planned(budget=150, contact_cost=0.5)
    assert 140 < made.contacted["cost"].sum() <= 150
    assert (made.file.members["expected_profit"] > 0).all()
    # The draw gave the dear arm one customer more than its share.
    arms = {"mail": {"share": 0.5, "contact_cost": 0.1}, "call": {"share": 0.5, "contact_cost": 5}}
    assert 280 < planned(budget=300, effect=0.9, arms=arms).contacted["cost"].sum() <= 300


def test_value_of_clv_counts_what_lies_behind_the_horizon(planned):
    near, far = planned(value="horizon"), planned(value="clv")
    assert len(far.file.members) > len(near.file.members)
    assert far.file.members["at_stake"].mean() > near.file.members["at_stake"].mean()
    # The world's CLV is four times the spend of the horizon, which alone will be measured.
    gain = far.contacted["expected_gain"]
    assert far.outlook.expected == pytest.approx(gain.mean() / 4)
    soon = 0.3 * gain.sum() / 4 - far.contacted["cost"].sum()
    said = plan_words.sentences(far)[0]
    assert f"over 2024-03-01 to 2024-04-29, which is what will be measured: {soon:,.2f}." in said


def test_effects_are_told_as_those_contacted_are_planned_by(planned):
    effect = replace(assumed(0.2), source="measured", by_segment={"at risk": 0.5, "lost": 0.1})
    effect = replace(effect, measured=0.2, low=0.1, high=0.3, n_campaigns=2)
    made = planned(effect=effect)
    share = made.contacted["expected_gain"].sum() / made.contacted["at_stake"].sum()
    assert [said for said, _ in plan_words.by_effect(made)][2] == f"{share:.1%} (1 x)"
    even = f"{share:.1%} for those contacted. At {made.break_even:.1%} nothing is earned."
    assert plan_words.sentences(made)[1].endswith(even)
    with pytest.raises(UserError, match="by what was measured it gains nothing"):
        planned(effect=replace(effect, share=-0.1, by_segment={}))


def test_a_plan_says_what_of_its_model_was_poor(planned, frame, tmp_path):
    grades = {"ranking": "poor", "money": "poor", "value of months": "good"}
    promised = {"spend": [0.02, 0.48, -0.1]}
    judged = world.write_scores(tmp_path / "s.parquet", frame, grades=grades, promised=promised)
    ranking, money = planned(path=judged).notes
    assert "ranking is graded poor" in ranking
    assert "money is graded poor (-10% to +48% in total): gains and profit can be as far" in money
    assert len(planned(path=judged, value="clv").notes) == 1
    assert not planned().notes
    unordered = world.write_scores(tmp_path / "u.parquet", frame, grades={"order by clv": "poor"})
    (order,) = planned(path=unordered, value="clv").notes
    assert "order by clv is graded poor" in order
    assert not planned(path=unordered).notes


def test_a_log_without_amounts_is_planned_in_orders_and_says_so(planned, frame, tmp_path):
    log = {"columns": {"customer_id": "customer_id", "transacted_at": "date", "amount": None}}
    made = planned(path=world.write_scores(tmp_path / "s.parquet", frame, log=log))
    assert plan_words.sentences(made)[-1].startswith("The log has no amounts: an order counts as 1")
    assert not any("orders" in said for said in plan_words.sentences(planned()))


def test_costs_of_an_offer_count_as_far_as_it_is_redeemed(planned):
    made = planned(offer_cost=4.0, redemption_rate=0.25, contact_cost=0.5)
    assert set(made.contacted["cost"]) == {1.5}


def test_planning_again_gives_the_same_groups_whatever_the_order_of_rows(planned, frame, tmp_path):
    shuffled = world.write_scores(tmp_path / "s.parquet", frame.sample(frac=1, random_state=1))
    one, other = planned(), planned(path=shuffled)
    assert one.file.fingerprint == other.file.fingerprint
    assert planned(seed=1).file.fingerprint != one.file.fingerprint


def test_groups_are_alike_in_what_the_scores_expected(planned):
    members = planned().file.members
    means = members.groupby("arm")[["p_churn", "expected_spend"]].mean()
    spread = members[["p_churn", "expected_spend"]].std()
    # Within 25 blocks a control of 20 % cannot lie far from the rest.
    assert ((means.loc["control"] - means.loc["treated"]).abs() < 0.06 * spread).all()


def test_arms_get_their_shares_and_costs(planned):
    arms = {"letter": {"share": 0.25, "contact_cost": 1.2}, "mail": {"share": 0.75}}
    made = planned(arms=arms, control_share=0.2)
    shares = pd.Series(made.groups) / len(made.file.members)
    assert shares.to_dict() == pytest.approx({"control": 0.2, "letter": 0.2, "mail": 0.6}, abs=0.01)
    by_arm = made.contacted.groupby("arm")["cost"].unique()
    assert by_arm["letter"].tolist() == [1.2]
    assert by_arm["mail"].tolist() == [0.5]
    members = made.file.members
    assert members["probability"].between(0.15, 0.65).all()


def test_nobody_is_drawn_into_an_arm_that_costs_more_than_they_bring(planned):
    arms = {"letter": {"share": 0.25, "contact_cost": 1.5}, "mail": {"share": 0.75}}
    made = planned(arms=arms)
    contacted = made.contacted
    assert contacted["expected_profit"].min() > 0
    expected = 0.3 * contacted["expected_gain"] - contacted["arm"].map({"letter": 1.5, "mail": 0.5})
    assert contacted["expected_profit"].to_numpy() == pytest.approx(expected)
    told = dict(plan_words.by_effect(made))["20.0% (1 x)"]
    assert f"2024-04-29: {told}." in plan_words.sentences(made)[0], "one figure everywhere"
    dear = {"letter": {"share": 0.25, "contact_cost": 500.0}, "mail": {"share": 0.75}}
    with pytest.raises(UserError, match="each would cost 500"):
        planned(arms=dear)


def test_conditions_leave_out_and_say_which(planned, frame, tmp_path):
    asked = frame.assign(consent=np.arange(len(frame)) % 2 == 0)
    asked["last_contact"] = [date(2024, 2, 1), date(2024, 1, 1)] * (len(frame) // 2)
    path = world.write_scores(tmp_path / "s.parquet", asked, extra=("consent", "last_contact"))
    conditions = {
        "segment": ["loyal", "at risk"],
        "p_churn": {"min": 0.1, "max": 0.9},
        "consent": True,
        "last_contact": {"max": "2024-02-15"},
    }
    made = planned(path=path, eligible=conditions)
    members = made.file.members.merge(asked[["customer_id", "consent"]], on="customer_id")
    assert members["consent"].all()
    assert set(members["segment"]) == {"loyal", "at risk"}
    assert members["p_churn"].between(0.1, 0.9).all()
    assert "not eligible: consent" in made.left_out
    as_yaml_reads_it = {**conditions, "last_contact": {"max": date(2024, 2, 15)}}
    again = planned(path=path, eligible=as_yaml_reads_it)
    assert again.file.fingerprint == made.file.fingerprint
    crossed = {"last_contact": {"min": date(2024, 10, 1), "max": "2024-02-15"}}
    with pytest.raises(UserError, match=r"eligible\.last_contact: min is above max"):
        planned(path=path, eligible=crossed)


def test_a_listed_value_that_nobody_has_is_told(planned):
    made = planned(eligible={"segment": ["loyal", "at risc"]})
    assert plan_words.sentences(made)[-1] == "eligible.segment: nobody has at risc."


def test_a_campaign_begins_no_earlier_than_the_log_ends(planned, frame, tmp_path):
    late = world.AS_OF + timedelta(days=9)
    path = world.write_scores(tmp_path / "s.parquet", frame, log_end=late)
    assert planned(path=path).file.terms.start == late
    assert planned(path=path, start=world.AS_OF).file.terms.start == world.AS_OF


def test_global_control_stays_out_of_every_campaign_of_a_period_and_is_drawn_anew(planned):
    control = ControlConfig(global_share=0.2, period="quarter")

    def kept(name, start=None):
        rows = planned(name, control=control, start=start, max_age_days=60).file.customers
        return set(rows["customer_id"][rows["reason"] == "global control"])

    spring = kept("spring")
    assert len(spring) == pytest.approx(400, abs=60)
    assert kept("easter", date(2024, 3, 20)) == spring
    later = kept("summer", date(2024, 4, 2))
    assert len(later & spring) == pytest.approx(80, abs=30)


def test_profit_is_told_at_other_effects_and_the_assumption_is_no_knowledge(planned):
    made = planned()
    gain, cost = made.contacted["expected_gain"].sum(), made.contacted["cost"].sum()
    told = dict(plan_words.by_effect(made))
    assert told["0.0% (0 x)"] == f"{-cost:,.2f}"
    assert told["40.0% (2 x)"] == f"{0.3 * 2 * gain - cost:,.2f}"
    assert "an assumption, not on knowledge" in plan_words.sentences(made)[1]
    even = made.break_even * made.contacted["at_stake"].sum() * 0.3
    assert even == pytest.approx(cost)


def test_a_plan_says_plainly_when_it_cannot_tell_and_what_it_would_take(planned):
    weak = planned(effect=0.1)
    assert weak.outlook.can_tell is False
    assert "cannot tell whether it works" in plan_words.sentences(weak)[-1]
    able = planned(detect=15.0)
    assert able.outlook.can_tell
    asked = planned(detect=12.0, control_share=0.05)
    assert 0.05 < asked.outlook.control_needed < 0.5
    enough = planned(detect=12.0, control_share=round(asked.outlook.control_needed, 3) + 0.01)
    assert enough.outlook.can_tell


def test_adjusting_by_the_scores_shows_smaller_differences(planned):
    power = {one.outcome: one for one in planned().outlook.power}
    assert set(power) == {"purchase rate", "spend", "profit"}
    assert all(one.adjusted < one.plain for one in power.values())
    assert power["profit"].plain == pytest.approx(0.3 * power["spend"].plain)


def test_scores_as_csv_plan_the_same_groups_but_know_no_spread(planned, scores, tmp_path):
    as_csv(scores, tmp_path / "s.csv")
    made = planned(path=tmp_path / "s.csv")
    assert (
        made.file.members["customer_id"].tolist() == planned().file.members["customer_id"].tolist()
    )
    assert made.outlook.can_tell is None
    assert [one.outcome for one in made.outlook.power] == ["purchase rate"]


def test_a_plan_that_was_edited_is_refused(planned, tmp_path):
    path = tmp_path / "plan.parquet"
    write_plan(planned().file, path)
    table = parquet.read_table(path)
    for column, changed in {
        "arm": pa.array(["treated", *table["arm"].to_pylist()[1:]]),
        "customer_id": pa.array(["x", *table["customer_id"].to_pylist()[1:]]),
    }.items():
        edited = table.set_column(table.column_names.index(column), column, changed)
        parquet.write_table(edited, tmp_path / "edited.parquet")
        with pytest.raises(UserError, match="edited after it was planned"):
            read_plan(tmp_path / "edited.parquet")
    parquet.write_table(table.slice(1), tmp_path / "cut.parquet")
    with pytest.raises(UserError, match="edited after it was planned"):
        read_plan(tmp_path / "cut.parquet")
    metadata = table.schema.metadata
    terms = metadata[b"churn.terms"].replace(b'"margin": 0.3', b'"margin": 0.9')
    parquet.write_table(table.replace_schema_metadata({**metadata, b"churn.terms": terms}), path)
    with pytest.raises(UserError, match="edited after it was planned"):
        read_plan(path)


def test_a_second_plan_is_refused_unless_it_is_the_same(planned, tmp_path):
    path = tmp_path / "plan.parquet"
    write_plan(planned().file, path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    write_plan(planned().file, path)
    with pytest.raises(UserError, match="holds another plan"):
        write_plan(planned(seed=9).file, path)
    assert path.read_bytes() == before
    assert read_plan(path).terms == planned().file.terms


LATER = world.AS_OF + timedelta(days=15)
REFUSALS = {
    "scores_older_than_the_log": ({"log_end": LATER}, {}, "max_age_days"),
    "a_late_start": ({}, {"start": date(2024, 4, 1)}, "max_age_days"),
    "a_start_before_the_scores": ({}, {"start": date(2024, 2, 1)}, "before the scores' as_of"),
    "a_budget_below_one_contact": ({}, {"budget": 0.4}, "does not pay for one contact"),
    "thirty_people": ({}, {"max_contacts": 24}, "campaign of 30 customers"),
    "a_control_of_nobody": ({}, {"control_share": 0.001}, "smallest group of 1"),
    "what_binds_is_the_number": ({}, {"max_contacts": 24}, "max_contacts is 24, raise it to 80"),
    "what_binds_is_the_money": ({}, {"budget": 12}, "budget is 12, raise it to 40 or"),
    "what_binds_is_the_control": ({}, {"control_share": 0.001}, "Raise campaigns.spring.control"),
    "nobody_worth_it": ({}, {"contact_cost": 500}, "Nobody of 2,000 is worth a contact"),
    "no_cost": ({}, {"contact_cost": None}, "What does a contact cost"),
    "no_such_column": ({}, {"eligible": {"consent": True}}, "no column consent"),
    "one_for_all": ({}, {"eligible": {"horizon_days": 60}}, "one value for all customers"),
    "no_such_value": ({}, {"eligible": {"segment": "loyl"}}, "eligible.segment"),
    "a_range_of_nothing": ({}, {"eligible": {"p_churn": {"min": 0.9, "max": 0.1}}}, "min is above"),
    "a_day_for_a_number": ({}, {"eligible": {"p_churn": {"min": "2024-01-01"}}}, "do not fit"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "keys", "said"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_planned_is_refused_in_one_sentence(
    planned, frame, tmp_path, file, keys, said
):
    path = world.write_scores(tmp_path / "s.parquet", frame, **file)
    with pytest.raises(UserError, match=said):
        planned(path=path, **keys)


def test_a_model_that_is_not_there_is_told_as_such(tmp_path):
    terms, _ = load_campaign("c", None, {"campaigns.c.uplift": str(tmp_path / "none")})
    with pytest.raises(UserError, match=r"There is no uplift model .* `churn measure --uplift"):
        effect_of("c", terms)


@pytest.mark.parametrize("amount", [None, "amount"])
def test_a_refusal_says_that_gains_are_orders_where_the_log_has_no_amounts(
    planned, frame, tmp_path, amount
):
    columns = {"customer_id": "c", "transacted_at": "t", "amount": amount}
    path = world.write_scores(tmp_path / "s.parquet", frame, log={"columns": columns})
    with pytest.raises(UserError, match="Nobody of 2,000 is worth") as refused:
        planned(path=path, contact_cost=500)
    assert ("spend, cost and profit are in orders" in str(refused.value)) == (amount is None)


def test_a_plan_too_small_to_pay_says_what_cost_or_effect_would_make_it_large_enough(planned):
    with pytest.raises(UserError, match=r"Only .* are expected to earn more") as refused:
        planned(contact_cost=3.0, effect=0.2)
    said = str(refused.value)
    cost = re.search(r"cost less than ([\d.]+)", said)
    effect = re.search(r"more than ([\d.]+)%", said)
    assert len(planned(contact_cost=0.98 * float(cost[1]), effect=0.2).file.members) >= 100
    assert len(planned(contact_cost=3.0, effect=float(effect[1]) / 100 + 0.001).file.members) >= 100


@pytest.mark.parametrize(
    ("spend", "said"),
    [(np.nan, "hold no expected_spend"), (0.0, "nothing is at stake with anybody")],
)
def test_scores_that_expect_no_money_are_refused(planned, frame, tmp_path, spend, said):
    nothing = frame.assign(expected_spend=spend)
    with pytest.raises(UserError, match=said):
        planned(path=world.write_scores(tmp_path / "s.parquet", nothing))


def test_a_customer_scored_twice_is_refused(planned, frame, tmp_path):
    twice = pd.concat([frame, frame.head(3)], ignore_index=True)
    with pytest.raises(UserError, match="3 rows name a customer"):
        planned(path=world.write_scores(tmp_path / "s.parquet", twice))


def test_page_draws_the_curve_with_the_chosen_point_and_names_nobody(planned):
    html = plan_page.page(planned(budget=100))
    assert 'class="mark"' in html
    assert "Expected profit" in html
    assert "00001" not in html


@pytest.fixture
def here(tracking_uri, tmp_path, scores):
    (tmp_path / "here" / "churn.yaml").write_text(
        "campaigns: {spring: {contact_cost: 0.5, effect: 0.2}}\n"
        f"tracking: {{uri: '{tracking_uri}'}}\n"
    )
    os.symlink(scores, tmp_path / "here" / "scores.parquet")
    return tmp_path / "here"


def run(*more, out="plan.parquet", name="spring"):
    fixed = ["--campaign", name, "--out", out, "-c", "churn.yaml", "--quiet"]
    return cli.run(["plan", "scores.parquet", *fixed, *more])


@pytest.mark.slow
def test_command_plans_writes_records_and_refuses_another_of_the_name(here, tracking_uri, capsys):
    assert run("--budget", "100", "--report", "page.html") == 0
    shown = capsys.readouterr().out
    assert "2,000 scored = " in shown
    assert "churn measure plan.parquet" in shown
    assert (here / "page.html").exists()
    assert run("--budget", "100", out="same.parquet") == 0, "the same plan may be written again"
    assert run("--budget", "90", out="other.parquet") == 2
    assert "was planned before" in capsys.readouterr().err
    assert not (here / "other.parquet").exists()

    from mlflow import MlflowClient

    from pipeline.tracking.store import talking

    with talking(tracking_uri):
        client = MlflowClient(tracking_uri, tracking_uri)
        experiment = client.get_experiment_by_name("campaigns")
        (recorded,) = client.search_runs([experiment.experiment_id])
    assert recorded.data.metrics["cost"] == pytest.approx(100, abs=12)
    assert recorded.data.params["model_version"] == "abc123"


@pytest.mark.slow
def test_command_refuses_names_and_shares_before_anything_is_written(here, capsys):
    assert run(name="a b") == 2
    assert run("--budget", "9", name="autumn") == 2
    assert "no campaign of this name, but spring" in capsys.readouterr().err
    assert run(out="plan.csv") == 2
    assert run("--set", "campaigns.spring.arms={a: {share: .5}, b: {share: .4}}") == 2
    assert "sum to 0.9" in capsys.readouterr().err
    scored = (here / "scores.parquet").read_bytes()
    assert run("--report", "scores.parquet") == 2
    assert run("--report", "plan.parquet") == 2
    assert (here / "scores.parquet").read_bytes() == scored
    assert sorted(path.name for path in here.iterdir()) == ["churn.yaml", "scores.parquet"]
