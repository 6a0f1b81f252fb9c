"""Stacking weights: how much each base learner counts in the log odds of churn.

A super learner (van der Laan, Polley & Hubbard 2007). The weights are not negative and sum to 1.
They minimise the log loss of out-of-time predictions: those of learners fitted to what was known
at earlier cutoffs. Where there is little evidence they stay near their prior.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from models.blend.base_learners import PRIOR_WEIGHTS, SUPERVISED
from models.blend.mean_shift import shift_to_mean

SHRINKAGE = 0.4
"""Penalty on leaving the prior weights: this over sqrt(customers), times the squared distance.

Twice the chance by which one set of weights beats another on so many: cutoffs overlap, and what
was best then is not quite what is best now.
"""

REACH = 1.5
"""A buy-till-you-die model's log odds lie within this of the supervised learners'."""

# Chosen on short logs, which docs/search-log.md shows at three shares.
HALF_TAUGHT = 1000
"""Supervised learners that no earlier cutoff could try, and that were taught by so many customers,
have half of their prior weights."""

FEW_CUSTOMERS = 2000
"""With fewer, supervised learners count only where out-of-time predictions show no loss by them."""


@dataclass(frozen=True)
class Level1Data:
    """Out-of-time log odds of each base learner at one cutoff, and what came.

    "Level-one data" is Wolpert's (1992) word for what a stack learns from. `log_odds` has shape
    (n_customers, n_learners); `churned` and `weight` (n_customers,).
    """

    log_odds: np.ndarray
    churned: np.ndarray
    weight: np.ndarray


def within_reach(odds: dict[str, np.ndarray], supervised: Collection[str]) -> dict[str, np.ndarray]:
    """Clip log odds to at most `REACH` beyond those of the supervised learners.

    The tails of a buy-till-you-die model come from its assumptions. Where these do not fit, it
    gives up customers for whom the odds are even, and a weight of one twentieth would be enough
    to move them by a log odd.

    Parameters
    ----------
    odds : dict of ndarray, shape (n_customers,)
        Log odds by learner. Without a supervised one they stay as they are.

    Examples
    --------
    >>> odds = {"btyd": np.array([20.0, 0.5]), "trees": np.array([0.0, 0.0])}
    >>> within_reach(odds, ["trees"])["btyd"].tolist()
    [1.5, 0.5]
    """
    seen = [odds[name] for name in odds if name in supervised]
    if not seen:
        return odds
    low, high = np.min(seen, axis=0) - REACH, np.max(seen, axis=0) + REACH
    return {name: x if name in supervised else np.clip(x, low, high) for name, x in odds.items()}


def stacking_weights(data: list[Level1Data], prior: np.ndarray, shrunk: bool = True) -> np.ndarray:
    """Weights of the base learners, shape (n_learners,), from none or several cutoffs.

    Each cutoff has an intercept of its own: how well a learner ranks customers lasts, whether a
    season was good or bad does not.

    Examples
    --------
    >>> churned = np.array([0.0, 1.0] * 500)
    >>> knowing, noise = np.where(churned == 1, 1.0, -1.0), np.tile([1.0, 1.0, -1.0, -1.0], 250)
    >>> seen = Level1Data(np.column_stack([knowing, noise]), churned, np.ones(1000))
    >>> stacking_weights([], np.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    >>> bool(stacking_weights([seen], np.array([0.5, 0.5]))[0] > 0.9)
    True
    """
    usable = [one for one in data if 0 < one.churned.mean() < 1]
    if not usable:
        return prior
    n_customers = sum(len(one.churned) for one in usable)
    penalty = SHRINKAGE / np.sqrt(n_customers) if shrunk else 0.0
    k = len(prior)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        weights = _softmax(theta[:k])
        value = penalty * float(((weights - prior) ** 2).sum())
        slope = 2 * penalty * (weights - prior)
        intercepts = np.zeros(len(usable))
        for number, one in enumerate(usable):
            margin = one.log_odds @ weights + theta[k + number]
            share = one.weight / one.weight.sum() / len(usable)
            value += float((share * (np.logaddexp(0.0, margin) - one.churned * margin)).sum())
            residual = share * (1 / (1 + np.exp(-margin)) - one.churned)
            slope = slope + residual @ one.log_odds
            intercepts[number] = residual.sum()
        # The softmax does not change when a constant is added; this holds it in place.
        pinned = 1e-6 * theta[:k]
        through = weights * (slope - weights @ slope) + pinned
        return value + float(0.5 * theta[:k] @ pinned), np.concatenate([through, intercepts])

    start = np.concatenate([np.log(prior), np.zeros(len(usable))])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return _softmax(found.x[:k])


def untried_weights(prior: np.ndarray, supervised: np.ndarray, n_taught: float) -> np.ndarray:
    """Prior weights where no earlier cutoff could try a learner, shape (n_learners,).

    What supervised learners say rests on the customers whose outcome they have seen. Of a few
    hundred they learn less than a buy-till-you-die model assumes.

    Parameters
    ----------
    prior, supervised : ndarray, shape (n_learners,)
        Weights that sum to 1, and which learners were taught.
    n_taught : float
        Customers of the latest labelled cutoff.

    Examples
    --------
    >>> prior, supervised = np.array([0.1, 0.1, 0.8]), np.array([False, False, True])
    >>> untried_weights(prior, supervised, 1000).round(2).tolist()
    [0.3, 0.3, 0.4]
    """
    taught = n_taught / (n_taught + HALF_TAUGHT)
    rest = (1 - taught * prior[supervised].sum()) / prior[~supervised].sum()
    return np.where(supervised, taught, rest) * prior


def weights_or_btyd_alone(
    names: list[str],
    data: list[Level1Data],
    unclipped: list[Level1Data],
    n_customers: int,
    n_taught: float,
) -> tuple[dict[str, float], str]:
    """Stacking weights by learner; of few customers, supervised learners that lost do not count.

    Parameters
    ----------
    names : list of str
        The learners of churn, in the order of the columns of the data.
    data, unclipped : list of Level1Data
        Log odds held `within_reach`, and as the learners gave them.
    n_customers, n_taught : float
        Customers known today, and those of the latest labelled cutoff.

    Returns
    -------
    weights, note
        The note says why supervised learners count little; empty when they do not.
    """
    prior = np.array([PRIOR_WEIGHTS[name] for name in names])
    prior = prior / prior.sum()
    supervised = np.isin(names, SUPERVISED)
    weights, note = stacking_weights(data, prior), ""
    if supervised.all() or not supervised.any():
        return dict(zip(names, weights.tolist(), strict=True)), note
    if not data:
        weights = untried_weights(prior, supervised, n_taught)
        note = (
            f"Machine learning saw what came of {n_taught:,.0f} customers, and no earlier cutoff "
            f"could try it: it counts {weights[supervised].sum():.0%}."
        )
    elif n_customers < FEW_CUSTOMERS:
        alone = np.where(supervised, 0.0, prior) / prior[~supervised].sum()
        gain = sum(loss_at_true_mean(one, alone) for one in unclipped)
        gain -= sum(loss_at_true_mean(one, weights) for one in data)
        if gain <= 0:
            weights = alone
            note = (
                f"{n_customers:,} customers are few, and earlier cutoffs do not show that machine "
                "learning helps: the buy-till-you-die models answer alone."
            )
    return dict(zip(names, weights.tolist(), strict=True)), note


def loss_at_true_mean(data: Level1Data, weights: np.ndarray) -> float:
    """Log loss of a stack at one cutoff, its mean set to what came; smaller is better."""
    mixed = data.log_odds @ weights
    rate = float(np.average(data.churned, weights=data.weight))
    if rate in (0.0, 1.0):
        return 0.0
    mixed = mixed + shift_to_mean(mixed, data.weight, rate)
    loss = np.logaddexp(0.0, mixed) - data.churned * mixed
    return float(np.average(loss, weights=data.weight))


def _softmax(theta: np.ndarray) -> np.ndarray:
    weight = np.exp(theta - theta.max())
    return weight / weight.sum()
