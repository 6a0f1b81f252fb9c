"""Asks for money given back elsewhere: in a column of its own, or on the shop's own account."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from features.log import words
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

BESIDE = ("shipping", "tax", "discount", "fee", "prepaid")
"""What columns of money that is part of an order's, or was paid before, are called."""


MOST = 0.5
"""So large a share of the sales is hardly given back."""


def ask(look: Look) -> Iterator[Question]:
    """A column of refunds that is not taken off; refunds whose customer is the shop."""
    name = refund_column(look)
    numbers = look.number(name) if name else None
    if name and numbers is not None:
        seen = first(
            numbers.aggregate(
                n=(numbers.number != 0).sum(),
                total=numbers.number.abs().sum(),
                rows=numbers.count(),
            )
        )
        yield Question(
            name,
            f"Column {name!r} holds money given back in {seen['n']:,} of {seen['rows']:,} rows "
            f"({seen['total']:,.2f} in all), which is not taken off the amounts.",
            {"log.columns.refunded": name},
        )
    else:
        yield from _credited(look)
    yield from _settled(look)
    yield from _own_account(look)
    yield from _beside(look)


def _settled(look: Look) -> Iterator[Question]:
    """Rows below 0 that repeat most of those above: payments of what was sold, not returns."""
    spec = look.spec
    if (
        look.money is None
        or not look.gives_back
        or "returns" in spec.model_fields_set
        or spec.sales
    ):
        return
    rows = look.money.select("money", who=look.text(look.money, spec.columns.customer_id))
    rows = rows.filter(rows.who.notnull(), rows.money != 0).mutate(size=rows.money.abs())
    sums = first(
        rows.aggregate(above=rows["size"].sum(where=rows.money > 0), all=rows["size"].sum())
    )
    if not sums["above"] or sums["all"] - sums["above"] < MOST * sums["above"]:
        return
    each = rows.group_by("who", "size").aggregate(
        above=(rows.money > 0).sum(), below=(rows.money < 0).sum()
    )
    met = ibis.least(each.above, each.below).sum()
    seen = first(each.aggregate(met=met, above=each.above.sum(), below=each.below.sum()))
    if seen["met"] >= MOST * seen["above"]:
        yield Question(
            str(spec.columns.amount or spec.columns.unit_price),
            f"{seen['met']:,} of {seen['above']:,} rows above 0 stand again below 0, with the same "
            "customer and money: little would be left. If those are payments of what was sold, "
            "leave them out (log.returns: ignore); if they are returns: log.returns: negative.",
            {"log.returns": "ignore"},
            decided=False,
        )


def _credited(look: Look) -> Iterator[Question]:
    """A column of credit beside the amount, which it never passes: given back, or paid with."""
    columns = look.spec.columns
    if not columns.amount or columns.refunded or look.spec.refunds or look.money is None:
        return
    for name in look.free:
        told = [word for word in words.split(name) if words.currency(word) is None]
        credited = any(words.means(word, "credited") for word in told)
        if not credited or any(not _of(word, "credited", "amount") for word in told):
            continue
        numbers = look.number(name)
        if numbers is None:
            continue
        both = numbers.join(look.money.select("row", "money"), "row")
        given = both.number > 0
        seen = first(
            both.aggregate(
                n=both.count(), given=given.sum(), total=both.number.sum(),
                within=(given & (both.number <= both.money)).sum(), below=(both.number < 0).sum(),
            )
        )  # fmt: skip
        few = seen["given"] and not seen["below"] and seen["given"] < 0.5 * seen["n"]
        if not few or seen["within"] < 0.95 * seen["given"]:
            continue
        yield Question(
            name,
            f"Column {name!r} holds money in {seen['given']:,} of {seen['n']:,} rows "
            f"({seen['total']:,.2f} in all), never more than {columns.amount!r}. If it was given "
            "back, it has to be taken off (log.columns.refunded).",
            {"log.columns.refunded": name},
            decided=False,
        )
        return


def _of(word: str, *roles: str) -> bool:
    return any(words.means(word, role) for role in roles)


def _beside(look: Look) -> Iterator[Question]:
    """Money beside the amount, such as shipping: named, and left to the person who knows."""
    amount = look.spec.columns.amount or look.spec.columns.unit_price
    names = [name for name in look.free if look.called(name, *BESIDE)]
    filled = [name for name in names if amount and _has_money(look, name)]
    if filled:
        yield Question(
            filled[0],
            f"Money beside {amount!r} that is not counted: {', '.join(map(repr, filled))}. Whether "
            f"{amount!r} has it in it, the log does not say.",
            pressing=False,
        )


def _has_money(look: Look, name: str) -> bool:
    if look.kind(name).is_nested() or look.kind(name).is_temporal() or look.kind(name).is_boolean():
        return False
    numbers = look.number(name)
    return numbers is not None and bool(
        first(numbers.aggregate(n=(numbers.number != 0).sum()))["n"]
    )


def refund_column(look: Look) -> str | None:
    """The free column of refunded money, if any; yes and no are none, nor are pieces."""
    columns = look.spec.columns
    if columns.refunded or not (columns.amount or columns.unit_price):
        return None
    for name in look.free:
        if not look.called(name, "refunded") or look.kind(name).is_nested():
            continue
        if look.kind(name).is_temporal() or look.kind(name).is_boolean():
            continue
        if look.called(name, "quantity") and not look.called(name, "amount"):
            continue
        numbers = look.number(name)
        if numbers is None:
            continue
        filled = look.text(look.rows, name)
        seen = first(numbers.aggregate(n=numbers.number.count(), other=_money_like(numbers)))
        cells = first(look.rows.aggregate(n=filled.count()))["n"]
        if seen["other"] and seen["n"] >= 0.9 * cells:
            return name
    return None


def _money_like(numbers: ir.Table) -> ir.IntegerValue:
    """How many are neither 0 nor 1: a yes is written as 1."""
    return (~numbers.number.isin([0.0, 1.0])).sum()


def _own_account(look: Look) -> Iterator[Question]:
    """Rows below 0 that stand on one id which never buys: the shop gives back, not the customer."""
    columns = look.spec.columns
    if look.money is None or columns.refund_customer or not look.gives_back:
        return
    rows = look.money.mutate(who=look.text(look.money, columns.customer_id))
    rows = rows.filter(rows.who.notnull())
    below = rows.filter(rows.money < 0)
    top = below.group_by("who").aggregate(n=below.count())
    found = top.order_by(top.n.desc(), "who").limit(1).to_pyarrow().to_pylist()
    total = first(below.aggregate(n=below.count()))["n"]
    if not found or 2 * found[0]["n"] <= total:
        return
    shop, n = found[0]["who"], found[0]["n"]
    above = rows.filter(rows.money > 0)
    bought = first(above.aggregate(n=(above.who == shop).sum(), of=above.count()))
    if bought["n"] or not bought["of"]:
        return
    for name in look.free:
        if look.kind(name).is_nested():
            continue
        paid_to = look.text(above, name) == shop
        if 2 * (first(above.aggregate(n=paid_to.sum()))["n"] or 0) > bought["of"]:
            yield Question(
                name,
                f"{n:,} of {total:,} rows below 0 stand on one id of {columns.customer_id!r} that "
                f"never buys, and {name!r} names it where others buy: the shop itself. What was "
                f"given back is of the customers in {name!r}.",
                {"log.columns.refund_customer": name},
            )
            return
    if n >= 3:
        yield Question(
            columns.customer_id,
            f"{n:,} of {total:,} rows below 0 stand on one id of {columns.customer_id!r} that "
            "never buys. If it is the shop's own, what was given back is missing from its "
            "customers: name the column that knows them, log.columns.refund_customer.",
            pressing=False,
        )
