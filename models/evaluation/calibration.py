"""Do the probabilities come true: predicted against observed churn, bin by bin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked_probabilities, equal_groups, means_by_group


def calibration_table(
    churned: ArrayLike,
    p_churn: ArrayLike,
    sample_weight: ArrayLike | None = None,
    bins: int = 10,
) -> pd.DataFrame:
    """Predicted and observed churn rate in `bins` groups of equal size.

    Returns
    -------
    DataFrame
        From the smallest to the largest `p_churn`: `n_customers` (weighted),
        `predicted`, `observed`, and `low`, `high`, the 95 % Wilson interval of the
        observed rate. Equal predictions stay in one group, so there may be fewer.

    Examples
    --------
    >>> table = calibration_table([0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2)
    >>> table[["n_customers", "predicted", "observed"]].to_numpy().tolist()
    [[2.0, 0.2, 0.0], [2.0, 0.9, 1.0]]
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    group = equal_groups(predicted, weight, bins)
    table = means_by_group(group, weight, predicted=predicted, observed=observed)
    table = table.reset_index(drop=True)
    low, high = wilson_interval(table["observed"].to_numpy(), table["n_customers"].to_numpy())
    return table.assign(low=low, high=high)


def wilson_interval(
    share: np.ndarray, n: np.ndarray, z: float = 1.96
) -> tuple[np.ndarray, np.ndarray]:
    """Confidence limits of an observed share; good for few customers and rare events.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> low, high = wilson_interval(np.array([0.0]), np.array([10.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0], [0.278])
    """
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
