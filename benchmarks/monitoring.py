"""Changes planted in simulated shops: which alarm rises when, and what training again helps.

    python -m benchmarks.monitoring [CHANGE ...]     # all by default; `quiet` is three quiet years
    python -m benchmarks.monitoring data [CHANGE ...]       # the signals of the log only: minutes

A shop of `pipeline.simulated_log` sells for two years before it is watched. Each change begins on
the same day and is watched for half a year, two years where trainings are compared. Signals of the
log are watched daily for five weeks, then weekly as the others are; each fourth week all customers
are scored. In quiet years the model is trained again each quarter, whatever the watch says.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from features.customer.catalogue import NAMES
from features.customer.snapshot import categories, snapshot
from features.timeline import before
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import Orders, open_orders
from pipeline.learning import backtest
from pipeline.learning.judged import fit
from pipeline.learning.judgement import judge
from pipeline.learning.prepare import prepare
from pipeline.learning.profile import account, profile, promised
from pipeline.learning.spread import spread
from pipeline.scoring.scores_file import Scores
from pipeline.simulated_log import simulate
from pipeline.watching.drifted import drift
from pipeline.watching.health import health
from pipeline.watching.judged import judged
from pipeline.watching.realised import realised
from pipeline.watching.signals import Signal

QUIET = Progress(quiet=True)
CUSTOMERS, YEARS, HORIZON = 4000, 6, 60
START = date(2021, 1, 4)
"""The day from which on the shop is watched, and on which a change begins."""

YEAR, WEEK, SCORED_EVERY, QUARTER, PAUSE = 364, 7, 28, 91, 14
DAILY = 35
COLUMNS = {
    "customer_id": "customer_id",
    "transacted_at": "ordered_at",
    "amount": "amount",
    "order_id": "order_id",
    "quantity": "quantity",
    "attributes": ["country", "channel"],
}


def later(log: pd.DataFrame, days: int = 0) -> pd.Series:
    """Days since the change began, below 0 before it."""
    return (log["ordered_at"] - pd.Timestamp(START)).dt.days - days


def prices(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """All prices double."""
    amount = log["amount"].astype(float)
    return log.assign(amount=amount.where(later(log) < 0, 2 * amount))


def channel(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The orders of the app, three in ten, are no longer in the log."""
    return log[(later(log) < 0) | (log["channel"] != "app")]


def doubled(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of one week come twice."""
    return pd.concat([log, log[later(log).between(0, 6)]])


def season(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A season that no year before had: eight weeks in which orders come nearly twice as often."""
    inside = log[later(log).between(0, 55)]
    more = inside[inside["order_id"] % 10 < 8]
    moved = more["ordered_at"] + pd.to_timedelta(rng.integers(1, 6, len(more)), unit="D")
    return pd.concat([log, more.assign(ordered_at=moved, order_id=more["order_id"] + 10**9)])


def decline(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Customers leave for good three times as fast: half of them within nine months."""
    names = log["customer_id"].unique()
    gone = pd.Series(rng.exponential(390, len(names)), index=names)
    return log[later(log) < log["customer_id"].map(gone)]


def closed(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The shop is closed for two weeks."""
    return log[~later(log).between(0, 13)]


CHANGES: dict[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]] = {
    "quiet": lambda log, rng: log,
    "prices": prices,
    "channel": channel,
    "doubled": doubled,
    "season": season,
    "decline": decline,
    "closed": closed,
}
COMPARED = ("prices", "season", "decline")
"""Changes with which training again is compared with not."""


@dataclass
class Watch:
    """A shop that is watched from day to day under one rule of training."""

    orders: Orders
    config: Config
    rule: str
    model: Any = None
    trained: date = START
    trainings: int = 0
    scorings: list[Scores] = field(default_factory=list)
    alarms: list[tuple[date, str]] = field(default_factory=list)

    def train(self, day: date) -> None:
        """Learn from what is known on a day; what is promised only a watch asks."""
        known = until(self.orders, day)
        self.model, self.trained = trained(known, self.config, self.rule != "quarter"), day
        self.trainings += 1

    def score(self, day: date) -> None:
        """Score everybody known on a day."""
        self.scorings.append(scored(until(self.orders, day), self.model, day))

    def watch(self, day: date, whole: bool) -> list[Signal]:
        """The alarms of a day; those of the answer only with `whole`."""
        known = until(self.orders, day)
        config = self.config.monitoring
        signals, _ = health(known, self.model.manifest, config, day)
        if whole:
            ripe = [s for s in self.scorings if (day - s.as_of).days <= HORIZON + SCORED_EVERY]
            found = [one for one in (realised(known, s) for s in ripe) if one]
            signals = [*signals, *judged(found, self.model.manifest.version, config)]
            signals += drift(known, self.model, config)[1]
        risen = [one for one in signals if one.risen]
        self.alarms += [(day, one.name) for one in risen]
        return risen

    def due(self, day: date, risen: list[Signal]) -> bool:
        """Whether to train again."""
        if self.rule in ("quarter", "watched"):
            return (day - self.trained).days >= QUARTER
        sound = all(one.kind == "answer" for one in risen)
        apart = (day - self.trained).days >= PAUSE
        return self.rule == "alarm" and bool(risen) and sound and apart


def until(orders: Orders, day: date) -> Orders:
    """The orders as they were known on a day."""
    netted = orders.engine.create_table("known", before(orders.netted, day), overwrite=True)
    last = netted.transacted_at.max().to_pyarrow().as_py()
    bought = netted.filter(netted.amount > 0)
    customers = bought.group_by("customer_id").aggregate(n=bought.count())
    facts = customers.aggregate(
        n=customers.count(), days=customers.n.sum(), repeaters=(customers.n > 1).sum()
    )
    row = facts.to_pyarrow().to_pylist()[0]
    return replace(
        orders,
        netted=netted,
        end=last + timedelta(days=1),
        n_customers=row["n"],
        n_purchase_days=row["days"],
        n_repeat_customers=row["repeaters"],
    )


def trained(orders: Orders, config: Config, watched: bool = True) -> Any:
    """A model with what `churn train` keeps of its training, not written anywhere."""
    snapshots = prepare(orders, config, QUIET)
    contender = fit("blend", snapshots.history(snapshots.plan.as_of))
    settings: dict[str, Any] = {"promised": {}, "spread": {}}
    if watched:
        result = backtest.backtest(snapshots, config.contenders, QUIET)
        settings["promised"] = promised(result, judge(result).rule)
        settings["spread"] = spread(result)
    p_churn = contender.predict(snapshots.today)["p_churn"]
    names = (*NAMES, *categories(snapshots.attributes))
    kept = {**profile(snapshots.today, p_churn, names), "rows": account(orders.log.counts)}
    manifest = manifest_of(orders, {**settings, "profile": kept}, snapshots.attributes)
    return SimpleNamespace(contender=contender, manifest=manifest)


def manifest_of(orders: Orders, settings: dict[str, Any], attributes: tuple[str, ...]) -> Any:
    """What is watched of a manifest."""
    return SimpleNamespace(
        settings=settings,
        attributes=attributes,
        cutoffs=(orders.end,),
        log=SimpleNamespace(purchase_days=orders.n_purchase_days),
        version=str(orders.end),
    )


def scored(orders: Orders, model: Any, day: date) -> Scores:
    """What `churn score` would write, as far as it is watched."""
    rows = snapshot(orders.days, day, orders.attributes).order_by("customer_id")
    frame = rows.to_pyarrow().to_pandas()
    said = model.contender.predict(frame)
    kept = ["customer_id", "frequency", "recency", "T"]
    customers = pd.concat([frame[kept], said], axis=1).assign(segment="all")
    settings = model.manifest.settings
    return Scores(
        customers, day, HORIZON, model.manifest.version,
        spread=settings["spread"], promised=settings["promised"],
    )  # fmt: skip


def run(orders: Orders, config: Config, rule: str, days: int, first: Any) -> Watch:
    """Watch a shop for some days; `first` is the model it begins with."""
    watch = Watch(orders, config, rule, first)
    for n in range(days):
        day = START + timedelta(days=n)
        weekly = n % WEEK == 0
        if n % SCORED_EVERY == 0:
            watch.score(day)
        if rule in ("never", "watched"):
            if weekly or (rule == "never" and n < DAILY):
                watch.watch(day, weekly)
            if rule == "watched" and watch.due(day, []):
                watch.train(day)
            continue
        asked = n % PAUSE == 0
        if asked and watch.due(day, watch.watch(day, True) if rule == "alarm" else []):
            watch.train(day)
    return watch


def quality(watch: Watch) -> tuple[float, float]:
    """Mean log loss, and mean absolute error of the total spend, of scorings that are over."""
    losses, errors = [], []
    for scores in watch.scorings:
        one = realised(watch.orders, scores)
        if one and one.over:
            total = one.total
            losses.append(total["log_loss"])
            errors.append(abs(total["expected_spend"] / total["spend"] - 1))
    return float(np.mean(losses)), float(np.mean(errors))


def told(change: str, watch: Watch, days: int) -> None:
    """Which alarms rose, the first after how many days, and on how many days."""
    by_name: dict[str, list[int]] = {}
    for day, name in watch.alarms:
        by_name.setdefault(name, []).append((day - START).days)
    rows = [f"{name} after {at[0]} days ({len(set(at))} times)" for name, at in by_name.items()]
    print(f"{change:8} {days} days: {'; '.join(rows) or 'no alarm'}", flush=True)


def data_only(asked: list[str], config: Config, scratch: Path) -> None:
    """The signals of the log, which need no model: half a year; each tenth day of quiet years.

    In quiet years a training each quarter is taken for granted, which begins a sum anew.
    """
    for change in asked or CHANGES:
        looks = [*range(DAILY), *range(DAILY, YEAR // 2, WEEK)]
        if change == "quiet":
            looks = [year * YEAR + n for year in range(3) for n in range(0, YEAR, 10)]
        with shop(change, config, scratch) as orders:
            watch = Watch(orders, config, "never")
            for n in looks:
                learned = n // QUARTER * QUARTER if change == "quiet" else 0
                then = until(orders, START + timedelta(days=learned))
                manifest = manifest_of(then, {}, orders.attributes)
                watch.model = SimpleNamespace(manifest=manifest)
                watch.watch(START + timedelta(days=n), False)
        told(change, watch, looks[-1] + 1)


def main(asked: list[str]) -> None:
    config = Config.model_validate(
        {
            "log": {"source": "x", "columns": COLUMNS},
            "horizon_days": HORIZON,
            "contenders": ["base_rate", "recency_alone", "bg_nbd", "blend"],
            "training": {"max_cutoffs": 4},
            "backtest": {"cutoffs": 3},
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder, first = Path(scratch), None
        if asked[:1] == ["data"]:
            data_only(asked[1:], config, folder)
            return
        for change in asked or CHANGES:
            with shop(change, config, folder) as orders:
                # What was before a change is the same for all.
                first = first or trained(until(orders, START), config)
                rule, days = ("watched", 3 * YEAR) if change == "quiet" else ("never", YEAR // 2)
                told(change, run(orders, config, rule, days, first), days)
        for change in [name for name in COMPARED if name in (asked or CHANGES)]:
            with shop(change, config, folder) as orders:
                compared(change, orders, config, first)


@contextmanager
def shop(change: str, config: Config, scratch: Path) -> Iterator[Orders]:
    """The orders of a shop with a change."""
    file = scratch / f"{change}.parquet"
    if not file.exists():
        simulate(CUSTOMERS, YEARS, scratch / change, QUIET, seed=7)
        changed = CHANGES[change](pd.read_parquet(scratch / change), np.random.default_rng(0))
        changed.astype({"country": str, "channel": str, "amount": float}).to_parquet(file)
    with open_orders(config.log.model_copy(update={"source": str(file)}), QUIET) as orders:
        yield orders


def compared(change: str, orders: Orders, config: Config, first: Any) -> None:
    """Never, every quarter and on an alarm: trainings, and the errors of two years."""
    for rule in ("never", "quarter", "alarm"):
        if rule == "never":
            one = scored_only(orders, config, first)
        else:
            one = run(orders, config, rule, 2 * YEAR, first)
        loss, error = quality(one)
        print(
            f"{change:8} {rule:8} {one.trainings} trainings: log loss {loss:.4f}, "
            f"spend off by {error:.1%}",
            flush=True,
        )


def scored_only(orders: Orders, config: Config, first: Any) -> Watch:
    """Two years of scorings by the first model."""
    watch = Watch(orders, config, "never", first)
    for n in range(0, 2 * YEAR, SCORED_EVERY):
        watch.score(START + timedelta(days=n))
    return watch


if __name__ == "__main__":
    main(sys.argv[1:])
