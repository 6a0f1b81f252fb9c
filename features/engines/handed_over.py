"""From PostgreSQL to the embedded engine: the rows of an expression, types and all."""

import glob
import os
from pathlib import Path

import ibis.expr.types as ir

from features.engines import duckdb, postgres_engine
from features.engines.duckdb import literal, quote

_LONGEST_ROW = 1 << 30


def handed_over(
    server: postgres_engine.Engine, rows: ir.Table, engine: duckdb.Engine, folder: Path
) -> ir.Table:
    """The rows of an expression as a table of the embedded engine; no text may be empty.

    They lie in a file in `folder`, which it may read.
    """
    name = engine.fresh("handed")
    path = folder / f"{name}.csv"
    server.copy_csv(rows, path)
    kinds = engine.compiler.type_mapper
    columns = ", ".join(
        f"{literal(column)}: {literal(kinds.to_string(kind))}"
        for column, kind in rows.schema().items()
    )
    engine.raw_sql(
        f"CREATE TABLE {quote(name)} AS FROM read_csv([{literal(glob.escape(os.fspath(path)))}], "
        f"auto_detect = false, header = false, columns = {{{columns}}}, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', new_line = '\\n', encoding = 'utf-8', "
        f"max_line_size = {_LONGEST_ROW}, compression = 'none')"
    )
    path.unlink()
    return engine.table(name)
