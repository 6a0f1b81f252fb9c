"""A calendar of purchases: most fall on the same days of the month or quarter, or of the week.

A horizon then holds one such day more or less, depending on where it begins, and as many more or
less customers buy in it: no model of customers can see that.
"""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.customer.purchase_days import daily

MOST = 0.5
"""Share of the purchases of a usual quarter, month, or week, that makes its day a calendar."""

FEWEST = 4
"""Quarters, months, or weeks, below which nothing recurs."""

FEWEST_PURCHASES = 50

SWING = 0.1
"""By so large a share may purchases differ between two horizons for their days alone."""

EVEN = 0.95
"""From so large a share of days on, a horizon that holds as many as usual is even enough."""

NEAR = {"week": 7, "month": 7, "quarter": 61}
"""Another horizon is looked for among those that are at most so many days longer or shorter."""


def _of_quarter(days: pd.DatetimeIndex, place: pd.Index) -> pd.Index:
    """A place in the month, with the month of the quarter (0, 1, 2) as hundreds."""
    return (days.month - 1) % 3 * 100 + place


PLACES: dict[str, tuple[str, int, Callable[[pd.DatetimeIndex], Any]]] = {
    "of the quarter": ("Q", 2, lambda days: _of_quarter(days, days.day)),
    "before a month's end": ("Q", 2, lambda days: _of_quarter(days, days.days_in_month - days.day)),
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
        return {"W": "week", "M": "month", "Q": "quarter"}[PLACES[self.kind][0]]

    def near(self, days: int) -> range:
        """The lengths among which another horizon, or window, than `days` is looked for."""
        most = NEAR[self.period]
        return range(max(days - most, 1), days + most + 1)

    def held(self, starts: Sequence[date], days: int) -> list[int]:
        """How many such days there are within so many days from each start on."""
        begun = np.array(starts, dtype="datetime64[D]").astype(int)
        every = np.arange(begun.min(), begun.max() + days).astype("datetime64[D]")
        on = np.isin(PLACES[self.kind][2](pd.DatetimeIndex(every)), self.places)
        so_far, first = np.append(0, np.cumsum(on)), begun - begun.min()
        return [int(number) for number in so_far[first + days] - so_far[first]]

    def __str__(self) -> str:
        """The days in words.

        >>> print(Calendar(0.9, "of the month", (1, 15)))
        the 1st and 15th day of the month
        >>> print(Calendar(0.9, "before the month's end", (0,)))
        the last day of the month
        >>> print(Calendar(0.9, "of the quarter", (201,)))
        the 1st day of March, June, September and December
        """
        if self.kind == "of the week":
            return calendar.day_name[self.places[0]]
        if self.period == "month":
            return f"the {' and '.join(map(self._day, self.places))} day of the month"
        months = [calendar.month_name[place // 100 + 1 :: 3] for place in self.places]
        return " and ".join(
            f"the {self._day(place % 100)} day of {', '.join(named[:3])} and {named[3]}"
            for place, named in zip(self.places, months, strict=True)
        )

    def _day(self, place: int) -> str:
        if self.kind.startswith("of"):
            return _ordinal(place)
        return f"{_ordinal(place + 1)} last" if place else "last"


def _ordinal(number: int) -> str:
    last = 0 if number in (11, 12, 13) else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def calendar_of(days: ir.Table) -> Calendar | None:
    """Where most purchases fall in a usual quarter, month or week; None where they fall anywhere.

    By the median of the periods: a single day on which everybody bought is no calendar.
    """
    counts = daily(days).to_pyarrow().to_pandas()
    if counts["purchases"].sum() < FEWEST_PURCHASES:
        return None
    moments = pd.DatetimeIndex(counts["day"])
    found = []
    for kind, (period, most, place) in PLACES.items():
        which, days_of = np.unique(place(moments), return_inverse=True)
        begun, periods = np.unique(moments.to_period(period).asi8, return_inverse=True)
        shares = np.zeros((len(begun), len(which)))
        np.add.at(shares, (periods, days_of), counts["purchases"].to_numpy(float))
        shares /= shares.sum(axis=1, keepdims=True)
        usual = np.median(shares, axis=0)
        most_of = np.sort(np.argsort(-usual, kind="stable")[:most])
        on = most_of[usual[most_of] >= MOST / 2]
        if len(begun) >= FEWEST and len(on):
            on_them = shares[:, on].sum(axis=1)
            one = Calendar(float(np.median(on_them)), kind, tuple(which[on].tolist()))
            if one.share >= MOST:
                found.append((float(on_them.mean()), -len(on), one))
    # The mean: of days 31 and last, one recurs in each month. Of equals the fewest days, and the
    # longest period: months in which nobody buys are in no table.
    return max(found, key=lambda one: one[:2])[2] if found else None


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
    days_told = "the days that are learned from, judged or answered"
    if found.period == "quarter":
        # A few cutoffs, a third of a horizon apart, keep step with the quarters.
        starts, days_told = _year_before(starts), "the days of a year"
    now = _Held.of(found, horizon_days, starts(horizon_days))
    if found.share * now.apart < SWING:
        return None
    lengths = found.near(horizon_days)
    tried = [_Held.of(found, length, some) for length in lengths if (some := starts(length))]
    best = max(tried, key=lambda one: (*one.evenness, -abs(one.days - horizon_days)))
    better = best.evenness > now.evenness
    if now.answered == now.usual and (not better or now.even > EVEN):
        return None
    other = "" if now.answered == now.usual else f" ({now.answered} from {begun[-1]}, the last)"
    told = (
        f"{found.share:.0%} of a usual {found.period}'s purchases fall on {found}. A horizon of "
        f"{now.days} days holds {now.usual} of these from {now.even:.0%} of {days_told}{other}; "
        "from the others more or fewer customers buy. "
    )
    ways = f"{best.days} days hold {best.usual} from {best.even:.0%}."
    return Fit(best.days, told + (ways if better else "Score on another day."))


def _year_before(starts: Callable[[int], Sequence[date]]) -> Callable[[int], Sequence[date]]:
    """Each day of the year up to the last start."""

    def each(length: int) -> list[date]:
        last = starts(length)[-1:]
        return [day - timedelta(days=ago) for day in last for ago in range(364, -1, -1)]

    return each


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
        held = np.array(found.held(starts, days))
        usual, apart = int(np.bincount(held).argmax()), float(np.ptp(held) / max(held.mean(), 1e-9))
        return cls(days, usual, float(np.mean(held == usual)), int(held[-1]), apart)

    @property
    def evenness(self) -> tuple[bool, bool, float]:
        """What makes a horizon better than another one."""
        return self.usual > 0, self.answered == self.usual, self.even
