"""The checks every score shares: shapes, missing values, weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def checked(
    y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed, predicted and weights as float arrays of one shape (n_customers,).

    Raises
    ------
    ValueError
        When there is no row, the shapes differ, a value is not finite, or a weight is
        negative or all weights are zero.

    Examples
    --------
    >>> checked([1, 0], [0.5, 0.5])[2]
    array([1., 1.])
    >>> checked([1, 0], [0.5, float("nan")])
    Traceback (most recent call last):
    ValueError: 1 of 2 predictions are not finite.
    """
    observed = np.asarray(y_true, dtype=float)
    predicted = np.asarray(y_pred, dtype=float)
    weight = np.ones(observed.shape) if sample_weight is None else np.asarray(sample_weight, float)
    if observed.ndim != 1 or not observed.shape == predicted.shape == weight.shape:
        raise ValueError(
            f"Observed, predicted and weights must be vectors of one length; their shapes are "
            f"{observed.shape}, {predicted.shape} and {weight.shape}."
        )
    if observed.size == 0:
        raise ValueError("There is no customer to score.")
    for what, values in (("outcomes", observed), ("predictions", predicted), ("weights", weight)):
        missing = int((~np.isfinite(values)).sum())
        if missing:
            raise ValueError(f"{missing} of {values.size} {what} are not finite.")
    if (weight < 0).any() or weight.sum() == 0:
        raise ValueError("Weights must not be negative, and not all zero.")
    return observed, predicted, weight


def checked_probabilities(
    y_true: ArrayLike, p_pred: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do as `checked`, for outcomes that are 0 or 1 and predictions in [0, 1]."""
    observed, predicted, weight = checked(y_true, p_pred, sample_weight)
    if not np.isin(observed, (0.0, 1.0)).all():
        raise ValueError("Outcomes must be 0 or 1.")
    outside = int(((predicted < 0) | (predicted > 1)).sum())
    if outside:
        raise ValueError(f"{outside} of {predicted.size} probabilities lie outside [0, 1].")
    return observed, predicted, weight


def midranks(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of the weight below each value, equals counted half; shape (n,), in (0, 1).

    Examples
    --------
    >>> midranks(np.array([3.0, 1.0, 3.0, 9.0]), np.ones(4))
    array([0.5  , 0.125, 0.5  , 0.875])
    """
    _, group = np.unique(values, return_inverse=True)
    per_group = np.bincount(group, weights=weight)
    middle = np.cumsum(per_group) - per_group / 2
    return (middle / weight.sum())[group]


def share_in_top(values: np.ndarray, weight: np.ndarray, share: float) -> np.ndarray:
    """How much of each row belongs to the top `share` of the weight, in [0, 1].

    Rows that tie across the border are all counted in the same part, so that no order
    of the rows can change a score.

    Examples
    --------
    >>> share_in_top(np.array([5.0, 1.0, 1.0, 1.0]), np.ones(4), 0.5)
    array([1.        , 0.33333333, 0.33333333, 0.33333333])
    """
    _, group = np.unique(-values, return_inverse=True)
    per_group = np.bincount(group, weights=weight)
    above = np.cumsum(per_group) - per_group
    room = share * weight.sum() - above
    empty = np.where(per_group > 0, per_group, 1.0)
    return np.clip(room / empty, 0.0, 1.0)[group]


def equal_groups(values: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    """Which of so many groups of equal weight each row is in, 0 for the smallest values.

    Equal values stay together, so a group may be empty.

    Examples
    --------
    >>> equal_groups(np.array([3.0, 1.0, 3.0, 9.0]), np.ones(4), 2)
    array([1, 0, 1, 1])
    """
    return np.minimum((midranks(values, weight) * groups).astype(int), groups - 1)


def means_by_group(group: np.ndarray, weight: np.ndarray, **values: np.ndarray) -> pd.DataFrame:
    """Weighted means of each group's values, beside its weight as `n_customers`.

    Examples
    --------
    >>> means_by_group(np.array([0, 0, 1]), np.array([1.0, 3.0, 1.0]), spend=np.array([4, 8, 5]))
       n_customers  spend
    0          4.0    7.0
    1          1.0    5.0
    """
    total = pd.DataFrame(
        {"n_customers": weight, **{name: weight * value for name, value in values.items()}}
    )
    table = total.groupby(group).sum()
    table[list(values)] = table[list(values)].div(table["n_customers"], axis=0)
    return table
