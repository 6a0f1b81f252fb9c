"""Windows of the next purchase: their ends, and how wide past ones had to be."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.blend.conformal_tails import MIDDLE, conformal_tails
from models.blend.next_purchase_window import NextPurchase
from models.blend.waiting_times import WaitingTimes, window
from models.contenders.btyd import BtydContender
from models.evaluation.intervals import coverage
from models.history import History

DAYS = np.arange(1.0, 31.0)


def test_the_next_purchase_window_of_a_steady_customer_is_the_middle_of_its_days():
    days = np.arange(1.0, 61.0)
    by_then = (1 - np.exp(-days / 30))[:, None]
    first, last = window(by_then, days)
    whole = 1 - np.exp(-2.0)
    # The window's whole days end where 10 and 90 % are reached, to the nearest midnight.
    assert first[0] == round(-30 * np.log(1 - 0.1 * whole))
    assert last[0] + 1 == round(-30 * np.log(1 - 0.9 * whole))


def test_a_window_holds_at_least_a_day_and_ends_with_the_horizon():
    days = np.array([1.0, 5.0, 30.0])
    certain_today, certain_at_the_end, nobody = [1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]
    first, last = window(np.array([certain_today, certain_at_the_end, nobody]).T, days)
    assert ((first >= 0) & (first <= last) & (last <= 29)).all()
    assert (first[0], last[0]) == (0, 0)


@pytest.mark.slow
def test_known_rhythm_gives_a_window_that_holds_four_in_five():
    """Erlang-3 gaps of customers who never leave, drawn one by one."""
    rng = np.random.default_rng(4)
    n, horizon = 3_000, 60
    rate = rng.gamma(4.0, 1 / 60, n)
    gaps = rng.gamma(3.0, size=(n, 200)) / 3 / rate[:, None]
    at = np.floor(np.cumsum(gaps, axis=1))
    before, after = at < 300, (at >= 300)
    last = np.where(before, at, 0.0).max(axis=1)
    rfm = pd.DataFrame({"frequency": before.sum(axis=1).astype(float), "recency": last, "T": 300.0})
    wait = np.where(after, at, np.inf).min(axis=1) - 300
    population = rfm.assign(monetary_value=0.0, n_customers=1.0)
    day = date(2024, 1, 1)
    history = History(day, horizon, pd.DataFrame({"cutoff": []}), {day: population})
    bought = wait < horizon
    held, width = {}, {}
    for name in ("mbg_cnbd_k", "mbg_nbd"):
        first, final = NextPurchase(horizon, BtydContender(name).fit(history)).window(rfm)
        held[name] = coverage(wait[bought], first[bought], final[bought])
        width[name] = (final - first)[bought].mean()
    # 2,800 customers: a standard error of .008; the model of the population is estimated.
    assert held["mbg_cnbd_k"] == pytest.approx(0.8, abs=0.03)
    assert width["mbg_cnbd_k"] < 0.85 * width["mbg_nbd"]


def waits(day: np.ndarray, rate: float) -> WaitingTimes:
    """Days of purchases of which was said that they come at random at a rate."""
    by_then = np.repeat((1 - np.exp(-rate * DAYS))[:, None], len(day), axis=1)
    return WaitingTimes(by_then, DAYS, day, np.ones(len(day)))


def random_days(rate: float, n: int, seed: int) -> np.ndarray:
    wait = np.random.default_rng(seed).exponential(1 / rate, 3 * n)
    return np.floor(wait[wait < 30])[:n]


def test_where_the_rhythm_is_right_the_middle_is_kept():
    low, high = conformal_tails([waits(random_days(0.08, 5000, 0), 0.08)])
    assert low == pytest.approx(MIDDLE[0], abs=0.03)
    assert high == pytest.approx(MIDDLE[1], abs=0.03)


@pytest.mark.parametrize(("said", "true"), [(0.4, 0.15), (0.05, 0.4)])
def test_windows_that_missed_are_moved_and_then_hold(said, true):
    past, later = (waits(random_days(true, 5000, seed), said) for seed in (1, 2))
    missed = coverage(later.day, *window(later.by_then, DAYS))
    held = coverage(later.day, *window(later.by_then, DAYS, conformal_tails([past])))
    assert abs(missed - 0.8) > 0.08
    assert held > 0.77


def test_windows_that_held_more_than_they_should_are_narrowed():
    exact = np.full(1000, 12.0)
    first, last = window(waits(exact, 0.08).by_then, DAYS, conformal_tails([waits(exact, 0.08)]))
    wide = np.subtract(*window(waits(exact, 0.08).by_then, DAYS)[::-1])
    assert ((first <= 12) & (last >= 12)).all()
    assert (last - first).mean() < 0.8 * wide.mean()


def test_few_buyers_leave_the_middle():
    assert conformal_tails([waits(np.full(150, 12.0), 0.08)]) == MIDDLE
    assert conformal_tails([]) == MIDDLE
