"""The last scores of a log, kept beside its purchase days in the cache and given again.

Their key is a digest of all that they depend on beside the days: the model, the day, and the code
that scores. Whatever changes, changes the key.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

import models
import pipeline
from pipeline.intake.kept import code
from pipeline.intake.orders import Orders
from pipeline.model_files.artifact import Model
from pipeline.scoring.batch import SCHEMA

KIND = "scores"


def kept_scores(
    orders: Orders, model: Model, day: date, scored: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The scores that were kept, else those of `scored`, which are kept once all are there."""
    if orders.entry is None:
        yield from scored
        return
    own, key = orders.engine.scratch / f"{KIND}.parquet", _key(model, day)
    if orders.entry.lend(KIND, key, own) and (whole := _whole(own)):
        yield from whole.iter_batches()
        return
    copy = _Copy(own)
    for batch in scored:
        copy.add(batch)
        yield batch
    if copy.finished():
        orders.entry.keep(KIND, key, own)


def _key(model: Model, day: date) -> str:
    """Digest of the model, the day, and all code that may speak of them."""
    asked = f"{code(models, pipeline)} {day} {model.manifest.model_dump_json()}"
    return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def _whole(file: Path) -> parquet.ParquetFile | None:
    """The file, unless it was cut short."""
    try:
        return parquet.ParquetFile(file)
    except (OSError, pa.ArrowInvalid):
        return None


class _Copy:
    """A second file of the scores; where the disk has no room for it, there is none."""

    def __init__(self, file: Path):
        file.unlink(missing_ok=True)
        self.writer: parquet.ParquetWriter | None = parquet.ParquetWriter(file, SCHEMA)

    def add(self, batch: pa.RecordBatch) -> None:
        """Write a batch, if there is room."""
        try:
            if self.writer:
                self.writer.write_batch(batch)
        except OSError:
            self.writer = None

    def finished(self) -> bool:
        """Whether the file is complete; to be asked once."""
        try:
            if self.writer:
                self.writer.close()
        except OSError:
            return False
        return self.writer is not None
