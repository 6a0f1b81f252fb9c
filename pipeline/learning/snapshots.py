"""Carries features into models: snapshots as frames, and the history at each cutoff."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.customer.catalogue import CATALOGUE, MONEY
from features.customer.labels import labels, purchases_by_day
from features.customer.panel import labelled_snapshot
from features.customer.rfm import rfm
from features.customer.snapshot import categories, snapshot
from models.blend.error_growth import periods
from models.blend.level_error import level_error
from models.btyd.lifetime_value import month_ends
from models.history import LABELS, History, LevelError, Longer, completed, known_by
from pipeline.console import Progress
from pipeline.cutoffs import Plan
from pipeline.intake.orders import Orders

MOST_LONGER = 20_000
"""So many customers tell how spend of longer periods is distributed."""


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
    labelled: dict[date, pd.DataFrame]
    unfinished: dict[date, pd.DataFrame]
    today: pd.DataFrame
    populations: dict[date, pd.DataFrame]
    attributes: tuple[str, ...]
    level_errors: dict[date, LevelError]
    spend: dict[date, np.ndarray] = field(default_factory=dict)
    longer: dict[date, Longer] = field(default_factory=dict)
    seed: int = 0
    _fits: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def history(self, cutoff: date) -> History:
        """What was known at `cutoff`, one of the plan's days of judgement or its `as_of`."""
        chosen = self.plan.panels[cutoff]
        known = self.labelled.get(cutoff)
        return History(
            cutoff=cutoff,
            horizon_days=self.plan.horizon_days,
            panel=pd.concat([self.labelled[c] for c in chosen], ignore_index=True),
            populations={c: self.populations[c] for c in (*chosen, cutoff)},
            attributes=categories(self.attributes),
            money=tuple(feature.name for feature in CATALOGUE if feature.unit == MONEY),
            recent=self._recent(cutoff),
            longer=self.longer.get(cutoff),
            seed=self.seed,
            snapshot=self.today if known is None else known.drop(columns=list(LABELS)),
            level_errors=completed(self.level_errors, cutoff, self.plan.horizon_days),
        ).sharing(self._fits)

    def _recent(self, cutoff: date) -> pd.DataFrame | None:
        frames = {**self.unfinished, **self.labelled}
        known = [known_by(frames[day], cutoff) for day in self.plan.recent[cutoff]]
        return pd.concat(known, ignore_index=True) if known else None


def collect(
    orders: Orders, plan: Plan, progress: Progress, max_customers: int = 200_000, seed: int = 0
) -> Snapshots:
    """Run the features at every cutoff of the plan."""
    share = min(1.0, max_customers / max(orders.n_customers, 1))
    labelled, unfinished, populations = {}, {}, {}
    days = sorted({*plan.labelled, *plan.unfinished})
    for number, cutoff in enumerate(days, 1):
        with progress.step(f"Features at {cutoff} ({number} of {len(days) + 1})"):
            over = min(plan.horizon_days, (orders.end - cutoff).days)
            rows = labelled_snapshot(orders.days, cutoff, over, orders.end, orders.attributes)
            frame = _frame(sample(rows, share), share)
            if cutoff in plan.unfinished:
                unfinished[cutoff] = frame
                continue
            labelled[cutoff] = frame
            populations[cutoff] = _population(orders.days, cutoff)
    with progress.step(f"Features at {plan.as_of} (today)"):
        rows = snapshot(orders.days, plan.as_of, orders.attributes)
        today = _frame(sample(rows, share), share)
        populations[plan.as_of] = _population(orders.days, plan.as_of)
    with progress.step(f"The level at {len(plan.levels)} earlier cutoffs"):
        errors = {cutoff: _level_error(orders, cutoff, plan, share) for cutoff in plan.levels}
    longer = {}
    for number, (day, (cutoff, months)) in enumerate(plan.longer.items(), 1):
        text = f"What came in {months} months ({number} of {len(plan.longer)})"
        with progress.step(text):
            longer[day] = _longer(orders, cutoff, months, share)
    return Snapshots(
        plan,
        labelled,
        unfinished,
        today,
        populations,
        orders.attributes,
        {cutoff: error for cutoff, error in errors.items() if error is not None},
        {cutoff: _spend(orders, cutoff, n, share) for cutoff, n in plan.months.items()},
        longer,
        seed,
    )


def _longer(orders: Orders, cutoff: date, months: int, share: float) -> Longer:
    """Features at a cutoff with the labels of some months, of customers at even distances."""
    days = int(month_ends(months, start=cutoff)[-1])
    rows = labelled_snapshot(orders.days, cutoff, days, orders.end, orders.attributes)
    frame = _frame(sample(rows, share), share)
    return Longer(cutoff, months, frame.iloc[:: len(frame) // MOST_LONGER + 1])


def _spend(orders: Orders, cutoff: date, months: int, share: float) -> np.ndarray:
    """Net spend of each customer in the months after a cutoff, in the order of its snapshot."""
    days = int(month_ends(months, start=cutoff)[-1])
    rows = sample(labels(orders.days, cutoff, days, orders.end), share)
    return _pandas(rows.order_by("customer_id").select("spend"))["spend"].to_numpy(float)


def _level_error(orders: Orders, cutoff: date, plan: Plan, share: float) -> LevelError | None:
    outcome = labels(orders.days, cutoff, plan.horizon_days, orders.end)
    rows = sample(rfm(orders.days, cutoff), share).inner_join(outcome, "customer_id")
    keys = ("frequency", "recency", "T")
    grouped = rows.group_by(*keys).aggregate(n_customers=rows.count(), churned=rows.churned.sum())
    population = _pandas(grouped.order_by(*keys)).astype(float)
    over = periods(plan.horizon_days, (orders.end - cutoff).days)
    daily = _pandas(purchases_by_day(orders.days, rows, cutoff, over[-1]))
    came = {days: float(daily["purchases"][daily["day"] < days].sum()) for days in over}
    return level_error(cutoff, plan.horizon_days, population, population["churned"].sum(), came)


def sample(rows: ir.Table, share: float) -> ir.Table:
    """Keep a share of the customers, the same ones at every cutoff and on every engine."""
    if share == 1.0:
        return rows
    last = f"{int(share * 16**8):08x}"
    return rows.filter(rows.customer_id.hexdigest("md5").substr(0, 8) < last)


def _frame(rows: ir.Table, share: float) -> pd.DataFrame:
    frame = _pandas(rows.order_by("customer_id"))
    return frame if share == 1.0 else frame.assign(weight=1.0 / share)


def _population(days: ir.Table, cutoff: date) -> pd.DataFrame:
    summary = rfm(days, cutoff)
    keys = ("frequency", "recency", "T", "monetary_value")
    grouped = summary.group_by(*keys).aggregate(n_customers=summary.count())
    return _pandas(grouped.order_by(*keys)).astype(float)


def _pandas(rows: ir.Table) -> pd.DataFrame:
    table: Any = rows.to_pyarrow()
    frame: pd.DataFrame = table.to_pandas()
    return frame
