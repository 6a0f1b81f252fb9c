# ruff: noqa: S608 -- a path reaches a query by `literal`
"""The columns of a Parquet file, by the names that its schema has."""

from pathlib import Path

import duckdb

from features.engines.duckdb import Engine, literal
from features.errors import UserError
from features.readers.files import exact
from features.readers.header import refuse_twice


def parquet_shape(engine: Engine, file: Path) -> tuple[dict[str, tuple[str, str]], int]:
    """Each column by its name: what the engine calls it, and its type; and how many rows."""
    source = f"read_parquet([{literal(exact(file))}], hive_partitioning = false)"
    schema = f"SELECT name, num_children FROM parquet_schema([{literal(exact(file))}])"
    try:
        described = engine.raw_sql(f"DESCRIBE FROM {source}").fetchall()
        (_, *tree) = engine.raw_sql(schema).fetchall()
        rows = engine.raw_sql(f"SELECT count(*) FROM {source}").fetchall()[0][0]
    except duckdb.PermissionException:
        raise
    except duckdb.Error:
        raise UserError(
            f"{file}: is no whole Parquet file; it was cut short or damaged, or is another kind."
        ) from None
    names, inner = [], 0
    for name, children in tree:
        names += [] if inner else [name]
        inner += (children or 0) - bool(inner)
    refuse_twice(names, f"{file}: its schema")
    # The engine gives a name that another one has, but for case, one of its own.
    called = ((name, str(kind)) for name, kind, *_ in described)
    return dict(zip(names, called, strict=True)), rows
