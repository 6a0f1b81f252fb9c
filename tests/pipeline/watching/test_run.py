"""`churn run`: one job that can be killed, repeated and scheduled, and never ruins its results."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.command_line import main as cli
from pipeline.command_line.exits import ALARM, DONE, GATE_FAILED, REFUSED
from pipeline.config_file import load
from pipeline.console import Progress
from pipeline.tracking.errors import GateError, TrackingError
from pipeline.watching import folders, run, stages
from pipeline.watching.journal import Journal
from tests.pipeline import shop
from tests.pipeline.acting import world
from tests.pipeline.conftest import recorded

END = date.fromisoformat(max(row[1] for row in shop.rows())) + timedelta(days=1)
PLAN = Path(f"out/plans/spring_{END:%Y%m%d}.parquet")
pytestmark = pytest.mark.slow


@pytest.fixture
def shop_job(trained, tmp_path, monkeypatch):
    """A config for the shop, whose champion learned up to the log's end; its results in `out`."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return set_up(tmp_path, trained)


def set_up(folder, trained):
    for name in ("mlflow.db", "orders.csv"):
        shutil.copy(trained / name, folder / name)
    log = {
        "source": "orders.csv",
        "columns": {
            "customer_id": "Customer ID", "transacted_at": "Date", "amount": "Total",
            "order_id": "Invoice", "attributes": ["Country"],
        },
    }  # fmt: skip
    config = {
        "version": 1,
        "log": log,
        "horizon_days": 60,
        "contenders": ["base_rate", "recency_alone", "bg_nbd", "blend"],
        "training": {"max_cutoffs": 4},
        "backtest": {"cutoffs": 2},
        "campaigns": {"spring": {"contact_cost": 0.01, "effect": 0.5, "control_share": 0.3}},
    }
    (folder / "churn.yaml").write_text(yaml.safe_dump(config))
    return folder


def job(*words, today=END, quiet=True):
    more = ["--quiet"] if quiet else []
    return cli.run(["run", "--config", "churn.yaml", "--today", str(today), *more, *words])


@pytest.fixture
def done(monkeypatch):
    """Which stages were done in fact, in order."""
    seen = []
    for module, name in ((run, "_monitor"), (stages, "score"), (stages, "plan")):
        real = getattr(module, name)
        told = name.strip("_")
        monkeypatch.setattr(
            module, name, lambda *given, real=real, told=told: seen.append(told) or real(*given)
        )
    return seen


def scores(folder=Path("out/latest")):
    return pd.read_parquet(folder / "scores.parquet")


def test_a_run_gives_what_score_gives_and_done_again_does_nothing(shop_job, done, capsys):
    assert job() == DONE
    said = capsys.readouterr().out
    assert "train: not due" in said
    assert cli.run(["score", "--config", "churn.yaml", "--out", "s.parquet", "-q"]) == DONE
    pd.testing.assert_frame_equal(scores(), pd.read_parquet("s.parquet"), check_exact=True)
    latest = Path("out/latest").resolve()
    assert latest.name.startswith(f"{END}_")
    before = {path: path.stat().st_mtime_ns for path in latest.iterdir()}
    assert job() == DONE
    assert {path: path.stat().st_mtime_ns for path in latest.iterdir()} == before
    assert done == ["monitor", "score"]
    assert {path.stat().st_mode & 0o077 for path in latest.iterdir()} == {0}


class Killed(BaseException):
    """As a signal would end it, without the command line's word for it."""


STAGES = {
    "monitor": (run, "_monitor", 1),
    "score": (stages, "score", 1),
    "plan": (stages, "plan", 1),
    "publish": (folders, "publish", 1),
}


@pytest.mark.thorough
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_stage_it_goes_on_where_it_was(
    shop_job, done, monkeypatch, whole, stage, after
):
    module, name, _ = STAGES[stage]
    real = getattr(module, name)

    def killed(*given):
        if after:
            real(*given)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(Killed):
            job("--set", "schedule.plan=spring")
    assert Path("out/latest").exists() is (stage == "publish" and after)
    assert job("--set", "schedule.plan=spring") == DONE
    # What was killed before the journal knew of it is done again, and nothing else.
    again = [stage] if after and stage != "publish" else []
    assert sorted(done) == sorted(["monitor", "score", "plan", *again])
    pd.testing.assert_frame_equal(scores(), whole[0], check_exact=True)
    planned = pd.read_parquet(PLAN)
    pd.testing.assert_frame_equal(planned, whole[1], check_exact=True)


@pytest.fixture(scope="module")
def whole(made_once, trained):
    """What an undisturbed run gives: scores, and a plan."""

    def make(folder):
        set_up(folder, trained)
        with chdir(folder), recorded(folder / "said.txt"):
            assert job("--set", "schedule.plan=spring") == DONE

    latest = made_once("undisturbed", make) / "out/latest"
    return scores(latest), pd.read_parquet(latest.parents[0] / PLAN.relative_to("out"))


@pytest.mark.thorough
def test_a_full_disk_leaves_the_last_results_and_the_next_run_recovers(
    shop_job, monkeypatch, capsys
):
    assert job() == DONE
    first = Path("out/latest").resolve()
    grown()
    with monkeypatch.context() as patch:

        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device", "scores.parquet")

        patch.setattr(stages.scoring, "score", full)
        assert job(today=END + timedelta(days=1)) == REFUSED
    assert "No space left" in capsys.readouterr().err
    assert Path("out/latest").resolve() == first
    assert job(today=END + timedelta(days=1)) == DONE
    assert Path("out/latest").resolve() != first
    assert scores().segment_before.notna().any(), "movements since the results before"


def grown(days=1):
    """A day more in the log."""
    with Path("orders.csv").open("a") as file:
        file.write(f"00001,{END + timedelta(days=days - 1)},20.00,Z{days},NO,x\n")


@pytest.mark.thorough
def test_two_runs_at_once_the_second_says_who_holds_the_results(shop_job, capsys):
    with folders.held(Path("out"), "nightly.yaml"):
        assert job() == REFUSED
    said = capsys.readouterr().err
    assert f"process {os.getpid()} on " in said
    assert "nightly.yaml" in said
    assert job("--dry-run") == DONE


@pytest.mark.thorough
def test_a_rehearsal_says_what_and_why_and_writes_nothing(shop_job, capsys):
    assert job("--dry-run", "--set", "schedule.plan=spring") == DONE
    said = capsys.readouterr().out
    for line in ("monitor: nothing to do", "train: not due, for", "score: would", "plan: would"):
        assert line in said
    assert sorted(p.name for p in Path().iterdir() if p.name != "mlflow.db.lock") == [
        "churn.yaml", "mlflow.db", "orders.csv", "out",
    ]  # fmt: skip
    assert sorted(path.name for path in Path("out").iterdir()) == ["cache", "models"]
    job("--dry-run", "--set", "schedule.train_every=null")
    assert "no alarm asks for it" in capsys.readouterr().out


def test_a_campaign_of_nobody_keeps_no_scores_back(tmp_path):
    world.write_scores(tmp_path / folders.SCORES, world.scores(200))
    campaigns = {"spring": CampaignConfig(contact_cost=500)}
    asked = SimpleNamespace(plan="spring")
    config = SimpleNamespace(schedule=asked, campaigns=campaigns, control=ControlConfig())
    about = {"folder": tmp_path, "output": tmp_path, "progress": Progress(quiet=True)}
    job = SimpleNamespace(config=config, orders=SimpleNamespace(end=world.AS_OF), **about)
    assert stages.plan(job)["said"].startswith("none. Nobody of 200 is worth a contact")


@pytest.mark.thorough
def test_61_a_training_that_the_store_did_not_take_is_not_finished_and_is_sent_first(
    monkeypatch, tmp_path
):
    asked = []
    monkeypatch.setattr(stages.recording, "send", lambda folder, *_: asked.append(folder))
    monkeypatch.setattr(stages, "_trained_before", lambda *_: None)
    unrecorded = SimpleNamespace(version="")
    monkeypatch.setattr(stages.training, "train", lambda *_, **__: unrecorded)
    made = SimpleNamespace(folder=tmp_path / "day", progress=Progress(quiet=True))
    columns = {"customer_id": "who", "transacted_at": "day", "amount": "money"}
    config = load(None, {"log.source": "orders.csv", "log.columns": columns})
    with pytest.raises(TrackingError, match="the next run sends it"):
        stages.train(None, config, made)
    assert asked == [tmp_path / "day"]


@pytest.mark.thorough
def test_while_a_campaign_runs_none_is_planned_that_would_contact_its_control(shop_job, capsys):
    words = ("--set", "schedule.plan=spring", "--set", "schedule.keep=1")
    assert job(*words) == DONE
    grown()
    assert job(*words, "--dry-run", today=END + timedelta(days=1)) == DONE
    told = f"none, {PLAN.stem} runs until {END + timedelta(days=60)}"
    assert told in capsys.readouterr().out
    assert job(*words, today=END + timedelta(days=1)) == DONE
    assert told in capsys.readouterr().out
    assert [path.name for path in Path("out/plans").iterdir()] == [PLAN.name]
    grown(60)
    assert job(*words, today=END + timedelta(days=60)) in (DONE, ALARM)
    assert len(list(Path("out/plans").iterdir())) == 2


@pytest.mark.thorough
@pytest.mark.parametrize("days", [400, -3], ids=["old_log", "clock_turned_back"])
def test_faults_of_the_data_stop_it_and_the_last_results_stay(shop_job, capsys, days):
    assert job() == DONE
    first = Path("out/latest").resolve()
    grown()
    assert job(today=END + timedelta(days=days)) == ALARM
    assert "stopped" in capsys.readouterr().out
    assert Path("out/latest").resolve() == first
    word = "schedule.on_data_alarm=continue"
    assert job("--set", word, today=END + timedelta(days=days)) == ALARM
    assert Path("out/latest").resolve() != first


@pytest.mark.thorough
def test_a_log_that_is_shorter_than_yesterday_stops_it(shop_job, capsys):
    assert job() == DONE
    first = Path("out/latest").resolve()
    lines = Path("orders.csv").read_text().splitlines(keepends=True)
    Path("orders.csv").write_text("".join(lines[:1] + lines[len(lines) // 5 :]))
    assert job() == ALARM
    assert "were learned from" in capsys.readouterr().out
    assert Path("out/latest").resolve() == first


@pytest.mark.thorough
def test_a_log_that_is_gone_is_one_line_and_the_last_results_stay(shop_job, capsys):
    assert job() == DONE
    Path("orders.csv").rename("elsewhere.csv")
    capsys.readouterr()
    assert job() == REFUSED
    assert "orders.csv" in capsys.readouterr().err
    assert len(scores())
    Path("elsewhere.csv").rename("orders.csv")
    assert job() == DONE


@pytest.mark.thorough
def test_while_the_store_is_down_the_last_champion_scores(shop_job, capsys):
    assert job() == DONE
    store = Path("mlflow.db").read_bytes()
    Path("mlflow.db").write_text("no database")
    grown()
    assert job(today=END + timedelta(days=1)) == DONE
    said = capsys.readouterr()
    assert "the tracking store cannot be used now" in said.out
    assert "Scoring with version 1" in said.err
    assert len(scores())
    Path("mlflow.db").write_bytes(store)
    grown(2)
    assert job(today=END + timedelta(days=2)) == DONE


@pytest.mark.thorough
def test_a_damaged_copy_of_the_model_is_fetched_anew(shop_job):
    assert job() == DONE
    before = scores()
    (damaged,) = Path("out/models/churn").glob("*/parameters.json")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    shutil.rmtree("out/runs")
    assert job() == DONE
    pd.testing.assert_frame_equal(scores(), before, check_exact=True)


@pytest.mark.thorough
def test_another_horizon_than_the_champions_is_refused(shop_job, capsys):
    assert job("--set", "horizon_days=30") == REFUSED
    assert "answers for 60 days, the config says 30" in capsys.readouterr().err
    assert job("--set", "schedule.plan=autumn") == REFUSED
    assert "no campaign autumn (campaigns: spring)" in capsys.readouterr().err


@pytest.mark.thorough
def test_a_training_that_is_refused_leaves_the_champion_and_is_exit_3(
    shop_job, monkeypatch, capsys
):
    tried = []

    def refused(*given, **options):
        tried.append(options)
        raise GateError("no")

    monkeypatch.setattr(stages.training, "train", refused)
    monkeypatch.setattr(stages, "_trained_before", lambda *_: "1" if tried else None, raising=True)
    monkeypatch.setattr(stages.gates, "gate", lambda *_: ["its log loss is worse"])
    due = ("--set", "schedule.train_every=1")
    grown(5)
    assert job(*due, today=END + timedelta(days=5)) == GATE_FAILED
    assert "gate: Version 1 of churn was not promoted: its log loss" in capsys.readouterr().out
    assert tried == [{"promote": True}]
    assert len(scores())
    assert job(*due, today=END + timedelta(days=5)) == GATE_FAILED
    assert len(tried) == 1


@pytest.mark.thorough
def test_a_model_that_learned_less_is_refused_and_the_champion_goes_on(shop_job, capsys):
    assert job() == DONE
    champion = set(scores()["model_version"])
    grown(5)
    poor = ("--set", "schedule.train_every=1", "--set", "contenders=[base_rate]")
    assert job(*poor, today=END + timedelta(days=5)) == GATE_FAILED
    assert 'the same with --force "reason".' in capsys.readouterr().out
    assert set(scores()["model_version"]) == champion


@pytest.mark.thorough
def test_a_signal_within_a_stage_ends_it_and_the_next_run_goes_on(shop_job):
    script = (
        "import os, signal, sys\n"
        "from pipeline.watching import stages\n"
        "real = stages.score\n"
        "def score(*given):\n"
        "    result = real(*given)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return result\n"
        "stages.score = score\n"
        "from pipeline.command_line.main import main\n"
        "main()\n"
    )
    words = ["run", "--config", "churn.yaml", "--today", str(END), "--quiet"]
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr
    assert not Path("out/latest").exists()
    (folder,) = Path("out/runs").iterdir()
    assert list(Journal.of(folder).stages) == ["monitor", "decide"]
    assert job() == DONE
    assert len(scores())


@pytest.mark.thorough
def test_from_nothing_it_trains_and_trains_again_when_due(shop_job, capsys):
    Path("mlflow.db").unlink()
    start = END - timedelta(days=40)
    known = ("--set", f"log.until={start}")
    assert job(*known, today=start) == DONE
    assert "train: version 1, for there is no model yet" in capsys.readouterr().out
    assert job("--set", "schedule.train_every=30") in (DONE, GATE_FAILED)
    said = capsys.readouterr().out
    assert "train: version 2, for the last training is 40 days old" in said
    assert (Path("out/latest") / "report.html").exists()
    again = job("--set", "schedule.train_every=30")
    assert again in (DONE, GATE_FAILED)
    assert "version 2" in capsys.readouterr().out, "no third training"


def test_only_so_many_folders_are_kept_and_never_the_latest_lost(tmp_path):
    for day in range(1, 6):
        folder = folders.named(tmp_path, date(2024, 1, day), "x")
        folder.mkdir(parents=True)
        folders.publish(tmp_path, folder)
    folders.publish(tmp_path, folders.named(tmp_path, date(2024, 1, 1), "x"))
    assert folders.drop_old(tmp_path, keep=2) == 2
    left = sorted(path.name[:10] for path in (tmp_path / "runs").iterdir())
    assert left == ["2024-01-01", "2024-01-04", "2024-01-05"]
    assert (tmp_path / "latest").resolve().name[:10] == "2024-01-01"


def test_earlier_scores_are_a_week_apart_and_complete(tmp_path):
    for day in range(1, 20):
        folder = folders.named(tmp_path, date(2024, 1, day), "x")
        folder.mkdir(parents=True)
        (folder / "scores.parquet").touch()
        if day != 18:
            Journal.of(folder).write(folders.DONE, "", {})
    found = folders.earlier_scores(tmp_path, date(2024, 1, 19), 30)
    assert [path.parent.name[:10] for path in found] == ["2024-01-03", "2024-01-10", "2024-01-17"]


@pytest.mark.parametrize(
    "altered",
    ["", "[]", "{}", '{"stages": 3, "digest": ""}', "the key", "the result", "another stage"],
)
def test_a_journal_that_a_hand_altered_counts_as_none(tmp_path, altered):
    journal = Journal.of(tmp_path)
    journal.write("monitor", "", {"verdict": "nothing to do", "sentences": []})
    assert Journal.of(tmp_path).finished("monitor") == journal.finished("monitor")
    file = tmp_path / "journal.json"
    told = json.loads(file.read_text())
    if altered == "the key":
        del told["stages"]["monitor"]["key"]
    elif altered == "the result":
        told["stages"]["monitor"]["result"] = {}
    elif altered == "another stage":
        told["stages"]["done"] = {}
    file.write_text(json.dumps(told) if " " in altered and "{" not in altered else altered)
    assert Journal.of(tmp_path).stages == {}
