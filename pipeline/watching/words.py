"""The watch as rows of figures, the same on the screen and on the page."""

import numpy as np

from pipeline.markup import number, three_digits
from pipeline.watching.monitor import Monitored
from pipeline.watching.realised import Realised

SIGNALS = ("signal", "value", "limit", "std. errors", "")
SEGMENTS = (
    "segment", "customers", "no purchase: expected", "came", "purchases: expected", "came",
    "spend: expected", "came", "log loss",
)  # fmt: skip
SCORINGS = (
    "scored at", "days over", "customers", "no purchase", "came", "spend off", "80 % held",
    "log loss", "promised", "recency",
)  # fmt: skip
SHORT = (0, 1, 3, 4, 5, 7, 9)
"""Columns of `SCORINGS` that a terminal has room for."""

FEATURES = ("feature", "stability index", "moves mean p_churn by")
MOST_FEATURES = 12


def signals(found: Monitored) -> list[tuple[str, ...]]:
    """Every signal, the alarms first."""
    ordered = sorted(found.signals, key=lambda one: not one.risen)
    return [
        (
            f"{one.name.replace('_', ' ')}, {one.where}",
            number(one.value, "+.3f") if one.kind == "answer" else three_digits(one.value),
            three_digits(one.limit),
            number(one.beyond, ".1f"),
            "ALARM" if one.risen else "",
        )
        for one in ordered
    ]


def scorings(found: Monitored) -> list[tuple[str, ...]]:
    """Each earlier scoring beside what came, what was promised, and recency alone."""
    return [_scoring(one) for one in found.scorings]


def _scoring(one: Realised) -> tuple[str, ...]:
    total = one.total
    off = total["expected_spend"] / total["spend"] - 1 if total["spend"] > 0 else np.nan
    promised = one.promised.get("log_loss") if one.over else None
    return (
        str(one.as_of),
        f"{one.days}/{one.horizon_days}",
        f"{total['customers']:,.0f}",
        number(total["p_churn"], ".1%"),
        number(total["churned"], ".1%"),
        number(off, "+.0%"),
        number(one.coverage, ".0%"),
        number(total["log_loss"], ".4f"),
        number(float(np.mean(promised)) if promised else np.nan, ".4f"),
        number(one.rule_log_loss, ".4f"),
    )


def segments(one: Realised) -> list[tuple[str, ...]]:
    """Expected against realised, by segment."""
    return [
        (
            str(name),
            f"{row['customers']:,.0f}",
            number(row["p_churn"], ".1%"),
            number(row["churned"], ".1%"),
            number(row["expected_purchases"], ",.0f"),
            number(row["purchases"], ",.0f"),
            number(row["expected_spend"], ",.0f"),
            number(row["spend"], ",.0f"),
            number(row["log_loss"], ".4f"),
        )
        for name, row in one.segments.iterrows()
    ]


def features(found: Monitored) -> list[tuple[str, ...]]:
    """The features that moved the answer most."""
    if found.drift is None:
        return []
    return [
        (str(name), number(one.stability_index, ".2f"), number(one.move, "+.3f"))
        for name, one in found.drift.features.head(MOST_FEATURES).iterrows()
    ]
