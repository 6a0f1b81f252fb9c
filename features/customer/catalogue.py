"""The ordered list of features: name, unit, what null means, and the expression.

`aggregate` reads a customer's purchase days; `derive` reads the row of
aggregates, and the sums of money that `snapshot` adds to it. Adding an entry here
is all it takes: the snapshot, the property tests and the models pick it up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from features.customer import behaviour, rfm

NEVER_NULL = "never null"
NO_REPEAT = "no repeat purchase yet"
MONEY = "money"


@dataclass(frozen=True)
class Feature:
    """One column of the snapshot.

    Exactly one of `aggregate` (purchase days -> aggregate) and `derive`
    (row of aggregates -> column) is given.
    """

    name: str
    unit: str
    null_means: str
    aggregate: Callable[[ir.Table], ir.Value] | None = None
    derive: Callable[[ir.Table], ir.Value] | None = None


def _measure(
    name: str, unit: str, function: Callable[[ir.Table], ir.Value], null_means: str = NEVER_NULL
) -> Feature:
    return Feature(name, unit, null_means, aggregate=function)


def _windows() -> tuple[Feature, ...]:
    def counts(span: int) -> Feature:
        return _measure(
            f"purchases_{span}d", "purchase days", lambda d: behaviour.purchases_in(d, span)
        )

    def sums(span: int) -> Feature:
        return _measure(f"spend_{span}d", MONEY, lambda d: behaviour.spend_in(d, span))

    return tuple(f(span) for f in (counts, sums) for span in (30, 90, 180, 365))


def _decays() -> tuple[Feature, ...]:
    def counts(half_life: int) -> Feature:
        return _measure(
            f"decayed_purchases_{half_life}d",
            "purchase days",
            lambda d: behaviour.decayed_purchases(d, half_life),
        )

    def sums(half_life: int) -> Feature:
        return _measure(
            f"decayed_spend_{half_life}d", MONEY, lambda d: behaviour.decayed_spend(d, half_life)
        )

    return tuple(f(half_life) for f in (counts, sums) for half_life in behaviour.HALF_LIVES)


def _time_of_year() -> tuple[Feature, ...]:
    def cosine(turns: int) -> Feature:
        return _measure(
            f"year_cosine_{turns}", "-1 to 1", lambda d: behaviour.turn_cosine(d, turns)
        )

    def sine(turns: int) -> Feature:
        return _measure(f"year_sine_{turns}", "-1 to 1", lambda d: behaviour.turn_sine(d, turns))

    return tuple(f(turns) for turns in behaviour.TURNS for f in (cosine, sine))


CATALOGUE: tuple[Feature, ...] = (
    _measure("frequency", "repeat purchase days", rfm.frequency),
    _measure("recency", "days", behaviour.recency),
    _measure("T", "days", lambda d: d.age.max()),
    _measure("monetary_value", MONEY, rfm.monetary_value),
    _measure("days_since_last", "days", behaviour.days_since_last),
    *_windows(),
    *_decays(),
    *_time_of_year(),
    _measure("gap_mean", "days", behaviour.gap_mean, NO_REPEAT),
    _measure("gap_sd", "days", behaviour.gap_sd, "fewer than two repeat purchases"),
    _measure("gap_max", "days", lambda d: d.gap.max(), NO_REPEAT),
    _measure("gap_last", "days", behaviour.gap_last, NO_REPEAT),
    _measure("gap_log_mean", "log days", behaviour.gap_log_mean, NO_REPEAT),
    _measure("amount_first", MONEY, behaviour.amount_of_first),
    _measure("amount_last", MONEY, behaviour.amount_of_last),
    _measure("amount_max", MONEY, lambda d: d.amount.max().cast("float64")),
    Feature("amount_total", MONEY, NEVER_NULL, derive=lambda row: row.purchased + row.undone),
    _measure("amount_sd", MONEY, behaviour.basket_sd, NO_REPEAT),
    _measure("orders", "orders", lambda d: d.orders.sum()),
    _measure("lines", "rows of the log", lambda d: d.lines.sum()),
    _measure("quantity", "pieces", lambda d: behaviour.exact_sum(d.quantity)),
    _measure("weekend_share", "share", behaviour.weekend_share),
    Feature(
        "overdue",
        "own mean gaps of silence",
        NO_REPEAT,
        derive=lambda row: row.days_since_last / row.gap_mean.nullif(0),
    ),
    Feature(
        "gap_variation",
        "standard deviation / mean of the gaps",
        "fewer than two repeat purchases",
        derive=lambda row: row.gap_sd / row.gap_mean.nullif(0),
    ),
    Feature(
        "amount_mean",
        MONEY,
        NEVER_NULL,
        derive=lambda row: row.purchased.cast("float64") / (row.frequency + 1),
    ),
    Feature(
        "return_share",
        "share of the money given back",
        NEVER_NULL,
        derive=lambda row: row.returned / (row.returned + row.purchased.cast("float64")),
    ),
)
"""Money is the log's own unit; days are calendar days of its business zone."""

NAMES: tuple[str, ...] = tuple(feature.name for feature in CATALOGUE)
