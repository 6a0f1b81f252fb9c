"""A calendar of purchases: most fall on the same days of the month, or on one day of the week.

A horizon then holds one such day more or less, depending on where it begins, and as many more or
less customers buy in it: no model of customers can see that.
"""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.customer.purchase_days import daily

MOST = 0.5
"""Share of the purchases of a usual month, or week, that makes its day a calendar."""

FEWEST = 4
"""Months, or weeks, below which nothing recurs."""

FEWEST_PURCHASES = 50

SWING = 0.1
"""By so large a share may purchases differ between two horizons for their days alone."""

NEAR = 7
"""Another horizon is looked for among those that are at most so many days longer or shorter."""

PLACES: dict[str, tuple[str, int, Callable[[pd.DatetimeIndex], Any]]] = {
    "of the month": ("M", 2, lambda days: days.day),
    "before the month's end": ("M", 2, lambda days: days.days_in_month - days.day),
    "of the week": ("W", 1, lambda days: days.day_of_week),
}
"""Where a day stands: in which period, on how many days of it purchases may fall, and its place."""


@dataclass(frozen=True)
class Calendar:
    """The days on which a `share` of a usual period's purchases fall, by their place in it."""

    share: float
    kind: str
    places: tuple[int, ...]

    @property
    def period(self) -> str:
        """In what the days recur."""
        return "week" if self.kind == "of the week" else "month"

    def held(self, start: date, horizon_days: int) -> int:
        """How many such days there are within a horizon."""
        days = pd.date_range(start, periods=horizon_days)
        return int(np.isin(PLACES[self.kind][2](days), self.places).sum())

    def __str__(self) -> str:
        """The days in words.

        >>> print(Calendar(0.9, "of the month", (1, 15)))
        the 1st and 15th day of the month
        >>> print(Calendar(0.9, "before the month's end", (0,)))
        the last day of the month
        """
        if self.kind == "of the week":
            return calendar.day_name[self.places[0]]
        if self.kind == "of the month":
            return f"the {' and '.join(map(_ordinal, self.places))} day of the month"
        named = [f"{_ordinal(place + 1)} last" if place else "last" for place in self.places]
        return f"the {' and '.join(named)} day of the month"


def _ordinal(number: int) -> str:
    last = 0 if number in (11, 12, 13) else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def calendar_of(days: ir.Table) -> Calendar | None:
    """Where most purchases fall in a usual month or week; None where they fall anywhere.

    By the median of the periods: a single day on which everybody bought is no calendar.
    """
    counts = daily(days).to_pyarrow().to_pandas()
    if counts["purchases"].sum() < FEWEST_PURCHASES:
        return None
    moments = pd.DatetimeIndex(counts["day"])
    found = []
    for kind, (period, most, place) in PLACES.items():
        counted = counts.assign(period=moments.to_period(period), place=place(moments))
        table = counted.pivot_table("purchases", "period", "place", "sum", fill_value=0)
        shares = table.div(table.sum(axis=1), axis=0)
        usual = shares.median().nlargest(most)
        places = sorted(usual.index[usual >= MOST / 2])
        if len(table) >= FEWEST and places:
            on_them = shares[places].sum(axis=1)
            one = Calendar(float(on_them.median()), kind, tuple(places))
            # The mean: of days 31 and last, one recurs in each month.
            found.append((one.share, float(on_them.mean()), one))
    best = max(found, key=lambda one: one[:2], default=None)
    return best[2] if best and best[0] >= MOST else None


@dataclass(frozen=True)
class Fit:
    """A horizon for a calendar, the one that was asked about where no other is better; and why."""

    days: int
    words: str


def fitted(
    days: ir.Table, horizon_days: int, starts: Callable[[int], Sequence[date]]
) -> Fit | None:
    """The nearest horizon that oftenest holds as many days of the log's calendar as usual.

    None where nothing has to be said: there is no calendar, or hardly a difference.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days`.
    starts
        The days from which horizons of a length would be learned from, judged and, the last one,
        answered; none where the log is too short for it.
    """
    found = calendar_of(days)
    if found is None or not (begun := starts(horizon_days)):
        return None
    now = _Held.of(found, horizon_days, begun)
    if found.share * now.apart < SWING:
        return None
    near = range(max(horizon_days - NEAR, 1), horizon_days + NEAR + 1)
    tried = [_Held.of(found, length, some) for length in near if (some := starts(length))]
    best = max(tried, key=lambda one: (*one.evenness, -abs(one.days - horizon_days)))
    better = best.evenness > now.evenness
    if now.answered == now.usual and not better:
        return None
    other = "" if now.answered == now.usual else f" ({now.answered} from {begun[-1]}, the last)"
    told = (
        f"{found.share:.0%} of a usual {found.period}'s purchases fall on {found}. A horizon of "
        f"{now.days} days holds {now.usual} of these from {now.even:.0%} of the days that are "
        f"learned from, judged or answered{other}; from the others more or fewer customers buy. "
    )
    ways = f"{best.days} days hold {best.usual} from {best.even:.0%}."
    return Fit(best.days, told + (ways if better else "Score on another day."))


@dataclass(frozen=True)
class _Held:
    """How many days of a calendar horizons of `days` hold.

    The `usual` number, the share of starts from which it is that (`even`), the number from the
    last start (`answered`), and how far the numbers lie apart, as a share of their mean.
    """

    days: int
    usual: int
    even: float
    answered: int
    apart: float

    @classmethod
    def of(cls, found: Calendar, days: int, starts: Sequence[date]) -> "_Held":
        held = np.array([found.held(start, days) for start in starts])
        usual, apart = int(np.bincount(held).argmax()), float(np.ptp(held) / max(held.mean(), 1e-9))
        return cls(days, usual, float(np.mean(held == usual)), int(held[-1]), apart)

    @property
    def evenness(self) -> tuple[bool, bool, float]:
        """What makes a horizon better than another one."""
        return self.usual > 0, self.answered == self.usual, self.even
