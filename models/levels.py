"""Bringing probabilities to a mean: how high all of them are, apart from who is before whom."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from models.encoding import expit, logit
from models.weights import Evidence

PRIOR_ERRORS = (0.03, 0.05)
"""Mean squared error of the level, in log odds, of buy-till-you-die and learned parts: as found
over many logs. The first carries no season; the second repeats the last one."""

PRIOR_CUTOFFS = 4
"""How many past cutoffs that experience counts for."""


def btyd_share(errors: list[tuple[float, float]]) -> float:
    """How much the buy-till-you-die models say about the mean; the rest is the learned parts'.

    Inverse to the mean squared errors of both, so that the mix errs least.

    Parameters
    ----------
    errors : list of pairs
        At each past cutoff: how far off the level of the buy-till-you-die models was, and
        that of the learned parts, in log odds.

    Examples
    --------
    >>> btyd_share([])
    0.625
    >>> round(btyd_share([(0.7, 0.0), (0.6, 0.1)]), 2)
    0.18
    """
    squared = np.array([[btyd**2, learned**2] for btyd, learned in errors]).reshape(-1, 2)
    prior = np.array(PRIOR_ERRORS) * PRIOR_CUTOFFS
    btyd, learned = (prior + squared.sum(axis=0)) / (PRIOR_CUTOFFS + len(squared))
    return float(learned / (btyd + learned))


def level_error(log_odds: np.ndarray, evidence: Evidence) -> float:
    """How far the mean of one part was off at a past cutoff, in log odds; 0 is best."""
    said = np.average(expit(log_odds), weights=evidence.weight)
    came = np.average(evidence.churned, weights=evidence.weight)
    return float(logit(np.array(said)) - logit(np.array(came)))


def shift_to_mean(log_odds: np.ndarray, weight: np.ndarray, mean: float) -> float:
    """Find the constant that, added to all log odds, brings the mean probability to `mean`.

    Examples
    --------
    >>> round(shift_to_mean(np.zeros(3), np.ones(3), 0.75), 4)
    1.0986
    """

    def excess(shift: float) -> float:
        return float(np.average(expit(log_odds + shift), weights=weight)) - mean

    return float(brentq(excess, -50.0, 50.0, xtol=1e-12))


def two_levels(
    levels: dict[str, float], btyd: tuple[str, ...], learned: tuple[str, ...], share: float
) -> float:
    """Mix the mean level of either kind of part; one kind alone where the other is missing.

    `share` is that of the buy-till-you-die models.

    Examples
    --------
    >>> two_levels({"pareto_nbd": 1.0, "logistic": 4.0}, ("pareto_nbd",), ("logistic",), 0.5)
    2.5
    >>> two_levels({"pareto_nbd": 1.0}, ("pareto_nbd",), ("logistic",), 0.5)
    1.0
    """
    kinds = [[levels[name] for name in kind if name in levels] for kind in (btyd, learned)]
    shares = [share, 1 - share]
    present = [(share, float(np.mean(k))) for share, k in zip(shares, kinds, strict=True) if k]
    return sum(share * level for share, level in present) / sum(share for share, _ in present)


def level_free_loss(evidence: Evidence, part_weights: np.ndarray) -> float:
    """Log loss of a mix at a past cutoff, its mean set to what came; smaller is better."""
    mixed = evidence.log_odds @ part_weights
    rate = float(np.average(evidence.churned, weights=evidence.weight))
    if rate in (0.0, 1.0):
        return 0.0
    mixed = mixed + shift_to_mean(mixed, evidence.weight, rate)
    loss = np.logaddexp(0.0, mixed) - evidence.churned * mixed
    return float(np.average(loss, weights=evidence.weight))
