"""Whether a log goes on as before: how fresh it is, how much comes, what is set aside."""

from datetime import date

import numpy as np
import pandas as pd

from features.business.weeks import longest_pause, weeks
from features.timeline import before
from pipeline.intake.orders import Orders
from pipeline.learning.profile import account
from pipeline.model_files.manifest import Manifest
from pipeline.watching.categories import categories
from pipeline.watching.cusum import slow_change
from pipeline.watching.signals import Signal
from pipeline.watching_config import MonitoringConfig

BEFORE = 8
"""A week is held against the median of so many before it."""

YEAR = 53
FEWEST_WEEKS = 10
"""So many weeks must be known before their own spread is believed."""

FEWEST_ROWS = 50
SHORTEST_PAUSE = 3
TENTH = 1.6449
"""Standard deviations beyond which one week in ten lies, of a normal distribution."""


def health(
    orders: Orders, manifest: Manifest, config: MonitoringConfig, today: date
) -> tuple[list[Signal], pd.DataFrame]:
    """Signals of the log, and the log week by week (the last one first)."""
    every = by_week(orders)
    table, learned = every.head(YEAR + BEFORE), manifest.cutoffs[-1]
    since = (orders.end - learned).days // 7
    slow = slow_change(every["purchases"].to_numpy(), learned, since, config.cusum)
    signals = [
        freshness(orders, config, today),
        *_weekly(table, config),
        *([slow] if slow else []),
        *categories(orders, manifest, config),
        *_rows(orders, manifest, config),
        *_past(orders, manifest, config),
    ]
    return signals, table


def by_week(orders: Orders) -> pd.DataFrame:
    """`features.business.weeks.weeks` with a row for each whole week, 0 purchases included."""
    found = weeks(orders.netted, orders.end).to_pyarrow().to_pandas().set_index("week")
    whole = (orders.end - orders.first_day).days // 7
    table = found.reindex(range(whole))
    table["purchases"] = table["purchases"].fillna(0)
    return table.astype(float)


def freshness(orders: Orders, config: MonitoringConfig, today: date) -> Signal:
    """How old the last order is."""
    age = (today - orders.last_day).days
    limit = config.last_order_days
    if limit is None:
        pause = longest_pause(orders.netted, orders.end, 365).to_pyarrow().as_py() or 1
        limit = max(2 * pause, SHORTEST_PAUSE)
    if age < 0:
        words = f"The last order is of {orders.last_day}, after today ({today}): is the clock right"
        words += ", or a date of the log wrong?"
    else:
        words = f"The last order is {age} days old ({orders.last_day}); up to {limit} are usual."
    risen = age > limit or age < 0
    return Signal("last_order", "data", "log", float(age), float(limit), risen, words)


def _weekly(table: pd.DataFrame, config: MonitoringConfig) -> list[Signal]:
    """The last week against those before it, in logarithms."""
    n = table["purchases"].clip(lower=0.5)
    asked = {
        "volume": (n, 1 / np.sqrt(n), config.volume, "purchase days", ",.0f"),
        "rows_per_purchase": (
            table["rows"],
            table["rows_sd"] / table["rows"] / np.sqrt(n),
            config.rows,
            "rows per purchase day",
            ",.2f",
        ),
        "amount": (
            table["amount"],
            1.25 * table["amount_sd"] / np.sqrt(n),
            config.amount,
            "median amount of an order",
            ",.2f",
        ),
    }
    found = (_week(name, *given, config.chance) for name, given in asked.items())
    return [signal for signal in found if signal]


def _week(
    name: str,
    values: pd.Series,
    error: pd.Series,
    factor: float,
    what: str,
    style: str,
    chance: float,
) -> Signal | None:
    """One figure of the last week, as a multiple of the median of the weeks before it."""
    logs = np.log(values.to_numpy(float))
    if len(logs) <= BEFORE or np.isnan(logs[: BEFORE + 1]).any():
        return None
    usual = [np.median(logs[k + 1 : k + 1 + BEFORE]) for k in range(len(logs) - BEFORE)]
    off = logs[: len(usual)] - usual
    own = error.to_numpy(float)[0]
    spread = float(np.hypot(own, own / np.sqrt(BEFORE)))
    earlier = off[1:][np.isfinite(off[1:])]
    if len(earlier) >= FEWEST_WEEKS:
        # By the tenth that lies furthest off: of a log that is billed monthly most weeks are empty.
        apart = np.abs(earlier - np.median(earlier))
        spread = max(spread, float(np.quantile(apart, 0.9)) / TENTH)
    ratio, beyond = float(np.exp(off[0])), float(abs(off[0]) / max(spread, 1e-9))
    risen = abs(off[0]) > np.log(factor) and beyond > chance
    before = f"{np.exp(usual[0]):{style}}"
    beside = "usually none" if before == "0" else f"{ratio:.2f} times the usual {before}"
    words = f"In the last week: {np.exp(logs[0]):{style}} {what}, {beside}."
    return Signal(name, "data", "last week", ratio, factor, risen, words, beyond)


def _rows(orders: Orders, manifest: Manifest, config: MonitoringConfig) -> list[Signal]:
    """Rows that are set aside, have no customer, or are there twice: of the new ones, if any."""
    then = manifest.settings.get("profile", {}).get("rows")
    now = account(orders.log.counts)
    if not then:
        return []
    grown = now["rows"] > then["rows"] and all(now[key] >= then[key] for key in now)
    new = {key: now[key] - then[key] for key in now} if grown else now
    if new["rows"] < FEWEST_ROWS:
        return []
    said = {
        "set_aside": "were set aside",
        "anonymous": "have no customer",
        "duplicates": "equal an earlier one",
    }
    found = []
    for key, words in said.items():
        share, usual = new[key] / new["rows"], then[key] / max(then["rows"], 1)
        text = (
            f"{share:.1%} of {new['rows']:,} {'new ' * int(grown)}rows {words}, {usual:.1%} before."
        )
        risen = share - usual > config.set_aside
        found.append(Signal(key, "data", "log", share - usual, config.set_aside, risen, text))
    return found


def _past(orders: Orders, manifest: Manifest, config: MonitoringConfig) -> list[Signal]:
    """Whether the days that were learned from are still there."""
    learned, until = manifest.log.purchase_days, manifest.cutoffs[-1]
    if orders.end < until:
        words = f"The log ends on {orders.last_day}; the model learned up to {until}."
        return [Signal("past", "data", "log", 1.0, config.past, True, words)]
    known = before(orders.netted, until)
    now = int((known.amount > 0).sum().to_pyarrow().as_py() or 0)
    off = now / max(learned, 1) - 1
    words = f"Before {until} the log has {now:,} purchase days; {learned:,} were learned from."
    return [Signal("past", "data", "log", off, config.past, abs(off) > config.past, words)]
