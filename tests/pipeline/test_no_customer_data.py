"""Customers' ids and e-mails stay in the log and in the scores: a search of all that is written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.command_line import main as cli
from tests.pipeline import shop

pytestmark = pytest.mark.slow


def quoted(text: bytes) -> list[str]:
    """Ids of customers, long enough to be nobody else's, and e-mails that a text holds."""
    ids = {row[0] for row in shop.rows()}
    words = [shop.MAIL, *(name for name in ids if len(name) > 8)]
    return [word for word in words if word.encode() in text]


def test_36_no_id_and_no_email_is_in_messages_tracking_store_report_or_model(here: Path) -> None:
    said = (here / "said.txt").read_bytes()
    assert b"recency alone" in said
    assert b"1 set aside" in said
    places = [here / "said.txt", here / "mlflow.db"]
    places += [*(here / "mlartifacts").rglob("*"), *(here / "out").rglob("*")]
    # The rows set aside, and what is kept of the log, are the user's own beside the results, for
    # nobody else to read; they go nowhere else.
    own = {"quarantine.parquet", "aside.parquet", "days.parquet"}
    files = [path for path in places if path.is_file() and path.name not in own]
    assert {"mlflow.db", "manifest.json", "leaderboard.csv"} <= {path.name for path in files}
    assert [path for path in files if quoted(path.read_bytes())] == []
    assert quoted((here / "orders.csv").read_bytes())


def test_36_scoring_says_no_id_and_no_email(
    here: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["score", "orders.csv", "--out", str(tmp_path / "scores.parquet")]) == 0
    told = "".join(capfd.readouterr())
    assert "customers scored" in told
    assert quoted(told.encode()) == []
    assert shop.SENTINEL in set(pd.read_parquet(tmp_path / "scores.parquet").customer_id)
