"""What a campaign of given groups will be able to show, and how large a control that takes.

The two-sample formula for groups of different size (Cohen 1988; Bloom 1995, "Minimum detectable
effects"): with 5 % two-sided and 80 % power, 2.80 standard errors of the difference.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm


def standard_errors(alpha: float = 0.05, power: float = 0.8) -> float:
    """How many standard errors a difference must be away from 0 to be shown so often.

    Examples
    --------
    >>> round(standard_errors(), 3)
    2.802
    """
    return float(norm.ppf(1 - alpha / 2) + norm.ppf(power))


def explained(expected: ArrayLike, variance: ArrayLike) -> tuple[float, float]:
    """Standard deviation of an outcome between customers, and the share (R-squared) scores tell.

    Parameters
    ----------
    expected, variance : array, shape (n_customers,)
        Of each customer's outcome: of a purchase, 1 - p_churn and p_churn * (1 - p_churn).

    Examples
    --------
    >>> explained([0.0, 1.0], [0.0, 0.5])
    (0.7071067811865476, 0.5)
    """
    between = float(np.var(np.asarray(expected, float)))
    total = between + float(np.mean(np.asarray(variance, float)))
    return sqrt(total), between / total if total > 0 else 0.0


def detectable(sd: float, n_treated: int, n_control: int, r_squared: float = 0.0) -> float:
    """Smallest true difference that is shown in 80 % of campaigns of these groups.

    Parameters
    ----------
    sd : float
        Standard deviation of the outcome between customers, in its own unit.
    r_squared : float
        Share of its variance that the scores explain: 0 is without adjustment.

    Returns
    -------
    float
        In the outcome's unit. Smaller is better.

    Examples
    --------
    >>> round(detectable(0.5, 2000, 2000), 4), round(detectable(0.5, 2000, 2000, 0.19), 4)
    (0.0443, 0.0399)
    """
    return standard_errors() * sd * sqrt((1 - r_squared) * (1 / n_treated + 1 / n_control))


def control_needed(sd: float, difference: float, n: int, r_squared: float = 0.0) -> float | None:
    """Smallest share of `n` customers in the control that shows `difference`; None if no share can.

    A control of more than half shows less again, so the share is at most 0.5.

    Examples
    --------
    >>> round(control_needed(0.5, 0.05, 4000), 3), control_needed(0.5, 0.01, 4000)
    (0.268, None)
    """
    if difference <= 0:
        return None
    # share * (1 - share) must be at least this.
    product = (standard_errors() * sd / difference) ** 2 * (1 - r_squared) / n
    return None if product > 0.25 else (1 - sqrt(1 - 4 * product)) / 2
