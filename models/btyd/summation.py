"""Long sums of smooth terms at the price of a short one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Terms added one by one; the rest, where there is a rest, by quadrature.
SINGLE_TERMS = 128
#: A term below this share of the sum so far is the last: what follows falls faster.
_NEGLIGIBLE = 1e-11
#: Standard deviations about the mean count between which that quadrature is refined.
_SPREADS = np.array([-12, -8, -5, -3, -1.5, 0, 1.5, 3, 5, 8, 12, 20, 40, 80, 160.0])
#: Knots between the single terms and the mean, as multiples of the number of single terms.
_GROWTH = 2.5 ** np.arange(17)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def sum_over_counts(
    at_least: Callable[[Floats | float, NDArray[np.int64]], Floats], mean: Floats, spread: Floats
) -> Floats:
    """Sum of P(n or more) over n = 1, 2, ...: an expectation whose terms are all positive.

    Parameters
    ----------
    at_least : callable
        (n, rows) -> P(n or more) for these rows, falling in n.
    mean, spread : array, shape (n_rows,)
        Of the count that bounds n, to tell where the terms fall.
    """
    total = np.zeros(len(mean))
    active = np.arange(len(mean))
    for n in range(1, SINGLE_TERMS + 1):
        step = at_least(float(n), active)
        total[active] += step
        active = active[step > _NEGLIGIBLE * total[active]]
        if not active.size:
            return total
    center, width = mean[active, None], spread[active, None]
    before = np.minimum(SINGLE_TERMS * _GROWTH, center)
    knots = np.hstack([center + width * _SPREADS, before])
    total[active] += sum_beyond(lambda n: at_least(n, active), SINGLE_TERMS, knots)
    return total


def sum_beyond(term: Callable[[Floats], Floats], start: float, knots: Floats) -> Floats:
    """Sum of term(n) over the whole n > start, of terms smooth on the scale of one.

    Euler and Maclaurin's formula about midpoints (Abramowitz & Stegun 1964, 23.1.30): the
    integral from start + 1/2, and one twenty-fourth of the slope there. Gauss-Legendre between
    the knots.

    Parameters
    ----------
    term : callable
        Takes n per row, shape (n_rows,), and returns as many terms.
    start : float
    knots : array, shape (n_rows, n_knots)
        Where the terms bend, in any order; beyond the largest they are taken as zero.

    Examples
    --------
    >>> tail = sum_beyond(lambda n: 1 / n**2, 100, np.array([[1e3, 1e4, 1e5, 1e6, 1e9]]))
    >>> bool(abs(tail[0] + sum(1 / n**2 for n in range(1, 101)) - np.pi**2 / 6) < 2e-6)
    True
    """
    first = np.full((len(knots), 1), start + 0.5)
    edges = np.sort(np.hstack([first, np.maximum(knots, start + 0.5)]), axis=1)
    total = np.zeros(len(knots))
    for left, right in zip(edges.T[:-1], edges.T[1:], strict=True):
        half, middle = (right - left) / 2, (right + left) / 2
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            total += weight * half * term(middle + half * node)
    ones = np.ones(len(knots))
    slope = term((start + 1) * ones) - term(start * ones)
    return total + slope / 24
