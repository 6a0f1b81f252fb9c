"""The answers that have a published closed form against it, in fifty digits.

The oracles are the published closed forms (or the model's defining integral), which fail in
double precision but not in fifty digits. Agreement to 1e-6 relative is asked for; 1e-8 is asked
where the implementation has no series to truncate.
"""

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
    ParetoNBDModel,
)
from models.btyd.special import discounted_lifetime, expected_count, power_tail

DRAWS = 25


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def between(rng, low, high):
    return float(10 ** rng.uniform(low, high))


def draw_customer(rng, k):
    """Frequency, recency, T, horizon; the corners first."""
    age = between(rng, 0, 3)
    x = [0, 1, 0, 150, 2000][k % 5] if k % 2 else int(between(rng, 0, 2))
    t_x = 0.0 if x == 0 else age * [1.0, rng.uniform(0.2, 1), 0.999, rng.uniform(0.8, 1)][k % 4]
    return x, t_x, age, age * between(rng, -2, 0.7)


def frame(x, t_x, age):
    return pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [age]})


def close(found, exact, tolerance=1e-6):
    exact = float(exact)
    assert np.isfinite(found)
    assert found == pytest.approx(exact, rel=tolerance, abs=1e-290), (found, exact)


# -- BG/NBD and MBG/NBD: Fader, Hardie & Lee 2005; Batislam et al. 2007 ---------------------


def geometric_parameters(rng, k):
    special = {3: 1.0, 7: 1 + 1e-7, 11: 1 - 3e-4, 15: 0.999999}
    a = special.get(k, between(rng, -1, 1))
    # a + b < 1 for some one-time buyers: the textbook's pole.
    b = between(rng, -1.5, -0.5) if k % 6 == 2 else between(rng, -0.5, 1)
    return {"r": between(rng, -1, 0.7), "alpha": between(rng, 0, 2), "a": a, "b": b}


def geometric_likelihood(p, x, t_x, age, extra):
    r, alpha, a, b = (mp.mpf(p[name]) for name in ("r", "alpha", "a", "b"))
    n = x + extra
    rate = mp.gamma(r + x) / mp.gamma(r) * alpha**r
    alive = mp.beta(a, b + n) / mp.beta(a, b) * (alpha + age) ** -(r + x)
    gone = mp.beta(a + 1, b + n - 1) / mp.beta(a, b) * (alpha + t_x) ** -(r + x) if n else 0
    return rate * alive, rate * (alive + gone)


def geometric_expectation(p, x, age, horizon, extra):
    """FHL (10) given alive, with a moved off its removable pole by 1e-30."""
    r, alpha, a, b = (mp.mpf(p[name]) for name in ("r", "alpha", "a", "b"))
    a += mp.mpf(10) ** -30
    m, survived = r + x, b + x + extra
    z = horizon / (alpha + age + horizon)
    series = mp.hyp2f1(m, survived, a + survived - 1, z)
    return (a + survived - 1) / (a - 1) * (1 - (1 - z) ** m * series)


def geometric_count(p, x, age, horizon, extra, n):
    """FHL (8): the count's law, term by term, with a finite sum for the tail."""
    r, alpha, a, b = (mp.mpf(p[name]) for name in ("r", "alpha", "a", "b"))
    m, survived = r + x, b + x + extra
    z = horizon / (alpha + age + horizon)
    ticks = [mp.rf(m, j) / mp.factorial(j) * z**j * (1 - z) ** m for j in range(n + 1)]
    stays = mp.beta(a, survived + n) / mp.beta(a, survived)
    leaves = mp.beta(a + 1, survived + n - 1) / mp.beta(a, survived)
    return stays * ticks[n] + leaves * (1 - sum(ticks[:n]))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "extra"), [(BetaGeoModel, 0), (ModifiedBetaGeoModel, 1)])
def test_geometric_models(kind, extra):
    rng = np.random.default_rng(11)
    for k in range(DRAWS):
        p, (x, t_x, age, horizon) = geometric_parameters(rng, k), draw_customer(rng, k)
        model, X = kind.from_params(p), frame(x, t_x, age)
        living, likelihood = geometric_likelihood(p, x, t_x, age, extra)
        later = geometric_likelihood(p, x, t_x, mp.mpf(age) + mp.mpf(horizon), extra)[1]
        alive = living / likelihood
        expected = geometric_expectation(p, x, age, mp.mpf(horizon), extra)
        assert model.customer_log_likelihood(X)[0] == pytest.approx(
            float(mp.log(likelihood)), rel=1e-10, abs=1e-9
        )
        close(model.probability_alive(X)[0], alive)
        close(model.probability_no_purchase(X, horizon)[0], later / likelihood)
        close(model.expected_purchases(X, horizon)[0], alive * expected)
        pmf = model.purchase_count_pmf(X, horizon, 12)[0]
        for n in (1, 3, 12):
            close(pmf[n], alive * geometric_count(p, x, age, mp.mpf(horizon), extra, n))
        new_alive = 1 if extra == 0 else geometric_likelihood(p, 0, 0, 0, 1)[0]
        if extra:
            new_alive /= geometric_likelihood(p, 0, 0, 0, 1)[1]
        new = geometric_expectation(p, 0, 0, mp.mpf(horizon), extra)
        close(model.expected_purchases_new_customer(horizon).item(), new_alive * new)


@pytest.mark.parametrize("ratio", [1e-8, 1e-3, 0.5, 8.0, 9.5, 300.0])
@pytest.mark.parametrize("a", [1.0, 1 + 1e-12, 1 - 1e-6, 1 + 3e-5, 0.99, 0.02, 4.0])
def test_expected_count_near_its_removable_poles(a, ratio):
    """a at and around 1, and a + b = 1 + c exactly at the pole of 2F1, which is x = 0 only."""
    for m, b in ((0.3, 0.04), (0.3, 2.5), (60.2, 63.0)):
        exact_a, exact_b = mp.mpf(a) + mp.mpf(10) ** -30, mp.mpf(b)
        c, z = exact_a + exact_b - 1, -mp.mpf(ratio)
        exact = c / (exact_a - 1) * (1 - mp.hyp2f1(m, exact_a - 1, c, z))
        close(expected_count(m, a, b, ratio)[0], exact, 1e-7)


@pytest.mark.parametrize(
    ("m", "a", "b", "ratio"),
    [
        (0.44, 304.0, 1.0014, 5.34),
        (0.5, 200.0, 100.0, 8.0),
        (3.1, 1.08, 321.7, 8698.0),
        (597.0, 0.495, 11.07, 2.5e8),
    ],
    ids=["a_late_peak_of_the_series", "one_chance_for_all", "hardly_any_leaves", "far_ahead"],
)
def test_expected_count_where_sums_are_long(m, a, b, ratio):
    exact_a, c = mp.mpf(a), mp.mpf(a) + mp.mpf(b) - 1
    exact = c / (exact_a - 1) * (1 - mp.hyp2f1(m, exact_a - 1, c, -mp.mpf(ratio)))
    close(expected_count(m, a, b, ratio)[0], exact, 1e-7)


# -- Pareto/NBD: Fader & Hardie 2005, by the defining integral over the time of dropout --------


def pareto_parameters(rng, k):
    special = {3: 1.0, 7: 1 + 1e-9, 11: 1 - 1e-4}
    s = special.get(k, between(rng, -1, 0.7))
    return {
        "r": between(rng, -1, 0.7),
        "alpha": between(rng, 0, 2),
        "s": s,
        "beta": between(rng, 0, 2),
    }


def pareto_likelihood(p, x, t_x, age):
    r, alpha, s, beta = (mp.mpf(p[name]) for name in ("r", "alpha", "s", "beta"))
    m = r + x

    def after(t):
        """Integral of s (alpha + u)^-m (beta + u)^-(s + 1) beyond t, in closed form."""
        if alpha >= beta:
            z = (alpha - beta) / (alpha + t)
            return s / (m + s) * mp.hyp2f1(m + s, s + 1, m + s + 1, z) / (alpha + t) ** (m + s)
        z = (beta - alpha) / (beta + t)
        return s / (m + s) * mp.hyp2f1(m + s, m, m + s + 1, z) / (beta + t) ** (m + s)

    alive = (alpha + age) ** -m * (beta + age) ** -s
    factor = mp.gamma(m) / mp.gamma(r) * alpha**r * beta**s
    return factor * alive, factor * (alive + after(mp.mpf(t_x)) - after(mp.mpf(age)))


def pareto_count(p, x, age, horizon, n):
    r, alpha, s, beta = (mp.mpf(p[name]) for name in ("r", "alpha", "s", "beta"))
    m, A, B, H = r + x, alpha + age, beta + age, mp.mpf(horizon)

    def counted(u):
        return mp.rf(m, n) / mp.factorial(n) * (A / (A + u)) ** m * (u / (A + u)) ** n

    dropped = mp.quad(lambda u: s / B * (B / (B + u)) ** (s + 1) * counted(u), mp.linspace(0, H, 5))
    return counted(H) * (B / (B + H)) ** s + dropped


@pytest.mark.thorough
def test_pareto_nbd():
    rng = np.random.default_rng(12)
    for k in range(DRAWS):
        p, (x, t_x, age, horizon) = pareto_parameters(rng, k), draw_customer(rng, k)
        model, X = ParetoNBDModel.from_params(p), frame(x, t_x, age)
        r, alpha, s, beta = (mp.mpf(p[name]) for name in ("r", "alpha", "s", "beta"))
        s += mp.mpf(10) ** -30
        living, likelihood = pareto_likelihood(p, x, t_x, age)
        later = pareto_likelihood(p, x, t_x, mp.mpf(age) + mp.mpf(horizon))[1]
        alive = living / likelihood

        def expected(x, age, H, r=r, alpha=alpha, s=s, beta=beta):
            growth = (beta + age) / (beta + age + H)
            return (r + x) * (beta + age) / ((alpha + age) * (s - 1)) * (1 - growth ** (s - 1))

        assert model.customer_log_likelihood(X)[0] == pytest.approx(
            float(mp.log(likelihood)), rel=1e-10, abs=1e-9
        )
        close(model.probability_alive(X)[0], alive)
        close(model.probability_no_purchase(X, horizon)[0], later / likelihood)
        close(model.expected_purchases(X, horizon)[0], alive * expected(x, age, mp.mpf(horizon)))
        new = expected(0, 0, mp.mpf(horizon))
        close(model.expected_purchases_new_customer(horizon).item(), new, 1e-10)
        discount = between(rng, -4, -1)
        z = mp.mpf(discount) * (beta + age)
        years = (beta + age) * z ** (s - 1) * mp.hyperu(s, s, z)
        dert = model.discounted_expected_residual_transactions(X, discount)[0]
        close(dert, alive * (r + x) / (alpha + age) * years)
        if k % 6 == 0:
            pmf = model.purchase_count_pmf(X, horizon, 9)[0]
            for n in (1, 9):
                close(pmf[n], alive * pareto_count(p, x, age, horizon, n))


def test_discounted_lifetime_is_tricomis_function():
    """Fader, Hardie & Lee 2005: U(s, s, z) z^(s - 1), also where the discount is tiny."""
    for s in (0.05, 0.6, 1.0, 3.0):
        for rate, discount in ((12.0, 1e-6), (12.0, 0.003), (900.0, 0.5)):
            z = mp.mpf(rate) * mp.mpf(discount)
            exact = rate * z ** (mp.mpf(s) - 1) * mp.hyperu(s, s, z)
            close(float(discounted_lifetime(s, rate, discount)), exact, 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1e-3, 0.2, 1.0, 1e3])
def test_power_tail_and_the_means_that_make_its_gradient(ratio):
    for p, q in ((0.6, 0.7), (3.0, 1.6), (400.0, 1.2), (2.0, 80.0)):
        tail = power_tail(p, q, 10.0 * ratio, 10.0)

        def log_integral(p, q, a, b):
            p, q, a, b = (mp.mpf(v) for v in (p, q, a, b))
            if a < b:
                p, q, a, b = q, p, b, a
            c = p + q - 1
            return mp.log(a**-c / c * mp.hyp2f1(q, c, c + 1, 1 - b / a))

        at = (p, q, 10.0 * ratio, 10.0)
        assert float(tail.log_value) == pytest.approx(float(log_integral(*at)), rel=1e-7, abs=1e-7)
        slopes = [
            float(mp.diff(log_integral, at, tuple(int(i == j) for j in range(4)))) for i in range(4)
        ]
        found = [
            -tail.mean_log_a,
            -tail.mean_log_b,
            -p * tail.mean_inverse_a,
            -q * tail.mean_inverse_b,
        ]
        assert [float(v) for v in found] == pytest.approx(slopes, rel=1e-6)


# -- MBG/CNBD-k: integrals over the customer's own rate ---------------------------------------


@pytest.mark.parametrize("k", [2, 3])
def test_regularity_model(k):
    rng = np.random.default_rng(13)
    for draw in range(6):
        p = geometric_parameters(rng, draw)
        x, t_x, age, horizon = draw_customer(rng, 2 * draw)
        x = min(x, 20)
        r, alpha, a, b = (mp.mpf(p[name]) for name in ("r", "alpha", "a", "b"))
        model, X = ModifiedBetaGeoErlangModel.from_params(p, k=k), frame(x, t_x, age)
        m, gap, H = r + k * x, mp.mpf(age) - mp.mpf(t_x), mp.mpf(horizon)
        oracle = Ticks(k, m, r, alpha, a, b, x, mp.mpf(t_x), gap)
        now, later = oracle.likelihood(mp.mpf(0)), oracle.likelihood(H)
        close(model.probability_alive(X)[0], 1 - oracle.gone() / now)
        close(model.probability_no_purchase(X, horizon)[0], later / now)
        pmf = model.purchase_count_pmf(X, horizon, 3)[0]
        counts = [chance / now for chance in oracle.counts(60, H)]
        close(pmf[1], counts[0])
        close(pmf[3], counts[2])
        if counts[-1] < 1e-12:
            mean = sum(n * chance for n, chance in enumerate(counts, 1))
            close(model.expected_purchases(X, horizon)[0], mean)


class Ticks:
    """The MBG/CNBD-k from its story: a gamma-distributed rate of ticks, integrated out exactly."""

    def __init__(self, k, m, r, alpha, a, b, x, t_x, gap):
        self.k, self.m, self.a, self.b, self.x, self.gap = k, m, a, b, x, gap
        self.start, self.scale = alpha + t_x, alpha**r / mp.gamma(r)

    def moment(self, power, span):
        """Integral of v^(m - 1 + power) exp(-v (alpha + t_x + span)) over the rates v."""
        return self.scale * mp.gamma(self.m + power) / (self.start + span) ** (self.m + power)

    def gone(self):
        return mp.beta(self.a + 1, self.b + self.x) * self.moment(0, 0)

    def likelihood(self, H):
        """Gone, or alive with fewer than k ticks since the last purchase."""
        silence = self.gap + H
        quiet = sum(silence**j / mp.factorial(j) * self.moment(j, silence) for j in range(self.k))
        return self.gone() + mp.beta(self.a, self.b + self.x + 1) * quiet

    def counts(self, n_max, H):
        """n purchases: n k - j to n k - j + k - 1 ticks and kept, or at least n k - j and left."""
        chances = [mp.mpf(0)] * n_max
        for j in range(self.k):
            phase = self.gap**j / mp.factorial(j)
            term = phase * self.moment(j, self.gap + H)
            fewer = [mp.mpf(0)]
            for i in range((n_max + 1) * self.k):
                fewer.append(fewer[-1] + term)
                term *= H * (self.m + i + j) / ((i + 1) * (self.start + self.gap + H))
            whole = phase * self.moment(j, self.gap)
            for n in range(1, n_max + 1):
                first = n * self.k - j
                kept = mp.beta(self.a, self.b + self.x + 1 + n)
                left = mp.beta(self.a + 1, self.b + self.x + n)
                here = fewer[first + self.k] - fewer[first]
                chances[n - 1] += kept * here + left * (whole - fewer[first])
        return chances


# -- BG/BB: Fader, Hardie & Shang 2010 --------------------------------------------------------


def test_beta_geo_beta_binom():
    rng = np.random.default_rng(14)
    for draw in range(DRAWS):
        p = {name: between(rng, -1, 1) for name in ("alpha", "beta", "gamma", "delta")}
        if draw % 5 == 0:
            p["gamma"] = 1.0
        alpha, beta, gamma, delta = (mp.mpf(v) for v in p.values())
        n = int(rng.integers(1, 60))
        x = int(rng.integers(0, n + 1))
        t_x = int(rng.integers(x, n + 1)) if x else 0
        H = int(rng.integers(1, 12))
        model = BetaGeoBetaBinomModel.from_params(p)
        X = pd.DataFrame({"frequency": [x], "recency": [t_x], "n_periods": [n]})
        both = mp.beta(alpha, beta) * mp.beta(gamma, delta)

        def likelihood(n, x=x, t_x=t_x, both=both, q=(alpha, beta, gamma, delta)):
            al, be, ga, de = q
            total = mp.beta(al + x, be + n - x) * mp.beta(ga, de + n)
            for i in range(n - t_x):
                total += mp.beta(al + x, be + t_x - x + i) * mp.beta(ga + 1, de + t_x + i)
            return total / both

        L = likelihood(n)
        close(np.exp(model.customer_log_likelihood(X)[0]), L)
        close(model.probability_no_purchase(X, H)[0], likelihood(n + H) / L)
        alive = mp.beta(alpha + x, beta + n - x) * mp.beta(gamma, delta + n + 1) / both / L
        close(model.probability_alive(X)[0], alive)
        # FHS (14), with gamma moved off its removable pole by 1e-30.
        off = gamma + mp.mpf(10) ** -30
        ratio = [mp.gamma(1 + delta + k) / mp.gamma(off + delta + k) for k in (n, n + H)]
        expected = mp.beta(alpha + x + 1, beta + n - x) / mp.beta(alpha, beta) / L
        expected *= delta / (off - 1) * mp.gamma(off + delta) / mp.gamma(1 + delta)
        expected *= ratio[0] - ratio[1]
        close(model.expected_purchases(X, H)[0], expected)
        pmf = model.purchase_count_pmf(X, H, H)[0]
        for k in {1, H}:
            exact = mp.binomial(H, k) * mp.beta(alpha + x + k, beta + n - x + H - k)
            exact *= mp.beta(gamma, delta + n + H)
            for i in range(k, H):
                exact += (
                    mp.binomial(i, k)
                    * mp.beta(alpha + x + k, beta + n - x + i - k)
                    * mp.beta(gamma + 1, delta + n + i)
                )
            close(pmf[k], exact / both / L)


# -- money ------------------------------------------------------------------------------------


def test_gamma_gamma():
    rng = np.random.default_rng(15)
    for _ in range(DRAWS):
        p = {"p": between(rng, -1, 2), "q": 1 + between(rng, -2, 1), "v": between(rng, -1, 4)}
        x, z = int(between(rng, 0, 3)), between(rng, -1, 4)
        model = GammaGammaModel.from_params(p)
        X = pd.DataFrame({"frequency": [x], "monetary_value": [z]})
        pp, q, v, z = mp.mpf(p["p"]), mp.mpf(p["q"]), mp.mpf(p["v"]), mp.mpf(z)
        density = mp.gamma(pp * x + q) / (mp.gamma(pp * x) * mp.gamma(q)) * v**q
        density *= z ** (pp * x - 1) * mp.mpf(x) ** (pp * x) / (v + x * z) ** (pp * x + q)
        found = model.customer_log_likelihood(X)[0]
        assert found == pytest.approx(float(mp.log(density)), rel=1e-9, abs=1e-8)
        close(model.expected_spend(X)[0], pp * (v + x * z) / (pp * x + q - 1), 1e-12)


def test_pareto_counts_far_ahead_add_up_to_the_expectation():
    """All leave within the first ten-thousandth of the horizon: that is where the integral lies."""
    model = ParetoNBDModel.from_params({"r": 57.8, "alpha": 0.249, "s": 25.4, "beta": 0.242})
    X, horizon = frame(0, 0, 0.0129), 20_000.0
    pmf = model.purchase_count_pmf(X, horizon, 250)[0]
    close(pmf.sum(), mp.mpf(1), 1e-8)
    close(pmf @ range(251), mp.mpf(model.expected_purchases(X, horizon)[0]), 1e-8)
