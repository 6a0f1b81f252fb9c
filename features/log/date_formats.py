"""Formats of dates, and the moments that they make of texts and numbers.

A declared format and one that was found are read by the same expression.
"""

import re
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

UNIX = ("unix_seconds", "unix_milliseconds", "unix_microseconds", "unix_nanoseconds")
"""Formats of dates that are whole numbers, counted from 1970-01-01 00:00 UTC."""

SERIAL = "excel_serial"
"""Days since 1899-12-30 as spreadsheets count them, the time of day behind the point."""

NUMBERS = ("%Y%m%d", SERIAL, *UNIX)
"""Formats that may be behind a column of numbers."""

SEPARATOR = " | "
"""Between several formats of one column."""

_PER_SECOND = dict(zip(UNIX, (1, 10**3, 10**6, 10**9), strict=True))
_LAST_SERIAL = 2_958_465
_SERIAL_TO_1970 = 25_569


@ibis.udf.scalar.builtin(
    name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.timestamp)
)
def _try_strptime(text: Any, formats: Any) -> Any:
    """The first format that fits, else null."""


@ibis.udf.scalar.builtin(
    name="try_strptime", signature=((dt.string, dt.string), dt.Timestamp(timezone="UTC"))
)
def _try_strptime_offset(text: Any, form: Any) -> Any:
    """A moment with an offset, else null."""


@ibis.udf.scalar.builtin(
    name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp)
)
def _wall_clock(zone: Any, moment: Any) -> Any:
    """What the clock on the wall shows in a zone."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp))
def _from_microseconds(microseconds: Any) -> Any:
    """The moment so long after 1970-01-01 00:00 UTC."""


def wall_clock(moment: Any, timezone: str | None) -> ir.TimestampValue:
    """What the clocks of the business showed at a moment in UTC; UTC without a zone."""
    return _wall_clock(timezone or "UTC", moment.cast("timestamp('UTC')"))


def read_formats(
    values: Any, formats: Sequence[str], timezone: str | None = None
) -> ir.TimestampValue:
    """What the first format that fits makes of each value, a text or number; else null.

    Parameters
    ----------
    values
        Texts (tidy, see `date_texts`) or numbers.
    formats
        strptime's, `SERIAL` or one of `UNIX`.
    timezone
        Zone of the business, for formats that name a moment.
    """
    plain = [form for form in formats if form not in NUMBERS and "%z" not in form]
    found = [_one(values, form, timezone) for form in formats if form not in plain]
    if plain:
        texts = values if isinstance(values.type(), dt.String) else _whole(values).cast("string")
        found.insert(0, _try_strptime(texts, plain))
    return ibis.coalesce(*found)


def _one(values: Any, form: str, timezone: str | None) -> Any:
    if form == SERIAL:
        return _from_serial(values)
    if form in UNIX:
        return _since_1970(_whole(values), form, timezone)
    if "%z" in form:
        return wall_clock(_try_strptime_offset(values, form), timezone)
    digits = values if isinstance(values.type(), dt.String) else _whole(values).cast("string")
    # strptime takes 1997011 for the 1st, and the eighth digit for the hour.
    sound = digits.re_search(r"^\d{8}$")
    return sound.ifelse(_try_strptime(digits, [form]), ibis.null("timestamp"))


def _whole(values: Any) -> Any:
    if isinstance(values.type(), dt.String):
        # A number that has met a blank is written 1580515200.0.
        digits = values.re_search(r"^-?\d{1,19}(\.0+)?$").ifelse(values, ibis.null("string"))
        return digits.re_replace(r"\..*$", "").try_cast("int64")
    return (values % 1 == 0).ifelse(values, ibis.null(values.type())).try_cast("int64")


def _from_serial(values: Any) -> Any:
    if isinstance(values.type(), dt.String):
        pattern = r"^\d{1,7}([.,]\d{1,15})?$"
        values = values.re_search(pattern).ifelse(values.replace(",", "."), ibis.null("string"))
    days = values.try_cast("float64")
    sound = ((days >= 1) & (days <= _LAST_SERIAL)).ifelse(days, ibis.null("float64"))
    # A time of day is a fraction that no float holds: to the nearest millisecond.
    milliseconds = ((sound - _SERIAL_TO_1970) * 86_400_000).round().cast("int64")
    return _from_microseconds(milliseconds * 1_000)


def _since_1970(whole: Any, unit: str, timezone: str | None) -> Any:
    per_second = _PER_SECOND[unit]
    # Beyond the year 9999 the product overflows; such a value is no date.
    sound = whole.abs() < min(253_402_300_800 * per_second, 2**63 - 1)
    whole = sound.ifelse(whole, ibis.null("int64"))
    factor = max(1, 10**6 // per_second)
    micros = (whole // max(1, per_second // 10**6)) * factor
    return wall_clock(_from_microseconds(micros.cast("int64")), timezone)


def split_formats(declared: str | None) -> tuple[str, ...]:
    """The formats of a declaration, without the offset that stands last: it is read apart.

    Examples
    --------
    >>> split_formats("%d/%m/%Y | %d/%m/%Y %H:%M:%S %z")
    ('%d/%m/%Y', '%d/%m/%Y %H:%M:%S')
    >>> split_formats("%d. %m. %Y")
    ('%d.%m.%Y',)
    """
    formats = [form.strip() for form in (declared or "").split(SEPARATOR.strip()) if form.strip()]
    # Names of months are shortened, and blanks behind points left out, before they are read.
    formats = [re.sub(r"(?<=%[dmY])\. ?(?=%[dmyY])", ".", form) for form in formats]
    formats = [re.sub(r"^(%Y\.%m\.%d)\.", r"\1", form) for form in formats]
    return tuple(re.sub(r" ?%[zZ]$", "", form).replace("%B", "%b") for form in formats)
