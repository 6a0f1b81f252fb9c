"""Recency, frequency and monetary value as Fader & Hardie define them.

Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005), "Counting Your Customers the
Easy Way", Marketing Science 24(2); monetary value: Fader, Hardie & Lee (2005),
"RFM and CLV: Using Iso-Value Curves", JMR 42(4).
"""

from collections.abc import Iterable
from datetime import date

import ibis
import ibis.expr.types as ir

from features.timeline import before, before_each


def rfm(days: ir.Table, cutoff: date) -> ir.Table:
    """One row per customer with a purchase before `cutoff`.

    Returns
    -------
    Table with ``customer_id``; ``frequency`` (repeat purchase days); ``recency``
    (days from first to last purchase day, 0 when frequency is 0); ``T`` (days from
    first purchase day to `cutoff`, at least 1); ``monetary_value`` (mean net spend
    of the repeat purchase days, 0 when frequency is 0), a float in the log's money.

    Notes
    -----
    The papers and lifetimes end the observation with the last day seen, so their
    T is one less than this one.
    """
    known = before(days, cutoff)
    purchases = known.filter(known.amount > 0)
    return (
        purchases.group_by("customer_id")
        .aggregate(
            frequency=frequency(purchases),
            recency=recency(purchases),
            T=age(purchases, cutoff),
            monetary_value=monetary_value(purchases),
        )
        .select("customer_id", "frequency", "recency", "T", "monetary_value")
    )


def rfm_at_each(days: ir.Table, cutoffs: Iterable[date]) -> ir.Table:
    """`rfm` at each of several cutoffs, in one pass: stacked, with ``cutoff``."""
    known = before_each(days, cutoffs)
    purchases = known.filter(known.amount > 0)
    found = purchases.group_by("customer_id", "cutoff").aggregate(
        frequency=frequency(purchases),
        recency=recency(purchases),
        first=purchases.transacted_at.min(),
        monetary_value=monetary_value(purchases),
    )
    return found.mutate(T=found.cutoff.delta(found.first, unit="day")).drop("first")


def frequency(purchases: ir.Table) -> ir.IntegerScalar:
    """Repeat purchase days: all but the first."""
    return purchases.count() - 1


def recency(purchases: ir.Table) -> ir.IntegerScalar:
    """Days from first to last purchase (t_x); 0 when frequency is 0."""
    return purchases.transacted_at.max().delta(purchases.transacted_at.min(), unit="day")


def age(purchases: ir.Table, cutoff: date) -> ir.IntegerScalar:
    """Days from first purchase to the cutoff (T)."""
    return ibis.literal(cutoff).delta(purchases.transacted_at.min(), unit="day")


def monetary_value(purchases: ir.Table) -> ir.FloatingScalar:
    """Mean net spend of the repeat purchase days; 0 when frequency is 0."""
    # Divided as float only after the exact decimal sum: float sums depend on their order. Without
    # `ordinal`, so that a query from the log to these numbers needs no window over the days.
    first = purchases.amount.argmin(purchases.transacted_at)
    repeat = (purchases.amount.sum() - first).cast("float64")
    return ibis.coalesce(repeat / frequency(purchases).nullif(0), 0.0)


def histogram(summary: ir.Table) -> ir.Table:
    """How many customers share each (frequency, recency, T).

    A buy-till-you-die likelihood sees nothing else, and in day units the table is
    bounded by the calendar, not by the number of customers.
    """
    return (
        summary.group_by("frequency", "recency", "T")
        .aggregate(n_customers=summary.count())
        .order_by("frequency", "recency", "T")
    )
