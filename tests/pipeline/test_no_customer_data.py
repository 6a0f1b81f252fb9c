"""Customers' ids and e-mails stay in the log and in the scores: a search of all that is written."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from pipeline.command_line import main as cli
from tests.pipeline import shop

pytestmark = pytest.mark.slow


@cache
def words() -> re.Pattern[bytes]:
    """Ids of customers, long enough to be nobody else's, and e-mails; what they share first."""
    ids = {row[0] for row in shop.rows() if len(row[0]) > 8}
    tails: dict[str, list[str]] = {}
    for name in ids:
        tails.setdefault(name[:8], []).append(re.escape(name[8:]))
    found = [f"{re.escape(start)}(?:{'|'.join(ends)})" for start, ends in tails.items()]
    return re.compile("|".join([re.escape(shop.MAIL), *found]).encode())


def quoted(text: bytes) -> list[bytes]:
    """What a text holds of them."""
    return words().findall(text)


def test_36_no_id_and_no_email_is_in_messages_tracking_store_report_or_model(here: Path) -> None:
    said = (here / "said.txt").read_bytes()
    assert b"recency alone" in said
    assert b"1 set aside" in said
    places = [here / "said.txt", here / "mlflow.db"]
    places += [*(here / "mlartifacts").rglob("*"), *(here / "out").rglob("*")]
    # The rows set aside, and what is kept of the log and its scores, are the user's own beside the
    # results, for nobody else to read; they go nowhere else.
    own = re.compile(r"(quarantine|aside|days|scores-[\w-]+)\.parquet")
    files = [path for path in places if path.is_file() and not own.fullmatch(path.name)]
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
