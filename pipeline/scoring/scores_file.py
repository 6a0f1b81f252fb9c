"""Reads what `churn score` wrote: a file or a folder of Spark's, as far as it is asked for."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import compute, csv, parquet

from features.errors import UserError
from features.writing import atomic
from models.campaign.uplift import FEATURES
from pipeline.scoring.batch import ABOUT, ABOUT_FILE, SCHEMA, WINDOW

NEEDED = ("customer_id", "as_of", "horizon_days", "segment", "model_version", *WINDOW, *FEATURES)


@dataclass(frozen=True)
class Scores:
    """Scored customers, one row each, and what holds for all of them.

    `spread`, `log` (how the log was read), `grades` (of the model, by side) and `promised` are
    empty where the file does not tell them (CSV); see `pipeline.learning.spread` and `profile`.
    """

    customers: pd.DataFrame
    as_of: date
    horizon_days: int
    model_version: str
    log_end: date | None = None
    spread: dict[str, list[float]] = field(default_factory=dict)
    log: dict[str, Any] = field(default_factory=dict)
    grades: dict[str, str] = field(default_factory=dict)
    promised: dict[str, Any] = field(default_factory=dict)


def read_scores(path: Path, also: tuple[str, ...] = ()) -> Scores:
    """Read the columns that every use of scores needs, and some `also`, such as for `eligible`.

    Raises
    ------
    UserError
        When it is no scores file, a column is missing, or a customer stands in it twice.
    """
    table, about = _read(path, dict.fromkeys((*NEEDED, *also)))
    if not table.num_rows:
        raise UserError(f"{path}: holds no customer.")
    n = len(compute.unique(table["customer_id"]))
    if n < table.num_rows:
        raise UserError(
            f"{path}: {table.num_rows - n:,} rows name a customer who stands in it already. "
            "Scores have one row per customer; write them again with `churn score`."
        )
    known = {name: _only(path, table, name) for name in ("as_of", "horizon_days", "model_version")}
    customers = table.drop_columns(list(known)).to_pandas()
    end = about.get("log_end")
    return Scores(
        customers,
        known["as_of"],
        int(known["horizon_days"]),
        str(known["model_version"]),
        date.fromisoformat(end) if end else None,
        about.get("spread", {}),
        about.get("log", {}),
        about.get("grades", {}),
        about.get("promised", {}),
    )


def read_segments(path: Path) -> tuple[pa.Table, date, int]:
    """`customer_id` and `segment` of a scores file, in order; their day, and their horizon in days.

    Raises
    ------
    UserError
        When it is no scores file, or a column is missing.
    """
    table, _ = _read(path, dict.fromkeys(("customer_id", "segment", "as_of", "horizon_days")))
    if not table.num_rows:
        raise UserError(f"{path}: holds no customer.")
    known = table.select(["customer_id", "segment"]).sort_by("customer_id")
    return known, _only(path, table, "as_of"), int(_only(path, table, "horizon_days"))


def read_days(path: Path) -> tuple[date, date | None]:
    """The day that scores are of, and that of the log's end (None: CSV); errors as above."""
    table, about = _read(path, {"as_of": None})
    end = about.get("log_end")
    return _only(path, table, "as_of"), date.fromisoformat(end) if end else None


def read_columns(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """Some columns of a scores file, one row per customer; errors as in `read_scores`."""
    frame: pd.DataFrame = _read(path, dict.fromkeys(names))[0].to_pandas()
    return frame


def _read(path: Path, names: dict[str, None]) -> tuple[pa.Table, dict[str, Any]]:
    try:
        if path.suffix == ".csv":
            return _checked(path, _read_csv(path), names), {}
        if path.suffix != ".parquet":
            raise UserError(f"{path}: the name must end in .parquet or .csv, as scores do.")
        schema = parquet.read_schema(path / ABOUT_FILE if path.is_dir() else path)
        _refuse_missing(path, schema.names, names)
        written = (schema.metadata or {}).get(ABOUT, b"{}")
        return parquet.read_table(path, columns=list(names)), json.loads(written)
    except FileNotFoundError:
        raise UserError(
            f"There is no file {path}. `churn score LOG --out {path}` writes it."
        ) from None
    except (pa.ArrowInvalid, ValueError):  # the reader's own message quotes the file
        raise UserError(
            f"{path}: cannot be read as scores; it is damaged or no such file."
        ) from None


def as_csv(scores: Path, out: Path) -> None:
    """Write a Parquet file of scores as CSV, too."""
    with atomic(out) as draft, csv.CSVWriter(draft, SCHEMA) as writer:
        for batch in parquet.ParquetFile(scores).iter_batches():
            writer.write_batch(batch)


def _read_csv(path: Path) -> pa.Table:
    types = {field.name: field.type for field in SCHEMA}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))


def _checked(path: Path, table: pa.Table, names: dict[str, None]) -> pa.Table:
    _refuse_missing(path, table.column_names, names)
    return table.select(list(names))


def _refuse_missing(path: Path, found: list[str], names: dict[str, None]) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(
            f"{path}: has no column {', '.join(missing)}. It must be the file that `churn score` "
            "wrote; add a column for `eligible` (consent, last contact) to it by customer_id."
        )


def _only(path: Path, table: pa.Table, name: str) -> Any:
    """The one value of a column that holds for the whole file."""
    values = compute.unique(table[name]).to_pylist()
    if len(values) != 1 or values[0] is None:
        raise UserError(
            f"{path}: has {len(values)} values of {name}; name the scores of one `churn score`."
        )
    return values[0]
