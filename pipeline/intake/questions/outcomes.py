"""What a value of a column of states says of the order: its words, and what it waits for."""

import re
from collections.abc import Collection, Sequence
from functools import cache

from features.log import words


def outcome(value: str) -> str | None:
    """What a value says of the order, as a whole or else by its words.

    >>> outcome("Payment failed"), outcome("wc-completed"), outcome("General Withdrawal")
    ('no_sale', 'sale', 'no_sale')
    >>> outcome("Awaiting shipment"), outcome("Awaiting check payment"), outcome("Refund failed")
    ('sale', 'no_sale', None)
    """
    whole = words.outcome(value)
    if whole:
        return whole
    several = [part for part in re.split(r"[,;|/+&]", value) if part.strip()]
    if len(several) > 1:
        return _together(several)
    if waiting := _waiting(words.split(value)):
        return waiting
    if words.is_negated(value):
        return "no_sale"
    if words.is_denial(value):  # of a refund or a failure: no word says what is left
        return None
    parts = {part: words.outcome(part) for part in words.split(value)}
    if "refund" in parts.values() and not set(parts).isdisjoint(_undone()):
        return None  # whether the sale stands again, no word says
    sure = {what for part, what in parts.items() if not words.is_unsure(part)}
    for what in ("no_sale", "refund", "sale"):
        if what in sure:
            return what
    return "sale" if "sale" in parts.values() else None


@cache
def _undone() -> frozenset[str]:
    """Words that undo a refund, or say that there was none yet."""
    listed = (*_listed("waits"), *_listed("failures"), "reversed", "reversal", "won")
    return frozenset(listed)


def _together(states: Sequence[str]) -> str | None:
    """What several states in one cell say; a word unknown leaves it open.

    >>> _together(["Paid", "Unshipped"]), _together(["Paid", "Foo"]), _together(["Paid", "Void"])
    ('sale', None, 'no_sale')
    """
    parcels = [state for state in states if _is_of_parcels(state)]
    said = [outcome(state) for state in states if state not in parcels]
    off = any(words.flag(word) == "no_sale" for state in states for word in words.split(state))
    if off or not said:
        return "no_sale" if off else outcome(" ".join(states))
    if None in said:
        return None
    for what in ("no_sale", "refund", "sale"):
        if what in said:
            return what
    return None


def _is_of_parcels(state: str) -> bool:
    """Whether a state is one of a parcel, which says nothing of the money: Unshipped."""
    return any(word.startswith(_listed("parcels")) for word in words.split(state))


def _waiting(parts: Sequence[str]) -> str | None:
    """What an order waits for: for money it is none yet, for its parcel it has been paid."""
    if not set(parts) & set(_listed("waits")):
        return None
    if any(words.means(part, role) for part in parts for role in ("payment", "amount")):
        return "no_sale"
    return "sale" if _is_of_parcels(" ".join(parts)) else None


def owed(values: Collection[str], header: str) -> list[str]:
    """Those of the states of invoices that say: issued, and not paid yet; none of other states.

    >>> owed(["PAID", "AUTHORISED", "VOIDED"], "Status"), owed(["Captured", "Authorised"], "Status")
    (['AUTHORISED'], [])
    >>> owed(["open", "paid"], "Invoice status"), owed(["open", "paid"], "Status")
    (['open'], [])
    """
    said = {value: words.phrase(value) for value in values}
    kinds = set(said.values())
    books = kinds & {"draft", "voided", "void", "deleted", "submitted"}
    gateway = kinds & {"captured", "settled", "declined", "refused", "failed", "denied", "expired"}
    authorised = kinds & {"authorised", "authorized"} and books and not gateway
    invoices = any(word.startswith(_listed("invoices")) for word in words.split(header))
    if not (authorised or invoices or kinds & set(_listed("overdue"))):
        return []
    known = {*_listed("owed"), *_listed("overdue")}
    return [value for value, state in said.items() if state in known]


@cache
def _listed(section: str) -> tuple[str, ...]:
    return tuple(words.phrase(str(word)) for word in words.content()[section])
