"""Calendar periods: weeks from Monday, months, quarters."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

import ibis
import ibis.expr.types as ir

Period = Literal["day", "week", "month", "quarter"]

UNITS = {"day": "D", "week": "W", "month": "M", "quarter": "Q"}

LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92}
"""Days of the longest period of each kind."""


def start_of(day: ir.DateValue, period: Period) -> ir.DateValue:
    """The first day of the period that a day lies in; weeks begin on Monday."""
    return day if period == "day" else day.truncate(UNITS[period])


def days_into(day: ir.DateValue, period: Period) -> ir.IntegerValue:
    """Days from the period's first day to this one, 0 on the first."""
    return day.delta(start_of(day, period), unit="day").cast("int64")


def number_of(day: ir.DateValue, period: Period) -> ir.IntegerValue:
    """Which period a day lies in, counted without a gap: two numbers tell how many lie between."""
    if period in ("day", "week"):
        monday = ibis.date(1970, 1, 5)
        since = start_of(day, period).delta(monday, unit="day").cast("int64")
        return since // (7 if period == "week" else 1)
    # Engines disagree on spans of months, so the calendar is counted by hand.
    if period == "quarter":
        return (day.year() * 4 + day.quarter()).cast("int64")
    return (day.year() * 12 + day.month()).cast("int64")


def each_day(days: ir.Table, period: Period) -> ir.Table:
    """Each day that a row has: ``day``, ``start`` (of its period), ``into`` it, and its ``number``.

    To be joined with the rows: a calendar computed for each of them costs more than their sums.
    """
    each = days.select(day=days.transacted_at).distinct()
    return each.select(
        "day",
        start=start_of(each.day, period).cast("date"),
        into=days_into(each.day, period),
        number=number_of(each.day, period),
    )


def calendar(first: date, until: date, period: Period) -> list[date]:
    """First days of all periods from that of `first` to that of the day before `until`.

    >>> [str(day) for day in calendar(date(2024, 1, 31), date(2024, 3, 1), "month")]
    ['2024-01-01', '2024-02-01']
    """
    found = [first_day(first, period)]
    while (following := end_of(found[-1], period)) < until:
        found.append(following)
    return found


def first_day(day: date, period: Period) -> date:
    """The first day of the period that `day` lies in."""
    if period == "day":
        return day
    if period == "week":
        return day - timedelta(days=day.weekday())
    months = 3 if period == "quarter" else 1
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def end_of(start: date, period: Period) -> date:
    """The day after the last one of the period that begins on `start`.

    >>> str(end_of(date(2024, 10, 1), "quarter"))
    '2025-01-01'
    """
    if period in ("day", "week"):
        return start + timedelta(days=7 if period == "week" else 1)
    for _ in range(3 if period == "quarter" else 1):
        start += timedelta(days=monthrange(start.year, start.month)[1])
    return start


def label(start: date, period: Period) -> str:
    """How people write a period.

    >>> label(date(2024, 4, 1), "quarter"), label(date(2024, 4, 1), "month")
    ('2024 Q2', '2024-04')
    """
    if period == "quarter":
        return f"{start.year} Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}" if period == "month" else start.isoformat()
