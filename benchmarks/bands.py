"""How often the 80 % bands of `churn describe` hold what came: `python -m benchmarks.bands`.

Three simulated logs of each of thirteen kinds of business, cut where a whole window is still to
come. The bands' rule was chosen on fourteen other kinds (`--chosen-on`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.kinds import KINDS
from benchmarks.young import CHOSEN_ON, HORIZON, LENGTHS, MONTH, PEAKS, TRENDS, young
from pipeline.business.course import Course, of_log
from pipeline.business.forecast import MEASURES, in_steps
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders

SHOWN = ("givers", "app", "subscribers", "regulars", "boxes", "bills", "giants")
CHOSEN = (
    "seasonal",
    "tickets",
    "reorders",
    "fashion",
    "story",
    "renewals",
    "wholesaler",
    "unequal",
)

START = date(2005, 1, 1)
"""So that the longest log is over by now."""

LONGER = 1.35
"""A log goes on for so many times its usual length, so that new customers still come."""

FEWEST_MONTHS = 12
"""Younger logs have no past forecast."""


def logs(chosen_on: bool) -> Iterator[tuple[str, partial, int, int, int]]:
    """Name, simulation, days of log, day that is asked about, and days of the window."""
    for name in CHOSEN if chosen_on else SHOWN:
        simulate, n_days, window = KINDS[name]
        yield name, partial(simulate), round(n_days * LONGER), n_days, window
    for kind in (*PEAKS, *TRENDS):
        for months in LENGTHS:
            if ((kind, months) in CHOSEN_ON) == chosen_on and months >= FEWEST_MONTHS:
                n_days = round(months * MONTH)
                yield f"{kind}, {months}", partial(young, kind), n_days, n_days - HORIZON, HORIZON


def described(rows: pd.DataFrame, asked: int, window: int) -> tuple[Course, Course]:
    """The course to the day asked about with what was forecast, and to the log's end."""
    when = pd.Timestamp(START) + pd.to_timedelta(rows["day"].astype(int), unit="D")
    log = pd.DataFrame(
        {"customer": rows["customer"].map("c{}".format), "date": when, "amount": rows["amount"]}
    )
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    progress = Progress(quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        log.round({"amount": 2}).to_parquet(path, index=False)
        settings = Config.model_validate({"log": {"source": str(path), "columns": columns}})
        with open_orders(settings.log, progress) as orders:
            day = START + timedelta(days=asked)
            known = of_log(orders, settings.log, day, window, progress, ahead=True)
            return known, of_log(orders, settings.log, orders.end, window, progress)


def held(known: Course, whole: Course) -> dict[str, float]:
    """Share of steps, and whether the total, lay in the band: by measure."""
    found: dict[str, float] = {}
    if known.forecast is None:
        return found
    end = known.forecast.end
    came = in_steps(whole.daily[whole.daily.index < end], end, known.forecast.step_days)
    for name in MEASURES:
        outlook = known.forecast.outlooks[name]
        there = came[name].iloc[-known.forecast.steps :].to_numpy()
        low, high = (outlook.coming[column].to_numpy() for column in ("low", "high"))
        total = there[-1] if name == "active" else there.sum()
        found[f"{name}, total"] = float(outlook.total[1] <= total <= outlook.total[2])
        found[f"{name}, steps"] = float(np.mean((low <= there) & (there <= high)))
    return found


def main() -> None:
    """Print the share held, by kind and of all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chosen-on", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = {}
    for name, simulate, n_days, asked, window in logs(options.chosen_on):
        for seed in range(1, options.seeds + 1):
            bought = pd.DataFrame(
                simulate(np.random.default_rng(seed), n_days),
                columns=["customer", "day", "amount"],
            )
            bought = bought[(bought["day"] >= 0) & (bought["day"] < n_days)]
            rows[name, seed] = held(*described(bought, asked, window))
    table = pd.DataFrame(rows).T.dropna()
    print(table.groupby(level=0).mean().round(2).to_string())
    print(f"{len(table)} logs\n{table.mean().round(3).to_string()}")


if __name__ == "__main__":
    main()
