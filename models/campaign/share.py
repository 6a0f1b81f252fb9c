"""What a contact gains as a share of what was at stake, each customer weighed by certainty.

A difference of mean spends divided by the mean at stake asks the few largest customers only.
Here the share is the coefficient of at stake x (contacted - probability of contact) in a
weighted regression of spend: the linear case of Nie & Wager (2021), "Quasi-oracle estimation of
heterogeneous treatment effects". The probability is known, so that the share is right whatever
the other terms are worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.campaign.estimation import Difference, coefficients
from models.campaign.profit import at_stake

BASKET = 0.5
"""Squared coefficient of variation of what one buyer spends, for weights only."""


def share_of_stake(
    spend: ArrayLike,
    treated: ArrayLike,
    probability: ArrayLike,
    p_churn: ArrayLike,
    expected_spend: ArrayLike,
) -> Difference | None:
    """Spend gained by a contact, as a share of p_churn x expected_spend; errors are HC3.

    Parameters
    ----------
    spend : array, shape (n_customers,)
        Money that came, in the horizon or what of it is over.
    treated : array, shape (n_customers,)
        1 for the treated, 0 for the control.
    probability : array, shape (n_customers,)
        Of being treated.
    p_churn, expected_spend : array, shape (n_customers,)
        As the scores said before the campaign.

    Returns
    -------
    Difference or None
        None where nothing is at stake, nobody spent, or one group is empty.

    Examples
    --------
    >>> p, spend = np.full(8, 0.5), np.array([30.0, 10] * 4)
    >>> found = share_of_stake(spend, [1, 0] * 4, np.full(8, 0.5), p, np.full(8, 20.0))
    >>> round(found.estimate, 6)
    2.0
    """
    y, p, value = (np.asarray(one, float) for one in (spend, p_churn, expected_spend))
    value, staked = np.maximum(value, 0.0), at_stake(p, value)
    drawn = staked * (np.asarray(treated, float) - np.asarray(probability, float))
    if not np.any(drawn > 0) or not np.any(drawn < 0) or not y.any():
        return None
    weight = (1 / _deviation(p, value))[:, None]
    design = np.column_stack([drawn, np.ones(len(y)), p, value, staked])
    return coefficients(weight * design, weight * y[:, None], 0)[0]


def _deviation(p_churn: np.ndarray, value: np.ndarray) -> np.ndarray:
    """How far a customer's spend varies, shape (n_customers,): only the weights hang on it.

    The variance of buying or not times the spend of who buys, which is drawn halfway to all
    customers' so that who was expected to spend nothing, and did, does not decide alone.
    """
    if_bought = value.sum() / max(float((1 - p_churn).sum()), 1e-12)
    own = value / np.maximum(1 - p_churn, 1e-6)
    expected = value + 0.05 * value.mean()
    return np.asarray(np.sqrt(expected * (own + if_bought) / 2 * (p_churn + BASKET)))
