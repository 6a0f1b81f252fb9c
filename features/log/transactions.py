"""The order log: from a stranger's file to rows that can be trusted, and the rest set aside.

``open_log`` accounts for every row: it is used, or set aside for one reason.
What could be read in two ways is refused instead.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from features.engines.duckdb import Engine, value_free_errors
from features.errors import UserError
from features.log.cells import meaningful, require_columns
from features.log.moments import Dated, read_moments
from features.log.money import MONEY, as_money, as_quantity, read_numbers, refuse_lost_amounts
from features.log.notations import Notation
from features.log.order_lines import counted_once
from features.log.reasons import (
    Counts,
    believable_days,
    by_day,
    refuse_double_export,
    refuse_too_many,
)
from features.log.sales import folded
from features.log.spec import CANONICAL, Columns, LogSpec
from features.log.versions import without_duplicates, without_superseded
from features.readers.reading import Raw, read

__all__ = ["CANONICAL", "Columns", "Log", "LogSpec", "open_log", "validate"]

EARLIEST = datetime(1970, 1, 2)
"""Dates before it are not believed: 1900-01-01 and 1970-01-01 stand for "unknown"."""


@dataclass(frozen=True)
class Log:
    """A validated order log.

    `transactions`: ``customer_id`` (text), ``transacted_at`` (wall clock of the
    business), ``amount`` (decimal(18, 4)), ``order_id`` (text), ``quantity``
    (float), one text column per attribute. `quarantine`: ``reason``, ``file``,
    ``row`` (from 1 in its file, the header not counted) and the mapped columns as
    they stand in the file: it is written for the owner of the log and for nobody
    else. `counts` adds up: rows in = rows used + rows set aside. `date_format` is
    how all dates are written, None where some are ISO 8601: with it a few rows of the
    same kind can be read whose days would leave it open. `numbered` says whether orders
    have numbers at all. `people` has every ``customer_id``, also of rows that were no sales.
    """

    transactions: ir.Table
    quarantine: ir.Table
    people: ir.Table
    counts: Counts
    fingerprint: str
    attributes: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    date_format: str | None = None
    numbered: bool = True


def open_log(engine: Engine, spec: LogSpec, now: datetime | None = None) -> Log:
    """Read and validate the log that `spec` describes.

    Parameters
    ----------
    engine
        From ``engines.duckdb.connect``, allowed to read ``spec.source``.
    now
        Rows of a later day are set aside; default the clock's, in the log's zone.

    Raises
    ------
    UserError
        If the files cannot be read, a column is missing or ambiguous, no row is
        usable, or more rows are unusable than ``spec.max_set_aside`` allows.
    """
    with value_free_errors():
        raw = read(engine, spec)
        try:
            return validate(engine, raw, spec, now)
        finally:
            raw.drop()


# Long: the steps in their order, each of a line or two.
def validate(engine: Engine, raw: Raw, spec: LogSpec, now: datetime | None = None) -> Log:
    """Sort the rows of a raw table into used and set aside; see `open_log`."""
    require_columns(raw, spec)
    if not raw.table.count().to_pyarrow().as_py():
        raise UserError(f"{spec.source}: no rows below the header.")
    # Kept at each step: looking for blanks, strays and notations costs more than keeping the rows.
    name = ibis.util.gen_name("cells")
    cells = engine.create_table(name, meaningful(raw, spec))
    parsed, notes, written = parse(cells, spec, now)
    parsed = engine.create_table(ibis.util.gen_name("checked"), parsed)
    engine.drop_table(name)
    versioned = spec.versions in ("last", "last_row")
    changed = versioned or spec.duplicates == "drop"
    days = by_day(parsed)
    believed = None if spec.until else believable_days(_sound_days(days))
    checked = _without_stragglers(parsed, believed)
    if versioned:
        checked = without_superseded(checked, spec)
    if spec.duplicates == "drop":
        checked = without_duplicates(checked)
    if changed:
        checked = engine.create_table(ibis.util.gen_name("checked"), checked)
    if changed or believed:
        days = by_day(checked)
    sound = checked.filter(checked.reason.isnull())
    counts = Counts.from_days(days, sound.digest.nunique().to_pyarrow().as_py())
    refuse_too_many(counts, raw, spec)
    refuse_double_export(checked, counts, spec)
    transactions = used_rows(checked, spec)
    quarantine = engine.create_table(ibis.util.gen_name("quarantine"), _aside(checked, raw, counts))
    if spec.columns.refunded:
        counts = replace(counts, refunded=_given_back(checked, transactions, spec))
    attributes, digest = spec.columns.attributes, engine.fingerprint(transactions)
    numbered = spec.columns.order_id is not None
    people = checked.filter(checked.customer_id.notnull()).select("customer_id")
    return Log(
        transactions, quarantine, people, counts, digest, attributes, notes, written, numbered
    )


def parse(
    rows: ir.Table, spec: LogSpec, now: datetime | None
) -> tuple[ir.Table, tuple[str, ...], str | None]:
    """From cells: canonical columns, the first reason against each row; notes; form of dates."""
    columns = spec.columns
    how = Dated(spec.date_format, spec.timezone, spec.swapped_dates)
    reading = read_moments(rows, "moment", how, columns.transacted_at)
    parsed = rows.mutate(transacted_at=reading.moment, **_numbers(rows, spec))
    parsed = parsed.mutate(amount=_signed(parsed, spec))
    if columns.refund_customer:
        payee = (parsed.amount < 0).ifelse(parsed.payee, parsed.customer_id)
        parsed = parsed.mutate(customer_id=ibis.coalesce(payee, ibis.null("string")))
    parsed = parsed.mutate(reason=_reason(parsed, spec, now))
    notes = (f"{columns.transacted_at}: {reading.note}",) if reading.note else ()
    back = ("given_back",) if columns.refunded else ()
    version = ("version",) if spec.version_column else ()
    kept = ("row", "file", "digest", "reason", *CANONICAL, *columns.attributes, *back, *version)
    return parsed.select(*kept), notes, reading.formats


def _numbers(rows: ir.Table, spec: LogSpec) -> dict[str, ir.Value]:
    """``numeral``: what is written, if it is a number; ``price``, ``quantity``: its worth."""
    columns = spec.columns
    found: dict[str, ir.Value] = {"quantity": ibis.null("float64")}
    notation = Notation(spec.decimal, spec.thousands, spec.currency, spec.minus, spec.scale)
    if name := columns.amount or columns.unit_price:
        found["numeral"] = read_numbers(rows, "money", notation, name)
        refuse_lost_amounts(rows, found["numeral"], notation, name)
        found["price"] = as_money(found["numeral"], spec.scale)
    if columns.quantity:
        numeral = read_numbers(rows, "pieces", replace(notation, currency=None), columns.quantity)
        found["quantity"] = as_quantity(numeral)
    if columns.refunded:
        back = read_numbers(rows, "back", notation, columns.refunded)
        found["given_back"] = as_money(back, spec.scale)
    return found


def _signed(parsed: ir.Table, spec: LogSpec) -> ir.DecimalValue:
    """The money of each row, returns negative, without what was given back of it later."""
    money = _written(parsed, spec)
    if spec.refunds:
        money = parsed.refund.ifelse(-money.abs(), money).cast(MONEY)
    if not spec.columns.refunded:
        return money
    # Some exports write what was given back below 0, others above.
    return (money - ibis.coalesce(parsed.given_back.abs(), 0)).cast(MONEY)


def _written(parsed: ir.Table, spec: LogSpec) -> ir.DecimalValue:
    """The money of each row as it is written, returns negative."""
    back = ibis.coalesce(parsed.quantity < 0, False)
    if spec.columns.unit_price:
        # Wide enough for the product of the largest two: the engine stops at an overflow.
        wide = "decimal(38, 4)"
        return as_money(parsed.price.cast(wide) * parsed.quantity.try_cast(MONEY).cast(wide))
    if spec.columns.amount is None:
        return back.ifelse(-1, 1).cast(MONEY)
    if spec.returns == "quantity":
        return back.ifelse(-parsed.price.abs(), parsed.price)
    return parsed.price


def _reason(parsed: ir.Table, spec: LogSpec, now: datetime | None) -> ir.StringValue:
    """The first of `reasons.REASONS` that holds for a row."""
    moment, amount, quantity = parsed.transacted_at, parsed.amount, parsed.quantity
    cases = [(parsed.stray == stray, stray) for stray in ("header_again", "footer")]
    if spec.sales:
        cases.append((~parsed.sale, "not_a_sale"))
    cases += [(~parsed[f"where_{i}"], "not_where") for i in range(len(spec.where))]
    cases.append((parsed.customer_id.isnull(), "customer_blank"))
    if spec.anonymous_ids:
        shared = [one.strip().lower() for one in spec.anonymous_ids]
        cases.append((folded(parsed.customer_id).isin(shared), "customer_shared"))
    cases += [
        (parsed.moment.isnull(), "date_blank"),
        (moment.isnull(), "date_unreadable"),
        (moment < EARLIEST, "date_out_of_range"),
        (moment >= _tomorrow(spec, now), "date_in_future"),
    ]
    if spec.until:
        cases.append((moment >= spec.until, "after_until"))
    if spec.columns.amount or spec.columns.unit_price:
        cases.append((parsed.money.isnull(), "amount_blank"))
        cases.append((parsed.numeral.isnull(), "amount_unreadable"))
    if spec.columns.quantity:
        cases.append((parsed.pieces.notnull() & quantity.isnull(), "quantity_unreadable"))
    if spec.columns.refunded:
        lost = parsed.back.notnull() & parsed.given_back.isnull()
        cases.append((lost, "refunded_unreadable"))
    cases.append((amount.isnull(), "amount_out_of_range"))
    if spec.columns.quantity and spec.columns.amount and spec.returns == "negative":
        cases.append(((quantity < 0) & (amount > 0), "sign_conflict"))
    if spec.returns == "ignore":
        cases.append(((amount < 0) | ibis.coalesce(quantity < 0, False), "return_ignored"))
    return ibis.cases(*cases, else_=ibis.null("string"))


def _tomorrow(spec: LogSpec, now: datetime | None) -> datetime:
    """The first moment that has not come: the next midnight, a day later if the zone is unknown."""
    today = now or datetime.now(ZoneInfo(spec.timezone or "UTC"))
    midnight = datetime(today.year, today.month, today.day)
    return midnight + timedelta(days=1 if spec.timezone else 2)


def _sound_days(days: list[dict[str, Any]]) -> list[tuple[date, int]]:
    """Days of the rows without a reason, ascending, and how many each has."""
    return sorted((day["day"], day["n"]) for day in days if day["reason"] is None)


def _without_stragglers(checked: ir.Table, believed: tuple[date, date] | None) -> ir.Table:
    """Rows of other days than are believed get their reason."""
    if believed is None:
        return checked
    day = checked.transacted_at.date()
    apart = checked.reason.isnull() & ~day.between(*believed)
    return checked.mutate(reason=apart.ifelse("date_apart", checked.reason))


def used_rows(checked: ir.Table, spec: LogSpec) -> ir.Table:
    """The canonical columns of the rows without a reason against them."""
    used = checked.filter(checked.reason.isnull())
    once = counted_once(used, spec)
    if once is not None:
        used = used.mutate(amount=once)
    return used.select(*CANONICAL, *spec.columns.attributes)


def _given_back(checked: ir.Table, transactions: ir.Table, spec: LogSpec) -> Decimal:
    """What the column of refunds took off the rows that are used, a repeated total once."""
    back = ibis.coalesce(checked.given_back.abs(), 0)
    gross = used_rows(checked.mutate(amount=(checked.amount + back).cast(MONEY)), spec)
    sums = [
        table.aggregate(n=table.amount.sum()).to_pyarrow()["n"][0].as_py() or 0
        for table in (gross, transactions)
    ]
    return Decimal(sums[0] - sums[1])


def _aside(checked: ir.Table, raw: Raw, counts: Counts) -> ir.Table:
    """The rows set aside as they stand in their files, with reason, file and row."""
    aside = checked.filter(checked.reason.notnull()).select("row", "reason")
    joined = aside.inner_join(raw.table, "row")
    first = raw.first_rows()
    file = ibis.array([str(path) for path in raw.files])[joined.file]
    row = joined.row - ibis.array(first)[joined.file] + 1
    names = {name: joined[place] for name, place in _free_names(raw.columns).items()}
    listed = joined.select(reason=joined.reason, file=file, row=row, **names)
    # Where there is nothing to find, the files need not be read again.
    return listed.order_by("file", "row") if counts.set_aside else listed.limit(0)


def _free_names(columns: dict[str, str]) -> dict[str, str]:
    """Names that clash neither with the quarantine's own nor, case ignored, with one another."""
    taken, free = {"reason", "file", "row"}, {}
    for name, place in columns.items():
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        free[name] = place
    return free
