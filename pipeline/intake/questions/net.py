"""Asks whether an amount is what a marketplace paid out, its fees taken off what customers paid."""

from collections.abc import Iterator

from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

NET = 0.9
"""So many of the rows with a fee have an amount that is another column's less the fee."""


def ask(look: Look) -> Iterator[Question]:
    """A question where the amount is another column's less a fee: the customer paid that one."""
    table, amount = look.money, look.spec.columns.amount
    if table is None or not amount:
        return
    plain = [name for name in look.free if not _no_number(look, name)]
    for fee in (name for name in plain if look.called(name, "fee")):
        numbers = look.number(fee)
        if numbers is None:
            continue
        rows = table.select("row", "money").join(numbers.rename(fee="number"), "row")
        rows = rows.filter(rows.fee != 0, rows.money > 0)
        for name in (one for one in plain if one != fee and not look.called(one, "tax")):
            paid = look.number(name)
            if paid is None:
                continue
            both = rows.join(paid.rename(paid="number"), "row")
            fits = ((both.paid - both.fee.abs() - both.money).abs() < 0.01).sum()
            sums = {"money": both.money.sum(), "paid": both.paid.sum()}
            seen = first(both.aggregate(n=both.count(), fits=fits, **sums))
            if seen["n"] > 1 and (seen["fits"] or 0) >= NET * seen["n"]:
                yield Question(
                    fee,
                    f"{amount!r} is {name!r} less {fee!r} in {seen['fits']:,} of {seen['n']:,} "
                    f"rows with one: {seen['money']:,.2f} in all, of {seen['paid']:,.2f} that "
                    "customers paid. Fees that somebody else keeps say nothing of customers.",
                    {"log.columns.amount": name},
                )
                return


def _no_number(look: Look, name: str) -> bool:
    kind = look.kind(name)
    return bool(kind.is_nested() or kind.is_temporal() or kind.is_boolean())
