"""Scoring slice by slice: everybody once, in order, the same in whatever pieces; and its faults."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from features.engines.duckdb import connect
from features.engines.parquet import every_nth
from features.errors import UserError
from pipeline.config import Config, EngineConfig
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.model_files import artifact
from pipeline.scoring import slices
from pipeline.simulated_log import SCHEMA, simulate
from tests.pipeline import shop

pytestmark = pytest.mark.slow

QUIET = Progress(quiet=True)
ROOT = Path(__file__).parent.parent.parent
START = "from pipeline.command_line.start import main; main()"
DAY = date(2023, 7, 1)
RENAMED = [{"country": "Country"}.get(name, name) for name in SCHEMA.names]


def days_file(folder, customers):
    """Netted days of customers a, b, c, ... who have so many each, in small groups of rows."""
    ids = [chr(97 + i) for i, n in enumerate(customers) for _ in range(n)]
    pa.parquet.write_table(pa.table({"customer_id": ids}), folder / "days.parquet")
    return folder / "days.parquet"


@pytest.mark.parametrize("customers", [[1] * 9, [20], [3, 1, 1, 9, 1], [1, 20]])
def test_slices_hold_each_customer_whole_and_once(customers, tmp_path):
    file = days_file(tmp_path, customers)
    found = slices.slices(connect([tmp_path]), file, rows=3)
    ids = [chr(97 + i) for i in range(len(customers))]
    held = [
        [one for one in ids if (low is None or one >= low) and (high is None or one < high)]
        for low, high in found
    ]
    assert [one for part in held for one in part] == ids
    assert found[0][0] is None
    assert found[-1][1] is None


def test_every_nth_row_is_the_files_own(tmp_path):
    file = days_file(tmp_path, [3, 1, 1, 9, 1])
    assert every_nth(connect([tmp_path]), file, "customer_id", 4) == ["a", "c", "d", "d"]


@pytest.fixture
def shop_orders(here):
    """The training's log, open, and its model."""
    columns = dict(zip(("customer_id", "transacted_at", "amount", "order_id"),
                       shop.HEADER, strict=False))  # fmt: skip
    log = {"source": "orders.csv", "columns": {**columns, "attributes": ["Country"]}}
    spec = Config.model_validate({"log": log}).log
    with open_orders(spec, QUIET, settings=EngineConfig(threads=2)) as orders:
        yield orders, artifact.load(here / "out" / "model")


def answers(orders, model):
    batches = slices.scored(orders.engine, orders.days_file, model, DAY, QUIET)
    return pa.Table.from_batches(batches).to_pandas()


def test_scores_do_not_depend_on_the_slices(shop_orders, monkeypatch):
    orders, model = shop_orders
    whole = answers(orders, model)
    monkeypatch.setattr(slices, "FEW_SLICES", 10**9)
    monkeypatch.setattr(slices.slices, "__defaults__", (700,))
    assert len(slices.slices(orders.engine, orders.days_file)) > 2
    pieces = answers(orders, model)
    assert pieces["customer_id"].is_monotonic_increasing
    pd.testing.assert_frame_equal(pieces, whole, rtol=1e-12)


@pytest.mark.thorough
def test_processes_give_the_scores_of_one(shop_orders, monkeypatch, capfd):
    orders, model = shop_orders
    whole = answers(orders, model)
    monkeypatch.setattr(slices, "FEW_SLICES", 1)
    monkeypatch.setattr(slices.slices, "__defaults__", (700,))
    pd.testing.assert_frame_equal(answers(orders, model), whole, rtol=1e-12)
    assert "leaked" not in capfd.readouterr().err, "DuckDB reports what a process still holds"


@pytest.mark.thorough
def test_a_command_that_is_killed_leaves_nobody_and_nothing_behind(here, tmp_path):
    log, out = tmp_path / "log", tmp_path / "scores.parquet"
    simulate(60_000, 2, log, QUIET, lines=1.0)
    for file in log.glob("*.parquet"):  # the model asks for the shop's column
        pa.parquet.write_table(pa.parquet.read_table(file).rename_columns(RENAMED), file)
    command = [sys.executable, "-c", START, "score", str(log)]
    command += ["--model", str(here / "out" / "model"), "--out", str(out), "--allow-other-log"]
    command += ["--customer-id", "customer_id", "--transacted-at", "ordered_at"]
    command += ["--amount", "amount", "--set", "engine.threads=2"]
    command += ["--set", f"cache.folder={tmp_path / 'cache'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def drafts():
        return list(tmp_path.glob(".scores.parquet.*.draft"))

    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while not drafts():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not out.exists()
    until = time.monotonic() + 60
    while alive(running.pid):
        assert time.monotonic() < until, "a process goes on scoring"
        time.sleep(0.1)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert drafts() == []
    assert pd.read_parquet(out, columns=["customer_id"])["customer_id"].is_unique


def alive(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.thorough
def test_a_memory_limit_that_is_too_small_says_so(tmp_path):
    simulate(20_000, 1, tmp_path / "log", QUIET, lines=1.0)
    columns = {"customer_id": "customer_id", "transacted_at": "ordered_at", "amount": "amount"}
    spec = Config.model_validate({"log": {"source": str(tmp_path / "log"), "columns": columns}}).log
    settings = EngineConfig(threads=1, memory_limit="4MB")
    with (
        pytest.raises(UserError, match="needs more memory"),
        open_orders(spec, QUIET, None, settings),
    ):
        pass
    settings = EngineConfig(threads=1, memory_limit="60MB")
    with open_orders(spec, QUIET, None, settings) as orders:
        assert orders.n_customers > 15_000
