"""Purchase days: a customer's orders of one day count once, returns are netted.

This is the convention of the buy-till-you-die papers. A day whose net amount
is not positive is a return day: it stays in the table, so that returns can be
counted, but it is no purchase and carries no `ordinal`.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

NET_AMOUNT = "decimal(38, 4)"
OPTIONAL = ("order_id", "quantity")
"""Columns of transactions that may hold nothing."""


def purchase_days(
    transactions: ir.Table, attributes: tuple[str, ...] = (), known: Sequence[str] = OPTIONAL
) -> ir.Table:
    """`netted_days`, each with what it needs to know of the customer's days before it.

    Returns
    -------
    Table with the columns of `netted_days`, and ``ordinal`` (1 for the first purchase
    day, null on return days); ``gap`` (days since the purchase day before, null on the
    first). Each column depends on this day and earlier ones only.
    """
    return with_gaps(netted_days(transactions, attributes, known))


def netted_days(
    transactions: ir.Table, attributes: tuple[str, ...] = (), known: Sequence[str] = OPTIONAL
) -> ir.Table:
    """One row per customer and day.

    Parameters
    ----------
    transactions
        ``customer_id`` (text), ``transacted_at``, ``amount`` (decimal),
        ``order_id``, ``quantity`` and one text column per attribute.
    attributes
        Names of the attribute columns to carry along.
    known
        Those of `OPTIONAL` that hold anything; the others cost nothing. Without ``order_id``
        each row is an order.

    Returns
    -------
    Table with ``customer_id``; ``transacted_at`` (date); ``amount`` (net, decimal);
    ``returned`` (decimal >= 0, the money given back); ``orders`` and ``lines``
    (counts of the rows that are no returns); ``quantity``. For each attribute: its
    value in the day's last row, and ``new_<attribute>``, how many of its values the
    customer showed for the first time.
    """
    log = transactions.mutate(transacted_at=transactions.transacted_at.date())
    pieces = "quantity" in known
    if "order_id" in known:
        days = _merged(log, pieces, "order_id")
        # By way of the orders: a distinct count costs more, and some engines compute it even
        # where nobody asks for it. An order without a number of its own is one row.
        several = days.order_id.isnull() | (days.lines == 0)
        orders = several.ifelse(days.lines, 1).sum()
        summed = {name: days[name].sum() for name in ("amount", "returned", "lines", "quantity")}
        days = days.group_by("customer_id", "transacted_at").aggregate(**summed, orders=orders)
    else:
        days = _merged(log, pieces)
        days = days.mutate(orders=days.lines)
    days = days.select(
        "customer_id",
        "transacted_at",
        amount=days.amount.cast(NET_AMOUNT),
        returned=days.returned.cast(NET_AMOUNT),
        orders=_whole(days.orders),
        lines=_whole(days.lines),
        quantity=days.quantity.cast("float64"),
    )
    for name in attributes:
        days = days.left_join(
            _attribute_days(transactions, name), ["customer_id", "transacted_at"]
        ).select(*days.columns, name, f"new_{name}")
    return days


def _whole(counts: ir.IntegerValue) -> ir.IntegerValue:
    """A sum of counts as int64 in the engine, too.

    DuckDB's is of 128 bits, which a Parquet file keeps as a float; ibis takes it for int64, and
    leaves a plain cast out of the query.
    """
    whole: ir.IntegerValue = counts.cast("int32").cast("int64")
    return whole


def _merged(log: ir.Table, pieces: bool, *also: str) -> ir.Table:
    """Sums of the rows of each customer and day, and of each `also`."""
    bought = log.amount > 0
    merged = log.group_by("customer_id", "transacted_at", *also).aggregate(
        amount=log.amount.sum(),
        returned=ibis.coalesce((-log.amount).sum(where=log.amount < 0), 0),
        lines=bought.sum(),
        **({"quantity": log.quantity.cast(NET_AMOUNT).sum(where=bought)} if pieces else {}),
    )
    quantity = ibis.coalesce(merged.quantity, 0) if pieces else ibis.literal(0).cast(NET_AMOUNT)
    return merged.mutate(quantity=quantity)


def daily(days: ir.Table) -> ir.Table:
    """One row per day on which anybody bought: ``day``, ``purchases``, ``customers`` (new ones)."""
    bought = days.filter(days.amount > 0)
    counts = bought.group_by(day=bought.transacted_at).aggregate(purchases=bought.count())
    firsts = bought.group_by("customer_id").aggregate(day=bought.transacted_at.min())
    new = firsts.group_by("day").aggregate(customers=firsts.count())
    joined = counts.left_join(new, "day")
    return joined.select("day", "purchases", customers=ibis.coalesce(joined.customers, 0))


def spans(days: ir.Table) -> ir.Table:
    """One row per customer: ``first_bought``, ``last_bought``, ``last``, ``purchases``.

    ``last`` is the last day of any kind. Who has no purchase has no day of buying.
    """
    bought = days.amount > 0
    return days.group_by("customer_id").aggregate(
        first_bought=days.transacted_at.min(where=bought),
        last_bought=days.transacted_at.max(where=bought),
        last=days.transacted_at.max(),
        purchases=bought.sum(),
    )


def with_gaps(days: ir.Table) -> ir.Table:
    """Add ``ordinal`` and ``gap``, see `purchase_days`: the only step that sorts the days."""
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
    # Numbered and filtered, for not every engine has a first value in an order.
    latest = ibis.window(
        group_by=[rows.customer_id, rows.transacted_at],
        order_by=[rows.moment.desc(), rows.value.desc()],
    )
    ranked = rows.mutate(place=ibis.row_number().over(latest))
    last = ranked.filter(ranked.place == 0).select("customer_id", "transacted_at", "value")
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
