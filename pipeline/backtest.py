"""Contenders fitted and scored at past cutoffs, only with labels complete before each."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from features.engines.files import atomic
from models.contender import Contender
from models.contenders import BASELINES, CONTENDERS, DEFAULT, create
from models.evaluation.leaderboard import CHURN_SCORES, SPEND_SCORES, evaluate
from models.history import History
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import plan
from pipeline.horizon import horizon_of
from pipeline.orders import Orders
from pipeline.snapshots import OUTCOMES, Snapshots, collect

COLUMNS = (
    "contender",
    "cutoff",
    "horizon_days",
    "n_customers",
    "churn_rate",
    *CHURN_SCORES,
    *SPEND_SCORES,
    "fit_seconds",
    "chosen",
)
"""The leaderboard's columns; smaller is better for log_loss, brier, ece, spend_mae_ratio."""


@dataclass(frozen=True)
class Backtest:
    """What each contender would have answered in the past, and what came."""

    leaderboard: pd.DataFrame
    chosen: str
    predictions: pd.DataFrame

    @property
    def means(self) -> pd.DataFrame:
        """One row per contender: its scores' means over the cutoffs, best log loss first."""
        scores = [*CHURN_SCORES, *SPEND_SCORES]
        board = self.leaderboard.groupby("contender", sort=False)[scores].mean()
        return board.sort_values("log_loss", kind="stable")


def backtest(snapshots: Snapshots, names: tuple[str, ...] | None, progress: Progress) -> Backtest:
    """Fit every contender at each backtest cutoff and score what it says about the horizon.

    A contender that cannot be fitted at a cutoff stays on the board without figures.
    """
    rows: list[dict[str, Any]] = []
    kept = []
    board = names or tuple(CONTENDERS)
    cutoffs = snapshots.plan.backtest
    for number, cutoff in enumerate(cutoffs, 1):
        known = snapshots.labelled[cutoff]
        customers, outcomes = known.drop(columns=list(OUTCOMES)), known
        history = snapshots.history(cutoff)
        for name in board:
            with progress.step(f"Backtest at {cutoff} ({number} of {len(cutoffs)}): {name}"):
                started = perf_counter()
                fitted = _fit(name, history, progress)
                seconds = perf_counter() - started
            if fitted is None:
                rows.append({"contender": name, "cutoff": cutoff, "n_customers": len(known)})
                continue
            predicted = fitted.predict(customers)
            scores = evaluate(outcomes, predicted)
            rows.append({"contender": name, "cutoff": cutoff, **scores, "fit_seconds": seconds})
            if name == _answer(board):
                kept.append(_beside(outcomes, predicted, cutoff))
    chosen = _answer(board)
    leaderboard = pd.DataFrame(rows).assign(horizon_days=snapshots.plan.horizon_days)
    leaderboard["chosen"] = leaderboard["contender"] == chosen
    leaderboard = leaderboard.reindex(columns=list(COLUMNS))
    return Backtest(leaderboard, chosen, pd.concat(kept, ignore_index=True))


def baseline(result: Backtest) -> str:
    """The naive rule with the best log loss; the chosen contender where no rule is on the board."""
    means = result.means
    rules = means.loc[means.index.isin(BASELINES), "log_loss"].dropna()
    return str(rules.idxmin()) if len(rules) else result.chosen


def verdict(result: Backtest) -> str:
    """Say in two sentences what the board shows."""
    means, rule = result.means, baseline(result)
    best, floor = means.loc[result.chosen], means.loc[rule]
    cutoffs = result.leaderboard["cutoff"].nunique()
    where = f"over {cutoffs} cutoff{'s' * (cutoffs > 1)}"
    lift = (
        f"The tenth of customers it thinks most likely to buy holds {best.buyer_lift_10:.1f} times "
        "the average share of buyers."
    )
    if rule == result.chosen:
        return (
            f"{result.chosen}: log loss {best.log_loss:.4f}, AUC {best.roc_auc:.3f} {where}. {lift}"
        )
    gain = 1 - best.log_loss / floor.log_loss
    compared = f"{gain:.1%} better in log loss than" if gain > 0 else "no better in log loss than"
    return (
        f"{result.chosen} is {compared} the best naive rule ({rule}), {where}; "
        f"AUC {best.roc_auc:.3f} against {floor.roc_auc:.3f}. {lift}"
    )


def compared(orders: Orders, config: Config, progress: Progress) -> tuple[Snapshots, Backtest]:
    """Lay out the cutoffs, run the features, and put the contenders to the test."""
    days = plan(config, horizon_of(orders, config, progress), orders.first_day, orders.end)
    snapshots = collect(orders, days, config.training.max_customers, progress)
    return snapshots, backtest(snapshots, config.contenders, progress)


def write(result: Backtest, path: Path) -> None:
    """Write the leaderboard as CSV, all of it or nothing."""
    with atomic(path) as draft:
        result.leaderboard.to_csv(draft, index=False)


def fit(name: str, history: History) -> Contender:
    """Fit one contender; ValueError when the history does not carry it."""
    return create(name).fit(history)


def _fit(name: str, history: History, progress: Progress) -> Contender | None:
    try:
        return fit(name, history)
    except ValueError as error:
        progress.note(f"{name} could not be fitted at {history.cutoff}: {error}")
        return None


def _answer(board: tuple[str, ...]) -> str:
    return DEFAULT if DEFAULT in board else board[-1]


def _beside(outcomes: pd.DataFrame, predicted: pd.DataFrame, cutoff: Any) -> pd.DataFrame:
    weight = outcomes.get("weight", pd.Series(1.0, index=outcomes.index))
    return predicted.assign(cutoff=cutoff, weight=weight, **outcomes[list(OUTCOMES)])
