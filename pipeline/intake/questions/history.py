"""Asks which row of an order stands where a log keeps every state or version of it.

Lines of an order differ in what was bought. Rows of a history differ in the state, in the
version or in when they were changed, and in nothing else but the money and the day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from features.log import words
from features.log.versions import version_number
from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question
from pipeline.intake.questions.refunds import refund_column

FEW = 0.1
"""A column that differs in so small a share of the orders is taken for the same in all."""


@dataclass(frozen=True)
class _Seen:
    """How one column behaves in orders of several rows: in how many it differs, row by row."""

    varies: int
    every: int


def ask(look: Look) -> Iterator[Question]:
    """A question where rows of one order are versions of it, unless `log.versions` is declared."""
    order = look.spec.columns.order_id or likely_order(look)
    settled = look.spec.versions is not None or look.spec.lines not in (None, "repeated_total")
    settled |= look.spec.refunds is not None  # an order stands on several rows for a reason
    if settled or not order or not look.repeats(look.sample, order):
        return
    found = _differences(look, order)
    if found is None:
        return
    n, of, seen = found
    columns = look.spec.columns
    same = {columns.customer_id, columns.transacted_at, columns.amount, order}
    varying = [name for name, one in seen.items() if one.varies > FEW * n and name not in same]
    by = [name for name in varying if _is_version(look, name) and seen[name].every > 0.9 * n]
    states = [name for name in varying if _is_state(look, name) and seen[name].every > 0.9 * n]
    same_money = columns.amount is None or seen[columns.amount].varies <= FEW * n
    if set(varying) - {*by, *states} or not (by or (states and same_money)):
        return
    answer: dict[str, Any] = {} if columns.order_id else {"log.columns.order_id": order}
    answer |= {"log.versions": "last_row"} | ({"log.version_column": by[0]} if by else {})
    told = ", ".join(repr(name) for name in (*by, *states))
    dated = seen[columns.transacted_at].every > 0.9 * n
    yield Question(
        (*by, *states)[0],
        f"{n:,} of {of:,} orders in {order!r} stand on several rows that differ in {told} and not "
        "in what was bought: earlier and later versions of one order, which would count several "
        f"times. The last one stands (log.versions: last_row{_last_by(by, dated)}); or all, if "
        "they are orders of their own.",
        answer,
        decided=bool(by) or dated,
    )


def _last_by(by: list[str], dated: bool) -> str:
    if by:
        return f", by {by[0]!r}"
    return ", by the day" if dated else ", which is the one further down; that is not sure"


def _differences(look: Look, order: str) -> tuple[int, int, dict[str, _Seen]] | None:
    """Orders of several rows, all orders, and what differs in them; None where money is below 0."""
    columns, rows = look.spec.columns, look.sample
    names = [*look.free, columns.transacted_at, *([columns.amount] if columns.amount else [])]
    names = [n for n in dict.fromkeys(names) if n != order and not look.kind(n).is_nested()]
    cells = {f"c{i}": ibis.coalesce(look.text(rows, name), "") for i, name in enumerate(names)}
    lines = rows.select(
        "file",
        "digest",
        number=look.text(rows, order),
        who=look.text(rows, columns.customer_id),
        **cells,
    ).distinct()
    lines = lines.filter(lines.number.notnull(), lines.who.notnull())
    kinds = {f"k{i}": lines[f"c{i}"].nunique() for i in range(len(names))}
    orders = lines.group_by("file", "number", "who").aggregate(n=lines.count(), **kinds)
    several = orders.n > 1
    tally: dict[str, Any] = {"all": orders.count(), "n": several.sum()}
    for i in range(len(names)):
        tally |= {f"v{i}": (several & (orders[f"k{i}"] > 1)).sum()}
        tally |= {f"e{i}": (several & (orders[f"k{i}"] == orders.n)).sum()}
    seen = first(orders.aggregate(**tally))
    # Rows below 0 net others: then a number stands on several rows for a reason.
    if not seen["n"] or look.gives_back:
        return None
    found = {n: _Seen(seen[f"v{i}"] or 0, seen[f"e{i}"] or 0) for i, n in enumerate(names)}
    return seen["n"], seen["all"], found


def _is_state(look: Look, name: str) -> bool:
    """Whether a column holds states of an order: by its name, or by values that are known."""
    if look.called(name, "kind") and not look.called(name, "status"):
        return False
    values = look.few.get(name, {})
    known = sum(words.outcome(value) is not None for value in values)
    return bool(values) and (look.called(name, "status") or 2 * known > len(values))


def _is_version(look: Look, name: str) -> bool:
    """Whether a column counts versions or says when a row was changed, in an order."""
    if not look.called(name, "version", "changed") or name == refund_column(look):
        return False
    rows: ir.Table = look.sample.select(cell=look.sample[look.place(name)])
    seen = first(rows.aggregate(n=rows.cell.count(), read=version_number(rows.cell).count()))
    return bool(seen["n"]) and seen["n"] == seen["read"]
