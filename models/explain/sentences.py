"""What is said of customers under a theme, in words: a column of short sentences for many at once.

A sentence is empty where the customer's figures do not bear out the theme's direction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CLEARLY = 1.2
"""So many times the typical customer's value is worth a comparison with it."""

FAR_OFF = 180
"""Days to the next purchase by a customer's own usual gap, from which on they are not due yet."""

FIRST, DISTINCT = "first_", "distinct_"
"""So begin the names of columns with an attribute's first known value, and with how many it has
shown."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]
"""Texts, one for each customer."""

Typical = Mapping[str, float]


class Rows:
    """Some rows of a snapshot, column by column."""

    def __init__(self, customers: pd.DataFrame, places: NDArray[np.intp]):
        self.customers, self.places = customers, places

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, name: str) -> bool:
        return name in self.customers

    def number(self, name: str, default: float | Floats = 0.0) -> Floats:
        """A column of numbers; `default` where the snapshot does not have it."""
        if name not in self.customers:
            return np.broadcast_to(np.asarray(default, float), len(self))
        return self.customers[name].to_numpy(float, na_value=np.nan)[self.places]

    def values(self, name: str) -> list[Any]:
        """A column of whatever values."""
        return self.customers[name].to_numpy(object)[self.places].tolist()


def words(theme: str, rows: Rows, leave: Flags, typical: Typical) -> Words:
    """What is known of customers under a theme.

    Parameters
    ----------
    leave
        Whether the theme speaks for leaving, of each of the `rows`.
    typical
        Medians of all customers: `frequency`, `days_since_last`, `T` and `amount_mean`.
    """
    sentence = _SENTENCES.get(theme)
    if sentence is not None:
        return sentence(rows, leave, typical)
    names = [name for name in (theme, FIRST + theme) if name in rows]
    values = rows.values(names[0]) if names else [None] * len(rows)
    return _texts(f"{theme.replace('_', ' ')}: {_value(value)}" for value in values)


def _value(value: Any) -> str:
    if value is None or value != value:
        return "unknown"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _texts(texts: Any) -> Words:
    return np.array([*texts], object)


def _formatted(values: Floats, form: str) -> Words:
    """Numbers as texts; each number is written once, however many have it."""
    if len(values) == 1:
        return _texts([format(values.item(), form)])
    different, places = np.unique(values, return_inverse=True)
    return _texts(format(value, form) for value in different.tolist())[places]


def _whole(values: Floats) -> Words:
    return _formatted(np.rint(values) + 0.0, ",.0f")


def _count(values: Floats, unit: str) -> Words:
    one = np.rint(values) == 1
    return _whole(values) + np.where(one, f" {unit}", f" {unit}s").astype(object)


def _beside(own: Floats, others: float) -> NDArray[np.int_]:
    """1 and -1 where a value is clearly above and below the typical customer's, else 0."""
    return (own > CLEARLY * others).astype(int) - (own * CLEARLY < others)


def _where(*cases: tuple[Flags, Callable[[Flags], Words]]) -> Words:
    """The text of the first case that holds for a customer, else nothing; made for those only."""
    found = np.full(len(cases[0][0]), "", object)
    left = np.ones(len(found), bool)
    for holds, text in cases:
        now = left & holds
        if now.any():
            found[now] = text(now)
        left &= ~holds
    return found


def _silence(rows: Rows, leave: Flags, typical: Typical) -> Words:
    """Held against the own usual gap, or where that says the opposite, against everybody's as well.

    Who buys once a year and has just been there hardly comes within a quarter.
    """
    silent = rows.number("days_since_last", rows.number("T") - rows.number("recency"))
    others, gap = typical["days_since_last"], rows.number("gap_mean", np.nan)
    once = (rows.number("frequency") == 0) | np.isnan(gap) | (gap == 0)
    orders, held = rows.number("orders", 1.0), f" (typical customer: {round(others):,})"
    longer = silent > others

    def of_once(some: Flags) -> Words:
        bought = np.where(orders[some] <= 1, "bought once, ", "bought on one day only, ")
        return bought.astype(object) + _count(silent[some], "day") + " ago"

    def beside_own_gap(some: Flags) -> Words:
        usual = "usually buys every " + _count(gap[some], "day")
        return usual + ", silent for " + _whole(silent[some])

    def beside_both(some: Flags) -> Words:
        told = "silent for " + _count(silent[some], "day") + held.removesuffix(")")
        return told + "; own usual gap: " + _whole(gap[some]) + ")"

    def not_due(some: Flags) -> Words:
        return beside_own_gap(some) + ": not due yet"

    return _where(
        (once & leave, of_once),  # to have bought once speaks for leaving, however lately it was
        (once & longer, lambda some: np.full(some.sum(), "", object)),
        (once, lambda some: of_once(some) + held),
        ((silent > gap) == leave, beside_own_gap),
        (leave & (gap - silent > FAR_OFF), not_due),
        (_beside(silent, others) == np.where(leave, 1, -1), beside_both),
    )


def _trend(rows: Rows, leave: Flags, typical: Typical) -> Words:
    last = rows.number("purchases_90d")
    before = rows.number("purchases_180d", last) - last
    none = last + before == 0

    def both(some: Flags) -> Words:
        lately = _count(last[some], "purchase") + " in the last 90 days, "
        return lately + _whole(before[some]) + " in the 90 before"

    return _where(
        (
            none & leave,
            lambda some: np.full(some.sum(), "no purchase in the last 180 days", object),
        ),
        (~none & ((last < before) == leave), both),
        (
            ~none & ~leave,
            lambda some: _count((last + before)[some], "purchase") + " in the last 180 days",
        ),
    )


def _history(rows: Rows, leave: Flags, typical: Typical) -> Words:
    """As many purchases, or as many a day, as the direction asks for."""
    number, age = rows.number("frequency") + 1, rows.number("T")
    usual = typical["frequency"] + 1
    a_day, usually = number / np.maximum(age, 1), usual / max(typical["T"], 1)
    borne_out = np.where(
        leave, (number <= usual) | (a_day < usually), (number > usual) | (a_day > usually)
    )

    def told(some: Flags) -> Words:
        return _count(number[some], "purchase") + " in " + _count(age[some], "day")

    return _where((borne_out, told))


def _time_of_year(rows: Rows, leave: Flags, typical: Typical) -> Words:
    this = rows.number("year_cosine_1") > 0
    which = np.where(this, "this", "another").astype(object)
    told = "has mostly bought at " + which + " time of the year"
    return np.where(this == leave, "", told)


def _basket(rows: Rows, leave: Flags, typical: Typical) -> Words:
    own, others = rows.number("amount_mean"), typical["amount_mean"]

    def told(some: Flags) -> Words:
        spends = "spends " + _formatted(own[some], ",.2f")
        return spends + f" per purchase (typical customer: {others:,.2f})"

    return _where((_beside(own, others) == np.where(leave, -1, 1), told))


def _breadth(rows: Rows, leave: Flags, typical: Typical) -> Words:
    names = [str(name) for name in rows.customers if str(name).startswith(DISTINCT)]
    shown = [name.removeprefix(DISTINCT).replace("_", " ") for name in names]
    told = (
        ", ".join(
            f"{n:,.0f} of {name}"
            for name, n in zip(shown, row, strict=True)
            if isinstance(n, float) and n == n
        )
        for row in zip(*map(rows.values, names), strict=True)
    )
    if not names:
        return np.full(len(rows), "", object)
    return _texts(f"different values bought: {listed}" if listed else "" for listed in told)


Sentence = Callable[[Rows, Flags, Typical], Words]
"""Of rows, whether the theme speaks for leaving, and the typical customer."""

_SENTENCES: dict[str, Sentence] = {
    "silence": _silence,
    "trend": _trend,
    "history": _history,
    "time of year": _time_of_year,
    "basket": _basket,
    "breadth": _breadth,
    "returns": lambda rows, *_: (
        "gave back " + _formatted(rows.number("return_share"), ".0%") + " of the money"
    ),
    "weekday": lambda rows, *_: (
        _formatted(rows.number("weekend_share"), ".0%") + " of purchases at weekends"
    ),
}
