"""The few customers of whom most is expected: they must not set the level of all others."""

from __future__ import annotations

import numpy as np

OUTLIERS = 0.01
"""Share of the customers, those of whom most is expected, that has no say in a level of spend."""


def without_outliers(expected: np.ndarray) -> np.ndarray:
    """Mark all but the outliers, shape (n_customers,).

    Examples
    --------
    >>> without_outliers(np.array([1.0, 2.0, 1e6])).tolist()
    [True, True, False]
    """
    mask: np.ndarray = expected <= np.quantile(expected, 1 - OUTLIERS)
    return mask
