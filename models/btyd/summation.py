"""Expectations as sums of chances, all terms positive: long sums at the price of a short one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Terms added one by one; the rest, where there is a rest, by quadrature.
SINGLE_TERMS = 128
#: A term below this share of the sum so far is the last: what follows falls faster.
_NEGLIGIBLE = 1e-11
#: Standard deviations about the mean count between which that quadrature is refined.
_SPREADS = np.array([-12, -8, -5, -3, -1.5, 0, 1.5, 3, 5, 8, 12, 20, 40, 80, 160.0])
#: Knots between the single terms and the mean, as multiples of the number of single terms.
_GROWTH = 2.5 ** np.arange(64)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


class _Clock(NamedTuple):
    """Customers whose every k-th tick is a purchase; arguments as of `surviving_purchases`."""

    m: Floats
    a: Floats
    b: Floats
    ratio: Floats
    k: int
    phase: int

    def take(self, rows: Rows | NDArray[np.bool_]) -> _Clock:
        """Some of the customers."""
        return _Clock(
            self.m[rows], self.a[rows], self.b[rows], self.ratio[rows], self.k, self.phase
        )

    @property
    def log_z(self) -> Floats:
        """Log of ratio / (1 + ratio), the chance that the next event is a tick in time."""
        return -np.log1p(1 / self.ratio)

    def ticks_reach(self, tick: ArrayLike) -> Floats:
        """P(so many ticks or more)."""
        return np.asarray(special.betainc(tick, self.m, 1 / (1 + 1 / self.ratio)))

    def log_mass(self, tick: float) -> Floats:
        """Log of P(exactly so many ticks), negative binomial."""
        ways = special.gammaln(self.m + tick) - special.gammaln(self.m) - special.gammaln(tick + 1)
        return np.asarray(ways + tick * self.log_z - self.m * np.log1p(self.ratio))


def surviving_purchases(
    m: ArrayLike, a: ArrayLike, b: ArrayLike, ratio: ArrayLike, k: int = 1, phase: int = 0
) -> Floats:
    """Sum over n >= 1 of P(n - 1 purchases survived) P(n k - phase ticks or more).

    Ticks come at rate lambda ~ Gamma(m, rate A) over a time `ratio * A`, every k-th is a purchase
    (`phase` ticks have passed since the last), each followed by dropout with chance
    p ~ Beta(a, b). One entry per row.
    """
    m, a, b, ratio = np.broadcast_arrays(*(np.asarray(v, float) for v in (m, a, b, ratio)))
    clock = _Clock(m, a, b, ratio, k, phase)
    total = np.zeros(len(clock.m))
    rows = np.flatnonzero(clock.ratio > 0)
    rows = _add_single_terms(total, clock.take(rows), rows)
    if rows.size:
        total[rows] += _rest(clock.take(rows), total[rows])
    return total


def _add_single_terms(total: Floats, clock: _Clock, rows: Rows) -> Rows:
    """Add the first terms to the rows' totals; returns the rows whose sums go on.

    The chances of so many ticks follow from one another: each is the last, less the negative
    binomial's masses between, and these are the last mass times a ratio.
    """
    tick = clock.k - clock.phase
    reached, log_mass, kept = clock.ticks_reach(tick), clock.log_mass(tick), np.ones(len(rows))
    for n in range(1, SINGLE_TERMS + 1):
        step = kept * reached
        total[rows] += step
        going_on = step > _NEGLIGIBLE * total[rows]
        if not going_on.all():
            clock, rows = clock.take(going_on), rows[going_on]
            reached, log_mass, kept = reached[going_on], log_mass[going_on], kept[going_on]
            if not rows.size:
                break
        for _ in range(clock.k):
            reached = np.maximum(reached - np.exp(log_mass), 0.0)
            log_mass += np.log((clock.m + tick) / (tick + 1)) + clock.log_z
            tick += 1
        kept = kept * (clock.b + n - 1) / (clock.a + clock.b + n - 1)
    return rows


def _rest(clock: _Clock, so_far: Floats) -> Floats:
    """The terms beyond the single ones, by quadrature."""
    ticks = clock.m * clock.ratio
    mean, spread = ticks / clock.k, np.sqrt(ticks) * np.sqrt(1 + clock.ratio) / clock.k
    certain = mean + spread * _SPREADS[0]
    new = special.betaln(clock.a, clock.b)

    def at_least(n: Floats, rows: Rows) -> Floats:
        chance = np.exp(special.betaln(clock.a[rows], clock.b[rows] + n - 1) - new[rows])
        open_ = np.flatnonzero(n > certain[rows])
        some = clock.take(rows[open_])
        chance[open_] *= some.ticks_reach(n[open_] * clock.k - clock.phase)
        return chance

    before = np.minimum(SINGLE_TERMS * _GROWTH, mean[:, None])
    knots = np.hstack([mean[:, None] + spread[:, None] * _SPREADS, before])
    return sum_beyond(at_least, SINGLE_TERMS, knots, so_far)


def sum_beyond(
    term: Callable[[Floats, Rows], Floats], start: float, knots: Floats, so_far: Floats
) -> Floats:
    """Sum of term(n) over the whole n > start, of falling terms smooth on the scale of one.

    Euler and Maclaurin's formula about midpoints (Abramowitz & Stegun 1964, 23.1.30): the
    integral from start + 1/2, and one twenty-fourth of the slope there. Gauss-Legendre between
    the knots.

    Parameters
    ----------
    term : callable
        Takes n and the rows asked for, both of shape (n_asked,), and returns as many terms.
    start : float
    knots : array, shape (n_rows, n_knots)
        Where the terms bend, in any order; beyond the largest they are taken as zero.
    so_far : array, shape (n_rows,)
        What is known of the whole sum: stretches that cannot add to it are passed over.

    Examples
    --------
    >>> knots = np.array([[1e3, 1e4, 1e5, 1e6, 1e9]])
    >>> tail = sum_beyond(lambda n, rows: 1 / n**2, 100, knots, np.zeros(1))
    >>> bool(abs(tail[0] + sum(1 / n**2 for n in range(1, 101)) - np.pi**2 / 6) < 2e-6)
    True
    """
    first = np.full((len(knots), 1), start + 0.5)
    edges = np.sort(np.hstack([first, np.maximum(knots, start + 0.5)]), axis=1)
    total = np.zeros(len(knots))
    for left, right in zip(edges.T[:-1], edges.T[1:], strict=True):
        rows = np.flatnonzero(right > left)
        most = (right - left)[rows] * term(left[rows], rows)
        rows = rows[most > _NEGLIGIBLE / 100 * (so_far + total)[rows]]
        half, middle = (right - left)[rows] / 2, (right + left)[rows] / 2
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            total[rows] += weight * half * term(middle + half * node, rows)
    everyone, ones = np.arange(len(knots)), np.ones(len(knots))
    slope = term((start + 1) * ones, everyone) - term(start * ones, everyone)
    return total + slope / 24
