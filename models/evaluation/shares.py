"""Differences of shares, with their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.evaluation.calibration import wilson_interval

Floats = NDArray[np.float64]


def difference_of_shares(
    hits: float, of: float, other_hits: float, other_of: float, z: float = 1.96
) -> tuple[float, float, float]:
    """The first share less the second, and its interval (95 % by default).

    Newcombe (1998), "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17, method 10: made of the two Wilson intervals.

    Returns
    -------
    difference, low, high; all NaN where either share is of nobody.

    Examples
    --------
    >>> [round(float(x), 4) for x in difference_of_shares(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    """
    if not of or not other_of:
        return np.nan, np.nan, np.nan
    shares = np.array([hits / of, other_hits / other_of])
    low, high = wilson_interval(shares, np.array([of, other_of], float), z)
    gap = float(shares[0] - shares[1])
    down = np.hypot(shares[0] - low[0], high[1] - shares[1])
    up = np.hypot(high[0] - shares[0], shares[1] - low[1])
    return gap, gap - float(down), gap + float(up)


def net_promoters(
    promoters: ArrayLike, detractors: ArrayLike, answers: ArrayLike, z: float = 1.96
) -> tuple[Floats, Floats, Floats]:
    """Share of promoters less that of detractors, and its interval (95 % by default).

    Rocks (2016), "Interval Estimation for the 'Net Promoter Score'", The American Statistician
    70(4): the adjusted Wald interval, with three answers added that promote, are passive and
    detract in the ratio 1 : 2 : 1. It holds for few answers too, and holds the score.

    Examples
    --------
    >>> score, low, high = net_promoters([60], [20], [100])
    >>> score.round(2).tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.4], [0.23], [0.54])
    """
    up, down, n = (np.asarray(x, float) for x in (promoters, detractors, answers))
    score = np.divide(up - down, n, out=np.full_like(n, np.nan), where=n > 0)
    more = n + 3
    likely, unlikely = (up + 0.75) / more, (down + 0.75) / more
    middle = likely - unlikely
    half = z * np.sqrt((likely + unlikely - middle**2) / more)
    # The added answers draw the interval to the middle: past a score at the very end.
    low, high = np.minimum(middle - half, score), np.maximum(middle + half, score)
    return score, np.maximum(low, -1.0), np.minimum(high, 1.0)
