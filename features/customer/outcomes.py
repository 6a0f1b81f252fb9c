"""What given customers bought in a window, and in one of the same length before it."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.timeline import before, within


def outcomes(
    days: ir.Table, customers: ir.Table, known_before: date, start: date, length: int
) -> ir.Table:
    """One row per customer of a list, those without any purchase included.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days`.
    customers
        ``customer_id``, each once; further columns are kept.
    known_before
        A customer is known when the log has a row of theirs before this day.
    start, length
        The window is ``[start, start + length)``, the one before it ``[start - length, start)``.

    Returns
    -------
    Table with the columns of `customers`; ``known`` (0 or 1); ``purchases`` (purchase days),
    ``orders`` and ``spend`` (net amount) of the window; ``purchases_before`` and ``spend_before``.
    """
    mine = days.semi_join(customers, "customer_id")
    seen = before(mine, known_before).select("customer_id").distinct().mutate(known=1)
    here = _sums(within(mine, start, length))
    earlier = _sums(within(mine, start - timedelta(days=length), length))
    earlier = earlier.select(
        "customer_id", purchases_before=earlier.purchases, spend_before=earlier.spend
    )
    joined = customers
    for table in (seen, here, earlier):
        names = [name for name in table.columns if name != "customer_id"]
        joined = joined.left_join(table, "customer_id").select(*joined.columns, *names)
    found = [name for name in joined.columns if name not in customers.columns]
    return joined.mutate(**{name: ibis.coalesce(joined[name], 0) for name in found})


def _sums(rows: ir.Table) -> ir.Table:
    """Purchase days, orders and net spend of each customer."""
    return rows.group_by("customer_id").aggregate(
        purchases=(rows.amount > 0).sum().cast("int64"),
        orders=rows.orders.sum().cast("int64"),
        spend=rows.amount.sum().cast("float64"),
    )
