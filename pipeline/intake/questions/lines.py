"""Asks whose the money is in a log of order lines, and which version of an order stands."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir

from features.log.identity import filled
from features.log.order_lines import with_blanks_filled
from pipeline.intake.questions import baskets, pieces
from pipeline.intake.questions.baskets import each_line_adds_up
from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import ROWS, Look, first
from pipeline.intake.questions.question import Question

SEVERAL = 5
"""So many orders on several days show what their amounts are."""

TOTALS = 0.75
"""An amount on several days is that of the order where it is at least so large beside others."""


def ask(look: Look) -> Iterator[Question]:
    """Questions on `log.lines` and `log.versions`, where they are not declared."""
    order = look.spec.columns.order_id or likely_order(look)
    named = {} if look.spec.columns.order_id else {"log.columns.order_id": order}
    if look.spec.lines is None:
        repeated = _repeated(look, order) if order else baskets.ask(look)
        question = _continued(look, order) or repeated
        if question:
            needs_order = question.answer["log.lines"] != "continued"
            extra = named if needs_order and order else {}
            yield replace(question, answer={**extra, **question.answer})
        else:
            yield from pieces.ask(look)
            if order and look.spec.versions is None and not look.spec.refunds:
                yield from _on_other_days(look, order, named)
    if order and look.spec.versions is None and len(look.raw.files) > 1:
        yield from (
            replace(question, answer={**named, **question.answer})
            for question in _versions(look, order)
        )
    if order and len(look.raw.files) == 1 and look.spec.duplicates is None:
        yield from _twice(look, order)
    if len(look.raw.files) > 1 and look.spec.duplicates is None and look.spec.versions is None:
        yield from _overlap(look)


def _repeated(look: Look, order: str) -> Question | None:
    """The same amount on every line of an order, line after line of it."""
    if look.money is None or look.spec.columns.unit_price or not look.repeats(look.rows, order):
        return None
    columns, rows = look.spec.columns, look.money
    if back := look.spec.refunds:  # what is given back is no line of the order
        rows = rows.filter(~back.holds(look.text(rows, back.column)))
    lines = rows.select(
        "digest",
        "money",
        number=look.text(rows, order),
        who=look.text(rows, columns.customer_id),
        day=look.text(rows, columns.transacted_at)[:10],
    )
    lines = lines.filter(lines.number.notnull(), lines.money > 0)
    orders = lines.group_by("number", "who", "day").aggregate(
        n=lines.digest.nunique(), amounts=lines.money.nunique(), money=lines.money.sum(),
        once=lines.money.max(),
    )  # fmt: skip
    orders = orders.filter(orders.n > 1)
    same = orders.amounts == 1
    seen = first(
        orders.aggregate(
            n=orders.count(), same=same.sum(),
            much=orders.money.sum(where=same), once=orders.once.sum(where=same),
        )
    )  # fmt: skip
    if not seen["same"] or seen["same"] < 0.9 * seen["n"] or each_line_adds_up(look):
        return None
    return Question(
        str(columns.amount),
        f"{seen['same']:,} of {seen['n']:,} orders of several lines have the same "
        f"{columns.amount!r} on every line. Added up they are {seen['much']:,.2f}; if it is the "
        f"order's total, {seen['once']:,.2f} (log.lines: repeated_total; or each, if it is the "
        "line's).",
        {"log.lines": "repeated_total"},
    )


def _on_other_days(look: Look, order: str, named: dict[str, Any]) -> Iterator[Question]:
    """The same amount again under one number on another day: an order's total, or its rates."""
    amount = look.spec.columns.amount
    if look.money is None or not amount or not look.repeats(look.rows, order):
        return
    rows = look.money
    lines = rows.select(
        "money",
        number=look.text(rows, order),
        who=look.text(rows, look.spec.columns.customer_id),
        day=look.text(rows, look.spec.columns.transacted_at)[:10],
    )
    lines = lines.filter(lines.number.notnull(), lines.who.notnull(), lines.money > 0)
    each = lines.group_by("number", "who").aggregate(
        n=lines.count(), days=lines.day.nunique(), amounts=lines.money.nunique(),
        once=lines.money.max(), money=lines.money.sum(),
    )  # fmt: skip
    again = (each.n > 1) & (each.days == each.n) & (each.amounts == 1)
    seen = first(
        each.aggregate(
            n=again.sum(), all=each.count(), several=(each.n > 1).sum(),
            alone=each.once.mean(where=each.n == 1), mean=each.once.mean(where=again),
            once=each.once.sum(where=again), much=each.money.sum(where=again),
        )
    )  # fmt: skip
    n = seen["n"] or 0
    # A contract's number is paid again and again, nearly all of them.
    if n < SEVERAL or n < 0.9 * seen["several"] or n > 0.5 * seen["all"]:
        return
    # Rates of an order are smaller than orders that were paid at once.
    if seen["alone"] and seen["mean"] < TOTALS * seen["alone"]:
        return
    yield Question(
        order,
        f"{n:,} orders in {order!r} stand on several days with the same {amount!r} on "
        f"each. Added up they are {seen['much']:,.2f}; if it is the order's total, sent or paid in "
        f"parts, {seen['once']:,.2f} (log.versions: last_row; or all, if each row is a part).",
        {**named, "log.versions": "last_row"},
        decided=False,
    )


def _continued(look: Look, order: str | None) -> Question | None:
    """Blanks that follow a filled line: the day, or the order's total."""
    columns = look.spec.columns
    named = columns.model_copy(update={"order_id": order})
    spec = look.spec.model_copy(update={"lines": "first_line_total", "columns": named})
    before = look.sample
    if (
        columns.refunded and columns.amount
    ):  # a row that only gives back is no line without its total
        mine, back = (look.text(before, name) for name in (columns.amount, columns.refunded))
        before = before.filter(mine.notnull() | back.isnull())
    whole = [columns.transacted_at, *([columns.amount] if columns.amount else [])]
    filled_in = first(before.aggregate(n=before.count(), **_counts(look, before, whole)))
    if set(filled_in.values()) == {filled_in["n"]}:
        return None
    after = with_blanks_filled(replace(look.raw, table=before), spec)
    days = _gained(look, before, after, columns.transacted_at)
    gained = {"day": days.semi_join(_of_the_order_above(look, before, order), "row")}
    if columns.amount and order:
        gained["money"] = _gained(look, before, after, columns.amount)
    cells = before.select("row", "file", **_named(look, before, order))
    table = cells
    for key, rows in gained.items():
        table = table.left_join(rows.mutate(**{key: ibis.literal(True)}), "row").drop("row_right")
    table = table.filter(~_last_and_nameless(table))
    seen = first(table.aggregate(**{key: table[key].sum() for key in gained}, n=table.count()))
    money, day = seen.get("money") or 0, seen["day"] or 0
    if money:
        return Question(
            str(columns.amount),
            f"{money:,} of {seen['n']:,} rows have no {columns.amount!r}, but another line of the "
            "same order has: the order's total stands on one line of it.",
            {"log.lines": "first_line_total"},
        )
    if day:
        return Question(
            columns.transacted_at,
            f"{day:,} of {seen['n']:,} rows have no {columns.transacted_at!r} and stand below an "
            "order that has one: further lines of it, of the same customer and day.",
            {"log.lines": "continued"},
        )
    return None


def _counts(look: Look, table: ir.Table, names: list[str]) -> dict[str, Any]:
    return {f"c{i}": filled(table[look.place(name)]).count() for i, name in enumerate(names)}


def _named(look: Look, table: ir.Table, order: str | None) -> dict[str, Any]:
    """Whether a row names an order or a customer of its own."""
    who = look.text(table, look.spec.columns.customer_id).notnull()
    return {"named": who | look.text(table, order).notnull() if order else who}


def _gained(look: Look, before: ir.Table, after: ir.Table, name: str) -> ir.Table:
    """Rows whose cell was blank and is not any more."""
    place = look.place(name)
    blank = before.filter(filled(before[place]).isnull()).select("row")
    full = after.filter(filled(after[place]).notnull()).select("row")
    return blank.semi_join(full, "row")


def _of_the_order_above(look: Look, table: ir.Table, order: str | None) -> ir.Table:
    """Rows that name an order, no customer, or the customer of the row above."""
    who = look.text(table, look.spec.columns.customer_id)
    above = who.lag().over(ibis.window(group_by=table.file, order_by=table.row))
    fits = who.isnull() | ibis.coalesce(who == above, False)
    if order:
        fits |= look.text(table, order).notnull()
    return table.mutate(fits=fits).filter(ibis._.fits).select("row")


def _last_and_nameless(table: ir.Table) -> Any:
    """Whether a row ends its file without a name of its own: a line of totals, not of an order."""
    last = table.row == table.row.max().over(ibis.window(group_by=table.file))
    return last & ~table.named


def _versions(look: Look, order: str) -> Iterator[Question]:
    """Orders that several files have."""
    table, columns = look.raw.table, look.spec.columns
    rows = table.select(
        "file", number=look.text(table, order), who=look.text(table, columns.customer_id)
    )
    rows = rows.filter(rows.number.notnull(), rows.who.notnull())
    # First and last file: a distinct count costs twice as much.
    numbers = rows.group_by("number").aggregate(one=rows.file.min(), other=rows.file.max())
    if not first(numbers.aggregate(n=(numbers.one < numbers.other).sum()))["n"]:
        return
    orders = rows.group_by("number", "who").aggregate(one=rows.file.min(), other=rows.file.max())
    several = (orders.one < orders.other).sum()
    seen = first(orders.aggregate(n=orders.count(), several=several))
    if not seen["several"]:
        return
    yield Question(
        order,
        f"{seen['several']:,} of {seen['n']:,} order numbers in {order!r} occur with the same "
        "customer in several files, and would count twice. If they are the same orders again, the "
        "later file's stand (log.versions: last); or all, if their lines are spread over files.",
        {"log.versions": "last"},
    )


def _twice(look: Look, order: str) -> Iterator[Question]:
    """Orders that stand again to the letter, where no order has two rows that differ."""
    table = look.raw.table
    total = first(table.aggregate(n=table.count()))["n"]
    rows = table.select("digest", number=look.text(table, order))
    rows = rows.filter(rows.number.notnull())
    share = total // ROWS + 1
    if share > 1:
        rows = rows.filter(rows.number.hash() % share == 0)
    # Smallest and largest digest: a distinct count costs twice as much.
    each = rows.group_by("number").aggregate(
        n=rows.count(), one=rows.digest.min(), other=rows.digest.max()
    )
    several, same = each.n > 1, each.one == each.other
    tally = {"again": (several & same).sum(), "differ": (several & ~same).sum()}
    seen = first(each.aggregate(n=each.count(), **tally))
    if (seen["again"] or 0) < SEVERAL or seen["differ"] or seen["again"] == seen["n"]:
        return
    told = f"about {seen['again'] * share:,}" if share > 1 else f"{seen['again']:,}"
    yield Question(
        order,
        f"{told} orders in {order!r} stand there again, equal in every column, and no order "
        "has two rows that differ: exports that overlap, which would count twice (log.duplicates: "
        "drop; keep, if they are orders of their own).",
        {"log.duplicates": "drop"},
    )


def _overlap(look: Look) -> Iterator[Question]:
    """Rows that two files have alike in every column: exports whose periods overlap."""
    rows = look.raw.table
    total = first(rows.aggregate(n=rows.count()))["n"]
    if total > 10 * ROWS:
        rows = rows.filter(rows.digest % 64 == 0)
    each = rows.group_by("digest").aggregate(one=rows.file.min(), other=rows.file.max())
    n = first(each.aggregate(n=(each.one < each.other).sum()))["n"]
    if n:
        scaled = "about " if total > 10 * ROWS else ""
        n *= 64 if scaled else 1
        yield Question(
            "",
            f"{scaled}{n:,} of {total:,} rows stand in several files, equal in every column, and "
            "would count twice: the exports overlap (log.duplicates: drop; keep, if they are "
            "orders of their own).",
            {"log.duplicates": "drop"},
        )
