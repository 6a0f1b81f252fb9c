"""Bringing probabilities to a mean: how high all of them are, apart from who is before whom."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from models.encoding import expit
from models.weights import Evidence

BTYD_SHARE = 2 / 3
"""How much the buy-till-you-die models say about the mean; the rest is the learned parts'."""


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


def two_levels(levels: dict[str, float], btyd: tuple[str, ...], learned: tuple[str, ...]) -> float:
    """Mix the mean level of either kind of part; one kind alone where the other is missing.

    Examples
    --------
    >>> two_levels({"pareto_nbd": 1.0, "logistic": 4.0}, ("pareto_nbd",), ("logistic",))
    2.0
    >>> two_levels({"pareto_nbd": 1.0}, ("pareto_nbd",), ("logistic",))
    1.0
    """
    kinds = [[levels[name] for name in kind if name in levels] for kind in (btyd, learned)]
    shares = [BTYD_SHARE, 1 - BTYD_SHARE]
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
