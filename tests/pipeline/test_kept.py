"""Purchase days that are kept: the same as read anew, never stale, safe to delete, never half."""

import os
import shutil
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from pyarrow.parquet import read_schema

from features.errors import UserError
from pipeline.config import CacheConfig, Config
from pipeline.console import Progress
from pipeline.intake import kept, orders
from pipeline.intake.kept import Cache
from pipeline.intake.orders import open_orders
from tests.pipeline import shop

pytestmark = pytest.mark.slow

QUIET = Progress(quiet=True)
COLUMNS = {"customer_id": "Customer ID", "transacted_at": "Date", "amount": "Total"}


@pytest.fixture
def reads(monkeypatch):
    """How often a log was read."""
    seen = []
    real = orders._read
    monkeypatch.setattr(orders, "_read", lambda *given: seen.append(1) or real(*given))
    return seen


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    shop.write(path, [*shop.rows(40, seed=3), ("x", "", "5.00", "Q1", "NO")])
    return path


@pytest.fixture
def cache(tmp_path):
    return CacheConfig(folder=tmp_path / "cache")


def spec(path, **keys):
    log = {"source": str(path), "columns": {**COLUMNS, "attributes": ["Country"]}, **keys}
    return Config.model_validate({"log": log}).log


def told(path, cache, **keys):
    """Everything that an opened log says."""
    with open_orders(spec(path, **keys), QUIET, cache=cache) as found:
        facts = {f.name: getattr(found, f.name) for f in fields(found)}
        for name in ("engine", "days_file", "entry"):
            facts.pop(name)
        days, aside = facts.pop("netted").to_pyarrow(), facts.pop("quarantine").to_pyarrow()
        return facts, days.to_pylist(), aside.to_pylist()


def test_what_is_kept_says_what_reading_said_and_is_not_read_again(log, cache, reads):
    first, second = told(log, cache), told(log, cache)
    assert first == second == told(log, None)
    assert first[2][0]["reason"] == "date_blank"
    assert len(reads) == 2  # the first, and the one without a cache


def test_days_stand_in_order_of_customer_and_day(log, cache):
    _, days, _ = told(log, cache)
    order = [(row["customer_id"], row["transacted_at"]) for row in days]
    assert order == sorted(order)


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["content", "mapping", "code"])
def test_whatever_changes_is_read_anew(log, cache, reads, monkeypatch, change):
    told(log, cache)
    before = log.stat()
    keys = {}
    if change == "content":
        log.write_bytes(log.read_bytes().replace(b"NO", b"SE", 1))
        os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert log.stat().st_size == before.st_size
    elif change == "mapping":
        keys = {"returns": "ignore"}
    else:
        monkeypatch.setattr(kept, "code", lambda *_: "another")
    assert told(log, cache, **keys) == told(log, None, **keys)
    assert len(reads) == 3


def test_a_row_of_the_future_is_looked_at_again_when_its_day_has_come(tmp_path, cache, reads):
    path = tmp_path / "log.csv"
    shop.write(path, [*shop.rows(40, seed=3), ("x", "2999-01-01", "5.00", "Q1", "NO")])
    told(path, cache)
    told(path, cache)
    assert len(reads) == 1
    entry = next(cache.folder.iterdir())
    text = (entry / kept.ACCOUNT).read_text()
    (entry / kept.ACCOUNT).write_text(text.replace(str(date.today()), "2000-01-01"))
    told(path, cache)
    assert len(reads) == 2


@pytest.mark.sampled
@pytest.mark.parametrize("harm", ["cut", "zeros", "no_account", "no_days", "gone"])
def test_an_entry_that_is_not_whole_is_made_anew(log, cache, reads, harm):
    first = told(log, cache)
    entry = next(cache.folder.iterdir())
    if harm == "cut":
        (entry / kept.DAYS).write_bytes((entry / kept.DAYS).read_bytes()[:-7])
    elif harm == "zeros":  # as a power cut leaves them
        whole = (entry / kept.DAYS).read_bytes()
        third = len(whole) // 3
        (entry / kept.DAYS).write_bytes(whole[:third] + bytes(third) + whole[2 * third :])
    elif harm == "no_account":
        (entry / kept.ACCOUNT).write_text("{")
    elif harm == "no_days":
        (entry / kept.DAYS).unlink()
    else:
        shutil.rmtree(cache.folder)
    assert told(log, cache) == first
    assert told(log, cache) == first
    assert len(reads) == 2


def test_who_deletes_the_cache_disturbs_nobody(log, cache):
    with open_orders(spec(log), QUIET, cache=cache) as found:
        n = found.netted.count().to_pyarrow().as_py()
        shutil.rmtree(cache.folder)
        assert found.netted.count().to_pyarrow().as_py() == n


def test_two_commands_at_once_keep_one_entry(log, cache, reads):
    with (
        open_orders(spec(log), QUIET, cache=cache) as one,
        open_orders(spec(log), QUIET, cache=cache) as other,
    ):
        assert one.log == other.log
    assert [path.name[0] == "." for path in cache.folder.iterdir()] == [False]


@pytest.mark.thorough
def test_a_command_that_was_slower_leaves_the_entry_of_the_first(log, cache, monkeypatch):
    real = orders._read

    def meanwhile(engine, asked, folder):
        monkeypatch.setattr(orders, "_read", real)
        told(log, cache)
        return real(engine, asked, folder)

    monkeypatch.setattr(orders, "_read", meanwhile)
    assert told(log, cache) == told(log, None)
    assert [path.name[0] == "." for path in cache.folder.iterdir()] == [False]


def test_a_log_that_is_refused_leaves_no_entry(tmp_path, cache):
    path = tmp_path / "log.csv"
    shop.write(path, [("x", "", "5.00", "Q1", "NO")] * 5)
    with pytest.raises(UserError):
        told(path, cache)
    assert not cache.folder.exists() or list(cache.folder.iterdir()) == []


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["longer", "another", "beside"])
def test_a_log_that_is_written_while_it_is_read_is_refused_and_not_kept(
    log, cache, monkeypatch, change
):
    real, source = orders._read, str(log.parent / "*.csv")

    def slow(*given):
        found = real(*given)
        if change == "longer":
            log.write_text(log.read_text() + "x,2023-01-05,5.00,Q2,NO\n")
        elif change == "another":
            shutil.copy(log, log.with_suffix(".new"))
            log.with_suffix(".new").rename(log)
        else:
            head = log.read_text().splitlines()[0]
            log.with_name("more.csv").write_text(f"{head}\nx,2023-01-05,5.00,Q2,NO\n")
        return found

    monkeypatch.setattr(orders, "_read", slow)
    with pytest.raises(UserError, match="was written to while it was read"):
        told(source, cache)
    assert not cache.folder.exists()
    monkeypatch.setattr(orders, "_read", real)
    assert told(source, cache) == told(source, None)


def test_the_least_used_entries_are_dropped_when_there_are_too_many_bytes(tmp_path):
    store = Cache(tmp_path, limit=250)
    new, old, oldest = (tmp_path / (letter * 32) for letter in "abc")
    for age, entry in enumerate((new, old, oldest)):
        entry.mkdir()
        (entry / kept.ACCOUNT).write_bytes(b"." * 100)
        os.utime(entry, (1e9 - age, 1e9 - age))
    store.make_room(new)
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_folder_that_holds_other_things_loses_none_of_them(log, cache):
    others = [cache.folder / name for name in ("runs", "plans", "0" * 32, f".draft-{'a' * 8}")]
    for other in others:
        other.mkdir(parents=True)
        (other / "spring.parquet").write_bytes(b"0" * 1000)
    told(log, cache.model_copy(update={"limit_gb": 0.0}))
    assert sorted(cache.folder.iterdir()) == sorted(others)
    assert all((other / "spring.parquet").exists() for other in others)


def test_what_a_kill_left_of_an_entry_is_removed_after_an_hour(log, cache):
    left, others, new = (cache.folder / f".draft-{letter * 8}" for letter in "abc")
    for folder, name in ((left, kept.DAYS), (others, "notes"), (new, kept.DAYS)):
        folder.mkdir(parents=True)
        (folder / name).touch()
        if folder != new:
            os.utime(folder, (1e9, 1e9))
    told(log, cache)
    assert sorted(cache.folder.glob(".*")) == [others, new]


@pytest.mark.parametrize("numbered", [False, True])
def test_counts_are_kept_as_whole_numbers(log, cache, numbered):
    """A sum of DuckDB's is of 128 bits, which a Parquet file would keep as a float."""
    columns = {**COLUMNS, **({"order_id": "Invoice"} if numbered else {})}
    told(log, cache, columns=columns)
    (days,) = cache.folder.glob(f"*/{kept.DAYS}")
    kinds = {field.name: str(field.type) for field in read_schema(days)}
    assert (kinds["orders"], kinds["lines"]) == ("int64", "int64")
    assert kinds["amount"].startswith("decimal128")


def test_nobody_else_can_read_what_is_kept(log, cache):
    told(log, cache)
    modes = {path.stat().st_mode & 0o077 for path in Path(cache.folder).rglob("*")}
    assert modes == {0}


def test_a_full_disk_costs_the_entry_and_nothing_else(log, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "_lend", full)
    assert told(log, cache) == told(log, None)
    assert list(cache.folder.iterdir()) == []
