"""Asks what debit and credit, or plus and minus, do to the money.

The sign of such a row stands in a column of its own, or each side has a column. Which side is the
sale depends on whose account it is, so that only a person can tell.
"""

import re
from collections.abc import Iterator, Sequence

import ibis
import ibis.expr.types as ir

from features.log import words
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.mirrored import above, mirrored
from pipeline.intake.questions.question import Question, counted

_PAIRS = (
    ("debit", "credit"), ("debits", "credits"), ("dr", "cr"), ("soll", "haben"), ("debe", "haber"),
    ("dare", "avere"), ("debet", "credit"), ("debit", "kredit"), ("дебет", "кредит"), ("in", "out"),
    ("приход", "расход"), ("надходження", "витрата"), ("winien", "ma"), ("borc", "alacak"),
    ("plus", "minus"), ("+", "-"), ("+", "\u2212"),
)  # fmt: skip
_UNSURE = {("in", "out"), ("plus", "minus"), ("+", "-"), ("+", "\u2212")}
"""Of a table, a membership or a taste as well: only below a header that speaks of sides."""
_LETTERS = (("d", "c"), ("s", "h"), ("d", "h"), ("d", "k"), ("д", "к"))
"""Of one letter, and asked about where the header speaks of sides."""


def ask(look: Look) -> Iterator[Question]:
    """One question, for the first column of two sides whose rows are all above 0."""
    yield from _other_column(look)
    if look.spec.refunds or look.money is None:
        return
    for name, values in look.few.items():
        # A debit card is no side of an account.
        if look.called(name, "funding", "method", "origin", "goods"):
            continue
        pair = _sides(name, {value for value in values if value})
        if pair is None:
            continue
        shown = {value: n for value, n in values.items() if value}
        signs = pair[0] in ("+", "plus")
        back = max(shown, key=lambda v: (-shown[v] * (not signs), pair.index(words.fold(v))))
        if not above(look, name, [back]):  # its sign is written already
            continue
        if _of_cards(name) and not mirrored(
            look, name, [back], [*{*shown} - {back}], numbers=False
        ):
            continue
        yield Question(
            name,
            f"Column {name!r} tells two sides of an account apart ({counted(values)}), and all "
            f"rows would count as money that came in. Proposed: {back} takes money back "
            "(log.refunds). If its rows are payments of what was sold, leave them out instead: "
            f"log.sales, with column: {name} and values: those that are sales.",
            {"log.refunds.column": name, "log.refunds.values": [back]},
            decided=signs,
        )
        return


def _other_column(look: Look) -> Iterator[Question]:
    """The other side of an account: filled where the amount is not, and never beside it."""
    amount = look.spec.columns.amount
    if not amount or look.spec.columns.refunded or not _of_an_account(look, amount):
        return
    sides = [name for name in look.free if look.called(name, "side")]
    for name in [name for name in sides if _of_an_account(look, name)]:
        numbers = look.number(name)
        if numbers is None or not first(numbers.aggregate(n=numbers.number.count()))["n"]:
            continue
        mine, other = (_filled(look.text(look.rows, column)) for column in (amount, name))
        seen = first(look.rows.aggregate(alone=(other & ~mine).sum(), both=(other & mine).sum()))
        if seen["alone"] and not seen["both"]:
            yield Question(
                name,
                f"Column {name!r} is filled in {seen['alone']:,} rows where {amount!r} is not, and "
                "never beside it: the other side of an account. Proposed: it takes money back "
                "(log.columns.refunded). If some of its rows are payments of what was sold, leave "
                "them out as well, by log.where or log.sales.",
                {"log.columns.refunded": name},
                decided=False,
            )
            return


def _of_an_account(look: Look, name: str) -> bool:
    """Whether a header speaks of money and sides alone: a store credit is something else."""
    # Without what stands in brackets, such as a unit: Gross Credit (GC).
    bare = re.sub(r"\(.*?\)", " ", name)
    told = [word for word in words.split(bare) if words.currency(word) is None]
    return all(any(words.means(word, role) for role in ("side", "amount")) for word in told)


def _of_an_account_alone(told: Sequence[str]) -> bool:
    roles = ("side", "amount", "kind", "paper", "payment", "number")
    return all(any(words.means(word, role) for role in roles) for word in told)


def _of_cards(name: str) -> bool:
    """Whether a header may speak of how was paid: by debit or by credit card."""
    return any(word.startswith("pay") or words.means(word, "payment") for word in words.split(name))


def _filled(cells: ir.StringValue) -> ir.BooleanValue:
    """Whether there is more than noughts."""
    return cells.notnull() & ~ibis.coalesce(cells.re_search(r"^[0.,\s]*$"), False)


def _sides(name: str, values: set[str]) -> tuple[str, str] | None:
    """The pair of sides that a column's two values are."""
    folded = {words.fold(value) for value in values}
    told = words.split(name)
    named = any(words.means(word, "side") for word in told)
    # The direction of a call is no side of an account.
    unsure = named and not _of_an_account_alone(told)
    for pair in (*_PAIRS, *_LETTERS):
        sure = pair in _PAIRS and pair not in _UNSURE
        known = (named and not unsure) or set(pair) == set(told) or sure
        if known and folded == set(pair) and len(values) == 2:
            return pair
    return None
