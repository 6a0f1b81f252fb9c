"""An uplift model: it finds who is changed, wins only beyond chance, and ties count nothing."""

import numpy as np
import pandas as pd
import pytest

from models.campaign.qini import better_by, qini
from models.campaign.uplift import FEATURES, Trial, UpliftModel, contest, pseudo_outcomes


def trial(gain, n=4000, seed=0, share=0.5):
    """A campaign whose contacts add `gain(p_churn)` to spend."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame({name: rng.gamma(2, 10, n) for name in FEATURES})
    features["p_churn"] = rng.random(n)
    treated = (rng.random(n) < share).astype(int)
    spend = features["expected_spend"].to_numpy() * rng.gamma(1, 1, n)
    spend = spend + treated * gain(features["p_churn"].to_numpy())
    return Trial(features, spend, treated, np.where(treated == 1, share, 1 - share))


def middle(p):
    return np.where((p > 0.3) & (p < 0.7), 20.0, -5.0)


def test_a_constant_scores_nothing_whatever_the_order_of_rows():
    rng = np.random.default_rng(0)
    gain = np.sort(rng.normal(size=101))
    assert qini(np.ones(101), gain).estimate == pytest.approx(0, abs=1e-15)
    assert qini(np.ones(101), gain).se == pytest.approx(0, abs=1e-15)
    shuffled = rng.permutation(101)
    score = np.round(rng.normal(size=101), 1)
    assert qini(score, gain).estimate == pytest.approx(
        qini(score[shuffled], gain[shuffled]).estimate
    )


def test_qini_is_the_area_above_a_blind_draw_averaged_over_the_orders_of_ties():
    gain, score = np.array([4.0, 1.0, -2.0, 3.0]), np.array([2, 1, 1, 2])
    areas = []
    for first in ((0, 3), (3, 0)):
        for last in ((1, 2), (2, 1)):
            curve = np.concatenate([[0], np.cumsum(gain[[*first, *last]])]) / 4
            blind = np.linspace(0, curve[-1], 5)
            areas.append(np.trapezoid(curve - blind, dx=0.25))
    assert qini(score, gain).estimate == pytest.approx(np.mean(areas))
    assert qini(-score, gain).estimate == pytest.approx(-np.mean(areas))


@pytest.mark.slow
def test_pseudo_outcomes_mean_the_average_effect_whatever_the_outcome_models():
    one = trial(lambda p: 0 * p + 7.0, share=0.8)
    found = pseudo_outcomes(one)
    assert found.mean() == pytest.approx(7, abs=3 * found.std() / len(found) ** 0.5)
    naive = one.outcome[one.treated == 1].mean() - one.outcome[one.treated == 0].mean()
    assert naive == pytest.approx(7, abs=4)


@pytest.mark.thorough
def test_the_model_finds_those_in_the_middle_and_beats_all_simple_orders():
    found = contest(trial(middle))
    assert found.wins
    assert set(found.lead) == {"p_churn", "value", "at stake", "everybody"}
    assert found.qini["everybody"].estimate == pytest.approx(0, abs=1e-12)
    model = UpliftModel.fit(trial(middle))
    fresh = trial(middle, seed=9).features
    inside = fresh["p_churn"].between(0.35, 0.65)
    gained = model.predict(fresh)
    assert gained[inside].mean() > 10 > 0 > gained[fresh["p_churn"] > 0.8].mean()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1, 5))]
)
def test_without_an_effect_that_differs_the_model_is_not_used(seed):
    # Four rivals to beat, each at 2.5 %.
    assert not contest(trial(lambda p: 0 * p, n=1000, seed=seed)).wins


def test_interval_of_a_lead_holds_over_repeated_campaigns():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(400):
        score, rival = rng.random(300), rng.random(300)
        gain = 5 * score + rng.normal(size=300) * 4
        # E[rank weight x gain] = 5 x cov(score, rank) = 5 / 12 for the one, 0 for the other.
        one = better_by(score, rival, gain)
        held.append(one.low <= 5 / 12 <= one.high)
    assert 0.92 < np.mean(held) < 0.98


def test_a_model_of_other_features_is_not_restored():
    with pytest.raises(ValueError, match="no uplift model"):
        UpliftModel.restore("uplift", {"features": ["x"]}, {})
    with pytest.raises(ValueError, match="no uplift model"):
        UpliftModel.restore("blend", {"features": list(FEATURES)}, {})


def test_the_error_of_qini_is_the_jackknifes_where_scores_are_tied():
    """Efron & Stein (1981): leaving a customer out moves the ranks of all others, too."""
    rng = np.random.default_rng(3)
    score = rng.integers(0, 3, 300).astype(float)
    gain = 20 * score + rng.normal(0, 5, 300)
    rest = ~np.eye(300, dtype=bool)
    without = np.array([qini(score[some], gain[some]).estimate for some in rest])
    jackknife = (299 * np.var(without)) ** 0.5
    assert qini(score, gain).se == pytest.approx(jackknife, rel=0.02)
