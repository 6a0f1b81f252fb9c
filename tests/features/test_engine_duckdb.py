"""The engine's fence, its streams, and files that are whole or not there."""

import errno
import gc
import os
import signal
import subprocess
import sys

import duckdb
import ibis
import pyarrow as pa
import pytest

from features import writing
from features.engines.duckdb import connect
from features.engines.parquet import batches, write_parquet
from features.errors import UserError
from features.readers.files import expand
from features.writing import atomic


@pytest.fixture
def engine(tmp_path):
    return connect(read=[tmp_path], threads=1)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '/tmp/elsewhere.csv'",
        "ATTACH '/tmp/elsewhere.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('https://example.org/log.csv')",
        "SELECT * FROM python_variable",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET TimeZone = 'Asia/Tokyo'",
    ],
)
def test_the_fence_holds(engine, statement):
    python_variable = pa.table({"secret": [1]})
    assert python_variable.num_rows == 1
    with pytest.raises(duckdb.Error):
        engine.raw_sql(statement).fetchall()


def test_a_path_that_leads_out_of_an_allowed_folder_is_no_way_out(engine, tmp_path):
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    for path in (tmp_path / "../../../../../etc/passwd", tmp_path / "x" / ".." / ".." / "y.csv"):
        with pytest.raises(duckdb.Error):
            engine.raw_sql(f"SELECT * FROM read_csv('{path}')").fetchall()


def test_what_is_allowed_can_be_read(engine, tmp_path):
    (tmp_path / "a.csv").write_text("n\n1\n")
    assert engine.raw_sql(f"FROM read_csv('{tmp_path}/a.csv')").fetchall() == [(1,)]


def test_a_single_allowed_file_does_not_open_its_folder(tmp_path):
    (tmp_path / "a.csv").write_text("n\n1\n")
    (tmp_path / "b.csv").write_text("n\n1\n")
    engine = connect(read=[tmp_path / "a.csv"])
    assert engine.raw_sql(f"FROM read_csv('{tmp_path}/a.csv')").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error):
        engine.raw_sql(f"FROM read_csv('{tmp_path}/b.csv')")


def test_the_session_is_in_utc_wherever_it_runs(engine, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    found = connect().raw_sql("SELECT current_setting('TimeZone')").fetchone()
    assert found == ("UTC",)


@pytest.mark.slow
def test_the_scratch_folder_is_private_and_goes_with_the_engine(tmp_path):
    engine = connect(scratch=tmp_path)
    scratch = engine.scratch
    assert scratch.parent == tmp_path.resolve()
    assert scratch.stat().st_mode & 0o777 == 0o700
    del engine
    gc.collect()
    assert not scratch.exists()


def test_other_queries_may_run_while_a_stream_is_read(engine):
    numbers = engine.create_table("numbers", engine.sql("SELECT range AS n FROM range(10000)"))
    seen = 0
    for batch in batches(numbers, 3000):
        assert numbers.count().to_pyarrow().as_py() == 10_000
        seen += batch.num_rows
    assert seen == 10_000


def test_temporary_and_registered_tables_stream_too(engine):
    temporary = engine.create_table("t", engine.sql("SELECT range AS n FROM range(7)"), temp=True)
    assert [b.num_rows for b in batches(temporary, 3)] == [3, 3, 1]
    memory = ibis.memtable(pa.table({"n": [1, 2, 3]}))
    joined = temporary.inner_join(memory, "n")
    assert sum(b.num_rows for b in engine.to_pyarrow_batches(joined)) == 3
    assert engine.table("t").schema() == temporary.schema()


def test_a_missing_table_is_ibis_own_error(engine):
    with pytest.raises(ibis.common.exceptions.TableNotFound):
        engine.table("nowhere")


def test_the_fingerprint_sees_every_value_and_no_order(engine):
    table = engine.sql("SELECT * FROM (VALUES (1, 'a'), (2, NULL), (2, NULL)) t(n, s)")
    base = engine.fingerprint(table)
    assert engine.fingerprint(table.order_by(table.n.desc())) == base
    assert engine.fingerprint(table.distinct()) != base
    assert engine.fingerprint(table.mutate(s=ibis.coalesce(table.s, ""))) != base
    assert engine.fingerprint(table.rename(m="n")) != base


# --- files ----------------------------------------------------------------------------------


def test_a_table_is_written_whole_and_for_its_owner_only(engine, tmp_path):
    table = engine.sql("SELECT range AS n FROM range(250000)")
    path = tmp_path / "deep" / "n.parquet"
    assert write_parquet(table, path) == 250_000
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["n.parquet"]
    again = engine.raw_sql(f"SELECT count(*), sum(n) FROM read_parquet('{path}')").fetchone()
    assert again == (250_000, sum(range(250_000)))


def test_53_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fails():
        with atomic(path) as draft:
            draft.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        fails()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_53_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    program = (
        "import os, signal\nfrom features.writing import atomic\n"
        f"with atomic({str(path)!r}) as draft:\n"
        "    draft.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert all(left.stat().st_mode & 0o077 == 0 for left in tmp_path.iterdir() if left != path)
    with atomic(path) as draft:
        draft.write_text("new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_a_draft_can_never_be_read_by_others(tmp_path):
    before = os.umask(0)
    try:
        with atomic(tmp_path / "out.csv") as draft:
            draft.write_text("customer data")
            assert draft.parent.stat().st_mode & 0o777 == 0o700
            assert draft.parent.parent == tmp_path
    finally:
        os.umask(before)


def test_60_of_two_writers_of_one_file_one_wins_and_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "LONGEST_WAIT", 0.1)
    path = tmp_path / "out.csv"
    with atomic(path) as draft:
        draft.write_text("first")
        with pytest.raises(UserError, match="being written by another process"), atomic(path):
            pass
        with atomic(tmp_path / "other.csv") as other:
            other.write_text("")
    assert path.read_text() == "first"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.csv", "out.csv"]


def test_a_lock_file_that_nobody_holds_locks_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "LONGEST_WAIT", 0.1)
    (tmp_path / ".out.csv.lock").touch()
    with atomic(tmp_path / "out.csv") as draft:
        draft.write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_where_files_cannot_be_locked_they_are_written_all_the_same(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(writing.fcntl, "flock", unsupported)
    with atomic(tmp_path / "out.csv") as draft:
        draft.write_text("new")
    assert (tmp_path / "out.csv").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_54_a_disk_that_is_full_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as told, atomic(path) as draft:
        draft.write_text("new")
    assert told.value.filename == str(path), "whoever wrote did not say where"
    assert path.read_text() == "old"
    with pytest.raises(OSError, match="No space") as told, atomic(path) as draft:
        raise OSError(28, "No space left on device", "/another/place")
    assert told.value.filename == "/another/place"


def test_a_folder_is_no_output(tmp_path):
    with pytest.raises(UserError, match="is a folder"), atomic(tmp_path):
        pass


def test_a_folder_without_logs_is_refused(tmp_path):
    (tmp_path / "readme.md").write_text("")
    with pytest.raises(UserError, match="no files of a kind that is read"):
        expand(str(tmp_path))
    with pytest.raises(UserError, match="no file matches"):
        expand(str(tmp_path / "*.csv"))


def test_29_outputs_do_not_follow_links(tmp_path):
    (tmp_path / "victim").write_text("old")
    (tmp_path / "file").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="symbolic link"), atomic(tmp_path / "file"):
        pass
    assert (tmp_path / "victim").read_text() == "old"
