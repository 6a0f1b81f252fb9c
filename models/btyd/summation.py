"""Long sums of smooth terms at the price of a short one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


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
