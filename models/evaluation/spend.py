"""How good an expected spend is: order, size, level.

`spend` is the net amount of the horizon in the log's money unit (negative through
returns), `expected_spend` its prediction. Weights are numbers of customers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, midranks, share_in_top

LEAST_LEFT = 0.01
"""Where returns leave a smaller share of the money that moved, nothing is measured by the rest."""


def total_spend(spend: np.ndarray, weight: np.ndarray) -> float:
    """Net total to measure by; NaN when it is not positive, or hardly so (`LEAST_LEFT`).

    Examples
    --------
    >>> total_spend(np.array([30.0, -10.0]), np.ones(2))
    20.0
    >>> total_spend(np.array([30.0, -29.9]), np.ones(2))
    nan
    """
    total, moved = (weight * spend).sum(), (weight * np.abs(spend)).sum()
    return float(total) if total > LEAST_LEFT * moved else float("nan")


def normalised_gini(
    spend: ArrayLike, expected_spend: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Share of the possible concentration of spend that the predicted order reaches.

    1 when customers are ordered as they spent, 0 without skill, -1 in reverse; larger
    is better. The Gini of spend along the predicted order over the Gini along its own,
    ties averaged. NaN when everybody spent the same.

    Examples
    --------
    >>> normalised_gini([0, 10, 20], [1, 2, 3])
    1.0
    >>> normalised_gini([0, 10, 20], [1, 1, 1])
    0.0
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    reached = (weight * observed * (midranks(predicted, weight) - 0.5)).sum()
    possible = (weight * observed * (midranks(observed, weight) - 0.5)).sum()
    if np.ptp(observed) == 0:
        return float("nan")
    return float(reached / possible)


def gini_gap_error(
    spend: ArrayLike,
    expected_spend: ArrayLike,
    rival: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Standard error, over customers, of `normalised_gini` less that of a rival's order.

    By the influence of each customer: his own money at the places that he is given, and those
    whom he places lower or higher (the delta method). NaN when everybody spent the same.

    Examples
    --------
    >>> gini_gap_error([0, 10, 20], [1, 2, 3], [1, 2, 3])
    0.0
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    _, other, _ = checked(spend, rival, sample_weight)
    if np.ptp(observed) == 0:
        return float("nan")
    share = weight / weight.sum()
    influence = observed * (midranks(predicted, weight) - midranks(other, weight))
    influence = influence + _money_above(predicted, share * observed)
    influence = influence - _money_above(other, share * observed)
    off = share * (influence - share @ influence)
    possible = share @ (observed * (midranks(observed, weight) - 0.5))
    return float(np.sqrt((off**2).sum()) / possible)


def _money_above(values: np.ndarray, money: np.ndarray) -> np.ndarray:
    """Money of those with a higher value, and half of that of equals; shape (n,)."""
    _, group = np.unique(values, return_inverse=True)
    each = np.bincount(group, weights=money)
    above: np.ndarray = money.sum() - np.cumsum(each) + each / 2
    return above[group]


def spearman(
    spend: ArrayLike, expected_spend: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Rank correlation of predicted and observed spend, in [-1, 1]; larger is better.

    Ties have their mean rank. NaN when either side is constant.

    Examples
    --------
    >>> round(spearman([0, 10, 20], [1, 3, 2]), 3)
    0.5
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return float("nan")
    one, other = midranks(observed, weight) - 0.5, midranks(predicted, weight) - 0.5
    both = (weight * one * other).sum()
    return float(both / np.sqrt((weight * one**2).sum() * (weight * other**2).sum()))


def mae_ratio(
    spend: ArrayLike, expected_spend: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Mean absolute error divided by the mean spend; smaller is better.

    Never choose a model by it: where most customers spend nothing, predicting zero for
    everybody scores 1 and beats honest forecasts. NaN without a `total_spend`.

    Examples
    --------
    >>> mae_ratio([0, 0, 40], [10, 10, 20])
    1.0
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    return float((weight * np.abs(predicted - observed)).sum() / total_spend(observed, weight))


def bias(
    spend: ArrayLike, expected_spend: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Predicted total over observed total, minus 1; 0 is best, .02 means 2 % too high.

    NaN without a `total_spend`.

    Examples
    --------
    >>> round(bias([0, 0, 30], [11, 11, 11]), 3)
    0.1
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    return float((weight * predicted).sum() / total_spend(observed, weight) - 1)


def top_capture(
    spend: ArrayLike,
    expected_spend: ArrayLike,
    sample_weight: ArrayLike | None = None,
    share: float = 0.1,
) -> float:
    """Share of all spend that the top `share` by expected spend brought; larger is better.

    Equal to `share` without skill. Ties at the border count in part. NaN without a
    `total_spend`.

    Examples
    --------
    >>> top_capture([60, 20, 20, 0], [9, 1, 1, 1], share=0.25)
    0.6
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    held = (share_in_top(predicted, weight, share) * weight * observed).sum()
    return float(held / total_spend(observed, weight))
