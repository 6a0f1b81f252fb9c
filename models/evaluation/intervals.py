"""Do intervals hold what they promise: coverage overall and by value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, midranks


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


def coverage_by_decile(
    observed: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    expected: ArrayLike,
    sample_weight: ArrayLike | None = None,
    groups: int = 10,
) -> pd.DataFrame:
    """Coverage from the most to the least valuable tenth by expected value.

    Returns
    -------
    DataFrame
        `decile` (1 is the top), `n_customers`, `coverage`, `mean_width`.

    Examples
    --------
    >>> coverage_by_decile([9, 0], [5, 0], [8, 1], [7, 0], groups=2)["coverage"].tolist()
    [0.0, 1.0]
    """
    y, lower, weight = checked(observed, low, sample_weight)
    upper, value = checked(observed, high)[1], checked(observed, expected)[1]
    decile = np.minimum((midranks(-value, weight) * groups).astype(int), groups - 1) + 1
    inside = (y >= lower) & (y <= upper)
    total = pd.DataFrame(
        {
            "n_customers": weight,
            "coverage": weight * inside,
            "mean_width": weight * (upper - lower),
        }
    )
    table = total.groupby(decile).sum().rename_axis("decile").reset_index()
    table[["coverage", "mean_width"]] = table[["coverage", "mean_width"]].div(
        table["n_customers"], axis=0
    )
    return table
