"""After the horizon: where customers tire, the value of a year is held against earlier years."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.blend.blend import Blend
from models.blend.error_growth import error_growth, later_season
from models.blend.extrapolation import Extrapolation
from models.blend.level_error import level_error
from models.contenders.btyd import BtydContender
from models.history import LABELS, History, LevelError, Longer
from models.periods import LONGEST, periods

HORIZON = 60
END = date(2020, 1, 1)


def errors(of, years: float = 2.0, horizon: int = HORIZON) -> dict[date, LevelError]:
    """Level errors of a log that began so many years ago; `of` maps age and lead, in years."""
    found = {}
    for ago in range(horizon, int(years * 365) - horizon, 30):
        over = [days for days in periods(horizon, ago) if days > horizon]
        age = years - ago / 365.25
        later = {days: 0.1 + of(age, days / 2 / 365.25) for days in over}
        found[END - timedelta(days=ago)] = LevelError(0.0, 0.1, later=later)
    return found


def told(level_errors, years: float = 2.0) -> History:
    none = pd.DataFrame(columns=["cutoff", *LABELS])
    population = pd.DataFrame({"T": [years * 365.25], "n_customers": [1.0]})
    return History(END, HORIZON, none, {END: population}, level_errors=level_errors)


def test_without_longer_periods_nothing_is_corrected():
    assert error_growth(told({END - timedelta(days=90): LevelError(0.3, 0.3)})) == 0.0
    assert error_growth(told({})) == 0.0


def test_a_level_that_is_off_for_good_is_no_growth():
    assert error_growth(told(errors(lambda age, lead: 0.0))) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("yearly", [-0.6, 0.8])
def test_an_error_that_grows_is_found(yearly):
    found = error_growth(told(errors(lambda age, lead: yearly * lead)))
    assert found == pytest.approx(yearly, rel=0.25)


def test_what_only_young_logs_show_is_hardly_carried_on():
    def of(age, lead):
        return 1.5 * lead * np.exp(-2 * age)

    assert 0 < error_growth(told(errors(of, 3.0), 3.0)) < 0.3


def test_errors_that_come_and_go_are_hardly_followed():
    rng = np.random.default_rng(2)
    found = [error_growth(told(errors(lambda age, lead: rng.normal(0, 0.3)))) for _ in range(20)]
    assert np.sqrt(np.mean(np.square(found))) < 0.25


def test_one_cutoff_says_less_than_many():
    one = dict(list(errors(lambda age, lead: 0.8 * lead).items())[-1:])
    assert (
        0 < error_growth(told(one)) < 0.5 * error_growth(told(errors(lambda age, lead: 0.8 * lead)))
    )


def seasonal(age, lead):
    """Asked on one day of the year far too much, half a year later far too little."""
    return 0.9 * np.cos(2 * np.pi * age)


def of_horizons(level_errors, now):
    """The same, with errors of the horizon: `now` maps years before today."""
    return {
        day: replace(error, purchases=now((END - day).days / 365.25))
        for day, error in level_errors.items()
    }


def as_last_year(ago):
    """A season's errors of the horizon come back each year."""
    return 1.2 * np.sin(2 * np.pi * ago)


@pytest.mark.parametrize("years", [2.0, 3.0])
def test_a_year_asked_about_on_the_same_day_of_the_year_tells_the_coming_one(years):
    # The whole difference is .9 on such a day; half a year later it has the other sign.
    known = of_horizons(errors(seasonal, years), as_last_year)
    assert 0.35 < later_season(told(known, years), 0.1, 0.0) < 0.45
    half = errors(lambda age, lead: seasonal(age + 0.5, lead), years)
    known = of_horizons(half, as_last_year)
    assert -0.45 < later_season(told(known, years), 0.1, 0.0) < -0.35


def test_customers_who_left_together_once_do_not_leave_again_on_the_same_day():
    """Of a move a year ago models expected far too much, until they knew who was gone."""

    def wave(ago):
        return 0.9 * np.exp(-((12 * (ago - 0.75)) ** 2) / 8)

    known = of_horizons(errors(seasonal, 2.2), wave)
    assert abs(later_season(told(known, 2.2), 0.1, 0.0)) < 0.08


def test_of_less_than_two_years_or_by_no_more_than_chance_the_year_before_says_nothing():
    assert later_season(told(errors(seasonal, 1.9), 1.9), 0.1, 0.0) == 0.0
    small = errors(lambda age, lead: 0.14, 3.0)
    assert later_season(told(small, 3.0), 0.1, 0.0) == 0.0
    assert later_season(told({}, 3.0), 0.1, 0.0) == 0.0


@pytest.mark.slow
def test_the_value_of_more_months_is_never_less(history, outcomes):
    btyd = BtydContender("mbg_nbd").fit(history)
    for course in (
        Extrapolation(error_growth=0.9),
        Extrapolation(error_growth=-0.5),
        Extrapolation(transient=2.0),
        Extrapolation(0.4, 0.6),
    ):
        lengths = [course.lengths(btyd, outcomes, days)[0] for days in range(20, 2000, 45)]
        assert (np.diff(lengths, axis=0) >= -1e-9).all()


def test_an_uncorrected_course_is_the_models_own(history, outcomes):
    btyd = BtydContender("mbg_nbd").fit(history)
    whole = btyd.expected_purchases(outcomes, 300) / btyd.expected_purchases(outcomes, HORIZON)
    for length in Extrapolation().lengths(btyd, outcomes, 300):
        np.testing.assert_allclose(length, whole)
    tired, as_before = Extrapolation(error_growth=0.8).lengths(btyd, outcomes, 300)
    np.testing.assert_allclose(as_before, whole)
    assert ((tired > 1) & (tired < whole)).all()


def test_a_period_that_was_not_over_is_refused_and_forgotten():
    day = END - timedelta(days=200)
    error = LevelError(0.0, 0.0, later={120: 0.2, 240: 0.4})
    with pytest.raises(ValueError, match="came after"):
        told({day: error})
    known = replace(told({day: error.known_after(200)}))
    assert known.level_errors[day].later == {120: 0.2}


def test_going_back_forgets_periods_that_were_not_over():
    then = END - timedelta(days=200)
    now = replace(
        told(errors(lambda age, lead: lead)),
        populations={
            day: pd.DataFrame({"T": [400.0], "n_customers": [1.0]}) for day in (END, then)
        },
    )
    back = now.at(then)
    assert back.level_errors
    for day, error in back.level_errors.items():
        assert all(day + timedelta(days=span) <= then for span in (HORIZON, *error.later))


def test_months_that_are_not_over_are_refused():
    soon = Longer(END - timedelta(days=170), 6, pd.DataFrame())
    with pytest.raises(ValueError, match="not over"):
        replace(told({}), longer=soon)


def tiring(n_customers: int, seed: int, ends: int) -> pd.DataFrame:
    """Purchases of customers who never leave and buy ever less often."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n_customers):
        first, rate = int(rng.integers(0, 700)), rng.gamma(1.0, 1 / 20)
        since = np.arange(ends - first)
        came = first + np.flatnonzero(rng.poisson(rate * np.exp(-since / 200)))
        rows += [(customer, int(day), 20.0) for day in {first, *came}]
    return pd.DataFrame(rows, columns=["customer", "day", "amount"]).sort_values(
        ["customer", "day"]
    )


@pytest.fixture(scope="module")
def tired(make_history, make_outcomes):
    """A history at day 800 of `tiring` customers, all of them then, and what came in a year."""
    log, today = tiring(1200, seed=3, ends=800 + LONGEST), 800
    past = make_history(log[log["day"] < today], today, tuple(range(200, 741, 60)))
    errors = {}
    for ago in range(HORIZON, 640, 60):
        cutoff = today - ago
        over = periods(HORIZON, ago)
        rows = {days: make_outcomes(log, cutoff, days) for days in over}
        known = rows[HORIZON]
        came = {days: found["purchases"].sum() for days, found in rows.items()}
        day = past.cutoff - timedelta(days=ago)
        everybody = known.assign(n_customers=1.0)
        errors[day] = level_error(day, HORIZON, everybody, known["churned"].sum(), came)
    soon, rows = (make_outcomes(log, today, d).reset_index(drop=True) for d in (HORIZON, LONGEST))
    return replace(past, level_errors=errors), rows, soon["spend"].sum()


@pytest.mark.thorough
def test_the_value_of_customers_who_tire_is_held_against_earlier_years(tired):
    history, rows, soon = tired
    blend = Blend().fit(history)
    predicted = blend.predictions(rows)
    said, valued = predicted.answers, predicted.clv_by(12, history.cutoff)
    unaware = valued(replace(blend.fitted.extrapolation, error_growth=0.0)).sum()
    aware = predicted.clv(12, 0.0, history.cutoff)
    came = rows["spend"].sum()
    assert unaware > 1.4 * came
    assert aware.sum() == pytest.approx(came, rel=0.3)
    # The horizon's level apart, hardly anything is amiss.
    assert aware.sum() / said["expected_spend"].sum() == pytest.approx(came / soon, rel=0.05)
    assert any("a year later" in note for note in blend.notes)
    low, high = predicted.clv_interval(aware, 12, history.cutoff)
    held = (rows["spend"] >= low - 1e-9) & (rows["spend"] <= high + 1e-9)
    assert 0.7 < held.mean() < 0.97


@pytest.mark.thorough
def test_the_extrapolation_survives_the_file(tired):
    history, _, _ = tired
    blend = Blend().fit(history)
    again = Blend.restore(blend.parameters(), blend.estimators())
    assert again.fitted.extrapolation == blend.fitted.extrapolation


def staying(n_customers: int, seed: int, ends: int) -> pd.DataFrame:
    """Bills of one size every 30 days until a customer leaves, one in eight after each."""
    rng = np.random.default_rng(seed)
    first, bills = rng.integers(0, 700, n_customers), rng.geometric(1 / 8, n_customers)
    rows = [
        (customer, int(first[customer] + 30 * k), 20.0)
        for customer in range(n_customers)
        for k in range(bills[customer])
        if first[customer] + 30 * k < ends
    ]
    return pd.DataFrame(rows, columns=["customer", "day", "amount"])


@pytest.mark.thorough
def test_intervals_of_half_a_year_know_how_long_customers_stay(make_history, make_outcomes):
    today, months = 730, 6
    log = staying(900, seed=8, ends=1000)
    past = make_history(log[log["day"] < today], today, (550, 610, 670))
    cutoff = (pd.Timestamp(past.cutoff) - pd.DateOffset(months=months)).date()
    then, rows = today - (past.cutoff - cutoff).days, make_outcomes(log, today, 181)
    seen = make_outcomes(log, then, (past.cutoff - cutoff).days).reset_index(drop=True)
    held = {}
    for name, longer in {"before": None, "after": Longer(cutoff, months, seen)}.items():
        blend = Blend().fit(replace(past, longer=longer))
        predicted = blend.predictions(rows)
        clv = predicted.clv(months, 0.0, past.cutoff)
        low, high = predicted.clv_interval(clv, months, past.cutoff)
        active = (predicted.answers["p_churn"] < 0.5).to_numpy()
        inside = (low - 1e-9 <= rows["spend"]) & (rows["spend"] <= high + 1e-9)
        held[name] = inside[active].mean()
    assert held["before"] < 0.65
    assert 0.7 < held["after"] < 0.95
    again = Blend.restore(blend.parameters(), blend.estimators())
    ends = again.predictions(rows).clv_interval(clv, months, past.cutoff)
    np.testing.assert_allclose(ends, (low, high))
