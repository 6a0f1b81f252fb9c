"""Scores a log on Spark: the executors answer for their customers, batch by batch.

The batch function is the one of a single machine. Scores are a folder of Parquet files, in order
of customer; nothing of them is collected but sums by segment.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetFile, write_metadata

from features.customer.snapshot import snapshot
from features.errors import UserError
from features.writing import alone, clear, private_folder
from pipeline.intake.orders import Orders
from pipeline.model_files.artifact import Model
from pipeline.scoring.batch import ABOUT_FILE, SCHEMA, scored_batch


def write_on_spark(
    orders: Orders,
    model: Model,
    day: date,
    out: Path,
    schema: pa.Schema,
    told: Callable[[pa.RecordBatch], pa.Table],
) -> list[pa.Table]:
    """Write the scores into the folder `out`, all of them or nothing, if there are any.

    Executors and driver have to see `out` under the same name. Returns what is `told` of each
    batch.

    Raises
    ------
    UserError
        When `out` is a folder of other things, or the driver does not find what the executors
        wrote.
    """
    if out.exists() and not (out / ABOUT_FILE).is_file():
        raise UserError(f"{out}: is there, and no folder of scores; name another.")
    rows = snapshot(orders.days, day, model.manifest.attributes)
    out.parent.mkdir(parents=True, exist_ok=True)
    with alone(out) as locked:
        if locked:
            clear(out, ".draft")
        private = private_folder(out, ".draft")
        try:
            draft = private / "scores"
            answer = partial(_answers, model, day)
            orders.engine.write_batches(rows, "customer_id", answer, SCHEMA, os.fspath(draft))
            files = sorted(draft.glob("part-*.parquet"))
            if not files:
                raise UserError(
                    f"{out}: the executors wrote elsewhere. Name a folder that driver and "
                    "executors share, such as a volume."
                )
            found = [told(batch) for file in files for batch in ParquetFile(file).iter_batches()]
            if found:
                write_metadata(schema, draft / ABOUT_FILE)
                _replace(draft, out, private)
            return found
        finally:
            shutil.rmtree(private, ignore_errors=True)


def _answers(
    model: Model, day: date, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What an executor does."""
    for batch in batches:
        yield scored_batch(batch, model, day)


def _replace(draft: Path, out: Path, private: Path) -> None:
    """Give the draft its name; the scores of an earlier run go with the draft's folder."""
    draft.chmod(0o700)
    if out.exists():
        os.replace(out, private / "earlier")
    os.replace(draft, out)


def refuse_what_spark_cannot(out: Path, customers: Path | None, earlier: Path | None) -> None:
    """Stop before a log is read for what this way of scoring does not offer."""
    if out.suffix != ".parquet":
        raise UserError(f"--out {out.name}: on Spark scores are Parquet, in a folder of this name.")
    if earlier:
        raise UserError("--earlier: on Spark segments are not compared; join the two scores.")
    if customers:
        raise UserError("--customers: on Spark everybody is scored; choose from the scores.")
