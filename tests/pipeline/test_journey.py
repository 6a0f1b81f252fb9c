"""The whole way through the command line: from a file of orders to scored customers."""

import csv
import json
import shutil
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from models.explain.segments import SEGMENTS
from pipeline.command_line import main as cli
from pipeline.learning.backtest import COLUMNS as BOARD
from pipeline.model_files import artifact
from pipeline.scoring.score import SCHEMA
from tests.pipeline import shop
from tests.pipeline.conftest import recorded

pytestmark = pytest.mark.slow


def score(out, *more):
    return cli.run(["score", "orders.csv", "--out", str(out), "--quiet", *more])


def scores(tmp_path, *more, name="scores.parquet"):
    assert score(tmp_path / name, *more) == 0
    return pd.read_parquet(tmp_path / name)


@pytest.fixture(scope="module")
def whole(made_once, trained):
    """What `churn score` answers about the whole log, and what it says."""

    def make(folder):
        with chdir(trained), recorded(folder / "said.txt"):
            assert score(folder / "scores.parquet") == 0

    folder = made_once("scored", make)
    return pd.read_parquet(folder / "scores.parquet"), (folder / "said.txt").read_text()


def test_training_leaves_a_model_a_board_a_report_and_what_was_set_aside(here):
    # What scoring keeps, and what reading does, comes and goes.
    names = {path.name for path in (here / "out").iterdir()} - {"models", "cache"}
    assert names == {"model", "leaderboard.csv", "report.html", "quarantine.parquet"}
    board = pd.read_csv(here / "out/leaderboard.csv")
    assert tuple(board.columns) == BOARD
    assert len(board) == 2 * 4
    assert board.groupby("contender")["chosen"].all().to_dict() == {
        "base_rate": False, "bg_nbd": False, "blend": True, "recency_alone": False,
    }  # fmt: skip
    assert board.loc[board.chosen, "log_loss"].notna().all()


def test_tracking_has_a_parent_a_run_per_contender_and_a_champion(here):
    from mlflow import MlflowClient

    from pipeline.tracking.store import talking

    uri = f"sqlite:///{here}/mlflow.db"
    with talking(uri):
        client = MlflowClient(uri, uri)
        runs = client.search_runs(["1"])
        levels = [run.data.tags["churn.level"] for run in runs]
        assert sorted(levels) == ["contender"] * 4 + ["training"]
        assert {run.info.status for run in runs} == {"FINISHED"}
        parameters = {frozenset(run.data.params) for run in runs}
        assert len(parameters) == 1, "runs that miss a parameter cannot be compared"
        # What two configs differ in is seen where their runs are laid side by side.
        assert {"horizon_days", "contenders", "max_customers", "seed"} < set(*parameters)
        assert str(client.get_model_version_by_alias("churn", "champion").version) == "1"
        (parent,) = [run for run in runs if run.data.tags["churn.level"] == "training"]
        path = client.download_artifacts(parent.info.run_id, "config.yaml")
        config = yaml.safe_load(Path(path).read_text())
    assert config["horizon_days"] == 60
    assert config["log"]["source"] == "orders.csv"
    assert not {"tracking", "cache", "output"} & set(config)


def test_scores_have_the_published_columns_and_make_sense(here, whole):
    found, _ = whole
    assert found.columns.tolist() == SCHEMA.names
    assert found.customer_id.is_unique
    assert found[["p_churn", "p_alive"]].apply(lambda p: p.between(0, 1)).all().all()
    assert (found[["expected_purchases", "expected_spend", "clv"]] >= 0).all().all()
    assert (found.expected_purchases >= 1 - found.p_churn - 1e-12).all()
    assert (found.clv >= found.expected_spend * 0.8).mean() > 0.99, "a year is more than 60 days"
    assert (found.p_churn_clv <= found.p_churn + 1e-9).all(), "a year holds the horizon"
    mean = found.expected_spend / (1 - found.p_churn)
    inside = found.spend_if_any_low.le(mean) & mean.le(found.spend_if_any_high)
    assert inside.mean() > 0.95, "the range if there is any holds the mean of those futures"
    assert set(found.segment) <= set(SEGMENTS)
    last = max(date.fromisoformat(row[1]) for row in shop.rows())
    assert set(found.as_of) == {last + timedelta(days=1)}
    assert (found.days_since_last + found.recency == found["T"]).all()
    between = pd.to_datetime(found.last_purchase) - pd.to_datetime(found.first_purchase)
    assert (between.dt.days == found.recency).all()
    repeat = found.frequency > 0
    assert found.loc[~repeat, ["usual_gap", "overdue"]].isna().all().all()
    usual = found.recency[repeat] / found.frequency[repeat]
    assert np.allclose(found.usual_gap[repeat], usual)
    assert (found.overdue[repeat] >= 0).all()
    assert np.allclose(found.average_order_value * found.orders, found.total_spend)
    with (here / "orders.csv").open() as file:
        bought = {row["Customer ID"] for row in csv.DictReader(file) if float(row["Total"]) > 0}
    assert set(found.customer_id) == bought, "ids are exact text"


def test_59_scoring_again_gives_the_same_bytes(here, tmp_path):
    for name in ("a.csv", "b.csv"):
        assert score(tmp_path / name) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.thorough
def test_scoring_in_halves_by_customer_gives_the_same_rows(here, whole, tmp_path):
    whole, _ = whole
    halves = []
    for half in (0, 1):
        ids = whole.customer_id[half::2]
        (tmp_path / f"{half}.csv").write_text("customer_id\n" + "\n".join(ids) + "\n")
        halves.append(
            scores(tmp_path, "--customers", str(tmp_path / f"{half}.csv"), name=f"{half}.parquet")
        )
    joined = pd.concat(halves).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(whole, joined, check_exact=True)


def test_a_log_cut_at_a_date_and_as_of_that_date_give_the_same_scores(here, tmp_path):
    with (here / "orders.csv").open() as file:
        head, *log = csv.reader(file)
    cut = shop.write(tmp_path / "cut.csv", [r for r in log if r[1] < "2023-03-01"], head)
    asked = scores(tmp_path, "--as-of", "2023-03-01")
    assert (
        cli.run(
            [
                "score",
                str(cut),
                "--out",
                str(tmp_path / "cut.parquet"),
                "-q",
                "--as-of",
                "2023-03-01",
            ]
        )
        == 0
    )
    pd.testing.assert_frame_equal(asked, pd.read_parquet(tmp_path / "cut.parquet"))


def test_customers_that_training_never_saw_are_scored_and_strangers_are_reported(
    here, tmp_path, capsys
):
    new = [("brand new", "2023-06-01", "50.00", "Z1", "FI")]
    log = shop.write(tmp_path / "more.csv", shop.rows() + new)
    (tmp_path / "list.csv").write_text("customer_id\nbrand new\nnobody\n00001\n")
    code = cli.run(
        ["score", str(log), "--out", str(tmp_path / "s.csv"), "-q"]
        + ["--customers", str(tmp_path / "list.csv")]
    )
    assert code == 0
    assert pd.read_csv(tmp_path / "s.csv", dtype=str).customer_id.tolist() == ["00001", "brand new"]
    assert "1 of the list have no purchase" in capsys.readouterr().out


def test_config_file_and_flags_are_the_same_request(here, tmp_path, capsys):
    assert cli.run(["config", "show", "orders.csv", *shop.COLUMNS, "--horizon", "60d"]) == 0
    flags = capsys.readouterr().out
    (tmp_path / "c.yaml").write_text(flags)
    assert cli.run(["config", "show", "--config", str(tmp_path / "c.yaml")]) == 0
    assert capsys.readouterr().out == flags
    assert yaml.safe_load(flags)["horizon_days"] == 60


def test_the_registered_model_answers_what_churn_score_wrote(here, whole, monkeypatch):
    import mlflow

    from features.customer.snapshot import snapshot
    from pipeline.config_file import load
    from pipeline.console import Progress
    from pipeline.intake.orders import open_orders
    from pipeline.tracking.store import talking

    written = whole[0].set_index("customer_id")
    manifest = artifact.load(here / "out/model").manifest
    config = load(None, {"log.source": "orders.csv"}, {"log": manifest.settings["log"]})
    with open_orders(config.log, Progress(quiet=True)) as orders:
        rows = snapshot(orders.days, orders.end, manifest.attributes).to_pyarrow().to_pandas()
    one = rows.iloc[[3]]
    uri = f"sqlite:///{here}/mlflow.db"
    # By set_tracking_uri it would stay set, and the next test would train into this store.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with talking(uri):
        served = mlflow.pyfunc.load_model("models:/churn@champion")
        answer = served.predict(one.drop(columns="customer_id")).iloc[0]
    expected = written.loc[one.customer_id.iloc[0]]
    for column in ("p_churn", "expected_purchases", "expected_spend", "p_alive"):
        assert answer[column] == expected[column], column


def test_compare_lists_the_training_as_data(here, capsys):
    assert cli.run(["compare", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["contender"], row["aliases"]) for row in found] == [
        ("blend", ["challenger", "champion"])
    ]
    assert (found[0]["log"], found[0]["as_of"]) == ("orders.csv", "2023-06-30")
    assert found[0]["grades"].startswith("ranking ")
    assert found[0]["grade"] in ("good", "fair", "poor")


@pytest.mark.thorough
def test_two_trainings_give_the_same_scores(here, tmp_path, migrated_store):
    first = scores(tmp_path, "--model", "out/model")
    # Which contenders stand beside it makes no difference either.
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    elsewhere = (
        f"output.folder={tmp_path / 'again'}",
        f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
    )
    words = [word for setting in elsewhere for word in ("--set", setting)]
    assert shop.train(*words, "--set", "contenders=[base_rate,blend]") == 0
    second = scores(tmp_path, "--model", str(tmp_path / "again/model"))
    told = ["model_version", "run_id"]
    pd.testing.assert_frame_equal(
        first.drop(columns=told), second.drop(columns=told), check_exact=True
    )


def test_model_of_another_horizon_is_refused(here, tmp_path, capsys):
    assert score(tmp_path / "s.csv", "--horizon", "90d") == 2
    assert "answers for 60 days" in capsys.readouterr().err
    assert not (tmp_path / "s.csv").exists()


def test_failed_scoring_leaves_the_older_file(here, tmp_path):
    out = tmp_path / "s.csv"
    out.write_text("yesterday")
    assert score(out, "--as-of", "2001-01-01") == 2
    assert out.read_text() == "yesterday"


@pytest.mark.thorough
def test_as_of_far_behind_the_log_is_refused_and_near_it_is_noted(here, tmp_path, capsys):
    assert score(tmp_path / "s.csv", "--as-of", "2200-01-01") == 2
    refused = " ".join(capsys.readouterr().err.split())
    assert "Bring the log up to date" in refused
    last = max(date.fromisoformat(row[1]) for row in shop.rows())
    assert f"is {(date(2200, 1, 1) - last).days} days after the log's end ({last})" in refused
    assert score(tmp_path / "s.csv", "--as-of", "2023-07-20") == 0
    noted = " ".join(capsys.readouterr().err.split())
    assert "looks more silent" in noted
    assert f"ends on {last}, {(date(2023, 7, 20) - last).days} days before 2023-07-20" in noted


@pytest.mark.thorough
def test_scoring_a_day_that_the_model_has_seen_past_says_so(here, tmp_path, capsys):
    assert score(tmp_path / "s.csv", "--as-of", "2023-03-01") == 0
    assert "it knows what came after" in " ".join(capsys.readouterr().err.split())
    assert score(tmp_path / "s.csv") == 0
    assert "knows what came after" not in capsys.readouterr().err


def test_segments_are_told_with_their_totals(whole):
    found, told = whole
    by = found.groupby("segment")
    for name, size in by.size().items():
        p_churn, spend = by["p_churn"].mean()[name], by["expected_spend"].sum()[name]
        line = next(
            line for line in told.splitlines() if line.split()[: len(name.split())] == name.split()
        )
        assert line.split()[len(name.split()) :][:3] == [
            f"{size:,}",
            f"{p_churn:.0%}",
            f"{spend:,.2f}",
        ]


@pytest.mark.thorough
def test_a_bare_list_without_header_names_its_first_customer_too(here, tmp_path):
    (tmp_path / "list.txt").write_text("00001\n00002\n")
    found = scores(tmp_path, "--customers", str(tmp_path / "list.txt"))
    assert found.customer_id.tolist() == ["00001", "00002"]
