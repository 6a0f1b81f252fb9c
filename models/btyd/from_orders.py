"""From a table of orders in memory to what every model here reads: one row per customer.

For a log in a file `churn` has its own way, which never holds the log in memory and reads dirt.
This is the short way for a notebook.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.btyd.customers import as_frame, number_column, refuse
from models.btyd.dates import clocks, moment
from models.btyd.settings import number

_ROUNDING = 1e-12


def rfm_summary(
    orders: Any,
    customer_id: str = "customer_id",
    transacted_at: str = "transacted_at",
    amount: str | None = None,
    *,
    cutoff: Any = None,
    days_per_unit: float = 1.0,
) -> pd.DataFrame:
    """Recency, frequency, age and monetary value of each customer at a cutoff.

    Orders of one day count once. With an `amount`, a day whose net amount is not above 0 (all of
    it given back) is no purchase, and who has no purchase has no row.

    Parameters
    ----------
    orders : DataFrame or Arrow table
        One row per order or order line, in any order.
    customer_id, transacted_at, amount : str
        Names of its columns; without an `amount`, `monetary_value` is left out. Dates that are
        text are read as ISO 8601 (2026-01-31), nothing else; numbers are no dates.
    cutoff : date, optional
        A day. Orders on or after it are not seen; default: the day after the last order.
    days_per_unit : float
        7 counts `recency` and `T` in weeks.

    Returns
    -------
    DataFrame indexed by customer: `frequency` (repeat purchase days), `recency` (first to last
    purchase day), `T` (first purchase day to the cutoff), `monetary_value` (mean net amount of
    the repeat purchase days, 0 without any: what Gamma-Gamma reads)

    Raises
    ------
    ValueError
        For missing columns, no rows, and blank ids, dates or amounts (counted); for dates at
        several offsets from UTC, and a cutoff that is no day.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["00123", "00123", "00123", "B"],
    ...     "transacted_at": ["2026-01-01", "2026-01-08", "2026-01-08", "2026-01-05"],
    ...     "total": [20.0, 30.0, -10.0, 5.0]})
    >>> rfm_summary(orders, amount="total", cutoff="2026-02-01").reset_index()
      customer_id  frequency  recency     T  monetary_value
    0       00123        1.0      7.0  31.0            20.0
    1           B        0.0      0.0  27.0             0.0
    """
    unit = number("days_per_unit", days_per_unit, above=0)
    days = _days(
        as_frame(orders, [customer_id, transacted_at, *([amount] if amount else [])]),
        customer_id,
        transacted_at,
        amount,
    )
    end = days["day"].max() + pd.Timedelta(days=1) if cutoff is None else _cutoff(cutoff)
    days = days[days["day"] < end]
    days = days.assign(gross=days["amount"].abs())
    days = days.groupby(["customer", "day"], sort=True)[["amount", "gross"]].sum().reset_index()
    # .1 + .2 - .3 is above 0 in floats: what rounding leaves is no money.
    days = days[days["amount"] > _ROUNDING * days["gross"]]
    by_customer = days.groupby("customer")
    first, last, n = by_customer["day"].min(), by_customer["day"].max(), by_customer["day"].size()
    summary = pd.DataFrame(
        {
            "frequency": n - 1.0,
            "recency": (last - first).dt.days / unit,
            "T": (end - first).dt.days / unit,
        }
    )
    summary.index.name = customer_id
    if amount:
        repeat = by_customer["amount"].sum() - by_customer["amount"].first()
        summary["monetary_value"] = (repeat / (n - 1).clip(lower=1)).where(n > 1, 0.0)
    return summary


def _cutoff(cutoff: Any) -> pd.Timestamp:
    end = moment("cutoff", cutoff)
    if end != end.normalize():
        raise ValueError(f"cutoff must be a day, without a time of day; got {cutoff!r}.")
    return end


def _days(
    frame: pd.DataFrame, customer_id: str, transacted_at: str, amount: str | None
) -> pd.DataFrame:
    """Checked orders: `customer`, `day`, `amount` (1 where there is none)."""
    if frame.empty:
        raise ValueError("There are no orders.")
    for name in (customer_id, transacted_at):
        if isinstance(frame[name], pd.DataFrame):
            raise ValueError(f"The frame has several columns {name}; one is needed.")
    ids = frame[customer_id]
    day = clocks(frame[transacted_at], transacted_at).dt.normalize()
    money = number_column(frame, amount) if amount else np.ones(len(frame))
    blank = ids.isna() | (ids.astype(str).str.strip() == "")
    refuse(
        {
            f"{customer_id} is not blank": lambda: blank.to_numpy(),
            f"{transacted_at} is a date": lambda: day.isna().to_numpy(),
            f"{amount} is a finite number": lambda: ~np.isfinite(money),
        },
        len(frame),
    )
    return pd.DataFrame({"customer": ids, "day": day, "amount": money})
