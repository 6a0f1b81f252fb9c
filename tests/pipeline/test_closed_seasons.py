"""No window of the next purchase begins or ends on a day on which the business never sells."""

import random
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.engines.duckdb import connect
from pipeline.command_line.main import run
from pipeline.intake.closed_seasons import closed_days, closed_seasons, on_open_days, seasons_of
from pipeline.scoring.batch import WINDOW
from tests.pipeline import shop

SUMMER = [("07-01", "08-31")]


def traded(years=3, shut=lambda day: day.month in (7, 8), first=date(2021, 1, 1)):
    days = (first + timedelta(days=n) for n in range(round(365.25 * years)))
    return [day for day in days if not shut(day)]


def test_a_shop_that_is_shut_every_summer_is_closed_then():
    assert seasons_of(traded()) == SUMMER


def test_only_days_that_are_shut_in_all_years_are_closed():
    first = {2021: 20, 2022: 25, 2023: 28}

    def shut(day):
        return (day.month == 6 and day.day >= first[day.year]) or day.month == 7

    assert seasons_of(traded(shut=shut)) == [("06-28", "07-31")]


def test_christmas_is_closed_on_both_sides_of_the_new_year():
    def shut(day):
        return (day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 10)

    assert seasons_of(traded(4, shut)) == [("01-01", "01-10"), ("12-20", "12-31")]


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(traded(1.5), id="one summer only"),
        pytest.param(traded(shut=lambda d: (d.year, d.month) == (2022, 8)), id="a hole"),
        pytest.param(traded(shut=lambda d: d.day > 10 and d.month == 8 and d.day < 20), id="days"),
        pytest.param(sorted(random.Random(1).sample(traded(), 80)), id="few days by chance"),
        pytest.param(traded(shut=lambda d: d.month in (7, 8) or d.day % 3), id="hardly ever"),
        pytest.param([], id="no purchase"),
        pytest.param([date(2024, 1, 1)], id="one purchase"),
    ],
)
def test_what_may_be_chance_or_an_accident_is_no_season(days):
    assert seasons_of(days) == []


def test_a_season_is_read_from_the_log_as_it_was_known():
    engine = connect(threads=1)
    rows = pa.table({"transacted_at": traded(), "amount": [1.0] * len(traded())})
    back = pa.table({"transacted_at": [date(2022, 7, 15)], "amount": [-5.0]})
    days = engine.create_table("days", pa.concat_tables([rows, back]))
    assert closed_seasons(days, date(2024, 1, 1)) == SUMMER
    assert closed_seasons(days, date(2022, 7, 1)) == []


@st.composite
def windows(draw):
    closed = np.array(draw(st.lists(st.booleans(), min_size=2, max_size=60)))
    ends = draw(st.lists(st.tuples(*[st.integers(0, len(closed) - 1)] * 2), max_size=20))
    first, last = np.sort(np.array([*ends, (0, len(closed) - 1)]), axis=1).T
    return closed, first.astype(float), last.astype(float)


@given(windows())
def test_windows_lose_no_open_day_and_have_open_ends(drawn):
    closed, first, last = drawn
    begun, ended = on_open_days(first, last, closed)
    assert (begun <= ended).all()
    if closed.all():
        return
    for n in range(len(first)):
        before = np.arange(int(first[n]), int(last[n]) + 1)
        kept = before[~closed[before]]
        assert not closed[int(begun[n])]
        assert not closed[int(ended[n])]
        assert ((kept >= begun[n]) & (kept <= ended[n])).all()
        if len(kept):
            assert (begun[n], ended[n]) == (kept[0], kept[-1])
    told = on_open_days(np.array([np.nan]), np.array([np.nan]), closed)
    assert np.isnan(told).all()


def test_a_window_within_the_season_follows_it():
    closed = closed_days(SUMMER, date(2024, 6, 20), 90)
    named = pd.date_range("2024-06-20", periods=90)
    np.testing.assert_array_equal(closed, named.month.isin([7, 8]))
    begun, ended = on_open_days(np.array([15.0, 5.0]), np.array([25.0, 40.0]), closed)
    assert [str(named[int(day)].date()) for day in (*begun, *ended)] == [
        "2024-09-01",
        "2024-06-25",
        "2024-09-11",
        "2024-06-30",
    ]


def test_a_leap_day_is_closed_with_the_day_before():
    assert closed_days([("02-20", "03-05")], date(2024, 2, 28), 3).all()
    assert not closed_days([("03-01", "03-05")], date(2024, 2, 29), 1).any()


@pytest.mark.thorough
def test_scores_have_no_window_that_begins_or_ends_while_the_shop_is_shut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng, rows = np.random.default_rng(4), []
    for number in range(300):
        day = int(rng.integers(0, 700))
        while day < 900 and rng.random() > 0.03:
            when = date(2021, 1, 1) + timedelta(days=day)
            if when.month not in (7, 8) and when < date(2023, 6, 16):
                paid = f"{rng.gamma(4, 8) + 1:.2f}"
                rows.append((f"c{number}", when.isoformat(), paid, str(len(rows)), "NO"))
            day += 1 + int(rng.exponential(25))
    shop.write(tmp_path / "orders.csv", sorted(rows, key=lambda r: r[1]))
    assert shop.train("--promote") == 0
    assert run(["score", "orders.csv", "--out", "scores.parquet", "--quiet"]) == 0
    found = pd.read_parquet("scores.parquet")
    ends = [pd.to_datetime(found[name]).dropna() for name in WINDOW]
    assert len(ends[0]) > 100
    assert not any(end.dt.month.isin([7, 8]).any() for end in ends)
    assert (ends[1].dt.month == 6).all(), "the horizon ends in August"
