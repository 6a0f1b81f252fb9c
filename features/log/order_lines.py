"""Order lines: whose the money is, and what further lines of an order leave blank.

Exports write an order over several lines in five ways (`log.lines`). What stands once for
the order is counted once, a blank cell of a further line is the cell of its order, and what
is paid in parts was bought on the first of their days.
"""

from typing import Any

import ibis
import ibis.expr.types as ir

from features.log.identity import filled
from features.log.spec import LogSpec
from features.readers.reading import Raw

FILLED = ("first_line_total", "continued")
"""Ways of `log.lines` in which an order's further lines leave cells blank."""


def with_blanks_filled(raw: Raw, spec: LogSpec) -> ir.Table:
    """The raw table; in an order's further lines what stands on another line of it is filled in.

    A line without an order number, or without a day where there are no numbers, belongs to
    the order above it in its file. Customer, day, status and the like are the order's. Of
    `first_line_total` a blank amount is 0 where another line of the order has one.
    """
    table = raw.table
    if spec.lines not in FILLED:
        return table
    marked = table.mutate(order_of_line=_orders_own_mark(table, raw, spec))
    ordered = ibis.window(group_by=marked.file, order_by=marked.row, preceding=None, following=0)
    head = marked.order_of_line.notnull().ifelse(marked.row, ibis.null("int64"))
    marked = marked.mutate(first_line=head.cast("int64").max().over(ordered))
    mark = marked.order_of_line.max().over(ibis.window(group_by=[marked.file, marked.first_line]))
    marked = marked.mutate(order_of_line=mark)
    order = ibis.window(group_by=[marked.file, marked.order_of_line])
    cells: dict[str, Any] = {
        place: _filled_from(marked, filled(marked[place]), order) for place in _shared(raw, spec)
    }
    if spec.lines == "first_line_total":
        for place in _money(raw, spec):
            value = filled(marked[place])
            elsewhere = value.notnull().max().over(order)
            cells[place] = ibis.cases(
                (value.isnull() & elsewhere, ibis.literal(0).cast(value.type())), else_=value
            )
    return marked.mutate(**cells).drop("order_of_line", "first_line")


def counted_once(used: ir.Table, spec: LogSpec) -> ir.DecimalValue | None:
    """The amount of each row, 0 on an order's lines that repeat it; None: nothing is repeated.

    Two lines repeat one another when customer, day, number and amount are equal; where orders
    have no numbers, when customer, moment and amount are. Without money an order counts 1 in the
    same way.
    """
    has_money = bool(spec.columns.amount or spec.columns.unit_price)
    numbered = spec.columns.order_id is not None
    if spec.lines != "repeated_total" and (has_money or not numbered):
        return None
    moment = used.transacted_at.date() if numbered else used.transacted_at
    order = [used.customer_id, moment, used.order_id, used.amount]
    nth = ibis.row_number().over(ibis.window(group_by=order, order_by=used.row))
    counts = (nth == 0) | (used.order_id.isnull() & ibis.literal(numbered))
    return counts.ifelse(used.amount, 0).cast(used.amount.type())


def on_the_first_day(used: ir.Table, spec: LogSpec) -> ir.TimestampValue | None:
    """The moment of each row: of an order that is paid in parts, that of the first; None: its own.

    What is owed was known when it was bought, so no row is seen too early.
    """
    if spec.lines != "instalments":
        return None
    order = ibis.window(group_by=[used.customer_id, used.order_id])
    own: ir.TimestampValue = used.transacted_at
    return used.order_id.isnull().ifelse(own, own.min().over(order))


def _orders_own_mark(table: ir.Table, raw: Raw, spec: LogSpec) -> ir.StringValue:
    """The order's number; where a line has none but a day, it is an order of its own."""
    dated = filled(table[raw.columns[spec.columns.transacted_at]]).notnull()
    alone = dated.ifelse("row " + table.row.cast("string"), ibis.null("string"))
    if not spec.columns.order_id:
        return alone
    return ibis.coalesce(filled(table[raw.columns[spec.columns.order_id]]).cast("string"), alone)


def _filled_from(table: ir.Table, value: Any, order: Any) -> ir.Value:
    """The cell, or where it is blank the first one that any line of the order has."""
    first = value.argmin(table.row).over(order)
    none = ibis.null(value.type())
    return ibis.coalesce(value, table.order_of_line.isnull().ifelse(none, first))


def _shared(raw: Raw, spec: LogSpec) -> list[str]:
    """Places of the columns that an order has once."""
    columns = spec.columns
    names = [columns.customer_id, columns.transacted_at, columns.order_id]
    names += [columns.refund_customer, spec.sales.column if spec.sales else None]
    names += [spec.refunds.column if spec.refunds else None]
    names += [condition.column for condition in spec.where]
    return list({raw.columns[name]: None for name in names if name is not None})


def _money(raw: Raw, spec: LogSpec) -> list[str]:
    columns = spec.columns
    names = [columns.amount, columns.unit_price, columns.refunded]
    return [raw.columns[name] for name in names if name is not None]
