"""Carries features into models: snapshots as frames, and the history at each cutoff."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.customer.behaviour import exact_sum
from features.customer.catalogue import CATALOGUE, MONEY
from features.customer.labels import labels_at_each, purchases_by_day
from features.customer.panel import panel
from features.customer.purchase_days import with_gaps
from features.customer.rfm import rfm_at_each
from features.customer.sample import sample
from features.customer.snapshot import categories, snapshot
from models.blend.level_error import level_error
from models.blend.recent_change import (
    RecentChange,
    recent_change,
    window_cutoffs,
    window_days,
)
from models.btyd.lifetime_value import month_ends
from models.frames import Frames
from models.history import LABELS, History, LevelError, Longer, completed, known_by
from models.periods import periods
from pipeline.console import Progress
from pipeline.cutoffs import Plan
from pipeline.intake.orders import Orders
from pipeline.learning.kept_frames import KeptFrames

MOST_LONGER = 20_000
"""So many customers tell how spend of longer periods is distributed."""

PASS_ROWS = 500_000
"""So many rows of features at a time, at several cutoffs: more saves no time, and takes memory."""


@dataclass(frozen=True)
class Snapshots:
    """Everything a run learns from: one frame per cutoff, ordered by customer.

    `labelled` and `today` hold all customers, or a hash sample with `weight`, and so does
    `unfinished`, whose labels are those of as many days as the log has after the cutoff;
    `populations` always stands for all of them. `spend` is what came of the customers of
    `labelled` in the months of `plan.months`, shape (n_customers,); `longer` what came in those
    of `plan.longer`.
    """

    plan: Plan
    labelled: Mapping[date, pd.DataFrame]
    unfinished: Mapping[date, pd.DataFrame]
    today: pd.DataFrame
    populations: Mapping[date, pd.DataFrame]
    attributes: tuple[str, ...]
    level_errors: dict[date, LevelError]
    spend: dict[date, np.ndarray] = field(default_factory=dict)
    longer: dict[date, Longer] = field(default_factory=dict)
    seed: int = 0
    change: RecentChange | None = None
    _fits: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def history(self, cutoff: date) -> History:
        """What was known at `cutoff`, one of the plan's days of judgement or its `as_of`."""
        chosen = self.plan.panels[cutoff]
        known = self.labelled.get(cutoff)
        return History(
            cutoff=cutoff,
            horizon_days=self.plan.horizon_days,
            panel=pd.concat([self.labelled[c] for c in chosen], ignore_index=True),
            populations=Frames((*chosen, cutoff), self.populations.__getitem__),
            attributes=categories(self.attributes),
            money=tuple(feature.name for feature in CATALOGUE if feature.unit == MONEY),
            recent=self._recent(cutoff),
            longer=self.longer.get(cutoff),
            seed=self.seed,
            snapshot=self.today if known is None else known.drop(columns=list(LABELS)),
            level_errors=completed(self.level_errors, cutoff, self.plan.horizon_days),
            unjudged=self.change.spend if self.change and cutoff == self.plan.as_of else 0.0,
        ).sharing(self._fits)

    def _recent(self, cutoff: date) -> pd.DataFrame | None:
        known = []
        for day in self.plan.recent[cutoff]:
            frames = self.labelled if day in self.labelled else self.unfinished
            known.append(known_by(frames[day], cutoff))
        return pd.concat(known, ignore_index=True) if known else None


def collect(
    orders: Orders, plan: Plan, progress: Progress, max_customers: int = 100_000, seed: int = 0
) -> Snapshots:
    """Run the features at every cutoff of the plan, on a sample drawn before any is computed."""
    share = min(1.0, max_customers / max(orders.n_customers, 1))
    with progress.step("Drawing the customers to learn from" if share < 1 else "Ordering the days"):
        learner = Learner.of(orders, share)
    # An unfinished horizon is read as far as the log goes.
    horizons = {
        cutoff: min(plan.horizon_days, (orders.end - cutoff).days)
        for cutoff in sorted({*plan.labelled, *plan.unfinished})
    }
    kept = KeptFrames(orders.scratch)
    frames = kept.keep("panel", learner.panel(horizons, progress))
    with progress.step(f"Features at {plan.as_of} (today)"):
        today = learner.frame(snapshot(learner.days, plan.as_of, orders.attributes))
    with progress.step("Everybody's recency, frequency and money"):
        known = (*plan.labelled, plan.as_of)
        populations = kept.keep("population", _populations(orders, known))
    with progress.step(f"The level at {len(plan.levels)} earlier cutoffs"):
        errors = learner.level_errors(plan.levels, plan.horizon_days)
    with progress.step("What the last days show"):
        change = learner.recent_change(plan)
    with progress.step(f"What came in the months after {len(plan.longer)} cutoffs"):
        periods_over = learner.longer(set(plan.longer.values()))
        longer = {day: periods_over[asked] for day, asked in plan.longer.items()}
        spend = learner.spend(plan.months)
    return Snapshots(
        plan,
        Frames(plan.labelled, frames.__getitem__),
        Frames(plan.unfinished, frames.__getitem__),
        today,
        populations,
        orders.attributes,
        errors,
        spend,
        longer,
        seed,
        change,
    )


@dataclass(frozen=True)
class Learner:
    """The customers that are learned from: their purchase `days`, and their `share` of all."""

    orders: Orders
    days: ir.Table
    share: float

    @classmethod
    def of(cls, orders: Orders, share: float = 1.0) -> Self:
        """Draw this share of the log's customers, and order their days."""
        drawn = with_gaps(sample(orders.netted, share))
        return cls(orders, orders.engine.create_table("drawn", drawn, overwrite=True), share)

    @property
    def drawn(self) -> float:
        """How many customers are learned from."""
        return self.share * self.orders.n_customers

    def panel(
        self, horizons: dict[date, int], progress: Progress
    ) -> Iterator[tuple[date, pd.DataFrame]]:
        """Features and labels at each cutoff, several in one pass over the days."""
        done = 0
        for cutoffs in _passes(sorted(horizons), self.drawn):
            done += len(cutoffs)
            with progress.step(f"Features at {max(cutoffs)} ({done} of {len(horizons)})"):
                frames = self._panel({cutoff: horizons[cutoff] for cutoff in cutoffs})
            yield from frames.items()

    def _panel(self, horizons: dict[date, int]) -> dict[date, pd.DataFrame]:
        rows = panel(self.days, horizons, self.orders.end, self.orders.attributes)
        stacked = self.frame(rows, "cutoff")
        day = stacked["cutoff"]
        return {c: stacked[day == c].reset_index(drop=True) for c in horizons}

    def frame(self, rows: ir.Table, *order: str) -> pd.DataFrame:
        """Rows as a frame in order, each with the number of customers it stands for."""
        frame = _pandas(rows.order_by(*order, "customer_id"))
        return frame if self.share == 1.0 else frame.assign(weight=1.0 / self.share)

    def longer(self, asked: set[tuple[date, int]]) -> dict[tuple[date, int], Longer]:
        """Features at cutoffs with the labels of some months, of customers at even distances."""
        found: dict[tuple[date, int], Longer] = {}
        while left := asked - found.keys():
            months = dict(sorted(left))  # one period a cutoff at a time
            for some in _passes(sorted(months), self.drawn):
                frames = self._panel({cutoff: _days(cutoff, months[cutoff]) for cutoff in some})
                for cutoff, frame in frames.items():
                    few = frame.iloc[:: len(frame) // MOST_LONGER + 1]
                    found[cutoff, months[cutoff]] = Longer(cutoff, months[cutoff], few)
        return found

    def spend(self, months: dict[date, int]) -> dict[date, np.ndarray]:
        """Net spend of each customer in the months after cutoffs, in the snapshots' order."""
        found: dict[date, np.ndarray] = {}
        for some in _passes(sorted(months), self.drawn):
            horizons = {cutoff: _days(cutoff, months[cutoff]) for cutoff in some}
            rows = self.frame(labels_at_each(self.days, horizons, self.orders.end), "cutoff")
            of = {cutoff: rows[rows["cutoff"] == cutoff] for cutoff in some}
            found |= {cutoff: came["spend"].to_numpy(float) for cutoff, came in of.items()}
        return found

    def recent_change(self, plan: Plan) -> RecentChange | None:
        """How the last days differ from earlier ones; see `models.blend.recent_change`."""
        if not plan.levels:
            return None
        days = window_days(plan.horizon_days)
        cutoffs = window_cutoffs(plan.as_of, plan.horizon_days, plan.levels[0])
        amounts = self._amounts(cutoffs, days, plan.horizon_days)
        errors = self.level_errors(cutoffs, days, days)
        return recent_change(errors, amounts, plan.horizon_days)

    def _amounts(self, cutoffs: Sequence[date], days: int, horizon_days: int) -> dict[date, float]:
        """Mean logarithm of repeat purchases in so many days, less that of the horizon before.

        A logarithm, so that a few large orders move little. Cutoffs without either are left out.
        """
        again = self.days.filter(self.days.ordinal > 1)
        logs = again.group_by(day=again.transacted_at).aggregate(
            number=again.count(), logs=exact_sum(again.amount.ln())
        )
        daily = _pandas(logs.order_by("day"))
        daily = daily.set_index(pd.to_datetime(daily["day"])).drop(columns="day").astype(float)

        def mean(start: date, days: int) -> float:
            first, last = pd.Timestamp(start), pd.Timestamp(start + timedelta(days=days - 1))
            rows = daily.loc[first:last].sum()
            return float(rows["logs"] / rows["number"]) if rows["number"] else np.nan

        before = timedelta(days=horizon_days)
        found = {day: mean(day, days) - mean(day - before, horizon_days) for day in cutoffs}
        return {day: change for day, change in found.items() if np.isfinite(change)}

    def level_errors(
        self, cutoffs: Sequence[date], horizon_days: int, at_most: int | None = None
    ) -> dict[date, LevelError]:
        """What a buy-till-you-die model said of all these customers, less what came.

        Of longer periods too, `at_most` so many days long where that is given.
        """
        found: dict[date, LevelError] = {}
        for some in _passes(cutoffs, self.drawn):
            horizons = dict.fromkeys(some, horizon_days)
            outcome = labels_at_each(self.days, horizons, self.orders.end)
            rows = rfm_at_each(self.days, some).inner_join(outcome, ("customer_id", "cutoff"))
            groups = _groups(rows, some, "frequency", "recency", "T", churned=rows.churned.sum())
            over = {
                day: periods(horizon_days, at_most or (self.orders.end - day).days) for day in some
            }
            spans = {day: lengths[-1] for day, lengths in over.items()}
            daily = _pandas(purchases_by_day(self.days, rows, spans))
            for cutoff in some:
                came = daily[daily["cutoff"] == cutoff]
                totals = {n: float(came["purchases"][came["day"] < n].sum()) for n in over[cutoff]}
                churned = groups[cutoff]["churned"].sum()
                # Threads would only wait for each other.
                with threadpool_limits(limits=1):
                    error = level_error(cutoff, horizon_days, groups[cutoff], churned, totals)
                if error is not None:
                    found[cutoff] = error
        return found


def _days(cutoff: date, months: int) -> int:
    """Days of so many months from a cutoff."""
    return int(month_ends(months, start=cutoff)[-1])


def _passes(cutoffs: Sequence[date], n_customers: float) -> Iterator[Sequence[date]]:
    """As many cutoffs at a time as make `PASS_ROWS` rows of customers, at least one."""
    at_once = max(1, int(PASS_ROWS / max(n_customers, 1)))
    return (cutoffs[start : start + at_once] for start in range(0, len(cutoffs), at_once))


def _populations(orders: Orders, cutoffs: Sequence[date]) -> Iterator[tuple[date, pd.DataFrame]]:
    """How many customers share each recency, frequency and value, at each cutoff."""
    for some in _passes(cutoffs, orders.n_customers):
        rows = rfm_at_each(orders.netted, some)
        yield from _groups(rows, some, "frequency", "recency", "T", "monetary_value").items()


def _groups(
    rows: ir.Table, cutoffs: Sequence[date], *keys: str, **sums: Any
) -> dict[date, pd.DataFrame]:
    """Customers who share all `keys`, counted at each cutoff, in order of the keys."""
    grouped = rows.group_by("cutoff", *keys).aggregate(n_customers=rows.count(), **sums)
    stacked = _pandas(grouped.order_by("cutoff", *keys))
    day, figures = stacked["cutoff"], stacked.drop(columns="cutoff").astype(float)
    return {cutoff: figures[day == cutoff].reset_index(drop=True) for cutoff in cutoffs}


def _pandas(rows: ir.Table) -> pd.DataFrame:
    table: Any = rows.to_pyarrow()
    frame: pd.DataFrame = table.to_pandas()
    return frame
