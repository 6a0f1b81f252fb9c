"""From cells to rows: what each is worth, and the first reason against it.

Cells that can mean one thing only are read as they stand, in one pass over the log. Where a single
one of them is in doubt, all are asked how they are written.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from features.engines.duckdb import Engine
from features.errors import Refusals
from features.log import moments, money
from features.log.cells import at_hand, meaningful
from features.log.identity import refuse_rounded_ids, rounded_id
from features.log.moments import Dated, read_moments
from features.log.money import MONEY, as_money, as_quantity, read_numbers, refuse_lost_amounts
from features.log.notations import Notation
from features.log.reasons import by_day
from features.log.sales import is_one_of
from features.log.spec import OPTIONAL, LogSpec
from features.readers.reading import Raw

EARLIEST = datetime(1970, 1, 2)
"""Dates before it are not believed: 1900-01-01 and 1970-01-01 stand for "unknown"."""

Checked = tuple[ir.Table, list[dict[str, Any]], tuple[str, ...], str | None]
"""Rows with their reason, kept; what `by_day` counts of them; notes; the form of the dates."""


def checked(engine: Engine, raw: Raw, spec: LogSpec, now: datetime | None) -> Checked:
    """Read the cells of a log, each row with the first reason against it."""
    return _plainly(engine, raw, spec, now) or _closely(engine, raw, spec, now)


def _plainly(engine: Engine, raw: Raw, spec: LogSpec, now: datetime | None) -> Checked | None:
    """Read cells as they stand, in one pass; None where a single one calls for a closer look."""
    rows, numeric = meaningful(raw, spec), _numeric(spec)
    if not moments.may_stand(rows.moment, dated(spec)):
        return None
    if not all(money.may_stand(rows[cell], form) for cell, (form, _) in numeric.items()):
        return None
    moment, cells = rows.moment.try_cast("timestamp"), {name: rows[name] for name in numeric}
    exact = {f"{name}_exact": cell.try_cast(MONEY) for name, cell in cells.items()}
    rows = at_hand(rows.mutate(transacted_at=moment, **_worth(cells, spec), **exact))
    doubts = [rounded_id(rows[name]) for name in ("customer_id", "payee") if name in rows.columns]
    doubts.append(moments.in_doubt(rows.moment, rows.transacted_at))
    for cell, (form, _) in numeric.items():
        doubts.append(money.in_doubt(rows[cell], rows[f"{cell}_exact"], form))
    if "money" in numeric and spec.scale is None:
        doubts.append(money.is_lost(rows.money, rows.price))
    name = engine.fresh("checked")
    rows = _reasoned(rows, spec, now, doubt=ibis.or_(*doubts))
    kept = _whole(engine.create_table(name, rows))
    days = by_day(kept, doubts=kept.doubt.sum())
    if any(day["doubts"] for day in days):
        engine.drop_table(name)
        return None
    return kept.drop("doubt"), days, (), None


def _closely(engine: Engine, raw: Raw, spec: LogSpec, now: datetime | None) -> Checked:
    """Read cells by what all of them say together of how they are written."""
    for name in (spec.columns.customer_id, spec.columns.refund_customer):
        if name:
            refuse_rounded_ids(raw.table, raw.columns[name], name)
    # Kept: they are asked many questions.
    name = engine.fresh("cells")
    cells = engine.create_table(name, meaningful(raw, spec))
    parsed, notes, written = parse(cells, spec, now)
    kept = engine.create_table(engine.fresh("checked"), parsed)
    engine.drop_table(name)
    return kept, by_day(kept), notes, written


def parse(
    rows: ir.Table, spec: LogSpec, now: datetime | None
) -> tuple[ir.Table, tuple[str, ...], str | None]:
    """From cells: canonical columns, the first reason against each row; notes; form of dates."""
    name, refusals = spec.columns.transacted_at, Refusals()
    with refusals.noted():
        reading = read_moments(rows, "moment", dated(spec), name)
    numerals = {}
    for cell, (notation, column) in _numeric(spec).items():
        with refusals.noted():
            numerals[cell] = read_numbers(rows, cell, notation, column)
            if cell == "money":
                refuse_lost_amounts(rows, numerals[cell], notation, column)
    refusals.tell()
    rows = at_hand(rows.mutate(transacted_at=reading.moment, **_worth(numerals, spec)))
    notes = (f"{name}: {reading.note}",) if reading.note else ()
    return _whole(_reasoned(rows, spec, now)), notes, reading.formats


def _reasoned(parsed: ir.Table, spec: LogSpec, now: datetime | None, **also: ir.Value) -> ir.Table:
    """The columns that are kept of rows whose cells are read, and the first reason against each."""
    columns = spec.columns
    parsed = at_hand(parsed.mutate(amount=_signed(parsed, spec), **also))
    if columns.refund_customer:
        payee = (parsed.amount < 0).ifelse(parsed.payee, parsed.customer_id)
        parsed = parsed.mutate(customer_id=ibis.coalesce(payee, ibis.null("string")))
    parsed = parsed.mutate(reason=_reason(parsed, spec, now))
    back = ("given_back",) if columns.refunded else ()
    version = ("version",) if spec.version_column else ()
    # What the log has not is not kept: writing nothing costs as much as writing something.
    has = ("customer_id", "transacted_at", "amount", *spec.known)
    kept = ("row", "file", "digest", "reason", *has, *columns.attributes, *back, *version)
    return parsed.select(*kept, *also)


def _whole(rows: ir.Table) -> ir.Table:
    """Rows with every column of the schema: what the log has not is null."""
    lacking = {name: kind for name, kind in OPTIONAL.items() if name not in rows.columns}
    return rows.mutate(**{name: ibis.null(kind) for name, kind in lacking.items()})


def dated(spec: LogSpec) -> Dated:
    """How the dates of a log are declared to be written."""
    return Dated(spec.date_format, spec.timezone, spec.swapped_dates)


def _numeric(spec: LogSpec) -> dict[str, tuple[Notation, str]]:
    """The cells that hold numbers, how they are declared to be written, and their column."""
    notation = Notation(spec.decimal, spec.thousands, spec.currency, spec.minus, spec.scale)
    columns = spec.columns
    found = {
        "money": (notation, columns.amount or columns.unit_price),
        "pieces": (replace(notation, currency=None), columns.quantity),
        "back": (notation, columns.refunded),
    }
    return {cell: (form, name) for cell, (form, name) in found.items() if name}


def _worth(numerals: Mapping[str, Any], spec: LogSpec) -> dict[str, ir.Value]:
    """``numeral``: what is written, if it is a number; ``price``, ``quantity``: its worth."""
    found: dict[str, ir.Value] = {"quantity": ibis.null("float64")}
    if "money" in numerals:
        found["numeral"] = numerals["money"]
        found["price"] = as_money(numerals["money"], spec.scale)
    if "pieces" in numerals:
        found["quantity"] = as_quantity(numerals["pieces"])
    if "back" in numerals:
        found["given_back"] = as_money(numerals["back"], spec.scale)
    return found


def _signed(parsed: ir.Table, spec: LogSpec) -> ir.DecimalValue:
    """The money of each row, returns negative, without what was given back of it later."""
    money = _written(parsed, spec)
    if spec.refunds:
        money = parsed.refund.ifelse(-money.abs(), money).cast(MONEY)
    if not spec.columns.refunded:
        return money
    # A row may do nothing but give back: the other side of an account.
    money = (parsed.money.isnull() & parsed.given_back.notnull()).ifelse(0, money)
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
        cases.append((is_one_of(parsed.customer_id, spec.anonymous_ids), "customer_shared"))
    cases += [
        (parsed.moment.isnull(), "date_blank"),
        (moment.isnull(), "date_unreadable"),
        (moment < EARLIEST, "date_out_of_range"),
    ]
    if spec.until:
        # Before the future: what is booked for later is left out by it, and is no fault then.
        cases.append((moment >= spec.until, "after_until"))
    cases.append((moment >= _tomorrow(spec, now), "date_in_future"))
    if spec.columns.amount or spec.columns.unit_price:
        nothing = parsed.money.isnull()
        cases.append(
            (nothing & parsed.back.isnull() if spec.columns.refunded else nothing, "amount_blank")
        )
        cases.append((parsed.money.notnull() & parsed.numeral.isnull(), "amount_unreadable"))
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
