"""Which column means what: values decide, words break ties, two equal candidates are a question.

A date column has dates, money has decimals, an order's number stays within a day. A word in
a header never outweighs that.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from features.log.words import after_per, currency, headers, is_per_piece, means, split
from pipeline.intake.mapping import Profile

ROLES = ("customer_id", "transacted_at", "amount", "unit_price", "order_id", "quantity")
"""What a column can mean."""

_PREFERRED = ("total", "grand", "amount", "gross", "revenue", "net", "subtotal")
"""Words for money, the customer's whole payment first."""

_OTHER_MONEY = ("refunded", "shipping", "tax", "discount", "fee", "balance", "quantity")
_ALIKE = 0.05
"""Candidates whose scores differ by less are equal."""


@dataclass(frozen=True)
class Roles:
    """Columns by what they mean; `ties` lists equal candidates, of which none was taken."""

    columns: Mapping[str, str]
    ties: Mapping[str, Sequence[str]] = field(default_factory=dict)


def propose(columns: Sequence[Profile], days_per_value: Mapping[str, float] | None = None) -> Roles:
    """The column that suits each role best, for the roles that some column suits.

    Parameters
    ----------
    columns
        Those that have no meaning yet.
    days_per_value
        Of each column, on how many days its mean value occurs: an order's number on one.

    Examples
    --------
    >>> def column(name, **shares):
    ...     none = dict.fromkeys(("blank", "moments", "fractions", "negative"), 0)
    ...     some = {"type": "string", "distinct": 50, "numbers": 1}
    ...     return Profile(name, **(none | some | shares))
    >>> propose([
    ...     column("Kundennummer"), column("Bestelldatum", moments=1, numbers=0),
    ...     column("Betrag", fractions=0.9), column("Artikel", numbers=0),
    ... ]).columns
    {'customer_id': 'Kundennummer', 'transacted_at': 'Bestelldatum', 'amount': 'Betrag'}
    >>> propose([column(f"{what} date", moments=1, numbers=0) for what in ("a", "b")]).ties
    {'transacted_at': ['a date', 'b date']}
    """
    days = days_per_value or {}
    scores: dict[str, Callable[[Profile], float]] = {
        "transacted_at": _as_date,
        "customer_id": lambda c: _as_customer(c, days),
        "amount": _as_amount,
        "unit_price": _as_price,
        "order_id": lambda c: _as_order(c, days),
        "quantity": _as_quantity,
    }
    found: dict[str, str] = {}
    ties: dict[str, list[str]] = {}
    for role, score in scores.items():
        free = [c for c in columns if c.name not in found.values()]
        ranked = sorted(((score(c), c.name) for c in free), key=lambda pair: -pair[0])
        ranked = [pair for pair in ranked if pair[0] > 0]
        equal = [name for value, name in ranked if value > ranked[0][0] - _ALIKE]
        if len(equal) == 1:
            found[role] = equal[0]
        elif equal:
            ties[role] = equal
    if "amount" in found or "amount" in ties:
        found.pop("unit_price", None)
        ties.pop("unit_price", None)
    elif "unit_price" in found and "quantity" not in found:
        found["amount"] = found.pop("unit_price")
    elif not {"unit_price"} & {*found, *ties}:
        signed = [c.name for c in columns if _signed(c) and c.name not in found.values()]
        if len(signed) == 1:
            found["amount"] = signed[0]
        elif signed:
            ties["amount"] = signed
    return Roles({role: found[role] for role in ROLES if role in found}, ties)


def _as_date(column: Profile) -> float:
    """Dates by their values; the order's own before those of parcels, changes and people."""
    words = split(column.name)
    named = _named(words, "transacted_at")
    digits = column.numbers > 0.9 and column.fractions == 0 and named
    if column.moments < 0.8 and not digits:
        return 0
    score = 1.0 + named + _named(words, "order_id") - column.blank
    score -= 1.5 * _named(words, "shipped", "changed", "person_day") - 0.5 * ("paid" in words)
    # Without a word for it a column of dates is the date only where nothing else is.
    return max(score if named or score > 1 else score / 10, 0.01)


def _as_customer(column: Profile, days: Mapping[str, float]) -> float:
    """People by name; not money, not a day, not one thing that all have."""
    words = split(column.name)
    named = _named(words, "customer_id")
    bare = set(words) <= {"id", "uuid", "key"} and days.get(column.name, 1) > 1
    if column.blank > 0.95 or column.fractions > 0.5:
        return 0
    if not (named or bare):
        return _as_bearer(column, words)
    if column.moments > 0.9 and not _marked(words):
        return 0
    share = sum(means(word, "customer_id") for word in words) / len(words)
    score = 1 + share + _marked(words) - 1.5 * _named(words, "transacted_at", "amount", "quantity")
    score -= 0.5 * _named(words, "label", "kind", "status", "place")
    # Kennzeichen is a plate, and Soll/Haben-Kennzeichen the side of an account.
    score -= 1.5 * _named([word for word in words if not means(word, "customer_id")], "side")
    score = score if named else 0.2
    if column.distinct > 1:
        return score
    # Of several rows, it is an account of the business: Accounts Receivable.
    return 0 if "account" in words and not column.unique else score / 10


_PIECES = 30
"""So many different whole numbers, or fewer, may be pieces."""

_SEVERAL = 12
"""More different values than this has what stands for people, unlike counts, kinds and models."""


def _as_bearer(column: Profile, words: Sequence[str]) -> float:
    """A card, guest or vehicle by its number, where nothing else is called a customer."""
    if column.unique or column.distinct <= _SEVERAL or column.moments > 0.9:
        return 0
    short = headers()["customer_short"]
    rest = [word for word in words if word not in short]
    if _named(rest, "prepaid", "transacted_at", "amount", "unit_price", "quantity", "order_id"):
        return 0
    if _marked(words) and short & set(words):
        return 0.6
    return 0.4 if headers()["carrier"] & {*words, "".join(words)} else 0


def _as_order(column: Profile, days: Mapping[str, float]) -> float:
    """Numbers of orders by name, which stay within a day; a bare id where each row has its own."""
    words = split(column.name)
    bare = set(words) <= {"id", "uuid"} and column.unique
    if column.blank > 0.95 or column.distinct < 2 or days.get(column.name, 1) > 1.5:
        return 0
    if bare:
        return 0.2
    other = _named(words, "transacted_at", "amount", "unit_price", "quantity", "customer_id",
                   "status", "kind", "refunded", "shipping", "tax", "discount", "fee",
                   "currency")  # fmt: skip
    if not _named(words, "order_id") or column.fractions > 0.5 or (other and not _marked(words)):
        return 0
    if column.moments > 0.9 and not _marked(words):
        return 0
    share = sum(means(word, "order_id") for word in words) / len(words)
    return 1 + share + _marked(words) - 0.7 * other


def _as_amount(column: Profile) -> float:
    """Money of the order or row by name and decimals; not tax, shipping, fees or pieces."""
    words = split(column.name)
    named = _named(words, "amount") or _per_order(words) or _bare_sum(words) or _final(words)
    if not _is_money(column, words) or not named or _counts(column, words):
        return 0
    if _of_other_money(words) or _named(words, "label") or is_per_piece(words):
        return 0
    rank = [i for i, word in enumerate(_PREFERRED) if word in words]
    score = 2 - 0.1 * (min(rank) if rank else 2.5) + 0.5 * (column.fractions > 0)
    score += _paid(words)
    return score - 0.5 * _named(words, "unit_price") - 0.01 * len(words)


def _as_price(column: Profile) -> float:
    words = split(column.name)
    per_piece = is_per_piece(words)
    if not _is_money(column, words) or not (per_piece or _named(words, "unit_price")):
        return 0
    if _final(words):
        return 0
    # A word for pieces makes no other money of the price of one.
    if _per_order(words) or _of_other_money(
        [word for word in words if not (per_piece and _named([word], "quantity"))]
    ):
        return 0
    score = 1 + 0.5 * (column.fractions > 0) + 0.2 * per_piece
    return score + _paid(words)


def _counts(column: Profile, words: Collection[str]) -> bool:
    """Whether a word for money and for pieces, such as jumlah, heads few whole numbers."""
    return _named(words, "quantity") and not column.fractions and column.distinct <= _PIECES


def _signed(column: Profile) -> bool:
    """Whether nearly all values stand beside a currency, whatever the column is called."""
    words = split(column.name)
    return _is_money(column, words) and column.priced > 0.9 and not _of_other_money(words)


def _bare_sum(words: Sequence[str]) -> bool:
    """Whether a name says no more than net or gross, and perhaps a currency."""
    rest = set(words) - headers()["taxed"]
    return len(rest) < len(set(words)) and all(currency(word) for word in rest)


def _per_order(words: Sequence[str]) -> bool:
    """Whether a price is called that of an order, a customer or a line."""
    return bool(after_per(words)) and _named(words, "unit_price") and not is_per_piece(words)


def _final(words: Sequence[str]) -> bool:
    """Whether a price is what the row came to in the end: of all its pieces, not of one."""
    final = not {"final", "finale", "finalny", "finalna"}.isdisjoint(words)
    return final and _named(words, "unit_price") and not is_per_piece(words)


def nameless_money(columns: Sequence[Profile]) -> list[str]:
    """Columns of decimals, or else of whole numbers, that may be money, whatever they are called.

    What a patient pays, or a member owes, is called by the customer, and is money all the same.
    """
    other = ("transacted_at", "quantity", "place", "label")
    found, fees, whole = [], [], []
    for column in columns:
        words = split(column.name)
        people = all(means(word, "customer_id") for word in words)
        if people or _named(words, *other) or not _is_money(column, words):
            continue
        if column.fractions > 0.05 and not _of_other_money(words):
            found.append(column.name)
        elif column.fractions > 0.05 and _named(words, "fee"):
            fees.append(column.name)
        elif column.distinct > _SEVERAL and not (
            column.unique or _of_other_money(words) or _named(words, "order_id")
        ):
            whole.append(column.name)
    return found or fees or whole


def _as_quantity(column: Profile) -> float:
    """Whole numbers, mostly; ordered ones before those shipped, returned or in stock."""
    words = split(column.name)
    if not _named(words, "quantity") or column.numbers < 0.8 or column.moments > 0.9:
        return 0
    if column.fractions > 0.5 or _marked(words) or is_per_piece(words):
        return 0
    share = sum(means(word, "quantity") for word in words) / len(words)
    score = 1 + share - 1.2 * _named(words, "shipped", "changed", "refunded", "balance")
    return score + 0.3 * _named(words, "order_id")


def _of_other_money(words: Sequence[str]) -> bool:
    """Whether a name is that of a tax or discount, and not of a total with or without it."""
    told = [i for i, word in enumerate(words) if _named([word], "after", "before")]
    # An importo is money, though it ends like porto.
    money = headers()["amount"] | headers()["unit_price"]
    other = [i for i, w in enumerate(words) if w not in money and _named([w], *_OTHER_MONEY)]
    return bool(other) and not (told and told[0] <= other[0] and len(words) > 1)


def _paid(words: Collection[str]) -> float:
    """More for what was paid in the end, less for what was asked before."""
    return 0.1 * _named(words, "after") - 0.3 * _named(words, "before")


def _is_money(column: Profile, words: Collection[str]) -> bool:
    marked = bool(_MARKS & set(words))
    return column.numbers >= 0.8 and column.moments <= 0.9 and not marked and column.blank < 0.99


def _named(words: Collection[str], *roles: str) -> bool:
    return any(means(word, role) for word in words for role in roles)


_MARKS = {
    "id",
    "no",
    "nr",
    "num",
    "number",
    "key",
    "code",
    "numero",
    "nummer",
    "ref",
    "cod",
    "uuid",
}


def _marked(words: Collection[str]) -> bool:
    """Whether a name says that the values are numbers of something."""
    ends = any(word.endswith(("id", "nummer", "number")) for word in words)
    return bool(_MARKS & set(words)) or ends or _named(words, "number")
