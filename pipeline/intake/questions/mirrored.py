"""Whether rows of one kind repeat rows of another: a payment its invoice, a refund its sale."""

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look, first

ENOUGH = 0.3
"""So large a share of the rows, beyond what chance makes alike, has its counterpart."""


def mirrored(look: Look, name: str, kind: Collection[str], other: Collection[str]) -> bool:
    """Whether rows with one of the values `kind` of a column have counterparts among `other`.

    A counterpart has the same number of an order, or is of the same customer and money. In a shop
    of few prices customers pay the same again and again: how often rows of `other` look alike
    among themselves is taken off.
    """
    if look.money is None:
        return False
    order = look.spec.columns.order_id or likely_order(look)
    value = ibis.coalesce(look.text(look.money, name), "").strip()
    rows = look.money.select(
        back=value.isin(list(kind)),
        sold=value.isin(list(other)),
        who=look.text(look.money, look.spec.columns.customer_id),
        money=look.money.money.abs(),
        number=look.text(look.money, order) if order else ibis.null("string"),
    )
    rows = rows.filter(rows.who.notnull(), rows.money != 0, rows.back | rows.sold)
    alike, numbered = _groups(rows, "money"), _groups(rows.filter(rows.number.notnull()), "number")
    back = alike["back"] or 1
    chance = alike["again"] / (alike["sold"] or 1)
    return max(alike["met"] / back - chance, numbered["met"] / back) >= ENOUGH


def above(look: Look, name: str, values: Collection[str]) -> bool:
    """Whether rows with one of the values of a column have money above 0."""
    if look.money is None:
        return True
    here = look.money.filter(look.text(look.money, name).strip().isin(list(values)))
    return bool(first(here.aggregate(n=(here.money > 0).sum()))["n"])


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
