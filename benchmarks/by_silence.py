"""The value of months with and without what silence tells: `python -m benchmarks.by_silence`.

At the cutoff of the longest period that was over, of each kind of business: how far each of eight
groups' share of all value lies from its share of the money that came (added up, half of it: the
share of value given to the wrong group), the order of customers by value (Gini), and the log loss
of a purchase in the period.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.kinds import KINDS, write
from models.blend import by_silence
from models.blend.blend import Blend
from models.evaluation import log_loss
from models.evaluation.spend import normalised_gini
from models.history import LABELS, weights
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from pipeline.learning.snapshots import Snapshots

CHOSEN_ON = ("fashion", "renewals", "reorders", "seasonal", "story")
YEAR = 365


def groups(customers: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """One-time buyers by silence, the others by silence in own mean gaps."""
    silent = by_silence.silence(customers)
    again = customers["frequency"].to_numpy(float)
    gaps = silent * again / np.maximum(customers["recency"].to_numpy(float), 1.0)
    once = np.searchsorted([horizon_days, YEAR, 2 * YEAR], silent)
    return np.where(again > 0, 10 + np.searchsorted([1.0, 2.0, 4.0], gaps), once)


def measured(snapshots: Snapshots) -> dict[str, float] | None:
    """How good the value of months was at the cutoff of the longest period that was over."""
    months = snapshots.plan.months
    if not months:
        return None
    cutoff = max(months, key=lambda day: months[day])
    rows, came = snapshots.labelled[cutoff], np.maximum(snapshots.spend[cutoff], 0.0)
    customers, w = rows.drop(columns=list(LABELS)), weights(rows)
    found = Blend().fit(snapshots.history(cutoff)).predictions(customers)
    value = found.clv(months[cutoff], 0.0, cutoff)
    none = found.none_within(months[cutoff], cutoff)
    table = pd.DataFrame({"value": w * value, "came": w * came})
    shares = table.groupby(groups(customers, snapshots.plan.horizon_days)).sum()
    shares = shares / shares.sum()
    return {
        "misplaced": float((shares["value"] - shares["came"]).abs().sum() / 2),
        "Gini": normalised_gini(came, value, w),
        "log loss": log_loss((came <= 0).astype(float), none, w),
    }


def main() -> None:
    """Print one row per kind, without and with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table, progress, margin = {}, Progress(quiet=True), by_silence.MARGIN
    for name in options.kind or [kind for kind in KINDS if kind not in CHOSEN_ON]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log.parquet"
            write(name, path, options.seed)
            columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
            settings = Config.model_validate(
                {
                    "log": {"source": str(path), "columns": columns},
                    "horizon_days": KINDS[name][2],
                }
            )
            with open_orders(settings.log, progress) as orders:
                snapshots = prepare(orders, settings, progress)
                for way, least in (("without", np.inf), ("with", margin)):
                    by_silence.MARGIN = least
                    if (found := measured(snapshots)) is not None:
                        table[name, way] = found
    print(pd.DataFrame(table).T.round(4).to_string())


if __name__ == "__main__":
    main()
