"""How all boosted trees here are grown: few, small, heavily shrunk, from so many rows.

They won against the defaults on every task measured. Each split sees two features of ten,
which decorrelates the trees of a panel whose features say similar things; 63 bins are as good
as 255 here, in half the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from models.contenders.forest import Forest
from models.history import weights

MOST_ROWS = 60_000
"""Panels are thinned to so many rows."""

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.08,
    "max_iter": 75,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 60,
    "l2_regularization": 5.0,
    "max_features": 0.2,
    "max_bins": 63,
    "early_stopping": False,
}


PATIENT_ROWS = 30_000
"""With fewer rows twice as many trees learn half as much each: chance weighs more there, and
time less."""


def boosted_classifier(n_rows: int, seed: int) -> HistGradientBoostingClassifier:
    """Trees for who churns."""
    return HistGradientBoostingClassifier(**settings(n_rows), random_state=seed)


def settings(n_rows: int) -> dict[str, Any]:
    """How to grow trees from so many rows.

    >>> settings(100_000)["max_iter"], settings(1_000)["max_iter"]
    (75, 150)
    """
    times = 2 if n_rows < PATIENT_ROWS else 1
    rate, n_trees = SETTINGS["learning_rate"] / times, SETTINGS["max_iter"] * times
    return {**SETTINGS, "learning_rate": rate, "max_iter": n_trees}


LARGEST_STEP = 30.0
"""A leaf whose mean is so many times what is expected of it is reached without overshooting."""

FIRST_TREE: dict[str, Any] = {
    "learning_rate": 1.0,
    "max_iter": 1,
    "max_leaf_nodes": 16,
    "min_samples_leaf": SETTINGS["min_samples_leaf"],
    "max_bins": SETTINGS["max_bins"],
    "early_stopping": False,
}

FIRST_LEAST = 0.05
"""Of the mean: where the first tree saw less, or nothing at all, it says so much."""


class BoostedMean:
    """Trees with Poisson deviance, right for the mean of anything that is zero or positive.

    In a leaf where `R` times the expected comes, Newton's step is `R - 1` in logarithms:
    times the learning rate that is too far from `R` of about fifty on, and from a few hundred
    on the fit ends in numbers without bound. Where few buy and some of them a lot, `R` is that
    large. So a single tree of plain means comes first there, taken to the power that brings the
    largest `R` down to `LARGEST_STEP`, and the boosted trees learn what is to be multiplied by.
    Outcomes are counted in their own mean: the unit of money changes nothing.
    """

    def __init__(
        self, mean: float, power: float, boosted: BaseEstimator, first: BaseEstimator | None
    ):
        self._mean, self._power = mean, power
        self._boosted, self._first = boosted, first

    @classmethod
    def fit(cls, matrix: np.ndarray, outcome: np.ndarray, weight: np.ndarray, seed: int) -> Self:
        """Fit to outcomes of shape (n_rows,), zero or positive and not all zero."""
        mean = float(np.average(outcome, weights=weight))
        scaled = outcome / mean
        largest = np.argsort(-scaled, kind="stable")[: SETTINGS["min_samples_leaf"]]
        ratio = float(np.average(scaled[largest], weights=weight[largest]))
        power = max(0.0, 1 - np.log(LARGEST_STEP) / np.log(ratio)) if ratio > 1 else 0.0
        first = None
        if power > 0:
            first = HistGradientBoostingRegressor(**FIRST_TREE)
            first.fit(matrix, scaled, sample_weight=weight)
        boosted = HistGradientBoostingRegressor(
            loss="poisson", **settings(len(matrix)), random_state=seed
        )
        fitted = cls(mean, power, boosted, first)
        begun = fitted._begun(matrix)
        boosted.fit(matrix, scaled / begun, sample_weight=weight * begun)
        return fitted

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Expected outcome, shape (n_rows,), in the unit of the outcomes."""
        boosted = Forest.walked(self._boosted, matrix).mean()
        expected: np.ndarray = self._mean * self._begun(matrix) * boosted
        return expected

    def _begun(self, matrix: np.ndarray) -> np.ndarray:
        """What the first tree leaves the others to multiply; 1 without it."""
        if self._first is None:
            return np.ones(len(matrix))
        first = Forest.walked(self._first, matrix).mean()
        begun: np.ndarray = np.maximum(first, FIRST_LEAST) ** self._power
        return begun

    def parameters(self) -> dict[str, float]:
        """Fitted state without the trees."""
        return {"mean": self._mean, "power": self._power}

    def estimators(self) -> dict[str, BaseEstimator]:
        """The boosted trees and, where there is one, the first."""
        trees = {"boosted": self._boosted, "first": self._first}
        return {name: tree for name, tree in trees.items() if tree is not None}

    @classmethod
    def restore(cls, parameters: dict[str, float], trees: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        mean, power = parameters["mean"], parameters["power"]
        return cls(mean, power, trees["boosted"], trees.get("first"))


def snapped(matrix: np.ndarray) -> np.ndarray:
    """Move each value to the nearest of at most `max_bins` quantiles of its column; NaN stays.

    The trees' borders then lie half way between these, as they would anyway: they are found at
    a glance instead of by one weighted percentile after the other, which took longer than the
    trees themselves. New customers are judged by their own values.

    Examples
    --------
    >>> column = np.append(np.arange(1000.0), np.nan)[:, None]
    >>> few = np.unique(snapped(column))
    >>> len(few), float(few[0]), float(few[1]), bool(np.isnan(few[-1]))
    (64, 0.0, 16.0, True)
    """
    n_bins, near = SETTINGS["max_bins"], matrix.copy(order="F")
    for column in near.T:
        known = column[~np.isnan(column)]
        ordered = np.sort(known)
        if np.count_nonzero(ordered[1:] != ordered[:-1]) < n_bins:
            continue
        kept = np.unique(ordered[_evenly_placed(len(ordered), n_bins)])
        half_way = (kept[1:] + kept[:-1]) / 2
        column[~np.isnan(column)] = kept[np.searchsorted(half_way, known)]
    return near


@lru_cache(maxsize=64)
def _evenly_placed(n_values: int, n_quantiles: int) -> np.ndarray:
    """Places of the quantiles, the nearest values, among so many ordered ones."""
    places = np.quantile(np.arange(n_values), np.linspace(0, 1, n_quantiles), method="nearest")
    return places.astype(np.intp)


def thinned(panel: pd.DataFrame, most_rows: int = MOST_ROWS) -> pd.DataFrame:
    """At most `most_rows` rows of the panel, with `weight` raised so that totals stay.

    Trees do not become better with the hundred-thousandth one-time buyer, but slower.
    Of each outcome at least half of the room is kept, or all there are; within an outcome
    the rows are taken at even distances, the same ones every time.

    Examples
    --------
    >>> panel = pd.DataFrame({"churned": [1] * 90 + [0] * 10})
    >>> few = thinned(panel, 40)
    >>> few.groupby("churned")["weight"].agg(["size", "sum"]).to_numpy().tolist()
    [[10.0, 10.0], [30.0, 90.0]]
    """
    if len(panel) <= most_rows:
        return panel
    churned = panel["churned"].to_numpy() == 1
    rare, common = sorted((np.flatnonzero(churned), np.flatnonzero(~churned)), key=len)
    n_rare = min(len(rare), most_rows // 2)
    kept, shares = [], []
    for rows, n in ((rare, n_rare), (common, most_rows - n_rare)):
        if n:
            kept.append(rows[np.arange(n) * len(rows) // n])
            shares.append(np.full(n, len(rows) / n))
    order = np.argsort(np.concatenate(kept))
    chosen = np.concatenate(kept)[order]
    few = panel.iloc[chosen].reset_index(drop=True)
    return few.assign(weight=weights(few) * np.concatenate(shares)[order])
