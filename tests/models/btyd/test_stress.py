"""200,000 customers and parameters nobody should have: finite, in range, monotone."""

import numpy as np
import pandas as pd
import pytest

from models.btyd import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
)

pytestmark = pytest.mark.slow

SETS, ROWS = 40, 5_000  # 200,000 draws


def parameters(rng, k, names):
    """Log-uniform over five decades; the shape at its singular value 1, or a hair beside it."""
    values = {name: 10 ** rng.uniform(-2, 3) for name in names}
    if k % 8:
        values["r"] = min(values["r"], 15.0)  # larger ones are summed term by term: slow
    near_one = {0: 1.0, 1: 1 + 1e-15, 2: 1 - 1e-12, 3: 1 + 1e-8, 4: 1 - 1e-5, 5: 1 + 1e-3}
    for name in set(names) & {"a", "s"}:
        values[name] = near_one.get(k % 10, min(values[name], 100.0))
    return values


def customers(rng, n, largest):
    age = 10 ** rng.uniform(-2, 4, n)
    x = np.floor(10 ** rng.uniform(0, largest, n)) - rng.integers(0, 2, n)
    place = rng.choice([0.0, 1.0, 0.5, 1 - 1e-12], n)
    return pd.DataFrame({"frequency": x, "recency": np.where(x > 0, age * place, 0.0), "T": age})


def check(model, X, horizons):
    alive = model.probability_alive(X)
    assert np.isfinite(alive).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    silent_before, expected_before = np.ones(len(X)), np.zeros(len(X))
    for horizon in horizons:
        silent = model.probability_no_purchase(X, horizon)
        expected = model.expected_purchases(X, horizon)
        assert np.isfinite(silent).all()
        assert np.isfinite(expected).all()
        assert ((silent >= 0) & (silent <= 1)).all()
        # Rounding of log-likelihoods near 10^6 leaves 1e-9 of freedom.
        assert (silent <= silent_before + 1e-9).all()
        assert (expected >= expected_before * (1 - 1e-7)).all()
        # At least one purchase in expectation as often as any at all.
        assert (expected >= (1 - silent) * (1 - 1e-6) - 1e-9).all()
        silent_before, expected_before = silent, expected
    assert np.isfinite(model.customer_log_likelihood(X)).all()


@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel])
def test_stress(kind):
    rng = np.random.default_rng(21)
    for k in range(SETS):
        model = kind.from_params(parameters(rng, k, kind.parameter_names))
        check(model, customers(rng, ROWS, largest=5), (0.01, 10.0, 1000.0))


def test_stress_counts_and_waits():
    rng = np.random.default_rng(22)
    for kind in (BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel):
        for k in range(10):
            model = kind.from_params(parameters(rng, k, kind.parameter_names))
            X = customers(rng, 300, largest=5)
            pmf = model.purchase_count_pmf(X, 50.0, 10)
            assert np.isfinite(pmf).all()
            assert ((pmf >= 0) & (pmf <= 1)).all()
            assert (pmf.sum(axis=1) <= 1 + 1e-8).all()
            waits = model.next_purchase_quantiles(X, [0.1, 0.9])
            assert not np.isnan(waits).any()
            assert (waits[:, 0] <= waits[:, 1]).all()


def test_stress_of_the_regularity_model():
    """Fewer draws: its expectation is a sum over purchases, not a closed form."""
    rng = np.random.default_rng(23)
    for k in range(10):
        values = parameters(rng, k, ModifiedBetaGeoErlangModel.parameter_names)
        model = ModifiedBetaGeoErlangModel.from_params(values, k=1 + k % 3)
        X = customers(rng, 500, largest=5)
        X["recency"] = np.where(X["frequency"] > 0, np.maximum(X["recency"], X["T"] / 9), 0.0)
        check(model, X, (0.1, 30.0))


def test_stress_of_discrete_time():
    rng = np.random.default_rng(24)
    for k in range(20):
        names = BetaGeoBetaBinomModel.parameter_names
        values = {name: 10 ** rng.uniform(-2, 2.5) for name in names}
        if k % 4 == 0:
            values["gamma"] = 1.0
        model = BetaGeoBetaBinomModel.from_params(values)
        n = rng.integers(1, 200, 500)
        x = rng.integers(0, n + 1)
        t_x = np.where(x > 0, rng.integers(np.maximum(x, 1), n + 1), 0)
        X = pd.DataFrame({"frequency": x, "recency": t_x, "n_periods": n})
        check(model, X, (1, 20))


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


def test_a_customer_with_a_hundred_thousand_orders_does_not_derail_a_fit():
    known = ParetoNBDModel.from_params({"r": 0.55, "alpha": 74.0, "s": 0.61, "beta": 82.0})
    X = known.simulate(3000, 700.0, seed=2)
    giant = pd.DataFrame({"frequency": [100_000.0], "recency": [699.99], "T": [700.0]})
    both = pd.concat([X, giant], ignore_index=True)
    for kind in (ParetoNBDModel, BetaGeoModel, ModifiedBetaGeoErlangModel):
        model = kind().fit(both.drop(columns="alive"))
        assert np.isfinite(model.expected_purchases(both, 90)).all()
        assert model.probability_alive(giant)[0] > 0.9
