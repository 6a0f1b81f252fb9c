"""How much of a horizon's purchases comes within its first days, by horizons that are over."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.customer.labels import labels, labels_at_each
from features.customer.rfm import rfm
from models.contenders.baselines import RecencyAlone
from models.history import History
from pipeline.intake.orders import Orders

MOST_HORIZONS = 6


@dataclass(frozen=True)
class Pace:
    """Shares of a whole horizon that come within its first days, each 1 when it is over.

    `buyers` is of the customers who buy within the horizon, `buyers_sd` how far that share lay
    apart from horizon to horizon.
    """

    buyers: float = 1.0
    purchases: float = 1.0
    spend: float = 1.0
    buyers_sd: float = 0.0
    purchases_sd: float = 0.0


def pace(orders: Orders, as_of: date, horizon_days: int, days: int) -> Pace:
    """The shares of the last horizons that were over at `as_of`; of even pace where none was."""
    if days >= horizon_days:
        return Pace()
    starts = [as_of - timedelta(days=horizon_days * (n + 1)) for n in range(MOST_HORIZONS)]
    # A cutoff without a past has hardly any customers.
    starts = [day for day in starts if (day - orders.first_day).days >= horizon_days]
    even = days / horizon_days
    if not starts:
        return Pace(even, even, even)
    whole, part = (
        labels_at_each(orders.netted, dict.fromkeys(starts, length), orders.end)
        for length in (horizon_days, days)
    )
    whole, part = (
        rows.group_by("cutoff").aggregate(
            buyers=(rows.churned == 0).sum(),
            purchases=rows.purchases.sum(),
            spend=rows.spend.sum(),
        )
        for rows in (whole, part)
    )
    totals, came = (
        rows.order_by("cutoff").to_pyarrow().to_pandas().drop(columns="cutoff").astype(float)
        for rows in (whole, part)
    )
    if (totals.sum() <= 0).any():
        return Pace(even, even, even)
    shares = came.sum() / totals.sum()
    each = (came / totals.where(totals > 0)).std(ddof=0).fillna(0.0)
    return Pace(
        float(shares["buyers"]),
        float(shares["purchases"]),
        float(np.clip(shares["spend"], 0.01, 1.0)),
        float(each["buyers"]),
        float(each["purchases"]),
    )


def recency_rule(
    orders: Orders, customers: pd.DataFrame, as_of: date, horizon_days: int
) -> np.ndarray | None:
    """What `recency_alone` would have said at `as_of`: learned from the horizon before it.

    Parameters
    ----------
    customers
        With `T` and `recency`.

    Returns
    -------
    array, shape (n_customers,), of `p_churn`; None where the log is too young for the rule.
    """
    start = as_of - timedelta(days=horizon_days)
    if start <= orders.first_day:
        return None
    came = labels(orders.netted, start, horizon_days, orders.end)
    known = rfm(orders.netted, start).inner_join(came, "customer_id")
    panel = known.drop("customer_id").to_pyarrow().to_pandas().assign(cutoff=start)
    history = History(as_of, horizon_days, panel, {as_of: panel.head(0)})
    try:
        return RecencyAlone().fit(history).predict(customers)["p_churn"].to_numpy(float)
    except ValueError:  # everybody fared alike
        return None
