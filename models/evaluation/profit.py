"""What contacting customers in an order would have earned."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import checked, share_in_top


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
