"""Forecasts: what they are made of, and what past ones say of them."""

import numpy as np
import pytest

from models.btyd import ParetoNBDModel
from models.forecast.bottom_up import Recent, bottom_up
from models.forecast.rolling import LEVEL, Record, band, coverage, origins, scoreboard
from models.forecast.top_down import TOP_DOWN, arima, exponential_smoothing

TRUTH = {"r": 0.6, "alpha": 20.0, "s": 0.6, "beta": 60.0}


@pytest.mark.parametrize("name", TOP_DOWN)
def test_a_flat_series_stays_flat(name):
    found = TOP_DOWN[name](np.full(40, 7.0), 5, 52)
    assert found == pytest.approx(np.full(5, 7.0), rel=1e-3)


@pytest.mark.slow
def test_seasons_are_followed_once_two_of_them_are_known():
    time = np.arange(52 * 3)
    values = 100 + 30 * np.sin(2 * np.pi * time / 52)
    found = arima(values[:-20], 20, 52)
    assert np.abs(found - values[-20:]).max() < 5
    assert TOP_DOWN["seasonal naive"](values[:-20], 20, 52) == pytest.approx(values[-20:])


def test_a_trend_is_damped():
    found = exponential_smoothing(10.0 + np.arange(40), 30, 52)
    assert 50 < found[-1] < 80


def test_every_origin_has_its_steps_behind_it_and_twice_as_many_before():
    for length in range(1, 200):
        for at in origins(length, 13):
            assert 26 <= at <= length - 13


def record(noise, steps=4, n=12):
    starts = 20 + steps * np.arange(n)
    came = np.full((n, steps), 100.0) + noise
    return Record(starts, np.full((n, steps), 100.0), came)


def test_bands_hold_what_they_promise():
    rng = np.random.default_rng(5)
    held = []
    for _ in range(300):
        past = record(rng.normal(0, 10, (12, 4)))
        wide = band(past)
        coming = rng.normal(0, 0.1, 4)
        held.append((*(np.abs(coming) <= wide.steps), abs(coming.mean()) <= wide.total))
    steps, total = np.mean([row[:4] for row in held]), np.mean([row[4] for row in held])
    # 48 errors make the band of a step; four standard errors of the draws are 0.05 and 0.09.
    assert steps == pytest.approx(LEVEL, abs=0.05)
    assert total == pytest.approx(LEVEL, abs=0.09)


def test_bands_of_a_wandering_series_know_how_few_horizons_there_were():
    held, steps = [], 13
    for seed in range(200):
        values = 1000 + np.cumsum(np.random.default_rng(seed).normal(0, 10, 91))
        starts = [at for at in origins(78, steps) if at + steps <= 78]
        said = np.array([np.full(steps, values[at - 1]) for at in starts])
        past = Record(np.array(starts), said, np.array([values[at : at + steps] for at in starts]))
        off = np.abs(values[78:] - values[77]) / past.level(np.full(steps, values[77]))
        held.append((off[0] <= band(past).steps[0], off[-1] <= band(past).steps[-1]))
    first, last = np.mean(held, axis=0)
    # Nine errors of three horizons: a normal quantile would hold 74 % of the last steps.
    assert LEVEL - 0.04 < last < LEVEL + 0.1
    assert first > LEVEL - 0.04


def test_a_forecast_of_nothing_has_no_endless_band():
    starts = np.array([20, 24, 28])
    past = Record(starts, np.full((3, 4), 1e-30), np.full((3, 4), 1.0))
    assert past.relative.max() == pytest.approx(10)
    assert past.level(np.zeros(4)) == pytest.approx(0.1)


def test_coverage_counts_only_bands_that_were_known_then():
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 10, (12, 4))
    share, of = coverage(record(noise))
    assert of == 11 * 4  # the first origin had no past error
    wild = noise.copy()
    wild[-1] *= 100
    changed, _ = coverage(record(wild))
    assert share * of - 4 <= changed * of <= share * of


def test_the_board_puts_the_smallest_error_of_the_total_first():
    rng = np.random.default_rng(7)
    good, bad = record(rng.normal(0, 5, (12, 4))), record(rng.normal(30, 5, (12, 4)))
    board = scoreboard({"bad": bad, "good": good})
    assert board.index.tolist() == ["good", "bad"]
    assert board.loc["bad", "error_of_total"] == pytest.approx(0.3 / 1.3, abs=0.03)
    assert board.loc["bad", "bias"] == pytest.approx(-0.3 / 1.3, abs=0.03)


@pytest.fixture(scope="module")
def truth():
    return ParetoNBDModel.from_params(TRUTH)


@pytest.mark.slow
def test_known_and_new_customers_add_up_to_what_a_simulated_shop_sells(truth):
    arrivals, days, steps = 60, 400, 8
    ahead = truth.simulate(20_000, T=days, seed=1)
    histogram = ahead.assign(n_customers=1)[["frequency", "recency", "T", "n_customers"]]
    found = bottom_up(histogram, Recent(arrivals, 10.0, 1.5), steps, 7, 7 * steps)
    expected = truth.expected_purchases(ahead[["frequency", "recency", "T"]], 56.0).sum()
    assert found["orders_known"].sum() / 1.5 == pytest.approx(expected, rel=0.03)
    assert found["revenue_known"].sum() == pytest.approx(10 * expected, rel=0.03)
    new = arrivals * sum(
        1 + float(truth.expected_purchases_new_customer(56 - 3.5 - 7 * n)) for n in range(steps)
    )
    assert found["revenue_new"].sum() == pytest.approx(10 * new, rel=0.03)
    assert found["active_new"].iloc[-1] == arrivals * steps
    still = (ahead["T"] - ahead["recency"] <= 49).sum()
    assert still <= found["active_known"].iloc[0] <= still + expected


def test_a_short_histogram_is_enough(truth):
    few = truth.simulate(60, T=200, seed=2).assign(n_customers=1)
    found = bottom_up(few, Recent(0.0, 1.0, 1.0), 4, 7, 28)
    assert (found["revenue_new"] == 0).all()
    assert (found["active"] > 0).all()
