"""The forecast of a shop: steps, origins, choice."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.btyd import ParetoNBDModel
from models.forecast.bottom_up import Recent, bottom_up
from models.forecast.rolling import origins
from pipeline.business.forecast import (
    BOTTOM_UP,
    MEASURES,
    YARDSTICK,
    Forecast,
    Outlook,
    _for_all,
    a_year_ago,
    forecast,
    in_steps,
    why_wide,
)

AS_OF = date(2024, 1, 1)
RECENT = Recent(arrivals=2.0, revenue=10.0, orders=1.0)


def daily(n, seed=0):
    rng = np.random.default_rng(seed)
    days = [AS_OF - timedelta(days=n - k) for k in range(n)]
    orders = rng.poisson(20, n)
    table = {"new": rng.poisson(2, n), "purchases": orders, "orders": orders}
    return pd.DataFrame({**table, "revenue": orders * 10.0, "active": 100}, index=days)


def histogram(_day):
    shop = ParetoNBDModel.from_params({"r": 0.6, "alpha": 20.0, "s": 0.6, "beta": 60.0})
    return shop.simulate(80, T=180, seed=2).assign(n_customers=1)


@pytest.fixture(scope="module")
def found():
    return forecast(daily(200), AS_OF, 30, histogram)


def test_steps_are_whole_and_end_with_the_day_before():
    table = in_steps(daily(31), AS_OF, 7)
    assert table.index.tolist() == [AS_OF - timedelta(days=7 * k) for k in (4, 3, 2, 1)]
    assert table["orders"].sum() == daily(31)["orders"].tail(28).sum()


@pytest.mark.slow
def test_the_shown_forecast_has_the_smallest_error_of_its_board(found):
    for name in MEASURES:
        outlook = found.outlooks[name]
        assert outlook.method == outlook.board["error_of_total"].idxmin()
        assert {"ARIMA", BOTTOM_UP} <= set(outlook.board.index)
        assert (outlook.coming["low"] <= outlook.coming["expected"]).all()
        assert (outlook.coming["expected"] <= outlook.coming["high"]).all()
    total, low, high = found.outlooks["orders"].total
    assert low < total < high
    assert total == pytest.approx(20 * 28, rel=0.15)


@pytest.mark.thorough
@pytest.mark.parametrize(("n_days", "tried"), [(7 * 54, False), (7 * 64, True)])
def test_a_season_is_forecast_only_where_past_forecasts_had_one(n_days, tried):
    def nobody(day):
        raise ValueError

    found = forecast(daily(n_days), AS_OF, 30, nobody)
    assert all((YARDSTICK in one.board.index) == tried for one in found.outlooks.values())


@pytest.mark.slow
def test_a_sample_of_customers_forecasts_what_all_would(found):
    def half(day):
        return histogram(day)[::2]

    every = histogram(AS_OF)
    bought = (every["frequency"] + 1).sum()
    sampled = bottom_up(_for_all(half(AS_OF), bought), RECENT, 4, 7, 30)
    assert sampled["revenue_known"].sum() == pytest.approx(
        bottom_up(_for_all(every, bought), RECENT, 4, 7, 30)["revenue_known"].sum(), rel=0.1
    )
    assert (_for_all(half(AS_OF), bought).eval("(frequency + 1) * n_customers").sum()) == bought


@pytest.mark.slow
def test_past_forecasts_know_nothing_of_what_came(found):
    asked = []

    def spying(day):
        asked.append(day)
        return histogram(day)

    weeks = in_steps(daily(200), AS_OF, 7)
    changed = daily(200)
    last = origins(len(weeks), 4)[-1]
    changed.loc[weeks.index[last] :, ["orders", "revenue"]] *= 5
    other = forecast(changed, AS_OF, 30, spying)
    assert asked == [*(weeks.index[at] for at in origins(len(weeks), 4)), AS_OF]
    # What came is five times as much, so a blind forecast misses most of it.
    before = found.outlooks["orders"].board.loc["recent mean", "bias"]
    after = other.outlooks["orders"].board.loc["recent mean", "bias"]
    assert after < before - 0.1


def test_a_log_too_short_for_one_past_forecast_has_none():
    assert forecast(daily(60), AS_OF, 30, histogram) is None


def test_a_handful_of_customers_has_none():
    few = daily(200).assign(new=0)
    few.iloc[:5, 0] = 1
    assert forecast(few, AS_OF, 30, histogram) is None


def test_a_shop_in_which_nothing_came_for_long_has_none():
    closed = daily(200)
    closed.iloc[-120:, closed.columns.get_indexer(["purchases", "orders", "revenue"])] = 0
    assert forecast(closed, AS_OF, 30, histogram) is None


@pytest.mark.slow
def test_a_forecast_of_a_count_begins_where_it_stands(found):
    assert "recent mean" not in found.outlooks["active"].board.index
    assert found.outlooks["active"].coming["expected"].iloc[0] == 100


@pytest.mark.parametrize(
    ("weeks", "brought", "tried"), [(40, None, False), (65, 130.0, False), (80, 130.0, True)]
)
def test_the_same_weeks_a_year_ago_are_told_and_whether_a_past_forecast_was_of_them(
    weeks, brought, tried
):
    steps = [AS_OF + timedelta(days=7 * n) for n in range(-weeks, 13)]
    past, coming = pd.Series(10.0, index=steps[:weeks]), pd.DataFrame(index=steps[weeks:])
    assert a_year_ago(Outlook("revenue", "", past, coming, (1, 1, 1), coming)) == (brought, tried)


@pytest.mark.parametrize(("weeks", "said"), [(60, "only 2 of them do not"), (34, "all of them")])
def test_a_range_wider_than_past_errors_says_why(weeks, said):
    past = pd.Series(100.0, index=[date(2023, 1, 2) + timedelta(7 * n) for n in range(weeks)])
    coming = pd.DataFrame({"expected": [100.0] * 13})
    board = pd.DataFrame({"error_of_total": [0.1]}, index=["recent mean"])
    for total, told in (((1300.0, 0.0, 2600.0), True), ((1300.0, 1000.0, 1600.0), False)):
        outlook = Outlook("revenue", "recent mean", past, coming, total, board)
        words = why_wide(Forecast(7, 13, {"revenue": outlook}, None))
        assert (said in words) == told
        assert bool(words) == told
