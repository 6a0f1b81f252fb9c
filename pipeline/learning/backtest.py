"""Contenders fitted and scored at past cutoffs, only with labels complete before each."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.customer.purchase_days import daily
from features.errors import UserError
from features.writing import atomic
from models.all_contenders import BOARD, DEFAULT
from models.blend.blend import Blend
from models.blend.predictions import BlendPredictions
from models.contenders.protocol import Contender
from models.evaluation.intervals import coverage, coverage_by_decile, pit_coverage
from models.evaluation.leaderboard import CHURN_SCORES, SPEND_SCORES, evaluate
from models.evaluation.spend import bias
from models.history import LABELS, History, weights
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import Plan, plan
from pipeline.intake.enough import judge
from pipeline.intake.horizon import horizon_of
from pipeline.intake.orders import Orders
from pipeline.learning.snapshots import Snapshots, collect
from pipeline.own_estimators import contender

COLUMNS = (
    "contender",
    "cutoff",
    "horizon_days",
    "n_customers",
    "churn_rate",
    *CHURN_SCORES,
    *SPEND_SCORES,
    "level_error",
    "fit_seconds",
    "chosen",
    "spend_coverage",
    "spend_coverage_pit",
    "spend_coverage_pit_top_10",
    "next_purchase_coverage",
    "clv_months",
    "clv_bias",
    "clv_coverage",
    "clv_coverage_pit",
    "clv_coverage_pit_top_10",
)
"""The leaderboard's columns; smaller is better for log_loss, brier, ece, spend_mae_ratio.

`level_error` is the share expected to leave less the share that did.

The four from `spend_coverage` on say how often the 80 % intervals held. `spend_coverage` is the
plain share of customers whose spend lay inside: where more than 80 % spend nothing it cannot be as
low as 80 %. `spend_coverage_pit` is 80 % for right intervals, see
`models.evaluation.intervals.pit_coverage`; so it is in the top tenth by expected spend.
`next_purchase_coverage` is the share of those who bought within the horizon whose first purchase
day lay in the window. The last five are the same of clv over `clv_months`: as many as were over by
now, where that is more than a horizon, and not discounted. `clv_bias` is the total expected over
the total that came, minus 1.
"""

KNOWN, OPEN = 0.25, 0.25
"""A cutoff long ago tells something of today if by then so large a share of the customers had come,
and in the horizon after it so large a share of an average horizon's purchases did."""

SAID = ("p_churn", "expected_spend", "expected_spend_low", "expected_spend_high")
"""What is kept of each contender's answers."""


@dataclass(frozen=True)
class Backtest:
    """What each contender would have answered in the past, and what came.

    `outcomes` has a row per customer and cutoff: `cutoff`, `weight`, `churned`, `spend`,
    recency, frequency and T, and the attributes. `answers` holds each contender's `SAID`
    for the same rows; NaN where it has no answer.
    """

    leaderboard: pd.DataFrame
    chosen: str
    outcomes: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    attributes: tuple[str, ...] = ()

    @property
    def horizon_days(self) -> int:
        """Length of the horizon in days."""
        return int(self.leaderboard["horizon_days"].iloc[0])

    @property
    def cutoffs(self) -> list[date]:
        """All cutoffs, also those at which the answer could not be fitted."""
        return sorted(self.leaderboard["cutoff"].unique())

    @property
    def judged(self) -> list[date]:
        """The cutoffs at which the answer could be fitted: what all contenders are held to."""
        return self.shared(self.chosen)

    @property
    def means(self) -> pd.DataFrame:
        """One row per contender: its scores' means over `judged`, best log loss first.

        A contender that failed at one of them has no means: they would be of other cutoffs.
        """
        return self.means_at(self.judged)

    def means_at(self, cutoffs: Iterable[date]) -> pd.DataFrame:
        """Do as `means`, over some of the cutoffs."""
        scores = [*CHURN_SCORES, *SPEND_SCORES]
        rows = self.leaderboard[self.leaderboard["cutoff"].isin(cutoffs)]
        board = rows.groupby("contender", sort=False)[scores]
        return board.mean(skipna=False).sort_values("log_loss", kind="stable")

    def shared(self, *names: str) -> list[date]:
        """Cutoffs at which all of these contenders answered."""
        return list(self._losses[list(names)].dropna().index)

    @property
    def gaps(self) -> pd.DataFrame:
        """Each contender beside the answer: `cutoffs` at which both answered, and `gap`.

        That is its log loss less the answer's, the mean of these cutoffs: below 0 it was better.
        """
        gaps = self._losses.sub(self._losses[self.chosen], axis=0)
        return pd.DataFrame({"gap": gaps.mean(), "cutoffs": gaps.count()})

    @property
    def _losses(self) -> pd.DataFrame:
        """Log loss by cutoff (rows) and contender (columns)."""
        return self.leaderboard.pivot_table(
            index="cutoff", columns="contender", values="log_loss", dropna=False
        )


def backtest(snapshots: Snapshots, names: tuple[str, ...] | None, progress: Progress) -> Backtest:
    """Fit every contender at each backtest cutoff and score what it says about the horizon.

    A contender that cannot be fitted at a cutoff stays on the board without figures there; the
    chosen one is judged at the others.

    Raises
    ------
    UserError
        When the chosen contender cannot be fitted at any cutoff.
    """
    board = names or BOARD
    cutoffs = snapshots.plan.backtest
    rows: list[dict[str, Any]] = []
    said: dict[str, list[pd.DataFrame]] = {name: [] for name in board}
    # The blend last: its parts are then fitted, as contenders of their own.
    order = [name for name in reversed(board) if name != DEFAULT]
    order += [name for name in board if name == DEFAULT]
    # One thread each, two at a time: no figure may depend on how threads share a sum.
    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=2) as pool:
        for number, cutoff in enumerate(cutoffs, 1):
            later = (snapshots.plan.months.get(cutoff, 0), snapshots.spend.get(cutoff))
            known = snapshots.labelled[cutoff]
            judge_one = partial(_judge, snapshots.history(cutoff), known, later, progress)
            text = f"Backtest at {cutoff} ({number} of {len(cutoffs)})"
            with progress.step(f"{text}: {len(order)} contenders"):
                judged = dict(zip(order[:-1], pool.map(judge_one, order[:-1]), strict=True))
                judged[order[-1]] = judge_one(order[-1])
            for name in board:
                row, predicted = judged[name]
                rows.append({"contender": name, "cutoff": cutoff, **row})
                said[name].append(predicted)
    leaderboard = pd.DataFrame(rows).assign(horizon_days=snapshots.plan.horizon_days)
    chosen = answer(leaderboard)
    leaderboard["chosen"] = leaderboard["contender"] == chosen
    leaderboard = leaderboard.reindex(columns=list(COLUMNS))
    if leaderboard.loc[leaderboard["chosen"], "log_loss"].isna().all():
        raise UserError(
            f"{chosen} cannot be fitted to this log at any cutoff; see the notes above."
        )
    outcomes = pd.concat([_outcomes(snapshots, cutoff) for cutoff in cutoffs], ignore_index=True)
    answers = {name: pd.concat(parts, ignore_index=True) for name, parts in said.items()}
    return Backtest(leaderboard, chosen, outcomes, answers, snapshots.attributes)


def _judge(
    history: History,
    outcomes: pd.DataFrame,
    later: tuple[int, np.ndarray | None],
    progress: Progress,
    name: str,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of one contender at one cutoff, and what it said.

    `later` is a longer period, in months, and what each customer spent in it.
    """
    customers = outcomes.drop(columns=list(LABELS))
    started = perf_counter()
    try:
        fitted = fit(name, history)
    except ValueError as error:
        progress.note(f"{name} could not be fitted at {history.cutoff}: {error}")
        silent = pd.DataFrame(np.nan, index=customers.index, columns=list(SAID))
        return {"n_customers": len(customers)}, silent
    seconds = perf_counter() - started
    blended = fitted.predictions(customers) if isinstance(fitted, Blend) else None
    predicted = blended.answers if blended else fitted.predict(customers)
    scores = {**evaluate(outcomes, predicted), **_covered(outcomes, predicted)}
    if "p_churn" in predicted:
        gap = predicted["p_churn"] - outcomes["churned"]
        scores["level_error"] = float(np.average(gap, weights=weights(outcomes)))
    if blended and later[1] is not None:
        scores |= _valued(blended, weights(customers), later[0], later[1], history.cutoff)
    return {**scores, "fit_seconds": seconds}, predicted.reindex(columns=list(SAID))


def _covered(outcomes: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, float]:
    """How often the intervals held; nothing for a contender without intervals."""
    columns = ("expected_spend_low", "expected_spend_high", "next_purchase_from")
    if any(name not in predicted or predicted[name].isna().all() for name in columns):
        return {}
    low, high = predicted["expected_spend_low"], predicted["expected_spend_high"]
    spend, weight = outcomes["spend"].clip(lower=0), weights(outcomes)
    p_none, expected = predicted["p_churn"], predicted["expected_spend"]
    deciles = coverage_by_decile(spend, low, high, expected, p_none, weight)
    bought = (outcomes["churned"] == 0).to_numpy()
    when, first, last = (
        frame.loc[bought, name]
        for frame, name in (
            (outcomes, "next_purchase"),
            (predicted, "next_purchase_from"),
            (predicted, "next_purchase_to"),
        )
    )
    return {
        "spend_coverage": coverage(spend, low, high, weight),
        "spend_coverage_pit": pit_coverage(spend, low, high, p_none, weight),
        "spend_coverage_pit_top_10": float(deciles["pit_coverage"].iloc[0]),
        "next_purchase_coverage": (
            coverage(when, first, last, weight[bought]) if bought.any() else float("nan")
        ),
    }


def _valued(
    predicted: BlendPredictions, weight: np.ndarray, months: int, spend: np.ndarray, start: date
) -> dict[str, float]:
    """What the months were said to bring beside what they brought."""
    clv = predicted.clv(months, 0.0, start)
    low, high = predicted.clv_interval(clv, months, start)
    none = predicted.none_within(months, start)
    found: dict[str, float] = {"clv_months": months}
    if not np.isnan(clv).any():
        found["clv_bias"] = bias(spend, clv, weight)
    if np.isnan(low).any() or np.isnan(none).any():
        return found
    inside = np.maximum(spend, 0.0), low, high
    deciles = coverage_by_decile(*inside, clv, none, weight)
    return {
        **found,
        "clv_coverage": coverage(*inside, weight),
        "clv_coverage_pit": pit_coverage(*inside, none, weight),
        "clv_coverage_pit_top_10": float(deciles["pit_coverage"].iloc[0]),
    }


def _outcomes(snapshots: Snapshots, cutoff: date) -> pd.DataFrame:
    rows = snapshots.labelled[cutoff]
    columns = ["churned", "spend", "frequency", "recency", "T", *snapshots.attributes]
    return rows[columns].assign(cutoff=cutoff, weight=weights(rows))


def prepare(
    orders: Orders, config: Config, progress: Progress, also: tuple[date, ...] = ()
) -> Snapshots:
    """Refuse what cannot be compared, lay out the cutoffs, and run the features at each.

    `also` names further cutoffs to judge at, as far as this log and horizon carry them.

    Raises
    ------
    UserError
        For too few customers, or a log too short for the horizon.
    """
    horizon_days = horizon_of(orders, config, progress)
    days = planned(orders, config, horizon_days, also)
    refuse_too_few(orders, horizon_days)
    return collect(orders, days, progress, config.training.max_customers, config.seed)


def planned(orders: Orders, config: Config, horizon_days: int, also: tuple[date, ...] = ()) -> Plan:
    """The cutoffs of a run on this log; see `pipeline.cutoffs.plan`."""
    counts = daily(orders.days).to_pyarrow().to_pandas()
    counts = counts.set_index(pd.to_datetime(counts["day"]))
    telling = partial(_telling, counts, orders, horizon_days)
    return plan(config, horizon_days, orders.first_day, orders.end, also, telling)


def _telling(counts: pd.DataFrame, orders: Orders, horizon_days: int, cutoff: date) -> bool:
    """Whether a day long ago is like today: enough customers known, and the shop open after it."""
    start, end = pd.Timestamp(cutoff), pd.Timestamp(cutoff) + pd.Timedelta(days=horizon_days)
    known = counts.loc[counts.index < start, "customers"].sum()
    came = counts.loc[(counts.index >= start) & (counts.index < end), "purchases"].sum()
    usual = counts["purchases"].sum() * horizon_days / (orders.end - orders.first_day).days
    return bool(known >= KNOWN * orders.n_customers and came >= OPEN * usual)


def refuse_too_few(orders: Orders, horizon_days: int) -> None:
    """Stop before a training on so few customers that no model can be told from chance."""
    facts = {
        "customers": orders.n_customers,
        "repeat_customers": orders.n_repeat_customers,
        "days": (orders.end - orders.first_day).days,
    }
    verdict, reasons = judge(facts, horizon_days)
    if verdict == "refuse":
        raise UserError("\n".join(["This log is not enough to train on:", *reasons]))


def write(result: Backtest, path: Path) -> None:
    """Write the leaderboard as CSV, all of it or nothing."""
    with atomic(path) as draft:
        result.leaderboard.to_csv(draft, index=False)


def fit(name: str, history: History) -> Contender:
    """Fit one contender; ValueError when the history does not carry it."""
    return contender(name).fit(history)


def answer(leaderboard: pd.DataFrame) -> str:
    """The contender whose answers are published: the blend, or else the best in log loss.

    Only those are compared that answered at as many cutoffs as any: others' means are of
    other days.
    """
    losses = leaderboard.groupby("contender", sort=False)["log_loss"].agg(["count", "mean"])
    if DEFAULT in losses.index:
        return DEFAULT
    most = losses["count"] == losses["count"].max()
    return str(losses.loc[most, "mean"].fillna(np.inf).idxmin())
