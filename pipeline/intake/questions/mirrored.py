"""Whether rows of one kind repeat rows of another: a payment its invoice, a refund its sale."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look, first

ENOUGH = 0.3
"""So large a share of the rows, beyond what chance makes alike, has its counterpart."""

SURE = 0.6
"""And so large a share where no word says that the rows are anything but sales."""

FEW_PRICES = 0.05
"""Two rows cost the same so often in a shop of few prices, where money alone shows nothing."""

RARE = 0.05
"""Where fewer rows than this repeat another one's customer and money, none is a ledger's."""

MONTHS = 4
"""Payments and refunds come within so many months; a later row is the next year's."""

LOOKED_AT = 40_000
"""So many rows, of whole customers, are enough to see whether rows repeat."""

SOME = 5
"""Rows of one kind that have to repeat others."""


@dataclass(frozen=True)
class Repeats:
    """Rows among which some repeat others' customer and money; `c0` and on are cells of columns."""

    rows: ir.Table
    many_prices: bool


def mirrored(
    look: Look, name: str, kind: Collection[str], other: Collection[str], numbers: bool = True
) -> bool:
    """Whether rows with one of the values `kind` of a column have counterparts among `other`.

    A counterpart has the same number of an order (if `numbers`), or is of the same customer and
    money. In a shop of few prices customers pay the same again and again: how often rows of `other`
    look alike among themselves is taken off.
    """
    rows = _keyed(look, {"cell": name})
    if rows is None:
        return False
    rows = rows.mutate(back=rows.cell.isin(list(kind)), sold=rows.cell.isin(list(other)))
    rows = rows.filter(rows.back | rows.sold)
    alike = _groups(rows, "money")
    shown = alike["met"] / (alike["back"] or 1) - alike["again"] / (alike["sold"] or 1)
    if numbers:
        numbered = _groups(rows.filter(rows.number.notnull()), "number")
        shown = max(shown, numbered["met"] / (alike["back"] or 1))
    return shown >= ENOUGH


def above(look: Look, name: str, values: Collection[str]) -> bool:
    """Whether rows with one of the values of a column have money above 0."""
    if look.money is None:
        return True
    here = look.money.filter(look.text(look.money, name).strip().isin(list(values)))
    return bool(first(here.aggregate(n=(here.money > 0).sum()))["n"])


def repeating(look: Look, names: Sequence[str]) -> Repeats | None:
    """Rows with the cells of some columns; None where hardly any repeats another one's money."""
    cells = {f"c{i}": name for i, name in enumerate(names)}
    rows = _keyed(look, cells) if names else None
    if rows is None:
        return None
    n = first(rows.aggregate(n=rows.count()))["n"]
    if n > LOOKED_AT:
        rows = rows.filter(rows.who.hash() % (n // LOOKED_AT + 1) == 0)
    each = rows.group_by("who", "money").aggregate(n=rows.count())
    alike = first(each.aggregate(n=each.n.sum(), again=each.n.sum(where=each.n > 1)))
    if not alike["n"] or (alike["again"] or 0) < RARE * alike["n"]:
        return None
    rows = rows.cache()
    prices = rows.group_by("money").aggregate(n=rows.count())
    same = first(prices.aggregate(n=(prices.n.cast("float64") ** 2).sum()))["n"]
    return Repeats(rows, same <= FEW_PRICES * alike["n"] ** 2)


def repeated(
    among: Repeats, cell: str, values: Sequence[str], named: bool
) -> tuple[list[str], list[str]]:
    """Of the values after the first, those whose rows repeat rows of the first, and for sure.

    `cell` is a column of `among`. Rows below 0 net others as they stand, unless nothing would be
    left. Without a header that is `named` for kinds a repeated number counts on another day only:
    lines of an order share its number and day.
    """
    rows, (most, *others) = among.rows, values
    money = _shares(rows, cell, most, others, ["who", "money"], True)
    numbered = rows.filter(rows.number.notnull())
    number = _shares(numbered, cell, most, others, ["who", "number", "money"], named)
    counts = {f"n{i}": (rows[cell] == v).sum() for i, v in enumerate(others)}
    below = {f"b{i}": ((rows[cell] == v) & rows.below).sum() for i, v in enumerate(others)}
    sums = {f"m{i}": rows.money.sum(where=rows[cell] == v) for i, v in enumerate(values)}
    seen = first(rows.aggregate(**counts, **below, **sums))
    some, sure = [], []
    for i, value in enumerate(others):
        n = seen[f"n{i}"] or 0
        nets = (seen[f"b{i}"] or 0) > 0.9 * n
        if nets and (seen[f"m{i + 1}"] or 0) < 0.5 * (seen["m0"] or 0):
            continue
        if max(money[i], number[i]) >= ENOUGH:
            some.append(value)
        if n >= SOME and max(money[i] * among.many_prices, number[i]) >= SURE:
            sure.append(value)
    return some, sure


def _shares(
    rows: ir.Table, cell: str, most: str, others: Sequence[str], key: list[str], same_day: bool
) -> list[float]:
    """Of each value, the share of rows that meet one of `most`, beyond what is alike by chance."""
    kinds = {f"k{i}": (rows[cell] == value).sum() for i, value in enumerate(others)}
    months = {f"t{i}": rows.month.mean(where=rows[cell] == value) for i, value in enumerate(others)}
    each = rows.group_by(*key).aggregate(
        sold=(rows[cell] == most).sum(), days=rows.day.nunique(), **kinds, **months,
        month=rows.month.mean(where=rows[cell] == most),
    )  # fmt: skip
    told: dict[str, Any] = {"n": each.sold.sum(), "again": each.sold.sum(where=each.sold > 1)}
    for i in range(len(others)):
        kind = each[f"k{i}"]
        near = ibis.coalesce((each[f"t{i}"] - each.month).abs() <= MONTHS, True)
        met = (each.sold > 0) & near & ((each.days > 1) | ibis.literal(same_day))
        told |= {f"n{i}": kind.sum(), f"met{i}": kind.sum(where=met)}
        told |= {f"again{i}": kind.sum(where=kind > 1)}
    seen = {name: n or 0 for name, n in first(each.aggregate(**told)).items()}
    chance = seen["again"] / (seen["n"] or 1)
    return [
        seen[f"met{i}"] / (n := seen[f"n{i}"] or 1) - max(chance, seen[f"again{i}"] / n)
        for i in range(len(others))
    ]


def _keyed(look: Look, cells: Mapping[str, str]) -> ir.Table | None:
    """What rows are known by: ``who``, ``money`` without its sign, ``number`` and ``day``.

    `cells` are further columns of the log, by what they are called here. None where the money
    cannot be read yet.
    """
    table = look.money
    if table is None:
        return None
    order = look.spec.columns.order_id or likely_order(look)
    day = look.text(table, look.spec.columns.transacted_at)[:10]
    rows = table.select(
        who=look.text(table, look.spec.columns.customer_id),
        money=table.money.abs(),
        below=table.money < 0,
        number=look.text(table, order) if order else ibis.null("string"),
        day=day,
        month=_month(day, look.spec.date_format or ""),
        **{
            called: ibis.coalesce(look.text(table, name), "").strip()
            for called, name in cells.items()
        },
    )
    return rows.filter(rows.who.notnull(), rows.money != 0)


def _month(day: Any, form: str) -> ir.IntegerValue:
    """Months since the year 0 of a day as it is written; null where it does not show."""
    at = r"^(\d{1,2})\D" if form.startswith("%m") else r"^\d{1,2}\D(\d{1,2})\D"
    later = ibis.coalesce(day.re_extract(at, 1), "")
    first_year = ibis.coalesce(day.re_extract(r"^\d{4}\D?(\d{2})", 1), "")
    month = (first_year != "").ifelse(first_year, later).try_cast("int64")
    return day.re_extract(r"(\d{4})", 1).try_cast("int64") * 12 + month


def _groups(rows: ir.Table, key: str) -> dict[str, int]:
    """Rows of either kind; those `met` by the other kind, and those that are there `again`."""
    each = rows.group_by("who", key).aggregate(back=rows.back.sum(), sold=rows.sold.sum())
    found = first(
        each.aggregate(
            back=each.back.sum(),
            sold=each.sold.sum(),
            met=each.back.sum(where=each.sold > 0),
            again=each.sold.sum(where=each.sold > 1),
        )
    )
    return {name: n or 0 for name, n in found.items()}
