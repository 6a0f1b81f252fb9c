"""Is the difference real: paired bootstrap over customers, and a grade in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked_probabilities
from models.evaluation.scores import SMALLEST_PROBABILITY


class Difference(NamedTuple):
    """A model's mean score minus a rival's, with an interval over customers, 95 % by default.

    Smaller is better; `wins` of `cutoffs` had a smaller score than the rival's.
    """

    difference: float
    low: float
    high: float
    wins: int
    cutoffs: int


def customer_log_loss(churned: ArrayLike, p_churn: ArrayLike) -> np.ndarray:
    """Log loss of every customer, in nats, shape (n_customers,); NaN where `p_churn` is.

    Examples
    --------
    >>> customer_log_loss([1, 0, 1], [0.5, 0.0, np.nan]).round(3).tolist()
    [0.693, 0.0, nan]
    >>> customer_log_loss([1, 0], [np.nan, np.nan]).tolist()
    [nan, nan]
    """
    p_churn = np.asarray(p_churn, dtype=float)
    losses, said = np.full(p_churn.shape, np.nan), ~np.isnan(p_churn)
    if not said.any():
        return losses
    observed, predicted, _ = checked_probabilities(np.asarray(churned)[said], p_churn[said])
    p = np.clip(predicted, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    losses[said] = np.where(observed == 1, -np.log(p), -np.log1p(-p))
    return losses


def paired_difference(
    losses: Sequence[np.ndarray],
    rival_losses: Sequence[np.ndarray],
    weights: Sequence[np.ndarray] | None = None,
    repeats: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """Mean loss minus a rival's on the same customers, and how sure that is.

    Customers are reweighted at random (Rubin 1981, "The Bayesian bootstrap"), both models'
    losses together: what is hard for both does not blur the comparison. Each cutoff counts
    alike.

    Parameters
    ----------
    losses, rival_losses : sequences of arrays
        Losses per customer, one array per cutoff, customers in the same order.
    weights : sequence of arrays, optional
        Numbers of customers.
    confidence : float
        Probability that the interval is to hold.

    Examples
    --------
    >>> loss, rival = np.full(100, 0.4), np.linspace(0.4, 0.6, 100)
    >>> paired_difference([loss], [rival]).wins
    1
    """
    rng = np.random.default_rng(seed)
    means, draws = [], []
    for number, (own, other) in enumerate(zip(losses, rival_losses, strict=True)):
        gap = np.asarray(own, dtype=float) - np.asarray(other, dtype=float)
        weight = np.ones(len(gap)) if weights is None else np.asarray(weights[number], float)
        means.append(float(np.average(gap, weights=weight)))
        draws.append(_resampled_means(gap, weight, repeats, rng))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.mean(draws, axis=0), [tail, 1 - tail])
    wins = sum(mean < 0 for mean in means)
    return Difference(float(np.mean(means)), float(low), float(high), wins, len(means))


def _resampled_means(
    gap: np.ndarray, weight: np.ndarray, repeats: int, rng: np.random.Generator
) -> np.ndarray:
    # Exponential weights vary as counts of draws with replacement do, and are drawn faster.
    means = np.empty(repeats)
    for k in range(repeats):
        drawn = weight * rng.standard_exponential(len(gap))
        means[k] = (drawn * gap).sum() / drawn.sum()
    return means


def grade(difference: Difference, rival: str) -> str:
    """Say in words what a difference in log loss means.

    Examples
    --------
    >>> grade(Difference(-0.02, -0.03, -0.01, 3, 3), "recency_alone")
    'better than recency alone at all 3 cutoffs'
    >>> grade(Difference(-0.001, -0.003, 0.001, 2, 3), "recency_alone")
    'no better than recency alone: the difference is within chance'
    >>> grade(Difference(0.02, 0.01, 0.03, 1, 3), "recency_alone")
    'worse than recency alone on average, better at 1 of 3 cutoffs'
    """
    name = rival.replace("_", " ")
    won = f"{difference.wins} of {difference.cutoffs} cutoffs"
    every = (
        f"at all {difference.cutoffs} cutoffs" if difference.cutoffs > 1 else "at the one cutoff"
    )
    if difference.low > 0:
        some = f"on average, better at {won}"
        return f"worse than {name} {some if difference.wins else every}"
    if difference.high >= 0:
        return f"no better than {name}: the difference is within chance"
    some = f"on average, but only at {won}"
    return f"better than {name} {some if difference.wins < difference.cutoffs else every}"
