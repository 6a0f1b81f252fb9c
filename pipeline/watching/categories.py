"""Whether an attribute's values go on as before: none lost, few new, few missing."""

import numpy as np
import pandas as pd

from features.business.weeks import values_by_week
from pipeline.intake.orders import Orders
from pipeline.model_files.manifest import Manifest
from pipeline.watching.signals import Signal
from pipeline.watching_config import MonitoringConfig

LARGE = 0.05
"""A value with a smaller share of the purchase days is not missed."""

FEWEST = 20
"""Purchase days of a week below which it says nothing."""


def categories(orders: Orders, manifest: Manifest, config: MonitoringConfig) -> list[Signal]:
    """Signals of each attribute that the model asks for."""
    found: list[Signal] = []
    for name in manifest.attributes:
        if name not in orders.attributes:
            continue  # a log without it is refused before
        table = values_by_week(orders.netted, orders.end, name).to_pyarrow().to_pandas()
        if table["last"].sum() >= FEWEST and table["before"].sum() >= FEWEST:
            found += [_lost(name, table, config), *_unknown(name, table, config)]
    return found


def _lost(name: str, table: pd.DataFrame, config: MonitoringConfig) -> Signal:
    """The value whose share has fallen most."""
    last, usual = (table[when] / table[when].sum() for when in ("last", "before"))
    n, m = table["last"].sum(), table["before"].sum()
    error = np.sqrt((usual * (1 - usual)).clip(lower=1e-9) * (1 / n + 1 / m))
    fallen = (usual / ((table["last"] + 0.5) / (n + 0.5))).where(usual >= LARGE, 0.0)
    most = int(fallen.to_numpy().argmax())
    factor, beyond = float(fallen.iloc[most]), float((usual - last).iloc[most] / error.iloc[most])
    value = table["value"].iloc[most]
    called = "missing values" if pd.isna(value) else f"{str(value)[:40]!r}"
    words = (
        f"{name}: {called} had {usual.iloc[most]:.0%} of the purchase days of eight weeks, and "
        f"{last.iloc[most]:.0%} of the last one's."
    )
    risen = factor > config.category and beyond > config.chance and not pd.isna(value)
    return Signal("value_lost", "data", name, factor, config.category, risen, words, beyond)


def _unknown(name: str, table: pd.DataFrame, config: MonitoringConfig) -> list[Signal]:
    """Shares of missing values and of values that were never seen, above those of before."""
    missing = table["value"].isna()
    new = ~missing & (table["before"] == 0) & (table["earlier"] == 0)
    # Of an attribute with ever new values, such as a voucher, some are new each week.
    recent = ~missing & (table["earlier"] == 0) & (table["before"] > 0)
    n, m = table["last"].sum(), table["before"].sum()
    weekly = table["before"][recent].sum() / m
    found = []
    for signal, share, usual, words in (
        ("value_missing", table["last"][missing].sum() / n, table["before"][missing].sum() / m,
         "has no value"),
        ("value_new", table["last"][new].sum() / n, weekly, "has a value never seen before"),
    ):  # fmt: skip
        more = float(share - usual)
        error = np.sqrt(max(usual * (1 - usual), 0.25 / n) / n)
        text = f"{name}: {share:.0%} of the last week's purchase days {words}, {usual:.0%} usually."
        risen = more > config.unknown and more / error > config.chance
        found.append(
            Signal(signal, "data", name, more, config.unknown, risen, text, more / float(error))
        )
    return found
