"""A small simulated base as a history: customers buy at their own rate until they leave."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.blend.blend import Blend
from models.history import History

START = date(2023, 1, 1)
HORIZON = 60


def simulated_log(n_customers: int, seed: int) -> pd.DataFrame:
    """One row per purchase day: customer, day (days since START), amount."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 200, n_customers)
    rate = rng.gamma(0.8, 1 / 40, n_customers)
    life = rng.exponential(1 / rng.gamma(1.0, 1 / 150, n_customers))
    value = rng.gamma(3.0, 15.0, n_customers)
    rows = []
    for customer in range(n_customers):
        days, day = [int(first[customer])], float(first[customer])
        while True:
            day += rng.exponential(1 / rate[customer])
            if day > first[customer] + life[customer] or day >= 500:
                break
            days.append(int(day))
        rows += [(customer, d, value[customer] * rng.gamma(4.0, 0.25)) for d in sorted(set(days))]
    return pd.DataFrame(rows, columns=["customer", "day", "amount"]).round({"amount": 2})


def snapshot(log: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """Features in plain pandas; the product's own come from features/."""
    seen = log[log["day"] < cutoff].assign(age=lambda d: cutoff - d["day"])
    by = seen.groupby("customer")
    table = pd.DataFrame({"frequency": by.size() - 1.0, "T": by["age"].max().astype(float)})
    table["recency"] = table["T"] - by["age"].min()
    table["days_since_last"] = by["age"].min().astype(float)
    total = by["amount"].sum()
    repeat = total - by["amount"].first()
    table["monetary_value"] = (repeat / table["frequency"]).where(table["frequency"] > 0, 0.0)
    table["amount_mean"] = total / (table["frequency"] + 1)
    table["gap_mean"] = (table["recency"] / table["frequency"]).where(table["frequency"] > 0)
    for window in (30, 90):
        recent = seen[seen["age"] <= window].groupby("customer")["amount"]
        table[f"purchases_{window}d"] = recent.size().reindex(table.index, fill_value=0.0)
        table[f"spend_{window}d"] = recent.sum().reindex(table.index, fill_value=0.0)
    country = np.where(table.index.to_numpy() % 3 == 0, "GB", "DE")
    return table.assign(country=country).astype({"purchases_30d": float, "purchases_90d": float})


def labelled(log: pd.DataFrame, cutoff: int, horizon: int = HORIZON) -> pd.DataFrame:
    """The snapshot with what came in the horizon."""
    table = snapshot(log, cutoff)
    later = log[(log["day"] >= cutoff) & (log["day"] < cutoff + horizon)].groupby("customer")
    purchases = later.size().reindex(table.index, fill_value=0).astype(float)
    spend = later["amount"].sum().reindex(table.index, fill_value=0.0)
    wait = (later["day"].min() - cutoff).reindex(table.index).astype(float)
    labels = {
        "churned": (purchases == 0).astype(int),
        "purchases": purchases,
        "spend": spend,
        "next_purchase": wait,
    }
    return table.assign(cutoff=pd.Timestamp(START + timedelta(days=cutoff)), **labels)


def history_of(log: pd.DataFrame, cutoff: int, panel_days: tuple[int, ...]) -> History:
    """A history at `cutoff` with a panel at `panel_days`, all in days since START."""
    rfm = ["frequency", "recency", "T", "monetary_value"]
    populations = {
        START + timedelta(days=day): snapshot(log, day)
        .groupby(rfm, as_index=False)
        .size()
        .rename(columns={"size": "n_customers"})
        for day in (*panel_days, cutoff)
    }
    panel = pd.concat([labelled(log, day) for day in panel_days], ignore_index=True)
    return History(
        START + timedelta(days=cutoff),
        HORIZON,
        panel,
        populations,
        ("country",),
        snapshot(log, cutoff).reset_index(drop=True),
    )


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    return simulated_log(700, seed=1)


@pytest.fixture(scope="session")
def history(log: pd.DataFrame) -> History:
    return history_of(log, 400, (220, 280, 340))


@pytest.fixture(scope="session")
def blend(history: History) -> Blend:
    """The blend of that history; nobody may fit it again."""
    return Blend().fit(history)


@pytest.fixture(scope="session")
def outcomes(log: pd.DataFrame) -> pd.DataFrame:
    return labelled(log, 400).reset_index(drop=True)


@pytest.fixture(scope="session")
def make_history():
    return history_of


@pytest.fixture(scope="session")
def make_log():
    return simulated_log


@pytest.fixture(scope="session")
def make_outcomes():
    return labelled
