"""How often the 80 % intervals hold on cutoffs that they were not fitted to.

`python -m benchmarks.coverage [--data FOLDER] [--task NAME]`

The tasks are those of `benchmarks.quality`. Spend and the next purchase are held to the outcome of
the horizon; the value of several months (clv, undiscounted here) to what came in them, where the
log is long enough.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality import CDNOW_LOG, GROCERY, GROCERY_LOG, TASKS, Task, config
from features.customer.labels import labels
from models.blend.blend import Blend
from models.blend.predictions import BlendPredictions
from models.btyd.lifetime_value import month_ends
from models.evaluation.intervals import coverage_by_decile
from models.history import LABELS
from pipeline.console import Progress
from pipeline.intake.orders import Orders, open_orders
from pipeline.learning.prepare import prepare

MONTHS = (6, 9, 12)

LONG = {
    "cdnow13, months": Task(
        CDNOW_LOG, 91, (date(1997, 7, 2), date(1997, 10, 2), date(1998, 1, 1)), {}
    ),
    "groc13, months": Task(
        GROCERY_LOG, 91, (date(2006, 10, 1), date(2007, 1, 1), date(2007, 4, 2)), {}
    ),
}
"""Where the value of months is measured: earlier cutoffs, so that months are left after them."""


@dataclass(frozen=True)
class Answered:
    """What the blend said at one cutoff, and what came in the horizon."""

    cutoff: date
    customers: pd.DataFrame
    predictions: BlendPredictions
    outcomes: pd.DataFrame

    @property
    def said(self) -> pd.DataFrame:
        return self.predictions.answers


def answered(orders: Orders, task: Task, data: Path) -> Iterator[Answered]:
    """Fit the blend at each cutoff of a task, on what was known there."""
    progress = Progress(quiet=True)
    snapshots = prepare(orders, config(task, data, ("blend",)), progress)
    for cutoff in snapshots.plan.backtest:
        rows = snapshots.labelled[cutoff]
        customers = rows.drop(columns=list(LABELS))
        blend = Blend().fit(snapshots.history(cutoff))
        yield Answered(cutoff, customers, blend.predictions(customers), rows)


def spend(one: Answered) -> pd.DataFrame:
    """Coverage of the horizon's spend by tenth of expected spend."""
    came = one.outcomes["spend"].clip(lower=0)
    ends = one.said["expected_spend_low"], one.said["expected_spend_high"]
    return coverage_by_decile(came, *ends, one.said["expected_spend"], one.said["p_churn"])


def if_any(one: Answered) -> pd.DataFrame:
    """Of those who bought: was their spend in the range if there is any; by tenth of the mean."""
    bought = (one.outcomes["churned"] == 0).to_numpy()
    said = one.said[bought]
    ends = said["spend_if_any_low"], said["spend_if_any_high"]
    return coverage_by_decile(one.outcomes.loc[bought, "spend"], *ends, said["expected_spend"])


def next_purchase(one: Answered) -> pd.DataFrame:
    """Of those who bought: was the first day in the window; by tenth of expected purchases."""
    bought = (one.outcomes["churned"] == 0).to_numpy()
    said = one.said[bought]
    ends = said["next_purchase_from"], said["next_purchase_to"]
    table = coverage_by_decile(
        one.outcomes.loc[bought, "next_purchase"], *ends, said["expected_purchases"]
    )
    # Both days belong to the window.
    return table.assign(mean_width=table["mean_width"] + 1)


def months(one: Answered, orders: Orders) -> Iterator[tuple[int, pd.DataFrame]]:
    """Coverage of the value of so many months by tenth of that value, as far as the log goes.

    `bias` is what was expected of all over what came, minus 1.
    """
    for number in MONTHS:
        days = int(month_ends(number, start=one.cutoff)[-1])
        if (orders.end - one.cutoff).days < days:
            return
        outcome = labels(orders.days, one.cutoff, days, orders.end).to_pyarrow().to_pandas()
        came = outcome.set_index("customer_id")["spend"].clip(lower=0)
        value = one.predictions.clv(number, 0.0, one.cutoff)
        ends = one.predictions.clv_interval(value, number, one.cutoff)
        none = one.predictions.none_within(number, one.cutoff)
        came = came.loc[one.customers["customer_id"]]
        table = coverage_by_decile(came, *ends, value, none)
        yield number, table.assign(bias=value.sum() / came.sum() - 1)


def overall(table: pd.DataFrame) -> dict[str, float]:
    """All customers and the top tenth, of a table by tenth."""
    shown = [name for name in ("coverage", "pit_coverage") if name in table]
    row = {}
    for name in shown:
        row[name] = float(np.average(table[name], weights=table["n_customers"]))
        row[f"{name}_top_10"] = float(table[name].iloc[0])
    if "bias" in table:
        row["bias"] = float(table["bias"].iloc[0])
    return row


def run(name: str, task: Task, data: Path) -> pd.DataFrame:
    """Measure one task; a row per cutoff and kind of interval, and the tables by tenth."""
    rows, tables = [], []
    with open_orders(config(task, data, ("blend",)).log, Progress(quiet=True)) as orders:
        for one in answered(orders, task, data):
            found = {
                "spend": spend(one),
                "if any": if_any(one),
                "next purchase": next_purchase(one),
            }
            if name in LONG:
                found = {f"value of {n} months": table for n, table in months(one, orders)}
            for kind, table in found.items():
                rows.append({"task": name, "kind": kind, "cutoff": one.cutoff, **overall(table)})
                tables.append(table.assign(kind=kind))
    for kind, some in pd.concat(tables).groupby("kind", sort=False):
        means = (
            some.drop(columns=["kind", "bias"], errors="ignore")
            .dropna(axis="columns")
            .groupby("decile")
            .mean()
        )
        print(f"\n{name}, {kind}, by tenth of the expected value: means over the cutoffs")
        print(means.round(3).to_string())
    board = pd.DataFrame(rows)
    print(board.round(3).to_string(index=False))
    return board


def main() -> None:
    """Run the tasks whose log is there, then print the means over each one's cutoffs."""
    tasks = {**TASKS, **LONG}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("CHURN_BENCHMARK_DATA"))
    parser.add_argument("--task", choices=tasks, action="append")
    options = parser.parse_args()
    folder = Path(options.data) if options.data else Path("..") / "shared" / "data"
    boards = []
    for name in options.task or tasks:
        if tasks[name].log is GROCERY_LOG and not (folder / GROCERY).exists():
            print(f"\n{name}: left out, {GROCERY} is not in {folder} (see --data)")
            continue
        boards.append(run(name, tasks[name], folder / GROCERY))
    means = pd.concat(boards).drop(columns="cutoff").groupby(["task", "kind"], sort=False).mean()
    print("\nMeans over the cutoffs; 80 % is promised")
    print(means.round(3).to_string())


if __name__ == "__main__":
    main()
