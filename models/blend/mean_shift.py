"""Calibration in the large: one constant in all log odds that sets their mean probability."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from models.contenders.encoding import expit


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


def beyond_chance(seen: float, usual: float) -> float:
    """What was seen once, less what may be chance of a usual size (James & Stein 1961).

    >>> beyond_chance(0.1, 0.15), round(beyond_chance(-1.0, 0.15), 4)
    (0.0, -0.9775)
    """
    return seen * max(0.0, 1 - (usual / seen) ** 2) if seen else 0.0
