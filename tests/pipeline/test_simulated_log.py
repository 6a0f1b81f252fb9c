"""The simulated log is the same for the same seed, and tells the story that it says it tells."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.log.transactions import LogSpec, open_log
from pipeline import simulated_log
from pipeline.console import Progress

QUIET = Progress(quiet=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "log"
    simulated_log.simulate(4_000, 2, out, QUIET, lines=2.0, seed=1)
    return out


def rows(folder):
    return ds.dataset(folder).to_table().to_pandas()


def test_the_same_seed_draws_the_same_log_and_another_one_another(folder, tmp_path):
    simulated_log.simulate(4_000, 2, tmp_path / "same", QUIET, lines=2.0, seed=1)
    simulated_log.simulate(4_000, 2, tmp_path / "other", QUIET, lines=2.0, seed=2)
    assert rows(folder).equals(rows(tmp_path / "same"))
    assert not rows(folder).equals(rows(tmp_path / "other"))


def test_a_longer_log_of_more_customers_does_not_change_the_first_block(tmp_path, monkeypatch):
    monkeypatch.setattr(simulated_log, "BLOCK", 500)
    simulated_log.simulate(500, 1, tmp_path / "few", QUIET)
    simulated_log.simulate(1_200, 1, tmp_path / "more", QUIET)
    few, more = rows(tmp_path / "few"), rows(tmp_path / "more")
    assert more["customer_id"].nunique() == 1_200
    theirs = more[more["customer_id"].isin(few["customer_id"])]
    assert theirs["amount"].sum() == few["amount"].sum()


def test_every_row_is_one_that_churn_reads(folder):
    columns = {
        "customer_id": "customer_id",
        "transacted_at": "ordered_at",
        "amount": "amount",
        "order_id": "order_id",
        "quantity": "quantity",
        "attributes": ["country", "channel"],
    }
    spec = LogSpec(source=str(folder), columns=columns)
    counts = open_log(connect(read=[folder]), spec, datetime(2025, 6, 1)).counts
    assert (counts.rows, counts.set_aside) == (len(rows(folder)), {})


def test_the_shop_grows_has_a_season_returns_and_order_lines(folder):
    log = rows(folder)
    bought = log[log["amount"] > 0]
    month = bought["ordered_at"].dt.to_period("M").astype(str)
    sold = month.value_counts()
    assert sold["2024-12"] > 1.3 * sold["2024-07"]  # season: the peak lies at a year's end
    assert sold["2024-07"] > 1.2 * sold["2023-07"]  # growth
    assert np.isclose((log["amount"] < 0).mean(), simulated_log.RETURNED, atol=0.006)
    assert np.isclose(len(bought) / bought["order_id"].nunique(), 2.0, atol=0.05)
    assert log.groupby("customer_id")["country"].nunique().max() == 1


def test_many_customers_leave_as_the_story_has_it(folder):
    log = rows(folder)
    early = log.loc[log["ordered_at"] < "2023-07-01", "customer_id"].unique()
    late = log.loc[log["ordered_at"] >= "2024-07-01", "customer_id"].unique()
    assert 0.1 < np.isin(early, late).mean() < 0.5


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    with pytest.raises(UserError, match="is there already"):
        simulated_log.simulate(10, 1, tmp_path, QUIET)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(simulated_log, "_table", lambda _rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulated_log.simulate(10, 1, tmp_path / "log", QUIET)
    assert list(tmp_path.iterdir()) == []
