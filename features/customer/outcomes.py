"""What given customers bought in a window, and in one of the same length before it."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.timeline import before, in_horizon


def outcomes(
    days: ir.Table, customers: ir.Table, known_before: date, start: date, length: int
) -> ir.Table:
    """One row per customer of a list, those without any purchase included.

    Parameters
    ----------
    days
        See `features.customer.purchase_days.netted_days`.
    customers
        ``customer_id``, each once; further columns are kept.
    known_before
        A customer is known when the log has a row of theirs before this day, `start` at the latest.
    start, length
        The window is ``[start, start + length)``, the one before it ``[start - length, start)``.

    Returns
    -------
    Table with the columns of `customers`; ``known`` (0 or 1); ``purchases`` (purchase days),
    ``orders`` and ``spend`` (net amount) of the window; ``purchases_before`` and ``spend_before``.
    """
    early = start - timedelta(days=length)
    rows = before(days, start + timedelta(days=length)).semi_join(customers, "customer_id")
    here = in_horizon(rows, start, length)
    earlier = in_horizon(rows, early, length)
    purchases = (rows.amount > 0).ifelse(1, 0)
    # All of it in one pass over the log: its customers are grouped, and joined, once.
    sums = rows.group_by("customer_id").aggregate(
        known=(rows.transacted_at.min() < known_before).cast("int8"),
        purchases=purchases.sum(where=here).cast("int64"),
        orders=rows.orders.sum(where=here).cast("int64"),
        spend=rows.amount.sum(where=here).cast("float64"),
        purchases_before=purchases.sum(where=earlier).cast("int64"),
        spend_before=rows.amount.sum(where=earlier).cast("float64"),
    )
    names = [name for name in sums.columns if name != "customer_id"]
    joined = customers.left_join(sums, "customer_id").select(*customers.columns, *names)
    return joined.mutate(**{name: ibis.coalesce(joined[name], 0) for name in names})
