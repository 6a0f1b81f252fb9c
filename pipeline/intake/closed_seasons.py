"""Weeks in which a business sells nothing, at the same time each year: a shop shut in August.

No purchase can fall into them, so that no window of the next purchase begins or ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import ibis.expr.types as ir
import numpy as np

from features.timeline import before

LEAST_DAYS = 14
"""So many days without any purchase may be a closed season."""

LEAST_YEARS = 2
"""In so many past years, and in all that the log has, nobody may have bought on a closed day."""

BUSY = 0.5
"""Share of all other days with a purchase, without which a pause says nothing."""

Season = tuple[str, str]
"""First and last closed day of a year, as month and day: 07-01."""


def closed_seasons(days: ir.Table, until: date) -> list[Season]:
    """The closed seasons that a log shows before a day.

    Parameters
    ----------
    days
        A table of customers' days, see `features.customer.purchase_days.netted_days`.
    """
    known = before(days, until)
    bought = known.filter(known.amount > 0)
    listed = bought.select("transacted_at").distinct().order_by("transacted_at").to_pyarrow()
    return seasons_of(listed["transacted_at"].to_pylist())


def seasons_of(traded: Sequence[date]) -> list[Season]:
    """The same of the days with a purchase, earliest first.

    Examples
    --------
    >>> year = [date(2021, 1, 1) + timedelta(days=n) for n in range(3 * 365)]
    >>> seasons_of([day for day in year if day.month != 8])
    [('08-01', '08-31')]
    >>> seasons_of([day for day in year if day.month != 8 or day.year == 2022])
    []
    """
    if not traded:
        return []
    pauses = [
        (last + timedelta(days=1), again - timedelta(days=1))
        for last, again in pairwise(traded)
        if (again - last).days > LEAST_DAYS
    ]
    idle = [day for first, last in pauses for day in _from_to(first, last)]
    known, silent = (_by_day_of_year(some) for some in (_from_to(traded[0], traded[-1]), idle))
    shut = [day for day, n in silent.items() if n >= LEAST_YEARS and n == known[day]]
    others = sum(known.values()) - sum(known[day] for day in shut)
    return _stretches(shut) if len(traded) >= BUSY * others else []


def closed_days(seasons: Iterable[Sequence[str]], start: date, days: int) -> np.ndarray:
    """Whether each of so many days from `start` on is closed, shape (days,)."""
    named = [_name(day) for day in _from_to(start, start + timedelta(days=days - 1))]
    found = np.zeros(days, dtype=bool)
    for first, last in seasons:
        within = [first <= day <= last for day in named]
        found |= np.array(within)
    return found


def on_open_days(
    first: np.ndarray, last: np.ndarray, closed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Windows whose ends are moved off closed days.

    A window that lies in a closed season follows it; it comes before one that outlasts the horizon,
    for it is of a purchase within the horizon.

    Parameters
    ----------
    first, last : ndarray, shape (n_customers,)
        Days from the cutoff on; NaN where there is none.
    closed : ndarray, shape (n_days,)
        Which of the days of the horizon are closed.

    Examples
    --------
    >>> closed = np.array([False, True, True, False, False])
    >>> [end.tolist() for end in on_open_days(np.array([0, 1, 1]), np.array([2, 2, 4]), closed)]
    [[0, 3, 3], [0, 4, 4]]
    """
    if not closed.any() or closed.all():
        return first, last
    n = len(closed)
    place = np.arange(n)
    opens = np.minimum.accumulate(np.where(closed, n, place)[::-1])[::-1]
    shuts = np.maximum.accumulate(np.where(closed, -1, place))
    told = ~(np.isnan(first) | np.isnan(last))
    begin, end = (np.where(told, x, 0).astype(int) for x in (first, last))
    begun, ended, width = opens[begin], shuts[end], end - begin
    after = (ended < begun) & (begun < n)
    ended = np.where(after, shuts[np.minimum(begun + width, n - 1)], ended)
    ahead = begun == n
    begun = np.where(ahead, opens[np.maximum(ended - width, 0)], begun)
    return np.where(told, begun, first), np.where(told, ended, last)


def _from_to(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _name(day: date) -> str:
    """A day of the year; a leap day is the day before."""
    return "02-28" if (day.month, day.day) == (2, 29) else f"{day:%m-%d}"


def _by_day_of_year(days: Sequence[date]) -> dict[str, int]:
    """In how many years each day of a year is among some days."""
    years: dict[str, set[int]] = {}
    for day in days:
        years.setdefault(_name(day), set()).add(day.year)
    return {name: len(those) for name, those in years.items()}


def _stretches(names: Iterable[str]) -> list[Season]:
    """Days of a year as stretches without a gap, those of a week and more."""
    year = [_name(day) for day in _from_to(date(2023, 1, 1), date(2023, 12, 31))]
    shut = set(names)
    found: list[list[str]] = []
    for yesterday, name in zip(["", *year], year, strict=False):
        if name not in shut:
            continue
        if found and yesterday == found[-1][-1]:
            found[-1].append(name)
        else:
            found.append([name])
    return [(some[0], some[-1]) for some in found if len(some) >= 7]
