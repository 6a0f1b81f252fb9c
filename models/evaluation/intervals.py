"""Do intervals hold what they promise: coverage overall and by value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, equal_groups, means_by_group


def coverage(
    observed: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Share of customers whose outcome lies in `[low, high]`, both ends counted.

    Compare it with what the interval promises: neither larger nor smaller is better.

    Examples
    --------
    >>> coverage([0, 5, 9], [0, 1, 1], [0, 6, 6])
    0.6666666666666666
    """
    y, lower, weight = checked(observed, low, sample_weight)
    upper = checked(observed, high, sample_weight)[1]
    return float(np.average((y >= lower) & (y <= upper), weights=weight))


def pit_coverage(
    observed: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    p_none: ArrayLike,
    sample_weight: ArrayLike | None = None,
    level: float = 0.8,
) -> float:
    """Coverage on the scale of the predictive distribution: `level` when that is right.

    Where an outcome of zero is likelier than `level`, no closed interval that holds zero can
    be covered as seldom as `level`: a base that is 95 % silent is "covered" 95 %. So a zero is
    spread evenly over the probability `p_none` that it has, as in the probability integral
    transform of discrete outcomes (Czado, Gneiting & Held 2009, "Predictive model assessment
    for count data", Biometrics 65, section 2.1), and counts by the share of it that makes up
    the interval's `level`: `level / p_none`, or 1 when zero is less likely. Anything else
    counts 1 inside and 0 outside. Right distributions reach `level` in every group of
    customers; too narrow ones less, too wide ones more.

    Examples
    --------
    >>> round(pit_coverage([0] * 19 + [5], [0] * 20, [0] * 20, [0.95] * 20), 6)
    0.8
    """
    weight = checked(observed, low, sample_weight)[2]
    return float(np.average(_held(observed, low, high, p_none, level), weights=weight))


def _held(
    observed: ArrayLike, low: ArrayLike, high: ArrayLike, p_none: ArrayLike, level: float
) -> np.ndarray:
    """How much of each outcome counts as inside, in [0, 1]; see `pit_coverage`."""
    y, lower, _ = checked(observed, low)
    upper, none = checked(observed, high)[1], checked(observed, p_none)[1]
    atom = np.where((y <= 0) & (none > level), level / np.maximum(none, level), 1.0)
    return np.where((y >= lower) & (y <= upper), atom, 0.0)


def coverage_by_decile(
    observed: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    expected: ArrayLike,
    p_none: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    groups: int = 10,
) -> pd.DataFrame:
    """Coverage from the most to the least valuable tenth by expected value.

    Returns
    -------
    DataFrame
        `decile` (1 is the top), `n_customers`, `coverage` (plain), `pit_coverage` when
        `p_none` is given, `mean_width`.

    Examples
    --------
    >>> coverage_by_decile([9, 0], [5, 0], [8, 1], [7, 0], groups=2)["coverage"].tolist()
    [0.0, 1.0]
    """
    y, lower, weight = checked(observed, low, sample_weight)
    upper, value = checked(observed, high)[1], checked(observed, expected)[1]
    decile = equal_groups(-value, weight, groups) + 1
    columns: dict[str, np.ndarray] = {"coverage": (y >= lower) & (y <= upper)}
    if p_none is not None:
        columns["pit_coverage"] = _held(observed, low, high, p_none, 0.8)
    table = means_by_group(decile, weight, **columns, mean_width=upper - lower)
    return table.rename_axis("decile").reset_index()
