"""From a log to RFM and features, beside one hand-written two-level group-by: time and memory.

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

CUTOFF = date(2025, 1, 1)
COLUMNS = {"customer_id": "customer_id", "transacted_at": "ordered_at", "amount": "amount"}


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
    from features.engines.duckdb import connect
    from features.log.transactions import LogSpec, open_log

    started = process_time()
    engine = connect([folder])
    spec = LogSpec(source=str(folder), columns=COLUMNS)
    log = open_log(engine, spec, datetime(2025, 6, 1))
    days = purchase_days(log.transactions, known=log.known)
    engine.create_table("found", rfm(days, CUTOFF))
    return process_time() - started


def features(folder: Path) -> float:
    """All features of one cutoff, from purchase days; reading the log is not counted."""
    from features.customer.purchase_days import purchase_days
    from features.customer.snapshot import snapshot
    from features.engines.duckdb import connect
    from features.log.transactions import LogSpec, open_log

    engine = connect([folder])
    spec = LogSpec(source=str(folder), columns=COLUMNS)
    log = open_log(engine, spec, datetime(2025, 6, 1))
    days = engine.create_table("days", purchase_days(log.transactions, known=log.known))
    started = process_time()
    engine.create_table("found", snapshot(days, CUTOFF))
    return process_time() - started


WORK = {work.__name__: work for work in (by_hand, log_to_rfm, features)}


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
        rounds = [{name: measured(name, log) for name in WORK} for _ in range(asked.runs)]
    print(f"{rows:,} rows of {asked.customers:,} customers; median of {asked.runs} rounds")
    for name in WORK:
        time = median(r[name]["seconds"] / r["by_hand"]["seconds"] for r in rounds)
        memory = median(r[name]["peak"] / r["by_hand"]["peak"] for r in rounds)
        peak = median(r[name]["peak"] for r in rounds) / 1e9
        print(f"{name:12} {time:5.2f} x its time, {memory:5.2f} x its memory ({peak:.2f} GB)")


if __name__ == "__main__":
    main()
