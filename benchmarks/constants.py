"""What each constant of the blend is worth: log loss and spend Gini at half, as is, and double.

`python -m benchmarks.constants [--kind NAME ...] [--constant NAME ...]`

The base learners of a log are fitted once; what stands above them is fitted anew for every value.
Printed is the mean over logs and cutoffs, and for half and double what it differs: log loss in
ten-thousandths (below 0 is better), Gini in hundredths (above 0 is better).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.kinds import KINDS, START, write
from models.blend import (
    forecast_combination,
    level,
    level_error,
    realised_spend,
    spend_estimators,
    stacking,
)
from models.blend.blend import Blend
from models.evaluation.leaderboard import evaluate
from models.history import LABELS
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from pipeline.learning.snapshots import Snapshots

LOGS = ("reorders", "fashion")

CONSTANTS: tuple[tuple[ModuleType, str], ...] = (
    (stacking, "SHRINKAGE"),
    (stacking, "REACH"),
    (stacking, "FEW_CUSTOMERS"),
    (stacking, "HALF_TAUGHT"),
    (forecast_combination, "PRIOR_SD"),
    (forecast_combination, "PRIOR_HORIZONS"),
    (forecast_combination, "OPTIMISM"),
    (level, "FURTHEST"),
    (level_error, "LASTING"),
    (level_error, "DRIFTING"),
    (level_error, "FADING"),
    (level_error, "YEARLY"),
    (level_error, "MEMORY"),
    (level_error, "YEARS_ALIKE"),
    (level_error, "CHANCE"),
    (level_error, "PRIOR_MISS"),
    (level_error, "PRIOR_CUTOFFS"),
    (level_error, "PRIOR_SQUARES"),
    (level_error, "MOST_WORTH"),
    (realised_spend, "PRICE_CHANGE"),
    (spend_estimators, "MOST_BEYOND"),
    (spend_estimators, "LEAST_LEFT"),
)


@contextlib.contextmanager
def changed(module: ModuleType, name: str, factor: float) -> Iterator[None]:
    """Multiply a constant, wherever in the blend its name was imported to."""
    value = getattr(module, name)
    places = [
        one
        for key, one in sys.modules.items()
        if key.startswith("models.blend") and getattr(one, name, None) is value
    ]
    for one in places:
        setattr(one, name, value * factor)
    try:
        yield
    finally:
        for one in places:
            setattr(one, name, value)


def snapshots_of(kind: str, folder: Path) -> Snapshots:
    """Simulate a log and lay out what is learned from it."""
    path, (_, _, horizon) = folder / f"{kind}.parquet", KINDS[kind]
    write(kind, path, seed=2)
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    config = Config.model_validate(
        {
            "log": {"source": str(path), "columns": columns},
            "horizon_days": horizon,
            "backtest": {"cutoffs": 2},
        }
    )
    progress = Progress(quiet=True)
    with open_orders(config.log, progress) as orders:
        return prepare(orders, config, progress)


def scored(snapshots: Snapshots) -> np.ndarray:
    """Log loss and spend Gini of the blend, the mean over the backtest's cutoffs."""
    found = []
    for cutoff in snapshots.plan.backtest:
        outcomes = snapshots.labelled[cutoff]
        blend = Blend().fit(snapshots.history(cutoff))
        scores: dict[str, Any] = evaluate(
            outcomes, blend.predict(outcomes.drop(columns=list(LABELS)))
        )
        found.append((scores["log_loss"], scores["spend_gini"]))
    means: np.ndarray = np.mean(found, axis=0)
    return means


def main() -> None:
    """Print a row for each constant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", nargs="+", choices=sorted(KINDS), default=LOGS)
    parser.add_argument("--constant", nargs="+", default=[name for _, name in CONSTANTS])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = [snapshots_of(kind, Path(folder)) for kind in asked.kind]
    usual = np.mean([scored(log) for log in logs], axis=0)
    print(f"{', '.join(asked.kind)} from {START}: log loss {usual[0]:.4f}, Gini {usual[1]:.4f}")
    print(f"{'constant':36}{'as is':>8}{'half':>16}{'double':>16}", flush=True)
    for module, name in CONSTANTS:
        if name not in asked.constant:
            continue
        told = ""
        for factor in (0.5, 2.0):
            with changed(module, name, factor):
                loss, gini = np.mean([scored(log) for log in logs], axis=0) - usual
            told += f"{1e4 * loss:+9.1f}{100 * gini:+7.2f}"
        place = f"{module.__name__.rpartition('.')[2]}.{name}"
        print(f"{place:36}{getattr(module, name):8g}{told}", flush=True)


if __name__ == "__main__":
    main()
