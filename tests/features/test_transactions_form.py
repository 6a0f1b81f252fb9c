"""Ids, encodings, headers and broken lines, each with its number, and what must become of them."""

import io
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.log.transactions import LogSpec, open_log
from tests.features.written_logs import COLUMNS, SOUND, refusal, rows, values


def test_1_leading_zeros_make_another_customer(opened):
    log = opened([("00123", "2020-01-31", "1"), ("123", "2020-01-31", "1")])
    assert values(log, "customer_id") == ["00123", "123"]


def test_2_ids_beyond_2_to_the_53_stay_exact_beside_a_blank(opened):
    big = ["9007199254740993", "9007199254740992", "18446744073709551615"]
    log = opened([(i, "2020-01-31", "1") for i in [*big, ""]], max_anonymous=0.5)
    assert values(log, "customer_id") == sorted(big)


@pytest.mark.parametrize("name", ["NA", "null", "NULL", "nan", "1e5", "true", "None", "#N/A", "-"])
def test_3_words_that_look_like_nothing_are_ids(opened, name):
    log = opened([(name, "2020-01-31", "1"), ("8", "2020-02-13", "1")])
    assert name in values(log, "customer_id")


def test_2_long_ids_that_a_spreadsheet_has_rounded_are_refused(opened):
    assert "ids as text" in refusal(opened, [("9.00720E+15", "2020-01-31", "1"), SOUND[0]])


@pytest.mark.parametrize("blank", ["", '""', "   ", "\t"])
def test_4_rows_without_a_customer_are_set_aside(opened, blank):
    log = opened([*SOUND, (blank, "2020-01-31", "5")])
    assert log.counts.set_aside == {"customer_blank": 1}
    assert (log.counts.rows, log.counts.used) == (3, 2)


@pytest.mark.slow
def test_4_guest_sales_do_not_refuse_a_log_but_mostly_guests_do(opened):
    guests = [("", "2020-01-31", "5")] * 2
    assert opened([*SOUND, *guests]).counts.anonymous == 2
    message = refusal(opened, [*SOUND, *guests, ("", "rubbish", "x")])
    assert "3 of 5 rows (60 %) have no customer in 'id'" in message
    assert "log.max_anonymous" in message


def test_5_a_byte_order_mark_is_no_part_of_the_first_name(opened):
    log = opened(b"\xef\xbb\xbfid,day,amount\n7,2020-01-31,1\n")
    assert values(log, "customer_id") == ["7"]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252"])
def test_6_another_encoding_is_refused_by_name_and_read_when_declared(opened, encoding):
    content = "id,day,amount\nJosé,2020-01-31,1\n".encode(encoding)
    assert "--encoding" in refusal(opened, content)
    assert values(opened(content, encoding=encoding), "customer_id") == ["José"]


def test_6_a_wrongly_declared_encoding_is_refused(opened):
    content = "id,day,amount\nJosé,2020-01-31,1\n".encode("latin-1")
    assert "is not written in utf-16" in refusal(opened, content, encoding="utf-16")


def test_19_a_trailing_delimiter_is_refused_and_shifts_nothing(opened):
    message = refusal(opened, "id,day,amount\n7,2020-01-31,1,\n8,2020-01-31,2,\n")
    assert "line 2: ends in a delimiter that the header does not have" in message
    message = refusal(opened, "id,day,amount\n7,2020-01-31,1\n8,2020-01-31,2,\n")
    assert "a cell is missing or too many" in message


def test_19_a_blank_last_cell_is_no_trailing_delimiter(opened):
    log = opened("id,day,amount,note\n7,2020-01-31,1,\n8,2020-01-31,2,x\n")
    assert log.counts.used == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param("id,day,amount\n7,2020-01-31,1\n8,2020-01-31\n", 3, id="too_short"),
        pytest.param("id,day,amount\n7,2020-01-31,1\n8,2020-01-31,2,3\n", 3, id="too_long"),
        pytest.param('id,day,amount\n7,2020-01-31,1\n8,"2020-01-31,2\n', 3, id="unclosed_quote"),
        pytest.param("id,day,amount\n7,2020-01-31,1\n8,2020-0", 3, id="cut_short"),
    ],
)
def test_20_a_broken_line_is_refused_with_its_number(opened, content, line):
    assert f"line {line}:" in refusal(opened, content)


def test_20_a_packed_file_that_was_cut_short_is_refused(opened):
    import gzip

    packed = gzip.compress(b"id,day,amount\n" + b"7,2020-01-31,1\n" * 1000)
    assert opened(packed, name="log.csv.gz", duplicates="keep").counts.used == 1000
    assert "cut short" in refusal(opened, packed[:-20], name="cut.csv.gz")


def test_21_a_nul_byte_is_refused_with_its_line(opened):
    assert "line 3: holds a NUL byte" in refusal(
        opened, b"id,day,amount\n7,2020-01-31,1\n8\0,2020-01-31,1\n"
    )


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_21_a_field_of_20_megabytes_is_refused_without_going_back_in_it(opened, quote):
    import time

    content = b"id,day,amount\n7,2020-01-31,1\n" + quote + b"x" * 20_000_000 + quote + b",1,1\n"
    begun = time.process_time()
    assert "line 3: is longer than" in refusal(opened, content)
    # A tenth of a second of computing; a search that goes back in the field takes many minutes.
    assert time.process_time() - begun < 10


def test_22_a_name_that_stands_twice_in_the_header_is_refused(opened):
    message = refusal(opened, "id,day,amount,amount\n7,2020-01-31,1,2\n")
    assert "the header names 'amount' more than once (columns 3 and 4)" in message


def test_22_a_column_without_a_name_takes_none_that_another_has(opened):
    message = refusal(opened, ",column_1,day,amount\n7,8,2020-01-31,1\n")
    assert "'column_1' more than once (columns 1 and 2)" in message


def test_22_names_that_differ_in_case_are_two_columns(opened):
    log = opened("id,day,amount,AMOUNT\n7,2020-01-31,1,2\n")
    assert values(log, "amount") == [Decimal(1)]


def parquet(*names):
    """A file with a customer, a day, amounts of 1 and 2, and what is nested, below these names."""
    cells = [["7"], ["2020-01-31"], [1.0], [2.0], [{"amount": 3, "more": {"day": 4}}]]
    content = io.BytesIO()
    pq.write_table(pa.table(cells[: len(names)], names=names), content)
    return content.getvalue()


def test_22_a_name_that_stands_twice_in_a_parquet_file_is_refused(opened):
    message = refusal(opened, parquet("id", "day", "amount", "amount"), name="log.parquet")
    assert "log.parquet: its schema names 'amount' more than once (columns 3 and 4)" in message


def test_22_names_of_a_parquet_file_that_differ_in_case_are_two_columns(opened):
    log = opened(parquet("id", "day", "AMOUNT", "amount", "day "), name="log.parquet")
    assert values(log, "amount") == [Decimal(2)]


@pytest.mark.parametrize(
    "content", ["", "\n\n", "sep=;\n", "id,day,amount\n", "id,day,amount", "\ufeff"]
)
def test_23_no_rows(opened, content):
    assert "no rows" in refusal(opened, content)


def test_a_file_that_is_not_there_is_refused_with_its_neighbour(tmp_path):
    (tmp_path / "orders.csv").write_text("id,day,amount\n")
    spec = LogSpec(source=str(tmp_path / "order.csv"), columns=COLUMNS)
    with pytest.raises(UserError, match=r"no such file or folder\. Did you mean .*orders\.csv"):
        open_log(connect(read=[tmp_path]), spec)


def test_a_missing_column_is_refused_with_those_that_exist(opened):
    message = refusal(opened, "id,date,amount\n7,2020-01-31,1\n")
    assert "has no column 'day' (log.columns.transacted_at)" in message
    assert "There are: id, date, amount." in message


def test_28_hostile_column_names_are_only_names(opened):
    hostile = ['i"d', "d'ay`; DROP TABLE x", "a mount--", "SELECT * FROM", "row"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in hostile)
    columns = dict(zip(COLUMNS, hostile[:3], strict=True)) | {"attributes": [hostile[3]]}
    log = opened(f"{header}\n7,2020-01-31,1,x,y\n,2020-01-31,1,x,y\n", columns=columns)
    assert rows(log, "customer_id", hostile[3]) == [("7", "x")]
    assert log.quarantine.columns == ("reason", "file", "row", *hostile[:4], "row_")


@pytest.mark.parametrize(
    "broken",
    [
        'id,day,"amount\nnet"',
        '"id;\n",day,amount',
        '"id"x,day,amount',
        'id,day,""amount""',
        r'id,day,"am\"ount"',
        '"id,day,amount',
    ],
)
def test_a_header_with_a_quote_out_of_place_is_refused(opened, broken):
    assert "line 1: a quote in the header" in refusal(opened, f"{broken}\n7,2020-01-31,1\n")


@pytest.mark.parametrize("name", ['amount"', 'size 3" x', '"amount"', '"the ""net"" amount"'])
def test_a_quote_within_a_name_is_part_of_it(opened, name):
    plain = {'"amount"': "amount", '"the ""net"" amount"': 'the "net" amount'}.get(name, name)
    columns = {"customer_id": "id", "transacted_at": "day", "amount": plain}
    assert opened(f"id,day,{name}\n7,2020-01-31,1\n", columns=columns).counts.used == 1


@pytest.mark.slow
def test_a_delimiter_is_found_in_the_header_and_the_rows(opened):
    for mark in ",;\t|":
        content = "\n".join(mark.join(row) for row in [COLUMNS.values(), *SOUND])
        assert opened(content).counts.used == 2
    assert opened('id;day;amount\n7;2020-01-31;"1,5"\n', decimal=",").counts.used == 1


@pytest.mark.slow
def test_the_line_by_which_a_spreadsheet_announces_its_delimiter_is_no_header(opened):
    log = opened("sep=;\nid;day;amount\n7;2020-01-31;1\n8;soon;2\n", max_set_aside=1)
    assert (values(log, "customer_id"), log.counts.rows) == (["7"], 2)


@pytest.mark.slow
def test_cdnow_style_blanks_are_delimiters(opened):
    content = " id  day amount\n 00001 19970101  11.77\n 00002 19970112  12.00\n"
    log = opened(content, date_format="%Y%m%d")
    assert rows(log) == [
        ("00001", datetime(1997, 1, 1), Decimal("11.77")),
        ("00002", datetime(1997, 1, 12), Decimal("12")),
    ]
    assert "line 3" in refusal(
        opened, content.replace(" 12.00", ""), delimiter="whitespace", date_format="%Y%m%d"
    )


def test_a_log_without_header_has_numbered_columns(opened):
    columns = {"customer_id": "column_1", "transacted_at": "column_2"}
    content = "7,2020-01-31,1\n8,2020-02-01,2\n"
    assert opened(content, columns=columns, header=False).counts.used == 2
    message = refusal(opened, "1,2,3\n" + content)
    assert "log.header: false" in message
