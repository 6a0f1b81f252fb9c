"""Changes planted in simulated shops of 4,000 customers, for `benchmarks.monitoring`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import Orders, open_orders
from pipeline.simulated_log import simulate

QUIET = Progress(quiet=True)
CUSTOMERS, YEARS = 4000, 6
START = date(2021, 1, 4)
"""The day from which on a shop is watched, and on which a change begins."""

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


@contextmanager
def shop(change: str, config: Config, scratch: Path, seed: int = 7) -> Iterator[Orders]:
    """The orders of a shop with a change."""
    file = scratch / f"{change}_{seed}.parquet"
    if not file.exists():
        simulate(CUSTOMERS, YEARS, scratch / f"{change}_{seed}", QUIET, seed=seed)
        plain = pd.read_parquet(scratch / f"{change}_{seed}")
        changed = CHANGES[change](plain, np.random.default_rng(0))
        changed.astype({"country": str, "channel": str, "amount": float}).to_parquet(file)
    with open_orders(config.log.model_copy(update={"source": str(file)}), QUIET) as orders:
        yield orders
