"""Scores a log slice by slice in order of customer, as many slices at a time as processors.

A slice is a range of ids, found in the file of purchase days without reading the rest: memory does
not depend on how many customers there are, and nothing is sorted but a slice.
"""

import contextlib
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from time import monotonic

import ibis.expr.types as ir
import pyarrow as pa
from threadpoolctl import threadpool_limits

from features.customer.purchase_days import with_gaps
from features.customer.snapshot import snapshot
from features.engines.duckdb import Engine, connect, value_free_errors
from features.engines.parquet import between, every_nth
from features.errors import UserError
from pipeline.console import Progress
from pipeline.model_files.artifact import Model
from pipeline.scoring.batch import scored_batch
from pipeline.scoring.parent import end_with_parent

ID = "customer_id"

SLICE_DAYS = 100_000
"""Purchase days of a slice: some ten thousand customers."""

FEW_SLICES = 4
"""So few are not worth the start of other processes."""

TELL_SECONDS = 10.0

Slice = tuple[str | None, str | None]


@dataclass(frozen=True)
class _Task:
    """What is asked of every slice."""

    file: Path
    model: Model
    day: date
    earlier: Path | None = None


class _Asked:
    """An engine that answers slice after slice by one query, of views that move on.

    To make the query anew for each slice would take a third of the time of its features.
    """

    def __init__(self, engine: Engine, task: _Task):
        self.engine, self.task = engine, task
        files = [file for file in (task.file, task.earlier) if file]
        self.views = {engine.fresh("slice"): file for file in files}
        days, *before = self._views(None, None)
        rows = snapshot(with_gaps(days), task.day, task.model.manifest.attributes)
        for segments in before:
            rows = rows.left_join(segments, "customer_id").drop("customer_id_right")
        self.rows = rows.order_by("customer_id")

    def _views(self, first: str | None, end: str | None) -> list[ir.Table]:
        views = self.views.items()
        return [between(self.engine, file, ID, first, end, name) for name, file in views]

    def answer(self, part: Slice) -> pa.RecordBatch:
        """The scores of a slice's customers who are known by then, in order of id."""
        self._views(*part)
        return scored_batch(self.rows.to_pyarrow(), self.task.model, self.task.day)


def scored(
    engine: Engine,
    file: Path,
    model: Model,
    day: date,
    progress: Progress,
    earlier: Path | None = None,
) -> Iterator[pa.RecordBatch]:
    """The scores of everybody in a file of netted days that is in order of customer.

    `earlier` is a file of `customer_id` and `segment_before`, in the same order.
    """
    task, parts = _Task(file, model, day, earlier), slices(engine, file)
    workers = min(threads(engine), len(parts))
    told = _Told(progress, len(parts))
    if workers < 2 or len(parts) <= FEW_SLICES:
        asked = _Asked(engine, task)
        answers = (asked.answer(part) for part in parts)
        yield from told.over(answers)
        return
    # Not by a fork: the engine's threads would be copied in whatever state they are.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, _start, (task,)) as pool:
            yield from told.over(_in_order(pool, parts, 2 * workers))
    except BrokenProcessPool:
        raise UserError(
            "A process that scored was ended from outside, as systems do that run out of memory. "
            "Free some, or set engine.threads: 1."
        ) from None


def slices(engine: Engine, file: Path, rows: int = SLICE_DAYS) -> list[Slice]:
    """Ranges of ids, from the first one on and below the second, of about so many rows each."""
    inner = sorted({*every_nth(engine, file, ID, rows)[1:]})
    return list(pairwise([None, *inner, None]))


def threads(engine: Engine) -> int:
    """How many processors the engine may use."""
    return int(engine.raw_sql("SELECT current_setting('threads')").fetchall()[0][0])


def _in_order(
    pool: ProcessPoolExecutor, parts: list[Slice], at_once: int
) -> Iterator[pa.RecordBatch]:
    """The answers in the order of the parts, with no more than `at_once` under way."""
    waiting: deque[Future[pa.RecordBatch]] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(_answer, part))
            if len(waiting) >= at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


_mine: list[_Asked] = []
"""What a process of the pool works with: set once when it starts."""


def _start(task: _Task) -> None:
    end_with_parent()
    threadpool_limits(limits=1)
    files = [file for file in (task.file, task.earlier) if file]
    _mine.append(_Asked(connect(files, threads=1), task))


def _answer(part: Slice) -> pa.RecordBatch:
    with value_free_errors():
        return _mine[0].answer(part)


class _Told:
    """Says now and then how far it is: share done, rate, time left."""

    def __init__(self, progress: Progress, n_parts: int):
        self.progress, self.n_parts = progress, n_parts

    def over(self, answers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The answers that hold anybody."""
        started = last = monotonic()
        customers = 0
        with contextlib.closing(answers) as stream:  # type: ignore[type-var]  # a generator
            for number, batch in enumerate(stream, 1):
                customers += batch.num_rows
                if batch.num_rows:
                    yield batch
                now = monotonic()
                if now - last >= TELL_SECONDS and number < self.n_parts:
                    last, took = now, now - started
                    left = took / number * (self.n_parts - number)
                    self.progress.tell(
                        f"{customers:,} customers scored ({number / self.n_parts:.0%}), "
                        f"{customers / took:,.0f} a second, {left / 60:.1f} minutes left"
                    )
