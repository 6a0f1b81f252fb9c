"""Months on the calendar and what money in them is worth today."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Mean length of a month of the Gregorian calendar.
DAYS_PER_MONTH = 365.2425 / 12


def month_ends(
    months: int, days_per_unit: float = 1.0, start: dt.date | str | None = None
) -> Floats:
    """Time from now to the end of each of the coming months, in the unit of the model.

    Parameters
    ----------
    months : int, >= 1
    days_per_unit : float
        Days in one unit of T: 1 for days, 7 for weeks.
    start : date, optional
        The day from which months are counted on the calendar; mean months without it.

    Examples
    --------
    >>> month_ends(3, start="2025-01-31").tolist()
    [28.0, 59.0, 89.0]
    """
    if isinstance(months, bool) or int(months) != months or months < 1:
        raise ValueError(f"months must be a whole number >= 1; got {months}.")
    if not (np.isfinite(days_per_unit) and days_per_unit > 0):
        raise ValueError(f"days_per_unit must be above 0; got {days_per_unit}.")
    count = np.arange(1, int(months) + 1)
    if start is None:
        return np.asarray(count * DAYS_PER_MONTH / days_per_unit)
    first = pd.Timestamp(start)
    days = [(first + pd.DateOffset(months=int(k)) - first).days for k in count]
    return np.asarray(days, dtype=float) / days_per_unit


def month_discounts(months: int, monthly_discount_rate: float) -> Floats:
    """Today's worth of one unit of money at the end of each coming month: (1 + d)^-k."""
    if not (np.isfinite(monthly_discount_rate) and monthly_discount_rate > -1):
        raise ValueError(f"monthly_discount_rate must exceed -1; got {monthly_discount_rate}.")
    return np.asarray((1 + monthly_discount_rate) ** -np.arange(1.0, int(months) + 1))


def spend_per_purchase(spend_model: Any, X: Any) -> Floats:
    """Expected spend of each customer's purchases, finite."""
    if not hasattr(spend_model, "expected_spend"):
        raise ValueError(
            f"spend_model is a {type(spend_model).__name__}; it needs expected_spend(X), as "
            "GammaGammaModel has."
        )
    return np.asarray(spend_model.expected_spend(X), dtype=float)
