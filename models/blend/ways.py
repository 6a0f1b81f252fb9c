"""The ways to expect purchases and spend, and what each says of all customers together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from models.contenders.btyd import BtydContender
from models.contenders.protocol import Contender
from models.contenders.spend import TOP_SHARE

BTYD = ("mbg_nbd", "pareto_nbd")

SHARES = {"btyd": 0.0, "likely": 2.0, "boosted": 1.0, "boosted_purchases": 1.0}
"""What each way counts in the mean. The buy-till-you-die models' own expectations set the level,
but contradict a blend that is sure that somebody leaves: `likely` speaks for them."""

MOST_BEYOND = 4.0
"""No expectation is so many times what `likely` says: trees are not as sure as `p_churn`."""

LEAST_LEFT = 0.5
"""A floor under the number of purchases takes away no more than this share of them."""

Ways = dict[str, dict[str, np.ndarray]]
"""Answered column -> way to expect it -> expectations, shape (n_customers,)."""


def expected(
    parts: dict[str, Contender],
    said: dict[str, pd.DataFrame],
    customers: pd.DataFrame,
    p_churn: np.ndarray,
    learned: bool = True,
) -> Ways:
    """Collect the ways that the fitted parts know.

    `btyd` is the mean of the buy-till-you-die models, `likely` what they expect of those who buy,
    times the chance `1 - p_churn` that they do, `boosted` the trees', `boosted_purchases` the
    trees' number of purchases times Gamma-Gamma's value. Without `learned` the trees are silent.
    """
    btyd = [said[name] for name in BTYD if name in said]
    purchases: dict[str, np.ndarray] = {}
    spend: dict[str, np.ndarray] = {}
    if btyd:
        value = value_per_purchase(parts, customers)
        each = [part["expected_purchases"].to_numpy() for part in btyd]
        buying = [1 - part["p_churn"].to_numpy() for part in btyd]
        purchases["btyd"] = np.add.reduce(each) / len(each)
        given = np.add.reduce(each) / np.maximum(np.add.reduce(buying), 1e-9)
        purchases["likely"] = given * (1 - p_churn)
        spend = {way: number * value for way, number in purchases.items()}
    if "boosted_spend" in said and learned:
        trees = said["boosted_spend"]
        purchases["boosted"] = trees["expected_purchases"].to_numpy()
        spend["boosted"] = trees["expected_spend"].to_numpy()
        if btyd:
            spend["boosted_purchases"] = purchases["boosted"] * value
    return {"expected_purchases": purchases, "expected_spend": spend}


def value_per_purchase(parts: dict[str, Contender], customers: pd.DataFrame) -> np.ndarray:
    """What a purchase of each customer is worth, shape (n_customers,), money."""
    fitted = [parts[name] for name in BTYD if name in parts]
    values = [part.value for part in fitted if isinstance(part, BtydContender)]
    return values[0].predict_from_all(customers)


def log_totals(ways: dict[str, np.ndarray], weight: np.ndarray) -> dict[str, float]:
    """Logarithm of what each way expects of all, those left out of whom one expects too much.

    Learned models are told of no outcome as large as the largest. Brought to a total in which
    one customer is a million, they would spread that million over everybody.
    """
    usual = np.logical_and.reduce(
        [value <= np.quantile(value, 1 - TOP_SHARE) for value in ways.values()]
    )
    rows = usual if usual.any() else ~usual
    return {way: float(np.log((weight * value)[rows].sum())) for way, value in ways.items()}


def at_level(ways: dict[str, np.ndarray], factors: dict[str, float]) -> np.ndarray:
    """Mean of the ways by `SHARES`, each times its factor; shape (n_customers,)."""
    values = [factors[way] * value for way, value in ways.items()]
    mean: np.ndarray = np.average(values, axis=0, weights=[SHARES[way] for way in ways])
    if "likely" in ways:
        mean = np.minimum(mean, MOST_BEYOND * factors["likely"] * ways["likely"])
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
