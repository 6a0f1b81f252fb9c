"""Words of shops in many languages: what a header, a status or a currency's sign says.

The words stand in `words.yaml`, one file for all who need them. They break ties: how
values are written goes first.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Outcome = Literal["sale", "no_sale", "refund"]
Flag = Literal["sale", "no_sale", "refund", "refund_row"]

# What decomposes into no letter and a mark; German writes the dots as an e.
_LETTERS = str.maketrans(
    {"ü": "ue", "ö": "oe", "ä": "ae", "ł": "l", "ø": "o", "æ": "ae", "ß": "ss", "ı": "i", "đ": "d"}
)


_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")
"""Kana and Han."""


def fold(text: str) -> str:
    """Lower case without accents, for comparing words of any script.

    Examples
    --------
    >>> fold("Größe"), fold("Quantité"), fold("Zamówień"), fold("ОТМЕНЁН") == fold("отменен")
    ('groesse', 'quantite', 'zamowien', True)
    """
    # Composed first: a file may hold a letter and its dots apart.
    whole = unicodedata.normalize("NFC", text.replace("İ", "i")).lower().translate(_LETTERS)
    parts = unicodedata.normalize("NFKD", whole)
    # By category: vowel signs of Thai or Hindi combine with nothing, and are no letters either.
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Mc"))


def split(name: str) -> list[str]:
    """The words of a column's name, folded; digits are words of their own.

    Examples
    --------
    >>> split("OrderDate_2"), split("Сумма, руб.") == ["сумма", "руб"]
    (['order', 'date', '2'], True)
    """
    apart = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", fold(apart))


def means(word: str, role: str) -> bool:
    """Whether a folded word of a header speaks of `role`, a key of ``headers``.

    Examples
    --------
    >>> means("kundennummer", "customer_id"), means(fold("Заказа"), "order_id")
    (True, True)
    >>> means("請求金額", "amount"), means("送料合計", "shipping"), means("金", "amount")
    (True, True, False)
    """
    return any(
        word == known or (_is_stem(known) and (word.startswith(known) or word.endswith(known)))
        for known in headers()[role]
    )


@cache
def _is_stem(known: str) -> bool:
    """Whether a word also counts as the start or end of a longer one.

    Of five letters, or of two in Japanese and Chinese, which have no blanks between words.
    """
    return len(known) > 4 or (len(known) > 1 and _UNSPACED.fullmatch(known) is not None)


def is_per_piece(words: Sequence[str]) -> bool:
    """Whether the folded words of a header speak of money of one piece, not of a row or order.

    Examples
    --------
    >>> is_per_piece(split("Preis je Stück")), is_per_piece(split("montant unitaire"))
    (True, True)
    >>> is_per_piece(split("Betrag pro Bestellung")), is_per_piece(split("price"))
    (False, False)
    """
    price, amount = _says(words, "unit_price"), _says(words, "amount")
    if not (price or amount):
        return False
    if _says(words, "unit") or (price and not amount and _says(words, "piece", "quantity")):
        return True
    nouns = after_per(words)
    if not nouns or _says([*nouns, f"{nouns[0]}s"], "piece", "quantity", "counted"):
        return bool(nouns)
    # An importo per spedizione is an amount for something; a price is per something.
    return price and not _says(nouns, "order_id", "customer_id", "transacted_at", "line")


def after_per(words: Sequence[str]) -> list[str]:
    """What follows a per in the folded words of a header.

    Examples
    --------
    >>> after_per(["price", "per", "ticket"]), after_per(["price"])
    (['ticket'], [])
    """
    places = [i for i, word in enumerate(words) if i and word in headers()["per"]]
    return list(words[places[0] + 1 :]) if places else []


def _says(words: Sequence[str], *roles: str) -> bool:
    return any(means(word, role) for word in words for role in roles)


def outcome(value: str) -> Outcome | None:
    """What a value of a status column says of the order; None: no word that is known.

    Examples
    --------
    >>> outcome("Partially_Refunded"), outcome("Отменён"), outcome("Gutschrift"), outcome("web")
    ('sale', 'no_sale', 'refund', None)
    """
    said = phrase(value)
    # Where words stand without blanks, whatever has the word for cancelled in it was cancelled.
    given_up = any(word in said for word in _unspaced())
    return _outcomes().get(said) or ("no_sale" if given_up else None)


def is_negated(value: str) -> bool:
    """Whether a value denies a sale: a word of no beside a word of a sale, or both in one.

    Examples
    --------
    >>> is_negated("Payment not received"), is_negated("Impayée"), is_negated("Not refunded")
    (True, True, False)
    """
    said, known = phrase(value), _outcomes()
    parts = said.split()
    if any(known.get(part) == "refund" for part in parts):
        return False
    waits = [state for state, what in known.items() if what == "no_sale" and " " in state]
    if any(f" {state} " in f" {said} " for state in waits):
        return True
    sold = any(known.get(part) == "sale" for part in parts)
    prefixes = _phrases("negating_prefixes")
    denied = not (_phrases("negations") | _phrases("failures")).isdisjoint(parts)
    return (sold and denied) or any(
        part.startswith(prefix) and known.get(part.removeprefix(prefix)) == "sale"
        for part in parts
        for prefix in prefixes
    )


def is_denial(value: str) -> bool:
    """Whether one of a value's words is a no.

    >>> is_denial("Not refunded"), is_denial("Refunded")
    (True, False)
    """
    return not _phrases("negations").isdisjoint(phrase(value).split())


def is_unsure(value: str) -> bool:
    """Whether a value of `outcome` as well says something else, such as new or transfer.

    >>> is_unsure("New"), is_unsure("Cancelled")
    (True, False)
    """
    return phrase(value) in _phrases("unsure")


def is_sale_row(value: str) -> bool:
    """Whether a value names a kind of row, such as order, and not the state of one.

    >>> is_sale_row("Order"), is_sale_row("Paid")
    (True, False)
    """
    return phrase(value) in _phrases("sale_rows")


def flag(word: str) -> Flag | None:
    """What a yes says of a row, below a header with this folded word.

    >>> flag("cancelled"), flag("paid"), flag("web")
    ('no_sale', 'sale', None)
    """
    return _flags().get(word)


def currency(sign: str) -> str | None:
    """The ISO code of a sign, code or word beside an amount; None if it is none.

    Examples
    --------
    >>> currency("₽"), currency("Руб."), currency("zł"), currency("kg")
    ('RUB', 'RUB', 'PLN', None)
    """
    # Folded, the đ of Vietnam would be the d of a day.
    return _signs().get(sign.strip().lower()) or _signs().get(fold(sign).strip())


def is_anonymous(value: str) -> bool:
    """Whether an id is one that shops book everybody on who left none.

    >>> is_anonymous("Walk-In Customer"), is_anonymous("Invité"), is_anonymous("-1")
    (True, True, True)
    >>> is_anonymous("17"), is_anonymous("1")
    (False, False)
    """
    if re.fullmatch(r"-\d{1,2}|0+|9{4,}|[-.?*_]+", value.strip()):
        return True
    return phrase(value) in _phrases("anonymous")


@cache
def headers() -> Mapping[str, frozenset[str]]:
    """Meaning of a column -> folded words that columns of it are called by."""
    return {
        role: frozenset(fold(word) for word in words.split())
        for role, words in content()["headers"].items()
    }


@cache
def months() -> Mapping[str, str]:
    """Name or short form of a month, in lower case with and without accents -> ``%b``'s."""
    listed = content()["months"]
    spelled = [(name, month) for month, names in listed.items() for name in (month, *names)]
    return {form(name): month for name, month in spelled for form in (str.lower, fold)}


@cache
def signs(code: str) -> tuple[str, ...]:
    """The signs and words of a currency as shops write them, the longest first."""
    return tuple(sorted({*content()["currencies"][code], code}, key=len, reverse=True))


@cache
def all_signs() -> tuple[str, ...]:
    """The signs, words and codes of all currencies in lower case, the longest first."""
    known = {sign.lower() for listed in content()["currencies"].values() for sign in listed}
    return tuple(sorted(known, key=lambda sign: (-len(sign), sign)))


@cache
def footers() -> frozenset[str]:
    """Phrases that begin a line of totals, in lower case with and without accents."""
    return frozenset(form(str(word)) for word in content()["footers"] for form in (str.lower, fold))


@cache
def _outcomes() -> Mapping[str, Outcome]:
    statuses = content()["statuses"]
    return {phrase(str(word)): what for what, words in statuses.items() for word in words}


@cache
def _unspaced() -> tuple[str, ...]:
    """Words for cancelled in scripts that write words without blanks between them."""
    given_up = (word for word, what in _outcomes().items() if what == "no_sale")
    return tuple(word for word in given_up if len(word) > 1 and word[0] >= "\u3040")


@cache
def _flags() -> Mapping[str, Flag]:
    listed = content()["flags"]
    return {fold(str(word)): what for what, words in listed.items() for word in words}


@cache
def _signs() -> Mapping[str, str]:
    listed = content()["currencies"]
    return {
        form: code
        for code, signs in listed.items()
        for sign in signs
        for form in (sign.lower(), *([fold(sign)] if len(sign) > 1 else []))
    }


@cache
def _phrases(section: str) -> frozenset[str]:
    return frozenset(phrase(str(word)) for word in content()[section])


def phrase(text: str) -> str:
    """Words with one blank between them, whatever parts them in the text."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


@cache
def content() -> dict[str, Any]:
    """What `words.yaml` holds."""
    import yaml

    text = (files(__package__) / "words.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C: a tenth of the time
    return dict(yaml.load(text, loader))  # noqa: S506 -- safe, either
