"""The level: MBG/NBD's, less an error that is guessed from past ones."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.blend.blend import Blend
from models.blend.level_error import (
    CHANCE,
    FADING,
    LASTING,
    PRIOR_MISS,
    YEARLY,
    LevelErrorForecast,
    forecast_level_error,
    level_error,
)
from models.blend.year_before import MOST, beyond, year_before
from models.btyd import ModifiedBetaGeoModel
from models.history import LABELS, History, LevelError

HORIZON = 91
STEP = 30.4
END = date(2020, 1, 1)
NOBODY = pd.DataFrame({"n_customers": [1.0], "T": [1200.0]})


def errors(of_day, years=3.0) -> dict[date, LevelError]:
    """Level errors at steps back from the last labelled day; `of_day` maps day to churn."""
    days = [END - timedelta(days=HORIZON + round(STEP * k)) for k in range(int(years * 12))]
    return {day: LevelError(of_day(day), -2 * of_day(day)) for day in reversed(days)}


def history(level_errors) -> History:
    none = pd.DataFrame(columns=["cutoff", *LABELS])
    return History(END, HORIZON, none, {END: NOBODY}, level_errors=level_errors)


def wave(day: date) -> float:
    return 0.4 * float(np.cos(2 * np.pi * (day - END).days / 365.25))


def test_a_yearly_wave_is_foreseen_and_ends_with_the_horizon():
    guess = forecast_level_error(history(errors(wave)))
    # Of three years of .4 in log odds; all of it would be followed where nothing else could be.
    assert 0.24 < guess.churn < 0.42
    assert -0.84 < guess.purchases < -0.48
    assert abs(guess.lasting) < 0.1


def test_of_fewer_than_two_seasons_as_much_is_followed_as_was_seen_of_them():
    """What rose for some months may be a season: nobody has seen it end."""
    seen = history(errors(lambda day: -0.3, years=0.5))
    old, young = (
        forecast_level_error(replace(seen, populations={END: NOBODY.assign(T=365.25 * years)}))
        for years in (2.0, 1.2)
    )
    assert old.churn < 0
    assert young.churn == pytest.approx(0.6 * old.churn)
    assert young.lasting == pytest.approx(0.6 * old.lasting)
    assert old == forecast_level_error(seen), "of more than two seasons no more"


def with_panel(level_errors, days_ago) -> History:
    """The same, learned from at cutoffs so many days ago."""
    days = [END - timedelta(days=ago) for ago in days_ago]
    panel = pd.DataFrame({"cutoff": days, **dict.fromkeys(LABELS, 0.0)})
    people = dict.fromkeys([END, *days], NOBODY)
    return History(END, HORIZON, panel, people, level_errors=level_errors)


def test_a_season_that_the_panel_had_not_is_told_apart():
    summer = forecast_level_error(with_panel(errors(wave), range(120, 240, 30)))
    assert 0.2 < summer.unseen_churn < 0.8
    assert -1.9 < summer.unseen_purchases < -0.8
    same_weeks = forecast_level_error(with_panel(errors(wave), (351, 365, 379)))
    assert abs(same_weeks.unseen_churn) < 0.1


def test_what_learned_models_have_seen_is_not_unseen():
    lasting = forecast_level_error(with_panel(errors(lambda _: 0.3), range(120, 240, 30)))
    assert abs(lasting.unseen_churn) < 0.05
    young = forecast_level_error(with_panel(errors(wave, years=0.7), range(120, 210, 30)))
    assert young.unseen_churn == young.unseen_purchases == 0


def test_a_lasting_error_is_corrected_and_lasts():
    guess = forecast_level_error(history(errors(lambda _: 0.3)))
    assert guess.churn == pytest.approx(0.3, abs=0.1)
    assert guess.lasting < -0.2


def test_an_error_that_grows_with_a_changing_business_is_followed_and_lasts():
    def growing(day):
        return max(0.0, 0.8 - 0.4 * (END - timedelta(days=HORIZON) - day).days / 365.25)

    guess = forecast_level_error(history(errors(growing)))
    # The last error that is known is .8, today's will be .9.
    assert 0.7 < guess.churn < 1.1
    assert guess.lasting < -1.4


@pytest.mark.slow
def test_noise_is_hardly_followed():
    rng = np.random.default_rng(0)
    guesses = [
        forecast_level_error(history(errors(lambda _: rng.normal(0, 0.1)))).churn for _ in range(50)
    ]
    # Following last year's noise in full would be off by .1 on average.
    assert float(np.sqrt(np.mean(np.square(guesses)))) < 0.07


@pytest.mark.parametrize("years", [0.1, 0.5])
def test_half_a_year_of_a_wave_is_not_carried_on_in_full(years):
    guess = forecast_level_error(history(errors(wave, years)))
    last = errors(wave, years)[END - timedelta(days=HORIZON)].churn
    assert abs(guess.churn - last) > 0 or last == 0
    assert abs(guess.churn) < 0.25


def test_where_nothing_is_known_the_guess_is_none():
    usual = PRIOR_MISS**2
    assert forecast_level_error(history({})) == LevelErrorForecast(0.0, 0.0, 0.0, usual, usual)


def test_the_same_weeks_of_one_early_year_are_no_season():
    def early(day):
        return 0.6 if (END - day).days > 330 else 0.0

    guess = forecast_level_error(with_panel(errors(early, 1.0), (91, 121, 151)))
    assert abs(guess.churn) < 0.1
    assert (guess.unseen_churn, guess.unseen_purchases) == (0.0, 0.0)


def test_a_steady_season_is_worth_more_than_irregular_events():
    steady = forecast_level_error(history(errors(wave, 4)))
    rng = np.random.default_rng(1)
    size = [
        abs(forecast_level_error(history(errors(lambda _: rng.choice([-0.8, 0.8])))).churn)
        for _ in range(20)
    ]
    # Errors of .4 are foreseen almost in full; of .8 by chance hardly any.
    assert steady.churn > 0.36
    assert float(np.mean(size)) < 0.15


def test_guesses_that_missed_before_are_doubted():
    rng = np.random.default_rng(0)
    wild = forecast_level_error(history(errors(lambda _: rng.normal(0, 0.8)))).churn_variance
    calm = forecast_level_error(history(errors(lambda _: 0.05))).churn_variance
    assert wild > 0.8**2 / 2 > 10 * calm
    assert calm < PRIOR_MISS**2


def test_the_guess_is_the_textbook_posterior_of_one_error():
    day = END - timedelta(days=HORIZON)
    guess = forecast_level_error(history({day: LevelError(0.2, 0.0, variance=0.03)}))
    whole = LASTING**2 + FADING**2 + YEARLY**2
    # One observation: covariance over variance. A quarter of a year turns the first wave by 90
    # degrees, so that little of the season is shared.
    share = guess.churn / 0.2
    assert 0 < share < (LASTING**2 + FADING**2) / (whole + CHANCE + 0.03) + 0.2


def test_errors_of_small_bases_count_less():
    def guess(variance: float) -> float:
        day = END - timedelta(days=HORIZON)
        return forecast_level_error(history({day: LevelError(0.5, 0.0, variance)})).churn

    assert guess(0.0) > guess(0.05) > guess(1.0) > 0


def test_an_error_that_was_not_known_yet_is_refused():
    early = {END - timedelta(days=HORIZON - 1): LevelError(0.1, 0.1)}
    with pytest.raises(ValueError, match="not over"):
        history(early)


def test_going_back_forgets_later_errors():
    back = replace(history(errors(wave)), populations={END: NOBODY, date(2019, 1, 1): NOBODY})
    known = back.at(date(2019, 1, 1)).level_errors
    assert max(known) <= date(2019, 1, 1) - timedelta(days=HORIZON)
    assert len(known) < len(back.level_errors)


def test_a_model_asked_about_its_own_world_has_no_level_error():
    truth = ModifiedBetaGeoModel.from_params({"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 1.8})
    rng = np.random.default_rng(3)
    days = truth.simulate(20_000, T=rng.integers(10, 400, 20_000) / 7, seed=4)
    weeks = days.assign(n_customers=1.0)
    population = weeks.assign(
        frequency=weeks["frequency"], recency=weeks["recency"] * 7, T=weeks["T"] * 7 + 1
    )
    churned = truth.probability_no_purchase(weeks, HORIZON / 7).sum()
    came = {days: truth.expected_purchases(weeks, days / 7).sum() for days in (HORIZON, 365)}
    found = level_error(END, HORIZON, population, churned, came)
    assert abs(found.churn) < 0.05
    assert abs(found.purchases) < 0.05
    assert list(found.later) == [365]
    assert abs(found.later[365]) < 0.05


def test_the_beginning_of_a_log_says_little():
    truth = ModifiedBetaGeoModel.from_params({"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 1.8})

    def variance(days: int) -> float:
        rows = truth.simulate(2_000, T=np.linspace(1, days, 2_000) / 7, seed=4)
        rows = rows.assign(recency=rows["recency"] * 7, T=rows["T"] * 7 + 1, n_customers=1.0)
        return level_error(END, HORIZON, rows, 1500.0, {HORIZON: 700.0}).variance

    assert variance(60) > variance(900) + 0.05
    assert variance(900) == pytest.approx(1 / 1500 + 1 / 500, abs=1e-4)


@pytest.mark.parametrize("churned", [0.0, 300.0])
def test_of_nobody_and_of_everybody_half_a_customer_is_taken(churned):
    truth = ModifiedBetaGeoModel.from_params({"r": 0.6, "alpha": 6.0, "a": 0.9, "b": 1.8})
    rows = truth.simulate(300, T=np.linspace(1, 600, 300) / 7, seed=4)
    rows = rows.assign(recency=rows["recency"] * 7, T=rows["T"] * 7 + 1, n_customers=1.0)
    found = level_error(END, HORIZON, rows, churned, {HORIZON: 0.0 if churned else 900.0})
    assert (found.churn < -3) if churned else (found.churn > 3)
    # One such horizon is a hint, no more.
    assert found.variance > 2


@pytest.fixture(scope="module")
def seasoned(history) -> Blend:
    """A blend of the small base of `conftest`, told of errors of earlier years."""

    def of(day: date) -> float:
        return 0.5 * float(np.cos(2 * np.pi * (day - history.cutoff).days / 365.25))

    days = [history.last_labelled - timedelta(days=30 * k) for k in range(36)]
    made_up = {day: LevelError(-of(day), of(day)) for day in days}
    return Blend().fit(replace(history, level_errors=made_up))


@pytest.mark.slow
def test_the_blend_expects_less_where_the_same_weeks_had_less(seasoned, blend, outcomes):
    plain, moved = blend.predict(outcomes), seasoned.predict(outcomes)
    assert moved["p_churn"].mean() > plain["p_churn"].mean() + 0.005
    assert moved["expected_spend"].sum() < 0.95 * plain["expected_spend"].sum()
    assert any("earlier years" in note for note in seasoned.notes)


@pytest.mark.slow
def test_a_season_does_not_outlast_the_horizon(seasoned, blend, outcomes):
    def clv(fitted: Blend, months: int) -> float:
        return fitted.predictions(outcomes).clv(months, 0.0, END).sum()

    soon, later = (clv(seasoned, months) / clv(blend, months) for months in (1, 24))
    assert soon < later < 1.0


def rink(day: date) -> float:
    """A season of some weeks that is ten times the usual one, and nothing else."""
    apart = abs((abs((day - END).days) + 182) % 365.25 - 182)
    return 4 * float(np.exp(-0.5 * (apart / 45) ** 2))


def test_a_season_far_beyond_the_usual_is_moved_to_the_same_weeks_of_last_year():
    # 4 came in each year; the process of usual sizes alone says 3.5.
    assert abs(forecast_level_error(history(errors(rink))).churn - 4) < 0.35


@pytest.mark.parametrize("size", [0.0, 0.05])
def test_where_the_year_before_told_nothing_it_counts_for_nothing(size):
    rng = np.random.default_rng(3)
    when = np.arange(-900.0, -90.0, 30.0)
    seen = rng.normal(0, 1, (len(when), 1)) + size
    moved = beyond(when, seen, HORIZON, lambda over, day: np.zeros(1))
    assert abs(moved[0]) < 0.3
    alike = np.cos(2 * np.pi * when / 365.25)[:, None]
    # At most half: neither forecast is free of chance.
    assert beyond(when, alike, HORIZON, lambda over, day: np.zeros(1))[0] == pytest.approx(
        MOST, rel=0.1
    )


def test_without_the_same_weeks_of_last_year_nothing_is_added():
    when, seen = np.arange(-330.0, -90.0, 30.0), np.ones((8, 2))
    assert (beyond(when, seen, HORIZON, lambda over, day: np.zeros(2)) == 0).all()
    assert year_before(when, seen, 0.0, HORIZON) is None


def test_what_has_one_sign_for_more_than_half_a_year_is_no_season():
    """A season changes its sign within half a year: what does not is a business that shrinks."""

    def followed(years):
        seen = history(errors(lambda day: -0.3, years=years))
        young = replace(seen, populations={END: NOBODY.assign(T=365.25 * 1.25)})
        return forecast_level_error(young).purchases / forecast_level_error(seen).purchases

    assert followed(0.85) == pytest.approx(1.0)
    assert followed(0.6) == pytest.approx(0.625)
