"""Faults of a log raise the alarm that names them, and a quiet log raises none."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.evaluation.drift import profile_of
from pipeline.learning.profile import account
from pipeline.watching.health import health
from pipeline.watching.signals import Signal
from pipeline.watching.words import signals
from pipeline.watching_config import MonitoringConfig
from tests.pipeline.watching.made import made

START, WEEKS = date(2024, 1, 1), 40
END = START + timedelta(days=7 * WEEKS)


def rows(seed=0):
    """Some thirty orders a day, of three channels."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(30, 7 * WEEKS)
    days = np.repeat(np.arange(7 * WEEKS), n)
    return pd.DataFrame(
        {
            "who": rng.integers(0, 4000, len(days)).astype(str),
            "day": [START + timedelta(days=int(day)) for day in days],
            "amount": np.round(rng.gamma(4, 10, len(days)) + 1, 2),
            "channel": rng.choice(["web", "app", "shop"], len(days), p=(0.6, 0.3, 0.1)),
            "nth": np.arange(len(days)),
        }
    )


LAST = END - timedelta(days=7)


def doubled(log):
    return pd.concat([log, log[log.day >= LAST]])


def prices(log):
    return log.assign(amount=log.amount.where(log.day < LAST, log.amount * 2))


def lost_channel(log):
    return log[(log.day < LAST) | (log.channel != "app")]


def half_the_rows(log):
    return log[(log.day < LAST) | (log.nth % 2 == 0)]


def unnamed(log):
    return log.assign(channel=log.channel.where((log.day < LAST) | (log.nth % 3 > 0)))


def renamed(log):
    return log.assign(channel=log.channel.where(log.day < LAST, log.channel + "2"))


def guests(log):
    return log.assign(who=log.who.where((log.day < LAST) | (log.nth % 2 == 0)))


def shorter(log):
    return log[log.day >= START + timedelta(days=30)]


def watch(log, today=END, then=None, **keys):
    """The alarms of a log whose model learned a week ago, and all signals."""
    with made(log, ("channel",)) as orders:
        signals, weeks = health(orders, then or known(), MonitoringConfig(**keys), today)
    return {signal.name for signal in signals if signal.risen}, signals, weeks


def known():
    """What a model keeps that learned from the quiet log up to its last week."""
    log = rows()
    log = log[log.day < LAST]
    counts = {"rows": len(log), "set_aside": 0, "anonymous": 0, "duplicates": 0}
    features = {"channel": profile_of(log.channel)}
    days = len(log.drop_duplicates(["who", "day"]))
    return SimpleNamespace(
        settings={"profile": {"rows": counts, "features": features}},
        log=SimpleNamespace(purchase_days=days),
        cutoffs=(LAST,),
        attributes=("channel",),
    )


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda log: log, set()),
        (doubled, {"rows_per_purchase", "duplicates"}),
        (prices, {"amount"}),
        (lost_channel, {"value_lost"}),
        (half_the_rows, {"volume"}),
        (unnamed, {"value_missing"}),
        (renamed, {"value_lost", "value_new"}),
        (guests, {"anonymous", "volume"}),
        (shorter, {"past"}),
        (lambda log: log[log.day < LAST - timedelta(days=20)], {"past", "last_order"}),
    ],
    ids=[
        *("quiet", "doubled", "prices", "lost_channel", "half_the_rows", "unnamed", "renamed"),
        *("guests", "shorter", "cut_off"),
    ],
)
def test_51_a_fault_of_the_log_raises_the_alarm_that_names_it(fault, expected):
    risen, signals, _ = watch(fault(rows()))
    assert risen == expected, [one.words for one in signals if one.risen]


@pytest.mark.slow
def test_an_old_log_and_a_clock_turned_back_are_alarms():
    assert watch(rows(), END + timedelta(days=4))[0] == {"last_order"}
    risen, signals, _ = watch(rows(), LAST)
    assert risen == {"last_order"}
    assert "is the clock right" in next(one.words for one in signals if one.risen)
    assert watch(rows(), END + timedelta(days=4), last_order_days=5)[0] == set()


def test_an_age_of_years_is_shown_in_days_and_not_in_powers_of_ten():
    old = Signal("last_order", "data", "log", 1064.0, 3.0, True, "")
    ((_, value, limit, *_),) = signals(SimpleNamespace(signals=[old]))
    assert (value, limit) == ("1,064", "3")


def test_weeks_are_counted_as_pandas_counts_them():
    log = rows(3)
    _, _, weeks = watch(log)
    back = (np.array([(END - timedelta(days=1) - day).days for day in log.day])) // 7
    days = log.assign(week=back).drop_duplicates(["who", "day"])
    expected = days.groupby("week").size()
    assert weeks.purchases.tolist() == expected.tolist()
    assert len(weeks) == WEEKS


def test_the_week_of_a_monthly_bill_is_no_alarm_and_no_multiple_of_none():
    ends = pd.date_range(START, END - timedelta(days=1), freq="ME").date
    log = pd.DataFrame([(f"C{n}", day) for day in ends for n in range(138)], columns=["who", "day"])
    log = log.assign(amount=9.9, channel="web", nth=range(len(log)))
    volume = next(one for one in watch(log, START + timedelta(days=274))[1] if one.name == "volume")
    assert volume.words == "In the last week: 138 purchase days, usually none."
    assert not volume.risen


def test_a_quiet_log_of_few_orders_is_no_alarm():
    log = rows()
    few = log[log.nth % 25 == 0]
    then = known()
    then.log.purchase_days = len(few[few.day < LAST].drop_duplicates(["who", "day"]))
    then.settings["profile"]["rows"]["rows"] = len(few[few.day < LAST])
    assert watch(few, then=then)[0] == set()


def test_the_account_of_rows_adds_up():
    from features.log.reasons import Counts

    counts = Counts(10, 6, {"customer_blank": 3, "date_blank": 1}, {}, 2, 0, 0, 0)
    assert account(counts) == {"rows": 10, "set_aside": 1, "anonymous": 3, "duplicates": 2}
