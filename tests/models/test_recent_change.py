"""A change that only the last days show: seen where it is one, and silent where it is none."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.blend.recent_change import recent_change, window_cutoffs, window_days
from models.history import LevelError

TODAY, HORIZON = date(2024, 6, 1), 80
CUTOFFS = window_cutoffs(TODAY, HORIZON, date(2022, 1, 1))


def seen(seed, churn=0.0, purchases=0.0, amount=0.0, cutoffs=CUTOFFS, season=0.0, horizon=HORIZON):
    """Errors of ordinary windows, and of the last one changed by so much."""
    rng = np.random.default_rng(seed)
    errors, amounts = {}, {}
    for day in cutoffs:
        last = day == cutoffs[-1]
        wave = season * np.cos(2 * np.pi * (day - TODAY).days / 365.25)
        errors[day] = LevelError(
            churn=rng.normal(0.1, 0.04) + wave - churn * last,
            purchases=rng.normal(-0.1, 0.04) - wave - purchases * last,
            variance=0.001,
        )
        amounts[day] = rng.normal(0.02, 0.02) + amount * last
    return recent_change(errors, amounts, horizon)


def test_the_windows_are_the_last_one_and_those_before_any_judged_horizon_is_over():
    days = timedelta(days=window_days(HORIZON))
    assert CUTOFFS[-1] + days == TODAY
    assert all(day <= TODAY - timedelta(days=HORIZON) for day in CUTOFFS[:-1])


def test_ordinary_logs_are_silent():
    assert [seed for seed in range(40) if seen(seed)] == []


def test_a_season_that_came_in_earlier_years_is_none():
    years = window_cutoffs(TODAY, HORIZON, date(2019, 1, 1))
    assert [seed for seed in range(20) if seen(seed, cutoffs=years, season=0.3)] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": 0.27}, "more was spent on each purchase than expected"),
        ({"purchases": -0.7}, "fewer purchases came than expected"),
        ({"churn": 0.8}, "the odds of a purchase were"),
        ({"purchases": -0.6, "amount": 0.25}, "fewer purchases came and"),
    ],
)
def test_a_change_is_told_in_its_direction(change, words):
    found = seen(3, **change)
    assert words in found.words
    for name, size in {"purchases": 0.0, "amount": 0.0, **change}.items():
        value = found.silence if name == "churn" else getattr(found, name)
        assert value == pytest.approx(size, abs=0.2)


def test_too_few_earlier_windows_say_nothing():
    assert seen(3, amount=0.5, cutoffs=CUTOFFS[-4:]) is None


def test_a_log_in_its_second_year_tells_changes_though_no_forecast_knew_a_season():
    second_year = window_cutoffs(TODAY, 120, date(2022, 11, 1))
    assert second_year[0] < date(2023, 1, 1)
    changed = [seen(seed, purchases=1.5, cutoffs=second_year, horizon=120) for seed in range(10)]
    assert all("more purchases came" in one.words for one in changed)
    for season in (0.0, 0.3):
        told = [seen(s, cutoffs=second_year, horizon=120, season=season) for s in range(40)]
        assert told == [None] * 40
