"""Spark: the features on a cluster, by the same expressions as on a laptop.

Nothing is collected but what is asked for: `lend` gives a table to the session, `frame` gives an
expression back as a Spark DataFrame, whose rows stay where they are.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.errors import UserError

LOCAL = "local[*]"

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
}


def connect(master: str = LOCAL, **settings: str) -> ibis.BaseBackend:
    """Open a Spark session as an ibis backend, in UTC; its workers use this very Python.

    Raises
    ------
    UserError
        If Spark is not installed, or cannot be started.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError("Spark is not installed: pip install 'churn[spark]'.") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("churn")
    for name, value in {**_SETTINGS, **settings}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        first = next(iter(str(error).splitlines()), "no answer")
        raise UserError(f"Spark cannot be started at {master}: {first}") from None
    backend: ibis.BaseBackend = ibis.pyspark.connect(session)
    return backend


def lend(backend: Any, table: pa.Table, name: str) -> ir.Table:
    """A small Arrow table as a table of the session."""
    from pyarrow import parquet

    file = Path(tempfile.mkdtemp(prefix="churn-")) / f"{name}.parquet"
    parquet.write_table(table, file, coerce_timestamps="us")
    frame = backend._session.read.parquet(file.as_uri()).cache()
    frame.createOrReplaceTempView(name)
    found: ir.Table = backend.table(name)
    return found


def frame(expression: ir.Table) -> Any:
    """An expression as a Spark DataFrame: nothing is computed or collected yet."""
    backend: Any = expression.get_backend()
    # Tables that live in Python are lent to the session first; ibis does so only on execution.
    backend._run_pre_execute_hooks(expression)
    return backend.raw_sql(backend.compile(expression))
