"""Dates as shops write them, and what must become of them."""

from datetime import datetime

import pytest

from features.log.transactions import LogSpec
from tests.features.written_logs import COLUMNS, NOW, many, refusal, values

pytestmark = pytest.mark.slow


def test_8_dates_that_can_be_read_in_two_ways_are_refused_unless_declared(opened):
    content = [("7", "01/02/2020", "1"), ("8", "03/04/2020", "1")]
    message = refusal(opened, content)
    assert "could be day-month or month-day" in message
    assert "\n  --set log.date_format=%d/%m/%Y\n  --set log.date_format=%m/%d/%Y" in message
    assert values(opened(content, date_format="%d/%m/%Y"), "transacted_at") == [
        datetime(2020, 2, 1),
        datetime(2020, 4, 3),
    ]
    assert values(opened(content, date_format="%m/%d/%Y"), "transacted_at") == [
        datetime(2020, 1, 2),
        datetime(2020, 3, 4),
    ]


@pytest.mark.sampled
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


def test_10_two_digit_years_are_refused_with_the_format_that_reads_them(opened):
    content = [("7", "01/15/24", "1"), ("8", "02/01/24", "1")]
    message = refusal(opened, content, now=datetime(2024, 6, 1))
    assert "2 rows have years of two digits" in message
    assert message.endswith("\n  --set log.date_format=%m/%d/%y")
    log = opened(content, date_format="%m/%d/%y", now=datetime(2024, 6, 1))
    assert values(log, "transacted_at") == [datetime(2024, 1, 15), datetime(2024, 2, 1)]


@pytest.mark.thorough
def test_10_the_count_of_two_digit_years_is_of_all_months(opened):
    content = [("7", f"0{i}-{month}-19", "1") for i, month in enumerate(["Jan", "June", "Jul"], 1)]
    assert "3 rows have years of two digits" in refusal(opened, content)
    assert len(values(opened(content, date_format="%d-%b-%y"), "transacted_at")) == 3


@pytest.mark.parametrize(
    "form",
    ["%Q", "%Y-%d", "%Y", "%Y-%V", "%G-%m", "%Y-%m-%d %", "%d/%m", "%Y-%m-%d %Q", "iso", "%c"],
)
def test_a_date_format_that_names_no_day_week_or_month_is_refused(form):
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


@pytest.mark.thorough
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


@pytest.mark.sampled
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
        ("20200-02-03", "date_unreadable"),
        ("2020-02-03 (BC)", "date_unreadable"),
        ("-infinity", "date_unreadable"),
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


def test_what_is_booked_for_later_is_no_fault_where_until_leaves_it_out(opened):
    content = many([(str(i), f"2020-0{7 + i % 3}-01", "1.00") for i in range(20)])
    assert "--until and the day of the export" in refusal(opened, content)
    log = opened(content, until=NOW.date())
    assert log.counts.set_aside == {"after_until": 20}
