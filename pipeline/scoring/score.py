"""Scores every customer of a log with a trained model, in batches of constant size."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from features.customer.catalogue import NAMES
from features.engines.parquet import GROUP_ROWS, copy_parquet
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
from pipeline.scoring.batch import ABOUT, SCHEMA
from pipeline.scoring.cluster import write_on_spark
from pipeline.scoring.kept_scores import kept_scores
from pipeline.scoring.scores_file import read_segments
from pipeline.scoring.slices import scored

SUMMED = ("p_churn", "expected_spend", "clv")
"""Columns whose sums by segment are told."""

SEGMENTS = ("segment_before", "segment")


@dataclass(frozen=True)
class Scored:
    """What was written, and how many of a list had no order before the date.

    `segments` has a row per segment that occurs, in the order in which they are tried:
    `segment`, `n_customers`, the mean `p_churn`, and the totals of `expected_spend` and `clv`.
    `moves` has `n_customers` by `segment_before` (missing: not scored then) and `segment`; it is
    None without an earlier scoring, whose day is `before`.
    """

    path: Path
    as_of: date
    segments: pd.DataFrame
    moves: pd.DataFrame | None = None
    before: date | None = None
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
    earlier: Path | None = None,
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
    earlier
        Scores of an earlier day, whose segments become `segment_before`.
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
    before = _before(orders, earlier, day, model.manifest.horizon_days) if earlier else None
    asked, file = None, orders.days_file
    if customers is not None:
        asked = int(customers.count().to_pyarrow().as_py())
        file = orders.engine.scratch / "asked.parquet"
        theirs = orders.netted.semi_join(customers, "customer_id")
        copy_parquet(theirs.order_by("customer_id", "transacted_at"), file)
    names = who(model)
    with progress.step(f"Scoring at {day}"):
        schema = SCHEMA.with_metadata({ABOUT: json.dumps(_about(orders, model, before))})
        if file is None:
            found = write_on_spark(orders, model, day, out, schema, _totals)
        else:
            held = before.file if before else None
            scores = scored(orders.engine, file, model, day, progress, held)
            if customers is None and held is None:
                scores = kept_scores(orders, model, day, scores)
            found = _write(scores, out, schema, excel_safe)
    if not found:
        raise UserError(
            f"No customer to score: nobody{' of the list' if asked else ''} has a purchase "
            f"before {day}. The log begins on {orders.first_day}."
        )
    totals = _together(found)
    result = Scored(out, day, _by_segment(totals, names))
    if before:
        result = replace(result, moves=_moves(totals), before=before.day)
    missing = 0 if asked is None else asked - result.n_customers
    return replace(result, without_orders=missing)


def who(model: Model) -> dict[str, str]:
    """Segments in the order in which they are tried, and who is in each, in words."""
    return Thresholds.from_dict(model.manifest.settings["segments"]).described()


def _about(orders: Orders, model: Model, before: "_Before | None") -> dict[str, Any]:
    """What holds for all scores, see `ABOUT`."""
    settings = model.manifest.settings
    return {
        "log_end": str(orders.end),
        "log": settings["log"],
        "spread": settings.get("spread", {}),
        "promised": settings.get("promised", {}),
        "grades": model.manifest.grades,
        "earlier": str(before.day) if before else None,
    }


class _Before(NamedTuple):
    """An earlier scoring: its day, and a file of `customer_id` and `segment_before` in order."""

    day: date
    file: Path


def _before(orders: Orders, earlier: Path, day: date, horizon_days: int) -> _Before:
    """Keep the segments of an earlier scoring where slices find them."""
    segments, then, days = read_segments(earlier)
    again = f"`churn score LOG --as-of {then} --out NEW` writes them with this model."
    if then >= day:
        raise UserError(
            f"--earlier {earlier}: are scores of {then}, not of a day before {day}. Name those of "
            "an earlier day; `churn score LOG --as-of DAY` writes them."
        )
    if days != horizon_days:
        raise UserError(
            f"--earlier {earlier}: speaks of {days} days, the model of {horizon_days}: their "
            f"segments are not the same. {again}"
        )
    file = orders.engine.scratch / "earlier.parquet"
    segments = segments.rename_columns(["customer_id", "segment_before"])
    parquet.write_table(segments, file, row_group_size=GROUP_ROWS)
    return _Before(then, file)


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
    excel_safe: bool,
) -> list[pa.Table]:
    """Write the scores, if there are any; what `_totals` has of each batch."""
    written: list[pa.Table] = []
    # Nothing to write leaves the file of an earlier run as it was.
    first = next(scores, None)
    if first is None:
        return written
    with atomic(out) as draft, _writer(out, draft, schema) as writer:
        batch: pa.RecordBatch | None = first
        while batch is not None:
            writer.write_batch(_inert(batch) if excel_safe and out.suffix == ".csv" else batch)
            written.append(_totals(batch))
            batch = next(scores, None)
    return written


def _totals(batch: pa.RecordBatch) -> pa.Table:
    """Number of customers and sums by segment now and before."""
    table = pa.Table.from_batches([batch.select([*SEGMENTS, *SUMMED])])
    sums: list[tuple[str, str]] = [(name, "sum") for name in SUMMED]
    return table.group_by(list(SEGMENTS)).aggregate([("segment", "count"), *sums])


def _together(written: list[pa.Table]) -> pd.DataFrame:
    """What `_totals` has of all batches."""
    names = {"segment_count": "n_customers"} | {f"{name}_sum": name for name in SUMMED}
    return pa.concat_tables(written).to_pandas().rename(columns=names)


def _moves(totals: pd.DataFrame) -> pd.DataFrame:
    """Customers by segment before and now, the most first."""
    counted = totals.groupby(list(SEGMENTS), dropna=False)["n_customers"].sum()
    return counted.sort_values(ascending=False, kind="stable").reset_index()


def _by_segment(totals: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    frame = totals.drop(columns="segment_before").groupby("segment").sum(min_count=1)
    frame["p_churn"] /= frame["n_customers"]
    return frame.reindex([name for name in names if name in frame.index]).reset_index()


def _writer(out: Path, draft: Path, schema: pa.Schema) -> csv.CSVWriter | parquet.ParquetWriter:
    if out.suffix == ".parquet":
        return parquet.ParquetWriter(draft, schema)
    return csv.CSVWriter(draft, SCHEMA)


def _inert(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Keep a spreadsheet from running an id such as ``=HYPERLINK(...)``."""
    ids = pa.compute.replace_substring_regex(batch.column(0), r"^([=+\-@\t\r])", r"'\1")
    return batch.set_column(0, "customer_id", ids)
