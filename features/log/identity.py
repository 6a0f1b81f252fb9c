"""Identifiers as exact text: 00123 is not 123, and no number is rounded on the way."""

from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import UserError

LARGEST_EXACT = 2**53
"""Above it a float cannot tell neighbours apart: ids stored as floats are lost."""


BLANK = r"^[\s\x{00A0}\x{1680}\x{2000}-\x{200B}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}]*$"
"""A text of blanks only, of whatever width."""

PHONE = r"^\s*\+?[\d\s()./\x{00A0}\x{202F}-]{10,25}$"
"""How a phone number is written: digits, and what parts them."""


def read_text(rows: ir.Table, column: str, name: str) -> ir.StringValue:
    """The values of `column` as text, blanks as null.

    A float column whose values are all whole (integers that met a blank in pandas)
    reads as the integers it was; with other floats, or larger ones than a float can
    count by ones, each is written in full.
    """
    values = rows[column]
    kind = values.type()
    if isinstance(kind, dt.Floating):
        sound = values.isnan() | values.isinf()
        values = sound.ifelse(ibis.null(kind), values)
        other = _fractional(values) | (values.abs() >= LARGEST_EXACT)
        whole = not rows.aggregate(n=other.sum()).to_pyarrow()["n"][0].as_py()
        return (values.try_cast("decimal(38, 0)") if whole else values).cast("string")
    if isinstance(kind, dt.Binary):
        return filled(values.try_cast("string"))
    if isinstance(kind, dt.String):
        return filled(values)
    if kind.is_nested():
        raise UserError(f"Column {name!r} holds {kind} values; one value a row is needed.")
    return values.cast("string")


def read_ids(rows: ir.Table, column: str, name: str, rounded: int = 0) -> ir.StringValue:
    """Like `typed_ids`, and refuses texts that have lost digits, see `refuse_rounded_ids`."""
    refuse_rounded_ids(rows, column, name)
    return typed_ids(rows, column, name, rounded)


def typed_ids(rows: ir.Table, column: str, name: str, rounded: int = 0) -> ir.StringValue:
    """Like `read_text`, for ids: refuses types that have lost, or never were, an id.

    `rounded` is how many were numbers in a workbook of more digits than it keeps.

    Raises
    ------
    UserError
        For floats with fractions or beyond 2^53, dates, truth values, rounded numbers.
    """
    if rounded:
        raise UserError(
            f"Column {name!r}: {rounded:,} ids are numbers of more than 15 digits in a workbook, "
            "which keeps 15, so customers are mixed up. Export the ids as text."
        )
    values = rows[column]
    kind = values.type()
    if isinstance(kind, (dt.Boolean, dt.Temporal, dt.Interval)):
        raise UserError(f"Column {name!r} holds {kind} values, which are no ids.")
    if isinstance(kind, dt.Floating):
        _refuse_lost_ids(rows, values, name)
    if isinstance(kind, dt.Decimal) and (kind.scale or 0) > 0:
        broken = rows.aggregate(n=_fractional(values).sum()).to_pyarrow()["n"][0].as_py()
        if broken:
            raise UserError(f"Column {name!r}: {broken:,} ids have decimals. Is this the id?")
        return values.cast("decimal(38, 0)").cast("string")
    return read_text(rows, column, name)


def same_person(ids: ir.StringValue, case: str, form: str) -> ir.StringValue:
    """Ids as `log.customer_case` and `log.customer_form` say that they are compared.

    `case` "ignore": lower case, without blanks around. `form` "number": 13085.0 as 13085;
    "phone": the last ten digits of a number of ten or more, which leaves out the prefix.
    """
    if case == "ignore":
        ids = ids.re_replace(r"^[\s\x{00A0}]+|[\s\x{00A0}]+$", "").lower()
    if form == "number":
        ids = ids.re_replace(r"^(\d+)\.0+$", r"\1")
    if form == "phone":
        digits = ids.re_replace(r"\D", "")
        written = ids.re_search(PHONE) & (digits.length() >= 10)
        ids = written.ifelse(digits.right(10), ids)
    return ids


def _fractional(values: Any) -> Any:
    """Whether a number is not whole. Not by `floor`, which makes an integer that may overflow."""
    return values % 1 != 0


def filled(values: Any) -> Any:
    """The values, blank texts as null."""
    if not isinstance(values.type(), dt.String):
        return values
    # What begins with a visible character of ASCII is not blank: most texts need no closer look.
    return ibis.cases(
        ((values >= "!") & (values < "\x7f"), values),
        (values.re_search(BLANK), ibis.null("string")),
        else_=values,
    )


def rounded_id(ids: Any) -> ir.BooleanValue:
    """Whether each id is one that a spreadsheet has shown, and saved, as 9.00720E+15."""
    # A quick look first: most texts need no closer one.
    exact = ids.re_search(r"^\d\.\d+[eE]\+\d\d$")
    return ibis.cases((ids.like("_.%"), exact), else_=ibis.literal(False))


def refuse_rounded_ids(rows: ir.Table, column: str, name: str) -> None:
    """Stop where texts are no ids any more, for a spreadsheet has rounded them.

    Raises
    ------
    UserError
        If more than one in twenty is a `rounded_id`.
    """
    values = rows[column]
    if not isinstance(values.type(), dt.String):
        return
    rounded = rounded_id(values)
    seen = rows.aggregate(n=values.count(), rounded=rounded.sum()).to_pyarrow().to_pylist()[0]
    if (seen["rounded"] or 0) > 0.05 * seen["n"]:
        raise UserError(
            f"Column {name!r}: {seen['rounded']:,} ids are written like '9.99999E+99', as a "
            "spreadsheet rounds long numbers, so customers are mixed up. Export the ids as text."
        )


def _refuse_lost_ids(rows: ir.Table, values: Any, name: str) -> None:
    finite = ~(values.isnan() | values.isinf())
    seen = (
        rows.aggregate(
            broken=(finite & _fractional(values)).sum(),
            huge=(finite & (values.abs() >= LARGEST_EXACT)).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    if seen["huge"]:
        raise UserError(
            f"Column {name!r}: {seen['huge']:,} ids are floats of 2^53 or more, so their last "
            "digits are lost and customers mixed up. Export the ids again as text or whole numbers."
        )
    if seen["broken"]:
        raise UserError(f"Column {name!r}: {seen['broken']:,} ids have decimals. Is this the id?")
