"""Two trainings of one log at once: each ends whole or with one error, and nothing is lost."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pipeline.model_files import artifact
from pipeline.tracking import compare, registry, store
from pipeline.tracking.errors import TrackingError
from tests.pipeline import shop
from tests.postgres_server import URL, connected

CHURN = "from pipeline.command_line.start import main; main()"


def begun(*words, script=CHURN):
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.thorough
def test_two_trainings_of_one_log_at_once_lose_nothing(tracking_uri):
    shop.write(Path("orders.csv"), shop.rows(300))
    settings = ["contenders=[recency_alone,blend]", "training.max_cutoffs=2", "backtest.cutoffs=1"]
    settings += [f"tracking.uri={tracking_uri}"]
    words = [word for setting in settings for word in ("--set", setting)]
    asked = ["train", "orders.csv", *shop.COLUMNS, "--horizon", "60d", *words]
    both = [begun(*asked), begun(*asked)]
    said = [process.communicate()[1] for process in both]
    # The later one waits until the store has taken all of the other's.
    assert [process.returncode for process in both] == [0, 0], said

    opened = store.connect(tracking_uri, "churn")
    rows = compare.trainings(opened)
    assert [row["status"] for row in rows] == ["FINISHED"] * 2
    for row in rows:
        assert registry.describe(opened, "churn", row["version"]).run_id == row["run_id"]
    manifest = artifact.verify(Path("out/model"))
    assert manifest.run_id in {row["run_id"] for row in rows}
    assert registry.describe(opened, "churn", registry.CHAMPION) is not None


OPENED = "import sys; from pipeline.tracking import runs; runs.prepare(sys.argv[1])"


@contextmanager
def empty_database(name):
    """The address of a database that nobody has used."""
    with connected() as session:
        session.execute(f"DROP DATABASE IF EXISTS {name}")
        session.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{URL.rpartition('/')[0]}/{name}"
        finally:
            session.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.engine
@pytest.mark.thorough
def test_58_three_first_uses_of_one_database_all_succeed():
    """MLflow's own migrations crash when two processes run them."""
    with empty_database("churn_first_use") as uri:
        together = [begun(uri, script=OPENED) for _ in range(3)]
        said = [process.communicate()[1] for process in together]
        assert [process.returncode for process in together] == [0, 0, 0], said


@pytest.mark.engine
def test_who_only_reads_makes_no_tables_in_an_empty_database():
    with empty_database("churn_only_read") as uri:
        for read in (store.connect, store.client_of):
            with pytest.raises(TrackingError, match="There is no tracking store"):
                read(uri)
        with psycopg.connect(uri) as there:
            found = there.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
        assert found == (0,)
