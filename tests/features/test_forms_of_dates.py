"""Forms in which shops write dates: what a pattern accepts the engine reads, and to the minute."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from tests.features.written_logs import many, refusal, rows, values

pytestmark = pytest.mark.slow

AT = datetime(2020, 1, 5, 10, 2)


def quoted(*texts):
    return [(str(i), f'"{text}"', "1") for i, text in enumerate(texts)]


def test_an_offset_after_a_blank_is_read_in_the_zone_of_the_business(opened):
    content = quoted("2020-01-10 09:00:00 +0000", "2020-05-23 21:04:34 +0100")
    assert values(opened(content, timezone="Europe/London"), "transacted_at") == [
        datetime(2020, 1, 10, 9),
        datetime(2020, 5, 23, 21, 4, 34),
    ]


def test_whatever_iso_form_is_accepted_is_read(opened):
    clocks = ["10:02", "10:02:00", "10:02:00.5", "10:02:00,250", "10:02:00.123456789"]
    offsets = {"": 0, "Z": 0, " UTC": 0, " +0100": 60, "+01:00": 60, "-05": -300, " -0330": -210}
    offsets |= {" GMT+0530": 330, " PST": -480, " МСК": 180, "z": 0}
    written = [
        (f"2020-01-05{gap}{clock}{offset}", minutes)
        for gap, clock, (offset, minutes) in product(" T", clocks, offsets.items())
    ]
    content = [(str(i), f'"{text}"', "1") for i, (text, _) in enumerate(written)]
    found = dict(rows(opened(content, timezone="UTC"), "customer_id", "transacted_at"))
    for i, (text, minutes) in enumerate(written):
        when = found[str(i)].replace(second=0, microsecond=0)
        assert when == AT - timedelta(minutes=minutes), text


@pytest.mark.parametrize("offset", ["+9930", "-77", "+01:99"])
def test_an_offset_that_no_clock_has_is_no_offset_that_is_left_out(opened, offset):
    log = opened(many([("x", f"2020-01-05 10:00:00{offset}", "1")]))
    assert log.counts.set_aside == {"date_unreadable": 1}


@pytest.mark.sampled
@pytest.mark.parametrize(
    "text",
    [
        "Jan 5, 2020, 10:02:00 AM",
        "Jan 5, 2020, 10:02\u202fAM",
        "January 5, 2020 10:02",
        "Sun, 5 Jan 2020 10:02:00 +0000",
        "Sun Jan 05 2020 10:02:00 GMT+0000 (Coordinated Universal Time)",
        "5. Januar 2020 10:02",
        "5 de enero de 2020 10:02",
        "5 janvier 2020 10:02",
        "5 stycznia 2020 10:02",
        "5 января 2020 10:02",
        "5 січня 2020 10:02",
        "5 Ocak 2020 10:02",
        "Jan 5, 2020 2:02:00 AM PST",
        "5-Jan-2020 10:02",
        "2020/01/05 10:02",
        "2020.1.5 10:02",
        "5. 1. 2020 10:02",
        "5.\xa01.\xa02020 10:02",
        "5.1. 2020 10:02",
        "2020. 01. 05. 10:02",
        "5.1.2020, 10:02 Uhr",
        "5.1.2020 10:02h",
        "5 de janeiro de 2020 10:02 hs.",
        "2020年1月5日 10:02",
        "2020년 1월 5일 10:02",
    ],
)
def test_a_date_in_words_is_read_in_any_of_the_languages(opened, text):
    assert values(opened(quoted(text), timezone="UTC"), "transacted_at") == [AT]


@pytest.mark.parametrize("form", ["%d. %m. %Y", "%d.%m.%Y", None])
def test_blanks_behind_the_points_of_a_date_need_no_declaration_and_may_have_one(opened, form):
    found = values(opened(quoted("5. 1. 2020", "25. 4. 2020"), date_format=form), "transacted_at")
    assert found == [datetime(2020, 1, 5), datetime(2020, 4, 25)]


def test_names_of_zones_that_change_with_summer_need_the_zone_of_the_business(opened):
    content = quoted("Jan 1, 2020 12:34:56 AM PST", "May 1, 2020 12:34:56 AM PDT")
    assert "log.timezone" in refusal(opened, content)
    assert values(opened(content, timezone="America/Los_Angeles"), "transacted_at") == [
        datetime(2020, 1, 1, 0, 34, 56),
        datetime(2020, 5, 1, 0, 34, 56),
    ]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("43861", "excel_serial"),
        ("43861.5", "excel_serial"),
        ("20200131", "%Y%m%d"),
        ("1580428800", "unix_seconds"),
        ("1580428800000", "unix_milliseconds"),
        ("1580428800000000", "unix_microseconds"),
        ("1580428800000000000", "unix_nanoseconds"),
    ],
)
def test_13_numbers_as_dates_are_refused_with_the_unit_that_fits_and_no_other(
    opened, written, line
):
    content = [("7", written, "1")] * 3
    assert refusal(opened, content, duplicates="keep").endswith(
        f"Say what they are:\n  --set log.date_format={line}"
    )
    log = opened(content, duplicates="keep", date_format=line)
    assert {when.date().isoformat() for when in values(log, "transacted_at")} == {"2020-01-31"}


def test_an_excel_serial_is_its_day_and_its_time_of_day(opened):
    content = [("7", "43831", "1"), ("8", "43835.418055555555", "1")]
    found = values(opened(content, date_format="excel_serial"), "transacted_at")
    assert found == [datetime(2020, 1, 1), AT]


def test_13_a_unit_that_puts_every_day_into_1970_is_refused_with_the_one_that_fits(opened):
    content = [("7", "1580428800", "1"), ("8", "1580515200", "1")]
    message = refusal(opened, content, date_format="unix_milliseconds")
    assert "makes no day since 1990" in message
    assert message.endswith("\n  --set log.date_format=unix_seconds")


def test_numbers_that_are_no_dates_are_refused_without_a_way_that_does_not_help(opened):
    message = refusal(opened, [("7", "12", "1"), ("8", "77", "1")])
    assert "no log.date_format makes days since 1990" in message
    assert "--set" not in message


def test_ambiguous_days_with_and_without_a_time_are_declared_by_one_line(opened):
    content = quoted("01/02/2020", "03/04/2020 10:00")
    line = "%d/%m/%Y | %d/%m/%Y %H:%M"
    message = refusal(opened, content)
    assert f"--set 'log.date_format={line}'" in message
    assert values(opened(content, date_format=line), "transacted_at") == [
        datetime(2020, 2, 1),
        datetime(2020, 4, 3, 10),
    ]


def test_dates_that_a_spreadsheet_of_another_country_swapped_are_a_question(opened):
    content = quoted("2020-05-01 00:00:00", "2020-02-03 00:00:00", "13/01/2020", "28/02/2020")
    message = refusal(opened, content)
    assert "--set log.swapped_dates=true" in message
    assert "--set log.swapped_dates=false" in message
    assert values(opened(content, swapped_dates=True), "transacted_at") == [
        datetime(2020, 1, 5),
        datetime(2020, 1, 13),
        datetime(2020, 2, 28),
        datetime(2020, 3, 2),
    ]
    assert datetime(2020, 5, 1) in values(opened(content, swapped_dates=False), "transacted_at")


def test_dates_of_two_kinds_with_days_above_twelve_in_both_are_read_as_they_stand(opened):
    content = quoted("2020-01-31", "13/01/2020", "28/02/2020")
    assert len(values(opened(content), "transacted_at")) == 3


def test_before_points_the_day_stands_first_unless_a_value_says_otherwise(opened):
    found = values(opened(quoted("02.01.2020", "05.03.2020")), "transacted_at")
    assert found == [datetime(2020, 1, 2), datetime(2020, 3, 5)]
    found = values(opened(quoted("02.13.2020", "05.03.2020")), "transacted_at")
    assert found == [datetime(2020, 2, 13), datetime(2020, 5, 3)]


@pytest.mark.parametrize(
    ("written", "form", "days"),
    [
        (("2020-W05-3", "2020-W05-4"), "%G-W%V-%u", (29, 30)),
        (("2020-W05", "2020-W02"), "%G-W%V", (6, 27)),
        (("2020-01", "2020-01"), "%Y-%m", (1, 1)),
        (("1/2020", "01/2020"), "%m/%Y", (1, 1)),
    ],
)
def test_weeks_and_months_are_read_by_the_line_that_their_refusal_ends_in(
    opened, written, form, days
):
    assert refusal(opened, quoted(*written)).endswith(f"--set log.date_format={form}")
    found = values(opened(quoted(*written), date_format=form), "transacted_at")
    assert found == [datetime(2020, 1, day) for day in days]


def test_years_of_the_buddhist_calendar_are_named(opened):
    assert "take 543 off" in refusal(opened, quoted("05/01/2563", "17/01/2563"))


def test_a_month_before_its_day_is_read_between_dashes_too(opened):
    long, short = quoted("Jan-05-2020", "Jan-17-2020"), quoted("Jan-05-20", "Jan-17-20")
    days = [datetime(2020, 1, 5), datetime(2020, 1, 17)]
    assert values(opened(long), "transacted_at") == days
    assert refusal(opened, short).endswith("--set log.date_format=%b-%d-%y")
    assert values(opened(short, date_format="%b-%d-%y"), "transacted_at") == days
