"""The same log in any kind of file is the same log; hostile files are refused unread."""

import io
import re
import zipfile
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.engines.duckdb import connect
from features.errors import UserError
from features.log.transactions import LogSpec, open_log
from features.readers.line_ends import with_plain_line_ends
from features.readers.reading import read
from features.readers.source import SourceSpec

NOW = datetime(2020, 6, 1)
COLUMNS = {
    "customer_id": "id",
    "transacted_at": "day",
    "amount": "amount",
    "quantity": "pieces",
    "attributes": ["land"],
}
NAMES = ["id", "day", "amount", "pieces", "land"]


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    return connect(read=[tmp_path_factory.getbasetemp()], threads=1)


def opened(engine, path, columns=COLUMNS, **keys):
    keys = {"max_set_aside": 1, "max_anonymous": 1, "duplicates": "keep"} | keys
    return open_log(engine, LogSpec(source=str(path), columns=columns, **keys), NOW)


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def workbook(path, *rows, more=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, lines in more:
        sheet = book.create_sheet(name)
        for row in lines:
            sheet.append(row)
    book.save(path)
    return path


rows_of_a_log = st.lists(
    st.tuples(
        st.one_of(st.none(), st.text("0123456789abcÄ ,;\"'", min_size=1, max_size=4)),
        st.one_of(st.none(), st.datetimes(datetime(1969, 1, 1), datetime(2021, 1, 1))),
        st.one_of(st.none(), st.decimals(-9999, 9999, places=2, allow_nan=False)),
        st.one_of(st.none(), st.integers(-3, 9)),
        st.one_of(st.none(), st.sampled_from(["DE", "A\nT", "ü"])),
    ).filter(any),  # a blank row of a workbook, as a blank line of a text, is no row
    min_size=1,
    max_size=12,
).filter(lambda rows: any(row[0] and row[1] and row[2] for row in rows))


def write_all(folder, rows):
    """One log as CSV, TSV, Parquet and workbook."""
    rows = [(i, d and d.replace(microsecond=0), a, q, c) for i, d, a, q, c in rows]
    kinds = [pa.string(), pa.timestamp("us"), pa.decimal128(18, 2), pa.int64(), pa.string()]
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
    pq.write_table(pa.table(arrays, names=NAMES), folder / "log.parquet")
    for suffix, mark in ((".csv", ","), (".tsv", "\t")):
        lines = [NAMES, *rows]
        text = "\n".join(mark.join(_cell(value) for value in line) for line in lines)
        (folder / f"log{suffix}").write_text(text + "\n", encoding="utf-8", newline="")
    cells = [[float(v) if isinstance(v, Decimal) else v for v in row] for row in rows]
    workbook(folder / "log.xlsx", NAMES, *cells)
    return [folder / f"log.{suffix}" for suffix in ("csv", "tsv", "parquet", "xlsx")]


def _cell(value):
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


@pytest.mark.thorough
@given(rows=rows_of_a_log)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_24_one_log_in_four_kinds_of_file_gives_the_same_transactions(engine, tmp_path, rows):
    outcomes = []
    for path in write_all(tmp_path, rows):
        try:
            log = opened(engine, path)
        except UserError as error:
            first = str(error).splitlines()[0].replace(path.name, "")
            outcomes.append(re.sub(r"(line|row) \d+", "", first))
            continue
        assert log.counts.rows == len(rows)
        assert log.counts.used + sum(log.counts.set_aside.values()) == log.counts.rows
        assert log.transactions.count().to_pyarrow().as_py() == log.counts.used
        aside = log.quarantine.group_by("reason").aggregate(n=log.quarantine.count()).to_pyarrow()
        assert {r["reason"]: r["n"] for r in aside.to_pylist()} == log.counts.set_aside
        outcomes.append((log.fingerprint, log.counts.set_aside))
    assert outcomes[1:] == outcomes[:-1]


# --- Parquet --------------------------------------------------------------------------------


def test_2_integer_ids_beyond_2_to_the_53_stay_exact_in_parquet(engine, tmp_path):
    big = [2**53 + 1, 2**53, 2**63 - 1, None]
    path = parquet(tmp_path / "a.parquet", id=pa.array(big, pa.int64()), day=[NOW] * 4)
    log = opened(engine, path, {"customer_id": "id", "transacted_at": "day"})
    found = log.transactions.customer_id.to_pyarrow().to_pylist()
    assert sorted(found) == sorted(map(str, big[:3]))
    assert log.counts.set_aside == {"customer_blank": 1}


def test_2_float_ids_are_the_integers_they_were_or_are_refused(engine, tmp_path):
    columns = {"customer_id": "id", "transacted_at": "day"}
    path = parquet(tmp_path / "a.parquet", id=[12345.0, None, 7.0], day=[NOW] * 3)
    log = opened(engine, path, columns)
    assert sorted(log.transactions.customer_id.to_pyarrow().to_pylist()) == ["12345", "7"]
    for lost in (2.0**53, 1e300):
        path = parquet(tmp_path / "b.parquet", id=[lost, 7.0], day=[NOW] * 2)
        with pytest.raises(UserError, match="floats of 2\\^53 or more"):
            opened(engine, path, columns)
    path = parquet(tmp_path / "c.parquet", id=[1.5, 7.0], day=[NOW] * 2)
    with pytest.raises(UserError, match="have decimals"):
        opened(engine, path, columns)


def test_a_float_attribute_of_any_size_is_read(engine, tmp_path):
    values = [1e300, float("inf"), None, 7.0]
    path = parquet(tmp_path / "a.parquet", id=["a"] * 4, day=[NOW] * 4, balance=values)
    columns = {"customer_id": "id", "transacted_at": "day", "attributes": ("balance",)}
    found = opened(engine, path, columns).transactions.balance.to_pyarrow().to_pylist()
    assert sorted(filter(None, found)) == ["1e+300", "7.0"]
    assert found.count(None) == 2


def test_18_nan_in_a_float_amount_is_set_aside(engine, tmp_path):
    path = parquet(
        tmp_path / "a.parquet", id=["a"] * 4, day=[NOW] * 4,
        amount=[1.0, float("nan"), float("-inf"), 1e300],
    )  # fmt: skip
    log = opened(engine, path, {k: COLUMNS[k] for k in ("customer_id", "transacted_at", "amount")})
    assert log.counts.set_aside == {"amount_out_of_range": 3}


@pytest.mark.slow
def test_11_moments_in_parquet_become_wall_clocks_of_the_declared_zone(engine, tmp_path):
    moments = pa.array([datetime(2020, 1, 31, 23, 30)], pa.timestamp("us", tz="UTC"))
    path = parquet(tmp_path / "a.parquet", id=["a"], day=moments)
    columns = {"customer_id": "id", "transacted_at": "day"}
    log = opened(engine, path, columns, timezone="Europe/Berlin")
    assert log.transactions.transacted_at.to_pyarrow().to_pylist() == [datetime(2020, 2, 1, 0, 30)]
    assert "UTC days" in opened(engine, path, columns).notes[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_13_integers_in_parquet_are_dates_only_with_a_unit(engine, tmp_path, kind):
    path = parquet(tmp_path / "a.parquet", id=["a"], day=pa.array([20200131], kind))
    columns = {"customer_id": "id", "transacted_at": "day"}
    with pytest.raises(UserError, match="whole numbers as dates"):
        opened(engine, path, columns)
    log = opened(engine, path, columns, date_format="%Y%m%d")
    assert log.transactions.transacted_at.to_pyarrow().to_pylist() == [datetime(2020, 1, 31)]


@pytest.mark.parametrize("cut", [50, 4])
def test_20_a_truncated_parquet_file_is_refused(engine, tmp_path, cut):
    path = parquet(tmp_path / "a.parquet", id=["a"] * 100, day=[NOW] * 100)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UserError, match="cut short or damaged"):
        opened(engine, path)


def test_27_parquet_extension_types_are_read_as_what_they_store(engine, tmp_path):
    class Hostile(pa.ExtensionType):
        def __init__(self):
            super().__init__(pa.string(), "hostile.type")

        def __arrow_ext_serialize__(self):
            return b"cos\nsystem\n(S'false'\ntR."

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            raise AssertionError("code of a file was run")

    column = pa.ExtensionArray.from_storage(Hostile(), pa.array(["00123"]))
    pa.register_extension_type(Hostile())
    try:
        path = parquet(tmp_path / "a.parquet", id=column, day=[NOW])
        log = opened(engine, path, {"customer_id": "id", "transacted_at": "day"})
    finally:
        pa.unregister_extension_type("hostile.type")
    assert log.transactions.customer_id.to_pyarrow().to_pylist() == ["00123"]


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        (pa.uint64(), [2**64 - 1, 7]),
        (pa.int32(), [-5, 7]),
        (pa.decimal128(38, 0), [Decimal(10**30 + 1), Decimal(7)]),
        (pa.large_string(), ["007", "7"]),
        (pa.dictionary(pa.int8(), pa.string()), ["007", "7"]),
        (pa.binary(), [b"a1", b"b2"]),
    ],
)
def test_ids_of_every_type_are_exact_text(engine, tmp_path, kind, ids):
    path = parquet(tmp_path / "a.parquet", id=pa.array(ids, kind), day=[NOW] * 2)
    log = opened(engine, path, {"customer_id": "id", "transacted_at": "day"})
    expected = [i.decode() if isinstance(i, bytes) else str(i) for i in ids]
    assert sorted(log.transactions.customer_id.to_pyarrow().to_pylist()) == sorted(expected)


@pytest.mark.parametrize(
    "kind", [pa.timestamp("ns"), pa.timestamp("s"), pa.timestamp("ms"), pa.date32()]
)
def test_days_of_every_type_are_the_same_day(engine, tmp_path, kind):
    day = pa.array([datetime(2020, 1, 31)], pa.timestamp("s")).cast(kind)
    path = parquet(tmp_path / "a.parquet", id=["a"], day=day)
    log = opened(engine, path, {"customer_id": "id", "transacted_at": "day"})
    assert log.transactions.transacted_at.to_pyarrow().to_pylist() == [datetime(2020, 1, 31)]
    assert str(log.transactions.schema()["transacted_at"]).startswith("timestamp")


def test_nested_values_are_no_ids(engine, tmp_path):
    path = parquet(tmp_path / "a.parquet", id=[["a"]], day=[NOW])
    with pytest.raises(UserError, match="one value a row"):
        opened(engine, path, {"customer_id": "id", "transacted_at": "day"})


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_20_whatever_is_damaged_in_a_file_it_is_refused_in_words(engine, tmp_path, suffix):
    from random import Random

    rows = [(str(i % 40), datetime(2020, 1, 1), float(i)) for i in range(300)]
    whole = tmp_path / f"log.{suffix}"
    if suffix == "xlsx":
        workbook(whole, ("id", "day", "amount"), *rows)
    else:
        ids, days, amounts = zip(*rows, strict=True)
        parquet(whole, id=ids, day=days, amount=amounts)
    columns = {k: COLUMNS[k] for k in ("customer_id", "transacted_at", "amount")}
    random, content, refused = Random(7), whole.read_bytes(), 0
    for _ in range(25):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        whole.write_bytes(damaged)
        try:
            opened(engine, whole, columns)
        except UserError:
            refused += 1
    assert refused


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_ids_that_differ_in_a_quoted_line_break_stay_two_customers(engine, tmp_path, encoding):
    ids = ["a\nb", "a\r\nb", "a\rb", 'x""\r\n""', "", 'mid"quote']
    cells = [f'"{i}"' for i in ids[:5]] + [ids[5]]
    rows = [f"{cell},2020-01-31" for cell in cells]
    path = tmp_path / "log.csv"
    path.write_bytes("id,day\r\n".encode(encoding) + _joined(rows, encoding))
    keys = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    log = opened(engine, path, {"customer_id": "id", "transacted_at": "day"}, **keys)
    found = log.transactions.customer_id.to_pyarrow().to_pylist()
    assert found == ["a\nb", "a\r\nb", "a\rb", 'x"\r\n"', 'mid"quote']


def _joined(rows, encoding):
    """Rows on lines of all three ends; a text in UTF-16 marks its order of bytes once."""
    text = "".join(row + end for row, end in zip(rows, ["\n", "\r\n", "\r"] * 2, strict=True))
    plain = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    return text.encode(plain)


@given(text=st.text('a",; \r\n', max_size=30), cuts=st.lists(st.integers(0, 30), max_size=4))
def test_line_ends_are_told_apart_wherever_a_text_is_cut(text, cuts):
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    whole = "".join(with_plain_line_ends([text], ","))
    assert "".join(with_plain_line_ends(pieces, ",")) == whole
    assert "".join(with_plain_line_ends([whole], ",")) == whole


# --- several files --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_folder_and_a_pattern_are_read_in_order_whatever_the_order_of_columns(engine, tmp_path):
    (tmp_path / "b.csv").write_text("day,id\n2020-02-01,8\n2020-02-02,\n")
    (tmp_path / "a.csv").write_text("id,day\n7,2020-01-31\n")
    (tmp_path / "_SUCCESS").write_text("")
    columns = {"customer_id": "id", "transacted_at": "day"}
    for source in (tmp_path, tmp_path / "*.csv"):
        log = opened(engine, source, columns)
        assert log.transactions.customer_id.to_pyarrow().to_pylist() == ["7", "8"]
        aside = log.quarantine.to_pyarrow().to_pylist()
        assert [(row["file"], row["row"]) for row in aside] == [(str(tmp_path / "b.csv"), 2)]


def test_files_of_one_log_that_differ_in_columns_are_refused(engine, tmp_path):
    (tmp_path / "a.csv").write_text("id,day\n7,2020-01-31\n")
    (tmp_path / "b.csv").write_text("id,date\n7,2020-01-31\n")
    with pytest.raises(UserError, match=r"b\.csv: has not the columns of .*a\.csv.*'date', 'day'"):
        opened(engine, tmp_path, {"customer_id": "id", "transacted_at": "day"})


def test_parquet_parts_are_one_log(engine, tmp_path):
    for name, ids in (("a", ["1", None]), ("b", ["2", "3", None])):
        parquet(tmp_path / f"{name}.parquet", id=ids, day=[NOW] * len(ids))
    log = opened(engine, tmp_path, {"customer_id": "id", "transacted_at": "day"})
    assert sorted(log.transactions.customer_id.to_pyarrow().to_pylist()) == ["1", "2", "3"]
    assert [row["row"] for row in log.quarantine.to_pyarrow().to_pylist()] == [2, 3]


@pytest.mark.parametrize("name", ["[a]*.csv", "wh at?.csv", "it's.csv", "{x}.csv"])
def test_a_name_of_odd_characters_is_only_a_name(engine, tmp_path, name):
    (tmp_path / name).write_text("id,day\n7,2020-01-31\n")
    (tmp_path / "other.csv").write_text("id,day\n8,2020-01-31\n")
    log = opened(engine, tmp_path / name, {"customer_id": "id", "transacted_at": "day"})
    assert log.transactions.customer_id.to_pyarrow().to_pylist() == ["7"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["orders[1]", "a*b", "what?", "[x]/log"])
def test_what_is_allowed_may_have_a_name_like_a_pattern(tmp_path, monkeypatch, name, suffix):
    path = tmp_path / f"{name}.{suffix}"
    path.parent.mkdir(exist_ok=True)
    if suffix == "csv":
        path.write_text("id\n7\n")
    else:
        parquet(path, id=["7"])
    monkeypatch.chdir(tmp_path)
    relative = path.relative_to(tmp_path)
    for allowed, source in ((path, path), (relative, relative), (path.parent, path)):
        raw = read(connect(read=[allowed], threads=1), SourceSpec(source=str(source)))
        assert raw.table[raw.columns["id"]].to_pyarrow().to_pylist() == ["7"]


def test_a_name_like_a_pattern_allows_no_file_that_the_pattern_meets(tmp_path):
    for name in ("a[12].csv", "a1.csv", "b*.csv", "b1.csv"):
        (tmp_path / name).write_text("n\n1\n")
    engine = connect(read=[tmp_path / "a[12].csv", tmp_path / "b*.csv"], threads=1)
    for name in ("a1.csv", "b1.csv", "a[12].csv", "b*.csv"):
        with pytest.raises(duckdb.PermissionException):
            engine.raw_sql(f"FROM read_csv('{tmp_path}/{name}')").fetchall()


# --- workbooks ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_workbook_keeps_text_ids_and_reads_all_sheets_that_are_alike(engine, tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        ("id", "day", "amount"),
        ("00123", datetime(2020, 1, 31), 1.1),
        (123, datetime(2020, 1, 31), 2),
        more=[("next", [("id", "day", "amount"), ("x", datetime(2020, 2, 1), 3)]), ("empty", [])],
    )
    columns = {k: COLUMNS[k] for k in ("customer_id", "transacted_at", "amount")}
    log = opened(engine, path, columns)
    found = log.transactions.order_by("amount").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["amount"]) for row in found] == [
        ("00123", Decimal("1.1")),
        ("123", 2),
        ("x", 3),
    ]
    assert opened(engine, path, columns, sheet="next").counts.rows == 1
    with pytest.raises(UserError, match="no such sheet; there are Sheet, next, empty"):
        opened(engine, path, columns, sheet="last")


@pytest.mark.parametrize("cell", [10**15, 1234567890123450, -(10**15), 10**19, 1.23456789012345e17])
def test_ids_too_long_for_a_number_in_a_workbook_are_refused(engine, tmp_path, cell):
    columns = {"customer_id": "id", "transacted_at": "day", "amount": "amount"}
    rows = [("id", "day", "amount"), ("x", NOW, 1), (cell, NOW, 2), (7, NOW, 3)]
    path = workbook(tmp_path / "a.xlsx", *rows)
    with pytest.raises(UserError, match=r"'id': 1 ids are numbers of more than 15 .* as text"):
        opened(engine, path, columns)


def test_long_ids_as_text_and_long_amounts_in_a_workbook_are_no_rounded_ids(engine, tmp_path):
    columns = {"customer_id": "id", "transacted_at": "day", "amount": "amount"}
    rows = [("1234567890123456", 10**15), ("1234567890123457", 2), (10**15 - 1, 3)]
    cells = [(i, datetime(2020, 1, 31), amount) for i, amount in rows]
    log = opened(engine, workbook(tmp_path / "a.xlsx", ("id", "day", "amount"), *cells), columns)
    assert set(log.transactions.customer_id.to_pyarrow().to_pylist()) == {
        "1234567890123457",
        "999999999999999",
    }
    assert log.counts.set_aside == {"amount_out_of_range": 1}


@pytest.mark.slow
def test_25_an_archive_bomb_is_refused_before_it_is_unpacked(engine, tmp_path):
    import gzip

    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"id,day\n" + b"7,2020-01-31\n" * 4_000_000))
    with pytest.raises(UserError, match="as archive bombs do"):
        opened(engine, path)
    path = workbook(tmp_path / "bomb.xlsx", ("id", "day"), ("7", NOW))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * 100_000_000)
    with pytest.raises(UserError, match=r"unpacks to 0\.1 GB, as archive bombs do"):
        opened(engine, path)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "log.xlsx"])
def test_25_an_archive_under_another_name_is_refused(engine, tmp_path, name):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("log.csv", "id,day\n7,2020-01-31\n")
    (tmp_path / name).write_bytes(memory.getvalue())
    with pytest.raises(UserError, match=r"(zip archive|cut short or damaged)"):
        opened(engine, tmp_path / name)


def test_26_a_workbook_with_xml_entities_is_refused(engine, tmp_path):
    path = workbook(tmp_path / "a.xlsx", ("id", "day"), ("7", NOW))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    laughs = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]>'
    part = "xl/worksheets/sheet1.xml"
    parts[part] = laughs + parts[part].split(b"?>", 1)[-1]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match="declares XML entities"):
        opened(engine, path)


# --- network, environment -------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https", "s3", "gs", "file", "hf", "mysql"])
def test_31_an_address_is_refused_and_nothing_is_opened(engine, scheme, monkeypatch):
    import socket

    monkeypatch.setattr(socket, "socket", None)
    with pytest.raises(UserError, match="network address"):
        opened(engine, f"{scheme}://example.org/log.csv")


@pytest.mark.thorough
def test_62_the_time_zone_and_locale_of_the_machine_change_nothing(tmp_path):
    import os
    import subprocess
    import sys

    (tmp_path / "log.csv").write_text(
        "id,day,amount\n7,2020-03-29 02:30:00,1.5\n8,2020-03-29T00:59:00Z,2\n9,2020-02-01,-1\n"
    )
    program = (
        "from features.engines.duckdb import connect\n"
        "from features.log.transactions import LogSpec, open_log\n"
        "columns = dict(customer_id='id', transacted_at='day', amount='amount')\n"
        "spec = LogSpec(source='log.csv', columns=columns, timezone='Europe/Berlin')\n"
        "log = open_log(connect(read=['.']), spec)\n"
        "print(log.fingerprint, sorted(map(str, log.transactions.to_pyarrow().to_pylist())))\n"
    )
    root = os.getcwd()
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": root},
            cwd=tmp_path, check=True, capture_output=True, text=True,
        ).stdout
        for zone, locale in (("Pacific/Auckland", "C"), ("America/New_York", "de_DE.UTF-8"))
    }  # fmt: skip
    assert len(found) == 1


@pytest.mark.slow
def test_how_dates_are_written_is_told_so_that_a_short_list_can_be_read_alike(tmp_path):
    head = "customer_id,day,amount\n"
    (tmp_path / "long.csv").write_text(head + "a,13/02/2023,1\nb,01/03/2023,2\n")
    (tmp_path / "short.csv").write_text(head + "c,01/03/2023,2\n")
    columns = {"customer_id": "customer_id", "transacted_at": "day", "amount": "amount"}
    engine = connect(read=[tmp_path], scratch=tmp_path)
    long = LogSpec(source=str(tmp_path / "long.csv"), columns=columns)
    written = open_log(engine, long).date_format
    assert written == "%d/%m/%Y"
    short = long.model_copy(update={"source": str(tmp_path / "short.csv")})
    with pytest.raises(UserError, match="day-month or month-day"):
        open_log(engine, short)
    rows = open_log(engine, short.model_copy(update={"date_format": written})).transactions
    assert rows.transacted_at.to_pyarrow().to_pylist() == [datetime(2023, 3, 1)]
