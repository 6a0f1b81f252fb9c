"""The level between two forecasts, and money that does not stay."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.blend import Blend
from models.blend.forecast_combination import TaughtLevel, combined_mean
from models.blend.level import FURTHEST, mean_churn, total_of_purchases
from models.blend.level_error import LevelErrorForecast, level_error
from models.blend.realised_spend import realised_factor
from models.blend.spend_estimators import LEAST_LEFT, MOST_BEYOND, before_floor, weighted_mean
from models.blend.stack import Stack
from models.contenders.classifiers import LogisticChurn
from models.contenders.encoding import expit, logit
from models.evaluation import log_loss

HORIZON = 90


def panel(**columns) -> pd.DataFrame:
    """Four cutoffs a month apart, 500 customers each."""
    days = np.repeat(pd.date_range("2024-01-01", periods=4, freq="30D"), 500)
    return pd.DataFrame({"cutoff": days, **columns})


def tried(rates) -> TaughtLevel:
    """TaughtLevel models that say .5 and one purchase each, of cutoffs with such rates of churn."""
    churned = np.concatenate([np.arange(500) < 500 * rate for rate in rates]).astype(float)
    rows = panel(churned=churned, purchases=2 * (1 - churned))
    return TaughtLevel.measured(rows, HORIZON, np.zeros(2000), np.ones(2000))


def test_a_level_that_never_changed_is_believed_and_one_that_did_is_not():
    same, other = tried([0.5] * 4), tried([0.2, 0.8, 0.3, 0.7])
    assert same.churn_variance < 0.15
    assert other.churn_variance > 5
    assert same.weight_beside(0.05) > 0.25 > 0.02 > other.weight_beside(0.05)


def test_cutoffs_after_which_nobody_or_everybody_came_are_counted():
    assert np.isfinite(tried([0.0, 1.0, 0.0, 1.0]).purchases_variance)


@pytest.mark.slow
@given(
    st.lists(st.floats(-12, 12), min_size=1, max_size=30),
    st.floats(-4, 4),
    st.floats(0.001, 10),
    st.floats(0.001, 10),
)
def test_the_level_lies_between_its_forecasts(odds, level, variance, level_variance):
    log_odds, weight = np.array(odds), np.ones(len(odds))
    found = combined_mean(log_odds, weight, variance, level, level_variance)
    ends = sorted([float(expit(log_odds).mean()), float(expit(np.array(level)))])
    assert ends[0] - 1e-6 <= found <= ends[1] + 1e-6


def test_the_surer_forecast_is_nearer():
    log_odds, weight = np.linspace(-3, 3, 101), np.ones(101)
    far, near = (combined_mean(log_odds, weight, 0.1, 1.0, v) for v in (1.0, 0.001))
    said = float(expit(np.array(1.0)))
    assert 0.5 < far < 0.6
    assert near == pytest.approx(said, abs=0.01)


def test_trees_that_contradict_by_far_move_the_total_by_half_at_most():
    sure, doubtful = TaughtLevel(0.1, 1e-6), LevelErrorForecast(0.0, 0.0, 0.0, 1.0, 1.0)
    for apart, moved in ((0.3, 0.3), (-0.3, -0.3), (-5.0, -FURTHEST), (5.0, FURTHEST)):
        found = total_of_purchases({"btyd": 4.0, "boosted": 4.0 + apart}, doubtful, sure)
        assert found.moved == pytest.approx(moved, abs=1e-4)


def test_a_season_that_learned_models_had_not_moves_their_word_as_well():
    sure = TaughtLevel(1e-6, 1e-6)
    season = LevelErrorForecast(0.5, -1.0, 0.0, 1.0, 1.0, unseen_churn=0.5, unseen_purchases=-1.0)
    stack, odds = Stack({"logistic": 1.0}), np.linspace(-1, 1, 101)
    knowing = expit(odds + 0.5)
    found = mean_churn(stack, {"logistic": odds}, knowing, np.ones(101), season, sure)
    assert found == pytest.approx(float(expit(odds - 0.5).mean()), abs=1e-3)
    total = total_of_purchases({"btyd": 4.0, "boosted": 4.0}, season, sure)
    assert total.moved == pytest.approx(1.0)
    # All of it ends with the horizon.
    assert total.transient == pytest.approx(np.e, rel=1e-4)


def test_no_expectation_is_many_times_what_the_blend_thinks_likely():
    likely = np.array([1.0, 1.0])
    ways = {"btyd": np.array([50.0, 1.0]), "likely": likely, "boosted": np.array([100.0, 2.0])}
    found = weighted_mean(ways, dict.fromkeys(ways, 1.0))
    # The buy-till-you-die models' own word does not count; of the others the first counts twice.
    np.testing.assert_allclose(found, [MOST_BEYOND, (2 * 1.0 + 2.0) / 3])


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_floor_under_purchases_leaves_their_total_where_it_can(rows):
    purchases, floor = np.array(rows).T
    left = before_floor(purchases, floor, np.ones(len(rows)))
    total = np.maximum(left * purchases, floor).sum()
    assert LEAST_LEFT <= left <= 1
    assert total >= purchases.sum() - 1e-6
    if left > LEAST_LEFT:
        assert total == pytest.approx(purchases.sum(), abs=1e-6)


def test_money_that_comes_back_later_is_expected_to():
    rng = np.random.default_rng(0)
    rows = panel(spend=100 * rng.gamma(2, 0.5, 2000) * 0.7)
    assert realised_factor(rows, np.full(2000, 100.0), HORIZON) == pytest.approx(0.7, abs=0.05)


def test_money_that_differs_by_chance_is_not_followed():
    rng = np.random.default_rng(0)
    level = np.repeat([0.8, 1.15, 0.9, 1.2], 500)
    assert (
        realised_factor(
            panel(spend=level * rng.gamma(0.05, 2000, 2000)), np.full(2000, 100.0), HORIZON
        )
        == 1
    )


def test_a_price_cut_is_followed_as_far_as_it_has_been_seen():
    rng = np.random.default_rng(0)
    cut = np.repeat([1.0, 0.95, 0.7, 0.6], 500) * 100 * rng.gamma(4, 0.25, 2000)
    rise = np.repeat([0.6, 0.7, 0.95, 1.0], 500) * 100 * rng.gamma(4, 0.25, 2000)
    down, up = (realised_factor(panel(spend=s), np.full(2000, 100.0), HORIZON) for s in (cut, rise))
    assert 0.6 < down < 0.9 < up <= 1


@pytest.mark.parametrize("spend", [0.0, -5.0])
def test_money_that_all_comes_back_is_no_error(spend):
    assert (
        0 < realised_factor(panel(spend=np.full(2000, spend)), np.full(2000, 100.0), HORIZON) < 0.05
    )


def bills(n_customers: int) -> pd.DataFrame:
    """Customers who pay every quarter, each on a day of their own, until they leave."""
    rng = np.random.default_rng(2)
    rows = []
    for customer in range(n_customers):
        day, leaves = int(rng.integers(0, 360)), rng.beta(1, 6)
        while day < 500:
            rows.append((customer, day, 20.0))
            day += 90
            if rng.random() < leaves:
                break
    return pd.DataFrame(rows, columns=["customer", "day", "amount"])


@pytest.fixture(scope="module")
def subscribers(make_history, make_outcomes):
    """A blend of `bills`, and the customers of a later day with what came."""
    log = bills(500)
    rows = make_outcomes(log, 400)
    history = make_history(log, 400, (220, 260, 300, 340))
    errors = {}
    for cutoff in history.cutoffs:
        past = history.rows(cutoff)
        known, came = past.assign(n_customers=1.0), past[["churned", "purchases"]].sum()
        bought = {history.horizon_days: came["purchases"]}
        errors[cutoff] = level_error(cutoff, history.horizon_days, known, came["churned"], bought)
    return Blend().fit(replace(history, level_errors=errors)), rows


@pytest.mark.thorough
def test_of_subscribers_the_level_is_the_learned_one(subscribers):
    blend, rows = subscribers
    churned, said = rows["churned"], blend.predict(rows)
    alone = {name: part.predict(rows)["p_churn"] for name, part in blend.base_learners.items()}
    best = min(log_loss(churned, alone[name]) for name in PRIOR_WEIGHTS)
    # A buy-till-you-die model knows no bills: it expects too many to leave.
    assert abs(logit(alone["mbg_nbd"].mean()) - logit(churned.mean())) > 0.15
    assert log_loss(churned, said["p_churn"]) < best + 0.01
    assert said["expected_purchases"].sum() == pytest.approx(rows["purchases"].sum(), rel=0.15)


@pytest.mark.thorough
def test_intervals_hold_a_bill_that_is_always_the_same(subscribers):
    blend, rows = subscribers
    said = blend.predict(rows)
    # Buyers who are not all but given up: there zero alone is the interval.
    buyers = (rows["churned"] == 0) & (said["p_churn"] < 0.5)
    assert buyers.sum() > 100
    low, high = said["expected_spend_low"], said["expected_spend_high"]
    held = (low <= rows["spend"]) & (rows["spend"] <= high)
    assert held[buyers].mean() > 0.75


@pytest.mark.thorough
def test_of_those_who_are_given_up_hardly_anything_is_expected(subscribers):
    blend, rows = subscribers
    said = blend.predict(rows)
    gone = said["p_churn"] > 0.97
    assert gone.mean() > 0.1
    spend = said["expected_spend"]
    # A buy-till-you-die model that knows no bills expects much of them.
    alone = blend.base_learners["mbg_nbd"].predict(rows)["expected_spend"]
    assert spend[gone].sum() < 0.01 * spend.sum() < 0.1 * alone[gone].sum()
    assert (said["expected_purchases"] >= 1 - said["p_churn"] - 1e-12).all()


@pytest.mark.thorough
def test_spend_is_net_of_returns_on_later_days(log, history, blend, make_outcomes):
    rng = np.random.default_rng(4)
    back = log[rng.random(len(log)) < 0.3]
    later = back.assign(day=back["day"] + rng.integers(3, 20, len(back)), amount=-back["amount"])
    rows = make_outcomes(log, 400)
    returned = make_outcomes(pd.concat([log, later]), 400)["spend"]
    spend = [make_outcomes(pd.concat([log, later]), day)["spend"] for day in (220, 280, 340)]
    netted = replace(history, panel=history.panel.assign(spend=np.concatenate(spend)))
    factor = Blend().fit(netted).predict(rows)["expected_spend"].sum()
    factor /= blend.predict(rows)["expected_spend"].sum()
    assert factor == pytest.approx(returned.sum() / rows["spend"].sum(), abs=0.12)
    assert factor < 0.85


def test_cents_and_dollars_give_one_probability(history, outcomes):
    money = ("monetary_value", "amount_mean", "spend_30d", "spend_90d")

    def in_cents(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: 100 * frame[name] for name in money})

    dollars = replace(history, money=money)
    cents = replace(dollars, panel=in_cents(history.panel))
    first = LogisticChurn().fit(dollars).predict(outcomes)["p_churn"]
    second = LogisticChurn().fit(cents).predict(in_cents(outcomes))["p_churn"]
    np.testing.assert_allclose(first, second, atol=1e-9)
