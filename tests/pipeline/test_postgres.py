"""A log that PostgreSQL checks itself is the log that is copied out and checked here."""

import os
from datetime import date

import pytest

from features.engines.postgres import UnableError
from features.errors import UserError
from features.log.inside import typed_columns
from features.log.transactions import LogSpec
from pipeline.config import EngineConfig
from pipeline.console import Progress
from pipeline.intake import database, taking_in
from pipeline.intake.orders import open_orders
from tests.postgres_server import URL, connected

INSIDE = EngineConfig(kind="postgres")
COLUMNS = {
    "customer_id": 'Kunde "Nr"',
    "transacted_at": "at",
    "amount": "money",
    "order_id": "no",
    "quantity": "pieces",
    "attributes": ["channel", "key"],
}
KINDS = (
    '"Kunde ""Nr""" text, at timestamp, money numeric, no bigint, pieces double precision, '
    'channel {schema}.channel, key uuid, paid boolean, "Row" char(5), cash money, note text, '
    "whole int, brief date, zoned timestamptz, real real"
)
SAME = (
    "'web', '0b0e7c34-0000-4000-8000-000000000001', true, 'ab', 1, '', 1, '2020-01-01', {at}, 1.5"
)


def row(who="'7'", at="'2020-03-01 10:00'", money="9.99", no="1", pieces="1", **_):
    zoned = at if at == "NULL" else f"{at}::timestamp AT TIME ZONE 'UTC'"
    return f"({who}, {at}, {money}, {no}, {pieces}, {SAME.format(at=zoned)})"


NASTY = [
    row(who="E'\\u00e4,\"x\"\\n'"),
    row(who="E'a\\rb'", money="0.00005"),
    row(who="''"),
    row(who="E' \\u00a0\\u3000 '"),
    row(who="NULL"),
    row(who="'İTOGO'"),
    row(who="'ИТОГО:'"),
    row(who="'Total'", at="NULL"),
    row(who="NULL", at="NULL"),
    row(who="' 00123 '"),
    row(who="'00123'"),
    row(who="'ß'"),
    row(who="'SS'", money="-3"),
    row(at="NULL"),
    row(at="'infinity'"),
    row(at="'-infinity'"),
    row(at="'0044-03-15 BC'"),
    row(at="'20244-01-01'"),
    row(at="'1900-01-01'"),
    row(at="'2020-03-01 23:59:59.999999'"),
    row(money="NULL"),
    row(money="'NaN'"),
    row(money="'infinity'"),
    row(money="'-infinity'"),
    row(money="99999999999999.99995"),
    row(money="100000000000000"),
    row(money="-99999999999000.9999"),
    row(money="1e400"),
    row(money="0.12345"),
    row(money="-0.00005"),
    row(money="12345.67895"),
    row(money="0"),
    row(pieces="NULL"),
    row(pieces="'NaN'"),
    row(pieces="'infinity'"),
    row(pieces="-1"),
    row(pieces="0.30005"),
    row(pieces="2.00005"),
    row(pieces="1e-320"),
    row(pieces="0", money="-5"),
    row(no="NULL"),
    row(no="9223372036854775807"),
    row(no="9223372036854775806"),
]
"""Rows that engines might read in different ways; each is one day's row of somebody."""


@pytest.fixture(scope="module")
def shop():
    """A schema with tables of nasty and of plain rows."""
    schema = f"churn_inside_{os.getpid()}"
    with connected() as session:
        session.execute(f"CREATE SCHEMA {schema}")
        session.execute(f"CREATE TYPE {schema}.channel AS ENUM ('web', 'shop', 'Δ')")
        session.execute(f"CREATE TABLE {schema}.orders ({KINDS.format(schema=schema)})")
        for each in NASTY:
            session.execute(f"INSERT INTO {schema}.orders VALUES {each}")
        session.execute(
            f"INSERT INTO {schema}.orders SELECT 'c' || i % 90, "
            "'2020-01-01'::timestamp + i * interval '97 minutes', (i * 37 % 5000 - 200) / 100.0, "
            "CASE WHEN i % 11 > 0 THEN i / 3 END, CASE WHEN i % 7 > 0 THEN i % 4 END, "
            f"(ARRAY['web', 'shop', 'Δ', NULL])[1 + i * 7 % 4]::{schema}.channel, "
            "md5((i % 5)::text)::uuid, i % 5 > 0, (ARRAY['A', 'b ', ' B'])[1 + i % 3], i, "
            "(ARRAY['x', '', NULL, 'Paid'])[1 + i % 4], i % 100, '2020-01-01'::date + i % 300, "
            "'2020-01-01 22:30+00'::timestamptz + i * interval '97 minutes', i / 10.0 "
            "FROM generate_series(1, 4000) AS i"
        )
        # Some rows again, and those of an order that other lines repeat.
        session.execute(f"INSERT INTO {schema}.orders SELECT * FROM {schema}.orders LIMIT 400")
        yield session, schema
        session.execute(f"DROP SCHEMA {schema} CASCADE")


def spec_of(schema, columns=None, **keys):
    columns = {k: v for k, v in (COLUMNS | (columns or {})).items() if v is not None}
    keys = {"table": f"{schema}.orders", "max_set_aside": 1, "max_anonymous": 1} | keys
    return LogSpec(**{"source": URL, "columns": columns, **keys})


def told(spec, settings):
    """All that is known of a log, but for the engine's own fingerprint."""
    with open_orders(spec, Progress(quiet=True), settings=settings) as orders:
        days = orders.netted.to_pyarrow().to_pylist()
        aside = orders.quarantine.to_pyarrow().to_pylist()
        # DuckDB says of some moments that they have six places; all have.
        return orders.log.counts, list(orders.log.columns), orders.log.remarks, days, aside


@pytest.fixture
def asked_inside(monkeypatch):
    """Tables of more than ten rows are asked where they lie; which were."""
    seen, inside = [], database._inside

    def watched(*args, **more):
        account = inside(*args, **more)
        seen.append(args[1].told)
        return account

    monkeypatch.setattr(database, "ROWS", 10)
    monkeypatch.setattr(taking_in, "ask", lambda raw, spec: [])
    monkeypatch.setattr(database, "_inside", watched)
    return seen


CASES = {
    "all_columns": {},
    "few_columns": {"columns": {"order_id": None, "quantity": None, "attributes": []}},
    "no_amount": {"columns": {"amount": None, "quantity": None}},
    "whole_numbers": {"columns": {"amount": "whole", "quantity": "whole"}},
    "binary_places": {"columns": {"amount": "real", "customer_id": "no", "order_id": None}},
    "prices": {"columns": {"amount": None, "unit_price": "money"}},
    "money_given_back": {"columns": {"refunded": "real"}},
    "days": {"columns": {"transacted_at": "brief"}},
    "zone": {"columns": {"transacted_at": "zoned"}, "timezone": "Europe/Berlin"},
    "sales": {"sales": {"column": "paid", "values": ["T"]}},
    "blank_notes": {"where": [{"column": "note", "operator": "blank"}]},
    "refunds": {"refunds": {"column": "Row", "values": ["b"]}},
    "whoever": {"customer_case": "ignore", "anonymous_ids": ["C1", "ss"]},
    "numbers_as_ids": {"customer_form": "number"},
    "returns_left_out": {"returns": "ignore", "duplicates": "drop", "until": date(2020, 6, 1)},
    "repeated_total": {"lines": "repeated_total", "returns": "quantity"},
}


@pytest.mark.engine
@pytest.mark.parametrize("case", CASES)
def test_what_the_database_makes_of_a_log_is_what_is_made_of_it_here(shop, asked_inside, case):
    _, schema = shop
    spec = spec_of(schema, **CASES[case])
    inside, here = told(spec, INSIDE), told(spec, EngineConfig())
    assert asked_inside == [spec.table], "it was copied out"
    assert inside == here


@pytest.fixture
def role(shop):
    """A role that may read the orders and nothing else, and the orders under its name."""
    session, schema = shop
    name = f"churn_reader_{os.getpid()}"
    session.execute(f"CREATE ROLE {name} LOGIN")
    session.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    session.execute(f"GRANT SELECT ON {schema}.orders TO {name}")
    yield name
    session.execute(f"DROP OWNED BY {name}")
    session.execute(f"DROP ROLE {name}")


def as_role(name):
    return URL.replace("postgres@", f"{name}@", 1)


@pytest.mark.engine
def test_a_role_that_may_read_one_table_has_it_checked_inside(shop, role, asked_inside):
    _, schema = shop
    inside = told(spec_of(schema, source=as_role(role)), INSIDE)
    assert asked_inside == [f"{schema}.orders"]
    assert inside == told(spec_of(schema), EngineConfig())
    with pytest.raises(UserError, match="there is no"):
        told(spec_of(schema, source=as_role(role), table=f"{schema}.other"), INSIDE)


@pytest.mark.engine
def test_without_temporary_tables_a_table_is_copied_out_and_that_is_said(shop, role, asked_inside):
    session, schema = shop
    database_name = session.info.dbname
    session.execute(f"REVOKE TEMP ON DATABASE {database_name} FROM PUBLIC")
    try:
        *same, remarks, days, aside = told(spec_of(schema, source=as_role(role)), INSIDE)
    finally:
        session.execute(f"GRANT TEMP ON DATABASE {database_name} TO PUBLIC")
    assert not asked_inside
    *expected, known, listed, left = told(spec_of(schema), EngineConfig())
    assert (same, days, aside) == (expected, listed, left)
    (said,) = set(remarks) - set(known)
    assert "copied out and checked here: the role may make no temporary tables" in said


WHY = {
    "a column of texts": ({"columns": {"transacted_at": "note"}}, "'note' is text"),
    "money": ({"columns": {"amount": "cash"}}, "'cash' is money"),
    "no zone": ({"columns": {"transacted_at": "zoned"}}, "log.timezone"),
    "a notation": ({"decimal": "."}, "log.decimal"),
    "a number compared": (
        {"where": [{"column": "real", "operator": ">", "value": 1}]},
        "log.where",
    ),
    "a column of two meanings": ({"columns": {"order_id": "money"}}, "'money' is read in two"),
    "lines that go on": ({"lines": "continued"}, "log.lines"),
}


@pytest.mark.parametrize("why", WHY)
def test_what_is_not_told_by_types_is_not_asked_inside(why):
    keys, said = WHY[why]
    kinds = {'Kunde "Nr"': "text", "at": "timestamp without time zone", "money": "numeric"}
    kinds |= {"no": "bigint", "pieces": "double precision", "channel": "text", "key": "uuid"}
    kinds |= {"note": "text", "cash": "money", "zoned": "timestamp with time zone", "real": "real"}
    assert typed_columns(spec_of("shop"), kinds) == ("at", ["money", "pieces"])
    with pytest.raises(UnableError, match=said):
        typed_columns(spec_of("shop", **keys), kinds)


@pytest.mark.engine
def test_a_view_is_copied_out(shop, asked_inside):
    session, schema = shop
    session.execute(f"CREATE VIEW {schema}.seen AS SELECT * FROM {schema}.orders")
    _, _, remarks, _, _ = told(spec_of(schema, table=f"{schema}.seen"), INSIDE)
    assert not asked_inside
    assert "is a view" in remarks[-1]


@pytest.mark.engine
def test_a_table_that_changes_in_the_middle_is_one_snapshot(shop, asked_inside, monkeypatch):
    session, schema = shop
    spec = spec_of(schema, duplicates="keep")
    before, validate = told(spec, EngineConfig()), database.validate

    def changed(*args):
        session.execute(f"UPDATE {schema}.orders SET money = 1")
        session.execute(f"INSERT INTO {schema}.orders SELECT * FROM {schema}.orders")
        return validate(*args)

    monkeypatch.setattr(database, "validate", changed)
    session.execute(f"CREATE TABLE {schema}.kept AS SELECT * FROM {schema}.orders")
    try:
        assert told(spec, INSIDE) == before
        assert told(spec, EngineConfig())[0].rows == 2 * before[0].rows
    finally:
        session.execute(f"TRUNCATE {schema}.orders")
        session.execute(f"INSERT INTO {schema}.orders SELECT * FROM {schema}.kept")
        session.execute(f"DROP TABLE {schema}.kept")


@pytest.mark.engine
def test_a_connection_that_is_lost_in_the_middle_is_one_error(shop, asked_inside, monkeypatch):
    session, schema = shop
    validate = database.validate

    def ended(server, *args):
        session.execute("SELECT pg_terminate_backend(%s)", [server.con.info.backend_pid])
        return validate(server, *args)

    monkeypatch.setattr(database, "validate", ended)
    with pytest.raises(UserError, match="ended the connection") as caught:
        told(spec_of(schema), INSIDE)
    assert "\n" not in str(caught.value)
    left = "SELECT count(*) FROM pg_class WHERE relname ~ '^(checked|log|cells)_[0-9]+$'"
    assert session.execute(left).fetchone() == (0,)


@pytest.mark.engine
def test_what_the_database_cannot_do_is_done_here(shop, asked_inside, monkeypatch):
    _, schema = shop

    def refused(server, *_):
        server.con.execute("SELECT 'anna@example.org'::int")

    monkeypatch.setattr(database, "validate", refused)
    *inside, remarks, days, aside = told(spec_of(schema), INSIDE)
    *here, known, listed, left = told(spec_of(schema), EngineConfig())
    assert (inside, days, aside) == (here, listed, left)
    (said,) = set(remarks) - set(known)
    assert said.endswith("the database could not (InvalidTextRepresentation).")


@pytest.mark.engine
def test_a_service_names_the_database_and_the_role(shop, role, asked_inside, monkeypatch, tmp_path):
    session, schema = shop
    info = session.info
    service = tmp_path / "services.conf"
    service.write_text(
        f"[shop]\nhost={info.host}\nport={info.port}\ndbname={info.dbname}\nuser={role}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    monkeypatch.setenv("PGPASSWORD", "a secret")
    here = told(spec_of(schema), EngineConfig())
    assert told(spec_of(schema, source="postgresql:///?service=shop"), INSIDE) == here
    service.write_text(f"[shop]\nhost={info.host}\nport=1\nuser={role}\n")
    with pytest.raises(UserError, match="cannot be reached") as caught:
        told(spec_of(schema, source="postgresql:///?service=shop"), INSIDE)
    assert "secret" not in str(caught.value)


@pytest.mark.engine
def test_a_pressing_question_is_asked_before_anything_is_checked(shop, monkeypatch):
    _, schema = shop
    monkeypatch.setattr(database, "ROWS", 500)
    monkeypatch.setattr(database, "validate", None)
    with pytest.raises(UserError, match=r"log\.sales\.column=paid"):
        told(spec_of(schema, lines="repeated_total"), INSIDE)


def test_the_engine_of_a_database_reads_no_file(tmp_path):
    log = tmp_path / "orders.csv"
    log.write_text("who,at,money\n1,2024-01-01,2\n")
    with pytest.raises(UserError, match=r"engine\.kind: postgres"):
        told(spec_of("shop", source=str(log), table=None), INSIDE)
