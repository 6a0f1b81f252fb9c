"""How far a feature's distribution has moved since training, and what that does to an answer.

The population stability index is Siddiqi's (2006, *Credit Risk Scorecards*): the symmetric
Kullback-Leibler divergence of two sets of shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

BINS = 10
FEWEST = 10
"""A value of text that fewer customers have is counted among the others: it may name one."""

MOST_VALUES = 20

Profile = Mapping[str, Any]
"""Of numbers: `edges`, quantiles in ascending order, and `counts`, of the bins that they part and
last of missing values. Of text: `values`, the frequent ones, and `counts`, of each of them, of all
others and of missing ones. No value of a single customer."""


def profile_of(values: pd.Series) -> dict[str, Any]:
    """Count a feature's values in bins of about equal size, or by frequent value.

    Examples
    --------
    >>> profile_of(pd.Series([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, np.nan]))
    {'edges': [0.0, 0.6, 1.3], 'counts': [0, 6, 1, 1, 1]}
    >>> profile_of(pd.Series(["a"] * 12 + ["me@home"] + [None]))
    {'values': ['a'], 'counts': [12, 1, 1]}
    """
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.value_counts()
        frequent = counts[counts >= FEWEST].head(MOST_VALUES)
        known: dict[str, Any] = {"values": [str(name) for name in sorted(frequent.index)]}
    else:
        present = values.dropna().to_numpy(float)
        cuts = [n / BINS for n in range(1, BINS)] if len(present) else []
        # Four digits: an edge is a quantile, and no customer's own amount to the cent.
        known = {"edges": sorted({float(f"{np.quantile(present, cut):.4g}") for cut in cuts})}
    places = places_of(values, known)
    return {**known, "counts": np.bincount(places, minlength=n_bins(known)).tolist()}


def n_bins(profile: Profile) -> int:
    """How many bins a profile has, that of missing values included."""
    return len(profile["values"] if "values" in profile else profile["edges"]) + 2


def places_of(values: pd.Series, profile: Profile) -> np.ndarray:
    """The bin of each value, shape (n_customers,), in the order of the profile's counts."""
    last = n_bins(profile) - 1
    if "values" in profile:
        place = pd.Index(profile["values"], dtype=object).get_indexer(
            pd.Index(values, dtype=object)
        )
        place[place < 0] = last - 1
    else:
        place = np.searchsorted(profile["edges"], values.to_numpy(float), side="right")
    place[values.isna().to_numpy()] = last
    return place


def stability_index(expected: np.ndarray, counts: np.ndarray) -> float:
    """Population stability index of two sets of counts, >= 0; smaller is more alike.

    By custom, below 0.1 is no drift and above 0.25 much. Half a case is added to each bin, so
    that an empty one is finite.

    Examples
    --------
    >>> even, other = np.array([50, 50]), np.array([50, 150])
    >>> stability_index(even, even), round(stability_index(even, other), 2)
    (0.0, 0.27)
    """
    before, now = (np.asarray(x, float) + 0.5 for x in (expected, counts))
    before, now = before / before.sum(), now / now.sum()
    return float(((now - before) * np.log(now / before)).sum())


def moved(profile: Profile, values: pd.Series, answer: np.ndarray) -> tuple[float, float]:
    """How far a feature has drifted, and by how much that moves the mean answer.

    The move is the mean answer less the mean that it would be if the customers were weighted so
    that the feature lay as in the profile. Features that hang together move it together: moves
    do not add up.

    Parameters
    ----------
    values : Series
        The feature today, one row per customer.
    answer : array, shape (n_customers,)
        What is said of the same customers, such as `p_churn`.

    Returns
    -------
    stability_index, move

    Examples
    --------
    >>> profile = {"edges": [1.0], "counts": [50, 50, 0]}
    >>> answer = np.array([0.1] * 100 + [0.9] * 300)
    >>> index, move = moved(profile, pd.Series(answer * 2), answer)
    >>> round(index, 2), round(move, 2)
    (0.28, 0.2)
    """
    place = places_of(values, profile)
    counts = np.bincount(place, minlength=n_bins(profile))
    expected = np.asarray(profile["counts"], float)
    index = stability_index(expected, counts)
    # A bin that is empty today cannot be weighted up: its share is left to the others.
    weight = (expected / np.maximum(counts, 1))[place]
    if not weight.sum():
        return index, 0.0
    return index, float(answer.mean() - np.average(answer, weights=weight))
