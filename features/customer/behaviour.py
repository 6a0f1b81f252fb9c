"""How customers buy: windows, decays, rhythm, baskets and returns.

Every function takes the purchase days known at a cutoff, with the column `age`
(days from the purchase day to the cutoff, at least 1) and those of `with_weights`, and
returns an aggregate. Sums run over decimals, never floats: a float sum depends on the
order of its terms, and the engine's threads do not promise one.
"""

from math import pi

import ibis
import ibis.expr.types as ir

EXACT = "decimal(38, 9)"

SHARES = "decimal(18, 9)"
"""Wide enough for terms that are small by nature, and summed in half the time."""

YEAR = 365.25

HALF_LIVES = (30, 90, 365)
"""Days after which a purchase counts half."""

TURNS = (1, 2)
"""Turns a year of the seasons that are seen."""


def with_weights(purchases: ir.Table) -> ir.Table:
    """Add what depends on the age alone: computed once for each age, of which there are few."""
    ages = purchases.select("age").distinct()
    # As floats: some engines read fractions as decimals of 18 places, and cut what they make of it.
    age = ages.age.cast("float64")
    half = {f"half_{days}": ibis.literal(0.5) ** (age / float(days)) for days in HALF_LIVES}
    angle = {turns: age * (2 * pi * turns / YEAR) for turns in TURNS}
    turned = {
        **{f"cosine_{turns}": angle[turns].cos() for turns in TURNS},
        **{f"sine_{turns}": angle[turns].sin() for turns in TURNS},
    }
    return purchases.inner_join(ages.mutate(**half, **turned), "age")


def exact_sum(
    values: ir.NumericColumn, where: ir.BooleanValue | None = None, terms: str = EXACT
) -> ir.FloatingScalar:
    """Sum of `values` to nine decimals, the same in whatever order; 0 over no rows."""
    return ibis.coalesce(values.cast(terms).sum(where=where).cast("float64"), 0.0)


def purchases_in(purchases: ir.Table, days: int) -> ir.IntegerScalar:
    """Purchase days of the last `days` days before the cutoff."""
    return (purchases.age <= days).sum()


def spend_in(purchases: ir.Table, days: int) -> ir.FloatingScalar:
    """Net spend of the last `days` days before the cutoff."""
    return exact_sum(purchases.amount, where=purchases.age <= days)


def decayed_purchases(purchases: ir.Table, half_life: int) -> ir.FloatingScalar:
    """Purchase days, each halved for every `half_life` days since."""
    return exact_sum(purchases[f"half_{half_life}"], terms=SHARES)


def decayed_spend(purchases: ir.Table, half_life: int) -> ir.FloatingScalar:
    """Net spend, halved for every `half_life` days since."""
    return exact_sum(purchases[f"half_{half_life}"] * purchases.amount.cast("float64"))


def days_since_last(purchases: ir.Table) -> ir.IntegerScalar:
    """Days from the last purchase day to the cutoff, at least 1."""
    return purchases.age.min()


def recency(purchases: ir.Table) -> ir.IntegerScalar:
    """Days from first to last purchase day: all gaps together."""
    return purchases.age.max() - purchases.age.min()


def gap_mean(purchases: ir.Table) -> ir.FloatingScalar:
    """Mean days between purchase days; null without a repeat purchase."""
    return recency(purchases).cast("float64") / _gaps(purchases).nullif(0)


def gap_sd(purchases: ir.Table) -> ir.FloatingScalar:
    """Standard deviation of the gaps (n - 1); null below two of them."""
    return _sd(
        recency(purchases).cast("float64"),
        (purchases.gap * purchases.gap).sum().cast("float64"),
        _gaps(purchases),
    )


def gap_log_mean(purchases: ir.Table) -> ir.FloatingScalar:
    """Mean of the natural logarithm of the gaps; null without a repeat purchase."""
    return exact_sum(purchases.gap.cast("float64").ln(), terms=SHARES) / _gaps(purchases).nullif(0)


def gap_last(purchases: ir.Table) -> ir.IntegerScalar:
    """Days between the last two purchase days; null without a repeat purchase."""
    return purchases.gap.argmax(purchases.transacted_at)


def _gaps(purchases: ir.Table) -> ir.IntegerScalar:
    return purchases.count() - 1


def basket_sd(purchases: ir.Table) -> ir.FloatingScalar:
    """Standard deviation of the net spend of a purchase day (n - 1); null below two."""
    amount = purchases.amount.cast("decimal(19, 4)")
    return _sd(
        purchases.amount.sum().cast("float64"),
        (amount * amount).sum().cast("float64"),
        purchases.count(),
    )


def _sd(
    total: ir.FloatingScalar, squares: ir.FloatingScalar, n: ir.IntegerScalar
) -> ir.FloatingScalar:
    # Rounding can push the difference of two nearly equal sums below zero.
    spread = ibis.greatest(squares - total * total / n.nullif(0), 0.0)
    return (n >= 2).ifelse((spread / (n - 1).nullif(0)).sqrt(), ibis.null("float64"))


def amount_of_first(purchases: ir.Table) -> ir.FloatingScalar:
    """Net spend of the first purchase day."""
    return purchases.amount.argmin(purchases.transacted_at).cast("float64")


def amount_of_last(purchases: ir.Table) -> ir.FloatingScalar:
    """Net spend of the last purchase day."""
    return purchases.amount.argmax(purchases.transacted_at).cast("float64")


def weekend_share(purchases: ir.Table) -> ir.FloatingScalar:
    """Share of the purchase days that are Saturdays or Sundays."""
    return (purchases.transacted_at.day_of_week.index() >= 5).sum() / purchases.count()


def turn_cosine(purchases: ir.Table, turns: int) -> ir.FloatingScalar:
    """Mean cosine of where in the year the purchases lie, seen from the cutoff; -1 to 1.

    With one turn a year: 1 when all were at this time of year, -1 half a year away. Several
    turns see shorter seasons.
    """
    return exact_sum(purchases[f"cosine_{turns}"], terms=SHARES) / purchases.count()


def turn_sine(purchases: ir.Table, turns: int) -> ir.FloatingScalar:
    """The same, by the sine: 1 when all were a quarter of a turn before this time of year."""
    return exact_sum(purchases[f"sine_{turns}"], terms=SHARES) / purchases.count()
