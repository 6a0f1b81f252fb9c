"""Purchase days: a customer's orders of one day count once, returns are netted.

This is the convention of the buy-till-you-die papers. A day whose net amount
is not positive is a return day: it stays in the table, so that returns can be
counted, but it is no purchase and carries no `ordinal`.
"""

import ibis
import ibis.expr.types as ir

NET_AMOUNT = "decimal(38, 4)"


def purchase_days(transactions: ir.Table, attributes: tuple[str, ...] = ()) -> ir.Table:
    """One row per customer and day.

    Parameters
    ----------
    transactions
        ``customer_id`` (text), ``transacted_at``, ``amount`` (decimal),
        ``order_id``, ``quantity`` and one text column per attribute.
    attributes
        Names of the attribute columns to carry along.

    Returns
    -------
    Table with ``customer_id``; ``transacted_at`` (date); ``amount`` (net, decimal);
    ``returned`` (decimal >= 0, the money given back); ``orders`` and ``lines``
    (counts of the rows that are no returns); ``quantity``; ``ordinal`` (1 for the
    first purchase day, null on return days); ``gap`` (days since the purchase day
    before, null on the first). For each attribute: its value in the day's last row,
    and ``new_<attribute>``, how many of its values the customer showed for the
    first time. Each column depends on this day and earlier ones only.
    """
    log = transactions.mutate(transacted_at=transactions.transacted_at.date())
    bought = log.amount > 0
    # An order without a number of its own is one row.
    orders = ibis.coalesce(
        log.order_id.nunique(where=bought) + (bought & log.order_id.isnull()).sum(), 0
    )
    days = log.group_by("customer_id", "transacted_at").aggregate(
        amount=log.amount.sum().cast(NET_AMOUNT),
        returned=ibis.coalesce((-log.amount).sum(where=log.amount < 0), 0).cast(NET_AMOUNT),
        orders=orders.cast("int64"),
        lines=bought.sum().cast("int64"),
        quantity=ibis.coalesce(log.quantity.cast(NET_AMOUNT).sum(where=bought), 0).cast("float64"),
    )
    for name in attributes:
        days = days.left_join(
            _attribute_days(transactions, name), ["customer_id", "transacted_at"]
        ).select(*days.columns, name, f"new_{name}")
    return _with_gaps(days)


def daily(days: ir.Table) -> ir.Table:
    """One row per day on which anybody bought: ``day``, ``purchases``, ``customers`` (new ones)."""
    bought = days.filter(days.amount > 0)
    return bought.group_by(day=bought.transacted_at).aggregate(
        purchases=bought.count(), customers=(bought.ordinal == 1).sum()
    )


def _with_gaps(days: ir.Table) -> ir.Table:
    purchase = days.amount > 0
    history = ibis.window(group_by=[days.customer_id, purchase], order_by=days.transacted_at)
    gap = days.transacted_at.delta(days.transacted_at.lag().over(history), unit="day")
    return days.mutate(
        ordinal=purchase.ifelse(ibis.row_number().over(history) + 1, ibis.null("int64")),
        gap=purchase.ifelse(gap, ibis.null("int64")).cast("int64"),
    )


def _attribute_days(transactions: ir.Table, name: str) -> ir.Table:
    """The value of `name` in each day's last row, and how many values are new that day."""
    rows = transactions.select(
        "customer_id",
        moment=transactions.transacted_at,
        transacted_at=transactions.transacted_at.date(),
        value=transactions[name],
    )
    rows = rows.filter(rows.value.notnull())
    # The value breaks ties between rows of one moment: any other order would be the engine's whim.
    last = rows.group_by("customer_id", "transacted_at").aggregate(
        value=rows.value.first(order_by=[rows.moment.desc(), rows.value.desc()])
    )
    first_seen = rows.group_by("customer_id", "value").aggregate(
        transacted_at=rows.transacted_at.min()
    )
    new = first_seen.group_by("customer_id", "transacted_at").aggregate(
        fresh=first_seen.count().cast("int64")
    )
    joined = last.left_join(new, ["customer_id", "transacted_at"])
    return joined.select(
        "customer_id",
        "transacted_at",
        **{name: joined.value, f"new_{name}": ibis.coalesce(joined.fresh, 0)},
    )
