"""The days of a run: labels complete before each, and a refusal that says what would fit."""

import re
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UserError
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import plan, shortest_log
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import planned

LOG = {"source": "x.csv", "columns": {"customer_id": "c", "transacted_at": "t"}}
FIRST = date(2020, 1, 1)


def config(**sections):
    return Config(log=LOG, **sections)


@given(
    horizon=st.integers(1, 400),
    span=st.integers(2, 4000),
    step=st.one_of(st.none(), st.integers(1, 200)),
    cutoffs=st.integers(1, 6),
)
def test_nothing_is_learned_from_a_label_that_was_not_complete(horizon, span, step, cutoffs):
    end = FIRST + timedelta(days=span)
    asked = config(training={"step_days": step}, backtest={"cutoffs": cutoffs})
    try:
        days = plan(asked, horizon, FIRST, end)
    except UserError:
        return
    length = timedelta(days=horizon)
    assert days.backtest
    assert max(days.backtest) + length <= end
    assert set(days.panels) == {*days.backtest, end}
    for until, panel in days.panels.items():
        assert panel, "a day of judgement without anything to learn from"
        assert max(panel) + length <= until
        assert min(panel) > FIRST


def fits(asked, horizon, span):
    """Whether a log of so many days is neither refused for its cutoffs nor for its length."""
    try:
        return span >= shortest_log(horizon) and plan(
            asked, horizon, FIRST, FIRST + timedelta(days=span)
        )
    except UserError:
        return False


@pytest.mark.slow
@given(
    horizon=st.integers(1, 400),
    span=st.integers(2, 1500),
    known=st.one_of(st.none(), st.integers(0, 1600)),
)
def test_each_way_out_of_a_refused_horizon_is_one(horizon, span, known):
    first = None if known is None else FIRST + timedelta(days=known)
    asked = config(training={"first_cutoff": first})
    try:
        plan(asked, horizon, FIRST, FIRST + timedelta(days=span))
    except UserError as error:
        if longest := re.search(r"horizon_days up to (\d+)", str(error)):
            assert fits(asked, int(longest[1]), span)
            assert not fits(asked, int(longest[1]) + 1, span)
        if latest := re.search(r"first_cutoff up to (\S+),", str(error)):
            assert fits(config(training={"first_cutoff": latest[1]}), horizon, span)
        missing = int(re.search(r"ring (\d+) more days", str(error))[1])
        assert fits(asked, horizon, span + missing)
        assert not fits(asked, horizon, span + missing - 1)


def test_default_cutoffs_of_a_horizon_share_their_panels():
    days = plan(config(), 91, FIRST, date(2022, 1, 1))
    assert len(days.backtest) == 3
    assert set(days.backtest) <= set(days.panels[days.as_of]) | {days.backtest[0]}


@pytest.mark.parametrize(
    ("horizon", "span", "back", "months"),
    [
        (30, 1500, 365, 12),
        (7, 1500, 365, 12),
        (200, 1500, 600, 12),
        (30, 500, 250, 8),
        (91, 546, 273, 8),
    ],
)
def test_the_earliest_default_cutoff_lies_as_far_back_as_clv_sums_up(horizon, span, back, months):
    end = date(2024, 1, 1)
    days = plan(config(), horizon, end - timedelta(days=span), end)
    assert len(days.backtest) == 3
    assert days.backtest[1:] == tuple(end - timedelta(days=horizon * k) for k in (2, 1))
    assert days.backtest[0] == end - timedelta(days=back)
    assert days.months[days.backtest[0]] == months


def test_the_earliest_default_cutoff_waits_for_a_telling_day_and_for_labels():
    end = date(2024, 1, 1)
    opened = date(2023, 5, 1)
    days = plan(config(), 30, date(2021, 1, 1), end, telling=lambda day: day >= opened)
    assert opened <= days.backtest[0] < opened + timedelta(days=7)
    none = plan(config(), 30, date(2021, 1, 1), end, telling=lambda day: False)
    assert none.backtest == tuple(end - timedelta(days=30 * k) for k in (3, 2, 1))
    late = config(training={"first_cutoff": "2023-05-01"})
    days = plan(late, 30, date(2021, 1, 1), end)
    assert date(2023, 5, 31) <= days.backtest[0] < date(2023, 6, 7)


def test_of_a_champions_cutoffs_the_latest_are_judged_at_again():
    end, judged = date(2024, 1, 1), None
    for month in range(12):
        now = end + timedelta(days=30 * month)
        judged = plan(config(), 30, date(2021, 1, 1), now, judged or ()).backtest
        assert len(judged) <= 6


def test_one_cutoff_is_the_latest():
    days = plan(config(backtest={"cutoffs": 1}), 30, FIRST, date(2024, 1, 1))
    assert days.backtest == (date(2023, 12, 2),)


def test_dates_are_taken_as_given():
    asked = config(backtest={"cutoffs": ["2020-12-01", "2021-03-01"]})
    assert plan(asked, 60, FIRST, date(2021, 6, 1)).backtest == (
        date(2020, 12, 1),
        date(2021, 3, 1),
    )


def test_dates_that_cannot_be_judged_are_counted_and_refused():
    asked = config(backtest={"cutoffs": ["2020-01-15", "2021-05-20", "2021-03-01"]})
    with pytest.raises(UserError, match=r"1 of 3 .* not over .*2021-04-02.*1 have no training"):
        plan(asked, 60, FIRST, date(2021, 6, 1))


def test_further_cutoffs_are_added_where_the_log_carries_them():
    end = date(2022, 1, 1)
    alone = plan(config(), 91, FIRST, end)
    possible, too_late = date(2021, 3, 3), date(2021, 12, 1)
    both = plan(config(), 91, FIRST, end, (possible, too_late))
    assert set(both.backtest) == {*alone.backtest, possible}
    assert max(both.panels[possible]) + timedelta(days=91) <= possible


@given(horizon=st.integers(1, 400), span=st.integers(100, 4000))
def test_recent_cutoffs_and_levels_are_of_days_that_are_over(horizon, span):
    end = FIRST + timedelta(days=span)
    try:
        days = plan(config(), horizon, FIRST, end)
    except UserError:
        return
    assert set(days.recent) == set(days.panels)
    for until, recent in days.recent.items():
        assert all(until - timedelta(days=horizon) < day < until for day in recent)
    assert all(day + timedelta(days=horizon) <= end for day in days.levels)
    assert not set(days.unfinished) & set(days.labelled)
    assert 1 <= len(days.levels) < 70
    if span > 5 * 365:
        assert (days.backtest[0] - days.levels[0]).days > 2 * 365 or horizon > 200


def test_the_level_is_looked_at_on_the_same_day_of_earlier_years():
    days = plan(config(), 90, FIRST, FIRST + timedelta(days=1500))
    for day in (*days.backtest, days.as_of):
        past = [day - timedelta(days=round(365.25 * years)) for years in (1, 2, 3)]
        assert {c for c in past if c >= min(days.panels[min(days.backtest)])} <= set(days.levels)
        assert day - timedelta(days=365) in days.levels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pilots", "closed", "latest", "earliest"),
    [
        (12, 0, 181, 200),  # the others come 200 to 181 days before the end
        (200, 0, 365, 366),
        (200, 120, 245, 275),  # it opens again 245 days before the end, within the horizon
    ],
)
def test_the_earliest_cutoff_has_customers_before_it_and_purchases_after_it(
    tmp_path, pilots, closed, latest, earliest
):
    """So many days before the end of a log of two years."""
    end, rows = date(2024, 1, 1), []
    for customer in range(300):
        first = 730 if customer < pilots else 200
        for ago in range(first - customer % 20, 0, -20):
            if not 365 - closed < ago <= 365:
                rows.append((f"c{customer}", end - timedelta(days=ago), 9.5))
    frame = pd.DataFrame(rows, columns=["c", "t", "a"])
    frame.to_csv(tmp_path / "log.csv", index=False)
    columns = {"customer_id": "c", "transacted_at": "t", "amount": "a"}
    asked = Config(log={"source": str(tmp_path / "log.csv"), "columns": columns})
    with open_orders(asked.log, Progress(quiet=True)) as orders:
        found = (orders.end - planned(orders, asked, 30).backtest[0]).days
    assert latest <= found <= earliest
