"""Why a customer's churn probability is what it is, in up to three plain sentences.

They say what the models found together with churn in the past. None of them is a cause, and
none says that changing it would keep the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

N_REASONS = 3

LEAST, MUCH = 0.1, 0.7
"""Sizes in log odds: what moves the odds by less than a tenth is no reason, what doubles them is
much."""

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

FIRST = "first_"
"""So begins the name of the column with an attribute's first known value."""


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


def by_theme(contributions: pd.DataFrame) -> pd.DataFrame:
    """Sum the contributions of features that are one thing to a reader.

    Examples
    --------
    >>> by_theme(pd.DataFrame({"gap_sd": [0.5], "amount_max": [1.0], "overdue": [0.25]}))
       basket  silence
    0     1.0     0.75
    """
    themes: dict[str, np.ndarray] = {}
    for feature in contributions:
        theme = theme_of(str(feature))
        own = contributions[feature].to_numpy(float)
        themes[theme] = themes[theme] + own if theme in themes else own
    return pd.DataFrame(themes, index=contributions.index)[sorted(themes)]


def importance(themes: pd.DataFrame) -> pd.Series:
    """Mean size of each theme's contribution, largest first: how much it moves the log odds."""
    return themes.abs().mean().sort_values(ascending=False, kind="stable")


def reasons(themes: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Put each customer's largest contributions into words: `reason_1` to `reason_3`.

    A reason is empty where what is left moves the odds by less than a tenth (`LEAST`).

    Parameters
    ----------
    themes : DataFrame
        Contributions to the log odds by theme, see `by_theme`.
    customers : DataFrame
        The snapshot they were computed from, same rows.

    Examples
    --------
    >>> themes = pd.DataFrame({"silence": [1.2], "history": [-0.3], "basket": [-0.02]})
    >>> row = pd.DataFrame({"days_since_last": [92.0], "gap_mean": [21.0], "frequency": [4.0]})
    >>> for said in reasons(themes, row.assign(T=176.0)).loc[0]:
    ...     print(said)
    much more likely to leave: usually buys every 21 days, silent for 92
    more likely to stay: 5 purchases in 176 days
    <BLANKLINE>
    """
    values, names = themes.to_numpy(float), [str(theme) for theme in themes]
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :N_REASONS]
    spoken = {*_SPOKEN_OF, *names}
    wanted = [c for c in customers if str(c) in spoken or str(c).removeprefix(FIRST) in names]
    keys = [str(column) for column in wanted]
    rows = [dict(zip(keys, row, strict=True)) for row in customers[wanted].to_numpy(object)]
    columns = {}
    for rank in range(N_REASONS):
        if rank >= order.shape[1]:
            columns[f"reason_{rank + 1}"] = [""] * len(rows)
            continue
        sizes = values[np.arange(len(rows)), order[:, rank]]
        columns[f"reason_{rank + 1}"] = [
            _reason(names[theme], size, row)
            for theme, size, row in zip(order[:, rank], sizes, rows, strict=True)
        ]
    return pd.DataFrame(columns, index=customers.index, dtype=object)


def _reason(theme: str, size: float, row: Mapping[str, Any]) -> str:
    """One sentence, or nothing where the theme hardly moves the odds."""
    if abs(size) < LEAST:
        return ""
    much = "much " if abs(size) >= MUCH else ""
    return f"{much}more likely to {'leave' if size > 0 else 'stay'}: {_words(theme, row)}"


def _words(theme: str, row: Mapping[str, Any]) -> str:
    """What is known of one customer under a theme."""
    sentence = _SENTENCES.get(theme)
    if sentence is None:
        return f"{theme.replace('_', ' ')}: {_value(row.get(theme, row.get(FIRST + theme)))}"
    return sentence(row)


def _value(value: Any) -> str:
    if value is None or value != value:
        return "unknown"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _count(value: float, unit: str) -> str:
    n = round(value)
    return f"{n:,} {unit}" if n == 1 else f"{n:,} {unit}s"


def _silence(row: Mapping[str, Any]) -> str:
    silent = row.get("days_since_last", row.get("T", 0) - row.get("recency", 0))
    gap = row.get("gap_mean")
    if not row.get("frequency") or gap is None or gap != gap:
        return f"bought once, {_count(silent, 'day')} ago"
    return f"usually buys every {_count(gap, 'day')}, silent for {round(silent):,}"


def _trend(row: Mapping[str, Any]) -> str:
    last = row.get("purchases_90d", 0)
    before = row.get("purchases_180d", last) - last
    return f"{_count(last, 'purchase')} in the last 90 days, {round(before):,} in the 90 before"


def _history(row: Mapping[str, Any]) -> str:
    return f"{_count(row.get('frequency', 0) + 1, 'purchase')} in {_count(row.get('T', 0), 'day')}"


def _time_of_year(row: Mapping[str, Any]) -> str:
    near = row.get("year_cosine_1", 0) > 0
    return f"has mostly bought at {'this' if near else 'another'} time of the year"


_SPOKEN_OF = (
    "frequency",
    "recency",
    "T",
    "days_since_last",
    "gap_mean",
    "purchases_90d",
    "purchases_180d",
    "year_cosine_1",
    "amount_mean",
    "return_share",
    "weekend_share",
)

_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "silence": _silence,
    "trend": _trend,
    "history": _history,
    "time of year": _time_of_year,
    "basket": lambda row: f"spends {row.get('amount_mean', 0):,.2f} per purchase",
    "breadth": lambda row: "how many different values the attributes have shown",
    "returns": lambda row: f"gave back {row.get('return_share', 0):.0%} of the money",
    "weekday": lambda row: f"{row.get('weekend_share', 0):.0%} of purchases at weekends",
}
