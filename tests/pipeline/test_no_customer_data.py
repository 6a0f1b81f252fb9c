"""Customers' ids and e-mails stay in the log and in the scores: a search of all that is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

CHURN = Path(sys.executable).with_name("churn")
SENTINELS = (b"sentinel-", b"@sentinel.example")


def log_with_sentinels(path: Path) -> None:
    """400 customers over a year and a half, each with a sentinel id and e-mail; some bad rows."""
    random = np.random.default_rng(0)
    lines = ["customer,email,day,amount"]
    for number in range(400):
        day, last = random.integers(0, 300), random.integers(100, 520)
        while day < last:
            when = date(2024, 1, 1) + timedelta(days=int(day))
            who = f"sentinel-{number:04d},c{number}@sentinel.example"
            lines.append(f"{who},{when},{random.gamma(3, 10):.2f}")
            day += 1 + random.exponential(40)
    lines.append("sentinel-9999,x@sentinel.example,2024-02-02,not-a-number")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.slow
def test_no_id_and_no_email_is_in_messages_tracking_store_or_model(
    tmp_path: Path, migrated_store: Path
) -> None:
    log_with_sentinels(tmp_path / "orders.csv")
    here = tmp_path / "here"
    here.mkdir()
    shutil.copy(migrated_store, here / "mlflow.db")
    columns = ["--customer-id", "customer", "--transacted-at", "day", "--amount", "amount"]
    small = ("contenders=[recency_alone, bg_nbd]", "backtest.cutoffs=1", "training.max_cutoffs=2")
    settings = [word for setting in small for word in ("--set", setting)]
    steps = [
        ["train", "../orders.csv", *columns, "--horizon", "60d", *settings],
        ["score", "../orders.csv", *columns, "--out", "../scores.parquet"],
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    for step in steps:
        done = subprocess.run([CHURN, *step], cwd=here, env=environment, capture_output=True)
        assert done.returncode == 0, (step[0], done.stderr.decode()[-500:])
        said = done.stdout + done.stderr
        assert not [word for word in SENTINELS if word in said], (
            f"churn {step[0]} quotes a customer"
        )

    written = [path for path in here.rglob("*") if path.is_file()]
    # The rows set aside are the user's own, beside the results; they go nowhere else.
    searched = [path for path in written if path.name != "quarantine.parquet"]
    assert {"mlflow.db", "manifest.json", "leaderboard.csv"} <= {path.name for path in searched}
    quoting = [path for path in searched if any(w in path.read_bytes() for w in SENTINELS)]
    assert quoting == []
    assert b"sentinel-" in (tmp_path / "scores.parquet").read_bytes()
