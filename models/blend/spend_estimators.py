"""Several estimators of purchases and of spend in the horizon, and their weighted mean.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from models.blend.base_learners import BTYD
from models.contenders.btyd import BtydContender
from models.contenders.protocol import Contender
from models.contenders.spend import TOP_SHARE

WEIGHTS = {"btyd": 0.0, "likely": 2.0, "boosted": 1.0, "boosted_purchases": 1.0}
"""What each estimator counts in the mean of purchases, and in that of spend where nothing was
learned; see `models.blend.spend_weights`. `btyd` only sets the level: it contradicts a `p_churn`
that is sure that somebody leaves, `likely` follows it."""

MOST_BEYOND = 4.0
"""No expectation is above so many times that of `likely`: trees are less sure than `p_churn`."""

LEAST_LEFT = 0.5
"""A floor under the number of purchases takes away no more than this share of them."""

Estimates = dict[str, dict[str, np.ndarray]]
"""`expected_purchases` and `expected_spend`, each by estimator, shape (n_customers,)."""


def estimates(
    learners: dict[str, Contender],
    predictions: Mapping[str, pd.DataFrame],
    customers: pd.DataFrame,
    p_churn: np.ndarray,
    supervised: bool = True,
) -> Estimates:
    """Purchases and spend by each estimator whose learners could be fitted.

    `btyd` is the mean of the buy-till-you-die models. `likely` is what these expect of a customer
    who buys, times the probability `1 - p_churn` that he does. `boosted` is the trees' own.
    `boosted_purchases` is the trees' number of purchases times Gamma-Gamma's value of one.

    Parameters
    ----------
    learners, predictions : dict
        Fitted base learners, and what each predicts for `customers`.
    supervised : bool
        Without it the trees are left out.
    """
    btyd = [predictions[name] for name in BTYD if name in predictions]
    purchases: dict[str, np.ndarray] = {}
    spend: dict[str, np.ndarray] = {}
    if btyd:
        value = value_per_purchase(learners, customers)
        each = [one["expected_purchases"].to_numpy() for one in btyd]
        buying = [1 - one["p_churn"].to_numpy() for one in btyd]
        purchases["btyd"] = np.add.reduce(each) / len(each)
        given = np.add.reduce(each) / np.maximum(np.add.reduce(buying), 1e-9)
        purchases["likely"] = given * (1 - p_churn)
        spend = {name: number * value for name, number in purchases.items()}
    if "boosted_spend" in predictions and supervised:
        trees = predictions["boosted_spend"]
        purchases["boosted"] = trees["expected_purchases"].to_numpy()
        spend["boosted"] = trees["expected_spend"].to_numpy()
        if btyd:
            spend["boosted_purchases"] = purchases["boosted"] * value
    return {"expected_purchases": purchases, "expected_spend": spend}


def value_per_purchase(learners: dict[str, Contender], customers: pd.DataFrame) -> np.ndarray:
    """What a purchase of each customer is worth, shape (n_customers,), money."""
    fitted = [learners[name] for name in BTYD if name in learners]
    values = [learner.value for learner in fitted if isinstance(learner, BtydContender)]
    return values[0].predict_from_all(customers)


def log_totals(by_estimator: dict[str, np.ndarray], weight: np.ndarray) -> dict[str, float]:
    """Logarithm of each estimator's total, without the customers of whom any expects most.

    Trees are taught outcomes cut at a high quantile. If they were brought to a total in which one
    customer is a million, they would spread that million over everybody.
    """
    usual = np.logical_and.reduce(
        [value <= np.quantile(value, 1 - TOP_SHARE) for value in by_estimator.values()]
    )
    rows = usual if usual.any() else ~usual
    return {
        name: float(np.log((weight * value)[rows].sum())) for name, value in by_estimator.items()
    }


def weighted_mean(
    by_estimator: dict[str, np.ndarray],
    factors: dict[str, float],
    shares: Mapping[str, float] = MappingProxyType(WEIGHTS),
) -> np.ndarray:
    """Mean by `shares`, each estimator times its factor; shape (n_customers,)."""
    values = [factors[name] * value for name, value in by_estimator.items()]
    mean: np.ndarray = np.average(
        values, axis=0, weights=[shares.get(name, 0.0) for name in by_estimator]
    )
    if "likely" in by_estimator:
        mean = np.minimum(mean, MOST_BEYOND * factors["likely"] * by_estimator["likely"])
    return mean


def before_floor(purchases: np.ndarray, floor: np.ndarray, weight: np.ndarray) -> float:
    """Scale `purchases` so that their total stays when none may be below its `floor`.

    Examples
    --------
    >>> round(before_floor(np.array([0.5, 3.5]), np.array([0.9, 0.9]), np.ones(2)), 3)
    0.886
    """
    total = float((weight * purchases).sum())

    def excess(left: float) -> float:
        return float((weight * np.maximum(left * purchases, floor)).sum()) - total

    return LEAST_LEFT if excess(LEAST_LEFT) >= 0 else float(brentq(excess, LEAST_LEFT, 1.0))
