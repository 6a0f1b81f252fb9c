"""Asks for rows within a log that sum up others: Total and Subtotal below the lines of an order."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from features.log.strays import names_total
from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

MOST = 8
"""A column of more kinds of rows than this tells no sets from their parts."""

SOME = 5
"""Rows of a kind that the other rows of their order have to add up to."""


def ask(look: Look) -> Iterator[Question]:
    """A question for each column that calls rows totals whose money others make up."""
    table = look.money
    if table is None:
        return
    called = _naming(look)
    yield from _sets(look, table, called)
    for name in called:
        values = _values(look, name)
        n, fitting = _adding_up(look, table, name, values) if values else (0, 0)
        if not n or 2 * fitting < n:
            continue
        listed = ", ".join(repr(value) for value in values)
        yield Question(
            name,
            f"Column {name!r} calls {n:,} rows {listed}, and the other rows of the same order "
            f"add up to {fitting:,} of them: their money would count twice.",
            {"log.where": [{"column": name, "operator": "not in", "value": values}]},
        )


def _sets(look: Look, table: ir.Table, called: list[str]) -> Iterator[Question]:
    """Rows of a kind that the others of their order add up to: a set beside its parts."""
    order = look.spec.columns.order_id or likely_order(look)
    several = [name for name in look.few if name not in called and 2 <= len(look.few[name]) <= MOST]
    if not order or not several:
        return
    cells = {f"c{i}": ibis.coalesce(look.text(table, n), "").strip() for i, n in enumerate(several)}
    who, number = look.text(table, look.spec.columns.customer_id), look.text(table, order)
    rows: ir.Table = table.select("money", who=who, number=number, **cells)
    rows = rows.filter(rows.number.notnull(), rows.money > 0)
    lines = ibis.window(group_by=[rows.who, rows.number])
    rows = rows.mutate(lines=rows.count().over(lines), all=rows.money.sum().over(lines))
    rows = rows.filter(rows.lines > 2)
    if first(rows.aggregate(n=rows.count()))["n"] < 3 * SOME:
        return
    rows = rows.cache()
    for i, name in enumerate(several):
        each = rows.group_by("who", "number", cell=rows[f"c{i}"]).aggregate(
            n=rows.count(), money=rows.money.sum(), lines=rows.lines.max(), all=rows["all"].max()
        )
        each = each.filter(each.lines > each.n + 1)
        fits = (2 * each.money - each["all"]).abs() < 0.015
        kinds = each.group_by("cell").aggregate(n=each.count(), fits=fits.sum())
        found = kinds.filter(kinds.fits >= SOME, 2 * kinds.fits > kinds.n).order_by("cell")
        for row in found.to_pyarrow().to_pylist():
            value, n = row["cell"], look.few[name][row["cell"]]
            yield Question(
                name,
                f"Column {name!r} has {n:,} rows of {value!r}, and the other rows of the same "
                f"order add up to {row['fits']:,} of {row['n']:,} of them: sets beside their "
                "parts, whose money would count twice.",
                {"log.where": [{"column": name, "operator": "!=", "value": value}]},
            )
            return


def _naming(look: Look) -> list[str]:
    """Columns of texts of which some are words for totals."""
    texts = [name for name in look.free if look.kind(name).is_string()]
    rows = look.rows
    named = {f"n{i}": names_total(look.text(rows, name)).sum() for i, name in enumerate(texts)}
    seen = first(rows.aggregate(**named)) if texts else {}
    return [name for i, name in enumerate(texts) if seen[f"n{i}"]]


def _values(look: Look, name: str) -> list[str]:
    """The words for totals in a column, as they are written."""
    rows = look.rows.select(value=look.text(look.rows, name))
    rows = rows.filter(rows.value.notnull(), names_total(rows.value))
    found = rows.group_by("value").aggregate(n=rows.count())
    return sorted(found.order_by(found.n.desc()).limit(10).to_pyarrow()["value"].to_pylist())


def _adding_up(look: Look, table: ir.Table, name: str, values: list[str]) -> tuple[int, int]:
    """Rows called totals, and how many of them are the sum of other rows of their order."""
    columns = look.spec.columns
    order = columns.order_id or columns.transacted_at
    rows: ir.Table = table.select(
        "money",
        total=ibis.coalesce(look.text(table, name).isin(values), False),
        who=look.text(table, columns.customer_id),
        order=look.text(table, order),
    )
    lines = rows.filter(~rows.total).group_by("who", "order").aggregate(parts=rows.money.sum())
    sums = rows.filter(rows.total).join(lines, ["who", "order"])
    fits = (sums.money - sums.parts).abs() < 0.01
    seen = first(sums.aggregate(n=sums.count(), fits=fits.sum()))
    return seen["n"], seen["fits"] or 0
