"""clv against the twelve months that came: customers on a rhythm, or who spend ever more.

`python -m benchmarks.clv [--kind NAME ...] [--seed N]`

Each kind is simulated a year further than the log that the blend sees. `total` is all clv over
what came, minus 1; `Gini` the order of customers by clv; `tenths` how far the totals of the ten
tenths by clv are off, added up, as a share of what came; `to nobody` the share of clv on those who
bought nothing, `to the gone` on those of whom p_churn_clv is above .98; `log loss` that of
p_churn_clv; `held` the share of buyers inside clv_if_any; `most if any` the largest
clv / (1 - p_churn_clv), over the most that anybody spent.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import growing, members
from benchmarks.growing import GROWING
from benchmarks.kinds import KINDS, START
from benchmarks.members import MEMBERS
from models.blend.blend import Blend
from models.evaluation import log_loss
from models.evaluation.spend import normalised_gini
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from pipeline.learning.snapshots import Snapshots

YEAR, MONTHS, TENTHS, GONE = 366, 12, 10, 0.98
ORDINARY = ("seasonal", "reorders", "regulars", "boxes")
SIMULATIONS = {**KINDS, **MEMBERS, **GROWING}
CHOSEN_ON = {*members.CHOSEN_ON, *growing.CHOSEN_ON}
SHOWN = (*(name for name in (*MEMBERS, *GROWING) if name not in CHOSEN_ON), *ORDINARY)


def simulated(name: str, seed: int) -> pd.DataFrame:
    """The log of a kind, and a year more."""
    simulate, n_days, _ = SIMULATIONS[name]
    rows = pd.DataFrame(
        simulate(np.random.default_rng(seed), n_days + YEAR), columns=["customer", "day", "amount"]
    )
    rows = rows[rows["day"].between(0, n_days + YEAR, inclusive="left")]
    when = pd.Timestamp(START) + pd.to_timedelta(rows["day"].astype(int), unit="D")
    return rows.assign(
        date=when, amount=rows["amount"].round(2), customer=rows["customer"].map("c{}".format)
    )[["customer", "date", "amount"]]


def split(name: str, seed: int) -> tuple[Snapshots, pd.DataFrame]:
    """What is known at the end of the log, and the rows of the months after it."""
    log, progress = simulated(name, seed), Progress(quiet=True)
    _, n_days, horizon_days = SIMULATIONS[name]
    end = pd.Timestamp(START) + pd.Timedelta(days=n_days)
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        log[log["date"] < end].to_parquet(path, index=False)
        source = {"source": str(path), "columns": columns}
        settings = Config.model_validate({"log": source, "horizon_days": horizon_days})
        with open_orders(settings.log, progress) as orders:
            snapshots = prepare(orders, settings, progress)
    first = pd.Timestamp(snapshots.plan.as_of)
    over = first + pd.DateOffset(months=MONTHS)
    return snapshots, log[(log["date"] >= first) & (log["date"] < over)]


def measured(name: str, seed: int) -> dict[str, float]:
    """What the blend, trained on the log, says of the year after it, beside that year."""
    snapshots, later = split(name, seed)
    today, people = snapshots.plan.as_of, snapshots.today
    found = Blend().fit(snapshots.history(today)).predictions(people)
    value, none = found.clv(MONTHS, 0.0, today), found.none_within(MONTHS, today)
    low, high = found.clv_interval(value, MONTHS, today, if_any=True)
    spent = later.groupby("customer")["amount"].sum().reindex(people["customer_id"]).fillna(0.0)
    came = np.maximum(spent.to_numpy(), 0.0)
    total, bought, order = came.sum(), came > 0, np.argsort(-value, kind="stable")
    tenths = [abs(value[some].sum() - came[some].sum()) for some in np.array_split(order, TENTHS)]
    return {
        "customers": len(people),
        "total": value.sum() / total - 1,
        "Gini": normalised_gini(came, value),
        "tenths": sum(tenths) / total,
        "to nobody": value[~bought].sum() / value.sum(),
        "to the gone": value[none > GONE].sum() / value.sum(),
        "log loss": log_loss((~bought).astype(float), none),
        "held": float(((came >= low) & (came <= high))[bought].mean()),
        "most if any": float((value / (1 - none)).max() / came.max()),
    }


def report(measure: Callable[[str, int], dict[str, float]], shown: Sequence[str]) -> None:
    """Print one row per kind, of those that are named on the command line, else of `shown`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=SIMULATIONS, action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = {name: measure(name, options.seed) for name in options.kind or shown}
    print(pd.DataFrame(table).T.round(3).to_string())


if __name__ == "__main__":
    report(measured, SHOWN)  # those on which nothing was chosen
