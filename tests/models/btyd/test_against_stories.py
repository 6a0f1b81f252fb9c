"""Every answer of every model against its story, see `stories.py`.

`test_against_mpmath.py` checks the published closed forms. Here none is used.
"""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from models.btyd import BetaGeoBetaBinomModel, GammaGammaModel, ParetoNBDModel
from tests.models.btyd.stories import (
    MODELS,
    Exponential,
    Opportunities,
    between,
    close,
    drawn,
    frame,
    gamma_law,
)

EVERY_KIND = pytest.mark.parametrize("draws", [6, pytest.param(12, marks=pytest.mark.thorough)])
"""Each kind of customer once, or twice; see `stories.drawn`."""


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(25):
        yield


# -- continuous time --------------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@EVERY_KIND
def test_every_answer_of_a_customer(name, draws):
    kind, story, settings, shape = MODELS[name]
    rng = np.random.default_rng(41)
    for k in range(draws):
        params, x, t_x, age = drawn(rng, k, kind)
        model, X = kind.from_params(params, **settings), frame(x, t_x, age)
        horizon = age * between(rng, -1.5, 0)
        told, H = story(params, x, t_x, age, **shape), mp.mpf(horizon)
        likelihood = mp.log(told.likelihood)
        if name == "erlang" and x:
            # The ticks' likelihood, and the density of x purchases' times given their ticks.
            gaps = rng.dirichlet(np.full(x, 3.0)) * t_x
            X["log_intervals"] = np.log(gaps).sum()
            likelihood += mp.fsum(2 * mp.log(gap) - mp.log(2) for gap in gaps)
        assert model.customer_log_likelihood(X)[0] == pytest.approx(float(likelihood), rel=1e-9)
        close(model.probability_alive(X)[0], told.alive)
        close(model.probability_no_purchase(X, horizon)[0], 1 - told.alive * told.bought(H))
        close(model.expected_purchases(X, horizon)[0], told.alive * told.mean(H))
        pmf = model.purchase_count_pmf(X, horizon, 4)[0]
        for n in (1, 2, 4):
            close(pmf[n], told.alive * told.count(n, H))
        for q in (0.02, 0.5, 0.9):
            wait = model.next_purchase_quantiles(X, q)[0]
            if np.isfinite(wait):
                close(told.alive * told.bought(mp.mpf(wait)), q)
            else:
                assert told.alive * told.bought(mp.inf) <= q


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_new_customers(name):
    kind, story, settings, shape = MODELS[name]
    rng = np.random.default_rng(42)
    for k in range(3):
        params, _, _, age = drawn(rng, k + 2, kind)
        new = story(params, 0, 0, 0, **shape)
        found = kind.from_params(params, **settings).expected_purchases_new_customer([age / 4, 0])
        close(found[0], new.alive * new.mean(mp.mpf(age / 4)))
        assert found[1] == 0


def spend_of(params, x, z):
    """Gamma-Gamma: the mean p / nu over the customer's own nu, given x purchases of z each."""
    p, q, v = (mp.mpf(params[name]) for name in ("p", "q", "v"))
    return gamma_law(p * x + q, v + x * mp.mpf(z)).mean(lambda nu: p / nu)


def drawn_spend(rng, x):
    params = {"p": between(rng, -1, 1.5), "q": 1 + between(rng, -0.5, 1), "v": between(rng, 0, 3)}
    return params, (between(rng, 0, 3) if x else 0.0)


def test_expected_spend():
    rng = np.random.default_rng(43)
    for x in (0, 1, 2, 8, 60, 2000):
        params, z = drawn_spend(rng, x)
        X = pd.DataFrame({"frequency": [x], "monetary_value": [z]})
        close(GammaGammaModel.from_params(params).expected_spend(X)[0], spend_of(params, x, z))


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_lifetime_value(name):
    """Months that end 29, 60 and 90 days after 31 January of a leap year; the model in weeks."""
    kind, story, settings, shape = MODELS[name]
    rng = np.random.default_rng(44)
    for k in (0, 3, 4):
        params, x, t_x, age = drawn(rng, k, kind)
        spend, z = drawn_spend(rng, x)
        told, value, before = story(params, x, t_x, age, **shape), mp.mpf(0), mp.mpf(0)
        for month, days in enumerate((29, 60, 90), 1):
            purchases = told.mean(mp.mpf(days) / 7)
            value += (purchases - before) / mp.mpf("1.02") ** month
            before = purchases
        found = kind.from_params(params, **settings).clv(
            frame(x, t_x, age).assign(monetary_value=z),
            GammaGammaModel.from_params(spend),
            3,
            0.02,
            days_per_unit=7,
            start="2024-01-31",
        )
        close(found[0], told.alive * value * spend_of(spend, x, z))


@pytest.mark.slow
@EVERY_KIND
def test_discounted_expected_residual_transactions(draws):
    rng = np.random.default_rng(45)
    for k in range(draws):
        params, x, t_x, age = drawn(rng, k, ParetoNBDModel)
        rate = between(rng, -5, 0)
        model, told = ParetoNBDModel.from_params(params), Exponential(params, x, t_x, age)
        found = model.discounted_expected_residual_transactions(frame(x, t_x, age), rate)
        close(found[0], told.alive * told.discounted(mp.mpf(rate)))


# -- discrete time ----------------------------------------------------------------------------


def drawn_rounds(rng, k):
    params = {n: between(rng, -0.7, 0.8) for n in BetaGeoBetaBinomModel.parameter_names}
    if k % 6 == 3:
        params["gamma"] = 1.0
    n = int(rng.integers(1, 15))
    x = [0, n, 1, n // 2, n // 3, 0][k % 6]
    t_x = int(rng.integers(x, n + 1)) if x else 0
    X = pd.DataFrame({"frequency": [x], "recency": [t_x], "n_periods": [n]})
    return params, (x, t_x, n), X


@pytest.mark.thorough
@pytest.mark.slow
@EVERY_KIND
def test_every_answer_at_opportunities(draws):
    rng = np.random.default_rng(46)
    for k in range(draws):
        params, history, X = drawn_rounds(rng, k)
        spend, z = drawn_spend(rng, history[0])
        model, told = BetaGeoBetaBinomModel.from_params(params), Opportunities(params, *history)
        close(np.exp(model.customer_log_likelihood(X)[0]), told.likelihood)
        close(model.probability_alive(X)[0], told.alive)
        close(model.expected_purchases(X, 5)[0], told.here * told.mean(5))
        pmf = model.purchase_count_pmf(X, 5, 5)[0]
        for n in range(1, 6):
            close(pmf[n], told.here * told.count(n, 5))
        close(model.probability_no_purchase(X, 5)[0], 1 - told.here * told.bought(5))
        for q in (0.1, 0.4):
            wait = model.next_purchase_quantiles(X, q)[0]
            soon = int(min(wait, 10))
            assert wait > 10 or told.here * told.bought(soon) >= q * (1 - 1e-12)
            assert told.here * told.bought(soon - (wait <= 10)) < q
        worth = [mp.mpf("1.01") ** -(6 * j) for j in range(1, 5)]  # half-yearly, 25 months
        found = model.clv(
            X.assign(monetary_value=z),
            GammaGammaModel.from_params(spend),
            25,
            0.01,
            months_per_period=6,
        )
        close(found[0], told.here * told.weighted(worth) * spend_of(spend, history[0], z))
        new = Opportunities(params, 0, 0, 0)
        close(model.expected_purchases_new_customer(4), new.here * new.mean(4))


# -- covariates -------------------------------------------------------------------------------

#: Each coefficient: the parameter that it moves, and its sign there.
MOVES = {
    "purchase_z": ("alpha", -1),
    "dropout_a_z": ("a", 1),
    "dropout_b_z": ("b", 1),
    "dropout_z": ("beta", -1),
}
COEFFICIENTS = {
    "nbd": {"purchase_z": 0.4},
    "bg": {"purchase_z": 0.4, "dropout_a_z": -0.3, "dropout_b_z": 0.2},
    "mbg": {"purchase_z": 0.4, "dropout_a_z": -0.3, "dropout_b_z": 0.2},
    "pareto": {"purchase_z": 0.4, "dropout_z": -0.3},
}


def with_covariate(name, params, z):
    """The model with a covariate, and the parameters of a customer who has so much of it."""
    coefficients, settings, moved = COEFFICIENTS[name], {"purchase_covariates": ["z"]}, dict(params)
    if name != "nbd":
        settings["dropout_covariates"] = ["z"]
    for coefficient, value in coefficients.items():
        parameter, sign = MOVES[coefficient]
        moved[parameter] *= np.exp(sign * value * z)
    return MODELS[name][0].from_params(params | coefficients, **settings), moved


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_covariates_move_every_answer(name):
    """Customers with and without in one frame: each as in a plain model of his own parameters."""
    kind, rng = MODELS[name][0], np.random.default_rng(49)
    params, *history = drawn(rng, 3, kind)
    spend = GammaGammaModel.from_params({"p": 6.0, "q": 3.7, "v": 15.0})
    model, moved = with_covariate(name, params, 1.5)
    one = frame(*history).assign(monetary_value=20.0)
    both = pd.concat([one.assign(z=z) for z in (0.0, 1.5, 0.0)])
    plain, other = kind.from_params(params), kind.from_params(moved)

    def answers(model, X):
        yield model.customer_log_likelihood(X)
        yield model.probability_alive(X)
        yield model.probability_no_purchase(X, 9.0)
        yield model.expected_purchases(X, 9.0)
        yield from model.purchase_count_pmf(X, 9.0, 3).T
        yield from model.next_purchase_quantiles(X, [0.01, 0.3]).T
        yield model.clv(X, spend, 3, 0.01)
        if name == "pareto":
            yield model.discounted_expected_residual_transactions(X, 0.01)

    alike = zip(answers(model, both), answers(plain, one), answers(other, one), strict=True)
    for found, without, having in alike:
        assert found == pytest.approx([*without, *having, *without], rel=1e-12)


# -- one customer's path ----------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "z"), [(name, None) for name in MODELS] + [(name, 1.5) for name in COEFFICIENTS]
)
def test_alive_path(name, z):
    """After each of some days, the chance that the history up to that day gives; in weeks."""
    kind, story, settings, shape = MODELS[name]
    params = drawn(np.random.default_rng(47), 2, kind)[0]
    model, covariates = kind.from_params(params, **settings), None
    if z is not None:
        (model, params), covariates = with_covariate(name, params, z), {"z": z}
    dates = ["2024-03-10", "2024-01-01", "2024-02-01", "2024-02-01"]
    path = model.alive_path(dates, "2024-06-30", days_per_unit=7, covariates=covariates)
    assert path.index.equals(pd.date_range("2024-01-01", "2024-06-30"))
    for day, x, t_x in (
        ("2024-01-01", 0, 0),
        ("2024-01-31", 0, 0),
        ("2024-02-01", 1, 31),
        ("2024-03-09", 1, 31),
        ("2024-06-30", 2, 69),
    ):
        age = (pd.Timestamp(day) - pd.Timestamp("2024-01-01")).days
        close(path[day], story(params, x, t_x / 7, age / 7, **shape).alive)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_a_path_needs_the_covariates_of_one_customer(name):
    model, _ = with_covariate(name, drawn(np.random.default_rng(47), 2, MODELS[name][0])[0], 0.0)
    for covariates, says in (
        (None, "needs the customer's covariates z"),
        ({"w": 1.0}, "no column z"),
        (pd.DataFrame({"z": [1.0, 2.0]}), "has 2 rows"),
        ({"z": np.nan}, "covariate z is a finite number"),
        ({"z": "blue"}, "expected numbers"),
    ):
        with pytest.raises(ValueError, match=says):
            model.alive_path(["2024-01-01"], "2024-02-01", covariates=covariates)


@pytest.mark.slow
def test_alive_path_at_opportunities():
    """One purchase a period counts, on the period's last day at the latest."""
    params = drawn_rounds(np.random.default_rng(48), 0)[0]
    model = BetaGeoBetaBinomModel.from_params(params)
    dates = ["2020-06-15", "2021-06-15", "2022-08-01", "2022-09-01"]
    path = model.alive_path(dates, "2024-12-31")
    assert list(path.index) == [pd.Timestamp(f"{year}-06-15") for year in range(2021, 2025)]
    for value, history in zip(path, ((1, 1, 1), (1, 1, 2), (2, 3, 3), (2, 3, 4)), strict=True):
        close(value, Opportunities(params, *history).alive)
