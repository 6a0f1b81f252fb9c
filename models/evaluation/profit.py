"""What contacting customers in an order would have earned.

The setting is that of Neslin, Gupta, Kamakura, Lu & Mason (2006), "Defection detection":
everybody contacted costs something, some of those who would have left stay, and whoever
stays brings what customers like them bring. What is saved depends on customers who did
leave, so it rests on an assumed success rate; only an experiment measures that.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, equal_groups, means_by_group, share_in_top


def profit_curve(
    gain: ArrayLike,
    order: ArrayLike,
    cost_per_contact: float,
    sample_weight: ArrayLike | None = None,
    steps: int = 20,
) -> pd.DataFrame:
    """Profit of contacting the first customers of an order, for growing shares contacted.

    Parameters
    ----------
    gain : array, shape (n_customers,)
        Money that contacting the customer earns before costs: what is saved, times how
        likely the contact saves it. That a contact changes anything is the caller's
        assumption; only an experiment measures it.
    order : array, shape (n_customers,)
        Larger comes first; ties are contacted in equal part.
    cost_per_contact : float
        Money, not negative.

    Returns
    -------
    DataFrame
        `share_contacted` (0, 1/steps, ..., 1), `n_contacted`, `profit` and `random`, the
        profit of contacting as many customers drawn blindly.

    Examples
    --------
    >>> profit_curve([10, 0], [2, 1], cost_per_contact=1, steps=2)["profit"].tolist()
    [0.0, 9.0, 8.0]
    """
    earned, priority, weight = checked(gain, order, sample_weight)
    if cost_per_contact < 0:
        raise ValueError("cost_per_contact must not be negative.")
    shares = np.arange(steps + 1) / steps
    contacted = shares * weight.sum()
    held = [(share_in_top(priority, weight, s) * weight * earned).sum() for s in shares]
    return pd.DataFrame(
        {
            "share_contacted": shares,
            "n_contacted": contacted,
            "profit": np.array(held) - cost_per_contact * contacted,
            "random": shares * (weight * earned).sum() - cost_per_contact * contacted,
        }
    )


def value_if_kept(
    spend: ArrayLike,
    churned: ArrayLike,
    expected_value: ArrayLike,
    sample_weight: ArrayLike | None = None,
    groups: int = 10,
) -> np.ndarray:
    """What a customer brings who buys: mean spend of the buyers most like them; never below 0.

    Parameters
    ----------
    expected_value : array, shape (n_customers,)
        What the model expects of each customer if they buy; those of one tenth of it are
        alike. A tenth without buyers gets the mean of all buyers.

    Returns
    -------
    array, shape (n_customers,)
        Money in the horizon, observed on others; 0 when nobody bought.

    Examples
    --------
    >>> value_if_kept([0, 30, 0, 90], [1, 0, 1, 0], [20, 25, 80, 85], groups=2).tolist()
    [30.0, 30.0, 90.0, 90.0]
    """
    spent, expected, weight = checked(spend, expected_value, sample_weight)
    bought = np.asarray(churned) == 0
    if not bought.any():
        return np.zeros(len(spent))
    alike = equal_groups(expected, weight, groups)
    means = means_by_group(alike[bought], weight[bought], spend=spent[bought])["spend"]
    everybody = float(np.average(spent[bought], weights=weight[bought]))
    return np.maximum(means.reindex(alike, fill_value=everybody).to_numpy(), 0.0)
