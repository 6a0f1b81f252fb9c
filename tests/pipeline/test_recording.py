"""A training that the store did not take whole is sent by the next command, once and whole."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.command_line import main as cli
from pipeline.command_line import unsent
from pipeline.config import TrackingConfig
from pipeline.console import Progress
from pipeline.tracking import registry, runs
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.store import connect
from pipeline.training import UNSENT, recording
from tests.pipeline import shop
from tests.pipeline.fitted import CUTOFF, fitted, save

pytestmark = pytest.mark.slow

CONTENDERS = ("recency_alone", "base_rate")


@pytest.fixture(scope="module")
def contender():
    return fitted()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def told(run_id, promote=False):
    return recording.Told(
        run_id=run_id,
        name="churn",
        promote=promote,
        config="horizon_days: 91\n",
        figures={"as_of": "1998-01-01"},
        verdict="It is good.",
        baseline="base_rate",
        intervals={"recency_alone": (-0.2, float("nan"))},
        description="Learned.",
    )


def begun(uri, folder, contender):
    """The run of a training, all of whose results are written; nothing of them is recorded."""
    store = runs.prepare(uri)
    board = pd.DataFrame(
        {"contender": CONTENDERS, "cutoff": CUTOFF, "log_loss": [0.4, 0.5], "chosen": [True, False]}
    )
    with runs.training(store, name="t", parameters={"horizon_days": 91}) as opened:
        board.to_csv(folder / recording.LEADERBOARD, index=False)
        (folder / recording.REPORT).write_text("<p>A page</p>")
        recording.keep(folder, told(opened.run_id))
        save(folder / recording.MODEL, contender, horizon_days=91, run_id=opened.run_id)
    return store, opened


def send(uri, folder, capsys):
    unsent.send(None, {"tracking.uri": uri, "output.folder": str(folder)}, Progress())
    return " ".join(capsys.readouterr().err.split())


def whole(store, opened):
    """Hold the record against what one that was never cut short leaves."""
    found = store.client.search_runs([store.experiment_id])
    parent = next(run for run in found if run.info.run_id == opened.run_id)
    below = [run for run in found if run is not parent]
    assert sorted(run.data.params["contender"] for run in below) == sorted(CONTENDERS)
    assert {run.info.status for run in found} == {"FINISHED"}
    assert parent.data.params == {"horizon_days": "91", "contender": "recency_alone"}
    assert all(run.data.params["horizon_days"] == "91" for run in below)
    assert parent.data.metrics["log_loss"] == 0.4
    assert parent.data.tags["mlflow.note.content"] == "It is good."
    assert runs.SWEPT not in parent.data.tags
    assert {file.path for file in store.client.list_artifacts(opened.run_id)} == {
        recording.REPORT, recording.LEADERBOARD, recording.CONFIG,
    }  # fmt: skip
    (version,) = store.client.search_model_versions("name = 'churn'")
    assert (version.run_id, str(version.version)) == (opened.run_id, "1")
    assert registry.describe(store, "churn", "champion").version == "1"


@pytest.mark.thorough
@pytest.mark.parametrize("at", ["log_batch", "log_outputs", "set_registered_model_alias"])
def test_61_a_store_that_fails_in_the_midst_gets_the_whole_training_from_the_next_command(
    tracking_uri, folder, contender, at, monkeypatch, capsys
):
    store, opened = begun(tracking_uri, folder, contender)

    def fail(*_, **__):
        raise OSError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), at, fail)
        with pytest.raises(TrackingError, match="locked"):
            recording.record(opened, folder, told(opened.run_id))
        assert "was not recorded" in send(tracking_uri, folder, capsys)
        assert (folder / UNSENT).is_file()
    assert "is recorded now: version 1, champion" in send(tracking_uri, folder, capsys)
    whole(connect(tracking_uri), opened)
    assert not (folder / UNSENT).exists()
    assert send(tracking_uri, folder, capsys) == ""


def test_53_of_a_training_killed_before_its_model_was_written_nothing_is_sent(
    tracking_uri, folder, contender, capsys
):
    store, _ = begun(tracking_uri, folder, contender)
    recording.keep(folder, told("of-another-run"))  # the model that lies there is not of it
    assert send(tracking_uri, folder, capsys) == ""
    assert not (folder / UNSENT).exists()
    assert not store.client.search_model_versions("name = 'churn'")


def test_what_is_to_be_told_holds_no_address_of_the_store_and_nobodys_data(folder):
    recording.keep(folder, told("r"))
    assert set(json.loads((folder / UNSENT).read_text())) == {
        "run_id", "name", "promote", "config", "figures", "verdict", "baseline", "intervals",
        "description",
    }  # fmt: skip


def test_a_training_of_another_store_stays_unsent_and_says_so(
    tracking_uri, folder, contender, capsys
):
    begun(tracking_uri, folder, contender)
    recording.keep(folder, told("f" * 32))
    save(folder / recording.MODEL, contender, horizon_days=91, run_id="f" * 32)
    recording.send(folder, TrackingConfig(uri=tracking_uri), Progress())
    assert "was not recorded" in capsys.readouterr().err
    assert (folder / UNSENT).is_file()


def test_a_training_that_takes_the_place_of_a_champion_without_tags_says_that_nothing_was_compared(
    tracking_uri, folder, contender, capsys
):
    store, _ = begun(tracking_uri, folder, contender)
    send(tracking_uri, folder, capsys)
    for tag in registry.describe(store, "churn", "champion").tags:
        store.client.delete_model_version_tag("churn", "1", tag)
    begun(tracking_uri, folder, contender)
    said = send(tracking_uri, folder, capsys)
    assert "The champion before, version 1, has no tags of a format" in said
    assert "Nothing was compared." in said
    assert "version 2, champion" in said


@pytest.mark.thorough
def test_61_a_training_whose_store_falls_silent_ends_well_and_is_champion_after_the_next_command(
    tracking_uri, monkeypatch, capsys
):
    shop.write(Path("orders.csv"), shop.rows(300))
    where = ["--set", f"tracking.uri={tracking_uri}"]

    def silent(*_, **__):
        raise TrackingError("The tracking store cannot be used now (it is locked).")

    with monkeypatch.context() as patch:
        patch.setattr(recording.registry, "register", silent)
        assert shop.train(*where) == 0
    said = capsys.readouterr()
    assert "locked" in said.err
    assert "Nothing is lost" in said.err
    assert "is not recorded yet" in said.out
    assert "Next: churn score orders.csv --model out/model" in said.out
    assert cli.run(["compare", *where]) == 0
    assert "is recorded now: version 1, champion" in capsys.readouterr().err
    assert not Path("out", UNSENT).exists()
