"""How numbers are written: marks, minus and currency, and the notation that reads a column.

A notation is proposed after it was tried on the rows.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any
from unicodedata import category

import ibis.expr.types as ir

from features.log.words import all_signs, currency, signs
from features.log.written_dates import shapes

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$"
_BLANK = r"[\s\x{00A0}\x{2009}\x{202F}]"
_MINUS = r"\x{2010}-\x{2015}\x{2212}\x{FE63}\x{FF0D}"
"""What stands for a minus where a text was made for print: dashes and the mathematical sign."""
_DASHES = "\\-\u2019\u2010-\u2015\u2212\ufe63\uff0d\xa0\u202f\u2009\u00b4"
_UNIT = r"(\p{Sc}|[A-Za-z]{1,5}\.?|[A-Za-z]{1,2}\p{Sc})?"
_NUMBER_LIKE = (
    rf"^\(?([+{_MINUS}-]?{_BLANK}?{_UNIT}{_BLANK}?|{_UNIT}{_BLANK}?[+{_MINUS}-]?)\(?"
    rf"\d[\d.,\s\x{{00A0}}\x{{2009}}\x{{202F}}'\x{{2019}}]*"
    rf"[+{_MINUS}-]?{_UNIT}(,-|-)?\)?{_BLANK}?{_UNIT}$"
)

_MARKS: Sequence[tuple[str | None, str | None]] = (
    (None, None), (None, ","), (None, "space"), (None, "apostrophe"),
    (",", None), (",", "."), (",", "space"), (",", "apostrophe"),
)  # fmt: skip
_WITHOUT_CENTS = ("IDR", "VND", "KRW", "JPY", "CLP", "HUF", "ISK")
"""Currencies in which nothing costs a fraction: a mark before three digits parts thousands."""
_THOUSANDS = {"space": _BLANK, "apostrophe": r"['\x{2019}\x{00B4}]"}


def latin(values: Any) -> Any:
    r"""Letters beyond A-Z as an a each, so that a pattern of letters needs no \p{L}.

    The engine compiles \p{L} anew for every repetition: 40 ms for a pattern like ours.
    """
    return values.re_replace(r"[^\P{L}A-Za-z]", "a")


def number_like(values: Any) -> Any:
    """Whether each is a number in some notation: with a currency on a side, a minus anywhere."""
    return latin_number_like(latin(values))


def latin_number_like(values: Any) -> Any:
    """The same of what `latin` gave."""
    return values.re_search(_NUMBER_LIKE)


_DIGITS = ["".join(chr(zero + i) for i in range(10)) for zero in (0x660, 0x6F0, 0x966, 0xFF10)]
_FOREIGN = "".join(_DIGITS) + "\u066b\u066c\uff0c\uff0e\uffe5"
_WESTERN = "0123456789" * len(_DIGITS) + ".,,.\u00a5"


def western(values: Any) -> Any:
    """Digits and marks of Arabic, Persian, Hindi and the wide ones of Japanese as plain ones."""
    return values.translate(_FOREIGN, _WESTERN)


def foreign(values: Any) -> ir.BooleanValue:
    """Whether `western` would change each."""
    return values.re_search(f"[{_FOREIGN}]")


def priced(values: Any) -> Any:
    """Whether the sign or code of a currency stands on a side of each."""
    known = "|".join(re.escape(sign) for sign in all_signs())
    return values.lower().re_search(rf"^[\s(+-]*({known}){_BLANK}*[\d(+-]|\d{_BLANK}*({known})\W*$")


@dataclass(frozen=True)
class Notation:
    """How numbers are written; None: plain digits, a point, a minus in front.

    `scale` is what amounts are multiplied by.
    """

    decimal: str | None = None
    thousands: str | None = None
    currency: str | None = None
    minus: str | None = None
    scale: float | None = None

    @property
    def declared(self) -> bool:
        """Whether anything but plain numbers was announced."""
        return (self.decimal or ".", self.thousands, self.currency, self.minus) != (
            *(".", None, None, None),
        )

    def keys(self) -> dict[str, str]:
        """What the log section says of it."""
        names = ("currency", "minus", "decimal", "thousands")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def plain(values: Any, notation: Notation) -> ir.StringValue:
    """The numerals without the currency, marks and minus that were declared."""
    text = values.re_replace(rf"^{_BLANK}+|{_BLANK}+$", "").re_replace(f"[{_MINUS}]", "-")
    # 25,- and 25.-- have no cents; their dash is no minus.
    text = text.re_replace(r"([.,])--?(\D*)$", r"\100\2")
    if not notation.declared:
        return text
    if notation.currency:
        unit = "|".join(re.escape(sign) for sign in _signs(notation.currency))
        text = text.re_replace(rf"(?i)^([+(-]*){_BLANK}*(?:{unit}){_BLANK}*", r"\1")
        text = text.re_replace(rf"(?i){_BLANK}*(?:{unit}){_BLANK}*([)-]*)$", r"\1")
    if notation.minus == "brackets":
        text = text.re_replace(rf"^\({_BLANK}*(.*?){_BLANK}*\)$", r"-\1")
    if notation.minus == "trailing":
        text = text.re_replace(rf"^([^+-].*?){_BLANK}*-$", r"-\1")
    decimal = re.escape(notation.decimal or ".")
    if notation.thousands:
        mark = _THOUSANDS.get(notation.thousands, re.escape(notation.thousands))
        groups = rf"\d{{1,3}}({mark}\d{{3}})+"
        if notation.thousands == ",":  # 12,34,567 in India
            groups = rf"(?:{groups}|\d{{1,2}}({mark}\d{{2}})+{mark}\d{{3}})"
        grouped = text.re_search(rf"^[+-]?{_BLANK}?{groups}({decimal}\d*)?$")
        text = grouped.ifelse(text.re_replace(mark, ""), text)
    if notation.decimal == ",":
        # A point is no decimal mark here: it must not become one by chance.
        text = text.contains(".").ifelse("?" + text, text).replace(",", ".")
    return text.re_replace(rf"^([+-]){_BLANK}+", r"\1")


def proposals(rows: ir.Table, column: str, now: Notation) -> list[Notation]:
    """Notations that read most values and declare least; several if they differ in value."""
    found = [shape.text for shape in shapes(rows, column)]
    codes = currencies(found)
    minus = "brackets" if any(text.endswith(")") for text in found) else None
    minus = minus or (
        "trailing" if any(re.search(r"9[^\d.,]*-\D*$", text) for text in found) else None
    )
    unit = _unit(found, codes) or now.currency
    tried = [Notation(decimal, mark, unit, minus or now.minus) for decimal, mark in _MARKS]
    counts = {
        f"n{i}": plain(rows[column], notation).re_search(PLAIN).sum()
        for i, notation in enumerate(tried)
    }
    seen = rows.aggregate(**counts).to_pyarrow().to_pylist()[0]
    most = max(seen[name] or 0 for name in counts)
    best = [notation for i, notation in enumerate(tried) if (seen[f"n{i}"] or 0) == most > 0]
    # With a mark that no value needs, the same values are read.
    least = min((len(notation.keys()) for notation in best), default=0)
    plainest = [notation for notation in best if len(notation.keys()) == least]
    if currency(unit or "") in _WITHOUT_CENTS and (mark := _groups(found)):
        decimal = "," if mark == "." else None
        return [n for n in best if (n.decimal, n.thousands) == (decimal, mark)]
    if any(re.search(r"9,999(?![.,9])", text) for text in found):
        # The comma of 9,999 may be either mark.
        return [
            n for n in best if (n.decimal, n.thousands) in ((",", None), (None, ","))
        ] or plainest
    return plainest


def _groups(found: Sequence[str]) -> str | None:
    """The mark that stands before three digits in every number of shapes that has any mark.

    >>> _groups(["Rp99.999", "Rp9.999.999", "Rp999"]), _groups(["Rp99.999", "Rp9,9"])
    ('.', None)
    """
    numbers = [number for text in found for number in re.findall(r"9[9.,]*", text)]
    for mark in (".", ","):
        whole = re.compile(rf"9+|9{{1,3}}({re.escape(mark)}999)+")
        if any(mark in n for n in numbers) and all(whole.fullmatch(n) for n in numbers):
            return mark
    return None


def currencies(found: Sequence[str]) -> Counter[str]:
    """The currencies beside the numbers of shapes, by ISO code, else by sign; no other words."""
    counted: Counter[str] = Counter()
    for text in found:
        for word in re.findall(rf"[^\s\d,.'()+{_DASHES}]+\.?", text):
            # An unknown word may be a name, or a mark that turns the sign, such as CR.
            if code := currency(word) or (word if category(word[0]) == "Sc" else None):
                counted[code] += 1
    return counted


def lines(found: Sequence[Mapping[str, Any]]) -> str:
    """Each set of keys as options to paste."""
    return "".join(
        "\n  " + " ".join(f"--set {quote(f'log.{key}={value}')}" for key, value in keys.items())
        for keys in found
    )


def masked(shape: str) -> str:
    """A shape without letters, of which a name could be made."""
    return "".join("a" if letter.isalpha() else letter for letter in shape)[:24]


def _unit(found: Sequence[str], codes: Counter[str]) -> str | None:
    """The one currency of a column: its sign where there is one, else its code."""
    if len(codes) != 1:
        return None
    code = next(iter(codes))
    written = {sign for sign in (code, *_signs(code)) if any(sign in text for text in found)}
    symbols = sorted(sign for sign in written if not sign[0].isalpha())
    return symbols[0] if len(written) == 1 and symbols else code


def _signs(declared: str) -> tuple[str, ...]:
    """All that stands for a currency, the longest first; an unknown one is what it is."""
    code = currency(declared)
    return signs(code) if code else (declared,)
