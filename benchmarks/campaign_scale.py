"""A million customers planned and measured, beside reading their scores and grouping their log.

Each step runs in a process of its own, whose largest memory is told. Processor time is beside the
time on the clock, which other work on the machine changes.
"""

import json
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

CUSTOMERS, ROWS = 1_000_000, 4_000_000
AS_OF, HORIZON = date(2024, 3, 1), 60
SPEC = {"columns": {"customer_id": "customer_id", "transacted_at": "date", "amount": "amount"}}


def make(folder, n=CUSTOMERS, n_rows=ROWS, seed=0):
    """Scores as wide as those of `churn score`, and a log of the same customers."""
    from pipeline.scoring.score import SCHEMA

    rng = np.random.default_rng(seed)
    p, if_bought = rng.beta(1.2, 1, n), rng.gamma(2, 30, n)
    ids = pa.array([f"{i:07d}" for i in range(n)])
    columns = {"customer_id": ids, "p_churn": p, "expected_spend": (1 - p) * if_bought}
    columns |= {"segment": pa.array(np.array(["loyal", "at risk", "lost"])[(p * 3).astype(int)])}
    columns |= {"as_of": pa.array([AS_OF] * n), "horizon_days": np.full(n, HORIZON, np.int32)}
    columns |= {"model_version": pa.array(["abc"] * n)}
    for field in SCHEMA:
        if field.name not in columns:
            columns[field.name] = _filled(field.type, n, rng)
    table = pa.table({name: columns[name] for name in SCHEMA.names}).cast(SCHEMA)
    parquet.write_table(table, folder / "scores.parquet")
    who = np.concatenate([np.arange(n), rng.integers(0, n, n_rows - n)])
    day = np.concatenate([np.full(n, -200), rng.integers(-365, HORIZON, n_rows - n)])
    start = np.datetime64(AS_OF)
    log = pa.table(
        {
            "customer_id": ids.take(pa.array(who)),
            "date": pa.array(start + day),
            "amount": pa.array(np.round(rng.gamma(2, 15, n_rows) + 1, 2)),
        }
    )
    parquet.write_table(log, folder / "orders.parquet")


def _filled(kind, n, rng):
    if pa.types.is_date(kind):
        return pa.array([AS_OF + timedelta(days=20)] * n)
    if pa.types.is_string(kind):
        return pa.array(["silence"] * n)
    if pa.types.is_boolean(kind):
        return pa.array(np.zeros(n, bool))
    if pa.types.is_integer(kind):
        return pa.array(rng.integers(0, 100, n))
    return pa.array(rng.random(n))


def read(folder):
    """Read the scores, and group the log by customer."""
    import duckdb

    pd.read_parquet(folder / "scores.parquet")
    duckdb.sql(
        f"SELECT customer_id, count(DISTINCT date), sum(amount) "
        f"FROM '{folder}/orders.parquet' GROUP BY customer_id"
    ).fetchnumpy()


def plan(folder):
    """Plan a campaign and write it."""
    from pipeline.acting.effect import assumed
    from pipeline.acting.plan import plan as stage
    from pipeline.acting.plan_file import write_plan
    from pipeline.campaign_config import CampaignConfig, ControlConfig

    terms = CampaignConfig(contact_cost=0.05)
    made = stage(folder / "scores.parquet", "big", terms, ControlConfig(), assumed(0.2))
    write_plan(made.file, folder / "plan.parquet")


def measure(folder):
    """Read the plan and the log, and compare the groups."""
    from features.log.transactions import LogSpec
    from pipeline.acting.measure import measure as stage
    from pipeline.acting.measured import write_measured
    from pipeline.acting.plan_file import read_plan
    from pipeline.console import Progress
    from pipeline.intake.orders import open_orders

    spec = LogSpec.model_validate({"source": str(folder / "orders.parquet"), **SPEC})
    with open_orders(spec, Progress(quiet=True)) as orders:
        found = stage(read_plan(folder / "plan.parquet"), orders, spec)
    write_measured(found, folder / "measured.json")


def opened(folder):
    """Read and check the log as every command does, nothing else."""
    from features.log.transactions import LogSpec
    from pipeline.console import Progress
    from pipeline.intake.orders import open_orders

    spec = LogSpec.model_validate({"source": str(folder / "orders.parquet"), **SPEC})
    with open_orders(spec, Progress(quiet=True)):
        pass


STEPS = {"read": read, "plan": plan, "open": opened, "measure": measure}


def timed(folder, step):
    """Seconds on the clock and of the processor without imports, and largest memory in GB."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.campaign_scale", str(folder), step],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def report(repeats=3):
    """Print each step's time as a multiple of reading, steps in turn, and its memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        found = []
        for _ in range(repeats):
            (folder / "plan.parquet").unlink(missing_ok=True)
            found.append({step: timed(folder, step) for step in STEPS})
    table = pd.concat([pd.DataFrame(one) for one in found], keys=range(repeats))
    seconds, cpu, memory = (table.xs(name, level=1) for name in ("seconds", "cpu", "gb"))
    print(f"{CUSTOMERS:,} customers, {ROWS:,} rows of log; median of {repeats} rounds in turn")
    for step in STEPS:
        print(
            f"  {step:8} {(seconds[step] / seconds['read']).median():5.2f} x reading scores and "
            f"grouping the log ({(cpu[step] / cpu['read']).median():.2f} x its processor time), "
            f"{memory[step].max():.2f} GB"
        )


def _main(folder, step):
    import resource

    import pipeline.acting.measure
    import pipeline.acting.plan  # noqa: F401 - what is imported is not what is timed

    began, used = perf_counter(), process_time()
    STEPS[step](Path(folder))
    seconds, cpu = perf_counter() - began, process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gb": peak}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
