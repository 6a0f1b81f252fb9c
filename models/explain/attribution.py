"""How much each feature moves a customer's log odds away from the average customer's.

Exact for linear parts; for trees the change of the mean along the customer's path (Saabas 2014),
which adds up to the answer like SHAP values do, step by step where the answer is a chain of
steps, each weighted by how far it moves the whole; for buy-till-you-die models the Shapley values
of their three inputs against a reference customer.
"""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from models.contenders.btyd import BtydContender
from models.contenders.classifiers import BoostedChurn, LogisticChurn
from models.contenders.encoding import expit, logit
from models.contenders.forest import Forest
from models.contenders.hazard import BoostedHazard, step_log_odds
from models.contenders.histories import Histories

BTYD_INPUTS = ("frequency", "days_since_last", "T")


def contributions(learner: Any, terms: Any, reference: dict[str, float]) -> dict[str, np.ndarray]:
    """Parts of the log odds of churn by feature, shape (n_customers,); positive raises churn.

    Parameters
    ----------
    learner : contender
        A logistic regression, boosted trees or a buy-till-you-die model, fitted.
    terms
        Its `terms` of a snapshot, which its prediction is made of as well.
    reference : dict
        `frequency`, `days_since_last` and `T` of the customer to compare with.
    """
    if isinstance(learner, BtydContender):
        return _btyd_contributions(learner, terms, reference)
    if isinstance(learner, LogisticChurn):
        return dict(zip(learner.model.encoder.names, terms.T, strict=True))
    if isinstance(learner, BoostedChurn):
        names = learner.encoder.names
        return dict(zip(names, terms.moved(len(names)), strict=True))
    if isinstance(learner, BoostedHazard):
        names = learner.encoder.names
        return dict(zip(names, _chained_contributions(terms, len(names)), strict=True))
    raise ValueError(f"{type(learner).__name__} has no contributions.")


def reference_customer(customers: pd.DataFrame) -> dict[str, float]:
    """Medians of what a buy-till-you-die model looks at, whole numbers as it needs them; of money.

    The last is `amount_mean`, the money of a purchase.
    """
    silent = customers["T"] - customers["recency"]
    columns = {"frequency": customers["frequency"], "days_since_last": silent, "T": customers["T"]}
    whole = {name: float(np.floor(column.median())) for name, column in columns.items()}
    return whole | {"amount_mean": float(customers["amount_mean"].median())}


def _chained_contributions(steps: list[Forest], n_features: int) -> np.ndarray:
    """Contributions of each step, times the change of the whole with it.

    With s the probability of no purchase in a step and S in all of them, the log odds of S
    change by (1 - s) / (1 - S) for each unit of the step's own log odds.
    """
    silent = expit(step_log_odds(steps))
    bought = np.maximum(1 - np.multiply.reduce(list(silent.T)), 1e-9)
    total = np.zeros((n_features, len(silent)))
    for forest, step in zip(steps, silent.T, strict=True):
        total += forest.moved(n_features) * ((1 - step) / bought)
    return total


def _btyd_contributions(
    learner: BtydContender, histories: Histories, reference: dict[str, float]
) -> dict[str, np.ndarray]:
    # The same customers for every buy-till-you-die model: made, and told apart, once for all.
    mixed = histories.once("mixed", lambda: Histories(_mixed(histories.days, reference)))
    silent = learner.probability_no_purchase(mixed, learner.horizon_days)
    values = dict(zip(_SHOWN, np.split(logit(silent), len(_SHOWN)), strict=True))
    totals = {name: np.zeros(len(histories.days)) for name in BTYD_INPUTS}
    for order in permutations(BTYD_INPUTS):
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            totals[name] = totals[name] + (values[before | {name}] - values[before])
    shapley = {name: total / factorial(len(BTYD_INPUTS)) for name, total in totals.items()}
    return {name: histories.spread(values) for name, values in shapley.items()}


_SHOWN = [
    frozenset(inputs)
    for number in range(len(BTYD_INPUTS) + 1)
    for inputs in combinations(BTYD_INPUTS, number)
]
"""The inputs that are a customer's own, in all ways: the others are the reference's."""


def _mixed(days: pd.DataFrame, reference: dict[str, float]) -> pd.DataFrame:
    """The customers once for each of `_SHOWN`, stacked."""
    own = {
        "frequency": days["frequency"].to_numpy(),
        "days_since_last": (days["T"] - days["recency"]).to_numpy(),
        "T": days["T"].to_numpy(),
    }
    return _plausible(
        {
            name: np.concatenate(
                [
                    values if name in shown else np.full(len(values), reference[name])
                    for shown in _SHOWN
                ]
            )
            for name, values in own.items()
        }
    )


def _plausible(shown: dict[str, np.ndarray]) -> pd.DataFrame:
    """The customer that mixed inputs describe: nobody is silent for longer than known."""
    frequency, silent, age = (shown[name] for name in BTYD_INPUTS)
    age = np.maximum(age, silent)
    # A repeat purchase is at least a day after the first.
    recency = np.where(frequency > 0, np.maximum(age - silent, 1.0), 0.0)
    age = np.where(frequency > 0, recency + silent, age)
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "T": age, "monetary_value": 1.0}
    )
