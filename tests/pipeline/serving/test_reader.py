"""Dates of digits at fixed places are read plainly, and mean what the declared format says."""

from datetime import date, datetime

import pytest

from features.log.spec import LogSpec
from pipeline.serving import reader
from pipeline.serving.reader import Reader

COLUMNS = {"customer_id": "who", "transacted_at": "day", "amount": "money"}
MOMENTS = [datetime(2023, 1, n, 23, 59, n) for n in (1, 2, 12)]
NO_DAYS = [("31", "02"), ("00", "05"), ("10", "13")]


def read_both(form, days, monkeypatch):
    """What the server makes of these dates, and what the format as declared makes of them."""
    spec = LogSpec(source="orders.csv", columns=COLUMNS, date_format=form, timezone="Asia/Tokyo")
    reading = Reader(spec)
    rows = [{"who": str(n), "day": day, "money": "2.50"} for n, day in enumerate(days)]
    found = reading.snapshot([rows], date(2024, 1, 1))
    kind = reader.writing(days, [], spec)
    monkeypatch.setattr(reader, "writing", lambda *_: "marked")
    declared = reading.snapshot([rows], date(2024, 1, 1))
    assert len(found.customers) + sum(found.set_aside[0].values()) == len(days)
    return kind, found, declared


@pytest.mark.thorough
@pytest.mark.parametrize(
    "form", ["%Y%m%d", "%d.%m.%Y", "%m/%d/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
)
def test_a_plain_date_means_what_the_declared_format_says(form, monkeypatch):
    days = [moment.strftime(form) for moment in MOMENTS]
    for day, month in NO_DAYS:
        text = form.replace("%d", day).replace("%m", month).replace("%Y", "2023")
        days.append(text.replace("%H", "10").replace("%M", "00").replace("%S", "00"))
    kind, found, declared = read_both(form, days, monkeypatch)
    assert kind == "plain"
    assert found.set_aside == declared.set_aside == [{"date_unreadable": len(NO_DAYS)}]
    assert found.customers.equals(declared.customers)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("%d.%m.%Y", "1.2.2023"),
        ("%d.%m.%y", "01.02.23"),
        ("%d %b %Y", "01 Feb 2023"),
        ("%d.%m.%Y", " 01.02.2023 "),
        ("%d.%m.%Y %H:%M", "01.02.2023 25:00"),
        ("%d.%m.%Y | %Y-%m-%d", "01.02.2023"),
        ("%Y%m%d", "0999-01-01"),
    ],
)
def test_any_other_date_is_read_as_declared(form, day, monkeypatch):
    kind, found, declared = read_both(form, [day], monkeypatch)
    assert kind == "marked"
    assert found.set_aside == declared.set_aside
    assert found.customers.equals(declared.customers)


@pytest.mark.slow
def test_no_table_is_made_after_a_statement_is_planned(monkeypatch):
    """Else each request would wait for the plans of all of them."""
    run, said = Reader._run, []
    monkeypatch.setattr(Reader, "_run", lambda self, sql: said.append(sql) or run(self, sql))
    reading = Reader(LogSpec(source="orders.csv", columns=COLUMNS, date_format="%d.%m.%Y"))
    monkeypatch.setattr(reading._engine, "create_view", lambda *_: pytest.fail("a view was made"))
    reading.snapshot([[{"who": "1", "day": "01.02.2023", "money": "2.50"}]], date(2024, 1, 1))
    planned = [sql.startswith("PREPARE") for sql in said]
    assert not any(sql.startswith(("CREATE", "DROP")) for sql in said[planned.index(True) :])
