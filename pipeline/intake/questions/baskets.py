"""Asks for the total of a basket that stands on each of its lines where no number tells baskets."""

import ibis.expr.types as ir

from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

ENOUGH = 3
"""So many baskets of several lines, of so many different totals, show it."""


def ask(look: Look) -> Question | None:
    """The same amount on every line of a customer and moment, basket after basket."""
    columns, table = look.spec.columns, look.money
    if table is None or columns.unit_price or not columns.amount:
        return None
    rows: ir.Table = table.select(
        "digest", "money",
        who=look.text(table, columns.customer_id), moment=look.text(table, columns.transacted_at),
    )  # fmt: skip
    rows = rows.filter(rows.who.notnull(), rows.money > 0)
    baskets = rows.group_by("who", "moment").aggregate(
        n=rows.digest.nunique(), amounts=rows.money.nunique(), money=rows.money.sum(),
        once=rows.money.max(),
    )  # fmt: skip
    baskets = baskets.filter(baskets.n > 1)
    same = baskets.amounts == 1
    seen = first(
        baskets.aggregate(
            n=baskets.count(), same=same.sum(), totals=baskets.once.nunique(where=same),
            much=baskets.money.sum(where=same), once=baskets.once.sum(where=same),
        )
    )  # fmt: skip
    if (seen["same"] or 0) < max(ENOUGH, 0.9 * seen["n"]) or seen["totals"] < ENOUGH:
        return None
    if each_line_adds_up(look):
        return None
    return Question(
        columns.amount,
        f"{seen['same']:,} of {seen['n']:,} times that a customer has several rows of one moment, "
        f"they have the same {columns.amount!r}. Added up they are {seen['much']:,.2f}; if it is "
        f"the whole basket's total, {seen['once']:,.2f} (log.lines: repeated_total; or each, if "
        "it is the line's).",
        {"log.lines": "repeated_total"},
    )


def each_line_adds_up(look: Look) -> bool:
    """Whether the amount is price x quantity of its own line, more than one piece among them."""
    rows = look.money
    columns = look.spec.columns
    pieces = [columns.quantity] if columns.quantity else _called(look, "quantity")
    prices = _called(look, "unit_price")
    if rows is None or not pieces or not prices:
        return False
    quantity, price = look.number(pieces[0]), look.number(prices[0])
    if quantity is None or price is None:
        return False
    both = rows.select("row", "money").join(quantity.rename(q="number"), "row")
    both = both.join(price.rename(p="number"), "row")
    fits = (both.q * both.p - both.money).abs() < 0.01
    many = both.q > 1
    seen = first(both.aggregate(n=both.count(), fits=fits.sum(), many=(fits & many).sum()))
    return bool(seen["many"]) and (seen["fits"] or 0) >= 0.9 * seen["n"]


def _called(look: Look, role: str) -> list[str]:
    return [name for name in look.free if look.called(name, role)]
