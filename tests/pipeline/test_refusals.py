"""Bad input: one clear error, exit code 2, and everything as it was."""

import re
import shutil
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.command_line import main as cli
from tests.pipeline import shop
from tests.pipeline.conftest import recorded

COLUMNS = ["--customer-id", "Customer ID", "--transacted-at", "Date", "--amount", "Total"]


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder: it must refuse, in one message, and leave no file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none/mlflow.db")

    def run(*arguments):
        before = tree(tmp_path)
        assert cli.run([*map(str, arguments)]) == 2
        printed = capsys.readouterr()
        assert tree(tmp_path) == before
        assert printed.err.count("Error:") == 1, printed.err
        assert "Traceback" not in printed.err
        assert shop.SENTINEL not in printed.err + printed.out
        return " ".join(printed.err.split())

    return run


def tree(folder: Path):
    """Every file but what is kept of a log that was read: safe to delete, no result."""
    files = [p for p in folder.rglob("*") if p.is_file() and "cache" not in p.parts]
    return sorted((str(p), p.read_bytes()) for p in files)


def log(folder, rows, name="log.csv", header=shop.HEADER):
    return shop.write(folder / name, rows, header)


def test_missing_file_names_its_neighbour(refused, tmp_path):
    log(tmp_path, shop.rows(5), "orders.csv")
    assert "Did you mean orders.csv" in refused("train", "order.csv", *COLUMNS)


def test_missing_column_names_those_there_are_and_the_nearest(refused, tmp_path):
    message = refused(
        "train", log(tmp_path, shop.rows(5)), "--customer-id", "CustomerID",
        "--transacted-at", "Date", "--amount", "Total",
    )  # fmt: skip
    assert "Customer ID" in message
    assert "Invoice" in message


@pytest.mark.parametrize("command", ["train", "backtest"])
def test_no_rows(refused, tmp_path, command):
    assert "no rows" in refused(command, log(tmp_path, []), *COLUMNS)


@pytest.mark.slow
def test_all_rows_set_aside(refused, tmp_path):
    rows = [("a", "2023-01-01", "many", "1", "NO")] * 30
    assert "None of 30 rows can be used" in refused("train", log(tmp_path, rows), *COLUMNS)


@pytest.mark.slow
def test_one_customer(refused, tmp_path):
    rows = [(shop.SENTINEL, f"2022-{m:02d}-15", "10", str(m), "NO") for m in range(1, 13)]
    message = refused("train", log(tmp_path, rows), *COLUMNS, "--horizon", "60d")
    assert "customer" in message


@pytest.mark.thorough
@pytest.mark.slow
def test_41_all_one_time_buyers(refused, tmp_path):
    rows = [(f"c{n}", f"2022-{n % 12 + 1:02d}-15", "10", str(n), "NO") for n in range(400)]
    said = refused("train", log(tmp_path, rows), *COLUMNS, "--horizon", "60d")
    assert "`churn describe` shows who fell silent" in said
    assert cli.run(["describe", str(tmp_path / "log.csv"), *COLUMNS, "--quiet"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "said"),
    [("--horizon", "takes a length such as 90d"), ("--profile", "There is no profile of this")],
)
def test_an_option_that_a_script_left_empty_is_refused(refused, tmp_path, option, said):
    assert said in refused("check", log(tmp_path, shop.rows(5)), *COLUMNS, option, "")


def test_horizon_longer_than_the_log_names_one_that_fits(refused, tmp_path):
    message = refused("train", log(tmp_path, shop.rows(50)), *COLUMNS, "--horizon", "3y")
    assert "Use horizon_days up to" in message


def test_unknown_key_names_the_nearest(refused, tmp_path):
    message = refused("train", log(tmp_path, shop.rows(5)), *COLUMNS, "--set", "horizon_day=9")
    assert "did you mean `horizon_days`" in message


def test_unknown_contender_lists_the_known(refused, tmp_path):
    message = refused(
        "backtest", log(tmp_path, shop.rows(80)), *COLUMNS, "--horizon", "60d",
        "--set", "contenders=[magic]",
    )  # fmt: skip
    assert "bg_nbd" in message


@pytest.mark.parametrize("names", ["[recency_alone]", "[magic, blend]", "[recency_alone, magic]"])
def test_contenders_that_train_refuses_are_refused_by_check_alike(refused, tmp_path, names):
    request = (log(tmp_path, shop.rows(200)), *COLUMNS, "--quiet", "--set", f"contenders={names}")
    said = refused("check", *request)
    assert said == refused("train", *request, "--horizon", "60d")
    assert ("magic cannot be found" in said) == ("magic" in names)


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_wrong_key_is_told_with_its_file(refused, tmp_path, command):
    log(tmp_path, shop.rows(80))
    (tmp_path / "c.yaml").write_text(
        "log: {source: log.csv, columns: {customer_id: Customer ID, transacted_at: Date}}\n"
        "horizon_day: 9\n"
    )
    assert "Error: c.yaml: 1 key cannot be used" in refused(command, "--config", "c.yaml")


@pytest.mark.parametrize("command", ["check", "train"])
@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("5", "log"),
        ("{}", "log.source"),
        ("{source: log.csv, columns: {customer: a}}", "log.columns.customer"),
        ("{source: log.csv, timezone: Nowhere}", "log.timezone"),
        ("{source: log.csv, columns: {unit_price: Total, amount: Total}}", "log.columns"),
    ],
)
def test_a_wrong_log_section_is_told_with_its_file(refused, tmp_path, command, section, key):
    log(tmp_path, shop.rows(80))
    (tmp_path / "c.yaml").write_text(f"log: {section}\n")
    message = refused(command, "--config", "c.yaml")
    assert "Error: c.yaml: " in message
    assert f" {key}" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "key",
    [
        "contenders: [magic, blend]",
        "backtest: {cutoffs: [1999-01-01]}",
    ],
)
def test_a_key_that_only_its_use_proves_wrong_is_told_with_its_file(refused, tmp_path, key):
    log(tmp_path, shop.rows(200))
    (tmp_path / "c.yaml").write_text(
        "log: {source: log.csv, columns: {customer_id: Customer ID, transacted_at: Date}}\n"
        f"horizon_days: 60\n{key}\n"
    )
    assert f"Error: c.yaml: {key.split(':')[0]}" in refused("train", "-c", "c.yaml", "-q")


@pytest.mark.parametrize("key", ["experiment: 5", "registered_model: 'a:b'"])
def test_a_wrong_tracking_key_is_told_whole(refused, tmp_path, key):
    (tmp_path / "c.yaml").write_text(f"tracking: {{{key}}}\n")
    message = refused("compare", "--config", "c.yaml")
    assert f"c.yaml: 1 key cannot be used. tracking.{key.split(':')[0]}: " in message


def test_30_yaml_that_would_build_an_object(refused, tmp_path):
    (tmp_path / "c.yaml").write_text("log: !!python/object/apply:os.system ['true']\n")
    assert "not plain YAML" in refused("train", "--config", tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("log: {source: *.csv}")
    assert "'*.csv', stands in quotes" in refused("train", "--config", tmp_path / "c.yaml")


def test_output_of_an_unknown_kind(refused, tmp_path):
    assert ".parquet or .csv" in refused(
        "score", log(tmp_path, shop.rows(5)), "--out", tmp_path / "s.xls"
    )


def test_no_model_yet(refused, tmp_path):
    refused("score", log(tmp_path, shop.rows(5)), "--out", tmp_path / "s.csv")


def test_32_pickle_is_no_model(refused, tmp_path):
    import pickle

    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.pkl").write_bytes(pickle.dumps({"a": 1}))
    refused("score", log(tmp_path, shop.rows(5)), "--out", tmp_path / "s.csv", "--model", "m")


def test_an_output_never_takes_the_place_of_an_input(refused, tmp_path):
    orders = log(tmp_path, shop.rows(80), "orders.csv")
    (tmp_path / "link.csv").hardlink_to(orders)
    for out in ("orders.csv", "link.csv"):
        assert "is there already" in refused("check", orders, "--write-config", out)
        assert "is an input" in refused("backtest", orders, *COLUMNS, "--out", out)


@pytest.mark.parametrize("length", ["1e3", "48h", "90min", "0d", "-5", "100000d", "60dollars"])
def test_a_length_that_is_none(refused, length):
    assert "such as 90d" in refused("train", "x.csv", *COLUMNS, "--horizon", length)


@pytest.mark.parametrize(
    "assignment",
    [
        "backtest.cutoffs=[2024-13-01]",
        "backtest.cutoffs=[]",
        "training.step_days=99999999",
        "contenders=[blend,blend]",
        "tracking=5",
        "log=5",
    ],
)
def test_a_value_that_makes_no_sense(refused, tmp_path, assignment):
    refused("train", log(tmp_path, shop.rows(5)), *COLUMNS[:2], "--set", assignment)


def test_a_date_that_is_not_in_the_calendar(refused, tmp_path):
    (tmp_path / "c.yaml").write_text("log: {source: x.csv, until: 2024-02-31}\n")
    assert "calendar" in refused("train", "--config", tmp_path / "c.yaml")


def test_a_contender_that_cannot_be_the_answer(refused, tmp_path):
    message = refused(
        "train", log(tmp_path, shop.rows(200)), *COLUMNS, "--horizon", "60d",
        "--set", "contenders=[recency_alone]",
    )  # fmt: skip
    assert "Add blend" in message


def awakened(command, *more):
    """Ask about a log whose customers buy once but for its last weeks, too late for most days."""
    days = [(f"c{n}", n * 11 % 540) for n in range(200)]
    days += [(f"c{n}", 455 + (n * 7 + 25 * k) % 105) for n in range(0, 200, 2) for k in range(4)]
    rows = [(c, (shop.FIRST + timedelta(days=d)).isoformat(), 9 + d % 7, "", "") for c, d in days]
    request = [
        str(log(Path.cwd(), sorted(rows, key=lambda row: row[1]))), *COLUMNS, "--horizon", "60d",
        *("--set", "contenders=[base_rate,blend]", "--set", "training.max_cutoffs=1"),
    ]  # fmt: skip
    return cli.run([command, *request, *more])


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, migrated_store):
    """An empty folder with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture(scope="module")
def late(made_once, migrated_store):
    """A folder in which such a log was trained on, and what was said."""

    def train(folder):
        shutil.copy(migrated_store, folder / "mlflow.db")
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            with chdir(folder), recorded(folder / "said.txt"):
                assert awakened("train") == 0, (folder / "said.txt").read_text()

    return made_once("late", train)


def unfitted(late):
    """The cutoffs at which the blend could not be fitted, as the notes tell them."""
    said = " ".join((late / "said.txt").read_text().split())
    return re.findall(r"blend has no answer at (\S+): None of the blend's", said)


@pytest.mark.thorough
def test_an_answer_that_cannot_be_fitted_at_a_cutoff_is_judged_at_the_others(late, monkeypatch):
    days, told = unfitted(late), (late / "said.txt").read_text()
    board = pd.read_csv(late / "out/leaderboard.csv")
    rows = board[board["contender"] == "blend"]
    assert rows.loc[rows["log_loss"].isna(), "cutoff"].tolist() == days
    n, of = rows["log_loss"].notna().sum(), len(rows)
    assert 0 < n < of
    assert f"mean of {n} of {of} cutoffs" in told
    said = f"These are figures of {n} of {of} cutoffs: blend could not be fitted at "
    assert said + ", ".join(days) in told
    assert "is champion" in told
    # The champion's cutoffs are asked for again, and compared where there are figures.
    monkeypatch.chdir(late)
    elsewhere = f"output.folder={late / 'again'}"
    assert awakened("train", "--promote", "--set", elsewhere) == 0


@pytest.mark.thorough
def test_a_refused_training_leaves_the_results_of_the_last_one(late, elsewhere, capsys):
    day, *_ = unfitted(late)
    (elsewhere / "out").mkdir()
    for name in ("leaderboard.csv", "report.html", "quarantine.parquet"):
        (elsewhere / "out" / name).write_text("yesterday")
    before = tree(elsewhere / "out")
    assert awakened("train", "--set", f"backtest.cutoffs=[{day}]") == 2
    assert tree(elsewhere / "out") == before
    said = " ".join(capsys.readouterr().err.split())
    assert "Fitting blend on everything" not in said
    assert "blend cannot be fitted to this log at any cutoff" in said


@pytest.mark.thorough
@pytest.mark.slow
def test_a_backtest_does_not_recommend_a_training_that_would_be_refused(elsewhere, capsys):
    assert awakened("backtest", "--set", "contenders=[base_rate]") == 0
    said = capsys.readouterr().out
    assert "Next: churn train" not in said
    assert "`churn train` would refuse this. contenders: none of base_rate answers" in said
