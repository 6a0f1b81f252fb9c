"""Are the reasons worth reading: how many a row has, how they differ, and whether they were right.

`python -m benchmarks.reasons [--data FOLDER] [--task NAME]`

At the last cutoff of each task of `benchmarks.quality` a blend that knew only what came before
gives its reasons. Printed by log: the share of customers with one, two and three reasons; how the
first ones are spread over the themes; and, for each theme, how many of those told "more likely to
leave" left, beside those told "more likely to stay". Right is a theme whose first share is larger.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd

from benchmarks.quality import TASKS, config
from models.blend.blend import Blend
from models.explain.reasons import LEAST
from models.history import LABELS
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare


def by_theme(themes: pd.DataFrame, churned: pd.Series) -> pd.DataFrame:
    """One row a theme: how many were told it, and the share that left by what they were told."""
    rows = {}
    for name in map(str, themes):
        leave, stay = themes[name] >= LEAST, themes[name] <= -LEAST
        first = themes.abs().idxmax(axis=1) == name
        rows[name] = {
            "first": first.mean(),
            "told": (leave | stay).mean(),
            "left of leave": churned[leave].mean(),
            "left of stay": churned[stay].mean(),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").sort_values("first", ascending=False)
    return table.assign(right=table["left of leave"] > table["left of stay"])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("CHURN_BENCHMARK_DATA"))
    parser.add_argument("--task", choices=list(TASKS), action="append")
    asked = parser.parse_args()
    for name in asked.task or TASKS:
        task = TASKS[name]
        with open_orders(config(task, asked.data, ("blend",)).log, Progress(quiet=True)) as orders:
            snapshots = prepare(orders, config(task, asked.data, ("blend",)), Progress(quiet=True))
            cutoff = snapshots.plan.backtest[-1]
            rows = snapshots.labelled[cutoff]
            blend = Blend().fit(snapshots.history(cutoff))
        customers = rows.drop(columns=list(LABELS))
        predicted = blend.predictions(customers)
        themes, said = predicted.contributions, predicted.reasons
        n = (said != "").sum(axis=1)
        counts = ", ".join(f"{k}: {(n == k).mean():.0%}" for k in range(4))
        print(f"\n{name}, {cutoff}: customers by number of reasons: {counts}")
        print(f"different first reasons: {said['reason_1'].nunique():,} of {len(said):,}")
        print(by_theme(themes, rows["churned"]).round(3).to_string())


if __name__ == "__main__":
    main()
