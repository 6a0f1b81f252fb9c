"""Why a customer's churn probability is what it is, in up to three plain sentences.

They say what the models found together with churn in the past. None of them is a cause, and
none says that changing it would keep the customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from models.explain.sentences import FIRST, Rows, words

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

ONE_FACT = ("history", "trend")
"""Of who bought once these say the same as `silence`: one purchase, so many days ago."""


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
    features that no short sentence tells. What one purchase says is told once (`ONE_FACT`).

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
    themes = _of_one_purchase(themes, customers)
    values, names = themes.to_numpy(float), [str(theme) for theme in themes]
    said = np.full(values.shape, "", object)
    for place, theme in enumerate(names):
        size = values[:, place]
        told = np.flatnonzero(np.abs(size) >= LEAST)
        said[told, place] = words(theme, Rows(customers, told), size[told] > 0, typical)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    said, values = (np.take_along_axis(table, order, axis=1) for table in (said, values))
    # What is not told is empty: the first that are not are the largest.
    borne_out = said != ""
    rank = np.cumsum(borne_out, axis=1) - 1
    rows, places = np.nonzero(borne_out & (rank < N_REASONS))
    size = values[rows, places]
    much = np.where(np.abs(size) >= MUCH, "much more", "more").astype(object)
    direction = np.where(size > 0, " likely to leave: ", " likely to stay: ")
    found = np.full((len(customers), N_REASONS), "", object)
    found[rows, rank[rows, places]] = much + direction + said[rows, places]
    columns = [f"reason_{n + 1}" for n in range(N_REASONS)]
    return pd.DataFrame(found, customers.index, columns, dtype=object)


def _of_one_purchase(themes: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The themes, with those of one fact added up where somebody bought on one day only."""
    same = [theme for theme in ONE_FACT if theme in themes]
    if SILENCE not in themes or not same:
        return themes
    once = (customers["frequency"] == 0).to_numpy()[:, None]
    together = themes[[SILENCE]].to_numpy() + themes[same].sum(axis=1).to_numpy()[:, None]
    silence = np.where(once, together, themes[[SILENCE]])[:, 0]
    return themes.assign(**{SILENCE: silence}, **(themes[same] * ~once))
