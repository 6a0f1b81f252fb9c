"""The browser opens on a leaderboard with charts, on this machine only."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import urllib.request
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from features.errors import UserError
from pipeline.markup import words
from pipeline.tracking import looks, runs, server, views
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.runs import prepare
from pipeline.tracking.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,2600",
    "--virtual-time-budget=30000",
    "--run-all-compositor-stages-before-draw",
)
LOG_LOSS = {"blend": 0.34, "hist_gradient_boosting": 0.36, "bg_nbd": 0.38, "recency_alone": 0.43}


@pytest.fixture
def trained(tracking_uri: str) -> Store:
    """A store with one training of four contenders at two cutoffs."""
    rows = [
        {
            "contender": name,
            "cutoff": cutoff,
            "roc_auc": 1 - loss / 2,
            "log_loss": loss,
            "ece": loss / 20,
            "level_error": loss / 30,
            "buyer_lift_10": 4 - loss,
            "spend_gini": 1 - loss,
            "chosen": name == "blend",
        }
        for name, loss in LOG_LOSS.items()
        for cutoff in (date(1997, 10, 2), date(1998, 1, 1))
    ]
    store = prepare(tracking_uri)
    with runs.training(store, name="cdnow", parameters={"horizon_days": 91}) as opened:
        ends = {name: (loss - 0.44, loss - 0.42) for name, loss in LOG_LOSS.items()}
        runs.log_leaderboard(opened, pd.DataFrame(rows), "recency_alone", ["recency_alone"], ends)
    return store


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_38_a_host_that_others_reach_is_refused_before_anything_starts(host: str) -> None:
    with pytest.raises(UserError, match="asks for no password"), server.running(host=host):
        pytest.fail("it started")


def test_a_port_that_is_taken_is_refused(trained: Store) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(UserError, match=f"Port {port} is taken"),
            server.running(trained.uri, port=port),
        ):
            pytest.fail("it started")


def test_nothing_is_served_before_there_is_a_training(tmp_path: Path) -> None:
    with (
        pytest.raises(TrackingError, match="Run `churn train` first"),
        server.running(f"sqlite:///{tmp_path}/mlflow.db"),
    ):
        pytest.fail("it started")


def test_the_address_opens_the_saved_view() -> None:
    address = views.url("http://127.0.0.1:5000/", "7")
    assert address.startswith("http://127.0.0.1:5000/#/experiments/7/runs?")
    assert "viewStateShareKey=leaderboard" in address
    assert "workflowType=machine_learning" in address


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_chromium_shows_the_leaderboard_and_its_charts(trained: Store, tmp_path: Path) -> None:
    picture = tmp_path / "leaderboard.png"
    with server.running(trained.uri) as address:
        with urllib.request.urlopen(address.partition("#")[0], timeout=10) as answer:
            assert answer.status == 200, "a program that is no browser opens it, too"
        shown = subprocess.run(
            [
                str(CHROMIUM),
                *FLAGS,
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--screenshot={picture}",
                "--dump-dom",
                server.named(address),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
    table = re.findall(
        r">(" + "|".join(map(words, LOG_LOSS)) + r")(?: \(answer\))?</span></a>", shown
    )
    assert "blend (answer)" in shown
    assert table == [*map(words, LOG_LOSS)], (
        "the runs table lists the contenders, best log loss first"
    )
    assert shown.count("js-plotly-plot") >= 5
    assert shown.count('class="point"') >= 5 * len(LOG_LOSS), "a mark for each contender and chart"
    assert shown.index("left of 0 wins") < shown.index("by_cutoff/log_loss")
    assert "Mean over the cutoffs" in shown

    pixels = np.asarray(Image.open(picture).convert("RGB"))
    for color in (looks.ANSWER, looks.RULE, *looks.COLORS[:2]):
        wanted = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)])
        drawn = (np.abs(pixels.astype(int) - wanted) < 8).all(axis=2).sum()
        assert drawn > 2000, f"bars in {color} are drawn"
