"""Every feature, label, measure and cohort means the same on every engine, and in plain Python.

A new entry of the catalogue is walked unasked.
"""

import math
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import ibis
import pytest
from pyarrow import parquet

from features.business.cohorts import cohort_cells, cohort_sizes
from features.business.customers import customers
from features.business.retention import period_counts
from features.business.rfm_scores import scored
from features.customer.catalogue import CATALOGUE, NAMES
from features.customer.labels import labels_at_each, purchases_by_day
from features.customer.panel import panel
from features.customer.purchase_days import daily, netted_days, spans, with_gaps
from features.customer.rfm import histogram, rfm, rfm_at_each
from features.customer.sample import sample
from features.customer.snapshot import snapshot, snapshots
from features.engines import duckdb, postgres
from tests.features.engine_readings import READINGS, answer
from tests.features.nasty_log import CUTOFFS, END, HORIZON, ROWS, TABLE
from tests.features.test_snapshot import by_hand
from tests.postgres_server import URL, connected

pytestmark = pytest.mark.slow

HORIZONS = dict.fromkeys(CUTOFFS, HORIZON)
AS_OF = CUTOFFS[-1]

RELATIVE = 1e-12
"""Logarithms, powers and angles differ between C libraries in their last bits, and each term is
rounded to nine decimals; one engine keeps 15 digits on the way."""
ABSOLUTE = 2e-9


PAGE = Path(__file__).parent.parent.parent / "docs" / "engines.md"


def on_duckdb() -> Iterator[ibis.Table]:
    engine = duckdb.connect(threads=2)
    yield engine.create_table("transactions", TABLE)


def on_postgres() -> Iterator[ibis.Table]:
    connected().close()
    backend = postgres.connect(URL)
    yield backend.create_table("transactions", TABLE, temp=True)
    backend.disconnect()


def on_spark() -> Iterator[ibis.Table]:
    spark = pytest.importorskip("features.engines.spark", reason="needs pyspark")
    if not shutil.which("java"):
        pytest.skip("needs Java")
    with tempfile.TemporaryDirectory() as folder, spark.connect("local[2]") as engine:
        engine._session.conf.set("spark.sql.shuffle.partitions", "2")
        parquet.write_table(TABLE, Path(folder) / "log.parquet")
        found = engine.read_files(folder, None)
        rows = found.rows.rename(found.columns).select(*TABLE.column_names)
        yield engine.create_table("transactions", rows)


ENGINES = {"postgres": on_postgres, "spark": on_spark}


def purchase_days(transactions):
    return with_gaps(netted_days(transactions, ("channel",)))


WALKED = {
    "days": purchase_days,
    "days_without_numbers": lambda t: netted_days(t, known=("quantity",)),
    "daily": lambda t: daily(purchase_days(t)),
    "spans": lambda t: spans(purchase_days(t)),
    "snapshot": lambda t: snapshot(purchase_days(t), CUTOFFS[1], ("channel",)),
    "snapshots": lambda t: snapshots(purchase_days(t), CUTOFFS, ("channel",)),
    "panel": lambda t: panel(purchase_days(t), HORIZONS, END, ("channel",)),
    "labels": lambda t: labels_at_each(purchase_days(t), HORIZONS, END),
    "rfm": lambda t: rfm(purchase_days(t), AS_OF),
    "histogram": lambda t: histogram(rfm(purchase_days(t), AS_OF)),
    "sample": lambda t: rfm(sample(purchase_days(t), 0.5), AS_OF),
    "rfm_at_each": lambda t: rfm_at_each(purchase_days(t), CUTOFFS),
    "purchases_by_day": lambda t: purchases_by_day(
        purchase_days(t), rfm_at_each(purchase_days(t), CUTOFFS), dict.fromkeys(CUTOFFS, 200)
    ),
    **{
        f"retention_{period}": lambda t, period=period: period_counts(
            purchase_days(t), customers(purchase_days(t), AS_OF), AS_OF, period, 45
        )
        for period in ("week", "month", "quarter")
    },
    "rfm_scores": lambda t: scored(customers(purchase_days(t), AS_OF), AS_OF, 45),
    "cohort_sizes": lambda t: cohort_sizes(customers(purchase_days(t), AS_OF), "month"),
    "cohort_cells": lambda t: cohort_cells(
        purchase_days(t), customers(purchase_days(t), AS_OF), AS_OF, "month"
    ),
}
"""Name -> what is asked of the transactions."""


KEYS = (
    *("customer_id", "cutoff", "transacted_at", "day", "frequency", "recency", "T", "period"),
    *("cohort", "age"),
)


def rows_of(table):
    """The answer as plain rows in an order of their own: no engine's order of texts is trusted."""
    keys = [name for name in KEYS if name in table.columns]
    rows = table.to_pyarrow().to_pylist()
    return sorted(rows, key=lambda row: [str(row[key]) for key in keys])


@pytest.fixture(scope="module")
def here():
    """DuckDB's answer to everything."""
    for transactions in on_duckdb():
        yield {name: rows_of(ask(transactions)) for name, ask in WALKED.items()}


@pytest.fixture(scope="module", params=sorted(ENGINES))
def there(request):
    yield from ENGINES[request.param]()


@pytest.mark.engine
@pytest.mark.parametrize("name", WALKED)
def test_another_engine_answers_the_same(name, here, there):
    found = rows_of(WALKED[name](there))
    assert len(found) == len(here[name])
    for ours, theirs in zip(here[name], found, strict=True):
        assert list(ours) == list(theirs)
        for column, value in ours.items():
            told = f"{name}.{column}: {value!r} here, {theirs[column]!r} there"
            if isinstance(value, float):
                # Money of the largest amounts is told apart by its digits, not by its size.
                wanted = pytest.approx(value, rel=RELATIVE, abs=ABSOLUTE, nan_ok=False)
                assert theirs[column] == wanted, told
            else:
                assert theirs[column] == value, told
                assert type(theirs[column]) is type(value), told


def test_nan_and_infinity_leave_no_expression(here):
    for name, rows in here.items():
        for row in rows:
            for column, value in row.items():
                assert not isinstance(value, float) or math.isfinite(value), f"{name}.{column}"


def test_every_feature_equals_plain_python(here):
    for cutoff in CUTOFFS:
        expected = by_hand(ROWS, cutoff)
        found = {r["customer_id"]: r for r in here["snapshots"] if r["cutoff"] == cutoff}
        assert found.keys() == expected.keys()
        for customer, features in expected.items():
            assert features.keys() == set(NAMES), "a feature has no oracle"
            for name, value in features.items():
                got = found[customer][name]
                # The largest amounts have no digits left for the differences that a spread is of.
                rel = 1e-6 if customer == "large" else 1e-9
                if customer == "large" and name == "amount_sd":
                    continue
                assert got == (
                    None if value is None else pytest.approx(value, rel=rel, abs=1e-6)
                ), (
                    customer,
                    cutoff,
                    name,
                )


def test_one_pass_over_many_cutoffs_is_each_cutoff_alone(here):
    for transactions in on_duckdb():
        days = purchase_days(transactions)
        for cutoff in CUTOFFS:
            alone = rows_of(snapshot(days, cutoff, ("channel",)))
            together = [row for row in here["snapshots"] if row["cutoff"] == cutoff]
            assert [{**row, "cutoff": cutoff} for row in alone] == together


def test_labels_equal_plain_python(here):
    for row in here["labels"]:
        start, end = row["cutoff"], row["cutoff"] + timedelta(days=HORIZON)
        net = {}
        for r in ROWS:
            day = r["transacted_at"].date()
            if r["customer_id"] == row["customer_id"] and start <= day < end:
                net[day] = net.get(day, 0) + r["amount"]
        bought = sorted(day for day, amount in net.items() if amount > 0)
        assert row["purchases"] == len(bought)
        assert row["churned"] == (not bought)
        assert row["spend"] == float(sum(net.values()))
        assert row["next_purchase"] == ((bought[0] - start).days if bought else None)


def test_the_catalogue_is_walked_whole(here):
    assert {feature.name for feature in CATALOGUE} <= here["snapshots"][0].keys()
    assert date(2024, 2, 29) in CUTOFFS


OPENED = {"DuckDB": on_duckdb, "PostgreSQL": on_postgres, "Spark": on_spark}
ON_A_SERVER = [pytest.param(name, marks=pytest.mark.engine) for name in ("PostgreSQL", "Spark")]


def lender(engine):
    """A function that lays rows on an engine."""
    return lambda rows: engine.create_table(
        ibis.util.gen_name("lent"), ibis.memtable(rows), temp=True
    )


def page():
    """What the page says of each expression: engine -> answer."""
    readings = PAGE.read_text().partition("\n## ")[0]
    lines = [line for line in readings.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    head = cells[0]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in cells[1:]}


def test_the_page_has_every_expression_that_engines_read_differently_with_its_rule():
    assert list(page()) == list(READINGS)
    assert all(row["rule"] for row in page().values())


@pytest.mark.parametrize("engine", ["DuckDB", *ON_A_SERVER])
def test_engines_read_an_expression_as_the_page_says(engine):
    found, expected = {}, {name: row[engine] for name, row in page().items()}
    for transactions in OPENED[engine]():
        lend = lender(transactions.get_backend())
        found |= {name: answer(ask, lend) for name, ask in READINGS.items()}
    assert found == expected
