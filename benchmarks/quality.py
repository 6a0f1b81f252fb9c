"""Prediction quality from scratch: the default backtest on two real logs, four tasks.

`python -m benchmarks.quality [--data FOLDER] [--task NAME] [--contenders NAME ...]`

CDNOW comes with the lifetimes package. The grocery log (`grocery_elog.parquet`, data of the R
package BTYDplus) cannot be passed on; name its folder by `--data` or `CHURN_BENCHMARK_DATA`.
Training takes the defaults of `churn train`; only the cutoffs to be judged at are fixed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmarks.race import against_parts
from models.all_contenders import CONTENDERS
from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.mean_shift import shift_to_mean
from models.blend.stacking import Level1Data, stacking_weights
from models.contenders.encoding import expit, logit
from models.evaluation import (
    calibration_error_by_chance,
    expected_calibration_error,
    log_loss,
    normalised_gini,
    roc_auc,
)
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.backtest import Backtest, backtest
from pipeline.learning.prepare import prepare

GROCERY = "grocery_elog.parquet"

CDNOW_LOG = {
    "source": "package://lifetimes/datasets/CDNOW_master.txt",
    "delimiter": "whitespace",
    "date_format": "%Y%m%d",
    "columns": {
        "customer_id": "customer_id",
        "transacted_at": "date",
        "amount": "dollar_value",
        "quantity": "number_of_cds",
    },
}
GROCERY_LOG = {
    "columns": {
        "customer_id": "customer_id",
        "transacted_at": "timestamp",
        "order_id": "order_id",
    }
}


@dataclass(frozen=True)
class Task:
    """A log, a horizon in days, the cutoffs to be judged at, and what is to be reached."""

    log: dict[str, Any]
    horizon_days: int
    cutoffs: tuple[date, ...]
    reach: dict[str, float]


TASKS = {
    "cdnow13": Task(
        CDNOW_LOG,
        91,
        (date(1997, 10, 2), date(1998, 1, 1), date(1998, 4, 1)),
        {"log_loss": 0.340, "roc_auc": 0.812, "ece": 0.02, "spend_gini": 0.740},
    ),
    "cdnow26": Task(
        CDNOW_LOG,
        182,
        (date(1997, 12, 31),),
        {"log_loss": 0.410, "roc_auc": 0.809, "ece": 0.02, "spend_gini": 0.765},
    ),
    "groc13": Task(
        GROCERY_LOG,
        91,
        (date(2007, 1, 1), date(2007, 4, 2), date(2007, 7, 2), date(2007, 10, 1)),
        {"log_loss": 0.245, "roc_auc": 0.936, "ece": 0.02},
    ),
    "groc26": Task(
        GROCERY_LOG,
        182,
        (date(2007, 1, 1), date(2007, 4, 2), date(2007, 7, 2)),
        {"log_loss": 0.300, "roc_auc": 0.916, "ece": 0.02},
    ),
}

SPENDERS = ("mbg_nbd", "pareto_nbd", "boosted_spend")

"""CDNOW's second 39 weeks, from the first: the holdout of the papers."""

SHOWN = (
    "roc_auc",
    "log_loss",
    "brier",
    "ece",
    "buyer_lift_10",
    "spend_gini",
    "spend_spearman",
    "spend_mae_ratio",
    "spend_bias",
    "top_10_capture",
)


def config(task: Task, data: Path | None, contenders: tuple[str, ...]) -> Config:
    """The task as a config in which everything else keeps its default."""
    log = task.log if "source" in task.log else {**task.log, "source": str(data)}
    return Config.model_validate(
        {
            "log": log,
            "horizon_days": task.horizon_days,
            "backtest": {"cutoffs": task.cutoffs},
            "contenders": contenders,
        }
    )


def run(name: str, data: Path | None, contenders: tuple[str, ...]) -> Backtest:
    """Backtest one task."""
    progress = Progress(quiet=True)
    settings = config(TASKS[name], data, contenders)
    started = perf_counter()
    with open_orders(settings.log, progress) as orders:
        snapshots = prepare(orders, settings, progress)
        result = backtest(snapshots, settings.contenders, progress)
    print(f"\n{name}: {len(TASKS[name].cutoffs)} cutoffs, {perf_counter() - started:.0f} s")
    return result


def show(name: str, board: pd.DataFrame) -> None:
    """Print the means over the cutoffs, and what was to be reached."""
    means = board.groupby("contender", sort=False)[[*SHOWN, "fit_seconds"]].mean()
    print(means.sort_values("log_loss").round(4).to_string())
    chosen = board.loc[board["chosen"], list(SHOWN)].mean()
    for score, target in TASKS[name].reach.items():
        larger_is_better = score in ("roc_auc", "spend_gini")
        reached = chosen[score] >= target if larger_is_better else chosen[score] <= target
        sign = ">=" if larger_is_better else "<="
        print(
            f"  {score} {chosen[score]:.4f} {sign} {target}: {'reached' if reached else 'missed'}"
        )


def limits(result: Backtest) -> pd.DataFrame:
    """What the blend's parts could reach if they were told what came; nobody can be.

    Rows: the blend; the blend moved to the level that came; its parts in the mix, and at the
    level, that was best; its parts' log odds regressed on nine tenths of the outcomes and
    judged on the last tenth (ten-fold). `spend_gini` of the mix is the best of all mixes of
    expected spend in steps of a tenth. The ECE of the second row by chance alone, were all its
    probabilities the truth, is `ece_chance`. Means over the cutoffs.
    """
    tables = []
    for _, rows in result.outcomes.groupby("cutoff"):
        churned = rows["churned"].to_numpy(float)
        said = {
            name: logit(result.answers[name].loc[rows.index, "p_churn"].to_numpy())
            for name in ("blend", *PRIOR_WEIGHTS)
        }
        parts, one = np.column_stack([said[name] for name in PRIOR_WEIGHTS]), np.ones(len(rows))
        prior = np.array(list(PRIOR_WEIGHTS.values()))
        best = stacking_weights([Level1Data(parts, churned, one)], prior, shrunk=False)
        log_odds = {
            "blend": said["blend"],
            "blend at the true level": _at(said["blend"], churned),
            "parts in the best mix": _at(parts @ best, churned),
            "parts taught the outcomes": logit(
                cross_val_predict(
                    LogisticRegression(), parts, churned, cv=10, method="predict_proba"
                )[:, 1]
            ),
        }
        measured = {
            name: {
                "log_loss": log_loss(churned, expit(x)),
                "roc_auc": roc_auc(churned, expit(x)),
                "ece": expected_calibration_error(churned, expit(x)),
            }
            for name, x in log_odds.items()
        }
        level = expit(log_odds["blend at the true level"])
        measured["blend at the true level"]["ece_chance"] = calibration_error_by_chance(level)
        spend = {
            name: result.answers[name].loc[rows.index, "expected_spend"].to_numpy()
            for name in ("blend", *SPENDERS)
        }
        came = rows["spend"].clip(lower=0).to_numpy()
        measured["blend"]["spend_gini"] = normalised_gini(came, spend["blend"])
        measured["parts in the best mix"]["spend_gini"] = max(
            normalised_gini(came, np.column_stack(list(spend.values())) @ shares)
            for shares in _simplex(len(spend), 10)
        )
        tables.append(pd.DataFrame(measured).T)
    return sum(tables) / len(tables)


def _simplex(n: int, steps: int) -> Iterator[np.ndarray]:
    """Shares of `n` parts in even steps; each adds up to 1."""
    for counts in product(range(steps + 1), repeat=n - 1):
        if sum(counts) <= steps:
            yield np.array([*counts, steps - sum(counts)]) / steps


def _at(log_odds: np.ndarray, churned: np.ndarray) -> np.ndarray:
    return log_odds + shift_to_mean(log_odds, np.ones(len(log_odds)), float(churned.mean()))


def main() -> None:
    """Run the tasks whose log is there, and say which is not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("CHURN_BENCHMARK_DATA"))
    parser.add_argument("--task", choices=TASKS, action="append")
    parser.add_argument("--contenders", nargs="+", default=tuple(CONTENDERS))
    parser.add_argument("--out", type=Path, help="also write all rows to this CSV file")
    options = parser.parse_args()
    folder = Path(options.data) if options.data else Path("..") / "shared" / "data"
    boards = []
    for name in options.task or TASKS:
        log = folder / GROCERY
        if TASKS[name].log is GROCERY_LOG and not log.exists():
            print(f"\n{name}: left out, {GROCERY} is not in {folder} (see --data)")
            continue
        result = run(name, log, tuple(options.contenders))
        board = result.leaderboard
        show(name, board)
        if {"blend", *PRIOR_WEIGHTS, *SPENDERS} <= set(result.answers):
            print(limits(result).round(4).to_string(na_rep=""))
            race = pd.DataFrame({name: against_parts(result)}).T
            print(race.to_string(float_format="{:.4f}".format))
        boards.append(board.assign(task=name))
    if options.out and boards:
        pd.concat(boards, ignore_index=True).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
