"""The config that `churn check` writes: all that was asked for, and what the log told."""

import shlex
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.engines.duckdb import connect
from pipeline.command_line import main as cli
from pipeline.config import Config
from pipeline.config_file import load
from pipeline.intake.check import check
from pipeline.intake.written_config import config_text, write_config
from tests.pipeline.test_check import NOW, shop, write

pytestmark = pytest.mark.slow


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    lifetimes = find_spec("lifetimes").submodule_search_locations[0]
    return connect(read=[tmp_path_factory.getbasetemp(), lifetimes], threads=1)


def test_the_written_config_is_what_was_checked(engine, tmp_path):
    header = ['Kunde: "Nr" #1'.replace('"', ""), "datum", "betrag"]
    rows = [(c, f"{d:%d.%m.%Y}", f"{a:.2f}".replace(".", ",")) for c, d, a in shop()]
    asked = {"training": {"step_days": 9}, "backtest": {"cutoffs": [date(2020, 12, 1)]}}
    found = check(engine, write(tmp_path / "log.csv", header, rows, ";"), asked, now=NOW)
    path = tmp_path / "churn.yaml"
    write_config(found, path)
    config = Config.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert config.log == found.spec
    assert config.horizon_days == found.horizon.days
    assert (config.training, config.backtest) == (found.config.training, found.config.backtest)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "# guessed" in path.read_text(encoding="utf-8")


EVERYTHING = {
    "log": {
        "source": "log.csv",
        "name": "My Shop",
        "format": "csv",
        "encoding": "latin-1",
        "delimiter": ";",
        "header": False,
        "skip_rows": 0,
        "columns": {
            "customer_id": "column_1",
            "transacted_at": "column_2",
            "unit_price": "column_3",
            "quantity": "column_4",
            "order_id": "column_5",
            "attributes": ["column_6"],
        },
        "timezone": "Europe/London",
        "date_format": "%Y-%m-%d",
        "swapped_dates": False,
        "decimal": ",",
        "thousands": ".",
        "currency": "€",
        "minus": "trailing",
        "scale": 1.0,
        "sales": {"column": "column_6", "not": ["void", "on: hold"]},
        "refunds": {"column": "column_6", "values": ["back"]},
        "where": [{"column": "column_6", "operator": "in", "value": ["NO", "SE", 2]}],
        "lines": "each",
        "versions": "all",
        "customer_case": "ignore",
        "customer_form": "phone",
        "anonymous_ids": ["0", "guest"],
        "unused": ["column_5"],
        "returns": "ignore",
        "duplicates": "drop",
        "until": date(2020, 12, 24),
        "max_set_aside": 0.25,
        "max_anonymous": 0.75,
    },
    "horizon_days": 20,
    "clv": {"months": 6, "monthly_discount_rate": 0.02},
    "training": {
        "max_cutoffs": 5,
        "step_days": 9,
        "first_cutoff": date(2020, 2, 1),
        "max_customers": 1_000,
    },
    "backtest": {"cutoffs": [date(2020, 11, 1)]},
    "segments": {
        "champions": 0.2,
        "worth": 0.5,
        "late": 3.0,
        "gone": 5.0,
        "slim": 0.1,
        "names": {"at risk": "call them"},
    },
    "control": {"global_share": 0.01, "period": "year", "seed": 2},
    "monitoring": {
        "chance": 5.0,
        "last_order_days": 9,
        "volume": 1.8,
        "rows": 1.6,
        "amount": 1.5,
        "cusum": 9.0,
        "category": 5.0,
        "unknown": 0.2,
        "set_aside": 0.1,
        "past": 0.02,
        "stability_index": 0.3,
        "answer": 0.07,
        "level": 0.06,
        "total": 0.3,
        "coverage": 0.09,
        "log_loss": 0.2,
    },
    "schedule": {
        "train_every": 30,
        "train_again_after": 7,
        "on_data_alarm": "continue",
        "plan": "spring",
        "keep": 5,
    },
    "engine": {"kind": "duckdb", "memory_limit": "2GB", "threads": 1, "scratch": "scratch"},
    "cache": {"folder": "kept", "limit_gb": 1.0},
    "contenders": ["base_rate", "blend"],
    "tracking": {"uri": "sqlite:///own.db", "experiment": "shop", "registered_model": "leavers"},
    "output": {"folder": "results"},
    "seed": 7,
}
"""A value other than the default for each key that a log in a CSV file can have."""

SPRING = {
    "contact_cost": 0.5,
    "arms": {"letter": {"share": 0.4, "contact_cost": 1.2}, "mail": {"share": 0.6}},
    "eligible": {"segment": ["loyal", "at risk"], "p_churn": {"min": 0.2}, "consent": True},
}
"""A campaign: as many as one likes, under names of their own."""


NOT_OF_A_CSV = {
    *(("log", "table"), ("log", "sheet"), ("log", "trailing_delimiter"), ("log", "version_column")),
    ("engine", "master"),
}
"""Keys of other sources, engines and versions, and one of rows which end in a delimiter."""


def settled(values):
    """Sections of a config and the keys in them, as pairs."""
    for name, value in values.items():
        yield from ((name, key) for key in value) if isinstance(value, dict) else ((name, ""),)


@pytest.mark.thorough
def test_the_written_config_keeps_whatever_was_asked_for(tmp_path, monkeypatch):
    told = set(settled(EVERYTHING)) | {("version", ""), *NOT_OF_A_CSV}
    assert told == set(settled(load(None, {"log": EVERYTHING["log"]}).model_dump()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere.db")
    rows = [(c, d, f"{a:.2f}".replace(".", ","), 1, n, "NO") for n, (c, d, a) in enumerate(shop())]
    (tmp_path / "log.csv").write_text("\n".join(";".join(map(str, row)) for row in rows) + "\n")
    asked = {**EVERYTHING, "campaigns": {"spring": SPRING}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(asked))
    assert cli.run(["check", "-c", "c.yaml", "--write-config", "w.yaml", "--quiet"]) == 0
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert load(Path("w.yaml")) == load(Path("c.yaml"))


def states(place):
    """An export whose states are a question, as `check` is asked about it."""
    rows = [(*row, "storniert" if n % 9 == 5 else "bezahlt") for n, row in enumerate(shop())]
    write(place / "kaffee.csv", ["Kunde", "Datum", "Betrag", "Status"], rows)
    return ["check", "kaffee.csv", "--write-config", "kaffee.yaml"]


@pytest.mark.thorough
def test_what_check_asks_for_is_added_to_the_same_line_and_writes_a_usable_config(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    asked = states(tmp_path)
    assert cli.run(asked[:2]) == 2
    answer = capsys.readouterr().out.split("If that is right, add: ")[1].splitlines()[0]
    assert cli.run([*asked, *shlex.split(answer)]) == 0
    assert "???" not in Path("kaffee.yaml").read_text()
    assert cli.run(["check", "--config", "kaffee.yaml"]) == 0


def test_an_open_question_is_a_line_of_the_written_config_and_answered_there(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert cli.run(states(tmp_path)) == 2
    assert "decide what is open (???)" in capsys.readouterr().err
    text = Path("kaffee.yaml").read_text()
    (at,) = [n for n, line in enumerate(text.splitlines(), 1) if "???" in line]
    assert "bezahlt 2,133, storniert 266" in text.splitlines()[at - 2]
    for command in (["check"], ["train"], ["score", "--out", "s.csv"]):
        assert cli.run([*command, "--config", "kaffee.yaml", "--quiet"]) == 2
        told = capsys.readouterr().err
        assert f"  line {at}: sales: ???" in told
        assert told.count("Error:") == 1
    proposed = {"column": "Status", "values": ["bezahlt"]}
    sales = load(Path("kaffee.yaml"), {"log.sales": proposed}).log.sales
    Path("kaffee.yaml").write_text(text.replace("???  # ", ""))
    assert load(Path("kaffee.yaml")).log.sales == sales
    assert cli.run(["check", "--config", "kaffee.yaml"]) == 0


@pytest.mark.parametrize(
    ("header", "shown", "line", "seen"),
    [
        pytest.param("who", "2020-01-02", "customer_id: ???", "No column looks", id="no_customer"),
        pytest.param("Kunde", "03/04/2020", "date_format: ???", "day-month or", id="any_order"),
        pytest.param("Kunde", "03/04/20", "date_format: ???", "of two digits", id="short_years"),
        pytest.param("Kunde", "2020-01-02 09:00 +0100", "timezone: ???", "offsets", id="offsets"),
    ],
)
def test_what_a_log_leaves_open_is_a_line_of_its_config(
    engine, tmp_path, header, shown, line, seen
):
    rows = [(c, shown, "5.00") for c, _, _ in shop(12)]
    found = check(engine, write(tmp_path / "log.csv", [header, "date", "total"], rows), now=NOW)
    lines = [one.strip() for one in config_text(found).splitlines()]
    assert seen in " ".join(lines[lines.index(line) - 4 : lines.index(line)])


def test_question_marks_between_quotes_are_the_name_of_a_column(tmp_path):
    path = tmp_path / "c.yaml"
    columns = '{customer_id: "???", transacted_at: day}'
    path.write_text(f"log: {{source: log.csv, columns: {columns}}}\n")
    assert load(path).log.columns.customer_id == "???"


def test_a_log_that_cannot_be_used_writes_no_config(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [(c, "2020-01-02" if n % 9 else "never", "5") for n, (c, _, _) in enumerate(shop())]
    write(tmp_path / "log.csv", ["customer", "date", "amount"], rows)
    assert cli.run(["check", "log.csv", "--write-config", "c.yaml"]) == 2
    assert "c.yaml is not written" in capsys.readouterr().err
    assert not Path("c.yaml").exists()


def test_a_key_that_was_ruled_out_is_not_guessed_at_the_second_check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "log.csv", ["customer", "date", "amount"], shop())
    first = ["check", "log.csv", "--set", "log.columns.amount=null", "--quiet"]
    assert cli.run([*first, "--write-config", "one.yaml"]) == 0
    assert cli.run(["check", "-c", "one.yaml", "--write-config", "two.yaml", "--quiet"]) == 0
    assert yaml.safe_load(Path("two.yaml").read_text())["log"]["columns"]["amount"] is None


def test_a_horizon_that_nobody_named_and_the_log_did_not_tell_is_left_open(engine, tmp_path):
    rows = [("C1", "01/02/2020", 5), ("C2", "03/04/2020", 5)]
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], rows)
    written = yaml.safe_load(config_text(check(engine, section, now=NOW)))
    assert written["horizon_days"] is None


@pytest.mark.thorough
def test_a_log_within_a_package_keeps_its_address(engine):
    address = "package://lifetimes/datasets/CDNOW_master.txt"
    assert f'source: "{address}"' in config_text(check(engine, {"source": address}, now=NOW))


@pytest.mark.thorough
def test_line_breaks_in_a_columns_name_write_no_lines_of_the_config(engine, tmp_path):
    odd = ["shop\nseed: 99", "shop\x85seed: 98", "shop\u2028seed: 97", "Laden €"]
    rows = [(c, d, a, *("ab"[n % 2] for _ in odd)) for n, (c, d, a) in enumerate(shop())]
    log = tmp_path / "log.parquet"
    pd.DataFrame(rows, columns=["customer", "date", "amount", *odd]).to_parquet(log)
    path = tmp_path / "churn.yaml"
    for attributes in ([], odd):
        section = {"source": str(log), "columns": {"attributes": attributes}}
        found = check(engine, section, now=NOW)
        assert set(odd) <= {*found.attributes}
        write_config(found, path)
        assert load(path).log == found.spec
        assert load(path).seed == 0
