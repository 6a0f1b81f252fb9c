"""Dirty logs, each with a name and the number of its fault, and what must become of them."""

from datetime import datetime
from decimal import Decimal

import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.transactions import LogSpec, open_log

NOW = datetime(2020, 6, 1, 12, 0)
COLUMNS = {"customer_id": "id", "transacted_at": "day", "amount": "amount"}
SOUND = [("7", "2020-01-31", "10.00"), ("8", "2020-02-01", "2.50")]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return connect(read=[tmp_path_factory.getbasetemp()], threads=1)


@pytest.fixture
def opened(engine, tmp_path):
    """Write a log, open it; keywords are keys of the spec."""

    def opens(content, name="log.csv", columns=COLUMNS, now=NOW, **keys):
        path = tmp_path / name
        if isinstance(content, (list, tuple)):
            head = ",".join(columns[key] for key in columns if isinstance(columns[key], str))
            content = "\n".join([head, *(",".join(row) for row in content)]) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        spec = LogSpec(source=str(path), columns=columns, **keys)
        return open_log(engine, spec, now)

    return opens


def rows(log, *columns):
    columns = columns or ("customer_id", "transacted_at", "amount")
    table = log.transactions.order_by(list(log.transactions.columns)).to_pyarrow()
    return [tuple(row[c] for c in columns) for row in table.to_pylist()]


def values(log, column):
    return sorted(row[0] for row in rows(log, column))


def refusal(opened, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        opened(*args, **kwargs)
    return str(caught.value)


def many(bad, sound=100):
    """A log with so many sound rows that a few bad ones are set aside, not refused."""
    good = [(str(i), f"2020-01-{1 + i % 28:02d}", "1.00") for i in range(sound)]
    return good + bad


# --- ids ------------------------------------------------------------------------------------


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


def test_4_guest_sales_do_not_refuse_a_log_but_mostly_guests_do(opened):
    guests = [("", "2020-01-31", "5")] * 2
    assert opened([*SOUND, *guests]).counts.anonymous == 2
    message = refusal(opened, [*SOUND, *guests, ("", "rubbish", "x")])
    assert "3 of 5 rows (60 %) have no customer in 'id'" in message
    assert "log.max_anonymous" in message


# --- encoding and form ----------------------------------------------------------------------


def test_5_a_byte_order_mark_is_no_part_of_the_first_name(opened):
    log = opened(b"\xef\xbb\xbfid,day,amount\n7,2020-01-31,1\n")
    assert values(log, "customer_id") == ["7"]


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
    assert "line 1: the header ends" in refusal(opened, "id,day,amount,\n7,2020-01-31,1,\n")


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
def test_21_a_field_of_20_megabytes_is_refused_within_two_seconds(opened, quote):
    import time

    content = b"id,day,amount\n7,2020-01-31,1\n" + quote + b"x" * 20_000_000 + quote + b",1,1\n"
    begun = time.perf_counter()
    assert "line 3: is longer than" in refusal(opened, content)
    assert time.perf_counter() - begun < 2


def test_22_a_name_that_stands_twice_in_the_header_is_refused(opened):
    message = refusal(opened, "id,day,amount,amount\n7,2020-01-31,1,2\n")
    assert "the header names 'amount' more than once" in message


def test_22_names_that_differ_in_case_are_two_columns(opened):
    log = opened("id,day,amount,AMOUNT\n7,2020-01-31,1,2\n")
    assert values(log, "amount") == [Decimal(1)]


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


# --- amounts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ('"1.234,50"', {"decimal": ",", "thousands": "."}),
        ('"1,234.50"', {"thousands": ","}),
        ("1 234.50", {"thousands": " "}),
        ("1\u00a0234.50", {"thousands": " "}),
        ("1'234.50", {"thousands": "'"}),
        ('"1234,5"', {"decimal": ","}),
        ("€1234.50", {"currency": "€"}),
        ("1234.50 EUR", {"currency": "EUR"}),
    ],
)
def test_7_a_foreign_notation_is_refused_unless_declared(opened, written, keys):
    content = f"id,day,amount\n7,2020-01-31,{written}\n8,2020-01-31,2\n"
    message = refusal(opened, content)
    assert "in another notation than plain digits" in message
    assert "234" not in message
    assert values(opened(content, **keys), "amount") == [2, Decimal("1234.5")]


def test_7_points_before_three_digits_everywhere_are_refused(opened):
    content = [("7", "2020-01-31", "1.234"), ("8", "2020-01-31", "12")]
    assert "log.decimal: '.'" in refusal(opened, content)
    assert values(opened(content, decimal="."), "amount") == [Decimal("1.234"), 12]
    log = opened(content, decimal=",", thousands=".")
    assert values(log, "amount") == [12, 1234]


@pytest.mark.parametrize("written", ["NaN", "inf", "-Infinity", "1e400", "1e15"])
def test_18_what_is_no_finite_amount_is_set_aside(opened, written):
    log = opened(many([("x", "2020-01-31", written)]))
    assert log.counts.set_aside == {"amount_out_of_range": 1}


@pytest.mark.parametrize("written", ["(12.50)", "12.50-", "$-5", "-£5", "USD 7"])
def test_7_an_accountants_minus_and_foreign_money_are_not_set_aside_unseen(opened, written):
    assert "another notation" in refusal(opened, many([("x", "2020-01-31", written)]))


@pytest.mark.parametrize(
    ("written", "reason"),
    [("", "amount_blank")] + [(w, "amount_unreadable") for w in ("abc", "--1", "½", "0x10", "1_0")],
)
def test_rows_without_an_amount_are_set_aside(opened, written, reason):
    assert opened(many([("x", "2020-01-31", written)])).counts.set_aside == {reason: 1}


def test_money_is_exact_in_decimals(opened):
    log = opened([("7", f"2020-01-{d:02d}", "0.10") for d in range(1, 31)])
    assert log.transactions.amount.sum().to_pyarrow().as_py() == Decimal("3.0000")


def test_16_returns_are_netted_by_default_and_can_be_ignored(opened):
    content = [*SOUND, ("7", "2020-02-02", "-4.00")]
    assert values(opened(content), "amount") == [-4, Decimal("2.5"), 10]
    log = opened(content, returns="ignore")
    assert log.counts.set_aside == {"return_ignored": 1}
    assert values(log, "amount") == [Decimal("2.5"), 10]


def test_16_ignored_returns_are_told_by_quantity_too(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    content = [("7", "2020-01-31", "10", "1"), ("7", "2020-02-02", "10", "-1")]
    log = opened(content, columns=columns, returns="ignore")
    assert log.counts.set_aside == {"return_ignored": 1}


def test_16_a_return_told_by_its_quantity_is_never_taken_for_a_purchase(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    content = [("7", "2020-01-31", "10", "1"), ("7", "2020-02-02", "10", "-1")]
    assert "unit_price" in refusal(opened, content, columns=columns)
    log = opened(content, columns=columns, returns="quantity")
    assert values(log, "amount") == [-10, 10]


def test_16_without_amounts_a_negative_quantity_is_no_purchase(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "quantity": "pieces"}
    log = opened([("7", "2020-01-31", "3"), ("7", "2020-02-03", "-3")], columns=columns)
    assert values(log, "amount") == [-1, 1]


def test_17_zero_amounts_and_quantities_are_kept_and_counted(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    log = opened([("7", "2020-01-31", "0", "0"), ("8", "2020-02-13", "1", "")], columns=columns)
    assert (log.counts.used, log.counts.zero_amounts, log.counts.zero_quantities) == (2, 1, 1)


def test_18_a_product_of_huge_numbers_is_set_aside(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "unit_price": "p", "quantity": "q"}
    huge = "99999999999999.9999"
    log = opened([("7", "2020-01-31", huge, huge), ("7", "2020-02-13", "2", "0")], columns=columns,
                 max_set_aside=1)  # fmt: skip
    assert log.counts.set_aside == {"amount_out_of_range": 1}


def test_the_money_of_a_line_is_quantity_times_unit_price(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "unit_price": "p", "quantity": "q"}
    log = opened(
        [("7", "2020-01-31", "0.35", "3"), ("7", "2020-02-13", "2", "-1")], columns=columns
    )
    assert values(log, "amount") == [-2, Decimal("1.05")]


def test_without_amounts_each_order_counts_one_however_many_lines_it_has(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "order_id": "order"}
    lines = [("7", "2020-01-31", "A")] * 3 + [("7", "2020-01-31", "B"), ("8", "2020-02-13", "")]
    log = opened(lines, columns=columns, duplicates="keep")
    assert log.transactions.amount.sum().to_pyarrow().as_py() == 3


# --- dates ----------------------------------------------------------------------------------


def test_8_dates_that_can_be_read_in_two_ways_are_refused_unless_declared(opened):
    content = [("7", "01/02/2020", "1"), ("8", "03/04/2020", "1")]
    assert "could be day-month or month-day" in refusal(opened, content)
    assert values(opened(content, date_format="%d/%m/%Y"), "transacted_at") == [
        datetime(2020, 2, 1),
        datetime(2020, 4, 3),
    ]
    assert values(opened(content, date_format="%m/%d/%Y"), "transacted_at") == [
        datetime(2020, 1, 2),
        datetime(2020, 3, 4),
    ]


@pytest.mark.parametrize(
    "form",
    [
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y %H:%M",
        "%Y/%m/%d",
        "%d-%b-%Y",
        "%B %d, %Y",
        "%m/%d/%Y %I:%M %p",
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_9_a_local_format_gives_the_same_days_as_iso(opened, form, declared):
    days = [datetime(2020, 1, 31), datetime(2020, 2, 1), datetime(2020, 3, 9)]
    written = [day.strftime(form) for day in days]
    keys = {"date_format": form} if declared else {}
    quoted = [("7", f'"{day}"', "1") for day in written]
    assert values(opened(quoted, **keys), "transacted_at") == days


def test_9_days_and_months_without_leading_zeros_are_read(opened):
    log = opened([("7", "1/12/2020 8:26", "1"), ("8", "12/31/2019 17:05", "1")])
    assert values(log, "transacted_at") == [
        datetime(2019, 12, 31, 17, 5),
        datetime(2020, 1, 12, 8, 26),
    ]


def test_9_two_orders_in_one_file_are_refused(opened):
    content = [("7", "31/01/2020", "1"), ("8", "01/31/2020", "1")]
    assert "1 can only be day-month and 1 only month-day" in refusal(opened, content)


def test_10_two_digit_years_are_refused(opened):
    content = [("7", "31/01/20", "1"), ("8", "01/02/20", "1")]
    assert "years of two digits" in refusal(opened, content)
    with pytest.raises(ValueError, match="two-digit years"):
        LogSpec(source="x", columns=COLUMNS, date_format="%d/%m/%y")


@pytest.mark.parametrize("form", ["%Q", "%Y-%m", "%Y-%m-%d %", "%d/%m", "%Y-%m-%d %Q", "iso", "%c"])
def test_a_date_format_that_names_no_day_is_refused(form):
    with pytest.raises(ValueError, match="with %Y, %m and %d"):
        LogSpec(source="x", columns=COLUMNS, date_format=form)


def test_10_a_two_digit_year_under_a_four_digit_format_is_not_read_as_the_year_20(opened):
    message = refusal(opened, [("7", "31/01/20", "1")], date_format="%d/%m/%Y")
    assert "None of 1 rows can be used" in message


def test_11_mixed_offsets_need_one_declared_zone(opened):
    content = [("7", "2020-01-31T23:30:00+00:00", "1"), ("7", "2020-01-31T23:30:00+02:00", "1")]
    assert "log.timezone" in refusal(opened, content)
    assert values(opened(content, timezone="Europe/Berlin"), "transacted_at") == [
        datetime(2020, 1, 31, 22, 30),
        datetime(2020, 2, 1, 0, 30),
    ]


def test_11_utc_moments_are_utc_days_and_the_log_says_so(opened):
    log = opened([("7", "2020-01-31T23:30:00Z", "1")])
    assert values(log, "transacted_at") == [datetime(2020, 1, 31, 23, 30)]
    assert "UTC days" in log.notes[0]


def test_12_wall_clocks_are_kept_in_the_gap_and_the_overlap_of_summer_time(opened):
    gap, overlap = "2020-03-29 02:30:00", "2019-10-27 02:30:00"
    log = opened([("7", gap, "1"), ("8", overlap, "1")], timezone="Europe/Berlin")
    assert values(log, "transacted_at") == [
        datetime(2019, 10, 27, 2, 30),
        datetime(2020, 3, 29, 2, 30),
    ]


def test_12_moments_around_the_change_of_clocks_become_what_the_clocks_showed(opened):
    content = [("7", "2020-03-29T00:59:00Z", "1"), ("8", "2020-03-29T01:00:00Z", "1")]
    assert values(opened(content, timezone="Europe/Berlin"), "transacted_at") == [
        datetime(2020, 3, 29, 1, 59),
        datetime(2020, 3, 29, 3, 0),
    ]


def test_13_whole_numbers_are_dates_only_with_a_unit(opened):
    content = [("7", "20200131", "1"), ("8", "20200201", "1")]
    assert "whole numbers as dates" in refusal(opened, content)
    log = opened(content, date_format="%Y%m%d")
    assert values(log, "transacted_at") == [datetime(2020, 1, 31), datetime(2020, 2, 1)]


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("unix_seconds", "1580515200"),
        ("unix_milliseconds", "1580515200000"),
        ("unix_microseconds", "1580515200000000"),
        ("unix_nanoseconds", "1580515200000000000"),
    ],
)
def test_13_seconds_since_1970_are_read_when_declared(opened, unit, written):
    assert "log.date_format" in refusal(opened, [("7", written, "1")])
    log = opened([("7", written, "1")], date_format=unit)
    assert values(log, "transacted_at") == [datetime(2020, 2, 1)]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2020-06-03", "date_in_future"),
        ("2021-01-01", "date_in_future"),
        ("9999-12-31", "date_in_future"),
        ("1970-01-01", "date_out_of_range"),
        ("1900-01-01", "date_out_of_range"),
        ("0001-01-01", "date_out_of_range"),
        ("2020-02-31", "date_unreadable"),
        ("soon", "date_unreadable"),
        ("", "date_blank"),
    ],
)
def test_14_unbelievable_days_are_set_aside(opened, day, reason):
    log = opened(many([("x", day, "1")]))
    assert log.counts.set_aside == {reason: 1}


def test_14_one_row_dated_years_after_a_finished_log_does_not_move_its_end(opened):
    log = opened(many([("x", "2020-06-01", "1")]), now=datetime(2026, 1, 1))
    assert log.counts.set_aside == {"date_apart": 1}
    assert max(values(log, "transacted_at")) == datetime(2020, 1, 28)


def test_14_a_small_log_may_have_long_silences(opened):
    rows = [("7", "2019-01-01", "1"), ("8", "2019-01-05", "1"), ("7", "2020-01-05", "1")]
    assert opened(rows).counts.used == 3


def test_14_rows_of_today_are_used(opened):
    assert opened(many([("x", "2020-06-01 23:59", "1")]), until="2020-07-01").counts.used == 101


def test_dates_under_a_declared_format_that_do_not_fit_are_refused_by_their_form(opened):
    message = refusal(opened, [("7", "31.01.2020 10:15", "1")] * 3, date_format="%d.%m.%Y")
    assert "written like '99.99.9999 99:99'" in message
    assert "line 2" in message


# --- duplicates, thresholds, accounts -------------------------------------------------------


def test_15_equal_rows_are_counted_kept_and_dropped_on_request(opened):
    content = many([("7", "2020-01-31", "10.00")] * 3)
    assert opened(content).counts.duplicates == 2
    log = opened(content, duplicates="drop")
    assert log.counts.set_aside == {"duplicate": 2}
    assert log.counts.used == 101


def test_15_a_log_exported_twice_is_refused_until_declared(opened):
    assert "log.duplicates: drop" in refusal(opened, SOUND * 2)
    assert opened(SOUND * 2, duplicates="drop").counts.used == 2
    assert opened(SOUND * 2, duplicates="keep").counts.used == 4


def test_15_equal_lines_of_an_order_are_no_double_export(opened):
    columns = COLUMNS | {"order_id": "order"}
    lines = [(str(i % 9), "2020-01-31", f"{i % 4}.50", f"A{i // 8}") for i in range(80)]
    log = opened(lines * 2 + [(*SOUND[0], f"B{i}") for i in range(9)], columns=columns)
    assert log.counts.duplicates >= 0.4 * log.counts.used


def test_15_rows_that_differ_in_an_unmapped_column_are_no_duplicates(opened):
    content = "id,day,amount,product\n7,2020-01-31,1,a\n7,2020-01-31,1,b\n"
    assert opened(content, duplicates="drop").counts.used == 2


def test_too_many_unusable_rows_refuse_the_log_with_every_reason(opened):
    bad = [("x", "soon", "1")] * 6 + [("x", "2020-01-31", "")] * 2
    message = refusal(opened, many(bad))
    assert "8 of 108 rows with a customer (7.41 %) cannot be used" in message
    assert "6: the date cannot be read (first: line 102, written like 'aaaa')" in message
    assert "2: no amount (first: line 108)" in message
    assert opened(many(bad), max_set_aside=0.1).counts.used == 100


def test_a_line_is_named_only_where_rows_are_lines(opened):
    assert "(first: line 3" in refusal(opened, "id,day,amount\n7,2020-01-31,1\n8,soon,1\n")
    content = 'id,day,amount,note\n7,2020-01-31,1,"a\nb"\n8,soon,1,\n'
    assert "(first: row 2" in refusal(opened, content)


def test_all_rows_set_aside(opened):
    assert "None of 2 rows can be used" in refusal(opened, [("7", "soon", "1"), ("8", "?", "1")])


def test_the_account_is_printed_in_full(opened):
    log = opened(many([("", "2020-01-31", "1"), ("x", "soon", "1")]))
    assert log.counts.lines() == [
        "102 rows = 100 used + 2 set aside",
        "  1 (1.0 %) no customer_id (guest sales)",
        "  1 (1.0 %) the date cannot be read",
    ]


def test_the_quarantine_holds_the_rows_as_they_stand_in_the_file(opened, tmp_path):
    log = opened(many([("x", "soon", "1")]))
    assert log.quarantine.to_pyarrow().to_pylist() == [
        {
            "reason": "date_unreadable",
            "file": str(tmp_path / "log.csv"),
            "row": 101,
            "id": "x",
            "day": "soon",
            "amount": "1",
        }
    ]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("id,day,amount\nanna@example.org,2020-01-31\n", {}),
        ('id,day,amount\nanna@example.org,"2020-01-31,1\n', {}),
        ("id,day,amount\nanna@example.org,2020-01-31,1,\n", {}),
        ("id,day,amount\nanna@example.org,annasday,1\n", {}),
        ("id,day,amount\nanna@example.org,2020-01-31,annas\n", {}),
        ("id,day,amount\nanna@example.org,2020-01-31,12 anna\n", {}),
        ("id,day,amount\nanna@example.org\0,2020-01-31,1\n", {}),
    ],
)
def test_36_no_refusal_repeats_what_stands_in_a_field(opened, content, keys):
    assert "anna" not in refusal(opened, content, **keys)


def test_55_a_log_that_does_not_fit_is_refused_in_words(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("id,day\n" + "".join(f"{i:040d},2020-01-31\n" for i in range(300_000)))
    engine = connect(read=[tmp_path], threads=1, memory_limit="20MB", scratch_limit="1MB")
    spec = LogSpec(source=str(path), columns={"customer_id": "id", "transacted_at": "day"})
    with pytest.raises(UserError, match="more memory or scratch space"):
        open_log(engine, spec, NOW)


def test_the_fingerprint_is_of_the_used_rows_whatever_their_order(opened):
    log = opened(SOUND)
    assert opened(SOUND[::-1]).fingerprint == log.fingerprint
    assert opened([*SOUND, ("", "2020-01-31", "5")]).fingerprint == log.fingerprint
    assert opened([*SOUND[:1], ("8", "2020-02-01", "2.51")]).fingerprint != log.fingerprint
    assert len(log.fingerprint) <= 36


def test_a_delimiter_is_found_in_the_header_and_the_rows(opened):
    for mark in ",;\t|":
        content = "\n".join(mark.join(row) for row in [COLUMNS.values(), *SOUND])
        assert opened(content).counts.used == 2
    assert opened('id;day;amount\n7;2020-01-31;"1,5"\n', decimal=",").counts.used == 1


def test_the_line_by_which_a_spreadsheet_announces_its_delimiter_is_no_header(opened):
    log = opened("sep=;\nid;day;amount\n7;2020-01-31;1\n8;soon;2\n", max_set_aside=1)
    assert (values(log, "customer_id"), log.counts.rows) == (["7"], 2)


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
