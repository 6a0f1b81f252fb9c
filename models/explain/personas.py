"""Personas: repeat customers grouped by how they buy, each told in one sentence.

K-means on standardised behaviour. The number of groups is the one with the highest silhouette
(Rousseeuw 1987) among those that come out again on resampled customers: the adjusted Rand index
(Hubert & Arabie 1985) of all customers' groups, learned on two random halves, is at least `STABLE`.
Customers who bought once show no rhythm and are a persona by rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler

NUMBERS = range(2, 7)
STABLE = 0.8
RESAMPLES = 5
LEAST = 100
"""Repeat customers below which no groups are looked for."""

LARGEST_SILHOUETTE = 2_000
"""Customers that the silhouette, whose cost grows with their square, is computed on."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Personas:
    """The groups found.

    `table` has a row per persona, the largest share of revenue first: ``sentence``,
    ``customers``, ``customer_share``, ``revenue_share`` and the medians ``gap_mean`` (days between
    purchases), ``amount_mean`` (money of a purchase day) and ``weekend_share``. `stability` is the
    adjusted Rand index of the number chosen, `silhouette` its silhouette; NaN where no number of
    groups was stable, and all repeat customers are one persona.
    """

    table: pd.DataFrame
    stability: float
    silhouette: float


def personas(customers: pd.DataFrame, seed: int = 0) -> Personas:
    """Group customers by how they buy.

    Parameters
    ----------
    customers
        Snapshot columns ``frequency``, ``gap_mean``, ``amount_mean``, ``weekend_share``,
        ``amount_total``.
    """
    repeat = customers["frequency"].to_numpy() > 0
    labels = np.full(len(customers), -1)
    stability = silhouette = np.nan
    if repeat.sum() >= LEAST:
        found = _chosen(_behaviour(customers[repeat]), seed)
        labels[repeat] = found[0]
        stability, silhouette = found[1:]
    else:
        labels[repeat] = 0
    return Personas(_table(customers, labels), stability, silhouette)


def _behaviour(customers: pd.DataFrame) -> Floats:
    """Rhythm, loyalty and basket as logarithms, and weekends; each of mean 0 and deviation 1."""
    columns = {
        "gap": np.log(customers["gap_mean"]),
        "purchases": np.log1p(customers["frequency"]),
        "basket": np.log(customers["amount_mean"].clip(lower=0.01)),
        "weekend": customers["weekend_share"],
    }
    return np.asarray(StandardScaler().fit_transform(pd.DataFrame(columns)), float)


def _chosen(behaviour: Floats, seed: int) -> tuple[NDArray[np.int64], float, float]:
    """Groups of the best stable number; one group, NaN and NaN where none is stable."""
    rng = np.random.default_rng(seed)
    best: tuple[NDArray[np.int64], float, float] = (
        np.zeros(len(behaviour), int),
        np.nan,
        -np.inf,
    )
    for number in NUMBERS:
        stable = _stability(behaviour, number, rng)
        if stable < STABLE:
            continue
        labels = _fitted(behaviour, number, seed).predict(behaviour)
        sample = min(len(behaviour), LARGEST_SILHOUETTE)
        score = silhouette_score(behaviour, labels, sample_size=sample, random_state=seed)
        if score > best[2]:
            best = labels, stable, float(score)
    return best if np.isfinite(best[2]) else (best[0], np.nan, np.nan)


def _fitted(behaviour: Floats, number: int, seed: int) -> KMeans:
    return KMeans(number, n_init=5, random_state=seed).fit(behaviour)


def _stability(behaviour: Floats, number: int, rng: np.random.Generator) -> float:
    """Mean adjusted Rand index of the groups learned on two halves."""
    scores = []
    for draw in range(RESAMPLES):
        order = rng.permutation(len(behaviour))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        one, other = (_fitted(behaviour[half], number, draw).predict(behaviour) for half in halves)
        scores.append(adjusted_rand_score(one, other))
    return float(np.mean(scores))


def _table(customers: pd.DataFrame, labels: NDArray[np.int64]) -> pd.DataFrame:
    grouped = customers.groupby(labels)
    found = grouped[["gap_mean", "amount_mean", "weekend_share"]].median()
    total = customers["amount_total"].sum()
    found["weekend_share"] = grouped["weekend_share"].mean()
    found["customers"] = grouped.size()
    found["customer_share"] = found["customers"] / len(customers)
    found["revenue_share"] = grouped["amount_total"].sum() / total if total > 0 else np.nan
    found = found.sort_values(["revenue_share", "customers"], ascending=False)
    found.insert(0, "sentence", [_sentence(row, name == -1) for name, row in found.iterrows()])
    return found.reset_index(drop=True)


def _sentence(row: pd.Series, once: bool) -> str:
    """What a group is, as one would tell a colleague."""
    rhythm = "Bought once" if once else f"Every {row['gap_mean']:.0f} days"
    days = ""
    if row["weekend_share"] > 1.5 * 2 / 7:
        days = ", weekends"
    elif row["weekend_share"] < 0.5 * 2 / 7:
        days = ", on working days"
    share = row["revenue_share"]
    money = f", {share:.0%} of revenue" if np.isfinite(share) else ""
    return (
        f"{rhythm}, baskets of {row['amount_mean']:,.0f}{days}: "
        f"{row['customer_share']:.0%} of customers{money}"
    )
