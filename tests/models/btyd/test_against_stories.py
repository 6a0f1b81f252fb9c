"""Every answer of every model against its story: hidden rates integrated out in 25 digits.

`test_against_mpmath.py` checks the published closed forms. Here none is used: a customer has a
rate and a chance (or rate) of dropout, drawn from the laws that the model assumes; given both, his
history and his future are elementary. What he will do is the mean of that over the two laws,
taken by quadrature.
"""

from itertools import count, islice
from math import comb, factorial

import mpmath as mp
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

DRAWS = 12


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(25):
        yield


class Law:
    """Quadrature over a positive density: trapezoids in t, the logarithm (or log odds) sinh(t)."""

    def __init__(self, points, masses):
        self.points, self.masses, self.total = points, masses, mp.fsum(masses)

    def mean(self, f):
        return mp.fdot(self.masses, [f(point) for point in self.points]) / self.total


STEP = mp.mpf(1) / 20
GRID = [(k * STEP, mp.sinh(k * STEP), mp.cosh(k * STEP) * STEP) for k in range(-160, 161)]


def gamma_law(shape, rate):
    """Density v^(shape - 1) exp(-rate v), not normalised."""
    centre, width = mp.log(shape / rate), 1 / mp.sqrt(shape)
    points = [mp.exp(centre + width * bend) for _, bend, _ in GRID]
    masses = [
        mp.exp(shape * mp.log(v) - rate * v) * width * slope
        for v, (_, _, slope) in zip(points, GRID, strict=True)
    ]
    return Law(points, masses)


def beta_law(a, b):
    """Density p^(a - 1) q^(b - 1), q = 1 - p, not normalised; points are (p, q)."""
    centre, width = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
    points, masses = [], []
    for _, bend, slope in GRID:
        odds = mp.exp(centre + width * bend)
        p, q = odds / (1 + odds), 1 / (1 + odds)
        points.append((p, q))
        masses.append(p**a * q**b * width * slope)
    return Law(points, masses)


class NeverLeaves:
    """NBD: a rate, and no end."""

    def __init__(self, params, x, t_x, age):
        r, alpha = (mp.mpf(params[name]) for name in ("r", "alpha"))
        self.rate = gamma_law(r + x, alpha + age)
        self.likelihood = self.rate.total / gamma_law(r, alpha).total
        self.alive = mp.mpf(1)

    def mean(self, H):
        return self.rate.mean(lambda v: v * H)

    def count(self, n, H):
        return self.rate.mean(lambda v: mp.exp(-v * H) * (v * H) ** n / factorial(n))

    def bought(self, H):
        return 1 - self.rate.mean(lambda v: mp.exp(-v * H))


class Geometric:
    """Every k-th tick is a purchase; after each (at `extra` others too) he leaves with chance p."""

    def __init__(self, params, x, t_x, age, k=1, extra=0):
        r, alpha, a, b = (mp.mpf(params[name]) for name in ("r", "alpha", "a", "b"))
        m, n, gap = r + k * x, x + extra, mp.mpf(age) - mp.mpf(t_x)
        self.k, self.m, self.A = k, m, alpha + age
        self.rate, self.leave = gamma_law(m, self.A), beta_law(a, b + n)
        rates = list(zip(self.rate.points, self.rate.masses, strict=True))
        # By j, the number of ticks since the last purchase.
        self.phases = [
            [mass * (v * gap) ** j / factorial(j) for v, mass in rates] for j in range(k)
        ]
        self.here, gone = mp.fsum(map(mp.fsum, self.phases)), mp.mpf(0)
        if n:
            last = beta_law(a, b + n - 1)
            odds = last.mean(lambda pq: pq[0]) / last.mean(lambda pq: pq[1])
            gone = odds * gamma_law(m, alpha + mp.mpf(t_x)).total
        self.alive = self.here / (self.here + gone)
        self.likelihood = (self.here + gone) / gamma_law(r, alpha).total
        self.likelihood *= self.leave.total / beta_law(a, b).total

    def kept(self, n):
        return self.leave.mean(lambda pq: pq[1] ** n)

    def ticks(self, H):
        """For i = 0, 1, ..: P(i ticks within H, j since the last purchase), one entry per j."""
        silent = [mp.exp(-v * H) / self.here for v in self.rate.points]
        terms = [[m * e for m, e in zip(phase, silent, strict=True)] for phase in self.phases]
        for i in count(1):
            yield [mp.fsum(term) for term in terms]
            more = [v * H / i for v in self.rate.points]
            terms = [[t * f for t, f in zip(term, more, strict=True)] for term in terms]

    def reached(self, n, H):
        """P(the clock comes to the n-th purchase)."""
        ticks, needed = islice(self.ticks(H), n * self.k), n * self.k
        return 1 - mp.fsum(mp.fsum(here[: needed - i]) for i, here in enumerate(ticks))

    def bought(self, H):
        return mp.mpf(1) if mp.isinf(H) else self.reached(1, H)

    def count(self, n, H):
        if n == 0:
            return 1 - self.reached(1, H)
        stays = self.reached(n, H) - self.reached(n + 1, H)
        leaves = self.leave.mean(lambda pq: pq[0] * pq[1] ** (n - 1))
        return self.kept(n) * stays + leaves * self.reached(n, H)

    def mean(self, H):
        if self.k == 1:  # given p, (1 - exp(-rate p t)) / p purchases within t
            return self.leave.mean(
                lambda pq: -mp.expm1(-self.m * mp.log1p(pq[0] * H / self.A)) / pq[0]
            )
        total, rest, survived = mp.mpf(0), mp.mpf(1), [mp.mpf(0)]
        for i, here in enumerate(self.ticks(H)):
            while len(survived) <= (i + self.k) // self.k:
                survived.append(survived[-1] + self.kept(len(survived) - 1))
            total += mp.fsum(c * survived[(i + j) // self.k] for j, c in enumerate(here))
            rest -= mp.fsum(here)
            if rest < 1e-12:
                break
        return total


class Exponential:
    """Pareto/NBD: a rate of purchases and a rate of dropout."""

    def __init__(self, params, x, t_x, age):
        r, alpha, s, beta = (mp.mpf(params[name]) for name in ("r", "alpha", "s", "beta"))
        self.m, self.A, self.s, self.B = m, A, _, B = r + x, alpha + age, s, beta + age
        self.rate, self.leave = gamma_law(m, A), gamma_law(s, B)
        silence = mp.mpf(age) - mp.mpf(t_x)

        def dropped(u):
            """Density of dropout u after the last purchase, relative to being alive now."""
            since = silence - u
            return s / B * (1 - since / A) ** -m * (1 - since / B) ** -(s + 1)

        gone = self.integral(dropped, silence) if silence else mp.mpf(0)
        self.alive = 1 / (1 + gone)
        priors = gamma_law(r, alpha).total * gamma_law(s, beta).total
        self.likelihood = self.rate.total * self.leave.total * (1 + gone) / priors

    def integral(self, f, H):
        """From 0 to H, cut where the silence of a busy customer tells."""
        cuts = [self.A / self.m * 4**k for k in range(-2, 6)]
        return mp.quad(f, [0, *(u for u in cuts if u < H), H])

    def mean(self, H):
        return self.rate.mean(lambda v: v) * self.leave.mean(lambda mu: -mp.expm1(-mu * H) / mu)

    def count(self, n, H):
        def by(u):
            """n purchases within u, if alive so long."""
            share = u / (self.A + u)
            return mp.rf(self.m, n) / factorial(n) * (1 - share) ** self.m * share**n

        def dropped(u):
            return self.s / self.B * (1 + u / self.B) ** -(self.s + 1) * by(u)

        return by(H) * self.leave.mean(lambda mu: mp.exp(-mu * H)) + self.integral(dropped, H)

    def bought(self, H):
        """The first purchase comes at u, and he is then alive."""

        def first(u):
            return self.m / self.A * (1 + u / self.A) ** -(self.m + 1) * (1 + u / self.B) ** -self.s

        return self.integral(first, H)

    def discounted(self, rate):
        return self.rate.mean(lambda v: v) * self.leave.mean(lambda mu: 1 / (mu + rate))


class Opportunities:
    """BG/BB: at each opportunity a purchase with chance p; before each he leaves with chance q."""

    def __init__(self, params, x, t_x, n):
        alpha, beta, gamma, delta = (mp.mpf(v) for v in params.values())
        self.buys, self.leave = beta_law(alpha + x, beta + n - x), beta_law(gamma, delta + n)
        buys, leave = beta_law(alpha + x, beta + t_x - x), beta_law(gamma, delta + t_x)
        here = self.silent(buys, n - t_x) * self.silent(leave, n - t_x)
        gone = mp.fsum(
            self.silent(buys, i) * leave.mean(lambda pq, i=i: pq[0] * pq[1] ** i)
            for i in range(n - t_x)
        )
        self.here = here / (here + gone)
        self.alive = self.here * self.silent(self.leave, 1)
        priors = beta_law(alpha, beta).total * beta_law(gamma, delta).total
        self.likelihood = buys.total * leave.total * (here + gone) / priors

    @staticmethod
    def silent(law, times):
        return law.mean(lambda pq: pq[1] ** times)

    def mean(self, H):
        return self.weighted([1] * H)

    def weighted(self, worth):
        lasting = mp.fsum(v * self.silent(self.leave, j) for j, v in enumerate(worth, 1))
        return self.buys.mean(lambda pq: pq[0]) * lasting

    def count(self, k, H):
        def of(i):
            return comb(i, k) * self.buys.mean(lambda pq: pq[0] ** k * pq[1] ** (i - k))

        leaves = mp.fsum(
            self.leave.mean(lambda pq, i=i: pq[0] * pq[1] ** i) * of(i) for i in range(k, H)
        )
        return leaves + self.silent(self.leave, H) * (of(H) if k <= H else 0)

    def bought(self, H):
        return 1 - self.count(0, H)


# -- draws ------------------------------------------------------------------------------------


def between(rng, low, high):
    return float(10 ** rng.uniform(low, high))


MODELS = {
    "nbd": (NBDModel, NeverLeaves, {}, {}),
    "bg": (BetaGeoModel, Geometric, {}, {}),
    "mbg": (ModifiedBetaGeoModel, Geometric, {}, {"extra": 1}),
    "erlang": (ModifiedBetaGeoErlangModel, Geometric, {"k": 3}, {"extra": 1, "k": 3}),
    "pareto": (ParetoNBDModel, Exponential, {}, {}),
}


def drawn(rng, k, kind):
    """Parameters; one-time buyers, the just seen and the long silent in turn."""
    ranges = {"alpha": (0, 2), "beta": (0, 2), "b": (-0.5, 1)}
    params = {n: between(rng, *ranges.get(n, (-1, 0.7))) for n in kind.parameter_names}
    if k % 6 == 3:
        params |= {name: 1.0 for name in ("a", "s") if name in params}
    age = between(rng, 0.5, 2.5)
    x = [0, 1, 7, 3, 25, 400][k % 6]
    if kind is ModifiedBetaGeoErlangModel:
        x = min(x, 25)
    t_x = 0.0 if x == 0 else age * [0, 0.4, 1.0, 0.7, 0.9, 0.998][k % 6]
    return params, x, t_x, age


def frame(x, t_x, age):
    return pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [age]})


def close(found, exact, tolerance=1e-6):
    assert float(found) == pytest.approx(float(exact), rel=tolerance), (found, exact)


# -- continuous time --------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_every_answer_of_a_customer(name):
    kind, story, settings, shape = MODELS[name]
    rng = np.random.default_rng(41)
    for k in range(DRAWS):
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


def test_discounted_expected_residual_transactions():
    rng = np.random.default_rng(45)
    for k in range(DRAWS):
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


def test_every_answer_at_opportunities():
    rng = np.random.default_rng(46)
    for k in range(DRAWS):
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


def test_alive_path_at_opportunities():
    """One purchase a period counts, on the period's last day at the latest."""
    params = drawn_rounds(np.random.default_rng(48), 0)[0]
    model = BetaGeoBetaBinomModel.from_params(params)
    dates = ["2020-06-15", "2021-06-15", "2022-08-01", "2022-09-01"]
    path = model.alive_path(dates, "2024-12-31")
    assert list(path.index) == [pd.Timestamp(f"{year}-06-15") for year in range(2021, 2025)]
    for value, history in zip(path, ((1, 1, 1), (1, 1, 2), (2, 3, 3), (2, 3, 4)), strict=True):
        close(value, Opportunities(params, *history).alive)
