"""A small change that stays is seen, a season that comes back and steady growth are not."""

from datetime import date

import numpy as np
import pytest

from pipeline.watching.cusum import FEWEST, YEAR, cusum, slow_change

LEARNED, LIMIT = date(2024, 1, 1), 7.0
BEFORE, AFTER = 2 * YEAR, 40


def weeks(change, mean=200, seed=0):
    """Purchase days of weeks with a season of 35 %, the last one first."""
    week = np.arange(-BEFORE, AFTER)
    season = 1 + 0.35 * np.cos(2 * np.pi * week / YEAR)
    return np.random.default_rng(seed).poisson(mean * season * change(week))[::-1]


def watched(purchases, since=AFTER):
    return slow_change(purchases, LEARNED, since, LIMIT)


@pytest.mark.parametrize(
    ("change", "risen", "sign"),
    [
        (lambda week: 1.0, False, 0),
        (lambda week: 1.004**week, False, 0),
        (lambda week: np.where((week == 20) | (week == 21), 0.0, 1.0), False, 0),
        (lambda week: np.where(week < 0, 1.0, 0.7), True, -1),
        (lambda week: np.where(week < 0, 1.0, np.exp(-week / 56)), True, -1),
        (lambda week: np.where(week < 0, 1.0, 1.3), True, 1),
    ],
    ids=["quiet", "growth", "closed", "lost_channel", "slow_decline", "more"],
)
def test_a_change_that_stays_is_an_alarm_and_a_season_is_none(change, risen, sign):
    found = [watched(weeks(change, seed=seed)) for seed in range(8)]
    assert [one.risen for one in found] == [risen] * 8
    if risen:
        assert {np.sign(one.value) for one in found} == {sign}
        assert all(one.kind == "answer" for one in found)


def test_three_in_ten_purchases_less_are_an_alarm_within_five_weeks():
    purchases = weeks(lambda week: np.where(week < 0, 1.0, 0.7))
    assert watched(purchases[AFTER - 5 :], 5).risen
    assert not watched(purchases[AFTER - 1 :], 1).risen


def test_a_false_alarm_in_the_first_quarter_after_a_training_is_rare():
    quiet = [weeks(lambda week: 1.0, seed=seed)[AFTER - 13 :] for seed in range(300)]
    assert np.mean([watched(one, 13).risen for one in quiet]) < 0.05


def test_a_young_log_and_a_model_of_today_have_no_sum():
    purchases = weeks(lambda week: 1.0)
    assert watched(purchases[: AFTER + YEAR + FEWEST - 1]) is None
    assert watched(purchases[: AFTER + YEAR + FEWEST]) is not None
    assert watched(purchases, 0) is None


def test_days_without_any_purchase_are_no_error():
    assert not watched(np.zeros(BEFORE + AFTER)).risen


def test_the_words_tell_the_weeks_of_the_change():
    found = watched(weeks(lambda week: np.where(week < 0, 1.0, 0.5), 5000)[AFTER - 10 :], 10)
    assert found.words.startswith("Purchase days of the last 10 weeks: 0.5")
    assert cusum(np.zeros(3)) == (0.0, 0)


def test_one_week_is_held_against_what_so_few_weeks_can_foretell():
    """The error of a new value: that of the week, and that of the mean it is held against."""
    more = weeks(lambda week: np.where(week == 0, 1.15, 1.0))
    purchases = more[AFTER - 1 : AFTER + YEAR + FEWEST].astype(float)
    logs = np.log(purchases + 0.5)
    last, *usual = logs[:-YEAR] - logs[YEAR:]
    assert len(usual) == FEWEST
    error = np.std(usual, ddof=1) * np.hypot(1, FEWEST**-0.5)
    beyond = (last - np.mean(usual)) / error
    assert 0.5 < abs(beyond) < 3
    found = slow_change(purchases, LEARNED, 1, LIMIT)
    assert found.value == pytest.approx(np.sign(beyond) * max(abs(beyond) - 0.5, 0), rel=1e-9)
