"""Intervals cover what they promise, and their lump at zero is honest."""

import numpy as np
import pytest

from models.contenders import create
from models.evaluation.intervals import coverage
from models.intervals import SpendShape, next_purchase


def compound(n: int, seed: int) -> tuple[np.ndarray, ...]:
    """Spend of customers whose true rate is known: Poisson purchases of gamma baskets."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.8, 1.5, n)
    purchases = rng.poisson(rate)
    spend = np.where(purchases > 0, rng.gamma(np.maximum(2.0 * purchases, 1e-9), 10.0), 0.0)
    return np.exp(-rate), rate, rate * 20.0, spend, purchases.astype(float)


def test_eighty_of_a_hundred_lie_inside_where_zero_alone_is_not_enough():
    shape = SpendShape.fit(*compound(20_000, 1))
    p_none, rate, mean, spend, _ = compound(20_000, 2)
    low, high = shape.interval(p_none, rate, mean)
    open_ones = p_none < 0.8
    inside = coverage(spend[open_ones], low[open_ones], high[open_ones])
    assert inside == pytest.approx(0.8, abs=0.02)
    assert coverage(spend, low, high) >= 0.78


def test_a_customer_who_most_likely_buys_nothing_has_the_interval_zero():
    shape = SpendShape.fit(*compound(5_000, 1))
    low, high = shape.interval(np.array([0.9, 0.5]), np.array([0.1, 0.7]), np.array([2.0, 14.0]))
    assert (low[0], high[0]) == (0.0, 0.0)
    assert high[1] > 0


def test_the_low_end_rises_above_zero_only_for_the_nearly_certain():
    shape = SpendShape.fit(*compound(5_000, 1))
    p_none = np.array([0.001, 0.05, 0.11, 0.5])
    low, high = shape.interval(p_none, -np.log(p_none), -np.log(p_none) * 20)
    assert (low[:2] > 0).all()
    assert (low[2:] == 0).all()
    assert (high > low).all()


def test_few_buyers_teach_no_shape():
    p_none, rate, mean, spend, purchases = (column[:50] for column in compound(5_000, 1))
    assert SpendShape.fit(p_none, rate, mean, spend, purchases) is None


def test_the_next_purchase_window_of_a_steady_customer_is_the_middle_of_its_days():
    days = np.arange(1.0, 61.0)
    by_then = (1 - np.exp(-days / 30))[:, None]
    first, last = next_purchase(by_then, days)
    whole = 1 - np.exp(-2.0)
    assert first[0] == pytest.approx(-30 * np.log(1 - 0.1 * whole), abs=0.1)
    assert last[0] == pytest.approx(-30 * np.log(1 - 0.9 * whole), abs=0.1)


def test_the_blend_answers_ranges_that_hold_its_means(history, outcomes):
    said = create("blend").fit(history).predict(outcomes)
    assert (said["expected_spend_low"] <= said["expected_spend_high"]).all()
    assert (said["next_purchase_from"] < said["next_purchase_to"]).all()
    assert said["next_purchase_to"].between(0, history.horizon_days).all()
    assert (said["expected_purchases"] >= 1 - said["p_churn"]).all()
    inside = coverage(outcomes["spend"], said["expected_spend_low"], said["expected_spend_high"])
    assert 0.7 < inside < 0.95
    assert not said.isna().any(axis=None)


def test_the_range_of_clv_widens_with_the_months(history, outcomes):
    blend = create("blend").fit(history)
    spend = blend.predict(outcomes)["expected_spend"].to_numpy()
    low, high = blend.clv_range(outcomes, spend * 2, 4, history.cutoff)
    longer = blend.clv_range(outcomes, spend * 6, 12, history.cutoff)[1]
    assert ((low <= high) & (high <= longer)).mean() > 0.95
    assert np.isfinite(low).all()
