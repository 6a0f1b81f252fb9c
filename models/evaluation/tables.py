"""Tables of predicted against observed, by tenth of customers: what charts are drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, checked_probabilities, midranks


def calibration_table(
    churned: ArrayLike, p_churn: ArrayLike, sample_weight: ArrayLike | None = None
) -> pd.DataFrame:
    """Predicted and observed churn by tenth of `p_churn`, the least likely to leave first.

    Returns
    -------
    DataFrame
        `predicted` and `observed`: mean probability and share in [0, 1]; `customers`:
        weight. Customers of equal probability share a row, so there may be fewer than ten.

    Examples
    --------
    >>> calibration_table([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9])
       predicted  observed  customers
    0        0.2       0.5        2.0
    1        0.9       1.0        2.0
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    return _by_tenth(predicted, predicted, observed, weight)


def decile_table(
    spend: ArrayLike, expected_spend: ArrayLike, sample_weight: ArrayLike | None = None
) -> pd.DataFrame:
    """Expected and observed spend by tenth of expected spend, the highest first.

    Returns
    -------
    DataFrame
        `predicted` and `observed`: money per customer; `customers`: weight.
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    return _by_tenth(-predicted, predicted, observed, weight)


def _by_tenth(
    order: np.ndarray, predicted: np.ndarray, observed: np.ndarray, weight: np.ndarray
) -> pd.DataFrame:
    tenth = np.minimum((midranks(order, weight) * 10).astype(int), 9)
    _, group = np.unique(tenth, return_inverse=True)
    customers = np.bincount(group, weights=weight)
    return pd.DataFrame(
        {
            "predicted": np.bincount(group, weights=weight * predicted) / customers,
            "observed": np.bincount(group, weights=weight * observed) / customers,
            "customers": customers,
        }
    )
