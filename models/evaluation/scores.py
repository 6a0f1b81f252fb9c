"""How good a probability is: ranking, log loss, Brier, calibration error.

`churned` is 1 when a customer bought nothing within the horizon, `p_churn` the
predicted probability of it. Weights are numbers of customers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked_probabilities, midranks, share_in_top

SMALLEST_PROBABILITY = 1e-15
"""Log loss is infinite at a wrong 0 or 1; predictions are kept this far away from both."""


def roc_auc(
    churned: ArrayLike, p_churn: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Probability that a churned customer was given a higher `p_churn` than a buyer.

    In [0, 1], .5 without skill, larger is better; ties count half. NaN when all
    customers churned, or none.

    Examples
    --------
    >>> roc_auc([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    0.875
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    positive, negative = weight * observed, weight * (1 - observed)
    if positive.sum() == 0 or negative.sum() == 0:
        return float("nan")
    below = midranks(predicted, negative)
    return float((positive * below).sum() / positive.sum())


def average_precision(
    churned: ArrayLike, p_churn: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Area under the precision-recall curve, as steps, churned being the positive class.

    In [0, 1], larger is better; without skill it equals the churn rate, so compare it
    only between models of one cutoff. NaN when nobody churned.

    Examples
    --------
    >>> round(average_precision([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1]), 4)
    0.8333
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    if (weight * observed).sum() == 0:
        return float("nan")
    _, group = np.unique(-predicted, return_inverse=True)
    hits = np.bincount(group, weights=weight * observed)
    contacted = np.cumsum(np.bincount(group, weights=weight))
    precision = np.cumsum(hits) / np.where(contacted > 0, contacted, 1.0)
    return float((precision * hits).sum() / hits.sum())


def log_loss(
    churned: ArrayLike, p_churn: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Mean of -log(probability given to what happened), in nats; smaller is better.

    A proper score, and the one that selects models here.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    p = np.clip(predicted, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    loss = -np.where(observed == 1, np.log(p), np.log1p(-p))
    return float(np.average(loss, weights=weight))


def brier(churned: ArrayLike, p_churn: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Mean squared difference of probability and outcome, in [0, 1]; smaller is better.

    Brier (1950), "Verification of forecasts expressed in terms of probability".

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    return float(np.average((predicted - observed) ** 2, weights=weight))


def expected_calibration_error(
    churned: ArrayLike,
    p_churn: ArrayLike,
    sample_weight: ArrayLike | None = None,
    bins: int = 10,
) -> float:
    """Mean distance between predicted and observed churn rate over bins of `p_churn`.

    In [0, 1], smaller is better. The bins divide [0, 1] into `bins` equal widths and
    count by the customers they hold (Naeini, Cooper & Hauskrecht 2015).

    Examples
    --------
    >>> round(expected_calibration_error([1, 0, 1, 1], [0.8, 0.8, 0.95, 0.95]), 3)
    0.175
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    group = np.minimum((predicted * bins).astype(int), bins - 1)
    gap = np.bincount(group, weights=weight * (predicted - observed), minlength=bins)
    return float(np.abs(gap).sum() / weight.sum())


def calibration_error_by_chance(
    p_churn: ArrayLike,
    sample_weight: ArrayLike | None = None,
    bins: int = 10,
    draws: int = 100,
    seed: int = 0,
) -> float:
    """`expected_calibration_error` to be expected if every probability were the truth.

    In [0, 1]. The mean over `draws` outcomes of the customers; few customers are never
    calibrated to the eye (Bröcker & Smith 2007 draw the same for each bin).

    Examples
    --------
    >>> few, many = ([0.5] * n for n in (10, 1000))
    >>> calibration_error_by_chance(few) > 5 * calibration_error_by_chance(many)
    True
    """
    predicted = np.asarray(p_churn, dtype=float)
    rng = np.random.default_rng(seed)
    outcomes = (rng.random(predicted.size) < predicted for _ in range(draws))
    found = [
        expected_calibration_error(came.astype(float), predicted, sample_weight, bins)
        for came in outcomes
    ]
    return float(np.mean(found))


def buyer_lift(
    churned: ArrayLike,
    p_churn: ArrayLike,
    sample_weight: ArrayLike | None = None,
    share: float = 0.1,
) -> float:
    """How many times more buyers the `share` with the smallest `p_churn` holds than everybody.

    1 without skill, at most min(1 / share, 1 / buyer rate); larger is better. Ties at
    the border count in part. NaN when nobody bought.

    Examples
    --------
    >>> buyer_lift([0, 1, 1, 1], [0.1, 0.8, 0.8, 0.9], share=0.25)
    4.0
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    buyers = weight * (1 - observed)
    if buyers.sum() == 0:
        return float("nan")
    top = share_in_top(-predicted, weight, share)
    return float((top * buyers).sum() / buyers.sum() / share)
