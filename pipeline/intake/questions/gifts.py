"""Asks for gift cards that are sold in some rows and paid with in others: counted twice."""

from collections.abc import Iterator
from functools import cache

import ibis.expr.types as ir

from features.log import words
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

MOST = 50_000
"""So many names of articles are looked at."""


def ask(look: Look) -> Iterator[Question]:
    """One question, where cards stand among what was bought and among what was paid with."""
    if look.money is None:
        return
    for paid in _paid_with(look):
        for name in [name for name in look.free if name != paid and look.kind(name).is_string()]:
            cards = _cards(look, name)
            if not cards or look.called(name, "method", "funding", "payment"):
                continue
            n, sold = _sold(look, look.money, name, cards)
            if not sold:
                continue
            yield Question(
                name,
                f"{n:,} rows sell gift cards by column {name!r} ({sold:,.2f} in all), and column "
                f"{paid!r} says that others were paid with them: that money would count twice. "
                "Proposed: the cards' own rows are left out, and count where they are spent. If "
                "whoever bought the card should count, leave out the others.",
                {"log.where": [{"column": name, "operator": "not in", "value": cards}]},
                decided=False,
            )
            return


def _paid_with(look: Look) -> Iterator[str]:
    """Columns that say that something was paid with a gift card: a way of paying, or money."""
    for name in look.free:
        if _is_card(name) and not look.kind(name).is_nested():
            numbers = look.number(name)
            if numbers is not None and first(numbers.aggregate(n=(numbers.number > 0).sum()))["n"]:
                yield name
        elif look.called(name, "method", "funding", "payment"):
            values = look.few.get(name, {})
            if len(values) > 1 and any(_is_card(value) for value in values):
                yield name


def _is_card(text: str) -> bool:
    """Whether a text speaks of a gift card.

    >>> _is_card("Gift card 50"), _is_card("Geschenkgutschein"), _is_card("Gift wrap")
    (True, True, False)
    """
    said = words.phrase(text)
    # Alone, or as a term of several words: what is wrapped as a gift is something else.
    return said in _terms() or any(" " in t and f" {t} " in f" {said} " for t in _terms())


@cache
def _terms() -> frozenset[str]:
    return frozenset(words.phrase(word) for word in words.content()["gift_cards"])


def _cards(look: Look, name: str) -> list[str]:
    """The names of gift cards in a column, as they are written."""
    rows: ir.Table = look.rows.select(value=look.text(look.rows, name).strip()).distinct()
    listed = rows.filter(rows.value.notnull()).order_by("value").limit(MOST).to_pyarrow()
    return [value for value in listed["value"].to_pylist() if _is_card(value)]


def _sold(look: Look, money: ir.Table, name: str, cards: list[str]) -> tuple[int, float]:
    """Rows that sell gift cards, and their money."""
    sold = look.text(money, name).strip().isin(cards) & (money.money > 0)
    seen = first(money.aggregate(n=sold.sum(), money=money.money.sum(where=sold)))
    return seen["n"] or 0, seen["money"] or 0
