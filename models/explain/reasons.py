"""Why a customer's churn probability is what it is, in up to three plain sentences.

They say what the models found together with churn in the past. None of them is a cause, and
none says that changing it would keep the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

N_REASONS = 3

LEAST, MUCH = 0.1, 0.7
"""Sizes in log odds: what moves the odds by less than a tenth is no reason, what doubles them is
much."""

CLEARLY = 1.2
"""So many times the typical customer's value is worth a comparison with it."""

THEMES: dict[str, tuple[str, ...]] = {
    "silence": ("days_since_last", "overdue", "gap_"),
    "trend": (
        "purchases_30d",
        "purchases_90d",
        "purchases_180d",
        "spend_30d",
        "spend_90d",
        "spend_180d",
        "decayed_purchases_30d",
        "decayed_purchases_90d",
        "decayed_spend_30d",
        "decayed_spend_90d",
        "trend_",
    ),
    "history": (
        "frequency",
        "recency",
        "T",
        "orders",
        "lines",
        "quantity",
        "amount_total",
        "purchases_365d",
        "spend_365d",
        "decayed_purchases_365d",
        "decayed_spend_365d",
    ),
    "basket": ("amount_", "monetary_value"),
    "breadth": ("distinct_",),
    "returns": ("return_",),
    "weekday": ("weekend_",),
    "time of year": ("year_",),
}
"""What is one thing to a reader: features by the beginning of their names.

`silence` is held against the own rhythm, `trend` looks at the last two quarters, `history` at how
often and for how long somebody has bought.
"""

SILENCE = "silence"
"""The theme that every part of a blend speaks of."""

FIRST, DISTINCT = "first_", "distinct_"
"""So begin the names of columns with an attribute's first known value, and with how many it has
shown."""


@cache
def theme_of(feature: str) -> str:
    """Theme of a feature; an attribute's columns, of its first and last value, are its own.

    Examples
    --------
    >>> theme_of("purchases_90d"), theme_of("country=GB"), theme_of("first_country=GB")
    ('trend', 'country', 'country')
    >>> theme_of("gap_mean"), theme_of("gap_class=number"), theme_of("amount_total")
    ('silence', 'gap_class', 'history')
    """
    if "=" in feature:
        return feature.split("=", 1)[0].removeprefix(FIRST)
    for theme, beginnings in THEMES.items():
        if any(feature == b or (b.endswith("_") and feature.startswith(b)) for b in beginnings):
            return theme
    return feature


def by_theme(contributions: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Sum the contributions of features that are one thing to a reader.

    Examples
    --------
    >>> parts = {"gap_sd": 0.5, "amount_max": 1.0, "overdue": 0.25}
    >>> by_theme({name: np.array([part]) for name, part in parts.items()})
    {'basket': array([1.]), 'silence': array([0.75])}
    """
    themes: dict[str, np.ndarray] = {}
    for feature, own in contributions.items():
        theme = theme_of(feature)
        themes[theme] = themes[theme] + own if theme in themes else own
    return {theme: themes[theme] for theme in sorted(themes)}


def importance(themes: pd.DataFrame) -> pd.Series:
    """Mean size of each theme's contribution, largest first: how much it moves the log odds."""
    return themes.abs().mean().sort_values(ascending=False, kind="stable")


def reasons(
    themes: pd.DataFrame, customers: pd.DataFrame, typical: Mapping[str, float]
) -> pd.DataFrame:
    """Put each customer's largest contributions into words: `reason_1` to `reason_3`.

    A reason is empty where what is left moves the odds by less than a tenth (`LEAST`). A theme
    whose figures would not bear out its direction is passed over: its contribution then comes of
    features that no short sentence tells.

    Parameters
    ----------
    themes : DataFrame
        Contributions to the log odds by theme, see `by_theme`.
    customers : DataFrame
        The snapshot they were computed from, same rows.
    typical : mapping
        Medians of all customers: `frequency`, `days_since_last`, `T` and `amount_mean`.

    Examples
    --------
    >>> themes = pd.DataFrame({"silence": [1.2], "history": [-0.3], "basket": [-0.02]})
    >>> row = pd.DataFrame({"days_since_last": [92.0], "gap_mean": [21.0], "frequency": [4.0]})
    >>> typical = {"frequency": 1.0, "days_since_last": 60.0, "T": 300.0, "amount_mean": 9.0}
    >>> for said in reasons(themes, row.assign(T=176.0), typical).loc[0]:
    ...     print(said)
    much more likely to leave: usually buys every 21 days, silent for 92
    more likely to stay: 5 purchases in 176 days
    <BLANKLINE>
    """
    values, names = themes.to_numpy(float), [str(theme) for theme in themes]
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    spoken = {*_SPOKEN_OF, *names}
    wanted = [
        str(c)
        for c in customers
        if str(c) in spoken or str(c).removeprefix(FIRST) in names or str(c).startswith(DISTINCT)
    ]
    said = [
        _largest(names, sizes, ranked, dict(zip(wanted, row, strict=True)), typical)
        for sizes, ranked, row in zip(
            values, order, customers[wanted].to_numpy(object), strict=True
        )
    ]
    columns = [f"reason_{rank + 1}" for rank in range(N_REASONS)]
    return pd.DataFrame(said, customers.index, columns, dtype=object)


def _largest(
    names: list[str],
    sizes: np.ndarray,
    ranked: np.ndarray,
    row: Mapping[str, Any],
    typical: Mapping[str, float],
) -> list[str]:
    """The sentences of one customer, as many as there are, filled up with nothing."""
    said: list[str] = []
    for theme in ranked:
        if len(said) == N_REASONS or abs(sizes[theme]) < LEAST:
            break
        leave = bool(sizes[theme] > 0)
        if words := _words(names[theme], leave, row, typical):
            much = "much " if abs(sizes[theme]) >= MUCH else ""
            said.append(f"{much}more likely to {'leave' if leave else 'stay'}: {words}")
    return said + [""] * (N_REASONS - len(said))


def _words(theme: str, leave: bool, row: Mapping[str, Any], typical: Mapping[str, float]) -> str:
    """What is known of one customer under a theme; nothing where it does not bear it out."""
    sentence = _SENTENCES.get(theme)
    if sentence is None:
        return f"{theme.replace('_', ' ')}: {_value(row.get(theme, row.get(FIRST + theme)))}"
    return sentence(row, leave, typical)


def _value(value: Any) -> str:
    if value is None or value != value:
        return "unknown"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _count(value: float, unit: str) -> str:
    n = round(value)
    return f"{n:,} {unit}" if n == 1 else f"{n:,} {unit}s"


def _beside(own: float, others: float) -> int:
    """1 and -1 where a value is clearly above and below the typical customer's, else 0."""
    return int(own > CLEARLY * others) - int(own * CLEARLY < others)


def _silence(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    """Held against the own usual gap, or where that says the opposite, against everybody's."""
    silent = row.get("days_since_last", row.get("T", 0) - row.get("recency", 0))
    others, gap = typical["days_since_last"], float(row.get("gap_mean") or np.nan)
    days, held = _count(silent, "day"), f" (typical customer: {round(others):,})"
    if not row.get("frequency") or np.isnan(gap):
        once = "bought once" if row.get("orders", 1) <= 1 else "bought on one day only"
        if (silent > others) != leave:
            return ""
        return f"{once}, {days} ago" + ("" if leave else held)
    if (silent > gap) == leave:
        return f"usually buys every {_count(gap, 'day')}, silent for {round(silent):,}"
    return f"silent for {days}{held}" if _beside(silent, others) == (1 if leave else -1) else ""


def _trend(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    last = row.get("purchases_90d", 0)
    before = row.get("purchases_180d", last) - last
    if not last + before:
        return "no purchase in the last 180 days" if leave else ""
    if (last < before) == leave:
        return f"{_count(last, 'purchase')} in the last 90 days, {round(before):,} in the 90 before"
    return "" if leave else f"{_count(last + before, 'purchase')} in the last 180 days"


def _history(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    """As many purchases, or as many a day, as the direction asks for."""
    number, age = row.get("frequency", 0) + 1, row.get("T", 0)
    usual = typical["frequency"] + 1
    a_day = number / max(age, 1), usual / max(typical["T"], 1)
    borne_out = (
        (number <= usual or a_day[0] < a_day[1])
        if leave
        else (number > usual or a_day[0] > a_day[1])
    )
    return f"{_count(number, 'purchase')} in {_count(age, 'day')}" if borne_out else ""


def _time_of_year(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    this = row.get("year_cosine_1", 0) > 0
    if this == leave:
        return ""
    return f"has mostly bought at {'this' if this else 'another'} time of the year"


def _basket(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    own, others = row.get("amount_mean", 0), typical["amount_mean"]
    if _beside(own, others) != (-1 if leave else 1):
        return ""
    return f"spends {own:,.2f} per purchase (typical customer: {others:,.2f})"


def _breadth(row: Mapping[str, Any], leave: bool, typical: Mapping[str, float]) -> str:
    told = [
        f"{n:,.0f} of {name.removeprefix(DISTINCT).replace('_', ' ')}"
        for name, n in row.items()
        if name.startswith(DISTINCT) and isinstance(n, float) and n == n
    ]
    return f"different values bought: {', '.join(told)}" if told else ""


_SPOKEN_OF = (
    "frequency",
    "recency",
    "T",
    "orders",
    "days_since_last",
    "gap_mean",
    "purchases_90d",
    "purchases_180d",
    "year_cosine_1",
    "amount_mean",
    "return_share",
    "weekend_share",
)

Sentence = Callable[[Mapping[str, Any], bool, Mapping[str, float]], str]
"""Of a customer's row, whether the theme speaks for leaving, and the typical customer."""

_SENTENCES: dict[str, Sentence] = {
    "silence": _silence,
    "trend": _trend,
    "history": _history,
    "time of year": _time_of_year,
    "basket": _basket,
    "breadth": _breadth,
    "returns": lambda row, *_: f"gave back {row.get('return_share', 0):.0%} of the money",
    "weekday": lambda row, *_: f"{row.get('weekend_share', 0):.0%} of purchases at weekends",
}
