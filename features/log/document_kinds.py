"""What a row of a ledger books, by the name or the short form of its kind."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

from features.log.words import content, phrase

Document = Literal["invoice", "credit", "payment"]


def document(value: str, short: bool = False) -> Document | None:
    """What the row books; None where no word is known.

    Short forms count only where they are looked for: AR, IN and CN are countries, too.

    Examples
    --------
    >>> document("Sales Invoice"), document("Credit note (EU)")
    ('invoice', 'credit')
    >>> document("GS", short=True), document("gs", short=True), document("GS")
    ('credit', None, None)
    >>> document("Pro forma invoice"), document("No return")
    (None, None)
    """
    codes: Mapping[Document, list[str]] = content()["document_codes"]
    for what, listed in codes.items():
        if short and value.strip() in listed:
            return what
    said = phrase(value)
    for what, names in _names().items():
        # Alone, or as a term of several words: a bill book and a final sale are something else.
        if said in names or any(" " in name and f" {name} " in f" {said} " for name in names):
            return what
    return None


@cache
def _names() -> Mapping[Document, frozenset[str]]:
    listed = content()["documents"]
    return {what: frozenset(phrase(str(name)) for name in names) for what, names in listed.items()}
