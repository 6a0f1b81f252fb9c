"""The order log: from a stranger's file to rows that can be trusted, and the rest set aside.

``open_log`` accounts for every row: it is used, or set aside for one reason.
What could be read in two ways is refused instead.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir

from features.engines.different import n_different
from features.engines.duckdb import Engine, value_free_errors
from features.errors import UserError
from features.log import parsing
from features.log.cells import as_typed, require_columns
from features.log.money import MONEY
from features.log.order_lines import counted_once, on_the_first_day
from features.log.reasons import (
    Counts,
    believable_days,
    by_day,
    refuse_double_export,
    refuse_too_many,
)
from features.log.spec import CANONICAL, OPTIONAL, Columns, LogSpec
from features.log.versions import without_duplicates, without_superseded
from features.readers.reading import Raw, read

__all__ = ["CANONICAL", "Columns", "Log", "LogSpec", "open_log", "validate"]


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
    same kind can be read whose days would leave it open. `known` are those of order_id and
    quantity that the log has. `ids_aside` has the ``customer_id`` of each row that was set aside.
    """

    transactions: ir.Table
    quarantine: ir.Table
    ids_aside: ir.Table
    counts: Counts
    fingerprint: str
    attributes: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    date_format: str | None = None
    known: tuple[str, ...] = tuple(OPTIONAL)

    @property
    def numbered(self) -> bool:
        """Whether orders have numbers at all."""
        return "order_id" in self.known


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
    if not raw.table.limit(1).count().to_pyarrow().as_py():
        raise UserError(f"{spec.source}: no rows below the header.")
    spec = as_typed(raw, spec)
    parsed, days, notes, written = parsing.checked(engine, raw, spec, now)
    versioned = spec.versions in ("last", "last_row")
    changed = versioned or spec.duplicates == "drop"
    believed = None if spec.until else believable_days(_sound_days(days))
    checked = _without_stragglers(parsed, believed)
    if versioned:
        checked = without_superseded(checked, spec)
    if spec.duplicates == "drop":
        checked = without_duplicates(checked)
    if changed:
        checked = engine.create_table(engine.fresh("checked"), checked)
    if changed or believed:
        days = by_day(checked)
    sound = checked.filter(checked.reason.isnull())
    counts = Counts.from_days(days, n_different(sound, "digest"))
    refuse_too_many(counts, raw, spec)
    refuse_double_export(checked, counts, spec)
    transactions = used_rows(checked, spec)
    quarantine = engine.create_table(engine.fresh("quarantine"), _aside(checked, raw, counts))
    if spec.columns.refunded:
        counts = replace(counts, refunded=_given_back(checked, transactions, spec))
    attributes, digest = spec.columns.attributes, engine.fingerprint(transactions)
    aside = checked.filter(checked.customer_id.notnull(), checked.reason.notnull())
    ids = aside.select("customer_id")
    return Log(
        transactions, quarantine, ids, counts, digest, attributes, notes, written, spec.known
    )


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
    first = on_the_first_day(used, spec)
    if first is not None:
        used = used.mutate(transacted_at=first)
    return used.select(*CANONICAL, *spec.columns.attributes)


def _given_back(checked: ir.Table, transactions: ir.Table, spec: LogSpec) -> Decimal:
    """What the column of refunds took off the rows that are used, a repeated total once.

    Down to nothing: what it left below 0 is told among the rows below 0.
    """
    back = ibis.coalesce(checked.given_back.abs(), 0)
    gross = used_rows(checked.mutate(amount=(checked.amount + back).cast(MONEY)), spec)
    sums = [
        table.aggregate(n=table.amount.sum()).to_pyarrow()["n"][0].as_py() or 0
        for table in (gross, transactions)
    ]
    below = checked.filter(checked.reason.isnull(), checked.amount < 0)
    told = below.aggregate(
        n=ibis.least(ibis.coalesce(below.given_back.abs(), 0), -below.amount).sum()
    )
    return Decimal(sums[0] - sums[1] - (told.to_pyarrow()["n"][0].as_py() or 0))


def _aside(checked: ir.Table, raw: Raw, counts: Counts) -> ir.Table:
    """The rows set aside as they stand in their files, with reason, file and row."""
    aside = checked.filter(checked.reason.notnull()).select("row", "reason")
    joined = aside.inner_join(raw.table, "row")
    first = raw.first_rows() if counts.set_aside else [1]
    file = ibis.array([str(path) for path in raw.files])[joined.file]
    row = joined.row - ibis.array(first)[joined.file] + 1
    names = {
        name: joined[place] for name, place in _free_names({**raw.columns, **raw.written}).items()
    }
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
