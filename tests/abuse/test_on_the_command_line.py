"""Promises held on the real command line that no other test keeps; the number is the promise's."""

import gzip
import os
import signal
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from pipeline.command_line import main as cli
from tests.pipeline import shop

pytestmark = pytest.mark.thorough

HEAD = "id,day,amount\n"
FORMULA = '=HYPERLINK("http://example.org")'


def lines(*rows):
    return HEAD + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2003 ", "\ufeff"])
def test_4_an_id_of_wide_blanks_is_no_customer(checked, blank):
    found = checked(lines("7,2020-01-31,1", f"{blank},2020-02-01,2"))
    assert found["set_aside"] == {"customer_blank": 1}


@pytest.mark.parametrize("mark", [" ", "space"])
def test_7_a_blank_between_thousands_can_be_declared_on_the_command_line(checked, mark):
    found = checked(lines("7,2020-01-31,1 234.50"), "--set", f"log.thousands={mark}")
    assert found["amount_total"] == 1234.5


def test_13_a_wrong_unit_never_puts_a_log_on_two_days_of_1970(checked):
    log = lines("7,1580428800,1", "8,1580515200,2")
    found = checked(log, "--set", "log.date_format=unix_milliseconds")
    assert "--set log.date_format=unix_seconds" in found["problem"]
    assert checked(log, "--set", "log.date_format=unix_seconds")["first_order"] == "2020-01-31"


def test_25_a_gzip_that_grows_without_end_is_refused_before_it_is_written(churn, tmp_path):
    bomb = tmp_path / "log.csv.gz"
    with gzip.open(bomb, "wb") as file:
        for _ in range(120):
            file.write(b"7,2020-01-31,1\n" * 40_000)
    code, _, err = churn("check", bomb, "--quiet")
    assert (code, "archive bombs" in err) == (2, True)


@pytest.mark.parametrize("out", ["s3://bucket/k.parquet", "gs://b/scores.csv"])
def test_29_a_network_address_is_no_output_and_no_folder_is_made_for_it(here, churn, out):
    before = sorted(os.listdir())
    code, _, err = churn("score", "orders.csv", "--out", out, "--quiet")
    assert (code, "network address" in err) == (2, True)
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("place", ["/etc/churn", "../elsewhere", "~/x", "link/out"])
@pytest.mark.parametrize("key", ["output.folder", "cache.folder", "engine.scratch"])
def test_29_a_config_names_no_place_outside_its_folder_and_the_working_one(
    churn, tmp_path, monkeypatch, place, key
):
    here = tmp_path / "shop"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "link").symlink_to(tmp_path)
    section, _, name = key.partition(".")
    Path("c.yaml").write_text(f"log: {{source: x.csv}}\n{section}: {{{name}: {place}}}\n")
    code, _, err = churn("train", "--config", "c.yaml", "--quiet")
    assert (code, f"{key} leads out of this folder" in " ".join(err.split())) == (2, True)
    assert sorted(os.listdir(tmp_path)) == ["shop"]
    # By one's own word it may be anywhere: then the log is what is missing.
    _, _, err = churn("train", "--config", "c.yaml", "--quiet", "--set", f"{key}={tmp_path}")
    assert "x.csv" in err


def test_35_a_formula_is_made_text_in_csv_and_stays_exact_in_parquet(here, churn, tmp_path):
    log = tmp_path / "orders.csv"
    lines_of_log = (here / "orders.csv").read_text().splitlines()
    mine = lines_of_log[1].split(",")
    quoted = FORMULA.replace('"', '""')
    log.write_text("\n".join([*lines_of_log, ",".join([f'"{quoted}"', *mine[1:]])]) + "\n")
    for name in ("scores.csv", "scores.parquet"):
        code, _, err = churn("score", log, "--out", tmp_path / name, "--excel-safe", "--quiet")
        assert code == 0, err
    exact = pyarrow.parquet.read_table(tmp_path / "scores.parquet")["customer_id"].to_pylist()
    safe = pyarrow.csv.read_csv(tmp_path / "scores.csv")["customer_id"].to_pylist()
    assert FORMULA in exact
    assert FORMULA not in safe
    assert not any(str(name).startswith(("=", "+", "-", "@")) for name in safe)


def test_15_a_log_that_stands_twice_is_refused_by_score_as_by_train(here, churn, tmp_path):
    content = (here / "orders.csv").read_text()
    twice = tmp_path / "twice.csv"
    twice.write_text(content + content.split("\n", 1)[1])
    out = tmp_path / "scores.parquet"
    code, _, err = churn("score", twice, "--out", out, "--quiet")
    assert (code, "log.duplicates" in err, out.exists()) == (2, True, False)


def test_45_a_log_without_a_column_that_the_model_needs_is_refused(here, churn, tmp_path):
    rows = pd.read_csv(here / "orders.csv", dtype=str).drop(columns=shop.HEADER[2])
    rows.to_csv(tmp_path / "log.csv", index=False)
    out = tmp_path / "scores.parquet"
    code, _, err = churn("score", tmp_path / "log.csv", "--out", out, "--quiet")
    assert (code, repr(shop.HEADER[2]) in err, out.exists()) == (2, True, False)


def test_45_ids_that_came_back_as_floats_are_refused_and_the_way_out_named(here, churn, tmp_path):
    rows = pd.read_csv(here / "orders.csv", dtype=str)
    ids = rows["Customer ID"]
    rows["Customer ID"] = ids.where(~ids.str.isdigit(), ids + ".0")
    rows.to_csv(tmp_path / "log.csv", index=False)
    out = tmp_path / "scores.parquet"
    code, _, err = churn("score", tmp_path / "log.csv", "--out", out)
    assert (code, "log.customer_form=number" in err, out.exists()) == (2, True, False)


def test_42_a_log_that_nobody_leaves_is_refused_in_one_sentence(churn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2022-01-01", "2022-12-31", freq="7D")
    faithful = [f"c{n},{day:%Y-%m-%d},{n % 9 + 1}.50" for day in days for n in range(60)]
    (tmp_path / "log.csv").write_text(lines(*faithful))
    asked = ["--customer-id", "id", "--transacted-at", "day", "--amount", "amount"]
    asked += ["--horizon", "30d", "--set", "tracking.uri=sqlite:///none.db", "--quiet"]
    code, _, err = churn("train", tmp_path / "log.csv", *asked)
    assert (code, "Nobody left within 30 days" in err, err.count("Error:")) == (2, True, 1)
    assert not Path("out/model").exists()


def test_37_what_a_command_writes_only_its_owner_reads(tmp_path):
    (tmp_path / "log.csv").write_text(lines("7,2020-01-31,1"))
    command = (
        "import sys; from pipeline.command_line.main import main; sys.argv[0] = 'churn'; main()"
    )
    arguments = ["simulate", "--customers", "20", "--years", "1", "--out", "made"]
    done = subprocess.run([sys.executable, "-c", command, *arguments], cwd=tmp_path, timeout=250)
    assert done.returncode == 0
    made = tmp_path / "made"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o600}


def test_warnings_of_libraries_are_not_shown_whatever_their_threads_do_to_the_filters(tmp_path):
    command = (
        "import warnings\n"
        "from pipeline.command_line import main as cli\n"
        "def run(_):\n"
        "    warnings.resetwarnings()\n"
        "    warnings.warn('of scikit-learn')\n"
        "    return 0\n"
        "cli.run = run\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, timeout=250, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_56_a_library_that_makes_another_error_of_sigterm_is_no_bug(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_TERMINATED", [])

    def told_to_end(_):
        try:
            cli._terminated(signal.SIGTERM, None)
        except SystemExit as left:
            raise RuntimeError("a callback failed") from left

    monkeypatch.setattr(cli, "app", told_to_end)
    assert cli.run([]) == 143
    assert capsys.readouterr().err == ""


def test_55_a_library_that_finds_no_memory_is_no_bug(monkeypatch, capsys):
    def short(_):
        raise ImportError("x.so: failed to map segment from shared object")

    monkeypatch.setattr(cli, "app", short)
    assert cli.run(["check"]) == 2
    assert "not enough memory" in capsys.readouterr().err


def test_moments_of_nanoseconds_with_a_zone_are_read_from_parquet(churn, tmp_path):
    days = [datetime(2020, 1, 31, 23, 30), datetime(2020, 2, 1, 12)]
    log = pa.table(
        {"id": ["7", "8"], "day": pa.array(days, pa.timestamp("ns", "UTC")), "amount": [1.0, 2.0]}
    )
    pyarrow.parquet.write_table(log, tmp_path / "log.parquet")
    columns = ["--customer-id", "id", "--transacted-at", "day", "--amount", "amount"]
    zone = ["--set", "log.timezone=Europe/Berlin"]
    _, out, err = churn("check", tmp_path / "log.parquet", *columns, *zone, "--json", "--quiet")
    assert '"first_order": "2020-02-01"' in out, err
