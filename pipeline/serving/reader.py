# ruff: noqa: S608 -- names reach a query by `quote`; they are our own
"""From the rows of requests to a snapshot: the log's reading and features, compiled once.

What `churn score` builds and plans for each log is written down here as prepared statements: a
request then costs their execution.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from features.customer.purchase_days import netted_days, with_gaps
from features.customer.snapshot import snapshots_of
from features.engines.duckdb import Engine, connect, literal, quote, value_free_errors
from features.log.few_rows import (
    SAMPLE,
    Writing,
    as_iso,
    cells,
    parsed,
    plain_days,
    tidied,
    transactions,
    worded,
    writing,
    writings,
)
from features.log.spec import LogSpec
from features.readers.reading import Raw
from features.timeline import before

MEMORY = "1GB"
"""More than the rows of the largest request need."""

ROWS, ASKED = "rows", "asked"
"""Tables that hold the rows of the requests at hand, and the day they are asked about."""

Row = Mapping[str, str | None]
"""A row of the log: its cells by the column's name, as text; blank or missing cells are None."""


@dataclass(frozen=True)
class Snapshot:
    """Features of the customers of several requests, and why rows were set aside, by request.

    In `customers` the number of the request stands before each ``customer_id``, as in ``3:00017``.
    """

    customers: pa.Table
    set_aside: list[dict[str, int]]


class Reader:
    """Reads rows as one log's were read.

    Parameters
    ----------
    spec : LogSpec
        How the model's log was read, with nothing left open.

    Attributes
    ----------
    schema : Schema
        Columns of a snapshot.
    """

    schema: pa.Schema

    def __init__(self, spec: LogSpec) -> None:
        self.spec = spec
        self._engine: Engine = connect(threads=1, memory_limit=MEMORY, optimised=False)
        self._names = mapped(spec)
        typed = ", ".join(f"c{i} VARCHAR" for i in range(len(self._names) + 1))
        self._run(f"CREATE TABLE {ROWS} (file INTEGER, row BIGINT, {typed})")
        self._run(f"CREATE TABLE {ASKED} (cutoff DATE)")
        places = ", ".join(f"c{i}" for i in range(len(self._names) + 1))
        self._run(f"CREATE VIEW raw AS SELECT *, hash({places}) AS digest FROM {ROWS}")
        self._statements: dict[str, str] = {}
        self._lock = Lock()
        with value_free_errors():
            self._write_statements()
            # Last of all: a statement is planned anew each time once a table was made after it.
            for name, sql in self._statements.items():
                self._run(f"PREPARE {name} AS {sql}")

    def _run(self, sql: str) -> Any:
        return self._engine.con.execute(sql)

    def snapshot(self, requests: Sequence[Sequence[Row]], day: date) -> Snapshot:
        """Every feature of the customers of each request, known before `day`."""
        dates, numbers = self._cells(requests)
        kind, words = writing(dates, numbers, self.spec), worded(dates, self.spec)
        with self._lock, value_free_errors():
            self._run("BEGIN")
            try:
                self._fill(requests, day, kind)
                self._run("EXECUTE into_cells")
                if words:
                    self._run("EXECUTE tidied")
                self._run(f"EXECUTE read_{kind}")
                for stage in ("used", "netted", "days"):
                    self._run(f"EXECUTE into_{stage}")
                found = self._run("EXECUTE features").fetchall()
                aside = self._run("EXECUTE aside").fetchall()
                counts = _by_request(aside, len(requests))
            finally:
                # Nothing is kept, and no deleted row is left behind to be skipped for ever.
                self._run("ROLLBACK")
        columns = zip(*found, strict=True) if found else [[] for _ in self.schema]
        arrays = [pa.array(c, kind) for c, kind in zip(columns, self.schema.types, strict=True)]
        return Snapshot(pa.Table.from_arrays(arrays, schema=self.schema), counts)

    def _cells(self, requests: Sequence[Sequence[Row]]) -> tuple[list[str], list[str]]:
        """The dates and the numbers of all rows, as they are written."""
        rows = [row for request in requests for row in request]
        dates = [cell for row in rows if (cell := row.get(self.spec.columns.transacted_at))]
        numbers = [cell for name in _money(self.spec) for row in rows if (cell := row.get(name))]
        return dates, numbers

    def _fill(self, requests: Sequence[Sequence[Row]], day: date, kind: Writing) -> None:
        # One after the other: an order may go on in the next row.
        placed = [(n, row) for n, request in enumerate(requests) for row in request]
        columns = [[row.get(name) or None for _, row in placed] for name in self._names]
        days = plain_days(self.spec)
        if kind == "plain" and days:
            dated = self._names.index(self.spec.columns.transacted_at)
            columns[dated] = [as_iso(days, cell) for cell in columns[dated]]
        known = set(self._names)
        columns.append([_rest(row, known) for _, row in placed])
        incoming = pa.table(
            {
                "file": pa.array([n for n, _ in placed], pa.int32()),
                "row": pa.array(range(1, len(placed) + 1), pa.int64()),
                **{f"c{i}": pa.array(column, pa.string()) for i, column in enumerate(columns)},
            }
        )
        self._engine.con.register("incoming", incoming)
        self._run(f"INSERT INTO {ROWS} FROM incoming")
        self._engine.con.unregister("incoming")
        self._run(f"INSERT INTO {ASKED} VALUES ({literal(day.isoformat())})")

    # -- statements -----------------------------------------------------------------------

    def _write_statements(self) -> None:
        places = {name: f"c{i}" for i, name in enumerate(self._names)}
        raw = Raw(self._engine.table("raw"), places, (Path("request"),), "csv", text=True)
        with self._sample("?", "?"):
            self._stage("cells", cells(raw, self.spec))
        for kind in writings(self.spec):
            with self._sample(*SAMPLE[kind]):
                reading = self._compiled(parsed(self._engine.table("cells"), self.spec, kind))
            self._run(f"CREATE TABLE IF NOT EXISTS read AS FROM ({reading}) LIMIT 0")
            self._statements[f"read_{kind}"] = f"INSERT INTO read {reading}"
        self._statements["aside"] = "SELECT file, reason FROM read WHERE reason IS NOT NULL"
        if self.spec.date_format:
            with self._sample("word", "?"):
                texts = self._compiled(tidied(self._engine.table("cells")))
            self._statements["tidied"] = (
                "UPDATE cells SET moment = tidy.text "
                f"FROM ({texts}) AS tidy WHERE tidy.row = cells.row"
            )
        self._write_features()

    @contextmanager
    def _sample(self, moment: str, number: str) -> Iterator[None]:
        """Hold one row, written like those to be read, for as long as the block takes."""
        columns = self.spec.columns
        sample = {columns.transacted_at: moment, **dict.fromkeys(_money(self.spec), number)}
        values = ", ".join(literal(sample.get(name, "x")) for name in self._names)
        self._run(f"INSERT INTO {ROWS} VALUES (0, 1, {values}, '')")
        if into_cells := self._statements.get("into_cells"):
            self._run(into_cells)
        yield
        self._run(f"DELETE FROM {ROWS}")
        if into_cells:
            self._run("DELETE FROM cells")

    def _write_features(self) -> None:
        attributes, table = self.spec.columns.attributes, self._engine.table
        self._stage("used", transactions(table("read"), self.spec))
        self._stage("netted", netted_days(table("used"), attributes, self.spec.known))
        self._stage("days", with_gaps(table("netted")).cross_join(table(ASKED)))
        days = table("days")
        snapshot = snapshots_of(before(days, days.cutoff), attributes).drop("cutoff")
        self._statements["features"] = self._compiled(snapshot)
        self.schema = snapshot.schema().to_pyarrow()

    def _stage(self, name: str, expression: ir.Table) -> None:
        sql = self._compiled(expression)
        self._run(f"CREATE TABLE {quote(name)} AS FROM ({sql}) LIMIT 0")
        self._statements[f"into_{name}"] = f"INSERT INTO {quote(name)} {sql}"

    def _compiled(self, expression: ir.Table) -> str:
        return str(self._engine.compile(expression))


def mapped(spec: LogSpec) -> tuple[str, ...]:
    """Names of the log's columns that mean something, each once."""
    columns = spec.columns.model_dump(exclude={"attributes"}, exclude_none=True)
    conditions = [rule.column for rule in (spec.sales, spec.refunds, *spec.where) if rule]
    also = [*conditions, *filter(None, [spec.version_column])]
    return tuple(dict.fromkeys([*columns.values(), *spec.columns.attributes, *also]))


def _money(spec: LogSpec) -> list[str]:
    columns = spec.columns
    found = (columns.amount, columns.unit_price, columns.quantity, columns.refunded)
    return [name for name in found if name]


def _rest(row: Row, known: Iterable[str]) -> str | None:
    """Cells without a meaning: they tell equal rows from others."""
    rest = sorted((name, cell) for name, cell in row.items() if name not in known and cell)
    return repr(rest) if rest else None


def _by_request(found: Iterable[tuple[int, str]], number: int) -> list[dict[str, int]]:
    counts = Counter(found)
    aside: list[dict[str, int]] = [{} for _ in range(number)]
    for (request, reason), n in counts.items():
        aside[request][reason] = n
    return aside
