"""Months on the calendar and what money in them is worth today."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.btyd.dates import day
from models.btyd.settings import number, whole

Floats = NDArray[np.float64]

#: Mean length of a month of the Gregorian calendar.
DAYS_PER_MONTH = 365.2425 / 12
#: Months that may be asked for: a hundred years.
LONGEST = 1_200


def month_ends(
    months: int, days_per_unit: float = 1.0, start: dt.date | str | None = None
) -> Floats:
    """Time from now to the end of each of the coming months, in the unit of the model.

    Parameters
    ----------
    months : int, from 1 to 1,200
    days_per_unit : float
        Days in one unit of T: 1 for days, 7 for weeks.
    start : date, optional
        The day from which months are counted on the calendar; mean months without it.

    Examples
    --------
    >>> month_ends(3, start="2025-01-31").tolist()
    [28.0, 59.0, 89.0]
    """
    number_of = whole("months", months, 1, LONGEST)
    unit = number("days_per_unit", days_per_unit, above=0)
    if start is None:
        return np.asarray(np.arange(1, number_of + 1) * DAYS_PER_MONTH / unit)
    return np.asarray(_days_to_month_ends(number_of, day("start", start)), dtype=float) / unit


@lru_cache(maxsize=64)
def _days_to_month_ends(months: int, first: pd.Timestamp) -> tuple[int, ...]:
    """Whole days from a day to the end of each coming month: the calendar is slow to be asked."""
    return tuple((first + pd.DateOffset(months=k) - first).days for k in range(1, months + 1))


def purchase_days(dates: Any, until: Any) -> tuple[pd.DatetimeIndex, pd.Timestamp]:
    """One customer's days of purchase, ascending, each once; and the last day to look at."""
    if isinstance(dates, str) or np.ndim(dates) != 1:
        raise ValueError("dates must be a list of dates, all purchases of one customer.")
    purchases = pd.DatetimeIndex([day("each of dates", date) for date in dates])
    last = day("until", until)
    if purchases.empty:
        raise ValueError("dates holds no purchase.")
    purchases = purchases.unique().sort_values()
    if last < purchases[-1]:
        raise ValueError("until lies before the last purchase.")
    return purchases, last


def month_discounts(months: int, monthly_discount_rate: float) -> Floats:
    """Today's worth of one unit of money at the end of each coming month: (1 + d)^-k."""
    return discounts(np.arange(1.0, months + 1), monthly_discount_rate)


def discounts(months: Floats, monthly_discount_rate: float) -> Floats:
    """Today's worth of one unit of money so many months ahead: (1 + d)^-months."""
    rate = number("monthly_discount_rate", monthly_discount_rate, least=0)
    return np.asarray((1 + rate) ** -months)


def spend_per_purchase(spend_model: Any, X: Any) -> Floats:
    """Expected spend of each customer's purchases, finite."""
    if not hasattr(spend_model, "expected_spend"):
        raise ValueError(
            f"spend_model is a {type(spend_model).__name__}; it needs expected_spend(X), as "
            "GammaGammaModel has."
        )
    return np.asarray(spend_model.expected_spend(X), dtype=float)
