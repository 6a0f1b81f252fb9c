"""Who left and who stayed, as few rules that a person can read: a decision tree of depth 3.

Fitted at one cutoff and counted at a later one: the shares that a reader acts on are of customers'
futures that the tree has not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from models.evaluation.calibration import wilson_interval

DEPTH = 3
LEAST_SHARE = 0.02
"""Share of the customers that every rule must be about."""

LEAST = 200
"""Customers below which no rules are looked for."""

PHRASES = {
    "days_since_last": "last bought {} days ago",
    "purchases": "bought on {} days",
    "T": "first bought {} days ago",
    "amount_mean": "spends {} a time",
}
"""Feature -> how a range of it is said."""


def rules(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame | None:
    """Learn rules at one cutoff, and count them at a later one.

    Parameters
    ----------
    earlier, later
        Snapshots with ``days_since_last``, ``frequency``, ``T``, ``amount_mean`` and the label
        ``churned``; the labels of `earlier` are complete before the cutoff of `later`.

    Returns
    -------
    One row per rule, the likeliest to leave first: ``rule`` (text), ``customers`` and ``churned``
    (share that left, with ``low`` and ``high``, its 95 % Wilson interval) at the later cutoff,
    ``churned_before`` (share when it was learned). None for few customers, or a single outcome.
    """
    if len(earlier) < LEAST or not len(later) or earlier["churned"].nunique() < 2:
        return None
    least = max(int(LEAST_SHARE * len(earlier)), 20)
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=least, random_state=0)
    tree.fit(_readable(earlier), earlier["churned"])
    before = earlier["churned"].groupby(tree.apply(_readable(earlier))).mean()
    leaves = later["churned"].groupby(tree.apply(_readable(later))).agg(["size", "mean"])
    told = _told(tree.tree_)
    found = pd.DataFrame(
        {
            "rule": [told[leaf] for leaf in leaves.index],
            "customers": leaves["size"].to_numpy(),
            "churned": leaves["mean"].to_numpy(float),
            "churned_before": before[leaves.index].to_numpy(float),
        }
    )
    low, high = wilson_interval(
        found["churned"].to_numpy(float), found["customers"].to_numpy(float)
    )
    return found.assign(low=low, high=high).sort_values(
        "churned", ascending=False, ignore_index=True
    )


def _readable(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.assign(purchases=customers["frequency"] + 1)[list(PHRASES)].astype(float)


def _told(tree: Any) -> dict[int, str]:
    """Leaf -> its conditions in words, one range of each feature."""
    names = list(PHRASES)
    left, right = tree.children_left, tree.children_right
    feature, threshold = tree.feature, tree.threshold
    found: dict[int, str] = {}

    def walk(node: int, bounds: dict[str, tuple[float, float]]) -> None:
        if left[node] < 0:
            found[node] = ", ".join(
                PHRASES[name].format(_range(low, high)) for name, (low, high) in bounds.items()
            )
            return
        # Thresholds lie between whole numbers: the lower one says the same.
        name, value = names[feature[node]], float(np.floor(threshold[node]))
        low, high = bounds.get(name, (-np.inf, np.inf))
        walk(left[node], {**bounds, name: (low, min(high, value))})
        walk(right[node], {**bounds, name: (max(low, value), high)})

    walk(0, {})
    once = PHRASES["purchases"].format(_range(-np.inf, 1))
    return {leaf: text.replace(once, "bought once") or "everybody" for leaf, text in found.items()}


def _range(low: float, high: float) -> str:
    """More than `low` and at most `high`.

    >>> _range(-np.inf, 60), _range(60, np.inf), _range(60, 90), _range(2, 3)
    ('at most 60', 'more than 60', '61 to 90', '3')
    """
    if np.isinf(low):
        return f"at most {high:,.0f}"
    if np.isinf(high):
        return f"more than {low:,.0f}"
    return f"{low + 1:,.0f} to {high:,.0f}" if high > low + 1 else f"{high:,.0f}"
