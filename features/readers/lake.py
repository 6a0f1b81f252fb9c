"""Parquet that lies where a cluster reads it, to one raw table whose types are kept."""

from typing import TYPE_CHECKING

from features.errors import UserError
from features.readers.files import is_database
from features.readers.reading import Raw
from features.readers.source import SourceSpec

if TYPE_CHECKING:
    from features.engines.spark import Engine


def read_lake(engine: "Engine", spec: SourceSpec, timezone: str | None) -> Raw:
    """Name a source's Parquet files: one, a folder, a pattern or a cluster's own address.

    Nothing is read yet. Moments become wall-clock time of `timezone`, UTC without one.

    Raises
    ------
    UserError
        If there is no such file, or it is no Parquet.
    """
    if is_database(spec.source) or spec.format not in (None, "parquet"):
        raise UserError(
            "engine.kind: spark reads Parquet only. Write the log as Parquet, or leave the engine "
            "out: the default reads text, workbooks and databases larger than memory."
        )
    found = engine.read_files(spec.source, timezone)
    return Raw(found.rows, found.columns, found.files, "parquet", text=False)
