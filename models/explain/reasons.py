"""Why a customer's churn probability is what it is, in three plain sentences.

They say what the models found together with churn in the past. None of them is a cause, and
none says that changing it would keep the customer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

N_REASONS = 3

HARDLY, STRONGLY = 0.05, 0.7
"""Sizes in log odds: below the first a probability moves by one point at most, above the
second its odds double."""

THEMES: dict[str, tuple[str, ...]] = {
    "purchases": (
        "days_since_last",
        "recency",
        "T",
        "frequency",
        "overdue",
        "gap_",
        "orders",
        "lines",
        "quantity",
        "purchases_",
        "trend_",
        "decayed_purchases_",
        "spend_",
        "decayed_spend_",
        "amount_total",
        "year_",
    ),
    "basket": ("amount_", "monetary_value"),
    "breadth": ("distinct_",),
    "returns": ("return_",),
    "weekday": ("weekend_",),
}
"""What is one thing to a reader: features by the beginning of their names.

How often, how long ago and in which rhythm somebody bought hang together so closely that
a model may put what it knows on any of them; apart, their signs would say nothing.
"""


FIRST = "first_"
"""So begins the name of the column with an attribute's first known value."""


def theme_of(feature: str) -> str:
    """Theme of a feature; an attribute's columns, of its first and last value, are its own.

    Examples
    --------
    >>> theme_of("purchases_90d"), theme_of("country=GB"), theme_of("first_country=GB")
    ('purchases', 'country', 'country')
    >>> theme_of("gap_mean"), theme_of("gap_class=number")
    ('purchases', 'gap_class')
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
    >>> by_theme(pd.DataFrame({"gap_sd": [0.5], "amount_max": [1.0], "T": [0.25]}))
       basket  purchases
    0     1.0       0.75
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
    """Put each customer's three largest contributions into words: `reason_1` to `reason_3`.

    Parameters
    ----------
    themes : DataFrame
        Contributions to the log odds by theme, see `by_theme`.
    customers : DataFrame
        The snapshot they were computed from, same rows.

    Examples
    --------
    >>> themes = pd.DataFrame({"purchases": [1.2], "basket": [-0.02]})
    >>> row = pd.DataFrame({"days_since_last": [92.0], "gap_mean": [21.0], "frequency": [4.0]})
    >>> row = row.assign(T=176.0, amount_mean=35.0)
    >>> for said in reasons(themes, row).loc[0, ["reason_1", "reason_2"]]:
    ...     print(said)
    speaks strongly for leaving: silent for 92 days; usual gap 21; 5 purchases in 176 days
    hardly matters: spends 35.00 per purchase
    """
    # A model that looks at one theme only finds that others do not matter.
    silent = [name for name in ("basket", "weekday") if name not in themes]
    themes = themes.assign(**dict.fromkeys(silent[: max(N_REASONS - themes.shape[1], 0)], 0.0))
    order = np.argsort(-themes.abs().to_numpy(), axis=1, kind="stable")[:, :N_REASONS]
    leaving, sizes = themes.to_numpy() > 0, themes.abs().to_numpy()
    names = [str(theme) for theme in themes]
    spoken = {*_SPOKEN_OF, *names}
    wanted = [c for c in customers if str(c) in spoken or str(c).removeprefix(FIRST) in names]
    keys = [str(column) for column in wanted]
    rows = [dict(zip(keys, values, strict=True)) for values in customers[wanted].to_numpy(object)]
    columns: dict[str, list[str]] = {f"reason_{rank + 1}": [] for rank in range(N_REASONS)}
    for number, row in enumerate(rows):
        for rank, lines in enumerate(columns.values()):
            if rank >= order.shape[1]:
                lines.append("")
                continue
            theme = order[number, rank]
            away = bool(leaving[number, theme])
            said = _strength(sizes[number, theme], away)
            lines.append(f"{said}: {_words(names[theme], row, away)}")
    return pd.DataFrame(columns, index=customers.index, dtype=object)


def _words(theme: str, row: dict[str, Any], leaving: bool) -> str:
    """Say what is known of one customer under a theme, what weighs most first."""
    if theme == "purchases":
        return _purchases(row, leaving)
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


def _strength(size: float, leaving: bool) -> str:
    """How much a contribution to the log odds moves the answer, and which way."""
    if size < HARDLY:
        return "hardly matters"
    much = " strongly" if size > STRONGLY else ""
    return f"speaks{much} for {'leaving' if leaving else 'staying'}"


def _purchases(row: dict[str, Any], leaving: bool) -> str:
    silent = _count(row.get("days_since_last", row.get("T", 0) - row.get("recency", 0)), "day")
    if not row.get("frequency"):
        return f"bought once, {silent} ago"
    gap = row.get("gap_mean")
    usual = f"; usual gap {round(gap):,}" if gap == gap and gap is not None else ""
    often = f"{_count(row['frequency'] + 1, 'purchase')} in {_count(row.get('T', 0), 'day')}"
    # Silence speaks for leaving, and many purchases for staying, whatever the other says.
    said = (f"silent for {silent}{usual}", often)
    return "; ".join(said if leaving else reversed(said))


_SPOKEN_OF = (
    "frequency",
    "recency",
    "T",
    "days_since_last",
    "gap_mean",
    "amount_mean",
    "return_share",
    "weekend_share",
)

_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "basket": lambda row: f"spends {row.get('amount_mean', 0):,.2f} per purchase",
    "breadth": lambda row: "how many different values the attributes have shown",
    "returns": lambda row: f"gave back {row.get('return_share', 0):.0%} of the money",
    "weekday": lambda row: f"{row.get('weekend_share', 0):.0%} of purchases at weekends",
}
