"""Differences of two shares, with their intervals."""

from __future__ import annotations

import numpy as np

from models.evaluation.calibration import wilson_interval


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
