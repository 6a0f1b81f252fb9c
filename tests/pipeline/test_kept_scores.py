"""Scores that are given again: the same to the bit, never of another model, day or code."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.config import CacheConfig, Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.model_files import artifact
from pipeline.scoring import kept_scores
from pipeline.scoring import score as scoring
from tests.pipeline import shop

pytestmark = pytest.mark.slow

QUIET = Progress(quiet=True)
DAY = date(2023, 7, 1)


@pytest.fixture
def given(here, tmp_path):
    """Scores of the training's log as a frame, written anew each time by the cache's help."""
    names = ("customer_id", "transacted_at", "amount", "order_id")
    columns = {**dict(zip(names, shop.HEADER, strict=False)), "attributes": ["Country"]}
    spec = Config.model_validate({"log": {"source": "orders.csv", "columns": columns}}).log
    cache = CacheConfig(folder=tmp_path / "cache")
    trained = artifact.load(here / "out" / "model")

    def score(model=trained, day=DAY, out="scores.parquet", only=None):
        with open_orders(spec, QUIET, cache=cache) as orders:
            some = only and orders.engine.create_table("some", pa.table({"customer_id": only}))
            scoring.score(orders, model, tmp_path / out, QUIET, as_of=day, customers=some)
        read = pd.read_parquet if out.endswith("parquet") else pd.read_csv
        return read(tmp_path / out)

    score.model, score.cache = trained, cache.folder
    return score


@pytest.fixture
def batches(monkeypatch):
    """How many batches were asked of the model."""
    seen = []
    real = scoring.scored

    def counted(*asked):
        for batch in real(*asked):
            seen.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(scoring, "scored", counted)
    return seen


def test_a_second_scoring_asks_no_model_and_says_the_same(given, batches):
    first = given()
    asked = len(batches)
    pd.testing.assert_frame_equal(given(), first, check_exact=True)
    assert len(batches) == asked > 0
    as_text = given(out="again.csv")
    assert len(batches) == asked
    assert as_text["p_churn"].tolist() == first["p_churn"].tolist()


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["model", "day", "code", "cut", "zeros", "gone"])
def test_whatever_changes_is_scored_anew(given, batches, monkeypatch, change):
    first = given()
    asked, keys = len(batches), {}
    kept = next(given.cache.glob("*/scores-*.parquet"))
    if change == "model":
        manifest = given.model.manifest.model_copy(update={"run_id": "another"})
        keys = {"model": replace(given.model, manifest=manifest)}
    elif change == "day":
        keys = {"day": DAY + timedelta(days=1)}
    elif change == "code":
        monkeypatch.setattr(kept_scores, "code", lambda *_: "another")
    elif change == "cut":
        kept.write_bytes(kept.read_bytes()[:-9])
    elif change == "zeros":  # as a power cut leaves them
        whole = kept.read_bytes()
        third = len(whole) // 3
        kept.write_bytes(whole[:third] + bytes(third) + whole[2 * third :])
    else:
        shutil.rmtree(given.cache)
    found = given(**keys)
    assert len(batches) > asked
    if change in ("code", "cut", "zeros", "gone"):
        pd.testing.assert_frame_equal(found, first, check_exact=True)
    assert set(found["run_id"]) == ({"another"} if change == "model" else {*found["run_id"]})
    assert len([*given.cache.glob("*/scores-*.parquet")]) == 1  # the last only


@pytest.mark.thorough
def test_a_list_of_customers_neither_takes_nor_leaves_scores_of_all(given, batches):
    names = given()["customer_id"][:3].tolist()
    kept = next(given.cache.glob("*/scores-*.parquet"))
    asked, before = len(batches), kept.stat().st_mtime_ns
    assert given(only=names)["customer_id"].tolist() == names
    assert len(batches) > asked
    assert kept.stat().st_mtime_ns == before


def test_what_is_kept_is_the_owners_alone(given):
    given()
    assert next(given.cache.glob("*/scores-*.parquet")).stat().st_mode & 0o077 == 0


@pytest.mark.thorough
def test_a_disk_without_room_for_a_second_file_costs_nothing_else(given, monkeypatch):
    first = given()
    shutil.rmtree(given.cache)

    class Full(parquet.ParquetWriter):
        def write_batch(self, *_):
            raise OSError(28, "No space left on device")

    full = SimpleNamespace(ParquetWriter=Full, ParquetFile=parquet.ParquetFile)
    monkeypatch.setattr(kept_scores, "parquet", full)
    pd.testing.assert_frame_equal(given(), first, check_exact=True)
    assert not [*given.cache.glob("*/scores-*.parquet")]
