"""A log week by week, counted back from its end: what tells a fault of the data from a trend."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.timeline import before

WEEK = 7


def weeks(days: ir.Table, end: date) -> ir.Table:
    """How much came in each week before `end`.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days.netted_days`.

    Returns
    -------
    Table with ``week`` (0 for the seven days before `end`, 1 for those before them, ...; weeks
    without a purchase are absent), ``purchases`` (purchase days), ``rows`` (mean rows of the log
    per purchase day) and ``rows_sd``, ``amount`` (median net amount per order of a purchase day)
    and ``amount_sd`` (standard deviation of its logarithm).
    """
    bought = _by_week(days, end)
    bought = bought.filter((bought.amount > 0) & (bought.orders > 0))
    amount = bought.amount.cast("float64") / bought.orders
    lines = bought.lines.cast("float64")
    return bought.group_by("week").aggregate(
        purchases=bought.count(),
        rows=lines.mean(),
        rows_sd=lines.std(how="pop"),
        amount=amount.median(),
        amount_sd=amount.ln().std(how="pop"),
    )


def values_by_week(days: ir.Table, end: date, attribute: str) -> ir.Table:
    """How often each value of an attribute came in the last week, the eight before, and earlier.

    Returns
    -------
    Table with ``value`` (null where it is missing), and counts of purchase days: ``last``,
    ``before`` (weeks 1 to 8) and ``earlier``.
    """
    bought = _by_week(days, end)
    bought = bought.filter(bought.amount > 0)

    def counted(condition: ir.BooleanValue) -> ir.IntegerScalar:
        return ibis.coalesce(condition.sum(), 0).cast("int64")

    return bought.group_by(value=bought[attribute]).aggregate(
        last=counted(bought.week == 0),
        before=counted(bought.week.between(1, 8)),
        earlier=counted(bought.week > 8),
    )


def longest_pause(days: ir.Table, end: date, within_days: int) -> ir.IntegerScalar:
    """Most days between two days with a purchase, of the last so many days before `end`."""
    known = before(days, end)
    known = known.filter(known.amount > 0)
    age = ibis.literal(end).delta(known.transacted_at, unit="day").cast("int64")
    each = known.select(age=age).filter(lambda row: row.age <= within_days).distinct()
    # From the end backwards: the row before is the day after.
    gap = each.age - each.age.lag().over(ibis.window(order_by=each.age))
    return each.select(gap=gap).gap.max()


def _by_week(days: ir.Table, end: date) -> ir.Table:
    known = before(days, end)
    age = ibis.literal(end).delta(known.transacted_at, unit="day").cast("int64")
    return known.mutate(week=((age - 1) // WEEK).cast("int64"))
