"""Windows of the next purchase with and without own gaps and season.

`python -m benchmarks.next_purchase [--kind NAME ...]`

For each kind of business, over the cutoffs of the default backtest and everybody who bought after
them: the share of windows that held the day, their mean length as a share of the horizon, and the
interval score (Winkler 1972: the length, and ten for each day by which a window missed), all
first between the quantiles of the buy-till-you-die model alone. At most `--customers` of a log.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.kinds import KINDS, write
from models.blend.calibration_rows import MOST_CUTOFFS, horizons_apart
from models.blend.next_purchase_window import NextPurchase
from models.blend.waiting_times import past_buyers
from models.evaluation.intervals import coverage
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from pipeline.learning.snapshots import Snapshots

CHOSEN_ON = ("boxes", "subscribers", "regulars", "reorders")
"""Where the groups and their number were looked at first."""


def measured(fitted: NextPurchase, rows: pd.DataFrame) -> dict[str, float]:
    """How windows did for those who bought."""
    bought = rows[rows["churned"] == 0]
    (first, last), day = fitted.window(bought), bought["next_purchase"].to_numpy(float)
    return {
        "held": coverage(day, first, last),
        "length": float((last - first + 1).mean()) / fitted.horizon_days,
        "score": float(fitted.scores(bought).mean()) / fitted.horizon_days,
    }


def compared(snapshots: Snapshots) -> pd.Series:
    """Both kinds of windows, mean over the cutoffs."""
    found = []
    for cutoff in snapshots.plan.backtest:
        history, rows = snapshots.history(cutoff), snapshots.labelled[cutoff]
        days = horizons_apart(history.cutoffs, history.horizon_days)[:MOST_CUTOFFS]
        fitted = NextPurchase.fit(history, days)
        plain = replace(fitted, rhythm=None).calibrated(past_buyers(history, days))
        before = measured(plain, rows)
        after = measured(fitted, rows)
        found.append({f"{name} before": value for name, value in before.items()} | after)
    return pd.DataFrame(found).mean()


def snapshots_of(kind: str, folder: Path, customers: int) -> Snapshots:
    """Simulate a kind of business, keep some customers, and prepare its default backtest."""
    path = folder / f"{kind}.parquet"
    write(kind, path)
    log = pd.read_parquet(path)
    names = np.random.default_rng(0).permutation(np.sort(log["customer"].unique()))
    log[log["customer"].isin(names[:customers])].to_parquet(path, index=False)
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    config = Config.model_validate(
        {"log": {"source": str(path), "columns": columns}, "horizon_days": KINDS[kind][2]}
    )
    progress = Progress(quiet=True)
    with open_orders(config.log, progress) as orders:
        return prepare(orders, config, progress)


def main() -> None:
    """Print one line per kind of business."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--customers", type=int, default=1_500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in asked.kind:
            found = compared(snapshots_of(kind, Path(folder), asked.customers))
            told = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
            print(f"{kind}{' (chosen on)' if kind in CHOSEN_ON else ''}: {told}", flush=True)


if __name__ == "__main__":
    main()
