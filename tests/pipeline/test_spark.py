"""On Spark the same model gives the same scores, by the same commands."""

import importlib.util
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from features.customer.snapshot import snapshot
from features.log.spec import LogSpec
from pipeline.command_line import main as cli
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.model_files import artifact
from pipeline.scoring.scores_file import read_scores
from tests.pipeline.spark_cluster import cluster

START = "from pipeline.command_line.start import main; main()"

needs_spark = pytest.mark.skipif(
    not importlib.util.find_spec("pyspark") or not shutil.which("java"),
    reason="needs pyspark and Java",
)


def moment(number, day):
    """A time of a day, not the same for all; None where there is no such day."""
    try:
        return datetime.fromisoformat(f"{day}T{9 + number % 9:02d}:00:00+00:00")
    except ValueError:
        return None


@pytest.fixture(scope="module")
def lake(tmp_path_factory, trained):
    """The training's log as a lake would hold it: typed, in several files, moments in UTC."""
    folder = tmp_path_factory.mktemp("lake") / "orders"
    folder.mkdir()
    table = csv.read_csv(
        trained / "orders.csv",
        convert_options=csv.ConvertOptions(
            column_types={
                "Customer ID": pa.string(),
                "Date": pa.string(),
                "Total": pa.decimal128(18, 2),
            }
        ),
    )
    place = table.column_names.index("Date")
    days = enumerate(table["Date"].to_pylist())
    moments = pa.array([moment(*one) for one in days], pa.timestamp("us", "UTC"))
    table = table.set_column(place, "Date", moments)
    for number, start in enumerate(range(0, len(table), 500)):
        parquet.write_table(table.slice(start, 500), folder / f"{number:02d}.parquet")
    return folder


@pytest.fixture(scope="module")
def on_duckdb(lake, trained, tmp_path_factory):
    """The scores of the lake's log by the default engine."""
    out = tmp_path_factory.mktemp("here") / "scores.parquet"
    assert cli.run(["score", str(lake), "--out", str(out), "-q", *model(trained)]) == 0
    return parquet.read_table(out)


def model(trained):
    return ["--model", str(trained / "out" / "model")]


def by_python(found, *words):
    """The command as it stands, its master in the config."""
    return [sys.executable, "-c", START, *words, "--set", f"engine.master={found.master}"]


def by_spark_submit(found, *words):
    """The way of a cluster: master and settings are spark-submit's."""
    script = found.said / "churn.py"
    script.write_text(START)
    submit = Path(found.environment["SPARK_HOME"]) / "bin" / "spark-submit"
    return [submit, "--master", found.master, script, *words]


@needs_spark
@pytest.mark.engine
@pytest.mark.parametrize(
    ("start", "lost"),
    [
        pytest.param(by_spark_submit, False, id="two workers"),
        pytest.param(by_python, True, id="one of them lost", marks=pytest.mark.faults),
    ],
)
def test_a_cluster_gives_the_scores_of_one_machine(start, lost, lake, trained, on_duckdb, tmp_path):
    out = tmp_path / "scores.parquet"
    words = ["score", lake, "--out", out, *model(trained), "--set", "engine.kind=spark", "-q"]
    with cluster(tmp_path) as found:
        running = subprocess.Popen(
            list(map(str, start(found, *words))), cwd=tmp_path, env=found.environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if lost:
            found.wait_for("Launching executor", 2)
            found.lose(0)
        said = running.communicate(timeout=500)
    assert running.returncode == 0, said
    scores = parquet.read_table(out)
    assert scores.schema.names == on_duckdb.schema.names
    pd.testing.assert_frame_equal(
        scores.to_pandas(), on_duckdb.to_pandas(), check_exact=False, rtol=1e-9, atol=1e-9
    )
    read = read_scores(out)
    assert len(read.customers) == len(on_duckdb)
    assert read.grades, "what is said of all scores is lost"


UDF = """
import sys

import mlflow.pyfunc
from pyspark.sql import SparkSession
from pyspark.sql.functions import struct

snapshot, out = sys.argv[1:]
spark = SparkSession.builder.master("local[2]").getOrCreate()
predict = mlflow.pyfunc.spark_udf(spark, "models:/churn@champion", env_manager="local")
rows = spark.read.parquet(snapshot)
features = [name for name in rows.columns if name != "customer_id"]
answers = rows.select("customer_id", predict(struct(*features)).alias("answer"))
answers.select("customer_id", "answer.*").write.parquet(out)
"""


@needs_spark
@pytest.mark.engine
def test_a_function_of_spark_has_the_numbers_of_churn_score(trained, tmp_path):
    scores = tmp_path / "scores.parquet"
    words = ["score", str(trained / "orders.csv"), "--out", str(scores), "-q", *model(trained)]
    assert cli.run(words) == 0
    expected = parquet.read_table(scores).to_pandas().set_index("customer_id")
    manifest = artifact.load(trained / "out" / "model").manifest
    log = {**manifest.settings["log"], "source": str(trained / "orders.csv")}
    with open_orders(LogSpec.model_validate(log), Progress(quiet=True)) as orders:
        rows = snapshot(orders.days, expected["as_of"].iloc[0], orders.attributes)
        parquet.write_table(rows.to_pyarrow(), tmp_path / "snapshot.parquet")
    done = subprocess.run(
        [sys.executable, "-c", UDF, tmp_path / "snapshot.parquet", tmp_path / "answers"],
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": f"sqlite:///{trained / 'mlflow.db'}",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
        },
        cwd=trained, text=True, capture_output=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = parquet.read_table(tmp_path / "answers").to_pandas().set_index("customer_id")
    same = ["p_churn", "expected_purchases", "expected_spend"]
    pd.testing.assert_frame_equal(found.loc[expected.index, same], expected[same], check_exact=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "scores.csv"), "Parquet, in a folder"),
        (("--out", "scores.parquet", "--customers", "list.csv"), "everybody is scored"),
        (("--out", "scores.parquet", "--earlier", "old.parquet"), "join the two scores"),
    ],
)
def test_what_scoring_on_spark_does_not_offer_is_refused_before_it_starts(
    words, told, here, tmp_path, capsys
):
    for name in ("list.csv", "old.parquet"):
        (tmp_path / name).write_text("customer_id\n")
    given = [str(tmp_path / word) if "." in word else word for word in words]
    command = ["score", "orders.csv", *model(here), *given, "--set", "engine.kind=spark"]
    assert cli.run(command) == 2
    assert told in capsys.readouterr().err


def test_without_spark_its_installation_is_named(here, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "features.engines.spark", None)
    # A test before this one may have imported it.
    monkeypatch.delattr("features.engines.spark", raising=False)
    out = str(tmp_path / "scores.parquet")
    command = ["score", "orders.csv", "--out", out, *model(here), "--set", "engine.kind=spark"]
    assert cli.run(command) == 2
    assert "churn-clv[spark]" in capsys.readouterr().err


ODD = {"spark.sql.session.timeZone": "America/New_York", "spark.sql.ansi.enabled": "false"}

JOINED = f"""
import sys
from pyspark.sql import SparkSession
from pipeline.config_file import load
from pipeline.console import Progress
from pipeline.intake.orders import open_orders

settings = {ODD!r}
known = {{"log.source": sys.argv[1], "log.columns.customer_id": "who", "horizon_days": 30,
          "log.columns.transacted_at": "at", "log.columns.amount": "money", "cache.folder": None,
          "log.columns.quantity": "pieces", "log.max_set_aside": 0.9}}
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
for name, value in settings.items():
    spark.conf.set(name, value)
for kind in ("duckdb", "spark"):
    asked = load(None, known | {{"engine.kind": kind}})
    with open_orders(asked.log, Progress(quiet=True), None, asked.engine, asked.cache) as orders:
        print(orders.log.counts, orders.first_day, orders.end)
assert settings == {{name: spark.conf.get(name) for name in settings}}
"""
"""A session that is there already, as in a notebook, with settings of its own."""


@needs_spark
@pytest.mark.engine
@pytest.mark.thorough
def test_settings_of_a_joined_session_change_no_meaning_and_are_left_as_they_were(tmp_path):
    amounts = [1.0, 2.5, float("nan"), float("inf"), None, 1e300, -0.0] * 40
    days = [datetime(2023, 1, 1 + n % 28, 23 * (n % 2), 30) for n in range(len(amounts))]
    table = pa.table(
        {
            "who": pa.array([f"c{n % 50}" for n in range(len(amounts))]),
            "at": pa.array(days, pa.timestamp("us")),
            "money": pa.array(amounts, pa.float64()),
            "pieces": pa.array([1.0, 2.0, float("nan"), None, 3.0] * 56, pa.float64()),
        }
    )
    parquet.write_table(table, tmp_path / "log.parquet")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", JOINED, str(tmp_path / "log.parquet")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    by_duckdb, by_spark = done.stdout.strip().splitlines()
    assert by_spark == by_duckdb
