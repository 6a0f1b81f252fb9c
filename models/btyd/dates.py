"""Dates as they come: text is read as ISO 8601 (2026-01-31) and nothing else, so never in two ways.

What counts is what the clocks showed: zones are left out.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype


def clocks(dates: pd.Series[Any], name: str) -> pd.Series[Any]:
    """What the clocks showed; NaT where nothing can be read, and where a number stands.

    Raises
    ------
    ValueError
        For several offsets from UTC.
    """
    if dates.dtype == object or is_numeric_dtype(dates.dtype):
        dates = dates.astype(object).mask(dates.map(lambda one: isinstance(one, Real)), None)
    try:
        moments = pd.to_datetime(dates, format="ISO8601", errors="coerce")
    except ValueError:
        raise ValueError(
            f"{name} has several offsets from UTC: convert its dates to one zone first, that of "
            "the business."
        ) from None
    return moments.dt.tz_localize(None)


def moment(name: str, value: Any) -> pd.Timestamp:
    """One date, or date and time; numbers are no dates."""
    read = clocks(pd.Series([value]), name).iloc[0] if isinstance(value, str) else value
    if isinstance(read, dt.date | np.datetime64):
        with suppress(ValueError):
            found = pd.Timestamp(read)
            if isinstance(found, pd.Timestamp):  # and not NaT
                return found.tz_localize(None)
    raise ValueError(f"{name} must be a date, such as 2026-01-31; got {value!r}.")


def day(name: str, value: Any) -> pd.Timestamp:
    """One day of the calendar, without the time of day.

    >>> day("until", "2025-01-31 18:00")
    Timestamp('2025-01-31 00:00:00')
    """
    return moment(name, value).normalize()
