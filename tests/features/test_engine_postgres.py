"""The same log gives the same transactions and features from PostgreSQL as from a file."""

import os
import threading
import time
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

import ibis
import pyarrow as pa
import pytest

from features.customer.purchase_days import purchase_days
from features.customer.snapshot import snapshot
from features.engines import postgres
from features.engines.duckdb import connect
from features.errors import UserError
from features.log.identity import BLANK, PHONE, same_person
from features.log.strays import names_total
from features.log.transactions import LogSpec, open_log
from features.readers.files import expand
from tests.postgres_server import URL, connected

COLUMNS = {"customer_id": 'Kunde "Nr"', "transacted_at": "day", "amount": "amount", "order_id": "o"}
ROWS = [
    ("00123", "2020-01-31 23:30:00+00", "10.10", 2**62 + 1),
    ("123", "2020-02-01 00:30:00+00", "-2.5", 2**62),
    ('ä,"x"\n', "2020-03-29 00:59:59.5+00", "0.0001", None),
    (None, "2020-02-01 00:30:00+00", "7", 1),
    ("8", None, "1", 1),
    *[
        (str(i % 40), f"2020-0{1 + i % 5}-{1 + i % 27:02d} 12:00:00+00", f"{i % 90}.25", i)
        for i in range(400)
    ],
]


def test_a_database_is_not_searched_for_files():
    assert expand(URL) == []


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@host/db", "postgresql://host/db?password=secret"]
)
def test_37_a_password_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(UserError, match="PGPASSWORD") as caught:
        open_log(connect(), LogSpec(source=url, table="t", columns=COLUMNS))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match="pip install"):
        open_log(connect(), LogSpec(source=URL, table="t", columns=COLUMNS))


@pytest.fixture(scope="module")
def database():
    schema = f"churn_{os.getpid()}"
    with connected() as session:
        session.execute(f"CREATE SCHEMA {schema}")
        session.execute(
            f'CREATE TABLE {schema}."Or ders" '
            '("Kunde ""Nr""" text, day timestamptz, amount numeric, o bigint)'
        )
        with session.cursor() as cursor:
            cursor.executemany(f'INSERT INTO {schema}."Or ders" VALUES (%s, %s, %s, %s)', ROWS)
        yield schema
        session.execute(f"DROP SCHEMA {schema} CASCADE")


def opened(source, **keys):
    spec = LogSpec(source=str(source), columns=COLUMNS, timezone="Europe/Berlin", **keys)
    return open_log(connect(read=expand(str(source)), threads=1), spec, datetime(2021, 1, 1))


@pytest.mark.engine
def test_24_a_table_and_a_file_give_the_same_transactions(database, tmp_path):
    import csv

    path = tmp_path / "log.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(COLUMNS.values()), *ROWS])
    table, text = opened(URL, table=f"{database}.Or ders"), opened(path)
    assert table.fingerprint == text.fingerprint
    assert table.counts.set_aside == text.counts.set_aside == {"customer_blank": 1, "date_blank": 1}


def features(rows, cutoff):
    """Customer -> feature -> number, null as NaN."""
    return {
        row.pop("customer_id"): {k: float("nan") if v is None else v for k, v in row.items()}
        for row in snapshot(purchase_days(rows), cutoff).to_pyarrow().to_pylist()
    }


@pytest.mark.engine
def test_24_features_are_equal_whichever_engine_computes_them(database):
    log = opened(URL, table=f"{database}.Or ders")
    backend = postgres.connect(URL)
    remote = backend.create_table(
        "transactions", log.transactions.to_pyarrow(), schema=log.transactions.schema(), temp=True
    )
    here, there = (features(rows, date(2020, 5, 1)) for rows in (log.transactions, remote))
    backend.disconnect()
    assert set(here) == set(there)
    for customer, row in here.items():
        # Sums of floats in another order differ in the last bits.
        assert row == pytest.approx(there[customer], rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.engine
def test_a_table_that_is_not_there_is_refused_with_those_that_are(database):
    with pytest.raises(UserError, match=rf"there is no {database}\.orders\..*Or ders"):
        opened(URL, table=f"{database}.orders")
    with pytest.raises(UserError, match=r"Name the table: log\.table"):
        opened(URL)
    with pytest.raises(UserError, match="cannot be reached"):
        opened("postgresql://postgres@127.0.0.1:1/test", table="x")


@pytest.mark.engine
def test_each_table_that_is_listed_can_be_named_so_and_views_are(database):
    import psycopg

    odd = f'{database}.Sch"ema'
    with connected() as session:
        names = [psycopg.sql.Identifier(odd, "a.b"), psycopg.sql.Identifier("public", f"{odd}.c")]
        copied = psycopg.sql.SQL(f'AS SELECT * FROM {database}."Or ders"')
        session.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(odd)))
        try:
            session.execute(
                psycopg.sql.SQL("CREATE MATERIALIZED VIEW {} ").format(names[0]) + copied
            )
            session.execute(psycopg.sql.SQL("CREATE TABLE {} ").format(names[1]) + copied)
            with pytest.raises(UserError) as caught:
                opened(URL)
            for listed in (f"{odd}.a.b", f"{odd}.c"):
                assert f"{listed}" in str(caught.value)
                assert opened(URL, table=listed).counts.rows == len(ROWS)
        finally:
            session.execute(
                psycopg.sql.SQL("DROP SCHEMA {} CASCADE").format(psycopg.sql.Identifier(odd))
            )
            session.execute(psycopg.sql.SQL("DROP TABLE IF EXISTS {}").format(names[1]))


@pytest.mark.engine
@pytest.mark.parametrize("by", ["address", "environment"])
def test_a_search_path_of_the_address_or_the_environment_holds(database, tmp_path, monkeypatch, by):

    with connected() as session:
        session.execute("CREATE TABLE IF NOT EXISTS public.placed AS SELECT 1 AS wrong")
        session.execute(f"CREATE TABLE IF NOT EXISTS {database}.placed AS SELECT 1 AS sound")
    option = f"-c search_path={database}"
    url = URL
    if by == "address":
        url = f"{URL}?options={quote(option)}"
    else:
        monkeypatch.setenv("PGOPTIONS", option)
    try:
        assert postgres.export(url, "placed", tmp_path)[0].read_text() == "sound\n1\n"
    finally:
        with connected() as session:
            session.execute("DROP TABLE public.placed")


@pytest.mark.engine
def test_what_cannot_be_read_is_not_called_a_connection_that_ended(database, tmp_path):

    with connected() as session:
        session.execute(
            f"CREATE MATERIALIZED VIEW {database}.unfilled AS SELECT 1 AS a WITH NO DATA"
        )
    with pytest.raises(UserError, match=r"fails while it reads .*was never filled"):
        postgres.export(URL, f"{database}.unfilled", tmp_path)
    limited = f"{URL}?options=-c%20statement_timeout%3D50"
    with connected() as session:
        session.execute(
            f"CREATE VIEW {database}.lasting AS SELECT pg_sleep(1)::text FROM generate_series(1, 9)"
        )
    with pytest.raises(UserError, match=r"QueryCanceled.*or a limit of time"):
        postgres.export(limited, f"{database}.lasting", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.engine
def test_a_view_that_fails_at_a_row_is_one_clear_error_without_the_row(database, tmp_path):

    with connected() as session:
        session.execute(
            f"CREATE VIEW {database}.fails AS SELECT ('secret' || i)::int FROM "
            "generate_series(1, 3) AS i"
        )
    with pytest.raises(UserError, match="fails while it reads") as caught:
        postgres.export(URL, f"{database}.fails", tmp_path)
    assert "secret" not in str(caught.value)


def test_an_address_with_a_wrong_option_is_refused():
    with pytest.raises(UserError, match=r"cannot be reached: .*no_such_option"):
        opened(f"{URL}?no_such_option=1", table="x")


@pytest.mark.engine
def test_28_a_hostile_table_name_is_only_a_name(database):
    with pytest.raises(UserError, match="there is no"):
        opened(URL, table=f'{database}.x"; DROP SCHEMA {database} CASCADE; --')
    assert opened(URL, table=f"{database}.Or ders").counts.rows == len(ROWS)


@pytest.mark.engine
def test_a_database_that_goes_in_the_middle_is_one_clear_error_and_leaves_nothing(
    database, tmp_path
):

    with connected() as session:
        session.execute(
            f"CREATE VIEW {database}.slow AS SELECT i::text AS a, pg_sleep(.01)::text AS b "
            "FROM generate_series(1, 100000) AS i"
        )

        def end():
            while not session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'COPY%slow%' AND pid <> pg_backend_pid()"
            ).fetchall():
                time.sleep(0.05)

        thread = threading.Thread(target=end)
        thread.start()
        with pytest.raises(UserError, match="ended the connection"):
            postgres.export(URL, f"{database}.slow", tmp_path)
        thread.join()
    assert list(tmp_path.iterdir()) == []


FLOATS = [0.0, -0.0, 0.5, 0.00005, -0.00005, 0.30005, 2.00005, 1.00015, 0.12345, 1e-9, 12345.67895]
FLOATS += [99999999999999.98, -8.5e13, 1e14, 1e300, -1e14, float("inf"), float("nan"), None]
FLOATS += [(-1) ** i * (i * 37 % 1009) / 7 + i / 20000 for i in range(300)]
TEXTS = [
    "Ä",
    "İ",
    "ΣΑΣ",
    "ß",
    "\x0b",
    " a\t",
    "\u00a0B\u3000",
    "13085.0",
    "+7 (900) 123-45-67",
    None,
]


@pytest.mark.engine
def test_numbers_and_texts_are_read_as_duckdb_reads_them(database):
    rows = ibis.memtable(pa.table({"n": range(len(FLOATS)), "x": pa.array(FLOATS, pa.float64())}))
    words = ibis.memtable(pa.table({"n": range(len(TEXTS)), "w": pa.array(TEXTS, pa.string())}))
    asked = []
    for engine in (connect(), postgres.connect(URL)):
        x = engine.create_table("floats", rows, temp=True)
        w = engine.create_table("words", words, temp=True)
        sound = x.filter(x.x.abs() < 1e13)
        found = [
            x.select("n", money=x.x.try_cast("decimal(18, 4)")),
            sound.select("n", money=sound.x.cast("decimal(38, 4)")),
            w.select("n", blank=w.w.re_search(BLANK), phone=w.w.re_search(PHONE)),
            w.select("n", number=same_person(w.w, "exact", "number")),
            w.select("n", digits=same_person(w.w, "exact", "phone")),
            w.select("n", total=names_total(w.w)),
        ]
        asked.append([one.order_by("n").to_pyarrow().to_pylist() for one in found])
        engine.disconnect()
    assert asked[0] == asked[1]


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["numeric(12,3)", "text"])
def test_a_point_in_a_number_of_the_database_parts_no_thousands(database, kind):
    with connected() as session:
        session.execute(f"DROP TABLE IF EXISTS {database}.weighed")
        session.execute(f"CREATE TABLE {database}.weighed (who text, day date, money {kind})")
        session.execute(
            f"INSERT INTO {database}.weighed VALUES ('a', '2020-01-01', '1.234'), "
            "('b', '2020-02-03', '5.500')"
        )
    columns = {"customer_id": "who", "transacted_at": "day", "amount": "money"}
    spec = LogSpec(source=URL, table=f"{database}.weighed", columns=columns)
    if kind == "text":
        with pytest.raises(UserError, match="before exactly three digits"):
            open_log(connect(threads=1), spec)
    else:
        log = open_log(connect(threads=1), spec)
        assert sorted(log.transactions.amount.to_pyarrow().to_pylist()) == [
            Decimal("1.234"),
            Decimal("5.5"),
        ]
