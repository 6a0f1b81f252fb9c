"""A model answers for the log it learned from, however that log comes again, and for no other."""

import csv
import json
import shutil
from datetime import date, timedelta

import pytest

from features.errors import UserError
from pipeline.command_line import main as cli
from pipeline.model_files import artifact
from pipeline.model_files.identity import refuse_other, relation
from pipeline.model_files.manifest import FORMAT
from tests.pipeline import shop

pytestmark = pytest.mark.slow


def other_order(rows):
    return list(reversed(rows))


def grown(rows):
    """Two months more, and half as many customers again that nobody knew."""
    late = shop.rows(250, seed=5)
    moved = [
        (f"new {row[0]}", (date.fromisoformat(row[1]) + timedelta(days=60)).isoformat(), *row[2:])
        for row in late
    ]
    return rows + moved


def with_new_customers(rows):
    return rows + [(f"new {row[0]}", *row[1:]) for row in shop.rows(214, seed=5)]


def sampled(rows):
    return [row for row in rows if row[0][-1] in "37"]


def score(log, out, *more):
    return cli.run(["score", str(log), "--out", str(out), "--quiet", *more])


@pytest.mark.thorough
@pytest.mark.parametrize("change", [other_order, grown, with_new_customers, sampled])
def test_the_same_business_passes_under_another_file_name(here, tmp_path, capsys, change):
    again = shop.write(tmp_path / "export of tuesday.csv", change(shop.rows()))
    assert score(again, tmp_path / "s.csv") == 0
    assert "another" not in capsys.readouterr().err


@pytest.mark.thorough
def test_the_same_log_with_a_column_more_passes(here, tmp_path):
    rows = [(*row, "x") for row in shop.rows()]
    again = shop.write(tmp_path / "more.csv", rows, (*shop.HEADER, "Basket"))
    assert score(again, tmp_path / "s.csv") == 0


def in_cents(rows):
    return [(*row[:2], round(100 * float(row[2])), *row[3:]) for row in rows]


def in_cents_from_now_on(rows):
    known = set(rows)
    return rows + in_cents([row for row in grown(rows) if row not in known])


@pytest.mark.thorough
@pytest.mark.parametrize(("change", "wayout"), [(in_cents, 0), (in_cents_from_now_on, 2)])
def test_amounts_in_another_unit_than_the_model_learned_from_are_refused(
    here, tmp_path, capsys, change, wayout
):
    cents = shop.write(tmp_path / "cents.csv", change(shop.rows()))
    assert score(cents, tmp_path / "s.csv") == 2
    assert "--set log.scale=0.01" in capsys.readouterr().err
    assert not (tmp_path / "s.csv").exists()
    assert score(cents, tmp_path / "s.csv", "--set", "log.scale=0.01") == wayout


@pytest.fixture
def strangers(tmp_path):
    """The log of another shop that has the same columns, and numbers its customers alike."""
    return shop.write(tmp_path / "strangers.csv", shop.rows(400, seed=9))


def test_another_shop_is_refused_with_both_names_and_the_ways_out(
    here, tmp_path, strangers, capsys
):
    assert score(strangers, tmp_path / "s.csv") == 2
    said = capsys.readouterr().err
    for named in ("orders.csv", "strangers.csv", "--model", "--allow-other-log"):
        assert named in said
    assert "tracking.registered_model" in said
    assert not (tmp_path / "s.csv").exists()


def results(here):
    """What a training leaves, but for what is kept of the logs that were read."""
    return sorted(path for path in (here / "out").rglob("*") if "cache" not in path.parts)


def test_another_shop_is_not_trained_under_the_same_name(here, strangers, capsys):
    before = results(here)
    assert shop.train(source=str(strangers)) == 2
    said = capsys.readouterr().err
    assert (
        "The registered model churn learned from orders.csv, and strangers.csv is another" in said
    )
    assert "--set tracking.registered_model=NAME" in said
    assert results(here) == before


def test_another_shop_is_scored_when_asked_for_and_that_is_said(here, tmp_path, strangers, capsys):
    assert score(strangers, tmp_path / "s.csv", "--allow-other-log") == 0
    assert "is another log" in capsys.readouterr().err


def test_a_log_that_begins_where_the_models_ended_is_refused(here, tmp_path, capsys):
    late = [
        (row[0], (date.fromisoformat(row[1]) + timedelta(days=600)).isoformat(), *row[2:])
        for row in shop.rows()
    ]
    assert score(shop.write(tmp_path / "late.csv", late), tmp_path / "s.csv") == 2
    assert "no purchase before" in " ".join(capsys.readouterr().err.split())


def test_names_that_were_given_tell_two_logs_apart():
    north, south = (
        shop.IDENTITY.model_copy(update={"name": name, "named": True})
        for name in ("North", "South")
    )
    assert relation(north, south) == "other"
    assert relation(north, shop.IDENTITY) == relation(shop.IDENTITY, shop.IDENTITY)
    with pytest.raises(UserError, match=r"learned from North, and South is another log"):
        refuse_other(north, south, "It", "")


@pytest.mark.thorough
def test_a_list_too_short_to_tell_is_scored_and_that_is_said(here, tmp_path, capsys):
    few = [row for row in shop.rows(seed=9) if row[0] in ("00001", "00002")]
    assert score(shop.write(tmp_path / "few.csv", few), tmp_path / "s.csv") == 0
    assert "too short to be told from another business" in " ".join(capsys.readouterr().err.split())


def test_a_model_without_an_identity_is_refused_in_one_sentence(here, tmp_path, capsys):
    shutil.copytree(here / "out/model", tmp_path / "old")
    told = json.loads((tmp_path / "old/manifest.json").read_text())
    del told["log"]
    (tmp_path / "old/manifest.json").write_text(json.dumps(told | {"format": 1}))
    assert score("orders.csv", tmp_path / "s.csv", "--model", str(tmp_path / "old")) == 2
    said = capsys.readouterr().err
    assert said.count("Error") == 1
    assert f"format 1; this version of churn reads {FORMAT}. Train again" in said


def test_no_id_is_in_the_identity(here):
    """Not even as a hash of its own: the sketch holds cells of pairs, half of them filled."""
    log = artifact.load(here / "out/model").manifest.log
    with (here / "orders.csv").open() as file:
        ids = {row["Customer ID"] for row in csv.DictReader(file)}
    assert not [name for name in ids if len(name) > 5 and name in log.model_dump_json()]
    assert 0.3 < log.content.fill < 0.7
