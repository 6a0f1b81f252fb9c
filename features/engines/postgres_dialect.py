"""How expressions become PostgreSQL's SQL so that they mean what they mean in DuckDB.

Texts are compared byte by byte (COLLATE "C"), patterns are written as PostgreSQL reads them, and
a number of binary places becomes a decimal as DuckDB makes it one.
"""

import re
from typing import Any, ClassVar

import ibis.common.exceptions as exc
import ibis.expr.datatypes as dt
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from features.engines.postgres_kinds import BYTES

_BLANKS = r" \t\n\f\r"
_CLASSES = {r"\d": "0-9", r"\s": _BLANKS}
_EXACT = 9e18
"""A whole number of binary places below it is read by way of an integer, exactly."""


class Compiler(PostgresCompiler):
    """`letters` is a collation of the database that knows the lower case of every letter."""

    # Those of ibis' own compiler would come before what is below.
    SIMPLE_OPS: ClassVar[dict[type, str]] = {}
    letters: str | None = None

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: N802 -- ibis'
        """Whether a pattern of RE2 is found."""
        return sge.RegexpLike(this=arg, expression=_pattern(op.pattern))

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802 -- ibis'
        """Each place where a pattern of RE2 is found, replaced."""
        return self.f.regexp_replace(arg, _pattern(op.pattern), replacement, "g")

    def visit_Lowercase(self, op: Any, *, arg: Any) -> Any:  # noqa: N802 -- ibis'
        """Lower case of every letter, and compared by bytes again."""
        if self.letters is None:
            return self.f.lower(arg)
        return _collated(self.f.lower(_collated(arg, self.letters)), BYTES)

    def visit_ArrayContains(self, op: Any, *, arg: Any, other: Any) -> Any:  # noqa: N802 -- ibis'
        """Whether a value is in a list: looked up, where the list is a constant."""
        return other.eq(self.f.anon.any(arg))

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 -- ibis'
        """As DuckDB casts."""
        if op.arg.dtype.is_floating() and to.is_decimal() and to.scale is not None:
            return self.cast(self._rounded(arg, to), to)
        if _moment_as_it_lies(op.arg.dtype) and to.is_timestamp():
            return self._believable(arg, self.cast(arg, to))
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802 -- ibis'
        """The value, or null where there is none; of numbers and moments only."""
        kind = op.arg.dtype
        if kind.is_numeric() and to.is_decimal() and to.scale is not None:
            return self._fitting(arg, kind, to)
        if kind.is_numeric() and to.is_float64():
            return self._float(arg, kind)
        if _moment_as_it_lies(kind) and to.is_timestamp():
            return self._believable(arg, self.cast(arg, to))
        raise exc.UnsupportedOperationError(f"PostgreSQL tries no cast of {kind} to {to}.")

    def _fitting(self, arg: Any, kind: dt.DataType, to: dt.Decimal) -> Any:
        """A number as a decimal; null for NaN, infinity, and what has too many digits."""
        number = self._rounded(arg, to) if kind.is_floating() else self.f.round(arg, to.scale)
        limit = 10 ** ((to.precision or 38) - (to.scale or 0))
        sound = self.f.abs(number) < limit
        if kind.is_floating():  # it is looked at first: no integer is made of what is none
            sound = (self.f.abs(arg) < float(limit)).and_(sound)
        return self.if_(sound, self.cast(number, to), sge.null())

    def _rounded(self, arg: Any, to: dt.Decimal) -> Any:
        """A float times a power of ten, halves away from zero, as a decimal of so many places."""
        moved = sge.paren(arg * float(10 ** (to.scale or 0)))
        whole = self.f.trunc(moved)
        half = self.f.abs(moved - whole) >= 0.5
        near = sge.paren(self.if_(half, whole + self.f.sign(moved), whole))
        exact = self.cast(near, dt.int64)
        number = self.if_(self.f.abs(moved) < _EXACT, self._numeric(exact), self._numeric(near))
        return self.f.round(number / self._numeric(sge.convert(10 ** (to.scale or 0))), to.scale)

    def _float(self, arg: Any, kind: dt.DataType) -> Any:
        """A number as a float; null for NaN, infinity and what is beyond the largest float."""
        if not kind.is_decimal():
            return self.cast(arg, dt.float64)
        size, small = self.f.abs(arg), self._numeric(sge.convert("1e-307"))
        # Of what is nearer to 0 than any float PostgreSQL makes an error.
        near = sge.and_(size > 0, size < small)
        sound = size < self._numeric(sge.convert("1.7e308"))
        least = self.cast(self.f.sign(arg) * small, dt.float64)
        return sge.Case().when(near, least).when(sound, self.cast(arg, dt.float64))

    def _believable(self, arg: Any, moment: Any) -> Any:
        """A moment of a year of four digits; else null, as a text of it cannot be read."""
        ends = (sge.convert("0001-01-01"), sge.convert("10000-01-01"))
        first, end = (sge.cast(day, "date") for day in ends)
        return self.if_((arg >= first).and_(arg < end), moment, sge.null())

    def _numeric(self, arg: Any) -> Any:
        return sge.cast(arg, "numeric")


def _moment_as_it_lies(kind: dt.DataType) -> bool:
    """Whether a column is a day, or a moment of a table, that nobody has looked at."""
    return bool(kind.is_date() or (kind.is_timestamp() and kind.scale is not None))


def _collated(arg: Any, collation: str) -> Any:
    name = sg.to_identifier(collation, quoted=True)
    return sge.paren(sge.Collate(this=sge.paren(arg), expression=name))


def _pattern(pattern: Any) -> Any:
    r"""A pattern of RE2 as PostgreSQL's: its classes are of ASCII, whatever the database's locale.

    >>> import ibis
    >>> print(_pattern(ibis.literal(r"^[\s\x{00A0}]+\d$").op()).this)
    ^[ \t\n\f\r\u00A0]+[0-9]$
    """
    text = re.sub(r"\\x\{([0-9A-F]{4})\}", r"\\u\1", pattern.value)
    text = text.replace(r"\x00", r"\u0001")  # no text has the character 0
    found, inside = [], False
    for part in re.findall(r"\\.|.", text, flags=re.DOTALL):
        inside = (inside or part == "[") and part != "]"
        if part in _CLASSES:
            part = _CLASSES[part] if inside else f"[{_CLASSES[part]}]"
        elif part == r"\D":
            part = "[^0-9]"
        found.append(part)
    return sge.convert("".join(found))
