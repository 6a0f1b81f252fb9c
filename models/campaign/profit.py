"""Expected profit of a contact, customer by customer, and what a budget is spent on.

The one order of contacts is that of `at_stake`: a customer's own probability of leaving times
their own expected money. It is 0 for who stays anyway, and for who left for good, of whom no
money is expected. Profit measures that average the value over customers (Verbraken, Verbeke &
Baesens 2013, "A novel profit maximizing metric") would rank by p_churn alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def at_stake(p_churn: ArrayLike, value: ArrayLike) -> np.ndarray:
    """Money that hangs on whether the customer stays: p_churn times expected money.

    Let a contact keep the share `effect` of those leaving, as far as they are still customers
    (1 - p_churn), and let who is kept spend what they spend when they buy,
    value / (1 - p_churn). The spend gained is then effect * p_churn * value: what is at stake
    times the effect. It is also the gain, to first order, when the contact multiplies the odds
    of buying by 1 + effect.

    Parameters
    ----------
    p_churn : array, shape (n_customers,)
        Probability of no purchase in the horizon.
    value : array, shape (n_customers,)
        Expected money without a contact, the customer's own: `expected_spend` or `clv`. What
        is below 0 counts as 0.

    Returns
    -------
    array, shape (n_customers,)
        Money. Larger is more worth a contact.

    Examples
    --------
    >>> at_stake([0.0, 0.5, 1.0], [100, 80, 0]).tolist()
    [0.0, 40.0, 0.0]
    """
    return np.asarray(p_churn, float) * np.maximum(np.asarray(value, float), 0.0)


def expected_profit(gain: ArrayLike, margin: float, cost: ArrayLike) -> np.ndarray:
    """Margin times (spend if contacted - spend if not), less the cost of the contact; money.

    Examples
    --------
    >>> expected_profit([10.0, 1.0], margin=0.3, cost=0.5).tolist()
    [2.5, -0.2]
    """
    return margin * np.asarray(gain, float) - np.asarray(cost, float)


def choose(
    profit: ArrayLike,
    cost: float,
    *,
    treated_share: float = 1.0,
    budget: float | None = None,
    most: int | None = None,
) -> np.ndarray:
    """Whom a campaign is about: the most profitable first, as far as the money reaches.

    Nobody with an expected profit of 0 or less is chosen. One cost for all makes the order by
    profit the order by profit per unit of cost.

    Parameters
    ----------
    profit : array, shape (n_customers,)
        Expected profit of a contact; of equals, the first come first.
    treated_share : float
        Share of those chosen who are contacted; the others are the control group and cost nothing.
    budget, most : optional
        Money, and number of contacts, that are not exceeded.

    Returns
    -------
    array of bool, shape (n_customers,)

    Examples
    --------
    >>> choose([5, -1, 3, 4], cost=2, budget=4).tolist()
    [True, False, False, True]
    """
    profits = np.asarray(profit, float)
    order = np.argsort(-profits, kind="stable")
    n = int((profits > 0).sum())
    contacts = [float(n)] if most is None else [float(n), most / treated_share]
    if budget is not None and cost > 0:
        contacts.append(budget / (cost * treated_share))
    chosen = np.zeros(len(profits), bool)
    # The tiny share keeps 4 / (2 * 0.8) from being one less than it is.
    chosen[order[: min(n, int(min(contacts) + 1e-9))]] = True
    return chosen


def profit_by_contacts(profit: ArrayLike, points: int = 100) -> pd.DataFrame:
    """Expected profit of contacting the first so many of the order of contacts.

    Returns
    -------
    DataFrame
        `n_contacted` (0 to all, at most `points` + 1 rows) and `profit`.

    Examples
    --------
    >>> profit_by_contacts([1.0, 3.0, -2.0])["profit"].tolist()
    [0.0, 3.0, 4.0, 2.0]
    """
    earned = np.concatenate([[0.0], np.cumsum(-np.sort(-np.asarray(profit, float)))])
    n = np.unique(np.linspace(0, len(earned) - 1, min(points, len(earned) - 1) + 1).astype(int))
    return pd.DataFrame({"n_contacted": n, "profit": earned[n]})


def break_even_effect(at_stake: ArrayLike, margin: float, cost: float) -> float:
    """The effect at which contacting these customers earns nothing; infinite if none can.

    Examples
    --------
    >>> break_even_effect([20.0, 30.0], margin=0.2, cost=0.5)
    0.1
    """
    staked = np.asarray(at_stake, float)
    worth = margin * staked.sum()
    return float(cost * len(staked) / worth) if worth > 0 else float("inf")
