"""What each constant of the blend is worth: hidden futures at half of it and at double.

`python -m benchmarks.constants [--kind NAME ...] [--constant NAME ...] [--seed N]`

Every number in capitals in `models/blend/` is a row, but those that `NOT_SETTINGS` and
`ONLY_TELLS` name. Each kind is
simulated a year further than the log that the blend sees. Log loss, in ten-thousandths, is that
of p_churn over the horizon and that of p_churn_clv over twelve months; `spend` and `clv` are how
far the totals are off (the logarithm of expected over came, without its sign), in hundredths;
Gini, in hundredths, is that of expected spend; `windows` and `intervals` are the shares, in
hundredths, by which the next purchase's windows and the intervals of clv miss 80 %. All are means
over the kinds. Above 0 is worse, for every column.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pandas as pd

import models.blend
from benchmarks.clv import MONTHS, SIMULATIONS, split
from models.blend.blend import Blend
from models.evaluation import log_loss
from models.evaluation.spend import normalised_gini
from pipeline.learning.snapshots import Snapshots

KINDS = ("fashion", "boxes", "doubling")
"""With a season, on a rhythm, and with money that grows: of 20 to 43 months."""

NOT_SETTINGS = {
    "COVERED": "the promise of the intervals: 80 %",
    "TAIL": "follows from COVERED",
    "TRIED": "points of a grid",
    "GROUPS": "a count that must stay whole",
    "MOST_GROUPS": "a count that must stay whole",
    "STEPS": "points of a grid",
    "LEAST": "only keeps a logarithm or a division from 0",
    "LEAST_CHANCE": "only keeps a logarithm from 0",
    "LEAST_RATIO": "only keeps a logarithm from 0",
    "ROUNDS": "rounds until an estimate stands still",
    "HALF": "the middle of a day",
    "WEEK": "days",
    "YEAR": "days",
    "ONCE": "a mark of a group",
    "TWICE": "a mark of a group",
    "LATEST": "caps work, not what is learned",
    "MANY_CUSTOMERS": "caps work, not what is learned",
    "MOST_BUYERS": "caps work, not what is learned",
    "MOST_COMPARED": "caps work, not what is learned",
    "MOST_CUTOFFS": "caps work, not what is learned",
    "WORTH_A_NOTE": "decides what is told, not what is answered",
}
"""Numbers of the blend that nobody would double: name -> why."""

ONLY_TELLS = ("models.blend.recent_change",)
"""Modules that decide what is told of an answer, not what is answered."""

Simulated = tuple[Snapshots, pd.DataFrame]


def settings() -> Iterator[tuple[ModuleType, str]]:
    """The module and name of each constant that was set by experience."""
    for found in pkgutil.iter_modules(models.blend.__path__, "models.blend."):
        module = importlib.import_module(found.name)
        if found.name in ONLY_TELLS:
            continue
        for line in ast.parse(inspect.getsource(module)).body:
            for written in ast.walk(line) if isinstance(line, ast.Assign) else ():
                if isinstance(written, ast.Name) and isinstance(written.ctx, ast.Store):
                    number = isinstance(vars(module).get(written.id), int | float)
                    if number and written.id not in NOT_SETTINGS:
                        yield module, written.id


@contextlib.contextmanager
def changed(module: ModuleType, name: str, factor: float) -> Iterator[None]:
    """Multiply a constant where it stands and wherever it was imported to; counts stay whole."""
    value = getattr(module, name)
    other = max(1, round(value * factor)) if isinstance(value, int) else value * factor
    places = [
        one
        for key, one in sys.modules.items()
        if key.startswith("models.blend") and vars(one).get(name) is value
    ]
    for one in places:
        setattr(one, name, other)
    try:
        yield
    finally:
        for one in places:
            setattr(one, name, value)


def _off(expected: np.ndarray, came: np.ndarray) -> float:
    return 100 * abs(float(np.log(expected.sum() / came.sum())))


def _missed(low: np.ndarray, high: np.ndarray, came: np.ndarray) -> float:
    told = ~np.isnan(low)
    return 100 * abs(float(((low <= came) & (came <= high))[told].mean()) - 0.8)


def measured(simulated: Simulated) -> pd.Series:
    """What the blend says of a log's future, beside that future."""
    snapshots, later = simulated
    today, people = snapshots.plan.as_of, snapshots.today
    history = snapshots.history(today)
    blend = Blend().fit(history)
    found = blend.predictions(people)
    answers, who = found.answers, people["customer_id"]
    soon = later[later["date"] < pd.Timestamp(today) + pd.Timedelta(days=history.horizon_days)]
    spent = soon.groupby("customer")["amount"].sum().reindex(who).fillna(0.0).to_numpy()
    year = later.groupby("customer")["amount"].sum().reindex(who).fillna(0.0).to_numpy()
    value, none = found.clv(MONTHS, 0.0, today), found.none_within(MONTHS, today)
    low, high = found.clv_interval(value, MONTHS, today, if_any=True)
    first = soon.groupby("customer")["date"].min().reindex(who)
    waited = (first - pd.Timestamp(today)).dt.days.to_numpy(float)
    bought = ~np.isnan(waited)
    window = blend.fitted.intervals.next_purchase.window(people[bought])
    expected = answers["expected_spend"].to_numpy(float)
    return pd.Series(
        {
            "p_churn": 1e4 * log_loss((spent == 0).astype(float), answers["p_churn"].to_numpy()),
            "p_churn_clv": 1e4 * log_loss((year == 0).astype(float), none),
            "spend": _off(expected, spent),
            "clv": _off(value, year),
            "Gini": -100 * normalised_gini(spent, expected),
            "windows": _missed(*window, waited[bought]),
            "intervals": _missed(low[year > 0], high[year > 0], year[year > 0]),
        }
    )


def _all(logs: list[Simulated]) -> pd.Series:
    return pd.DataFrame([measured(log) for log in logs]).mean()


def main() -> None:
    """Print a row for each constant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", nargs="+", choices=sorted(SIMULATIONS), default=KINDS)
    parser.add_argument("--constant", nargs="+")
    parser.add_argument("--seed", type=int, default=2)
    asked = parser.parse_args()
    logs = [split(kind, asked.seed) for kind in asked.kind]
    usual = _all(logs)
    print(f"As they are, on {', '.join(asked.kind)}:\n{usual.round(2).to_string()}\n")
    print("| constant | value | factor | " + " | ".join(usual.index) + " |")
    print("|---" * (3 + len(usual)) + "|", flush=True)
    for module, name in settings():
        if asked.constant and name not in asked.constant:
            continue
        place = f"`{module.__name__.rpartition('.')[2]}.{name}`"
        for factor in (0.5, 2.0):
            with changed(module, name, factor):
                worse = _all(logs) - usual
            told = " | ".join(f"{one:+.1f}" if abs(one) >= 0.05 else "0" for one in worse)
            print(f"| {place} | {getattr(module, name):g} | {factor:g} | {told} |", flush=True)


if __name__ == "__main__":
    main()
