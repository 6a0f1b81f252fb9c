"""Contenders fitted and scored at past cutoffs, only with labels complete before each."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from features.errors import UserError
from features.writing import atomic
from models.all_contenders import BOARD, DEFAULT
from models.blend.blend import WITH_PART
from models.blend.recent_change import RecentChange
from models.evaluation.leaderboard import CHURN_SCORES, SPEND_SCORES
from models.history import weights
from pipeline.console import Progress
from pipeline.learning.answer import answer, better_part
from pipeline.learning.judged import judged
from pipeline.learning.snapshots import Snapshots
from pipeline.markup import words

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
    "clv_gini",
    "clv_gini_last_year",
    "clv_gini_error",
    "clv_coverage",
    "clv_coverage_pit",
    "clv_coverage_pit_top_10",
)
"""The leaderboard's columns; smaller is better for log_loss, brier, ece, spend_mae_ratio.

`level_error` is the share expected to leave less the share that did.

The four from `spend_coverage` on say how often the 80 % intervals held. `spend_coverage` is the
share of those who bought whose spend lay in the range that they were given if there is any.
`spend_coverage_pit` asks all customers, those who spend nothing too: 80 % for right intervals, see
`models.evaluation.intervals.pit_coverage`; so it is in the top tenth by expected spend.
`next_purchase_coverage` is the share of those who bought within the horizon whose first purchase
day lay in the window. The last eight are the same of clv over `clv_months`: as many as were over by
now, where that is more than a horizon, and not discounted. `clv_bias` is the total expected over
the total that came, minus 1; `clv_gini` how well clv ordered customers by what came,
`clv_gini_last_year` how well their spend of the year before did, and `clv_gini_error` the standard
error of the difference.
"""


@dataclass(frozen=True)
class Backtest:
    """What each contender would have answered in the past, and what came.

    `outcomes` has a row per customer and cutoff: `cutoff`, `weight`, `churned`, `spend`,
    recency, frequency and T, and the attributes. `answers` holds each contender's
    `judged.PREDICTED` for the same rows; NaN where it has no answer. `change` is what the last
    days show, and past cutoffs little of.
    """

    leaderboard: pd.DataFrame
    chosen: str
    outcomes: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    attributes: tuple[str, ...] = ()
    change: RecentChange | None = None

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

    @cached_property
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
    # The blend last: its parts are then fitted, as contenders of their own.
    order = [name for name in reversed(board) if name != DEFAULT]
    order += [name for name in board if name == DEFAULT]
    rows, answers = _at_cutoffs(snapshots, order, progress)
    outcomes = pd.concat([_outcomes(snapshots, cutoff) for cutoff in cutoffs], ignore_index=True)
    chosen = answer(pd.DataFrame(rows))
    part = better_part(outcomes, {name: said["p_churn"] for name, said in answers.items()})
    if part and chosen == DEFAULT:
        chosen = f"{WITH_PART}{part}"
        progress.note(f"{words(part)} was better than the {DEFAULT}: the mean of both answers.")
        more, said = _at_cutoffs(snapshots, [chosen], progress)
        rows, answers, board = [*rows, *more], {**answers, **said}, (*board, chosen)
    place = {name: number for number, name in enumerate(board)}
    rows.sort(key=lambda row: (row["cutoff"], place[row["contender"]]))
    leaderboard = pd.DataFrame(rows).assign(horizon_days=snapshots.plan.horizon_days)
    leaderboard["chosen"] = leaderboard["contender"] == chosen
    leaderboard = leaderboard.reindex(columns=list(COLUMNS))
    if leaderboard.loc[leaderboard["chosen"], "log_loss"].isna().all():
        raise UserError(
            f"{chosen} cannot be fitted to this log at any cutoff; see the notes above."
        )
    answers = {name: answers[name] for name in board}
    return Backtest(leaderboard, chosen, outcomes, answers, snapshots.attributes, snapshots.change)


def _at_cutoffs(
    snapshots: Snapshots, order: Sequence[str], progress: Progress
) -> tuple[list[dict[str, Any]], dict[str, pd.DataFrame]]:
    """Scores by contender and cutoff, and what each contender said at all cutoffs."""
    cutoffs = snapshots.plan.backtest
    rows: list[dict[str, Any]] = []
    said: dict[str, list[pd.DataFrame]] = {name: [] for name in order}
    *first, last = order
    # One thread each, two at a time: no figure may depend on how threads share a sum.
    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=2) as pool:
        for number, cutoff in enumerate(cutoffs, 1):
            later = (snapshots.plan.months.get(cutoff, 0), snapshots.spend.get(cutoff))
            known = snapshots.labelled[cutoff]
            judge_one = partial(judged, snapshots.history(cutoff), known, later, progress)
            many = f"{len(order)} contenders" if first else words(last)
            with progress.step(f"Backtest at {cutoff} ({number} of {len(cutoffs)}): {many}"):
                found = [*pool.map(judge_one, first), judge_one(last)]
            # Let go before the next one is made: a history is the largest thing in memory.
            del judge_one, known
            for name, (row, predicted) in zip(order, found, strict=True):
                rows.append({"contender": name, "cutoff": cutoff, **row})
                said[name].append(predicted)
    return rows, {name: pd.concat(parts, ignore_index=True) for name, parts in said.items()}


def _outcomes(snapshots: Snapshots, cutoff: date) -> pd.DataFrame:
    rows = snapshots.labelled[cutoff]
    columns = ["churned", "spend", "frequency", "recency", "T", *snapshots.attributes]
    return rows[columns].assign(cutoff=cutoff, weight=weights(rows))


def write(result: Backtest, path: Path) -> None:
    """Write the leaderboard as CSV, all of it or nothing."""
    with atomic(path) as draft:
        result.leaderboard.to_csv(draft, index=False)
