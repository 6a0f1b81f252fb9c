"""A log in PostgreSQL that is checked there, beside the same log copied out and checked here.

    python -m benchmarks.postgres --customers 350000 --lines 3

The server is on this machine: its processor seconds are read from /proc. Makes a narrow and a wide
table in a schema of its own, and drops them.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from features.engines.postgres import Table
from features.engines.postgres_engine import Engine
from features.log.transactions import LogSpec
from pipeline.config import EngineConfig
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.simulated_log import simulate

URL = os.environ.get("CHURN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
SCHEMA = f"churn_bench_{os.getpid()}"
NARROW = (
    "customer_id text, ordered_at timestamp, order_id bigint, amount numeric(12, 2), quantity int, "
    "country text, channel text"
)
MORE = (
    "customer_id || '@mail.example.org' AS email, 'Street ' || quantity || ', 12345 Town' AS "
    "street, md5(order_id::text) AS payment, 'A product of a longer name ' || order_id % 5000 AS "
    "product, 'sku-' || order_id % 5000 AS sku, 'EUR' AS currency, ordered_at + interval '2 days' "
    "AS shipped_at, 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' AS agent, "
    "'a house' AS delivered_to, 19 AS rate"
)
COLUMNS = {
    "customer_id": "customer_id",
    "transacted_at": "ordered_at",
    "amount": "amount",
    "order_id": "order_id",
    "quantity": "quantity",
}


def load(session: Any, customers: int, lines: float) -> None:
    """Simulate a log into two tables."""
    with tempfile.TemporaryDirectory() as folder:
        log, text = Path(folder) / "log", Path(folder) / "log.csv"
        simulate(customers, 3, log, Progress(quiet=True), lines)
        rows = f"FROM '{log}/*.parquet' ORDER BY ordered_at"
        duckdb.sql(f"COPY ({rows}) TO '{text}' (HEADER)")
        session.execute(f"CREATE SCHEMA {SCHEMA}")
        session.execute(f"CREATE TABLE {SCHEMA}.narrow ({NARROW})")
        copied = f"COPY {SCHEMA}.narrow FROM STDIN (FORMAT csv, HEADER)"
        with session.cursor().copy(copied) as copy, text.open("rb") as file:
            while block := file.read(1 << 20):
                copy.write(block)
    session.execute(f"CREATE TABLE {SCHEMA}.wide AS SELECT *, {MORE} FROM {SCHEMA}.narrow")
    session.execute(f"VACUUM ANALYZE {SCHEMA}.narrow")
    session.execute(f"VACUUM ANALYZE {SCHEMA}.wide")


def server_seconds(postmaster: int) -> float:
    """Processor seconds of all sessions that have ended."""
    numbers = Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(numbers[13]) + int(numbers[14])) / os.sysconf("SC_CLK_TCK")


def client_seconds() -> float:
    """Processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def weighed() -> Iterator[list[int]]:
    """Bytes of each file that comes out of the database within the block."""
    sizes: list[int] = []
    kept = Table.export, Engine.copy_csv

    def export(self: Table, path: Path, most: int | None = None) -> None:
        kept[0](self, path, most)
        sizes.append(path.stat().st_size)

    def copy_csv(self: Engine, rows: Any, path: Path) -> None:
        kept[1](self, rows, path)
        sizes.append(path.stat().st_size)

    Table.export, Engine.copy_csv = export, copy_csv  # type: ignore[method-assign]
    try:
        yield sizes
    finally:
        Table.export, Engine.copy_csv = kept  # type: ignore[method-assign]


def main() -> None:
    """Print a row of the table in docs/engines.md for each table and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=350_000)
    parser.add_argument("--lines", type=float, default=3)
    given = parser.parse_args()
    with psycopg.connect(URL, autocommit=True) as session:
        backend = Path(f"/proc/{session.info.backend_pid}/stat").read_text()
        postmaster = int(backend.rsplit(")", 1)[1].split()[1])
        load(session, given.customers, given.lines)
        try:
            print("| table | way | wall | here | server | MB out |\n|---|---|---|---|---|---|")
            for table in ("narrow", "wide"):
                rows = [measured(f"{SCHEMA}.{table}", kind, postmaster) for kind in KINDS]
                assert rows[0] == rows[1], "the two ways differ"
        finally:
            session.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


KINDS: tuple[Any, ...] = ("duckdb", "postgres")


def measured(table: str, kind: Any, postmaster: int) -> Any:
    """What opening a log in one way finds, and, printed, what it takes."""
    spec = LogSpec(source=URL, table=table, columns=COLUMNS)  # type: ignore[arg-type]
    before = time.time(), client_seconds(), server_seconds(postmaster)
    settings = EngineConfig(kind=kind)
    with weighed() as sizes, open_orders(spec, Progress(quiet=True), settings=settings) as orders:
        wall, here = time.time() - before[0], client_seconds() - before[1]
        # DuckDB keeps these counts as floats.
        days = orders.netted.cast({"orders": "int64", "lines": "int64"})
        found = orders.log.counts, orders.engine.fingerprint(days)
    time.sleep(0.5)  # until the server has counted the session that has ended
    server = server_seconds(postmaster) - before[2]
    name = table.rsplit(".")[-1]
    print(
        f"| {name} | {kind} | {wall:.0f} | {here:.1f} | {server:.1f} | {sum(sizes) / 1e6:.0f} |",
        flush=True,
    )
    return found


if __name__ == "__main__":
    main()
