"""How much each feature moves a customer's log odds away from the average customer's.

Exact for linear parts; for trees the change of the mean along the customer's path (Saabas 2014),
which adds up to the answer like SHAP values do, step by step where the answer is a chain of
steps, each weighted by how far it moves the whole; for buy-till-you-die models the Shapley values
of their three inputs against a reference customer.
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from models.contenders.btyd import BtydContender
from models.contenders.classifiers import BoostedChurn, LogisticChurn
from models.contenders.encoding import expit, logit
from models.contenders.hazard import BoostedHazard

BTYD_INPUTS = ("frequency", "days_since_last", "T")


def contributions(part: Any, customers: pd.DataFrame, reference: dict[str, float]) -> pd.DataFrame:
    """Parts of the log odds of churn by feature, one row per customer; positive raises churn.

    Parameters
    ----------
    part : contender
        A logistic regression, boosted trees or a buy-till-you-die model, fitted.
    customers : DataFrame
        A snapshot.
    reference : dict
        `frequency`, `days_since_last` and `T` of the customer to compare with.
    """
    if isinstance(part, LogisticChurn):
        model = part.model
        return pd.DataFrame(
            model.contributions(customers), columns=model.encoder.names, index=customers.index
        )
    if isinstance(part, BoostedChurn):
        matrix = part.encoder.transform(customers)
        along = path_contributions(part.estimator, matrix)
        return pd.DataFrame(along, columns=part.encoder.names, index=customers.index)
    if isinstance(part, BoostedHazard):
        return _chained_contributions(part, customers)
    if isinstance(part, BtydContender):
        return _btyd_contributions(part, customers, reference)
    raise ValueError(f"{type(part).__name__} has no contributions.")


def reference_customer(customers: pd.DataFrame) -> dict[str, float]:
    """Medians of what a buy-till-you-die model looks at; whole numbers, as it needs them."""
    silent = customers["T"] - customers["recency"]
    columns = {"frequency": customers["frequency"], "days_since_last": silent, "T": customers["T"]}
    return {name: float(np.floor(column.median())) for name, column in columns.items()}


def _chained_contributions(part: BoostedHazard, customers: pd.DataFrame) -> pd.DataFrame:
    """Contributions of each step, times the change of the whole with it.

    With s the probability of no purchase in a step and S in all of them, the log odds of S
    change by (1 - s) / (1 - S) for each unit of the step's own log odds.
    """
    steps = expit(part.step_log_odds(customers))
    bought = np.maximum(1 - np.multiply.reduce(list(steps.T)), 1e-9)
    total = np.zeros((len(customers), len(part.encoder.names)))
    for future, step in zip(part.futures(customers), steps.T, strict=True):
        along = path_contributions(part.estimator, part.encoder.transform(future))
        total += along * ((1 - step) / bought)[:, None]
    return pd.DataFrame(total, columns=part.encoder.names, index=customers.index)


def _btyd_contributions(
    part: BtydContender, customers: pd.DataFrame, reference: dict[str, float]
) -> pd.DataFrame:
    silent = (customers["T"] - customers["recency"]).to_numpy(float)
    own = {
        "frequency": customers["frequency"].to_numpy(float),
        "days_since_last": silent,
        "T": customers["T"].to_numpy(float),
    }
    known: dict[frozenset[str], np.ndarray] = {}

    def value(inputs: frozenset[str]) -> np.ndarray:
        """Log odds with the customer's own `inputs`, and the reference's others."""
        if inputs not in known:
            shown = {n: v if n in inputs else np.full(len(v), reference[n]) for n, v in own.items()}
            known[inputs] = logit(part.predict(_plausible(shown))["p_churn"].to_numpy())
        return known[inputs]

    totals = {name: np.zeros(len(customers)) for name in BTYD_INPUTS}
    for order in permutations(BTYD_INPUTS):
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            totals[name] = totals[name] + (value(before | {name}) - value(before))
    shapley = {name: total / factorial(len(BTYD_INPUTS)) for name, total in totals.items()}
    return pd.DataFrame(shapley, index=customers.index)


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


def path_contributions(trees: Any, matrix: np.ndarray) -> np.ndarray:
    """Change of the mean log odds along each row's path, by feature; shape as `matrix`.

    Row sums differ from the model's log odds by one constant, the mean over its training rows.
    """
    columns = np.asfortranarray(matrix).T
    total = np.zeros(columns.shape)
    for (tree,) in trees._predictors:
        nodes = tree.nodes
        leaf = _leaves(nodes, columns)
        for feature, moved in _moves(nodes).items():
            total[feature] += moved[leaf]
    return total.T


def _leaves(nodes: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Number of the node where each row ends, shape (n_rows,); `columns` are the features."""
    place = np.zeros(columns.shape[1], dtype=np.intp)
    # Children come after their parent, so each row passes its nodes in this order.
    for number, node in enumerate(nodes):
        if node["is_leaf"]:
            continue
        value = columns[node["feature_idx"]]
        left = value <= node["num_threshold"]
        if node["missing_go_to_left"]:
            left |= np.isnan(value)
        here = place == number
        place[here & left] = node["left"]
        place[here & ~left] = node["right"]
    return place


def _moves(nodes: np.ndarray) -> dict[int, np.ndarray]:
    """By feature, the change of the mean from the root to each node, shape (n_nodes,)."""
    means = _node_means(nodes)
    moved: dict[int, np.ndarray] = {}
    for number, node in enumerate(nodes):
        if node["is_leaf"]:
            continue
        moved.setdefault(int(node["feature_idx"]), np.zeros(len(nodes)))
        for child in (int(node["left"]), int(node["right"])):
            for feature, change in moved.items():
                own = means[child] - means[number] if feature == node["feature_idx"] else 0.0
                change[child] = change[number] + own
    return moved


def _node_means(nodes: np.ndarray) -> np.ndarray:
    """Mean of the leaves below each node, by training rows; children come after their parent."""
    means = nodes["value"].astype(float)
    counts = nodes["count"].astype(float)
    for node in range(len(nodes) - 1, -1, -1):
        if not nodes["is_leaf"][node]:
            left, right = int(nodes["left"][node]), int(nodes["right"][node])
            whole = counts[left] + counts[right]
            means[node] = (means[left] * counts[left] + means[right] * counts[right]) / whole
    return means
