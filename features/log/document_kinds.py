"""What a row of a ledger books, by the name or the short form of its kind."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Literal, get_args

from features.log.words import content, phrase

Document = Literal["offer", "supplier", "advance", "credit", "cancel", "payment", "invoice"]
"""In the order in which a value is tried: a Stornorechnung is no plain Rechnung."""

_STEM = 6
"""Words of so many letters also begin or end a longer one."""


def document(value: str, within: bool = False) -> Document | None:
    """What the row books; None where no word is known.

    Parameters
    ----------
    within
        Whether single words within the value, and parts of its words, count as well.

    Examples
    --------
    >>> document("Sales Invoice"), document("Credit note (EU)"), document("Pro forma invoice")
    ('invoice', 'credit', 'offer')
    >>> document("Hyvityslasku 2"), document("Hyvityslasku 2", within=True), document("No return")
    (None, 'credit', None)
    """
    said = phrase(value)
    if not said:
        return None
    for what, names in _names().items():
        # Alone, or as a term of several words: a bill book and a final sale are something else.
        if said in names or any(" " in name and f" {name} " in f" {said} " for name in names):
            return what
    if within:
        for what, names in _names().items():
            if any(_speaks(word, name) for word in said.split() for name in names):
                return what
    return None


def codes(values: Collection[str]) -> dict[str, Document]:
    """What the short forms of one system among `values` book; empty without an invoice and more.

    AR, IN and CN are countries, too: look for short forms where a header speaks of kinds.

    Examples
    --------
    >>> codes(["inv", "cm"]), codes(["INV", "AR"])
    ({'inv': 'invoice', 'cm': 'credit'}, {})
    >>> codes(["RE", "GS"]), codes(["F2", "RE"])
    ({'RE': 'invoice', 'GS': 'credit'}, {'F2': 'invoice', 'RE': 'credit'})
    """
    best: dict[str, Document] = {}
    for system in _systems():
        said = {value: system[key] for value in values if (key := value.strip().lower()) in system}
        kinds = set(said.values())
        if "invoice" in kinds and len(kinds) > 1 and len(said) > len(best):
            best = said
    return best


def is_act(value: str) -> bool:
    """Whether a value names a desk, a person or a wish as well, such as Sales or Retoure."""
    return phrase(value) in _acts()


def _speaks(word: str, name: str) -> bool:
    if word == name:
        return True
    if " " in name:
        return False
    # Scripts without blanks between words have short ones.
    short = not name.isascii() and len(name) > 1 and name[0] >= "\u3000"
    return (short and name in word) or (
        len(name) >= _STEM and (word.startswith(name) or word.endswith(name))
    )


@cache
def _names() -> Mapping[Document, frozenset[str]]:
    listed = content()["documents"]
    kinds: tuple[Document, ...] = get_args(Document)
    return {what: frozenset(phrase(str(name)) for name in listed[what]) for what in kinds}


@cache
def _systems() -> list[Mapping[str, Document]]:
    listed: Mapping[str, Mapping[Document, list[str]]] = content()["document_systems"]
    return [
        {code.lower(): what for what, each in system.items() for code in each}
        for system in listed.values()
    ]


@cache
def _acts() -> frozenset[str]:
    return frozenset(phrase(word) for word in content()["document_acts"])
