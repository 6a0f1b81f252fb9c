# ruff: noqa: S608 -- names reach a query by `quote`, values by `literal`
"""Tables to Parquet files and back, without ever holding one in memory."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from features.engines.duckdb import BATCH_ROWS, Engine, literal, quote
from features.writing import atomic

GROUP_ROWS = 61_440
"""Rows of a row group: so few that a slice of the customers reads few others."""


def batches(table: ir.Table, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Stream a table as Arrow batches of at most `rows` rows, in constant memory."""
    yield from table.to_pyarrow_batches(chunk_size=rows)


def write_parquet(table: ir.Table, path: str | os.PathLike[str]) -> int:
    """Stream a table into the Parquet file `path`, all of it or none; returns the row count."""
    from pyarrow.parquet import ParquetWriter

    written = 0
    with atomic(path) as draft, ParquetWriter(draft, table.schema().to_pyarrow()) as writer:
        for batch in batches(table):
            writer.write_batch(batch)
            written += batch.num_rows
    return written


def copy_parquet(table: ir.Table, path: Path) -> None:
    """Write a table into a Parquet file of the engine's own, by the engine itself."""
    engine: Any = table.get_backend()
    engine._run_pre_execute_hooks(table)
    engine.raw_sql(
        f"COPY ({engine.compile(table)}) TO {literal(os.fspath(path))} "
        # The lowest level: files of days are as small by it as by the usual one, a fifth sooner.
        f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {GROUP_ROWS})"
    )


def read_parquet(engine: Engine, path: Path) -> ir.Table:
    """A Parquet file as a table: columns and rows are read when they are asked for."""
    view = engine.fresh("kept")
    engine.raw_sql(f"CREATE VIEW {quote(view)} AS FROM read_parquet([{_exact(path)}])")
    return engine.table(view)


def between(
    engine: Engine, path: Path, column: str, first: str | None, end: str | None, view: str
) -> ir.Table:
    """Rows of a file whose `column` is not below `first` and below `end`; None leaves a side open.

    They are the view `view`, in place of one of that name: a query of it reads what it is now.
    """
    bounds = [
        f"{quote(column)} {operator} {literal(bound)}"
        for operator, bound in ((">=", first), ("<", end))
        if bound is not None
    ]
    engine.raw_sql(
        f"CREATE OR REPLACE VIEW {quote(view)} AS FROM read_parquet([{_exact(path)}]) "
        f"WHERE {' AND '.join(bounds or ['true'])}"
    )
    return engine.table(view)


def every_nth(engine: Engine, path: Path, column: str, n: int) -> list[Any]:
    """Values of `column` in each n-th row of a file, from the first one on."""
    found = engine.raw_sql(
        f"SELECT {quote(column)} FROM read_parquet([{_exact(path)}]) "
        f"WHERE file_row_number % {n} = 0 ORDER BY file_row_number"
    ).fetchall()
    return [value for (value,) in found]


def _exact(path: Path) -> str:
    """A path, as text of a query, that the engine does not take for a pattern."""
    return literal(glob.escape(os.fspath(path)))
