"""What the watch notices, how often it is wrong, and what training again helps.

    python -m benchmarks.monitoring [planted] [quiet] [pays]        # all by default

`planted`: half a year after a change in a simulated shop, with a model that learned on the day
before and is not trained again. Each is looked at daily for five weeks, then weekly as the answer
is; each fourth week all customers are scored. `quiet`: every signal in three quiet years of three
shops, looked at weekly and trained again each quarter, and in real logs: CDNOW, and those of
`benchmarks.quality` where `CHURN_BENCHMARK_DATA` names their folder. `pays`: two years after a
change, trained never, every quarter, or on an alarm.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.as_known import scored, trained, until
from benchmarks.planted import CHANGES, COLUMNS, QUIET, START, shop
from benchmarks.quality import CDNOW_LOG, GROCERY, GROCERY_LOG
from pipeline.config import Config
from pipeline.intake.orders import Orders, open_orders
from pipeline.scoring.scores_file import Scores
from pipeline.watching.drifted import drift
from pipeline.watching.health import health
from pipeline.watching.judged import judged
from pipeline.watching.realised import realised
from pipeline.watching.signals import Signal

HORIZON, YEAR, WEEK, SCORED_EVERY, QUARTER, PAUSE = 60, 364, 7, 28, 91, 14
DAILY = 35
SEEDS, QUIET_YEARS = (7, 8, 9), 3
COMPARED = ("prices", "season", "decline")
"""Changes with which training again is compared with not."""

REAL: dict[str, tuple[dict[str, Any], int]] = {
    "CDNOW": (CDNOW_LOG, 60),
    GROCERY: (GROCERY_LOG, 60),
    "retail_simulated.parquet": (
        {"columns": {**GROCERY_LOG["columns"], "amount": "amount"}},
        60,
    ),
    "online_retail_2010.parquet": (
        {"columns": {**GROCERY_LOG["columns"], "amount": "amount", "quantity": "quantity"}},
        30,
    ),
}
"""Logs, how they are read, and a horizon of which several fit in the half before the watch."""


@dataclass
class Watch:
    """A shop that is watched from day to day under one rule of training: never, quarter, alarm."""

    orders: Orders
    config: Config
    rule: str
    model: Any
    begun: date
    trained: date
    watched: bool
    trainings: int = 0
    scorings: list[Scores] = field(default_factory=list)
    alarms: list[tuple[date, str]] = field(default_factory=list)

    def train(self, day: date) -> None:
        """Learn from what is known on a day; what is promised only a watch asks."""
        self.model = trained(until(self.orders, day), self.config, self.watched)
        self.trained = day
        self.trainings += 1

    def score(self, day: date) -> None:
        """Score everybody known on a day."""
        known = until(self.orders, day)
        self.scorings.append(scored(known, self.model, day, self.config.horizon_days or 0))

    def watch(self, day: date, whole: bool) -> list[Signal]:
        """The alarms of a day; those of the answer only with `whole`."""
        known = until(self.orders, day)
        config = self.config.monitoring
        signals, _ = health(known, self.model.manifest, config, day)
        if whole:
            ripe = [
                s for s in self.scorings if (day - s.as_of).days <= s.horizon_days + SCORED_EVERY
            ]
            found = [one for one in (realised(known, s) for s in ripe) if one]
            manifest = self.model.manifest
            signals = [*signals, *judged(found, manifest.version, manifest.cutoffs[-1], config)]
            signals += drift(known, self.model, config)[1]
        risen = [one for one in signals if one.risen]
        self.alarms += [(day, one.name) for one in risen]
        return risen

    def due(self, day: date, risen: list[Signal]) -> bool:
        """Whether to train again."""
        age = (day - self.trained).days
        sound = bool(risen) and all(one.kind == "answer" for one in risen)
        return {"never": False, "quarter": age >= QUARTER, "alarm": sound and age >= PAUSE}[
            self.rule
        ]


def run(
    orders: Orders,
    config: Config,
    rule: str,
    days: int,
    looks: Collection[int] = (),
    model: Any = None,
    begun: date = START,
) -> Watch:
    """Watch a shop for some days, at the days `looks`; `model` is the one it begins with."""
    model = model or trained(until(orders, begun), config)
    watch = Watch(orders, config, rule, model, begun, begun, bool(looks))
    for n in range(days):
        day = begun + timedelta(days=n)
        if n % SCORED_EVERY == 0:
            watch.score(day)
        risen = watch.watch(day, n % WEEK == 0) if n in looks else []
        if n % WEEK == 0 and watch.due(day, risen):
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
        by_name.setdefault(name, []).append((day - watch.begun).days)
    rows = [f"{name} after {at[0]} days ({len(set(at))} times)" for name, at in by_name.items()]
    print(f"{change:8} {days} days: {'; '.join(rows) or 'no alarm'}", flush=True)


def false_alarms(name: str, watches: list[Watch], days: int) -> None:
    """How often each signal rose: on which share of the weekly looks, how many times a year."""
    looks, years = len(watches) * len(range(0, days, WEEK)), len(watches) * days / YEAR
    rose, begun = Counter[str](), Counter[str]()
    for watch in watches:
        kept = dict.fromkeys(watch.alarms)
        rose.update(signal for _, signal in kept)
        begun.update(s for day, s in kept if (day - timedelta(days=WEEK), s) not in kept)
    rows = [f"{s} {n / looks:.1%} ({begun[s] / years:.2f} a year)" for s, n in rose.most_common()]
    print(f"{name}: {looks} looks: {'; '.join(rows) or 'no alarm'}", flush=True)


def quiet(config: Config, scratch: Path) -> None:
    """Every signal in quiet years, and in real logs."""
    days, watches = QUIET_YEARS * YEAR, []
    for seed in SEEDS:
        with shop("quiet", config, scratch, seed) as orders:
            watches.append(run(orders, config, "quarter", days, range(0, days, WEEK)))
        told(f"shop {seed}", watches[-1], days)
    false_alarms("quiet years", watches, days)
    folder = Path(os.environ.get("CHURN_BENCHMARK_DATA", "."))
    for name, (log, horizon) in REAL.items():
        if "source" not in log and not (folder / name).exists():
            continue
        real = settings(horizon, {"source": str(folder / name), "max_set_aside": 0.5, **log})
        with open_orders(real.log, QUIET) as orders:
            begun = orders.first_day + (orders.end - orders.first_day) / 2
            days = (orders.end - begun).days
            one = run(orders, real, "quarter", days, range(0, days, WEEK), begun=begun)
        told(name, one, days)
        false_alarms(name, [one], days)


def settings(horizon: int, log: dict[str, Any]) -> Config:
    """A config with few contenders and cutoffs: what is watched is the watch."""
    return Config.model_validate(
        {
            "log": log,
            "horizon_days": horizon,
            "contenders": ["base_rate", "recency_alone", "bg_nbd", "blend"],
            "training": {"max_cutoffs": 4},
            "backtest": {"cutoffs": 3},
        }
    )


def planted(config: Config, scratch: Path) -> None:
    """Half a year after each change."""
    days, model = YEAR // 2, None
    for change in CHANGES:
        with shop(change, config, scratch) as orders:
            looks = {*range(DAILY), *range(0, days, WEEK)}
            # What was before a change is the same for all.
            model = model or trained(until(orders, START), config)
            told(change, run(orders, config, "never", days, looks, model), days)


def pays(config: Config, scratch: Path) -> None:
    """Never, every quarter and on an alarm: trainings, and the errors of two years."""
    model = None
    for change, rule in product(COMPARED, ("never", "quarter", "alarm")):
        with shop(change, config, scratch) as orders:
            model = model or trained(until(orders, START), config)
            looks = range(0, 2 * YEAR, PAUSE) if rule == "alarm" else ()
            one = run(orders, config, rule, 2 * YEAR, looks, model)
            loss, error = quality(one)
        print(
            f"{change:8} {rule:8} {one.trainings} trainings: log loss {loss:.4f}, "
            f"spend off by {error:.1%}",
            flush=True,
        )


PARTS = {"planted": planted, "quiet": quiet, "pays": pays}


def main(asked: list[str]) -> None:
    config = settings(HORIZON, {"source": "x", "columns": COLUMNS})
    with tempfile.TemporaryDirectory() as scratch:
        for part in asked or PARTS:
            PARTS[part](config, Path(scratch))


if __name__ == "__main__":
    main(sys.argv[1:])
