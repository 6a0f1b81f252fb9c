"""How often a change of the last days is seen, and how often one that is none.

`python -m benchmarks.recent_change [--chosen-on] [--seeds N]`

Logs of kinds of business as they are, with prices 30 % up, with half of the customers gone, and
with both in part, since a quarter of the horizon before the log's end. The limit of
`models.blend.recent_change` was chosen on eight kinds (`--chosen-on`); the others are printed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bands import CHOSEN
from benchmarks.kinds import KINDS, write
from models.blend.recent_change import RecentChange, window_days
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import planned
from pipeline.learning.snapshots import Learner


def variants(log: pd.DataFrame, days: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """The log as it is, and with what began so many days before its end."""
    late = log["date"] > log["date"].max() - pd.Timedelta(days=days)
    drawn = np.random.default_rng(5).random(log["customer"].nunique())
    place = pd.factorize(log["customer"])[0]
    yield "as it is", log
    yield "prices +30 %", log.assign(amount=log["amount"] * np.where(late, 1.3, 1.0))
    yield "half gone", log[~(late & (drawn < 0.5)[place])]
    both = log.assign(amount=log["amount"] * np.where(late, 1.25, 1.0))
    yield "three in ten gone, prices +25 %", both[~(late & (drawn < 0.3)[place])]


def change(path: Path, horizon_days: int) -> RecentChange | None:
    """What the last days of a log show."""
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    settings = Config.model_validate({"log": {"source": str(path), "columns": columns}})
    progress = Progress(quiet=True)
    with open_orders(settings.log, progress) as orders:
        return Learner.of(orders).recent_change(planned(orders, settings, horizon_days))


def main() -> None:
    """Print the share of logs in which a change is seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chosen-on", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for name, (_, _, horizon_days) in KINDS.items():
        if (name in CHOSEN) != options.chosen_on:
            continue
        for seed in range(1, options.seeds + 1):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "log.parquet"
                write(name, path, seed)
                for what, log in variants(pd.read_parquet(path), window_days(horizon_days)):
                    log.to_parquet(path, index=False)
                    seen = change(path, horizon_days) is not None
                    rows.append((name, what, float(seen)))
    table = pd.DataFrame(rows, columns=["kind", "log", "seen"])
    shares = table.pivot_table(index="kind", columns="log", values="seen", sort=False)
    print(shares.round(2).to_string())
    print(f"{len(table)} logs; of all:\n{shares.mean().round(3).to_string()}")


if __name__ == "__main__":
    main()
