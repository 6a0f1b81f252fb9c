"""Dates as logs write them: read where they can mean one thing only, refused where not."""

import re
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import UserError
from features.log.spec import UNIX
from features.log.written_dates import fitting_formats, numbers_as_dates, shapes

_PER_SECOND = dict(zip(UNIX, (1, 10**3, 10**6, 10**9), strict=True))
_ISO = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?"
_OFFSET = r" ?(Z|UTC|[+-]\d{2}(:?\d{2})?)"


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


@dataclass(frozen=True)
class Reading:
    """How a column of dates is read: an expression, and what was found out on the way."""

    moment: ir.TimestampValue
    written: str
    note: str = ""


def read_moments(
    rows: ir.Table, column: str, date_format: str | None, timezone: str | None, name: str
) -> Reading:
    """How to turn `column` of `rows` into wall-clock time of the business.

    Parameters
    ----------
    rows
        The rows that count, with ``row``; blanks of `column` are null.
    date_format
        As declared, else None: then it must follow from the values beyond doubt.
    timezone
        Zone of the business. Values with an offset are moments, turned into what its
        clocks showed; values without are what its clocks showed already.
    name
        The column's name in the log, for errors.

    Returns
    -------
    The expression is null where a value cannot be read.

    Raises
    ------
    UserError
        If the values could mean several dates.
    """
    values = rows[column]
    kind = values.type()
    if isinstance(kind, dt.Timestamp):
        if kind.timezone is None:
            return Reading(values.cast("timestamp"), "timestamp")
        note = "" if timezone else "moments are read as UTC days; set log.timezone for others"
        return Reading(
            _wall_clock(timezone or "UTC", values.cast("timestamp('UTC')")), "moment", note
        )
    if isinstance(kind, dt.Date):
        return Reading(values.cast("timestamp"), "date")
    if isinstance(kind, (dt.Integer, dt.Floating, dt.Decimal)):
        return _numbers(values, date_format, timezone, name)
    if not isinstance(kind, dt.String):
        raise UserError(f"Column {name!r} holds {kind} values, which are no dates.")
    if date_format is not None:
        return _declared(rows, column, date_format, timezone, name)
    return _found(rows, column, timezone, name)


def _numbers(values: Any, date_format: str | None, timezone: str | None, name: str) -> Reading:
    if date_format is None:
        raise UserError(numbers_as_dates(name))
    whole = values.try_cast("int64")
    if date_format in UNIX:
        return Reading(_since_1970(whole, date_format, timezone), date_format)
    return Reading(_try_strptime(whole.cast("string"), [date_format]), date_format)


def _since_1970(whole: Any, unit: str, timezone: str | None) -> Any:
    per_second = _PER_SECOND[unit]
    # Beyond the year 9999 the product overflows; such a value is no date.
    sound = whole.abs() < min(253_402_300_800 * per_second, 2**63 - 1)
    whole = sound.ifelse(whole, ibis.null("int64"))
    factor = max(1, 10**6 // per_second)
    micros = (whole // max(1, per_second // 10**6)) * factor
    moment = _from_microseconds(micros.cast("int64"))
    return _wall_clock(timezone or "UTC", moment.cast("timestamp('UTC')"))


def _declared(
    rows: ir.Table, column: str, date_format: str, timezone: str | None, name: str
) -> Reading:
    values = rows[column].strip()
    if date_format in UNIX:
        digits = values.re_search(r"^-?\d{1,19}$").ifelse(values, ibis.null("string"))
        return Reading(_since_1970(digits.try_cast("int64"), date_format, timezone), date_format)
    if "%z" in date_format:
        zoned = values.re_replace("[Zz]$", "+00")
        moment = _try_strptime_offset(zoned, date_format)
        return Reading(_wall_clock(timezone or "UTC", moment), date_format)
    moment = _try_strptime(values, [date_format])
    if "%Y%m%d" in date_format:
        # strptime takes 1997011 for the 1st, and the eighth digit for the hour.
        fixed = date_format.replace("%Y%m%d", r"\d{8}")
        shape = "^" + re.sub(r"%[A-Za-z]", r"\\d+", fixed) + "$"
        moment = values.re_search(shape).ifelse(moment, ibis.null("timestamp"))
    return Reading(moment, date_format)


def _found(rows: ir.Table, column: str, timezone: str | None, name: str) -> Reading:
    if _all_iso(rows, rows[column]):
        return Reading(rows[column].try_cast("timestamp"), "ISO 8601")
    values = rows[column].strip()
    iso = values.re_search(f"^{_ISO}$")
    offset = values.re_search(f"^{_ISO}{_OFFSET}$")
    tally = (
        rows.aggregate(filled=values.count(), iso=iso.sum(), offset=offset.sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    plain, zoned = tally["iso"] or 0, tally["offset"] or 0
    moment = iso.ifelse(values, ibis.null("string")).try_cast("timestamp")
    note = ""
    if zoned:
        note = _check_offsets(rows, column, plain, zoned, timezone, name)
        text = offset.ifelse(values, ibis.null("string")).re_replace(" ?UTC$", "Z")
        instant = text.try_cast("timestamp('UTC')")
        moment = ibis.coalesce(moment, _wall_clock(timezone or "UTC", instant))
    if plain + zoned == tally["filled"]:
        return Reading(moment, "ISO 8601", note)
    others = rows.filter(~(iso | offset))
    formats = fitting_formats(others, column, shapes(others, column), tally["filled"], name)
    if not formats:
        return Reading(moment, "ISO 8601", note)
    written = ", ".join((["ISO 8601"] if plain + zoned else []) + formats)
    return Reading(ibis.coalesce(moment, _try_strptime(values, formats)), written, note)


def _all_iso(rows: ir.Table, values: Any) -> bool:
    """Whether there is nothing to ask about: a quick look that spares the slow ones."""
    iso = values.length().isin([10, 16, 19]) & (values[4] == "-") & (values[7] == "-")
    iso &= values.try_cast("timestamp").notnull()
    tally = rows.aggregate(filled=values.count(), iso=iso.sum()).to_pyarrow().to_pylist()[0]
    return bool(tally["filled"] == (tally["iso"] or 0))


def _check_offsets(
    rows: ir.Table, column: str, plain: int, zoned: int, timezone: str | None, name: str
) -> str:
    if timezone is not None:
        return ""
    values = rows[column].strip()
    ends = values.re_extract(f"{_OFFSET}$", 0).upper().strip()
    found = (
        rows.aggregate(
            kinds=ends.nunique(where=values.re_search(f"^{_ISO}{_OFFSET}$")),
            utc=ends.isin(["Z", "UTC", "+00", "+0000", "+00:00"]).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    if plain or (found["kinds"] > 1 and found["utc"] < zoned):
        raise UserError(
            f"Column {name!r} mixes UTC offsets ({zoned:,} rows with one, {plain:,} without), so "
            "that a day is not the same everywhere. Name the zone whose days count: "
            "log.timezone: Europe/London, for instance."
        )
    if found["utc"] < zoned:
        raise UserError(
            f"Column {name!r} has UTC offsets. Name the zone whose days count: "
            "log.timezone: Europe/London, for instance."
        )
    return "moments are read as UTC days; set log.timezone for others"
