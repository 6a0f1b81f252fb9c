"""A call's config beside what the model's log was read by: no mixture of two logs."""

from types import SimpleNamespace

import pytest

from features.errors import UserError
from pipeline.config_file import load
from pipeline.console import Progress
from pipeline.scoring.request import open_as_asked, request
from tests.pipeline import shop

OWN = {"log.source": "my.csv", "log.columns.customer_id": "who", "log.columns.transacted_at": "day"}


@pytest.fixture
def found():
    """A model of a log like CDNOW's: no header, blanks between fields, dates without dashes."""
    learned = {
        "log.source": "cdnow.txt",
        "log.header": False,
        "log.delimiter": "whitespace",
        "log.date_format": "%Y%m%d",
        "log.decimal": ".",
        "log.columns": {
            "customer_id": "column_1",
            "transacted_at": "column_2",
            "amount": "column_3",
            "attributes": ["column_4"],
        },
    }
    log = load(None, learned).log.model_dump(mode="json", exclude={"source", "table", "name"})
    manifest = SimpleNamespace(settings={"log": log, "ending": ".txt"}, log=shop.IDENTITY)
    return SimpleNamespace(model=SimpleNamespace(manifest=manifest), named="Version 1 of churn")


def test_a_call_that_says_nothing_is_read_as_the_models_log(found):
    spec = request(None, {"log.source": "new.txt"}, found).log
    assert (spec.header, spec.delimiter, spec.date_format) == (False, "whitespace", "%Y%m%d")
    assert spec.columns.amount == "column_3"


def test_a_call_that_maps_all_columns_otherwise_stands_alone(found):
    spec = request(None, {**OWN, "log.columns.unit_price": "p", "log.columns.quantity": "q"}, found)
    assert spec.log.header
    assert spec.log.delimiter is None
    assert spec.log.date_format is None
    assert spec.log.columns.amount is None
    assert spec.log.columns.attributes == ("column_4",), "the model asks for these"


def test_a_call_without_a_column_that_the_models_log_had_is_not_given_one(found):
    same = {"log.columns.customer_id": "column_1", "log.columns.transacted_at": "column_2"}
    assert request(None, {"log.source": "x.txt", **same}, found).log.columns.amount is None


@pytest.mark.parametrize("key", ["unit_price", "amount"])
def test_money_is_named_in_place_of_the_models_not_beside_it(found, key):
    asked = {"log.source": "x.txt", f"log.columns.{key}": "m", "log.columns.quantity": "n"}
    columns = request(None, asked, found).log.columns
    assert [columns.amount, columns.unit_price].count(None) == 1
    assert getattr(columns, key) == "m"


def test_marks_that_clash_only_with_the_models_are_the_calls_own(found):
    found.model.manifest.settings["log"]["decimal"] = ","
    same = found.model.manifest.settings["log"]["columns"]
    asked = {"log.source": "x.txt", "log.thousands": ",", "log.columns": dict(same)}
    assert request(None, asked, found).log.thousands == ","


def test_how_a_text_file_was_written_says_nothing_of_a_workbook(found):
    spec = request(None, {"log.source": "new.xlsx"}, found).log
    assert spec.header
    assert spec.delimiter is None
    assert spec.date_format == "%Y%m%d"


def test_what_is_wrong_by_itself_is_still_told(found):
    with pytest.raises(UserError, match="did you mean `horizon_days`"):
        request(None, {"log.source": "x.txt", "horizon_day": 9}, found)


def test_a_log_that_cannot_be_read_as_the_models_is_told_with_both(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = shop.write(tmp_path / "my.txt", shop.rows(5))
    config = request(None, {"log.source": str(path)}, found)
    with (
        pytest.raises(UserError, match=r"Version 1 of churn, which learned from orders\.csv"),
        open_as_asked(config, found, Progress(quiet=True), None),
    ):
        pass
