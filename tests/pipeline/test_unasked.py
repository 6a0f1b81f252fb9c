"""What a log cannot leave open is not looked for: looking costs more than reading a small log."""

import pytest

from features.engines.duckdb import connect
from features.log.spec import LogSpec
from features.readers.reading import read
from pipeline.intake import mapping
from pipeline.intake.questions import ask, history, people
from pipeline.intake.questions.look import Look

ROWS = [f"o{i},c{i % 7},2024-01-{i % 28 + 1:02d},{i + 1}.50" for i in range(60)]
COLUMNS = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}


def refuse(*_):
    raise AssertionError("asked without need")


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["order,customer,date,amount", *ROWS, "o1,c1,2024-01-02,9.00"]))
    return read(connect(read=[tmp_path], threads=1), LogSpec(source=str(path), columns=COLUMNS))


def test_only_a_number_that_repeats_is_asked_what_its_rows_differ_in(raw):
    look = Look(raw, LogSpec(source="log.csv", columns=COLUMNS), raw.table)
    assert look.repeats(raw.table, "order")
    unique = raw.table.filter(raw.table.row <= len(ROWS))
    assert not look.repeats(unique, "order")
    assert look.repeats(unique, "customer")


def test_questions_that_cannot_arise_cost_nothing(raw, monkeypatch):
    spec = LogSpec(source="log.csv", columns={**COLUMNS, "order_id": "order"})
    monkeypatch.setattr(history, "_differences", refuse)  # no number repeats
    monkeypatch.setattr(people, "_counted", refuse)  # no id stands for nobody
    monkeypatch.setattr(mapping, "profiles", refuse)  # no column is left to number the orders
    unique = raw.table.filter(raw.table.row <= len(ROWS))
    assert ask(type(raw)(unique, raw.columns, raw.files, "csv", text=True), spec) == []


def test_a_text_counts_as_often_as_it_stands(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('a,b\n-1.50,\n-1.50,x\n"2",2024-01-31\nno,x\n')
    raw = read(connect(read=[tmp_path], threads=1), LogSpec(source=str(path), columns=COLUMNS))
    a, b = mapping.profiles(raw, 4)
    assert (a.distinct, a.numbers, a.fractions, a.negative) == (3, 0.75, 0.5, 0.5)
    assert (b.distinct, b.blank, round(b.moments, 3)) == (2, 0.25, 0.333)
    assert mapping.profiles(raw, 4, ["b"]) == [b]
