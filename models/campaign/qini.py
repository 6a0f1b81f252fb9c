"""How well an order of customers finds those whom a contact changes: the Qini coefficient.

Radcliffe (2007), "Using control groups to target on predicted lift"; here as the rank-weighted
average effect of Yadlowsky et al. (2021) with linear weights, which has a standard error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from models.campaign.estimation import LEVEL, Difference


def qini(score: ArrayLike, gain: ArrayLike) -> Difference:
    """Area between the curve of gains by share contacted and the line of a blind draw.

    Parameters
    ----------
    score : array, shape (n_customers,)
        Larger is contacted earlier. Ties are averaged over all their orders, so that a constant
        scores 0 whatever the order of rows.
    gain : array, shape (n_customers,)
        Each customer's doubly robust estimate of what a contact changes, made without them.

    Returns
    -------
    Difference
        In the unit of `gain`, per customer; larger is better. Its interval treats the score as
        given: it must come from other customers than these.

    Examples
    --------
    >>> qini([1, 1, 1], [9.0, 0.0, -3.0]).estimate, qini([3, 2, 1], [9.0, 0.0, -3.0]).estimate
    (0.0, 1.3333333333333333)
    """
    estimate, influence = _parts(score, gain)
    return _difference(estimate, influence)


def better_by(score: ArrayLike, rival: ArrayLike, gain: ArrayLike) -> Difference:
    """Qini of an order less that of another one, on the same customers."""
    one, other = _parts(score, gain), _parts(rival, gain)
    return _difference(one[0] - other[0], one[1] - other[1])


def _parts(score: ArrayLike, gain: ArrayLike) -> tuple[float, np.ndarray]:
    """The coefficient, and what each customer adds to it, up to a constant."""
    order, gained = np.asarray(score, float), np.asarray(gain, float)
    # Midranks average ties over all their orders: the share of the curve behind each customer.
    weight = (stats.rankdata(order) - 0.5) / len(order) - 0.5
    # A customer also moves the ranks of all who come before them in the order of contacts.
    _, place = np.unique(order, return_inverse=True)
    sums = np.bincount(place, gained)
    above = (np.cumsum(sums[::-1])[::-1] - sums / 2)[place] / len(order)
    return float((weight * gained).mean()), weight * gained + above


def _difference(estimate: float, influence: np.ndarray) -> Difference:
    reach = float(stats.norm.ppf((1 + LEVEL) / 2))
    return Difference(estimate, float(influence.std(ddof=1) / len(influence) ** 0.5), reach)
