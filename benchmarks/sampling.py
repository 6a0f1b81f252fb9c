"""How many customers to learn from: quality, time and memory of hash samples of growing size.

    python -m benchmarks.sampling --customers 1000000 --sizes 20000 50000 200000
    python -m benchmarks.sampling --kind givers --customers 270000 --sizes 20000 50000 200000

One log, of `churn simulate` or of a kind of `benchmarks.kinds` drawn several times, and one cutoff,
a horizon before the log's end. The blend learns from each sample in a process of its own, and is
asked about the same 200,000 customers, drawn at random from all.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.kinds import KINDS, START
from benchmarks.kinds import write as write_kind
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

JUDGED = 200_000
FIGURES = ("log_loss", "roc_auc", "spend_gini", "spend_bias", "seconds", "gigabytes")


@dataclass(frozen=True)
class Asked:
    """A folder of Parquet files, and what is asked of it."""

    log: str
    cutoff: str
    horizon_days: int
    attributes: tuple[str, ...] = ()


def simulated(n_customers: int, folder: Path) -> Asked:
    """A log of `churn simulate`, with two attributes."""
    simulate(n_customers, 3, folder, Progress(), lines=1.0)
    return Asked(str(folder), "2024-10-01", 91, ("country", "channel"))


def of_kind(kind: str, n_customers: int, folder: Path) -> Asked:
    """A kind of business, drawn with one seed after another until there are enough customers."""
    folder.mkdir()
    customers = 0
    for seed in count(1):
        if customers >= n_customers:
            break
        file = folder / f"{seed}.parquet"
        write_kind(kind, file, seed)
        rows = pd.read_parquet(file)
        rows = rows.rename(columns={"customer": "customer_id", "date": "ordered_at"})
        rows["customer_id"] = f"{seed}_" + rows["customer_id"]
        rows.to_parquet(file, index=False)
        customers += rows["customer_id"].nunique()
    _, n_days, horizon_days = KINDS[kind]
    return Asked(str(folder), str(START + timedelta(n_days - horizon_days)), horizon_days)


def learned(asked: Asked, size: int, out: Path) -> dict[str, float]:
    """Fit on a sample of `size` customers; the loss of each judged customer goes to `out`."""
    cutoff = date.fromisoformat(asked.cutoff)
    settings = Config.model_validate(
        {
            "log": {
                "source": f"{asked.log}/*.parquet",
                "columns": {
                    "customer_id": "customer_id",
                    "transacted_at": "ordered_at",
                    "amount": "amount",
                    "attributes": asked.attributes,
                },
            },
            "horizon_days": asked.horizon_days,
            "backtest": {"cutoffs": (cutoff,)},
            "contenders": ("blend",),
            "training": {"max_customers": size},
        }
    )
    progress = Progress(quiet=True)
    with open_orders(settings.log, progress) as orders:
        horizon = {cutoff: asked.horizon_days}
        rows = panel(with_gaps(orders.netted), horizon, orders.end, orders.attributes)
        rows = rows.order_by("customer_id")
        everybody: pd.DataFrame = rows.to_pyarrow().to_pandas()
        some = np.random.default_rng(0).choice(
            len(everybody), min(JUDGED, len(everybody)), replace=False
        )
        judged = everybody.iloc[np.sort(some)].reset_index(drop=True)
        del everybody
        started = process_time()
        snapshots = prepare(orders, settings, progress)
    blend = Blend().fit(snapshots.history(cutoff))
    seconds = process_time() - started
    said = blend.predict(judged.drop(columns=["cutoff", *LABELS]))
    churned, spend = judged["churned"].to_numpy(float), judged["spend"].to_numpy(float)
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


def _alone(asked: Asked, size: int, out: Path) -> dict[str, float]:
    """The same in a process of its own, whose peak of memory is then its own as well."""
    command = [sys.executable, "-m", "benchmarks.sampling", "--sizes", str(size)]
    command += ["--asked", json.dumps(asdict(asked)), "--out", str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Draw a log, learn from each size, print a row for each as it is done."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=1_000_000)
    ask.add_argument("--sizes", type=int, nargs="+", default=[20_000, 50_000, 200_000])
    ask.add_argument("--kind", choices=KINDS)
    ask.add_argument("--asked", type=lambda text: Asked(**json.loads(text)))
    ask.add_argument("--out", type=Path)
    options = ask.parse_args()
    if options.asked:
        print(json.dumps(learned(options.asked, options.sizes[0], options.out)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder, kind = Path(name) / "log", options.kind
        draw = partial(of_kind, kind) if kind else simulated
        asked = draw(options.customers, folder)
        first: np.ndarray | None = None
        print(" ".join(f"{name:>12}" for name in ("customers", *FIGURES, "beside first")))
        for size in options.sizes:
            out = Path(name) / f"{size}.npy"
            found = _alone(asked, size, out)
            loss = np.load(out)
            first = loss if first is None else first
            gain, error = (loss - first).mean(), (loss - first).std() / np.sqrt(len(loss))
            cells = [f"{size:12,}", *(f"{found[name]:12.4f}" for name in FIGURES)]
            print(*cells, f"{gain:+.5f} +- {1.96 * error:.5f}", flush=True)


if __name__ == "__main__":
    main()
