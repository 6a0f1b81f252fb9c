"""How much each part of a blend counts, learned from what the parts said in the past.

A super learner (van der Laan, Polley & Hubbard 2007) in log odds: the weights are not
negative, sum to 1, and minimise the log loss of predictions made at earlier cutoffs, by
parts that had only seen what came before those. Thin evidence leaves them at their prior.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

CAUTION = 0.4
"""Charge for leaving the prior weights: this over sqrt(customers), times the squared distance.

Twice the chance by which one set of weights beats another on so many: past cutoffs overlap,
and what was best then is not quite what is best now.
"""


@dataclass(frozen=True)
class Evidence:
    """What the parts said at one past cutoff, and what came.

    `log_odds` has shape (n_customers, n_parts); `churned` and `weight` (n_customers,).
    """

    log_odds: np.ndarray
    churned: np.ndarray
    weight: np.ndarray


REACH = 1.5
"""A buy-till-you-die model's log odds lie within this of the learned parts'."""


def within_reach(odds: dict[str, np.ndarray], learned: Collection[str]) -> dict[str, np.ndarray]:
    """Hold what is assumed to what has been seen: no part far beyond all `learned` ones.

    A mean of log odds listens to whoever exaggerates. The tails of a buy-till-you-die model are
    its story's, not the log's: where that does not fit, it gives customers up for whom the odds
    are even, and a twentieth of its word would move them by a log odd.

    Parameters
    ----------
    odds : dict of ndarray, shape (n_customers,)
        Log odds by part. Without a learned part they stay as they are.

    Examples
    --------
    >>> said = {"btyd": np.array([20.0, 0.5]), "trees": np.array([0.0, 0.0])}
    >>> within_reach(said, ["trees"])["btyd"].tolist()
    [1.5, 0.5]
    """
    seen = [odds[name] for name in odds if name in learned]
    if not seen:
        return odds
    low, high = np.min(seen, axis=0) - REACH, np.max(seen, axis=0) + REACH
    return {name: x if name in learned else np.clip(x, low, high) for name, x in odds.items()}


def learned_weights(
    evidence: list[Evidence], prior: np.ndarray, caution: float = CAUTION
) -> np.ndarray:
    """Weights of the parts, shape (n_parts,), from none or several past cutoffs.

    At each cutoff the blend's level is free: how well a part orders customers is lasting,
    whether a season was good or bad is not.

    Examples
    --------
    >>> churned = np.array([0.0, 1.0] * 500)
    >>> knowing, noise = np.where(churned == 1, 1.0, -1.0), np.tile([1.0, 1.0, -1.0, -1.0], 250)
    >>> seen = Evidence(np.column_stack([knowing, noise]), churned, np.ones(1000))
    >>> learned_weights([], np.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    >>> bool(learned_weights([seen], np.array([0.5, 0.5]))[0] > 0.9)
    True
    """
    usable = [e for e in evidence if 0 < e.churned.mean() < 1]
    if not usable:
        return prior
    n_customers = sum(len(e.churned) for e in usable)
    charge = caution / np.sqrt(n_customers)
    k = len(prior)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        weights = _softmax(theta[:k])
        value = charge * float(((weights - prior) ** 2).sum())
        slope = 2 * charge * (weights - prior)
        levels = np.zeros(len(usable))
        for number, e in enumerate(usable):
            margin = e.log_odds @ weights + theta[k + number]
            share = e.weight / e.weight.sum() / len(usable)
            value += float((share * (np.logaddexp(0.0, margin) - e.churned * margin)).sum())
            residual = share * (1 / (1 + np.exp(-margin)) - e.churned)
            slope = slope + residual @ e.log_odds
            levels[number] = residual.sum()
        # The softmax does not change when a constant is added; this holds it in place.
        pinned = 1e-6 * theta[:k]
        through = weights * (slope - weights @ slope) + pinned
        return value + float(0.5 * theta[:k] @ pinned), np.concatenate([through, levels])

    start = np.concatenate([np.log(prior), np.zeros(len(usable))])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return _softmax(found.x[:k])


def _softmax(theta: np.ndarray) -> np.ndarray:
    weight = np.exp(theta - theta.max())
    return weight / weight.sum()
