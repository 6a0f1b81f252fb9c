"""Spark: for logs that outgrow one machine. The same expressions run where the rows lie.

Parquet in, Parquet out. What is kept for a while stays in the executors' memory, or on their
disks; what a model needs comes to the driver, and nothing else does.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 -- as all of its users call it
from pyspark.sql import types as T  # noqa: N812 -- likewise
from pyspark.sql.pandas.types import from_arrow_schema

from features.engines.compiled import Named
from features.engines.memory import bytes_of, free_memory
from features.errors import UserError

# Spark warns of pandas 3. Rows come and go by Arrow here, and no pandas is in between.
_NO_WARNING = "ignore:PySpark does not yet fully support pandas:FutureWarning"
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)

from ibis.backends.pyspark import Backend  # noqa: E402 -- not before it is told not to warn
from ibis.backends.pyspark.datatypes import PySparkSchema  # noqa: E402 -- likewise

from features.engines.spark_dialect import Compiler  # noqa: E402 -- likewise

_ = ibis.pyspark  # its options are known from now on

BATCH_ROWS = 10_000

_ALONE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""On one machine nobody else is spoken to."""


_MEANT = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
"""What expressions mean hangs on these, whatever a cluster's own settings say."""


@dataclass(frozen=True)
class Files:
    """Rows of files: ``row`` (from 1, over all), ``file`` (place in `files`), ``digest``, cells.

    `columns` maps the files' names of columns to those of the rows.
    """

    rows: ir.Table
    columns: dict[str, str]
    files: tuple[Path, ...]


class Engine(Named, Backend):
    """ibis on Spark, its session in UTC; `scratch` is a folder of the driver's own."""

    compiler = Compiler()
    scratch: Path

    def frame(self, rows: ir.Table) -> DataFrame:
        """An expression as Spark's own, not run yet."""
        self._run_pre_execute_hooks(rows)
        return self.raw_sql(self.compile(rows))

    def create_table(self, name: str, /, obj: Any = None, **_: Any) -> ir.Table:
        """Keep the rows of an expression for this session; an executor lost computes its again."""
        self.frame(obj).persist().createOrReplaceTempView(name)
        return self.table(name)

    def drop_table(self, name: str, /, **_: Any) -> None:
        """Give back what `create_table` holds."""
        self._session.table(name).unpersist()
        self._session.catalog.dropTempView(name)

    def to_pyarrow(self, expr: ir.Expr, /, **_: Any) -> Any:
        """What a model needs, at the driver: by Arrow, for ibis goes by way of pandas."""
        table = expr.as_table()
        found = self.frame(table).toArrow().cast(table.schema().to_pyarrow())
        return expr.__pyarrow_result__(found)

    def to_pyarrow_batches(
        self, expr: ir.Expr, /, *, chunk_size: int = BATCH_ROWS, **_: Any
    ) -> pa.ipc.RecordBatchReader:
        """Stream the rows of an expression, one partition after the other at the driver."""
        schema = expr.as_table().schema().to_pyarrow()
        rows = self.frame(expr.as_table()).toLocalIterator()
        parts = iter(lambda: [row.asDict() for row in islice(rows, chunk_size)], [])
        batches = (pa.RecordBatch.from_pylist(part, schema) for part in parts)
        return pa.RecordBatchReader.from_batches(schema, batches)

    def _register_in_memory_table(self, op: Any) -> None:
        rows = op.data.to_pyarrow(op.schema)
        found = self._session.createDataFrame(rows, PySparkSchema.from_ibis(op.schema))
        found.createOrReplaceTempView(op.name)

    def fingerprint(self, table: ir.Table) -> str:
        """32 hex digits over every value of every row, whatever their order; only Spark's own."""
        (found,) = (
            self.frame(table)
            .select(_digest(table.columns).alias("digest"))
            .selectExpr(
                "count(*)",
                "sum(CAST(digest AS DECIMAL(38, 0)))",
                "sum(CAST(xxhash64(digest, 1) AS DECIMAL(38, 0)))",
            )
            .collect()
        )
        kinds = [str(kind) for kind in table.schema().types]
        text = repr((table.columns, kinds, tuple(map(str, found))))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def read_files(self, source: str, timezone: str | None) -> Files:
        """Parquet files as they stand, each row with its place and a digest.

        Moments become what the clocks of `timezone` showed, UTC's without one.

        Raises
        ------
        UserError
            When there is no such file, or it is no Parquet.
        """
        with value_free_errors(f"{source}: "):
            found = self._session.read.parquet(source)
            path = F.col("_metadata.file_path")
            sizes = dict(found.groupBy(path.alias("path")).count().collect())
        offsets, total = [], 0
        for place, name in enumerate(sorted(sizes)):
            offsets.append((name, place, total))
            total += sizes[name]
        shape = "path string, file smallint, before bigint"
        starts = self._session.createDataFrame(offsets, shape)
        names = {field.name: f"c{i}" for i, field in enumerate(found.schema)}
        cells = [_as_read(field, timezone).alias(names[field.name]) for field in found.schema]
        rows = found.select(path.alias("path"), F.col("_metadata.row_index").alias("nth"), *cells)
        rows = rows.join(F.broadcast(starts), "path").select(
            (F.col("before") + F.col("nth") + 1).alias("row"),
            "file",
            _digest(names.values()).alias("digest"),
            *names.values(),
        )
        view = self.fresh("log")
        rows.createOrReplaceTempView(view)
        files = tuple(Path(unquote(name.removeprefix("file://"))) for name in sorted(sizes))
        return Files(self.table(view), names, files)

    def write_batches(
        self,
        rows: ir.Table,
        order: str,
        answer: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
        folder: str,
    ) -> None:
        """Write what `answer` makes of the rows, batch by batch on the executors, as Parquet.

        Files, and the rows in each, are in order of a column.
        """
        frame = self.frame(rows).repartitionByRange(order).sortWithinPartitions(order)
        frame.mapInArrow(answer, from_arrow_schema(schema)).write.parquet(folder)


@contextlib.contextmanager
def connect(
    master: str | None = None,
    scratch: str | os.PathLike[str] | None = None,
    memory_limit: str | None = None,
) -> Iterator[Engine]:
    """Open a session, or join that of a notebook, which has its own settings again in the end.

    Parameters
    ----------
    master
        Such as ``spark://host:7077``; default what ``spark-submit`` says, else ``local[*]``.
    scratch
        Folder below which a private one is made, on one machine also for what does not fit into
        memory.
    memory_limit
        Of the driver's Java, such as ``"4GB"``; on one machine the default is half of what is free.
    """
    joined = SparkSession.getActiveSession()
    with tempfile.TemporaryDirectory(prefix="churn-", dir=scratch) as private:
        session = joined or _started(master, private, memory_limit)
        before = {name: str(session.conf.get(name)) for name in _MEANT}
        for name, value in _MEANT.items():
            session.conf.set(name, value)
        engine = Engine()
        engine.do_connect(session)
        engine.scratch = Path(private)
        try:
            yield engine
        finally:
            if joined:
                for name, value in before.items():
                    session.conf.set(name, value)
            else:
                session.stop()


def _started(master: str | None, private: str, memory_limit: str | None) -> SparkSession:
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # under spark-submit, whose settings are Java's
        SparkContext._ensure_initialized()
    conf = SparkConf().setAppName("churn")
    if master or not conf.contains("spark.master"):
        conf.setMaster(master or "local[*]")
    settings = {"spark.ui.showConsoleProgress": "false"}
    alone = conf.get("spark.master", "").startswith("local")
    if alone:
        settings |= {**_ALONE, "spark.local.dir": private}
    if memory_limit or alone:
        most = bytes_of(memory_limit) if memory_limit else free_memory() // 2
        settings["spark.driver.memory"] = f"{max(most >> 20, 512)}m"
    for name, value in settings.items():
        conf.setIfMissing(name, value)
    # The executors' Python has to be of this version, and has to know this package.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYTHONWARNINGS", _NO_WARNING)
    try:
        session = SparkSession.builder.config(conf=conf).getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise UserError(
            f"Spark does not start ({_kind(error)}). It needs Java 17 or newer (JAVA_HOME), and "
            f"the master that engine.master names."
        ) from None
    # A message may quote a row; what went wrong comes back as an error.
    session.sparkContext.setLogLevel("OFF")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
    return session


@contextlib.contextmanager
def value_free_errors(what: str = "") -> Iterator[None]:
    """Errors of Spark without the values that its messages quote.

    Raises
    ------
    UserError
        With Spark's name for what went wrong, and what can be done where that is known.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        kind, text = _kind(error), str(error)
        ways = [way for sign, way in _WAYS_OUT.items() if sign in kind or sign in text]
        told = ways[0] if ways else "The logs of its executors tell more."
        raise UserError(f"{what}Spark could not finish: {kind}. {told}") from None


_WAYS_OUT = {
    "PATH_NOT_FOUND": "There is no such file or folder.",
    "UNABLE_TO_INFER_SCHEMA": "There is no Parquet file.",
    "FAILED_READ_FILE": "A file is damaged, or is no Parquet: engine.kind: spark reads no other.",
    "CANNOT_READ_FILE_FOOTER": "A file is no Parquet: engine.kind: spark reads no other.",
    "OutOfMemory": "Give it more memory: engine.memory_limit, or spark.executor.memory.",
    "ExecutorLostFailure": "Executors were lost more often than spark.task.maxFailures allows.",
    "No space left": "A disk is full: the scratch folder, spark.local.dir, or the output's.",
    "ModuleNotFoundError": "The executors' Python lacks this package; see docs/engines.md.",
}
"""A sign in Spark's message -> what can be done."""


def _kind(error: Exception) -> str:
    """What Spark calls an error: a condition, or the class of an exception."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    java = getattr(error, "java_exception", None)
    return str(condition or (java and java.getClass().getSimpleName()) or type(error).__name__)


def _digest(columns: Iterable[str]) -> Any:
    """A number that tells a row; what is null is hashed too, for Spark's hash skips it."""
    cells = [F.col(f"`{name}`") for name in columns]
    return F.xxhash64(*(part for cell in cells for part in (cell, cell.isNull())))


def _as_read(field: T.StructField, timezone: str | None) -> Any:
    """A column; its moments as the clocks of the business showed them, maps as text."""
    cell = F.col("`" + field.name.replace("`", "``") + "`")
    if isinstance(field.dataType, T.TimestampType):
        utc = cell.cast(T.TimestampNTZType())
        return F.convert_timezone(F.lit("UTC"), F.lit(timezone or "UTC"), utc)
    return F.to_json(cell) if isinstance(field.dataType, T.MapType) else cell
