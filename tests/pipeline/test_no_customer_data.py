"""Customers' ids and e-mails stay in the log and in the scores: a search of all that is written."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.command_line import main as cli

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
    tracking_uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log_with_sentinels(tmp_path / "orders.csv")
    log = [str(tmp_path / "orders.csv"), "--customer-id", "customer"]
    log += ["--transacted-at", "day", "--amount", "amount"]
    small = ["contenders=[recency_alone, blend]", "backtest.cutoffs=1", "training.max_cutoffs=2"]
    settings = [f"tracking.uri={tracking_uri}", *small]
    words = [word for setting in settings for word in ("--set", setting)]
    assert cli.run(["train", *log, "--horizon", "60d", *words]) == 0
    scores = str(tmp_path / "scores.parquet")
    assert cli.run(["score", *log, "--out", scores, *words[:2]]) == 0
    said = "".join(capfd.readouterr()).encode()
    assert b"recency_alone" in said
    assert not [word for word in SENTINELS if word in said], "a message quotes a customer"

    written = [
        path
        for folder in (Path.cwd(), tmp_path / "store")
        for path in folder.rglob("*")
        # The rows set aside are the user's own, beside the results; they go nowhere else.
        if path.is_file() and path.name != "quarantine.parquet"
    ]
    assert {"mlflow.db", "manifest.json", "leaderboard.csv"} <= {path.name for path in written}
    assert [path for path in written if any(w in path.read_bytes() for w in SENTINELS)] == []
    assert b"sentinel-" in Path(scores).read_bytes()
