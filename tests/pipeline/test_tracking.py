"""A training in MLflow: runs, figures, endings and views."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from features.errors import UserError
from pipeline.markup import words
from pipeline.tracking import compare, processes, runs, views
from pipeline.tracking.board import Standing, refuse_unjudged, standings
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.looks import ANSWER, INTERVAL, PLACE, RULE, name_of
from pipeline.tracking.provenance import Data
from pipeline.tracking.runs import prepare
from pipeline.tracking.store import Store, connect, talking

CUTOFFS = (date(1997, 10, 2), date(1998, 1, 1), date(1998, 4, 2))
LOG_LOSS = {"recency_alone": 0.50, "bg_nbd": 0.40, "blend": 0.36}


def leaderboard(**changed: float) -> pd.DataFrame:
    """Three contenders at three cutoffs; `changed` replaces a figure of bg_nbd at the last."""
    rows = [
        {
            "contender": name,
            "cutoff": cutoff,
            "horizon_days": 91,
            "n_customers": 1000,
            "churn_rate": 0.8,
            "roc_auc": 1 - loss / 2,
            "log_loss": loss + 0.01 * step,
            "brier": loss / 3,
            "ece": 0.02,
            "spend_gini": np.nan if name == "recency_alone" else 1 - loss,
            "fit_seconds": 0.5,
            "chosen": name == "blend",
        }
        for step, cutoff in enumerate(CUTOFFS)
        for name, loss in LOG_LOSS.items()
    ]
    board = pd.DataFrame(rows)
    last = (board["contender"] == "bg_nbd") & (board["cutoff"] == CUTOFFS[-1])
    for name, value in changed.items():
        board.loc[last, name] = value
    return board


@pytest.fixture
def store(tracking_uri: str) -> Store:
    return prepare(tracking_uri)


def train(store: Store, board: pd.DataFrame, **parameters: Any) -> str:
    data = Data("orders", "orders.csv", "f" * 64, {"rows": 9, "customers": 3}, {"amount": "double"})
    settings = {"horizon_days": 91, "cutoffs": CUTOFFS, "seed": 0, **parameters}
    with runs.training(
        store, name="a training", parameters=settings, tags={"config": "c0ffee"}, data=data
    ) as opened:
        ends = {name: (-0.2, 0.1) for name in LOG_LOSS if name != "recency_alone"}
        runs.log_leaderboard(opened, board, "recency_alone", ["recency_alone"], ends)
        board.to_csv("leaderboard.csv", index=False)
        runs.log_files(opened, [Path("leaderboard.csv")])
        runs.describe(opened, "**blend** is better than recency alone.")
    Path("leaderboard.csv").unlink()
    return opened.run_id


def children(store: Store, parent: str) -> dict[str, Run]:
    with talking(store.uri):
        found = store.client.search_runs(
            [store.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'"
        )
    return {run.data.params.get("contender", run.info.run_name): run for run in found}


def run_of(store: Store, run_id: str) -> Run:
    with talking(store.uri):
        return store.client.get_run(run_id)


def test_each_contender_is_a_run_with_the_same_parameters_below_one_parent(store: Store) -> None:
    parent = run_of(store, train(store, leaderboard()))
    below = children(store, parent.info.run_id)
    assert set(below) == set(LOG_LOSS)
    expected = {"horizon_days", "cutoffs", "seed", "contender"}
    assert {frozenset(run.data.params) for run in (parent, *below.values())} == {
        frozenset(expected)
    }
    assert {name: run.data.params["contender"] for name, run in below.items()} == {
        name: name for name in LOG_LOSS
    }
    assert parent.data.params["cutoffs"] == "1997-10-02..1998-04-02 (3)"
    assert {run.info.status for run in (parent, *below.values())} == {"FINISHED"}


def test_the_parent_carries_the_figures_of_the_chosen_contender(store: Store) -> None:
    parent = run_of(store, train(store, leaderboard()))
    chosen = children(store, parent.info.run_id)["blend"]
    assert parent.data.params["contender"] == "blend"
    assert chosen.data.metrics == parent.data.metrics | {INTERVAL: 0.1, PLACE: 3.0}
    assert chosen.data.tags["chosen"] == "true"


def test_the_answer_is_named_so_and_it_and_the_rules_have_colours_of_their_own(
    store: Store,
) -> None:
    below = children(store, train(store, leaderboard()))
    assert below["blend"].info.run_name == "blend (answer)"
    colors = {name: run.data.tags["mlflow.runColor"] for name, run in below.items()}
    assert (colors["blend"], colors["recency_alone"]) == (ANSWER, RULE)
    assert colors["bg_nbd"] not in (ANSWER, RULE)


def test_the_interval_of_a_difference_is_a_line_and_the_best_is_on_top(store: Store) -> None:
    below = children(store, train(store, leaderboard()))
    with talking(store.uri):
        ends, places = (
            {
                name: [m.value for m in store.client.get_metric_history(run.info.run_id, metric)]
                for name, run in below.items()
            }
            for metric in (INTERVAL, PLACE)
        )
    assert ends["bg_nbd"] == [-0.2, pytest.approx(-0.1), 0.1]
    assert ends["recency_alone"] == [0.0, 0.0, 0.0]
    assert places == {"blend": [3.0] * 3, "bg_nbd": [2.0] * 3, "recency_alone": [1.0] * 3}


def test_a_long_name_does_not_hide_that_it_answers() -> None:
    chosen = Standing("blend_with_pareto_nbd", True, "recency_alone")
    assert name_of(chosen) == f"answer: {words(chosen.contender)}"
    assert name_of(replace(chosen, contender="blend")) == "blend (answer)"


@pytest.mark.slow
def test_over_time_shows_one_log(store: Store) -> None:
    train(store, leaderboard())
    assert "churn.log" not in state(store, "over time")["searchFilter"]
    with runs.training(
        store, name="a", parameters={"seed": 0}, tags={"churn.log": "a.csv"}
    ) as opened:
        runs.log_leaderboard(opened, leaderboard(), "recency_alone")
    assert "tags.`churn.log` = 'a.csv'" in state(store, "over time")["searchFilter"]


def test_figures_have_four_significant_digits(store: Store) -> None:
    board = leaderboard().assign(log_loss=0.123456789)
    metrics = children(store, train(store, board))["bg_nbd"].data.metrics
    assert metrics["log_loss"] == 0.1235
    assert metrics["by_cutoff/log_loss"] == 0.1235


def test_a_contender_far_off_is_not_drawn_until_the_filter_is_taken_away(store: Store) -> None:
    board = leaderboard()
    board.loc[board["contender"] == "bg_nbd", "log_loss"] = 18.0
    parent = train(store, board)
    with talking(store.uri):
        drawn = store.client.search_runs(
            [store.experiment_id], state(store, "leaderboard")["searchFilter"]
        )
    names = {run.info.run_name for run in drawn}
    assert names == {"blend (answer)", "recency alone"}
    assert len(children(store, parent)) == 3


def test_a_measure_is_its_mean_its_steps_by_cutoff_and_its_gap_to_the_baseline(
    store: Store,
) -> None:
    run = children(store, train(store, leaderboard()))["bg_nbd"]
    assert run.data.metrics["log_loss"] == pytest.approx(0.41)
    assert run.data.metrics["vs_baseline/log_loss"] == pytest.approx(-0.1)
    assert "vs_baseline/spend_gini" not in run.data.metrics  # the baseline has none
    with talking(store.uri):
        steps = store.client.get_metric_history(run.info.run_id, "by_cutoff/log_loss")
    assert [(m.step, m.value) for m in steps] == [(1, 0.4), (2, 0.41), (3, 0.42)]
    days = [datetime.fromtimestamp(m.timestamp / 1000, UTC).date() for m in steps]
    assert tuple(days) == CUTOFFS


def test_the_parent_says_the_verdict_and_where_everything_came_from(store: Store) -> None:
    parent = run_of(store, train(store, leaderboard()))
    assert parent.data.tags["mlflow.note.content"] == "**blend** is better than recency alone."
    assert parent.data.tags["config"] == "c0ffee"
    dataset = parent.inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.digest) == ("orders", "f" * 36)
    assert json.loads(dataset.profile) == {"rows": 9, "customers": 3}
    with talking(store.uri):
        files = [file.path for file in store.client.list_artifacts(parent.info.run_id)]
    assert files == ["leaderboard.csv"]


@pytest.mark.slow
def test_mlflow_says_nothing_and_leaves_nothing_where_it_is_called(
    tracking_uri: str, capfd: pytest.CaptureFixture[str]
) -> None:
    train(prepare(tracking_uri), leaderboard())
    assert capfd.readouterr() == ("", "")
    assert list(Path.cwd().iterdir()) == []


TRAIN_WATCHED = """
import atexit, socket, sys
opened = []
atexit.register(lambda: print(len(opened)))  # registered first, so it runs after MLflow's own
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda *to, **how: opened.append(to) or look_up(*to, **how)
from pipeline.tracking import registry, runs
from pipeline.tracking.runs import prepare
with runs.training(prepare(sys.argv[1]), name="watched", parameters={}) as training:
    runs.describe(training, "nothing leaves")
"""


@pytest.mark.thorough
@pytest.mark.slow
def test_a_training_on_a_local_store_calls_nobody_and_gives_no_warning(
    tracking_uri: str,
) -> None:
    # MLflow sends nothing from what it takes for a test: hide that this is one.
    signs = ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "DO_NOT_TRACK")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRAIN_WATCHED, tracking_uri],
        env={name: value for name, value in os.environ.items() if name not in signs},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"log_loss": np.nan}, "log_loss is not a number at 1 of 3 cutoffs"),
        ({"roc_auc": np.inf}, "roc_auc is not a number at 1 of 3 cutoffs"),
        ({"spend_gini": np.nan}, "spend_gini is not a number at 1 of 3 cutoffs"),
    ],
    ids=["missing_log_loss", "infinite_auc", "missing_at_one_cutoff"],
)
def test_49_a_contender_with_a_figure_that_is_no_number_ends_failed(
    store: Store, changed: dict[str, float], said: str
) -> None:
    parent = train(store, leaderboard(**changed))
    below = children(store, parent)
    assert below["bg_nbd"].info.status == "FAILED"
    assert said in below["bg_nbd"].data.tags["mlflow.note.content"]
    assert "log_loss" not in below["bg_nbd"].data.metrics
    assert below["blend"].info.status == run_of(store, parent).info.status == "FINISHED"


def test_a_chosen_contender_without_a_number_fails_the_training(store: Store) -> None:
    board = leaderboard(log_loss=np.nan).assign(chosen=lambda b: b["contender"] == "bg_nbd")
    with pytest.raises(UserError, match="bg_nbd cannot be judged: log_loss is not a") as refused:
        train(store, board)
    assert compare.trainings(store)[0]["status"] == "FAILED"
    sound = board[(board["contender"] == "bg_nbd") & board["log_loss"].notna()]["cutoff"]
    assert f"--set 'backtest.cutoffs=[{', '.join(map(str, sound))}]'" in str(refused.value)


def test_a_way_out_leaves_out_every_cutoff_at_which_some_figure_is_missing() -> None:
    board = leaderboard(roc_auc=np.inf).assign(chosen=lambda b: b["contender"] == "bg_nbd")
    rows = board.index[board["contender"] == "bg_nbd"]
    board.loc[rows[board.loc[rows, "roc_auc"].map(np.isfinite)][0], "spend_gini"] = np.inf
    found = standings(board, "recency_alone")
    assert len(found["bg_nbd"].failed_at) == 2
    with pytest.raises(UserError) as refused:
        refuse_unjudged(found)
    assert not any(f"{day}]" in str(refused.value) for day in found["bg_nbd"].failed_at)


@pytest.mark.parametrize("name", ["spend_coverage", "clv_bias"])
def test_a_cutoff_without_intervals_or_later_months_is_no_failure(name: str) -> None:
    board = leaderboard().assign(**{name: 0.8})
    board.loc[board.index[board["contender"] == "bg_nbd"][0], name] = np.nan
    found = standings(board, "recency_alone")["bg_nbd"]
    assert not found.failure
    assert "log_loss" in found.means
    assert name not in found.means


@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_a_cutoff_after_which_all_did_the_same_has_no_ranks_and_is_no_failure(alike: float) -> None:
    board = leaderboard().assign(churn_rate=0.8)
    first = board["cutoff"] == board["cutoff"].min()
    ranks = [name for name in ("roc_auc", "spend_gini") if name in board]
    board.loc[first, ranks] = np.nan
    assert standings(board, "recency_alone")["bg_nbd"].failure
    board.loc[first, "churn_rate"] = alike
    found = standings(board, "recency_alone")["bg_nbd"]
    assert not found.failure
    assert "log_loss" in found.means
    assert "roc_auc" not in found.means
    board.loc[first, "log_loss"] = np.nan
    assert standings(board, "recency_alone")["bg_nbd"].failure


def test_a_cutoff_at_which_returns_ate_the_money_has_no_total_and_is_no_failure() -> None:
    board = leaderboard().assign(spend_mae_ratio=1.5, spend_bias=0.1, top_10_capture=0.4)
    last = board["cutoff"] == board["cutoff"].max()
    board.loc[last, ["spend_mae_ratio", "spend_bias", "top_10_capture"]] = np.nan
    found = standings(board, "recency_alone")["bg_nbd"]
    assert not found.failure
    assert "log_loss" in found.means
    assert not {"spend_mae_ratio", "spend_bias", "top_10_capture"} & set(found.means)
    assert found.by_cutoff[CUTOFFS[0]]["spend_bias"] == 0.1


def test_a_contender_for_spend_only_needs_no_log_loss() -> None:
    board = leaderboard()
    spend_only = board["contender"] == "bg_nbd"
    board.loc[spend_only, ["roc_auc", "log_loss", "brier", "ece"]] = np.nan
    found = standings(board, "recency_alone")
    assert not found["bg_nbd"].failure
    assert list(found) == ["blend", "recency_alone", "bg_nbd"]


def test_a_gap_to_a_baseline_that_failed_at_a_cutoff_is_of_the_cutoffs_of_both() -> None:
    board = leaderboard()
    gone = (board["contender"] == "recency_alone") & (board["cutoff"] == CUTOFFS[0])
    board.loc[gone, ["churn_rate", "roc_auc", "log_loss", "brier", "ece", "fit_seconds"]] = np.nan
    better = (board["contender"] == "blend") & (board["cutoff"] == CUTOFFS[0])
    board.loc[better, "log_loss"] = 0.1
    found = standings(board, "recency_alone")
    assert found["blend"].differences["log_loss"] == pytest.approx(0.36 - 0.50)
    assert "0.1400 better than the baseline recency_alone at the 2 cutoffs of both" in (
        found["blend"].words()
    )
    said = f"it could not be fitted at 1 of 3 cutoffs ({CUTOFFS[0]})"
    assert found["recency_alone"].failure == said


def test_where_the_answer_could_not_be_fitted_nobody_is_judged(store: Store) -> None:
    board = leaderboard()
    scores = ["roc_auc", "log_loss", "brier", "ece", "spend_gini", "churn_rate", "fit_seconds"]
    at_first, chosen = board["cutoff"] == CUTOFFS[0], board["contender"] == "blend"
    board.loc[at_first & (chosen | (board["contender"] == "bg_nbd")), scores] = np.nan
    board.loc[at_first & ~chosen, "log_loss"] = 9.0
    found = standings(board, "recency_alone")
    assert not any(standing.failure for standing in found.values())
    later = LOG_LOSS["recency_alone"] + 0.015
    assert found["recency_alone"].means["log_loss"] == pytest.approx(later)
    assert found["blend"].differences["log_loss"] == pytest.approx(0.36 - 0.50)
    said = f"mean of 2 of 3 cutoffs, the answer could not be fitted at {CUTOFFS[0]}."
    assert all(standing.words().endswith(said) for standing in found.values())
    parent = train(store, board)
    assert run_of(store, parent).data.metrics["log_loss"] == pytest.approx(0.375)
    steps = store.client.get_metric_history(parent, "by_cutoff/log_loss")
    assert [step.step for step in steps] == [2, 3]


def test_a_contender_that_was_never_fitted_fails() -> None:
    board = leaderboard()
    board.loc[board["contender"] == "bg_nbd", ["roc_auc", "log_loss", "brier", "ece"]] = np.nan
    board.loc[board["contender"] == "bg_nbd", ["spend_gini", "fit_seconds"]] = np.nan
    assert standings(board, "recency_alone")["bg_nbd"].failure == "it has no scores at any cutoff"


def test_an_unknown_baseline_and_too_many_or_long_parameters_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no rows of the baseline nobody"):
        standings(leaderboard(), "nobody")
    with pytest.raises(ValueError, match="at most 14"):
        train(store, leaderboard(), **{f"p{n}": n for n in range(12)})
    with pytest.raises(ValueError, match="features are too long"):
        train(store, leaderboard(), features="x" * 101)
    assert compare.trainings(store) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED")],
)
def test_a_training_that_breaks_off_is_never_finished(
    store: Store, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error), runs.training(store, name="broken", parameters={}):
        raise error
    assert compare.trainings(store)[0]["status"] == status


TRAIN_FOR_LONG = """
import sys, time
from pipeline.tracking import runs
from pipeline.tracking.runs import prepare
with runs.training(prepare(sys.argv[1]), name="long", parameters={}):
    print("open", flush=True)
    time.sleep(600)
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "code", "before", "after"),
    [
        (signal.SIGTERM, 143, "KILLED", "KILLED"),
        (signal.SIGKILL, -9, "RUNNING", "KILLED"),
    ],
    ids=["terminated", "killed_at_once_and_swept"],
)
def test_56_a_stopped_process_leaves_no_running_run(
    store: Store, number: signal.Signals, code: int, before: str, after: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN_FOR_LONG, store.uri], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"open\n"
    prepare(store.uri)  # a run whose process lives is let alone
    assert compare.trainings(store)[0]["status"] == "RUNNING"
    process.send_signal(number)
    assert process.wait() == code
    assert compare.trainings(store)[0]["status"] == before
    prepare(store.uri)
    assert compare.trainings(store)[0]["status"] == after


@pytest.mark.slow
def test_57_a_contenders_run_left_open_by_a_dead_training_is_swept(store: Store) -> None:
    parent = train(store, leaderboard())
    with talking(store.uri):
        tags = {"mlflow.parentRunId": parent, "churn.level": "contender"}
        store.client.create_run(store.experiment_id, tags=tags, run_name="left")
    assert children(store, parent)["left"].info.status == "RUNNING"
    prepare(store.uri)
    assert children(store, parent)["left"].info.status == "KILLED"
    assert "churn.process" not in run_of(store, parent).data.tags


def test_a_process_number_that_is_used_again_is_another_process() -> None:
    mine = processes.here()
    assert not processes.gone(mine)
    assert processes.gone({**mine, "churn.process": f"{os.getpid()}-1"})
    assert not processes.gone({**mine, "churn.host": "elsewhere", "churn.process": "1-1"})


COLD_START = """
import sys, time
from pipeline.tracking.runs import prepare
time.sleep(max(0, float(sys.argv[2]) - time.time()))
prepare(sys.argv[1])
"""


@pytest.mark.thorough
def test_58_four_cold_starts_at_once_make_one_store(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    words = [sys.executable, "-W", "ignore", "-c", COLD_START, uri, str(time.time() + 6)]
    starts = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(4)]
    ends = [start.communicate()[1].decode() for start in starts]
    assert [start.returncode for start in starts] == [0] * 4, ends
    assert stat.S_IMODE((tmp_path / "new" / "mlflow.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "mlartifacts").stat().st_mode) == 0o700
    assert connect(uri).experiment.name == "churn"


@pytest.mark.thorough
@pytest.mark.slow
def test_a_store_whose_making_was_cut_short_is_made_anew(tmp_path, monkeypatch) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"

    def cut_short(engine: Any) -> None:
        """As of a process that is killed between two steps of a migration."""
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('half')")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.store.db.utils._upgrade_db", cut_short)
        with pytest.raises(KeyboardInterrupt):
            connect(uri, create=True)
    # An interrupt leaves no draft behind; a kill does, until the next one makes the store.
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db.lock"}
    (tmp_path / ".mlflow.db.0123-journal").touch()
    assert connect(uri, create=True).experiment.name == "churn"
    assert {path.name for path in tmp_path.iterdir()} == {
        *("mlflow.db", "mlflow.db.lock", "mlartifacts")
    }
    assert stat.S_IMODE((tmp_path / "mlflow.db").stat().st_mode) == 0o600


def test_the_experiment_opens_as_model_training_and_is_made_once(tracking_uri: str) -> None:
    first, second = prepare(tracking_uri), prepare(tracking_uri)
    assert first.experiment_id == second.experiment_id
    assert second.experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_reading_a_store_that_is_not_there_makes_none(tmp_path: Path, tracking_uri: str) -> None:
    with pytest.raises(TrackingError, match="no tracking store none"):
        connect(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(TrackingError, match="no experiment 'churn'"):
        connect(tracking_uri)


def test_a_deleted_experiment_is_said_to_be_deleted(store: Store) -> None:
    with talking(store.uri):
        store.client.delete_experiment(store.experiment_id)
    with pytest.raises(TrackingError, match="was deleted"):
        prepare(store.uri)


@pytest.mark.parametrize("uri", ["mlruns", "file:///tmp/mlruns"])
def test_a_folder_of_files_is_refused_as_a_store(uri: str) -> None:
    with pytest.raises(TrackingError, match="no longer supports"):
        prepare(uri)


def test_a_locked_store_is_one_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.tracking.store.LONGEST_LOCK", 0.1)
    holder = sqlite3.connect(store.uri.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TrackingError, match="it is locked"):
            connect(store.uri)
    finally:
        holder.close()


def test_a_file_that_is_no_database_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(TrackingError, match="the file is no database"):
        prepare(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_server_that_is_down_is_one_error_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TrackingError, match="no answer") as caught:
        prepare(f"http://me:secret@127.0.0.1:{port}")
    assert "secret" not in str(caught.value)


def state(store: Store, name: str) -> dict[str, Any]:
    tags = connect(store.uri).experiment.tags
    packed = json.loads(tags[views.TAG + name])["state"].removeprefix("deflate;")
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found


@pytest.mark.slow
def test_the_leaderboard_view_shows_the_contenders_of_the_latest_training(store: Store) -> None:
    assert "parentRunId" not in state(store, "leaderboard")["searchFilter"]
    first, second = train(store, leaderboard()), train(store, leaderboard())
    shown = state(store, "leaderboard")
    with talking(store.uri):
        found = store.client.search_runs([store.experiment_id], shown["searchFilter"])
    assert {run.data.tags["mlflow.parentRunId"] for run in found} == {second}
    prepare(store.uri)
    assert state(store, "leaderboard")["searchFilter"] == shown["searchFilter"]
    with talking(store.uri):
        parents = store.client.search_runs(
            [store.experiment_id], state(store, "trainings")["searchFilter"]
        )
    assert {run.info.run_id for run in parents} == {first, second}


def test_every_chart_and_column_of_the_views_is_a_metric_that_runs_have(store: Store) -> None:
    board = leaderboard().assign(level_error=0.01, buyer_lift_10=2.0, spend_bias=0.1)
    metrics = set(children(store, train(store, board))["bg_nbd"].data.metrics)
    shown = state(store, "leaderboard")
    assert {chart["metricKey"] for chart in shown["compareRunCharts"]} <= metrics
    columns = {column.removeprefix("metrics.").strip("`") for column in shown["selectedColumns"]}
    assert columns <= metrics


@pytest.mark.slow
def test_trainings_are_listed_newest_first_with_the_chosen_ones_figures(store: Store) -> None:
    older, newer = train(store, leaderboard()), train(store, leaderboard())
    rows = compare.trainings(store)
    assert [row["run_id"] for row in rows] == [newer, older]
    assert rows[0]["contender"] == "blend"
    assert rows[0]["log_loss"] == pytest.approx(0.37)
    assert (rows[0]["version"], rows[0]["aliases"]) == (None, [])
    assert len(compare.trainings(store, most=1)) == 1
