"""How many customers to learn from: quality, time and memory of hash samples of growing size.

    python -m benchmarks.sampling --customers 1000000 --sizes 20000 50000 200000 1000000

One simulated log, one cutoff, a horizon before the log's end. The blend learns from each sample in
a process of its own, and is asked about the same 200,000 customers, drawn at random from all.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from features.customer.panel import panel
from features.customer.purchase_days import with_gaps
from models.blend.blend import Blend
from models.evaluation import log_loss, normalised_gini, roc_auc
from models.evaluation.bootstrap import customer_log_loss
from models.history import LABELS
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from pipeline.simulated_log import simulate

HORIZON, CUTOFF = 91, date(2024, 10, 1)
JUDGED = 200_000
FIGURES = ("log_loss", "roc_auc", "spend_gini", "spend_bias", "seconds", "gigabytes")


def learned(log: Path, size: int, out: Path) -> dict[str, float]:
    """Fit on a sample of `size` customers; the loss of each judged customer goes to `out`."""
    settings = Config.model_validate(
        {
            "log": {
                "source": f"{log}/*.parquet",
                "columns": {
                    "customer_id": "customer_id",
                    "transacted_at": "ordered_at",
                    "amount": "amount",
                    "order_id": "order_id",
                    "attributes": ["country", "channel"],
                },
            },
            "horizon_days": HORIZON,
            "backtest": {"cutoffs": (CUTOFF,)},
            "contenders": ("blend",),
            "training": {"max_customers": size},
        }
    )
    progress = Progress(quiet=True)
    with open_orders(settings.log, progress) as orders:
        rows = panel(
            with_gaps(orders.netted), {CUTOFF: HORIZON}, orders.end, orders.attributes
        ).order_by("customer_id")
        everybody: pd.DataFrame = rows.to_pyarrow().to_pandas()
        some = np.random.default_rng(0).choice(len(everybody), JUDGED, replace=False)
        asked = everybody.iloc[np.sort(some)].reset_index(drop=True)
        del everybody
        started = process_time()
        snapshots = prepare(orders, settings, progress)
    blend = Blend().fit(snapshots.history(CUTOFF))
    seconds = process_time() - started
    said = blend.predict(asked.drop(columns=["cutoff", *LABELS]))
    churned, spend = asked["churned"].to_numpy(float), asked["spend"].to_numpy(float)
    p_churn, expected = said["p_churn"].to_numpy(), said["expected_spend"].to_numpy()
    np.save(out, customer_log_loss(churned, p_churn))
    return {
        "log_loss": log_loss(churned, p_churn),
        "roc_auc": roc_auc(churned, p_churn),
        "spend_gini": normalised_gini(spend, expected),
        "spend_bias": float(expected.sum() / spend.sum() - 1),
        "seconds": seconds,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def _alone(log: Path, size: int, out: Path) -> dict[str, float]:
    """The same in a process of its own, whose peak of memory is then its own as well."""
    command = [sys.executable, "-m", "benchmarks.sampling", "--sizes", str(size)]
    command += ["--log", str(log), "--out", str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Draw a log, learn from each size, print a row for each as it is done."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=1_000_000)
    ask.add_argument("--sizes", type=int, nargs="+", default=[20_000, 50_000, 200_000, 1_000_000])
    ask.add_argument("--log", type=Path)
    ask.add_argument("--out", type=Path)
    asked = ask.parse_args()
    if asked.log:
        print(json.dumps(learned(asked.log, asked.sizes[0], asked.out)))
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        simulate(asked.customers, 3, log, Progress(), lines=1.0)
        first: np.ndarray | None = None
        print(" ".join(f"{name:>12}" for name in ("customers", *FIGURES, "beside first")))
        for size in asked.sizes:
            out = Path(folder) / f"{size}.npy"
            found = _alone(log, size, out)
            loss = np.load(out)
            first = loss if first is None else first
            gain, error = (loss - first).mean(), (loss - first).std() / np.sqrt(len(loss))
            cells = [f"{size:12,}", *(f"{found[name]:12.4f}" for name in FIGURES)]
            print(*cells, f"{gain:+.5f} +- {1.96 * error:.5f}", flush=True)


if __name__ == "__main__":
    main()
