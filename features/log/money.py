"""Amounts as logs write them: exact decimals, and no guess at a foreign notation."""

import re
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import QuestionError, UserError
from features.log.notations import (
    PLAIN,
    Notation,
    currencies,
    foreign,
    lines,
    masked,
    number_like,
    plain,
    proposals,
    western,
)
from features.log.written_dates import shapes

MONEY = "decimal(18, 4)"
"""Four decimals, up to 10^14: sums are exact and do not depend on the order of rows."""

_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"
_SCALES = (1_000, 1_000_000, 1_000_000_000)
_LARGEST = 1e13
_NOISE = 1e-12
_SAMPLE = 100_000


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
    if rows.aggregate(any=foreign(values).any()).to_pyarrow()["any"][0].as_py():
        values = western(values)
    text = plain(values, notation)
    sound = text.re_search(PLAIN)
    seen = rows.select("row", sound=sound, **{column: values})
    _refuse_other_notations(seen, column, notation, name)
    if notation.decimal is None and notation.thousands != ",":
        _refuse_ambiguous_points(rows, text, sound, name)
    return (sound | text.re_search(_NOT_FINITE)).ifelse(text, ibis.null("string"))


def may_stand(values: Any, notation: Notation) -> bool:
    """Whether the type of the values, or that they are texts, lets them be read by a cast."""
    kind = values.type()
    if isinstance(kind, dt.String):
        return not notation.declared
    return isinstance(kind, (dt.Integer, dt.Floating, dt.Decimal))


def in_doubt(values: Any, money: Any, notation: Notation) -> ir.BooleanValue:
    """Whether a value is a text that calls for a closer look; `money` is what a cast makes of it.

    One such value, and all are read by `read_numbers`.
    """
    if not isinstance(values.type(), dt.String):
        return ibis.literal(False)
    return values.notnull() & ~_is_plain(values, money, notation)


def _is_plain(text: Any, money: Any, notation: Notation) -> ir.BooleanValue:
    """Whether a text is a number beyond doubt: with three digits behind the point it is not."""
    number = money.notnull() & ~text.contains("_")
    return number if notation.decimal else number & ~text.like("%.___")


def as_money(number: Any, scale: float | None = None) -> ir.DecimalValue:
    """Numerals or numbers as money; null for NaN, infinity and more than 10^14."""
    return (number.try_cast("float64") * scale if scale else number).try_cast(MONEY)


def as_quantity(number: Any) -> ir.FloatingValue:
    """Numerals or numbers as pieces; null for NaN and infinity."""
    value = number.try_cast("float64")
    return (value.isnan() | value.isinf()).ifelse(ibis.null("float64"), value)


def proposed_notation(rows: ir.Table, column: str) -> dict[str, str]:
    """Keys of the log section without which the amounts of a column would be refused."""
    if not isinstance(rows[column].type(), dt.String):
        return {}
    try:
        read_numbers(rows, column, Notation(), column)
    except QuestionError as question:
        return dict(question.keys)
    except UserError:
        pass
    return {}


def refuse_lost_amounts(rows: ir.Table, numeral: Any, notation: Notation, name: str) -> None:
    """Stop where four decimals lose amounts, such as 0.00004 of a coin.

    Raises
    ------
    QuestionError
        If more than one in a thousand changes by more than 1 %, with the factor that keeps all.
    """
    if notation.scale is not None:
        return
    lost = is_lost(numeral, numeral.try_cast(MONEY))
    seen = rows.aggregate(filled=rows.count(), lost=lost.sum()).to_pyarrow().to_pylist()[0]
    n = seen["lost"] or 0
    if n <= seen["filled"] / 1000:
        return
    small = rows.filter(lost).select(x=numeral.try_cast("float64"))
    values = rows.select(x=numeral.try_cast("float64"))
    most = values.x.abs().max().to_pyarrow().as_py()
    fitting = [scale for scale in _SCALES if _keeps(small, scale) and most * scale < _LARGEST]
    what = (
        f"Column {name!r}: {n:,} amounts are so small that four decimals change them by more than "
        "1 %, and some become 0."
    )
    if not fitting:
        raise QuestionError(
            f"{what} Give them in a smaller unit, or take them so: --set log.scale=1", "scale"
        )
    raise QuestionError(
        f"{what} To count in a unit that is so many times smaller:", {"scale": fitting[0]}
    )


def is_lost(numeral: Any, money: Any) -> ir.BooleanValue:
    """Whether four decimals change an amount by more than 1 %."""
    exact = numeral.try_cast("float64")
    apart = (money.cast("float64") - exact).abs() > 0.01 * exact.abs()
    # Only the smallest can: most amounts need no closer look.
    return ibis.cases((money.abs() < 0.01, apart & (exact.abs() >= _NOISE)), else_=False)


def _keeps(small: ir.Table, scale: int) -> bool:
    scaled = small.x * scale
    lost = (scaled.try_cast(MONEY).cast("float64") - scaled).abs() > 0.01 * scaled.abs()
    return not small.aggregate(n=lost.sum()).to_pyarrow()["n"][0].as_py()


def _all_plain(rows: ir.Table, text: Any, notation: Notation) -> bool:
    """Whether there is nothing to ask about: a quick look that spares the slow ones."""
    sound = _is_plain(text, text.try_cast(MONEY), notation)
    seen = rows.aggregate(filled=text.count(), plain=sound.sum()).to_pyarrow()
    tally = seen.to_pylist()[0]
    return bool(tally["filled"] == (tally["plain"] or 0))


def _refuse_other_notations(rows: ir.Table, column: str, notation: Notation, name: str) -> None:
    odd = rows.filter(~rows.sound & number_like(rows[column]))
    found = shapes(odd.limit(_SAMPLE), column)
    if not found:
        return
    total = odd.aggregate(n=odd.count(), first=odd.row.min()).to_pyarrow().to_pylist()[0]
    now = "as declared" if notation.declared else "plain digits and a point"
    what = (
        f"Column {name!r}: {total['n']:,} rows hold a number in another notation than {now} (most "
        f"are written like {masked(found[0].text)!r}, the first in row {total['first']:,})."
    )
    numbers = rows.filter(number_like(rows[column])).limit(_SAMPLE)
    several = currencies([shape.text for shape in shapes(numbers, column)])
    if len(several) > 1:
        raise UserError(
            f"{what} {len(several)} currencies stand beside the amounts ({', '.join(several)}): a "
            "log has one. Convert them first, or split the file."
        )
    answers = [n.keys() for n in proposals(numbers, column, notation) if n.keys()]
    if len(answers) == 1 and answers[0] != notation.keys():
        raise QuestionError(f"{what} Declare it:", answers[0])
    if len(answers) > 1:
        ways = lines([{"decimal": ".", **keys} for keys in answers])
        raise QuestionError(f"{what} It may mean several; say which:{ways}", "decimal")
    words = {word for shape in found for word in re.findall("[a-z]+", shape.text.lower())}
    raise UserError(
        f"{what} No single notation with a known currency reads them all: make them alike in the "
        f"file.{next((way for known, way in _WAYS if words & known), '')}"
    )


_WAYS = (
    (
        {"dr", "cr", "db"},
        " Dr and Cr are the sides of an account: put them into a column of their own, say Side, "
        "and name the one that gives money back: log.refunds: {column: Side, values: [Cr]}.",
    ),
    (
        {"k", "m", "mio", "mn", "tsd", "tausend", "lakh", "crore"},
        " Shortened amounts (1.2k) are rounded: export them in full, or write 1200 for 1.2k.",
    ),
)
"""What can be done in the file about words beside amounts."""


def _refuse_ambiguous_points(rows: ir.Table, text: Any, sound: Any, name: str) -> None:
    """Points before exactly three digits, everywhere: 1.234 may be a thousand and more.

    `text` is without what stands beside a number, such as a currency.
    """
    pointed = text.contains(".") & sound
    threes = text.re_search(r"^[+-]?[1-9]\d{0,2}\.\d{3}$")
    seen = rows.aggregate(pointed=pointed.sum(), threes=(pointed & threes).sum()).to_pyarrow()
    tally = seen.to_pylist()[0]
    if tally["threes"] and tally["threes"] == tally["pointed"]:
        ways = lines([{"decimal": "."}, {"decimal": ",", "thousands": "."}])
        raise QuestionError(
            f"Column {name!r}: every point stands before exactly three digits ({tally['threes']:,} "
            f"rows), so 9.999 may mean nine and a bit or nearly ten thousand. Say which:{ways}",
            "decimal",
        )
