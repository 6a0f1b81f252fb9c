"""Scores against scikit-learn's, against each other, and against what could break them."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from models import evaluation
from models.evaluation import grades
from models.evaluation.bootstrap import Difference, customer_log_loss, grade, paired_difference
from models.evaluation.calibration import calibration_table, wilson_interval
from models.evaluation.groups import Group, attribute_groups, compare_groups, tenure_groups
from models.evaluation.intervals import coverage, coverage_by_decile
from models.evaluation.leaderboard import CHURN_SCORES, SPEND_SCORES
from models.evaluation.profit import profit_curve, value_if_kept
from models.evaluation.ranking import gain_table, spend_by_decile
from models.evaluation.spend import gini_gap_error, normalised_gini

RNG = np.random.default_rng(3)
N = 400
P = RNG.beta(4, 2, N).round(2)  # rounded: many ties
CHURNED = (RNG.random(N) < P).astype(int)
SPEND = np.where(CHURNED == 1, 0.0, RNG.gamma(2.0, 20.0, N))
EXPECTED = (1 - P) * 40
WEIGHT = RNG.integers(1, 4, N).astype(float)

ALL = {
    **{name: (score, CHURNED, P) for name, score in CHURN_SCORES.items()},
    **{name: (score, SPEND, EXPECTED) for name, score in SPEND_SCORES.items()},
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (evaluation.roc_auc, metrics.roc_auc_score),
        (evaluation.average_precision, metrics.average_precision_score),
        (evaluation.log_loss, metrics.log_loss),
        (evaluation.brier, metrics.brier_score_loss),
    ],
)
def test_scores_of_probabilities_equal_scikit_learns(ours, theirs, weight):
    assert ours(CHURNED, P, weight) == pytest.approx(
        theirs(CHURNED, P, sample_weight=weight), abs=1e-12
    )


def test_spearman_equals_pandas():
    expected = pd.Series(SPEND).corr(pd.Series(EXPECTED), method="spearman")
    assert evaluation.spearman(SPEND, EXPECTED) == pytest.approx(expected, abs=1e-12)


def test_gini_equals_the_area_between_lorenz_curves():
    def area(order: np.ndarray) -> float:
        spent = np.concatenate([[0.0], SPEND[np.argsort(-order, kind="stable")].cumsum()])
        return np.trapezoid(spent / spent[-1], dx=1 / N) - 0.5

    untied = EXPECTED + np.arange(N) * 1e-9
    expected = area(untied) / area(SPEND)
    assert evaluation.normalised_gini(SPEND, untied) == pytest.approx(expected, abs=1e-12)


def test_the_error_of_a_gap_between_ginis_is_that_of_the_bootstrap():
    rng = np.random.default_rng(4)
    typical = rng.lognormal(0, 1, 800)
    spend = typical * rng.poisson(0.5, 800)
    own, other = (typical * rng.lognormal(0, noise, 800) for noise in (0.3, 1.0))
    drawn = []
    for _ in range(400):
        w = rng.standard_exponential(800)
        drawn.append(normalised_gini(spend, own, w) - normalised_gini(spend, other, w))
    error = gini_gap_error(spend, own, other)
    assert error == pytest.approx(np.std(drawn), rel=0.15)
    assert gini_gap_error(spend, own, other, np.full(800, 3.0)) == pytest.approx(error)
    assert np.isnan(gini_gap_error(np.ones(3), np.arange(3.0), np.ones(3)))


@pytest.mark.parametrize("name", ALL)
def test_a_weight_counts_like_as_many_equal_customers(name):
    score, observed, predicted = ALL[name]
    times = WEIGHT.astype(int)
    repeated = score(np.repeat(observed, times), np.repeat(predicted, times))
    assert score(observed, predicted, WEIGHT) == pytest.approx(repeated, abs=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_the_customers_changes_no_score(name):
    score, observed, predicted = ALL[name]
    order = RNG.permutation(N)
    assert score(observed[order], predicted[order]) == pytest.approx(
        score(observed, predicted), abs=1e-12
    )


@pytest.mark.parametrize("name", ["log_loss", "brier", "ece"])
def test_better_probabilities_score_better(name):
    score = CHURN_SCORES[name]
    worse = np.clip(P + np.where(RNG.random(N) < 0.5, 0.3, -0.3), 0.01, 0.99)
    assert score(CHURNED, P) < score(CHURNED, worse)


def test_the_truth_has_the_best_of_all_ranking_scores():
    assert evaluation.roc_auc(CHURNED, CHURNED.astype(float)) == 1
    assert evaluation.normalised_gini(SPEND, SPEND) == pytest.approx(1)
    assert evaluation.bias(SPEND, SPEND) == 0


@pytest.mark.parametrize(
    ("score", "observed", "predicted"),
    [
        (evaluation.roc_auc, np.ones(3), np.full(3, 0.5)),
        (evaluation.average_precision, np.zeros(3), np.full(3, 0.5)),
        (evaluation.buyer_lift, np.ones(3), np.full(3, 0.5)),
        (evaluation.normalised_gini, np.zeros(3), np.arange(3.0)),
        (evaluation.mae_ratio, np.zeros(3), np.arange(3.0)),
        (evaluation.bias, np.full(3, -1.0), np.arange(3.0)),
        (evaluation.top_capture, np.zeros(3), np.arange(3.0)),
        (evaluation.mae_ratio, np.array([100.0, -99.9]), np.arange(2.0)),
        (evaluation.bias, np.array([100.0, -99.9]), np.arange(2.0)),
        (evaluation.top_capture, np.array([100.0, -99.9]), np.arange(2.0)),
        (evaluation.spearman, np.arange(3.0), np.ones(3)),
    ],
)
def test_what_is_undefined_is_nan(score, observed, predicted):
    assert np.isnan(score(observed, predicted))


@pytest.mark.parametrize(
    ("observed", "predicted", "message"),
    [
        ([], [], "no customer"),
        ([0, 1], [0.5], "one length"),
        ([0, 1], [0.5, 1.5], "1 of 2 probabilities lie outside"),
        ([0, 1], [0.5, np.nan], "1 of 2 predictions are not finite"),
        ([0, 2], [0.5, 0.5], "must be 0 or 1"),
    ],
)
def test_bad_input_is_refused_with_a_count(observed, predicted, message):
    with pytest.raises(ValueError, match=message):
        evaluation.log_loss(observed, predicted)


def test_log_loss_at_a_wrong_certainty_is_large_but_finite():
    assert 30 < evaluation.log_loss([1], [0.0]) < 40


def test_evaluate_refuses_customers_in_another_order():
    happened = pd.DataFrame({"churned": CHURNED, "spend": SPEND})
    predicted = pd.DataFrame({"p_churn": P, "expected_spend": EXPECTED})
    assert list(evaluation.evaluate(happened, predicted)) == list(evaluation.SCORES)
    with pytest.raises(ValueError, match="one order"):
        evaluation.evaluate(happened, predicted.iloc[::-1])


def test_the_calibration_table_holds_everybody_and_the_observed_rate():
    table = calibration_table(CHURNED, P, WEIGHT)
    assert table["n_customers"].sum() == WEIGHT.sum()
    overall = (table["observed"] * table["n_customers"]).sum() / WEIGHT.sum()
    assert overall == pytest.approx(np.average(CHURNED, weights=WEIGHT))
    assert ((table["low"] <= table["observed"]) & (table["observed"] <= table["high"])).all()
    assert table["predicted"].is_monotonic_increasing


def test_the_calibration_error_of_true_probabilities_is_that_of_chance():
    rng = np.random.default_rng(4)
    p = rng.beta(2, 1, 500)
    found = [
        evaluation.expected_calibration_error((rng.random(500) < p).astype(float), p)
        for _ in range(200)
    ]
    assert evaluation.calibration_error_by_chance(p) == pytest.approx(np.mean(found), rel=0.1)
    wrong = (rng.random(500) < p**3).astype(float)
    assert evaluation.expected_calibration_error(
        wrong, p
    ) > 3 * evaluation.calibration_error_by_chance(p)


def test_the_wilson_interval_covers_as_it_says():
    rate, rng = 0.3, np.random.default_rng(0)
    seen = rng.binomial(1000, rate, 4000) / 1000
    low, high = wilson_interval(seen, np.full(4000, 1000.0))
    assert ((low <= rate) & (rate <= high)).mean() == pytest.approx(
        0.95, abs=0.015
    )  # 4 standard errors


def test_gain_ends_at_everybody_and_never_falls():
    table = gain_table(CHURNED, P)
    assert table[["churn_gain", "buyer_gain"]].iloc[-1].tolist() == pytest.approx([1, 1])
    assert (table[["churn_gain", "buyer_gain"]].diff().dropna() >= 0).all(axis=None)
    tenth = table.set_index("share_contacted").loc[0.1, "buyer_lift"]
    assert tenth == pytest.approx(evaluation.buyer_lift(CHURNED, P))


def test_spend_deciles_add_up_to_all_spend():
    table = spend_by_decile(SPEND, EXPECTED)
    assert table["share_of_spend"].sum() == pytest.approx(1)
    assert (table["observed"] * table["n_customers"]).sum() == pytest.approx(SPEND.sum())


def test_profit_starts_at_nothing_and_ends_where_order_does_not_matter():
    curve = profit_curve(SPEND, EXPECTED, cost_per_contact=5)
    assert curve["profit"].iloc[0] == 0
    assert curve["profit"].iloc[-1] == pytest.approx(curve["random"].iloc[-1])
    with pytest.raises(ValueError, match="negative"):
        profit_curve(SPEND, EXPECTED, cost_per_contact=-1)


def test_coverage_by_decile_averages_to_coverage():
    low, high = EXPECTED * 0.2, EXPECTED * 1.5
    table = coverage_by_decile(SPEND, low, high, EXPECTED)
    mean = np.average(table["coverage"], weights=table["n_customers"])
    assert mean == pytest.approx(coverage(SPEND, low, high))


def test_the_paired_bootstrap_finds_a_small_steady_gain_that_scores_alone_hide():
    loss = customer_log_loss(CHURNED, np.clip(P, 0.01, 0.99))
    rival = loss + 0.01 + RNG.normal(0, 0.01, N)
    found = paired_difference([loss, loss], [rival, rival])
    assert found.difference == pytest.approx(-0.01, abs=0.002)
    assert found.high < 0
    assert (found.wins, found.cutoffs) == (2, 2)
    assert loss.std() / np.sqrt(N) > 0.01, "the models' own scores are too uncertain to tell"


def test_the_paired_bootstrap_is_reproducible():
    a, b = RNG.random(N), RNG.random(N)
    assert paired_difference([a], [b]) == paired_difference([a], [b])


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Difference(-0.02, -0.03, -0.01, 1, 1), "better than recency alone at the one cutoff"),
        (Difference(-0.02, -0.03, -0.01, 2, 3), "better than recency alone on average, but only"),
        (Difference(0.02, 0.01, 0.03, 2, 3), "worse than recency alone on average, better at 2 of"),
        (Difference(0.02, 0.01, 0.03, 0, 3), "worse than recency alone at all 3 cutoffs"),
        (Difference(0.02, 0.01, 0.03, 0, 1), "worse than recency alone at the one cutoff"),
        (Difference(0.0, -0.01, 0.01, 1, 3), "no better than recency alone"),
    ],
)
def test_the_grade_says_it_in_words(difference, words):
    assert grade(difference, "recency_alone").startswith(words)


def test_groups_score_what_lies_in_them():
    first = Group("kind", "first", np.arange(N) < 100)
    row = compare_groups(CHURNED, P, {"flat": np.full(N, 0.5)}, [first], WEIGHT, np.ones(N)).loc[0]
    assert row["log_loss"] == pytest.approx(
        evaluation.log_loss(CHURNED[:100], P[:100], WEIGHT[:100])
    )
    assert row["churn_rate"] == pytest.approx(np.average(CHURNED[:100], weights=WEIGHT[:100]))
    assert row["n_customers"] == WEIGHT[:100].sum()
    assert row["difference"] == pytest.approx(row["log_loss"] - np.log(2))


@pytest.mark.thorough
def test_groups_alike_are_rarely_called_out():
    # Calibrated answers, a rule as good as the answer, twenty groups drawn blindly: whoever is
    # called out on one of 200 logs is a false alarm. 5 % are allowed; 3 standard errors above.
    rng, alarms = np.random.default_rng(5), 0
    for _ in range(200):
        p = rng.uniform(0.2, 0.9, 2000)
        churned = (rng.random(2000) < p).astype(float)
        rule = np.clip(p + rng.choice([-0.1, 0.1], 2000), 0.01, 0.99)
        own = np.clip(p + rng.choice([-0.1, 0.1], 2000), 0.01, 0.99)
        draw = rng.integers(0, 20, 2000)
        groups = [Group("drawn", str(n), draw == n) for n in range(20)]
        found = compare_groups(churned, own, {"rule": rule}, groups, np.ones(2000), np.ones(2000))
        alarms += bool(found[["loses", "gains", "off"]].to_numpy().any())
    assert alarms <= 200 * (0.05 + 3 * np.sqrt(0.05 * 0.95 / 200))


def test_small_group_with_a_large_fault_is_called_out():
    p = np.full(2000, 0.5)
    churned = np.tile([0.0, 1.0], 1000)
    bad = np.arange(2000) < 150
    churned[bad] = 1.0
    groups = [Group("k", "bad", bad), Group("k", "good", ~bad)]
    found = compare_groups(churned, p, {"r": p * 0 + 0.9}, groups, np.ones(2000), np.ones(2000))
    assert found["loses"].tolist() == [True, False]
    assert found.loc[0, "off"]


def test_tenure_groups_hold_everybody_once():
    age = pd.DataFrame({"T": RNG.integers(1, 900, N)})
    masks = [group.mask for group in tenure_groups(age, 91)]
    assert np.sum(masks, axis=0).tolist() == [1] * N


def test_attribute_of_numbers_is_cut_into_quarters_and_text_is_not():
    age = pd.Series([str(n) for n in range(1, 401)], name="age")
    groups, pooled = attribute_groups(age)
    assert {group.value for group in groups} == {
        "up to 100.8",
        "100.8 to 200.5",
        "200.5 to 300.2",
        "above 300.2",
    }
    assert [int(group.mask.sum()) for group in groups] == [100] * 4
    assert pooled == 0
    names, pooled = attribute_groups(age.replace("7", "seven"))
    assert [group.value for group in names] == ["all others"]
    assert pooled == 400


def test_value_called_all_others_is_not_lost_among_them():
    shop = pd.Series(["all others"] * 150 + ["rare"] * 20, name="shop")
    groups, pooled = attribute_groups(shop)
    assert [(group.value, int(group.mask.sum())) for group in groups] == [
        ("all others", 150),
        ("all others", 20),
    ]
    assert pooled == 1


def test_value_if_kept_is_the_mean_of_buyers_alike():
    kept = value_if_kept(SPEND, CHURNED, EXPECTED, WEIGHT, groups=1)
    bought = CHURNED == 0
    assert kept == pytest.approx(np.full(N, np.average(SPEND[bought], weights=WEIGHT[bought])))
    assert value_if_kept(SPEND * 0, np.ones(N), EXPECTED).tolist() == [0.0] * N


def test_a_level_that_chance_explains_is_no_fault_and_one_beyond_it_is():
    assert grades.level([0.05], [0.0]).grade == "fair"
    assert grades.level([0.05], [0.04]).grade == "good", "1 point beyond chance"
    assert grades.level([0.12, 0.0], [0.02, 0.02]).grade == "poor"
    few = grades.level([0.05, -0.08], [0.08, 0.08])
    assert few.grade == "not judged"
    assert "few customers" in few.advice
    assert grades.level([0.20], [0.08]).grade == "poor", "12 points beyond chance: of few, too"


def test_the_interval_of_a_paired_difference_is_that_of_a_mean_of_so_many_customers():
    """Rubin's bootstrap has the variance of the mean; two cutoffs alike halve it."""
    rng = np.random.default_rng(4)
    losses = [rng.gamma(2, 0.2, 4000) for _ in range(2)]
    rivals = [loss + rng.normal(0.01, 0.2, 4000) for loss in losses]
    for n in (1, 2):
        found = paired_difference(losses[:n], rivals[:n], repeats=4000)
        gaps = np.array(losses[:n]) - np.array(rivals[:n])
        half = 1.96 * np.std(gaps) / gaps.size**0.5
        # 4,000 draws tell an end to some 3 %.
        assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)
