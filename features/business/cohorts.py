"""Cohorts: customers by the period of their first purchase, and what they do in later ones."""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from features.business.customers import of_customers
from features.business.periods import Period, each_day, start_of


def cohort_sizes(customers: ir.Table, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """``cohort`` (first day of its period), `by`, and ``customers``: how many began in it."""
    keys = {"cohort": start_of(customers.first_day, period), **{k: customers[k] for k in by}}
    return customers.group_by(**keys).aggregate(customers=customers.count())


def cohort_cells(
    days: ir.Table, customers: ir.Table, as_of: date, period: Period, by: Sequence[str] = ()
) -> ir.Table:
    """What each cohort did in each period since its first, before `as_of`.

    Returns
    -------
    Table with ``cohort`` (first day of its period), ``age`` (periods since, 0 for its own), `by`,
    and ``buyers`` (its customers who bought in that period), ``orders`` and ``revenue`` (net of
    returns). Cells in which nothing happened are absent.
    """
    calendar = each_day(days, period)
    began = calendar.select(began="day", cohort="start", first="number")
    begun = customers.inner_join(began, customers.first_day == began.began)
    rows = of_customers(days, begun, as_of, "first_day", "cohort", "first", *by)
    rows = rows.filter(rows.transacted_at >= rows.own_first_day)
    rows = rows.inner_join(calendar, rows.transacted_at == calendar.day)
    # A customer's first purchase day of a period is the one whose gap reaches back beyond it.
    buys = (rows.ordinal == 1) | (rows.gap.notnull() & (rows.gap > rows.into))
    keys = {"cohort": rows.own_cohort, "age": rows.number - rows.own_first}
    grouped = rows.group_by(**keys, **{name: rows[f"own_{name}"] for name in by})
    return grouped.aggregate(
        # A cell of return days alone has no row that says yes or no.
        buyers=ibis.coalesce(buys.sum(), 0).cast("int64"),
        orders=rows.orders.sum().cast("int64"),
        revenue=rows.amount.sum().cast("float64"),
    )
