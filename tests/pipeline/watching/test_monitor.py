"""`churn monitor` from files to verdict, screen, page, JSON and time series."""

import json
import re
from datetime import date, timedelta

import pandas as pd
import pytest

from pipeline.command_line import main as cli
from pipeline.command_line.exits import ALARM, REFUSED
from pipeline.watching.monitor import told_apart
from pipeline.watching.signals import LOOK, NOTHING, TRAIN, Signal, verdict
from tests.pipeline import shop
from tests.pipeline.conftest import recorded

END = date.fromisoformat(max(row[1] for row in shop.rows())) + timedelta(days=1)


def signal(kind, risen):
    return Signal("x", kind, "there", 1.0, 0.5, risen, "words")


def test_faults_of_the_data_come_before_training():
    assert verdict([signal("data", False), signal("answer", False)]) == NOTHING
    assert verdict([signal("answer", True)]) == TRAIN
    assert verdict([signal("answer", True), signal("data", True)]) == LOOK


@pytest.fixture(scope="module")
def scores(made_once, trained):
    """Scores of two months before the log's end, by the model that was trained on all of it."""

    def make(folder):
        import os
        from contextlib import chdir

        os.environ.pop("MLFLOW_TRACKING_URI", None)
        day = str(END - timedelta(days=60))
        with chdir(trained), recorded(folder / "said.txt"):
            out = str(folder / "scores.parquet")
            assert cli.run(["score", "orders.csv", "--out", out, "--as-of", day, "-q"]) == 0

    return made_once("watched", make) / "scores.parquet"


def monitor(*words, today=END):
    return cli.run(["monitor", *map(str, words), "--today", str(today), "--quiet"])


@pytest.mark.thorough
@pytest.mark.slow
def test_scores_are_told_from_logs_by_their_columns(here, scores, tmp_path):
    pd.read_parquet(scores).to_csv(tmp_path / "s.csv", index=False)
    files = [str(scores), "orders.csv", str(tmp_path / "s.csv"), "gone.parquet", "out"]
    assert told_apart(files) == (
        [scores, tmp_path / "s.csv"],
        ["orders.csv", "gone.parquet", "out"],
    )


@pytest.mark.slow
def test_the_watch_says_what_came_on_screen_page_json_and_in_the_store(
    here, scores, tmp_path, capsys, tracking_uri, monkeypatch
):
    monkeypatch.chdir(here)
    page = tmp_path / "page.html"
    store = ["--set", f"tracking.uri={tracking_uri}", "--model", "out/model"]
    code = monitor(scores, "orders.csv", *store, "--report", page, "--json")
    said = json.loads(capsys.readouterr().out)
    risen = [one["name"] for one in said["signals"] if one["risen"]]
    assert code == (ALARM if risen else 0)
    assert said["verdict"] == verdict([Signal(**{**one, "beyond": 0}) for one in said["signals"]])
    (one,) = said["scorings"]
    assert (one["days"], one["horizon_days"]) == (60, 60)
    assert said["drift"]["p_churn"] == pytest.approx(said["drift"]["p_churn_then"], abs=1e-9)
    assert max(f["stability_index"] for f in said["drift"]["features"]) < 1e-9
    text = page.read_text()
    assert "By segment" in text
    assert "so it knew what came of them" in text, "scored by the model of today for a past day"
    assert "sentinel" not in text + json.dumps(said)
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", text)
    monitor(scores, "orders.csv", *store)
    assert "Earlier scorings, and what came" in capsys.readouterr().out
    series(tracking_uri)


def series(uri):
    from mlflow import MlflowClient

    from pipeline.tracking.store import talking

    with talking(uri):
        client = MlflowClient(uri, uri)
        experiment = client.get_experiment_by_name("monitoring")
        (run,) = client.search_runs([experiment.experiment_id])
        history = client.get_metric_history(run.info.run_id, "answer/drift")
    assert [(m.step, m.timestamp) for m in history] == [
        (END.toordinal(), int(pd.Timestamp(END, tz="UTC").timestamp() * 1000))
    ], "the same day again is not added again"


@pytest.mark.slow
def test_an_alarm_is_exit_4_and_a_wrong_call_exit_2(
    here, scores, tracking_uri, monkeypatch, capsys
):
    monkeypatch.chdir(here)
    store = ["--set", f"tracking.uri={tracking_uri}", "--model", "out/model"]
    old = END + timedelta(days=400)
    assert monitor(scores, "orders.csv", *store, today=old) == ALARM
    shown = capsys.readouterr().out
    assert "Look at the data: log" in shown
    assert "Next: churn check orders.csv" in shown
    assert monitor("orders.csv", "orders.csv", *store) == REFUSED
    assert "name one log" in capsys.readouterr().err
    assert monitor("gone.parquet", "orders.csv", *store) == REFUSED
    assert "name one log" not in capsys.readouterr().err, "that it is not there is said"


def test_a_store_that_is_down_stops_no_watch(here, tmp_path):
    from pipeline.console import Progress
    from pipeline.watching.recorded import record

    class Found:
        day, verdict, sentences, signals, scorings, alarms = date(2024, 1, 1), "", [], (), (), []

    (tmp_path / "no.db").write_text("this is no database, and nobody should write to it")
    record(f"sqlite:///{tmp_path}/no.db", "churn", Found(), Progress(quiet=True))
