"""Asks what a column of debit and credit, or of plus and minus, does to the money.

The sign of such a row stands in a column of its own. Which side is the sale depends on whose
account it is, so that only a person can tell.
"""

from collections.abc import Iterator

from features.log import words
from pipeline.intake.questions.look import Look
from pipeline.intake.questions.question import Question, counted

_PAIRS = (
    ("debit", "credit"), ("debits", "credits"), ("dr", "cr"), ("soll", "haben"), ("debe", "haber"),
    ("dare", "avere"), ("debet", "credit"), ("debit", "kredit"), ("дебет", "кредит"), ("in", "out"),
    ("приход", "расход"), ("надходження", "витрата"), ("winien", "ma"), ("borc", "alacak"),
    ("plus", "minus"), ("+", "-"), ("+", "\u2212"),
)  # fmt: skip
_LETTERS = (("d", "c"), ("s", "h"), ("d", "h"), ("d", "k"), ("д", "к"))
"""Of one letter, and asked about where the header speaks of sides."""


def ask(look: Look) -> Iterator[Question]:
    """One question, for the first column of two sides whose rows are all above 0."""
    if look.spec.refunds or look.money is None:
        return
    for name, values in look.few.items():
        pair = _sides(name, {value for value in values if value})
        if pair is None or look.gives_back:
            continue
        shown = {value: n for value, n in values.items() if value}
        signs = pair[0] in ("+", "plus")
        back = max(shown, key=lambda v: (-shown[v] * (not signs), pair.index(words.fold(v))))
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


def _sides(name: str, values: set[str]) -> tuple[str, str] | None:
    """The pair of sides that a column's two values are."""
    folded = {words.fold(value) for value in values}
    named = any(words.means(word, "side") for word in words.split(name))
    for pair in (*_PAIRS, *(_LETTERS if named else ())):
        if folded == set(pair) and len(values) == 2:
            return pair
    return None
