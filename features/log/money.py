"""Amounts as logs write them: exact decimals, and no guess at a foreign notation."""

import re
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import UserError
from features.log.written_dates import shapes

MONEY = "decimal(18, 4)"
"""Four decimals, up to 10^14: sums are exact and do not depend on the order of rows."""

_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$"
_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"
# A number in some notation, with a currency's sign or code on a side; or an accountant's minus.
_UNIT = r"(\p{Sc}|[A-Za-z]{1,3}\.?)?"
_NUMBER_LIKE = (
    rf"^\(?([+-]?\s?{_UNIT}\s?|{_UNIT}\s?[+-]?)\d[\d.,\s\x{{00A0}}\x{{202F}}'\x{{2019}}]*"
    rf"{_UNIT}(,-|-)?\)?$"
)


@dataclass(frozen=True)
class Notation:
    """How numbers are written: decimal mark, mark between thousands, currency beside them."""

    decimal: str | None = None
    thousands: str | None = None
    currency: str | None = None

    @property
    def declared(self) -> bool:
        """Whether anything but plain numbers was announced."""
        return (self.decimal or ".", self.thousands, self.currency) != (".", None, None)


def read_numbers(rows: ir.Table, column: str, notation: Notation, name: str) -> ir.StringValue:
    """The values of `column` as plain numerals (text), null where they are none.

    Raises
    ------
    UserError
        If values look like numbers in a notation that was not declared, or the
        point in all of them might as well part thousands.
    """
    values = rows[column]
    kind = values.type()
    if isinstance(kind, (dt.Integer, dt.Floating, dt.Decimal)):
        return values
    if not isinstance(kind, dt.String):
        raise UserError(f"Column {name!r} holds {kind} values, which are no numbers.")
    if not notation.declared and _all_plain(rows, values, notation):
        return values
    text = _plain(values.strip(), notation)
    sound = text.re_search(_PLAIN)
    _refuse_other_notations(rows, column, sound, notation, name)
    if notation.decimal is None:
        _refuse_ambiguous_points(rows, column, sound, name)
    return (sound | text.re_search(_NOT_FINITE)).ifelse(text, ibis.null("string"))


def as_money(number: Any) -> ir.DecimalValue:
    """Numerals or numbers as money; null for NaN, infinity and more than 10^14."""
    return number.try_cast(MONEY)


def as_quantity(number: Any) -> ir.FloatingValue:
    """Numerals or numbers as pieces; null for NaN and infinity."""
    value = number.try_cast("float64")
    return (value.isnan() | value.isinf()).ifelse(ibis.null("float64"), value)


def _all_plain(rows: ir.Table, text: Any, notation: Notation) -> bool:
    """Whether there is nothing to ask about: a quick look that spares the slow ones."""
    plain = text.try_cast(MONEY).notnull() & ~text.contains("_")
    thirds = text.right(4).startswith(".") & (notation.decimal is None)
    seen = rows.aggregate(filled=text.count(), plain=plain.sum(), thirds=thirds.sum()).to_pyarrow()
    tally = seen.to_pylist()[0]
    return tally["filled"] == (tally["plain"] or 0) and not tally["thirds"]


def _plain(text: Any, notation: Notation) -> Any:
    """The numeral without the currency and marks that were declared."""
    if not notation.declared:
        return text
    if notation.currency:
        text = text.replace(notation.currency, "").strip()
    decimal = re.escape(notation.decimal or ".")
    if notation.thousands:
        mark = {" ": r"[ \x{00A0}\x{202F}]", "'": r"['\x{2019}]"}.get(
            notation.thousands, re.escape(notation.thousands)
        )
        grouped = text.re_search(rf"^[+-]? ?\d{{1,3}}({mark}\d{{3}})+({decimal}\d*)?$")
        text = grouped.ifelse(text.re_replace(mark, ""), text)
    if notation.decimal == ",":
        # A point is no decimal mark here: it must not become one by chance.
        text = text.contains(".").ifelse("?" + text, text).replace(",", ".")
    return text.re_replace(r"^([+-]) ", r"\1")


def _refuse_other_notations(
    rows: ir.Table, column: str, sound: Any, notation: Notation, name: str
) -> None:
    values = rows[column].strip()
    odd = rows.filter(~sound & values.re_search(_NUMBER_LIKE))
    found = shapes(odd.limit(100_000), column)
    if not found:
        return
    total = odd.aggregate(n=odd.count(), first=odd.row.min()).to_pyarrow().to_pylist()[0]
    now = "as declared" if notation.declared else "plain digits and a point"
    raise UserError(
        f"Column {name!r}: {total['n']:,} rows hold a number in another notation than {now} (most "
        f"are written like {_masked(found[0].text)!r}, the first in row {total['first']:,}). "
        "Declare it: log.decimal, log.thousands, log.currency; see data/README.md#amounts."
    )


def _masked(shape: str) -> str:
    """A shape without letters, of which a name could be made."""
    return re.sub(r"[A-Za-z]", "a", shape)[:24]


def _refuse_ambiguous_points(rows: ir.Table, column: str, sound: Any, name: str) -> None:
    """Points before exactly three digits, everywhere: 1.234 may be a thousand and more."""
    values = rows[column].strip()
    pointed = values.contains(".") & sound
    threes = values.re_search(r"^[+-]?[1-9]\d{0,2}\.\d{3}$")
    seen = rows.aggregate(pointed=pointed.sum(), threes=(pointed & threes).sum()).to_pyarrow()
    tally = seen.to_pylist()[0]
    if tally["threes"] and tally["threes"] == tally["pointed"]:
        raise UserError(
            f"Column {name!r}: every point stands before exactly three digits ({tally['threes']:,} "
            "rows), so 9.999 may mean nine and a bit or nearly ten thousand. Say which: "
            "log.decimal: '.', or log.thousands: '.' with log.decimal: ','."
        )
