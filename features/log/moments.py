"""Dates as logs write them: read where they can mean one thing only, refused where not."""

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import QuestionError, UserError
from features.log.date_formats import SEPARATOR, read_formats, split_formats, wall_clock
from features.log.date_texts import ISO, Parts, parted, tidy
from features.log.written_dates import (
    date_numbers,
    fitting_formats,
    proposals,
    refuse_another_unit,
    refuse_swapped,
)

_UTC_DAYS = "moments are read as UTC days; set log.timezone for others"


@dataclass(frozen=True)
class Dated:
    """How the config says that dates are written; None: it must follow from the values."""

    date_format: str | None = None
    timezone: str | None = None
    swapped_dates: bool | None = None


@dataclass(frozen=True)
class Reading:
    """How a column of dates is read: an expression, and what was found out on the way.

    `formats` are the declaration under which the same dates are read again.
    """

    moment: ir.TimestampValue
    written: str
    note: str = ""
    formats: str | None = None


def read_moments(rows: ir.Table, column: str, how: Dated, name: str) -> Reading:
    """How to turn `column` of `rows` into wall-clock time of the business.

    Parameters
    ----------
    rows
        The rows that count, with ``row``; blanks of `column` are null.
    how
        As declared; the zone is that of the business. Values with an offset are moments,
        turned into what its clocks showed; values without are what they showed already.
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
        note = "" if how.timezone else _UTC_DAYS
        if not how.timezone:
            _refuse_foreign_midnights(rows.select(utc=values.cast("timestamp")), name)
        return Reading(wall_clock(values.cast("timestamp('UTC')"), how.timezone), "moment", note)
    if isinstance(kind, dt.Date):
        return Reading(values.cast("timestamp"), "date")
    if isinstance(kind, (dt.Integer, dt.Floating, dt.Decimal)):
        return _numbers(rows, column, how, name)
    if not isinstance(kind, dt.String):
        raise UserError(f"Column {name!r} holds {kind} values, which are no dates.")
    if how.date_format is None and _all_iso(rows, values):
        return Reading(values.try_cast("timestamp"), "ISO 8601")
    return _texts(rows, column, how, name)


def may_stand(values: Any, how: Dated) -> bool:
    """Whether the type of the values, or that they are texts, lets them be read by a cast."""
    kind = values.type()
    if isinstance(kind, dt.String):
        return how.date_format is None
    return isinstance(kind, dt.Date) or (isinstance(kind, dt.Timestamp) and kind.timezone is None)


def in_doubt(values: Any, moment: ir.TimestampValue) -> ir.BooleanValue:
    """Whether a value is a text that calls for a closer look; `moment` is what a cast makes of it.

    One such value, and all are read by `read_moments`.
    """
    if not isinstance(values.type(), dt.String):
        return ibis.literal(False)
    return values.notnull() & ~_iso(values, moment)


def _iso(values: Any, moment: ir.TimestampValue) -> ir.BooleanValue:
    """Whether a text is a day, or a day and a time, of ISO 8601 beyond doubt."""
    written = values.length().isin([10, 16, 19]) & values.like("____-__-__%")
    return written & moment.notnull()


def proposed_format(rows: ir.Table, column: str) -> str | None:
    """The one declaration of `log.date_format` that reads a column which is refused without."""
    try:
        read_moments(rows, column, Dated(timezone="UTC", swapped_dates=False), column)
    except UserError:
        if isinstance(rows[column].type(), dt.String):
            rows = rows.select("row", parted(tidy(rows, column)).local.name(column))
        found = proposals(rows, column)
        filled = rows[column].count().to_pyarrow().as_py()
        if len(found) == 1 and found[0].rows > 0.95 * filled:
            return found[0].declaration
    return None


def _numbers(rows: ir.Table, column: str, how: Dated, name: str) -> Reading:
    formats = split_formats(how.date_format)
    if not formats:
        raise date_numbers(rows, column, name)
    refuse_another_unit(rows, column, formats, name)
    moment = read_formats(rows[column], formats, how.timezone)
    return Reading(moment, SEPARATOR.join(formats), formats=how.date_format)


def _texts(rows: ir.Table, column: str, how: Dated, name: str) -> Reading:
    """Texts in parts: the clock's and the offset's, whatever either looks like."""
    whole = Parts(tidy(rows, column), ibis.null("int64"))
    parts = whole if "%z" in SEPARATOR.join(split_formats(how.date_format)) else parted(whole.local)
    local = rows.select("row", local=parts.local, minutes=parts.minutes, whole=whole.local)
    if how.date_format is not None:
        return _read(local, parts, how, name)
    # Kept while it is asked, again and again: tidying costs more than all that is asked of it.
    engine = rows.get_backend()
    kept = engine.fresh("dates")
    try:
        local = engine.create_table(kept, local)
        # Where no text has an offset, none need be looked for when they are read.
        apart = local.minutes.notnull() | (local.local != local.whole)
        return _read(local, parts if apart.any().to_pyarrow().as_py() else whole, how, name)
    finally:
        engine.drop_table(kept, force=True)


def _read(local: ir.Table, parts: Parts, how: Dated, name: str) -> Reading:
    """The moments of `parts`, which `local` holds as columns."""
    if how.date_format is None:
        moment, written, formats = _found(local, parts.local, how, name)
    else:
        formats = split_formats(how.date_format)
        refuse_another_unit(local, "local", formats, name)
        moment, written = read_formats(parts.local, formats, how.timezone), SEPARATOR.join(formats)
    note = _check_offsets(local, how.timezone, name)
    instant = moment - parts.minutes * ibis.interval(minutes=1)
    moment = parts.minutes.isnull().ifelse(moment, wall_clock(instant, how.timezone))
    again = how.date_format or (SEPARATOR.join(formats) if "ISO" not in written else None)
    return Reading(moment, written, note, again)


def _found(
    local: ir.Table, values: Any, how: Dated, name: str
) -> tuple[ir.TimestampValue, str, tuple[str, ...]]:
    """ISO 8601 beside the formats that follow from the values, beyond doubt.

    `local` holds the `values` as a column: what is asked of it, and what reads them, are two.
    """
    iso = local.local.re_search(f"^{ISO}$")
    tally = local.aggregate(filled=local.local.count(), iso=iso.sum()).to_pyarrow().to_pylist()[0]
    plain, formats = tally["iso"] or 0, []
    if plain < tally["filled"]:
        formats = fitting_formats(local, "local", local.filter(~iso), tally["filled"], name)
    text = values.re_search(f"^{ISO}$").ifelse(values.replace(",", "."), ibis.null("string"))
    if plain and formats and refuse_swapped(local, iso, how.swapped_dates, name):
        text = text.re_replace(r"^(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2")
    moment = text.try_cast("timestamp")
    if formats:
        moment = ibis.coalesce(moment, read_formats(values, formats))
    written = SEPARATOR.join((["ISO 8601"] if plain or not formats else []) + formats)
    return moment, written, tuple(formats)


def _all_iso(rows: ir.Table, values: Any) -> bool:
    """Whether there is nothing to ask about: a quick look that spares the slow ones."""
    iso = _iso(values, values.try_cast("timestamp"))
    tally = rows.aggregate(filled=values.count(), iso=iso.sum()).to_pyarrow().to_pylist()[0]
    return bool(tally["filled"] == (tally["iso"] or 0))


def _check_offsets(local: ir.Table, timezone: str | None, name: str) -> str:
    if timezone is not None:
        return ""
    found = (
        local.aggregate(
            filled=local.local.count(),
            zoned=local.minutes.count(),
            kinds=local.minutes.nunique(),
            utc=(local.minutes == 0).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    zoned, plain = found["zoned"], found["filled"] - found["zoned"]
    if not zoned:
        return ""
    ask = "Name the zone whose days count, such as: --set log.timezone=Europe/London"
    if plain or found["kinds"] > 1:
        raise QuestionError(
            f"Column {name!r} mixes UTC offsets ({zoned:,} rows with one, {plain:,} without), so "
            f"that a day is not the same everywhere. {ask}",
            "timezone",
        )
    if (found["utc"] or 0) < zoned:
        raise QuestionError(f"Column {name!r} has UTC offsets. {ask}", "timezone")
    _refuse_foreign_midnights(local.select(utc=local.local[:19].try_cast("timestamp")), name)
    return _UTC_DAYS


def _refuse_foreign_midnights(moments: ir.Table, name: str) -> None:
    """Stop where all moments in UTC are midnights of another zone: their days would be others.

    A library that keeps days as moments writes the 5th of January of Berlin as 23:00 on the 4th.
    """
    clock = moments.utc.time()
    clocks = moments.filter(moments.utc.notnull()).group_by(clock=clock).aggregate(n=clock.count())
    seen = clocks.order_by(clocks.n.desc()).limit(3).to_pyarrow().to_pylist()
    times = sorted(row["clock"] for row in seen)
    minutes = [time.hour * 60 + time.minute for time in times]
    alike = len(times) == 1 or (len(times) == 2 and (minutes[1] - minutes[0]) % 1440 in (60, 1380))
    if not alike or 0 in minutes or sum(row["n"] for row in seen) < 2:
        return
    told = " or ".join(f"{time:%H:%M}" for time in times)
    raise QuestionError(
        f"Column {name!r}: all moments stand at {told} in UTC, midnights of another zone: "
        "their UTC days would be others than the shop's. Name its zone, such as: "
        "--set log.timezone=Europe/Berlin",
        "timezone",
    )
