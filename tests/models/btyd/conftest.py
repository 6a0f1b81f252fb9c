"""CDNOW as the papers cut it, read from the lifetimes wheel; real logs that may be absent."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data"


def summarise(log: pd.DataFrame, end: str, until: str) -> pd.DataFrame:
    """One row per customer in weeks: the papers close the calibration day itself."""
    end_day, last_day = pd.Timestamp(end), pd.Timestamp(until)
    days = log.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    seen = days[days["day"] <= end_day]
    span = seen.groupby("customer_id")["day"].agg(["min", "max", "count"])
    gaps = seen.groupby("customer_id")["day"].diff().dt.days / 7
    repeat = seen[gaps.notna()]
    later = days[(days["day"] > end_day) & (days["day"] <= last_day)]
    frame = pd.DataFrame(
        {
            "frequency": span["count"] - 1,
            "recency": (span["max"] - span["min"]).dt.days / 7,
            "T": (end_day - span["min"]).dt.days / 7,
            "monetary_value": repeat.groupby("customer_id")["amount"].mean(),
            "log_intervals": np.log(gaps).groupby(seen["customer_id"]).sum(),
            "holdout": later.groupby("customer_id").size(),
        },
        index=span.index,
    )
    return frame.fillna(0.0)


def read_cdnow(name: str, names: list[str], header: int | None) -> pd.DataFrame:
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("CDNOW ships with lifetimes, which is not installed")
    path = Path(spec.submodule_search_locations[0]) / "datasets" / name
    log = pd.read_csv(path, sep=r"\s+", header=header, names=names)
    log["day"] = pd.to_datetime(log["day"].astype(str))
    return summarise(log, "1997-09-30", "1998-06-30")


@pytest.fixture(scope="session")
def cdnow() -> pd.DataFrame:
    """The 2,357-customer sample of the papers."""
    return read_cdnow("CDNOW_sample.txt", ["master", "customer_id", "day", "cds", "amount"], None)


@pytest.fixture(scope="session")
def cdnow_full() -> pd.DataFrame:
    """All 23,570 customers."""
    return read_cdnow("CDNOW_master.txt", ["customer_id", "day", "cds", "amount"], 0)


@pytest.fixture(scope="session")
def grocery() -> pd.DataFrame:
    path = SHARED / "grocery_elog.parquet"
    if not path.exists():
        pytest.skip("the grocery log is not part of the project: shared/data is absent")
    log = pd.read_parquet(path)
    log["day"] = log["timestamp"].dt.normalize()
    return summarise(log.assign(amount=1.0), "2006-12-31", "2007-12-30")


@pytest.fixture(scope="session")
def donations() -> pd.DataFrame:
    path = SHARED / "donations_rf_matrix.parquet"
    if not path.exists():
        pytest.skip("the donation matrix is not part of the project: shared/data is absent")
    return pd.read_parquet(path)
