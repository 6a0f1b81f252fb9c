"""Asks whether a price is that of one piece or of the row: the price of an article tells.

Of one article in several quantities, a price per piece stays as it is; the price of the row
grows with the pieces.
"""

from collections.abc import Iterator, Sequence

import ibis
import ibis.expr.types as ir

from features.log.words import after_per, is_per_piece, split
from pipeline.intake.questions.look import FEW, Look, first
from pipeline.intake.questions.question import Question

ENOUGH = 3
"""Rows of several quantities that show it where no column tells articles apart."""

MOST = 2 / 3
"""So much of the evidence says one thing: prices that fit by chance are a few."""


def ask(look: Look) -> Iterator[Question]:
    """A question where the articles contradict the mapping; a remark where nothing shows it."""
    columns = look.spec.columns
    name = columns.unit_price or columns.amount
    if not name or look.spec.returns == "quantity":
        return
    if not columns.quantity:
        if "quantity" not in columns.model_fields_set:  # null rules it out
            yield from _uncounted(look, name)
        return
    rows = _priced(look, name, columns.quantity)
    if rows is None:
        return
    if columns.unit_price and (question := _beside_total(look, rows, name)):
        yield question
        return
    shown = _shown(look, rows)
    if columns.unit_price and shown == "row":
        yield Question(
            name,
            f"{name!r} grows with {columns.quantity!r} where one article is bought in several "
            "quantities: it is the money of the row, not the price of a piece.",
            {"log.columns.amount": name, "log.columns.unit_price": None},
        )
    if columns.amount and shown == "piece":
        yield Question(
            name,
            f"{name!r} stays the same where one article is bought in several quantities: it is the "
            f"price of a piece, and the money is {columns.quantity!r} times as much. If it is the "
            "money of the row: log.lines: each.",
            {"log.columns.amount": None, "log.columns.unit_price": name},
        )


def _uncounted(look: Look, price: str) -> Iterator[Question]:
    """A price beside a column that counts pieces, which nothing reads."""
    words = split(price)
    per_piece = is_per_piece(words)
    if not per_piece and (look.called(price, "amount") or not look.called(price, "unit_price")):
        return
    for name in look.free:
        if not (look.called(name, "quantity", "counted") or _same_noun(name, words)):
            continue
        rows = None if look.kind(name).is_nested() else _priced(look, price, name)
        if rows is None or not _counts_pieces(rows) or _shown(look, rows) == "row":
            continue
        seen = first(rows.aggregate(n=rows.count(), many=(rows.pieces > 1).sum()))
        if look.called(name, "stay") and not per_piece:
            yield Question(
                name,
                f"{price!r} stands beside {name!r}, which is above 1 in {seen['many']:,} of "
                f"{seen['n']:,} rows. Proposed: {price!r} is the money of the booking. If it is "
                f"the price of one: log.columns.unit_price: {price}, quantity: {name}.",
                {"log.lines": "each"},
                decided=False,
            )
            return
        yield Question(
            name,
            f"{price!r} stands beside {name!r}, which is above 1 in {seen['many']:,} of "
            f"{seen['n']:,} rows. If {price!r} is the price of a piece, the money is {name!r} "
            "times as much. If it is the money of the row: log.lines: each.",
            {
                "log.columns.amount": None,
                "log.columns.unit_price": price,
                "log.columns.quantity": name,
            },
            decided=per_piece,
        )
        return


def _same_noun(name: str, price: Sequence[str]) -> bool:
    """Whether a column is called like what the price is said to be per: price per ticket."""
    stems = [noun[: max(3, len(noun) - 2)] for noun in after_per(price)]
    return any(word.startswith(stem) for stem in stems for word in split(name))


def _counts_pieces(rows: ir.Table) -> bool:
    """Whether numbers are small and whole, and not all 1."""
    small = (rows.pieces % 1 == 0) & (rows.pieces <= FEW)
    seen = first(rows.aggregate(n=rows.count(), small=small.sum(), most=rows.pieces.max()))
    return bool(seen["n"]) and seen["small"] >= 0.9 * seen["n"] and seen["most"] > 1


def _beside_total(look: Look, rows: ir.Table, price: str) -> Question | None:
    """What a column of totals beside price and quantity says of them."""
    for name in look.free:
        numbers = None if look.kind(name).is_nested() else _total(look, name)
        if numbers is None:
            continue
        both = rows.join(numbers.rename(total="number"), "row").filter(rows.pieces != 1)
        alike = ((both.total - both.price).abs() < 0.01).sum()
        product = ((both.total - both.price * both.pieces).abs() < 0.01).sum()
        money = (both.price * both.pieces).sum()
        seen = first(
            both.aggregate(
                n=both.total.count(), alike=alike, product=product, total=both.total.sum(),
                money=money,
            )
        )  # fmt: skip
        if not seen["n"] or seen["product"] >= 0.9 * seen["n"]:
            continue
        if seen["alike"] >= 0.9 * seen["n"]:
            return Question(
                price,
                f"{price!r} is what {name!r} says, also where {look.spec.columns.quantity!r} is "
                "not 1: it is the money of the row, not the price of a piece.",
                {"log.columns.amount": name, "log.columns.unit_price": None},
            )
        return Question(
            name,
            f"{name!r} is not {look.spec.columns.quantity!r} x {price!r} in "
            f"{seen['n'] - seen['product']:,} of {seen['n']:,} rows of several pieces: added up "
            f"they are {seen['total']:,.2f} and {seen['money']:,.2f}. If {name!r} is what was "
            "paid, it is the amount.",
            {"log.columns.amount": name, "log.columns.unit_price": None},
            pressing=False,
        )
    return None


def _total(look: Look, name: str) -> ir.Table | None:
    """The numbers of a column that is called one of money."""
    if not look.called(name, "amount") or look.called(name, "shipping", "tax", "fee", "refunded"):
        return None
    return None if look.kind(name).is_temporal() else look.number(name)


def _priced(look: Look, price: str, quantity: str) -> ir.Table | None:
    money, pieces = look.number(price), look.number(quantity)
    if money is None or pieces is None:
        return None
    rows = look.rows.join(money.rename(price="number"), "row")
    rows = rows.join(pieces.rename(pieces="number"), "row")
    rows = rows.filter(rows.price > 0, rows.pieces > 0)
    columns = look.spec.columns
    return rows.mutate(
        # A price of a piece in cents: the row's is a whole number of them.
        ratio=(rows.price / rows.pieces).round(4),
        order=look.text(rows, columns.customer_id)
        + "|"
        + look.text(rows, columns.transacted_at)[:10],
    )


def _shown(look: Look, rows: ir.Table) -> str | None:
    """What articles in several quantities say: "piece", "row", or nothing."""
    found = _unanimous(rows)
    size = first(rows.aggregate(n=rows.count()))["n"]
    for name in look.free:
        if look.kind(name).is_nested() or look.kind(name).is_temporal():
            continue
        seen = _evidence(rows.mutate(article=look.text(rows, name)))
        # What seldom recurs, such as an order's number, is no article: chance says what it likes.
        if seen["n"] < max(2, size**0.5):
            continue
        for what in found:
            if seen[what] >= MOST * seen["n"]:
                found[what] = max(found[what], seen[what])
    for what, other in (("piece", "row"), ("row", "piece")):
        if found[what] > 4 * found[other]:
            return what
    return None


def _evidence(rows: ir.Table) -> dict[str, int]:
    """How often an article is ordered next in another quantity, and what then stays the same.

    The price, or the price per piece: from one order to the next, as prices change with time.
    """
    rows = rows.filter(rows.article.notnull())
    in_turn = ibis.window(group_by="article", order_by="row")
    before = {name: rows[name].lag().over(in_turn) for name in _COMPARED}
    pairs = rows.select(*_COMPARED, **{f"last_{name}": cell for name, cell in before.items()})
    pairs = pairs.filter(pairs.pieces != pairs.last_pieces, pairs.order != pairs.last_order)
    price, ratio = pairs.price == pairs.last_price, pairs.ratio == pairs.last_ratio
    seen = first(pairs.aggregate(n=pairs.count(), piece=price.sum(), row=ratio.sum()))
    return {what: n or 0 for what, n in seen.items()}


def _unanimous(rows: ir.Table) -> dict[str, int]:
    """Whether all rows, in several quantities, have one price or one price per piece."""
    seen = first(
        rows.aggregate(
            quantities=rows.pieces.nunique(), prices=rows.price.nunique(),
            ratios=rows.ratio.nunique(),
        )
    )  # fmt: skip
    several = seen["quantities"] >= ENOUGH
    return {
        "piece": int(several and seen["prices"] == 1),
        "row": int(several and seen["ratios"] == 1),
    }


_COMPARED = ("pieces", "price", "ratio", "order")
