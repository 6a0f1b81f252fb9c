"""What today's customers are expected to do, and those still to come, step by step.

Known customers by a Pareto/NBD of their purchase days; new ones come as often as lately, and
then buy as the model says a new customer does. Money is counted at the recent mean of a purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.btyd.customers import read_customers
from models.btyd.fit_warnings import heard
from models.btyd.pareto_nbd import ParetoNBDModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recent:
    """Rates of the last steps before an origin.

    `arrivals`: new customers a step; `revenue` and `orders`: of a purchase day, returns netted.
    """

    arrivals: float
    revenue: float
    orders: float


def bottom_up(
    histogram: pd.DataFrame, recent: Recent, steps: int, step_days: int, window: int
) -> pd.DataFrame:
    """Expected figures of each coming step, known and new customers apart.

    Parameters
    ----------
    histogram
        ``frequency``, ``recency``, ``T`` (days) and ``n_customers``, at the origin.
    window
        Days within which a purchase makes a customer active; at least `steps` x `step_days`.

    Returns
    -------
    DataFrame, one row per step: ``revenue``, ``orders`` and ``active`` (customers at the step's
    end), each with its parts ``_known`` and ``_new``.

    Raises
    ------
    models.btyd.FitError
        When the model cannot be fitted.
    """
    customers = read_customers(histogram, (), histogram["n_customers"])
    weight = customers.weight
    with heard():  # parameters that the data leave open do not matter here
        model = ParetoNBDModel().fit(customers)
    ends = step_days * np.arange(1.0, steps + 1)
    known = np.array([weight @ expected for expected in model.purchases_by(customers, ends)])
    purchases = {
        "known": np.diff(known, prepend=0.0),
        "new": _purchases_of_new(model, recent, ends),
    }
    silent = customers.T - customers.t_x

    def active_at(end: float, no_purchase: Floats) -> float:
        """Who bought lately enough still counts; the others if they buy."""
        asked = silent > window - end
        return float(weight[~asked].sum() + weight[asked] @ (1 - no_purchase[asked]))

    active = {
        "known": np.array(list(map(active_at, ends, model.no_purchase_by(customers, ends)))),
        "new": recent.arrivals * np.arange(1.0, steps + 1),
    }
    found = {}
    for part in ("known", "new"):
        found[f"revenue_{part}"] = purchases[part] * recent.revenue
        found[f"orders_{part}"] = purchases[part] * recent.orders
        found[f"active_{part}"] = active[part]
    for name in ("revenue", "orders", "active"):
        found[name] = found[f"{name}_known"] + found[f"{name}_new"]
    return pd.DataFrame(found)


def _purchases_of_new(model: ParetoNBDModel, recent: Recent, ends: Floats) -> Floats:
    """First purchases and repeats of customers who come in the steps, mid-step on average."""
    step = float(ends[0])
    later = np.asarray(model.expected_purchases_new_customer(ends - step / 2), float)
    repeats = np.cumsum(later)
    return recent.arrivals * (1 + np.diff(repeats, prepend=0.0))
