"""The days of a run: labels complete before each, and a refusal that says what would fit."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UserError
from pipeline.config import Config
from pipeline.cutoffs import plan

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


@given(horizon=st.integers(1, 400), span=st.integers(2, 4000))
def test_a_refused_horizon_names_one_that_fits(horizon, span):
    end = FIRST + timedelta(days=span)
    try:
        plan(config(), horizon, FIRST, end)
    except UserError as error:
        if "Use horizon_days up to" in str(error):
            fits = int(str(error).split("up to ")[1].split(",")[0])
            assert plan(config(), fits, FIRST, end).backtest


@given(
    horizon=st.integers(1, 400),
    span=st.integers(2, 1200),
    known=st.one_of(st.none(), st.integers(0, 300)),
)
def test_a_refused_log_says_how_many_days_are_missing_to_the_day(horizon, span, known):
    first = None if known is None else FIRST + timedelta(days=known)
    asked = config(training={"first_cutoff": first})
    try:
        plan(asked, horizon, FIRST, FIRST + timedelta(days=span))
    except UserError as error:
        missing = int(str(error).split("bring ")[1].split()[0])
        assert plan(asked, horizon, FIRST, FIRST + timedelta(days=span + missing)).backtest
        with pytest.raises(UserError):
            plan(asked, horizon, FIRST, FIRST + timedelta(days=span + missing - 1))


def test_default_cutoffs_of_a_horizon_share_their_panels():
    days = plan(config(), 91, FIRST, date(2022, 1, 1))
    assert len(days.backtest) == 3
    assert set(days.backtest) <= set(days.panels[days.as_of]) | {days.backtest[0]}


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
