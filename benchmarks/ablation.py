"""Which features pay: the blend refitted without each group of them, on two real logs.

`python -m benchmarks.ablation [--data FOLDER]`

The cutoffs are earlier than those of `benchmarks.quality`: what is learned here may be used.
Recency, frequency, T and money per purchase stay, the buy-till-you-die models live on them.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from benchmarks.quality import CDNOW_LOG, GROCERY, GROCERY_LOG, Task, config
from models.blend.blend import Blend
from models.evaluation import log_loss
from models.history import LABELS, History
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare

GROUPS = {
    "windows": ("purchases_30d", "purchases_90d", "purchases_180d", "purchases_365d"),
    "windows of money": ("spend_30d", "spend_90d", "spend_180d", "spend_365d"),
    "decays": ("decayed_purchases_30d", "decayed_purchases_90d", "decayed_purchases_365d"),
    "decays of money": ("decayed_spend_30d", "decayed_spend_90d", "decayed_spend_365d"),
    "gaps": ("gap_mean", "gap_sd", "gap_max", "gap_last", "gap_log_mean", "gap_variation"),
    "overdue": ("overdue",),
    "basket": ("amount_first", "amount_last", "amount_max", "amount_total", "amount_sd"),
    "orders, lines, pieces": ("orders", "lines", "quantity"),
    "returns": ("return_share",),
    "weekend": ("weekend_share",),
    "place in the year": tuple(
        f"year_{wave}_{turns}" for turns in (1, 2) for wave in ("cosine", "sine")
    ),
}

TASKS = {
    "CDNOW, 60 days": Task(CDNOW_LOG, 60, (date(1997, 7, 1), date(1997, 8, 1)), {}),
    "CDNOW, 30 days": Task(CDNOW_LOG, 30, (date(1997, 7, 1), date(1997, 9, 1)), {}),
    "grocery, 60 days": Task(GROCERY_LOG, 60, (date(2006, 9, 1), date(2006, 11, 1)), {}),
    "grocery, 30 days": Task(GROCERY_LOG, 30, (date(2006, 8, 1), date(2006, 12, 1)), {}),
}


def without(history: History, names: tuple[str, ...]) -> History:
    """The history with these columns taken out of every snapshot."""
    frames = {name: getattr(history, name) for name in ("panel", "recent", "snapshot")}
    less = {n: f.drop(columns=list(names)) for n, f in frames.items() if f is not None}
    return replace(history, **less)


def losses(task: Task, data: Path) -> pd.DataFrame:
    """Log loss of the blend, a row per cutoff, a column per group left out; `all` leaves none."""
    progress, rows = Progress(quiet=True), []
    settings = config(task, data, ("blend",))
    with open_orders(settings.log, progress) as orders:
        snapshots = prepare(orders, settings, progress)
    for cutoff in task.cutoffs:
        labelled = snapshots.labelled[cutoff]
        came, customers = labelled["churned"].to_numpy(float), labelled.drop(columns=list(LABELS))
        row = {}
        for group, names in {"all": (), **GROUPS}.items():
            blend = Blend().fit(without(snapshots.history(cutoff), names))
            said = blend.predict(customers.drop(columns=list(names)))
            row[group] = log_loss(came, said["p_churn"].to_numpy())
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Print what each group is worth: how much the log loss grows without it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("CHURN_BENCHMARK_DATA"))
    options = parser.parse_args()
    folder = Path(options.data) if options.data else Path("..") / "shared" / "data"
    columns = {}
    for name, task in TASKS.items():
        if task.log is GROCERY_LOG and not (folder / GROCERY).exists():
            print(f"{name}: left out, {GROCERY} is not in {folder} (see --data)")
            continue
        found = losses(task, folder / GROCERY).mean()
        columns[name] = found.drop("all") - found["all"]
        print(f"\n{name}: log loss with all {found['all']:.4f}; without a group, more by")
        print(columns[name].round(4).to_string(), flush=True)
    table = pd.DataFrame(columns)
    print("\nLog loss without the group, less that with it: above 0 it pays")
    print(table.assign(mean=table.mean(axis=1)).round(4).to_string())


if __name__ == "__main__":
    main()
