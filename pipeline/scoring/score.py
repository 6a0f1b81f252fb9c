"""Scores every customer of a log with a trained model, in batches of constant size."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from features.customer.catalogue import NAMES
from features.engines.parquet import copy_parquet
from features.errors import UserError
from features.log.identity import read_ids, same_person
from features.log.transactions import LogSpec
from features.readers.reading import Raw, read
from features.readers.source import SourceSpec
from features.writing import atomic
from models.explain.segments import Thresholds
from pipeline.console import Progress
from pipeline.intake.orders import Orders
from pipeline.model_files.artifact import Model
from pipeline.scoring.batch import SCHEMA
from pipeline.scoring.slices import scored

SUMMED = ("p_churn", "expected_spend", "clv")
"""Columns whose sums by segment are told."""

ABOUT = b"churn"
"""Key of a Parquet file's metadata, beside its columns: JSON with `log_end`, the first day that
the log does not cover, `log`, how it was read, `grades` of the model by side, and `spread`, see
`pipeline.learning.spread`."""


@dataclass(frozen=True)
class Scored:
    """What was written, and how many of a list had no order before the date.

    `segments` has a row per segment that occurs, in the order in which they are tried:
    `segment`, `n_customers`, the mean `p_churn`, and the totals of `expected_spend` and `clv`.
    """

    path: Path
    as_of: date
    segments: pd.DataFrame
    without_orders: int = 0

    @property
    def n_customers(self) -> int:
        """How many customers were scored."""
        return int(self.segments["n_customers"].sum())


def score(
    orders: Orders,
    model: Model,
    out: Path,
    progress: Progress,
    as_of: date | None = None,
    customers: ir.Table | None = None,
    excel_safe: bool = False,
) -> Scored:
    """Write one row per customer known before `as_of` to `out`, all of it or nothing.

    Parameters
    ----------
    as_of
        Rows of the log on or after it are not read; default: the day after the last order.
    customers
        One column `customer_id`: score these only.
    excel_safe
        Write ids that a spreadsheet would run as formulas with a leading apostrophe (CSV only).
    """
    check_features(model)
    day = as_of or orders.end
    _refuse_far_ahead(day, orders, model.manifest.horizon_days, progress)
    learned = model.manifest.cutoffs[-1]
    if day < learned:
        progress.note(
            f"The model learned from orders up to {learned}. At {day} it knows what came after: "
            "do not judge it by these scores, `churn backtest` is the fair way."
        )
    asked, file = None, orders.days_file
    if customers is not None:
        asked = int(customers.count().to_pyarrow().as_py())
        file = orders.engine.scratch / "asked.parquet"
        theirs = orders.netted.semi_join(customers, "customer_id")
        copy_parquet(theirs.order_by("customer_id", "transacted_at"), file)
    names = Thresholds.from_dict(model.manifest.settings["segments"]).described()
    with progress.step(f"Scoring at {day}"):
        about = {
            "log_end": str(orders.end),
            "log": model.manifest.settings["log"],
            "spread": model.manifest.settings.get("spread", {}),
            "grades": model.manifest.grades,
        }
        schema = SCHEMA.with_metadata({ABOUT: json.dumps(about)})
        scores = scored(orders.engine, file, model, day, progress)
        written = _write(scores, out, schema, names, excel_safe)
    if not len(written):
        raise UserError(
            f"No customer to score: nobody{' of the list' if asked else ''} has a purchase "
            f"before {day}. The log begins on {orders.first_day}."
        )
    result = Scored(out, day, written)
    missing = 0 if asked is None else asked - result.n_customers
    return replace(result, without_orders=missing)


def _refuse_far_ahead(day: date, orders: Orders, horizon_days: int, progress: Progress) -> None:
    """Nobody can tell a silent customer from a log that ends too early."""
    ahead, unknown = (day - orders.last_day).days, (day - orders.end).days
    if unknown > horizon_days:
        raise UserError(
            f"--as-of {day} is {ahead} days after the log's end ({orders.last_day}), more than the "
            f"horizon of {horizon_days}: everybody would look silent. Bring the log up to date."
        )
    if unknown > 0:
        progress.note(
            f"The log ends on {orders.last_day}, {ahead} days before {day}: orders since then are "
            "not known, and everybody looks more silent than they are."
        )


def customer_list(orders: Orders, path: Path, spec: LogSpec) -> ir.Table:
    """The ids of a list, as one column `customer_id`; blanks are left out.

    The column is called as in the log, or `customer_id`; a single one needs no name.
    """
    raw = _read_list(orders, SourceSpec(source=str(path), encoding=spec.encoding))
    wanted = dict.fromkeys((spec.columns.customer_id, "customer_id"))
    names = [name for name in wanted if name in raw.columns]
    if not names and len(raw.columns) > 1:
        raise UserError(
            f"{path}: none of its {len(raw.columns)} columns is called {' or '.join(wanted)}."
        )
    if not names:
        # One column of another name is a bare list: its first line is an id as well.
        bare = SourceSpec(source=str(path), encoding=spec.encoding, header=False)
        raw = read(orders.engine, bare)
    name = names[0] if names else next(iter(raw.columns))
    read_as = read_ids(raw.table, raw.columns[name], name)
    person = same_person(read_as, spec.customer_case, spec.customer_form)
    ids = raw.table.select(customer_id=person).distinct()
    ids = ids.filter(ids.customer_id.notnull())
    if not ids.count().to_pyarrow().as_py():
        raise UserError(f"{path}: this list names nobody.")
    return ids


def _read_list(orders: Orders, source: SourceSpec) -> Raw:
    """A list as a raw table; numbers in the first line show that there is no header."""
    try:
        return read(orders.engine, source)
    except UserError:
        raw = read(orders.engine, source.model_copy(update={"header": False}))
        if len(raw.columns) > 1:
            raise
        return raw


def check_name(out: Path) -> None:
    """Refuse an output name that says no known format, before any work is done."""
    if out.suffix not in (".parquet", ".csv"):
        raise UserError(f"--out {out.name}: the name must end in .parquet or .csv.")


def check_features(model: Model) -> None:
    """Refuse a model that was trained with other features than these."""
    theirs, ours = set(model.manifest.features), set(NAMES)
    if theirs == ours:
        return
    missing, unknown = sorted(theirs - ours), sorted(ours - theirs)
    raise UserError(
        f"The model was trained with other features: {len(missing)} are gone "
        f"({', '.join(missing[:3]) or 'none'}), {len(unknown)} are new "
        f"({', '.join(unknown[:3]) or 'none'}). Train again with `churn train`."
    )


def _write(
    scores: Iterator[pa.RecordBatch],
    out: Path,
    schema: pa.Schema,
    names: Iterable[str],
    excel_safe: bool,
) -> pd.DataFrame:
    written: list[pa.Table] = []
    # Nothing to write leaves the file of an earlier run as it was.
    first = next(scores, None)
    if first is None:
        return pd.DataFrame()
    with atomic(out) as draft, _writer(out, draft, schema) as writer:
        batch: pa.RecordBatch | None = first
        while batch is not None:
            writer.write_batch(_inert(batch) if excel_safe and out.suffix == ".csv" else batch)
            written.append(_totals(batch))
            batch = next(scores, None)
    return _by_segment(written, names)


def _totals(batch: pa.RecordBatch) -> pa.Table:
    """Number of customers and sums by segment."""
    table = pa.Table.from_batches([batch.select(["segment", *SUMMED])])
    sums: list[tuple[str, str]] = [(name, "sum") for name in SUMMED]
    return table.group_by("segment").aggregate([("segment", "count"), *sums])


def _by_segment(batches: list[pa.Table], names: Iterable[str]) -> pd.DataFrame:
    frame = pa.concat_tables(batches).to_pandas().groupby("segment").sum(min_count=1)
    frame.columns = [name.removesuffix("_sum") for name in frame.columns]
    frame = frame.rename(columns={"segment_count": "n_customers"})
    frame["p_churn"] /= frame["n_customers"]
    return frame.reindex([name for name in names if name in frame.index]).reset_index()


def _writer(out: Path, draft: Path, schema: pa.Schema) -> csv.CSVWriter | parquet.ParquetWriter:
    if out.suffix == ".parquet":
        return parquet.ParquetWriter(draft, schema)
    return csv.CSVWriter(draft, SCHEMA)


def as_csv(scores: Path, out: Path) -> None:
    """Write a Parquet file of scores as CSV, too."""
    with atomic(out) as draft, csv.CSVWriter(draft, SCHEMA) as writer:
        for batch in parquet.ParquetFile(scores).iter_batches():
            writer.write_batch(batch)


def _inert(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Keep a spreadsheet from running an id such as ``=HYPERLINK(...)``."""
    ids = pa.compute.replace_substring_regex(batch.column(0), r"^([=+\-@\t\r])", r"'\1")
    return batch.set_column(0, "customer_id", ids)
