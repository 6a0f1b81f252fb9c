"""A customer's story, told to 25 digits: hidden rates and chances of dropout, integrated out.

A customer has a rate and a chance (or rate) of dropout, drawn from the laws that the model assumes;
given both, his history and his future are elementary. What he will do is the mean of that over
the two laws, taken by quadrature. No closed form of a paper is used.
"""

from itertools import count, islice
from math import comb, factorial

import mpmath as mp
import pandas as pd
import pytest

from models.btyd import (
    BetaGeoModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    NBDModel,
    ParetoNBDModel,
)


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
