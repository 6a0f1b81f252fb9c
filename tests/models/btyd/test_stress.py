"""60,000 customers and parameters nobody should have: finite, in range, monotone.

Each model answers every question for all of its 60,000 draws. Frequencies go to 100,000; only
the BG/BB, whose customer buys at most once an opportunity, has its natural range: up to 200.
"""

import numpy as np
import pandas as pd
import pytest

from models.btyd import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    NBDModel,
    ParetoNBDModel,
)

pytestmark = pytest.mark.thorough

SETS, ROWS = 40, 1_500  # 60,000 draws
SPEND = GammaGammaModel.from_params({"p": 6.0, "q": 3.7, "v": 15.0})


def parameters(rng, k, names):
    """Log-uniform over five decades; the shape at its singular value 1, or a hair beside it."""
    values = {name: 10 ** rng.uniform(-2, 3) for name in names}
    near_one = {0: 1.0, 1: 1 + 1e-15, 2: 1 - 1e-12, 3: 1 + 1e-8, 4: 1 - 1e-5, 5: 1 + 1e-3}
    for name in set(names) & {"a", "s", "gamma"}:
        values[name] = near_one.get(k % 10, min(values[name], 100.0))
    return values


def customers(rng, n):
    """Silent since the first purchase (t_x = 0), just seen (t_x = T), and between."""
    age = 10 ** rng.uniform(-2, 4, n)
    x = np.floor(10 ** rng.uniform(0, 5, n)) - rng.integers(0, 2, n)
    place = rng.choice([0.0, 1.0, 0.5, 1 - 1e-12], n)
    recency = np.where(x > 0, age * place, 0.0)
    return pd.DataFrame({"frequency": x, "recency": recency, "T": age, "monetary_value": 20.0})


def donors(rng, n):
    periods = rng.integers(1, 200, n)
    x = rng.integers(0, periods + 1)
    last = rng.choice([0.0, 1.0, 0.5], n) * (periods - x)
    recency = np.where(x > 0, x + last.astype(int), 0)
    return pd.DataFrame(
        {"frequency": x, "recency": recency, "n_periods": periods, "monetary_value": 20.0}
    )


def in_unit_range(chance):
    return bool((np.isfinite(chance) & (chance >= 0) & (chance <= 1)).all())


def check(model, X, horizons):
    alive = model.probability_alive(X)
    assert in_unit_range(alive)
    silent_before, expected_before = np.ones(len(X)), np.zeros(len(X))
    for horizon in horizons:
        silent = model.probability_no_purchase(X, horizon)
        expected = model.expected_purchases(X, horizon)
        assert in_unit_range(silent)
        assert np.isfinite(expected).all()
        # Rounding of log-likelihoods near 10^6 leaves 1e-9 of freedom.
        assert (silent <= silent_before + 1e-9).all()
        assert (expected >= expected_before * (1 - 1e-7)).all()
        # At least one purchase in expectation as often as any at all.
        assert (expected >= (1 - silent) * (1 - 1e-6) - 1e-9).all()
        silent_before, expected_before = silent, expected
    check_counts(model, X, horizons[1], silent)
    check_waits(model, X)
    curve = model.expected_purchases_new_customer(np.array([0, *horizons]))
    assert np.isfinite(curve).all()
    assert curve[0] == 0
    assert (np.diff(curve) >= -1e-7 * curve[1:]).all()


def check_counts(model, X, horizon, silent):
    pmf = model.purchase_count_pmf(X, horizon, 5)
    assert in_unit_range(pmf)
    assert (pmf.sum(axis=1) <= 1 + 1e-8).all()


def check_waits(model, X):
    """Later for a higher level, and just as late as the silence says."""
    waits = model.next_purchase_quantiles(X, [0.1, 0.9])
    assert not np.isnan(waits).any()
    assert (waits > 0).all()
    assert (waits[:, 0] <= waits[:, 1]).all()
    soon = np.flatnonzero(waits[:, 0] < 1e6)
    if isinstance(model, BetaGeoBetaBinomModel):
        return  # whole opportunities: test_contract.py
    silent = model.probability_no_purchase(X.iloc[soon], waits[soon, 0])
    assert silent == pytest.approx(0.9, abs=1e-7)


def check_money(model, X, months=2):
    value = model.clv(X, SPEND, months, 0.01)
    assert (np.isfinite(value) & (value >= 0)).all()


@pytest.mark.parametrize("kind", [NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel])
def test_stress(kind):
    rng = np.random.default_rng(21)
    for k in range(SETS):
        model = kind.from_params(parameters(rng, k, kind.parameter_names))
        X = customers(rng, ROWS)
        check(model, X, (0.01, 10.0, 1000.0))
        check_money(model, X)
        assert np.isfinite(model.customer_log_likelihood(X)).all()
        if kind is ParetoNBDModel:
            rate = 10 ** rng.uniform(-6, 1)
            residual = model.discounted_expected_residual_transactions(X, rate)
            assert (np.isfinite(residual) & (residual >= 0)).all()


def test_stress_of_the_regularity_model():
    """The expectation is a sum over purchases: horizons up to where that takes seconds."""
    rng = np.random.default_rng(23)
    for k in range(SETS):
        values = parameters(rng, k, ModifiedBetaGeoErlangModel.parameter_names)
        model = ModifiedBetaGeoErlangModel.from_params(values, k=1 + k % 4)
        X = customers(rng, ROWS)
        check(model, X, (0.01, 1.0))
        check_money(model, X[:100])
        # Regular purchases at one instant have density zero: a likelihood of minus infinity.
        at_once = (X["frequency"] > 0) & (X["recency"] == 0)
        likelihood = model.customer_log_likelihood(X)
        assert np.isfinite(likelihood[~at_once]).all()
        assert not np.isnan(likelihood).any()


def test_stress_of_discrete_time():
    rng = np.random.default_rng(24)
    for k in range(SETS):
        model = BetaGeoBetaBinomModel.from_params(
            parameters(rng, k, BetaGeoBetaBinomModel.parameter_names)
        )
        X = donors(rng, ROWS)
        check(model, X, (1, 20, 200))
        check_money(model, X, 36)
        assert np.isfinite(model.customer_log_likelihood(X)).all()


def test_stress_of_spend():
    rng = np.random.default_rng(25)
    for _ in range(SETS):
        p, q, v = 10 ** rng.uniform(-2, 3, 3)
        model = GammaGammaModel.from_params({"p": p, "q": 1 + q, "v": v})
        frequency = np.floor(10 ** rng.uniform(0, 5, ROWS)) - 1
        spend = 10 ** rng.uniform(-3, 9, ROWS)
        X = pd.DataFrame({"frequency": frequency, "monetary_value": spend})
        expected = model.expected_spend(X)
        assert (np.isfinite(expected) & (expected > 0)).all()
        assert np.isfinite(model.customer_log_likelihood(X)).all()


@pytest.mark.parametrize(
    "kind", [NBDModel, BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel, "erlang", "bgbb"]
)
def test_stress_of_intervals(kind):
    """The least number of draws, for as many customers: 60,000 with what they may do next."""
    rng = np.random.default_rng(26)
    draw, horizon, settings = customers, 10.0, {}
    if kind == "erlang":
        kind, settings = ModifiedBetaGeoErlangModel, {"k": 3}
    if kind == "bgbb":
        kind, draw, horizon = BetaGeoBetaBinomModel, donors, 10
    for k in range(SETS):
        model = kind.from_params(parameters(rng, k, kind.parameter_names), **settings)
        X = draw(rng, ROWS)
        for found in (
            model.purchase_intervals(X, horizon, n_draws=32),
            model.spend_intervals(X, SPEND, horizon, n_draws=32),
        ):
            assert np.isfinite(found.to_numpy()).all()
            assert (found["low"] >= 0).all()
            assert (found["low"] <= found["high"]).all()


def test_44_a_customer_with_a_hundred_thousand_orders_does_not_derail_a_fit():
    known = ParetoNBDModel.from_params({"r": 0.55, "alpha": 74.0, "s": 0.61, "beta": 82.0})
    X = known.simulate(3000, 700.0, seed=2)
    giant = pd.DataFrame({"frequency": [100_000.0], "recency": [699.99], "T": [700.0]})
    both = pd.concat([X, giant], ignore_index=True)
    for kind in (ParetoNBDModel, BetaGeoModel, ModifiedBetaGeoErlangModel):
        model = kind().fit(both.drop(columns="alive"))
        assert np.isfinite(model.expected_purchases(both, 90)).all()
        assert model.probability_alive(giant)[0] > 0.9
