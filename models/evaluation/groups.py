"""Scores by group of customers, so that nobody is served badly unseen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.evaluation.leaderboard import SCORES, evaluate


def customer_groups(customers: pd.DataFrame, horizon_days: int) -> dict[str, np.ndarray]:
    """Groups in which a good overall score can hide a bad one, as row masks.

    `one_time_buyers` have a frequency of 0; `recently_active` customers bought within
    one horizon before the cutoff; `lapsing` ones before that.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [0, 3], "recency": [0, 90], "T": [95, 95]})
    >>> groups = customer_groups(rfm, horizon_days=30)
    >>> {name: mask.tolist() for name, mask in groups.items()}
    {'one_time_buyers': [True, False], 'recently_active': [False, True], 'lapsing': [True, False]}
    """
    silent = (customers["T"] - customers["recency"]).to_numpy(float)
    return {
        "one_time_buyers": customers["frequency"].to_numpy() == 0,
        "recently_active": silent <= horizon_days,
        "lapsing": silent > horizon_days,
    }


def category_groups(values: pd.Series, smallest: int = 100) -> dict[str, np.ndarray]:
    """One group for each value of an attribute, as row masks; small ones together as `other`.

    Examples
    --------
    >>> groups = category_groups(pd.Series(["GB", "GB", "DE", None]), smallest=2)
    >>> {name: mask.tolist() for name, mask in groups.items()}
    {'GB': [True, True, False, False], 'other': [False, False, True, True]}
    """
    counts = values.value_counts()
    large = sorted(str(value) for value in counts.index[counts >= smallest])
    shown = values.astype("object").map(str).to_numpy(dtype=object)
    groups = {value: shown == value for value in large}
    rest = ~np.isin(shown, large)
    return {**groups, "other": rest} if rest.any() else groups


def evaluate_groups(
    outcomes: pd.DataFrame, predictions: pd.DataFrame, groups: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """All scores of `evaluate` within each group: one row per group, `group` first.

    `p_churn` is the mean prediction beside the group's `churn_rate`: a model that serves a
    group badly is mostly too high or too low for it. Empty groups are left out.
    """
    rows = []
    for name, mask in groups.items():
        if mask.any():
            inside, said = outcomes.loc[mask], predictions.loc[mask]
            mean = float(said["p_churn"].mean())
            rows.append({"group": name, "p_churn": mean, **evaluate(inside, said)})
    columns = ["group", "n_customers", "churn_rate", "p_churn", *SCORES[2:]]
    return pd.DataFrame(rows, columns=columns)
