"""Reading a log, RFM, describing and features, each beside what DuckDB needs by hand.

    python -m benchmarks.scale --customers 1000000 --runs 3

Every piece of work runs in a process of its own, in turn with the others; figures are medians of
the ratios of processor seconds within one round, and of peak memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

CUTOFF = date(2025, 1, 1)
COLUMNS: dict[str, Any] = {
    "customer_id": "customer_id",
    "transacted_at": "ordered_at",
    "amount": "amount",
}


def scan(folder: Path) -> float:
    """One scan with the casts that are needed, and a group-by of customers."""
    import duckdb

    started = process_time()
    duckdb.sql(
        f"""CREATE TABLE found AS
        SELECT customer_id::VARCHAR AS who, min(ordered_at::TIMESTAMP) AS first,
            max(ordered_at::TIMESTAMP) AS last, sum(amount::DECIMAL(18, 4)) AS net, count(*) AS n
        FROM read_parquet('{folder}/*.parquet') GROUP BY ALL"""
    )
    return process_time() - started


def read_checked(folder: Path) -> float:
    """The log read and validated, every row accounted for."""
    return _opened(folder)[2]


def typed_csv(folder: Path) -> float:
    """The log as text, read into a table by DuckDB, which is told the types."""
    import duckdb

    started = process_time()
    kinds = "{'customer_id': 'VARCHAR', 'ordered_at': 'TIMESTAMP', 'amount': 'DECIMAL(18, 4)'}"
    duckdb.sql(f"CREATE TABLE found AS FROM read_csv('{_text(folder)}', columns = {kinds})")
    return process_time() - started


def csv_checked(folder: Path) -> float:
    """The same text read and validated, every row accounted for."""
    return _opened(_text(folder))[2]


def _text(folder: Path) -> Path:
    return folder.with_suffix(".csv")


def _opened(source: Path, memory: str | None = None) -> tuple[Any, Any, float]:
    """The engine, the log, and the processor seconds that opening took."""
    import pandas  # noqa: F401 - what is imported is not what is timed

    from features.engines.duckdb import connect
    from features.log.transactions import Columns, LogSpec, open_log

    started = process_time()
    engine = connect([source], memory_limit=memory)
    log = open_log(
        engine, LogSpec(source=str(source), columns=Columns(**COLUMNS)), datetime(2025, 6, 1)
    )
    return engine, log, process_time() - started


def by_hand(folder: Path) -> float:
    """Recency, frequency and money by SQL that checks nothing."""
    import duckdb

    started = process_time()
    duckdb.sql(
        f"""CREATE TABLE found AS
        SELECT customer_id, count(*) - 1 AS frequency, max(day) - min(day) AS recency,
            DATE '{CUTOFF}' - min(day) AS T,
            coalesce((sum(net) - arg_min(net, day)) / nullif(count(*) - 1, 0), 0) AS monetary_value
        FROM (SELECT customer_id, ordered_at::DATE AS day, sum(amount) AS net
            FROM read_parquet('{folder}/*.parquet') WHERE ordered_at < DATE '{CUTOFF}'
            GROUP BY ALL) WHERE net > 0 GROUP BY customer_id"""
    )
    return process_time() - started


def log_to_rfm(folder: Path) -> float:
    """The same with every row accounted for."""
    from features.customer.purchase_days import purchase_days
    from features.customer.rfm import rfm

    engine, log, seconds = _opened(folder)
    started = process_time()
    days = purchase_days(log.transactions, known=log.known)
    engine.create_table("found", rfm(days, CUTOFF))
    return seconds + process_time() - started


def features(folder: Path) -> float:
    """All features of one cutoff, from purchase days; reading the log is not counted.

    Of everybody at once, which no command asks for, and so with as much memory as by hand.
    """
    from features.customer.purchase_days import purchase_days
    from features.customer.snapshot import snapshot

    engine, log, _ = _opened(folder, "8GB")
    days = engine.create_table("days", purchase_days(log.transactions, known=log.known))
    started = process_time()
    engine.create_table("found", snapshot(days, CUTOFF))
    return process_time() - started


def business(folder: Path) -> float:
    """Retention metrics and cohorts by month, and RFM scores, with every row accounted for."""
    from features.business.cohorts import cohort_cells, cohort_sizes
    from features.business.customers import customers, needed
    from features.business.retention import period_counts
    from features.business.rfm_scores import scored, segments
    from features.customer.purchase_days import purchase_days

    engine, log, seconds = _opened(folder)
    started = process_time()
    days = needed(purchase_days(log.transactions, known=log.known))
    days = engine.create_table("days", days)
    people = engine.create_table("people", customers(days, CUTOFF))
    period_counts(days, people, CUTOFF, "month", 91).to_pyarrow()
    cohort_cells(days, people, CUTOFF, "month").to_pyarrow()
    cohort_sizes(people, "month").to_pyarrow()
    placed = engine.create_table("placed", scored(people, CUTOFF, 91))
    segments(placed, CUTOFF).to_pyarrow()
    return seconds + process_time() - started


AGAINST = {
    scan: (read_checked,),
    typed_csv: (csv_checked,),
    by_hand: (log_to_rfm, business, features),
}
WORK = {work.__name__: work for peer, ours in AGAINST.items() for work in (peer, *ours)}


def measured(name: str, folder: Path) -> dict[str, float]:
    """Processor seconds, and peak memory in bytes, of one piece of work in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--only", name, "--log", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Draw a log, run everything in turn, print ratios."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=1_000_000)
    ask.add_argument("--runs", type=int, default=3)
    ask.add_argument("--only", choices=WORK)
    ask.add_argument("--log", type=Path)
    asked = ask.parse_args()
    if asked.only:
        seconds = WORK[asked.only](asked.log)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "peak": peak}))
        return
    from pipeline.console import Progress
    from pipeline.simulated_log import simulate

    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        rows = simulate(asked.customers, 3, log, Progress(), lines=1.0)
        write_text(log)
        rounds = [{name: measured(name, log) for name in WORK} for _ in range(asked.runs)]
    print(f"{rows:,} rows of {asked.customers:,} customers; median of {asked.runs} rounds")
    for peer, ours in AGAINST.items():
        for name in (work.__name__ for work in (peer, *ours)):
            print(_line(name, peer.__name__, rounds))


def write_text(folder: Path) -> None:
    """Write the three columns that are read as one CSV file beside the folder."""
    import duckdb

    columns = ", ".join(COLUMNS.values())
    query = f"SELECT {columns} FROM read_parquet('{folder}/*.parquet')"
    duckdb.sql(f"COPY ({query}) TO '{_text(folder)}' (HEADER)")


def _line(name: str, peer: str, rounds: list[dict[str, dict[str, float]]]) -> str:
    """The medians of one piece of work beside its peer."""
    time = median(one[name]["seconds"] / one[peer]["seconds"] for one in rounds)
    memory = median(one[name]["peak"] / one[peer]["peak"] for one in rounds)
    seconds = median(one[name]["seconds"] for one in rounds)
    peak = median(one[name]["peak"] for one in rounds) / 1e9
    return (
        f"{name:12} {seconds:6.2f} s, {time:5.2f} x {peer}; {peak:5.2f} GB, "
        f"{memory:5.2f} x its memory"
    )


if __name__ == "__main__":
    main()
