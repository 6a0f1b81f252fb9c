"""Money that grows with a customer is followed; money that only scatters is not."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.blend.extrapolation import Extrapolation
from models.blend.level import spend_correction
from models.blend.money_growth import CONSTANT, MOST, MoneyGrowth, money_growth
from models.contenders.spend_per_purchase import (
    FURTHEST,
    SpendPerPurchase,
    lately,
    recent_weight,
    spend_per_purchase,
)
from models.history import History, Longer

CUTOFF, HORIZON, CUTOFFS = date(2024, 1, 1), 60, (60, 90, 120, 150)


def customers(rates, seed=0, noise=0.3, ago=0, months=2):
    """A snapshot of customers who buy monthly for two years, and what `months` bring.

    The money of each grows by a rate of his own (logarithm a year).
    """
    rng, age = np.random.default_rng(seed), np.arange(24)[::-1] * 30.0 + 15
    size = rng.normal(4, 0.6, len(rates))

    def spent(when):  # years from the cutoff, negative before it
        moved = np.asarray(rates)[:, None] * (np.asarray(when) - ago / 365.25 + 2)
        return np.exp(size[:, None] + moved + rng.normal(0, noise, moved.shape))

    past, half = spent(-age / 365.25), 0.5 ** (age / 90)
    rows = pd.DataFrame(
        {"frequency": 23.0, "recency": 690.0, "T": 705.0, "n_customers": 1.0},
        index=range(len(rates)),
    )
    return rows.assign(
        monetary_value=past[:, 1:].mean(axis=1),
        amount_mean=past.mean(axis=1),
        decayed_spend_90d=past @ half,
        decayed_purchases_90d=half.sum(),
        purchases=float(months),
        spend=spent((np.arange(months) * 30 + 15) / 365.25).sum(axis=1),
        churned=0,
        next_purchase=15.0,
    )


def told(rates, **others):
    """A history whose panel holds these customers at four cutoffs."""
    days = {
        CUTOFF - timedelta(days=ago): customers(rates, ago, ago=ago, **others) for ago in CUTOFFS
    }
    panel = pd.concat([rows.assign(cutoff=pd.Timestamp(day)) for day, rows in days.items()])
    populations = {**days, CUTOFF: customers(rates, 99, **others)}
    return History(CUTOFF, HORIZON, panel.reset_index(drop=True), populations)


def grown(rates, months=12, seed=7):
    """What a period that is over teaches, were the horizon's money per purchase known."""
    rows = customers(rates, seed, months=months)
    level = rows["amount_mean"] * np.exp(np.asarray(rates))  # the past's middle lies a year ago
    longer = Longer(CUTOFF - timedelta(days=round(months * 30.5)), months, rows)
    return money_growth(longer, level.to_numpy(), HORIZON), rows


RNG = np.random.default_rng(3)
SAME, DOUBLE = np.zeros(800), np.full(800, np.log(2))
OWN = RNG.normal(0, 0.6, 800)


def test_recent_amounts_count_where_customers_grow_at_rates_of_their_own():
    history = told(OWN)
    assert recent_weight(history) > 1
    now = history.population
    following, plain = (
        model.predict_from_all(now)
        for model in (spend_per_purchase(history), SpendPerPurchase.fit(now))
    )
    missed = [np.std(np.log(now["spend"] / 2 / value)) for value in (following, plain)]
    assert missed[0] < 0.7 * missed[1]


def test_the_note_of_recent_amounts_speaks_of_a_change_that_customers_show():
    """A tenth: of twice as much the same weight says +227 %, of customers that nobody has."""
    history = told(OWN)
    _, notes = spend_correction(history, btyd=True)
    note = next(one for one in notes if "lately" in one)
    moved = 1.1 ** recent_weight(history) - 1
    assert note.endswith(f"a tenth more than on average that moves expected spend by {moved:+.0%}.")


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_amounts_that_only_scatter_move_nothing(noise):
    history = told(SAME, noise=noise)
    moved = recent_weight(history) * lately(history.population)
    assert np.abs(moved).max() < 0.02


def test_a_panel_without_recent_money_moves_nothing():
    history = told(OWN)
    bare = history.panel.drop(columns="decayed_spend_90d")
    assert recent_weight(History(CUTOFF, HORIZON, bare, history.populations)) == 0.0


def test_where_all_double_each_year_the_growth_goes_on():
    found, _ = grown(DOUBLE)
    assert found.common == pytest.approx(np.log(2), rel=0.25)
    assert found.recent_weight == pytest.approx(0.0, abs=0.3)
    assert found.furthest == pytest.approx(0.92, abs=0.01)


def test_where_each_grows_at_his_own_rate_recent_money_tells_it():
    found, rows = grown(OWN)
    assert np.corrcoef(found.yearly(rows), OWN)[0, 1] > 0.9
    assert np.polyfit(OWN, found.yearly(rows), 1)[0] == pytest.approx(1.0, abs=0.35)


def test_money_that_stays_is_constant():
    found, rows = grown(SAME)
    assert np.abs(found.yearly(rows)).max() < 0.02


def test_growth_ends_with_the_period_that_it_was_seen_in():
    short, _ = grown(DOUBLE, months=6)
    assert short.furthest == pytest.approx(0.42, abs=0.01)
    assert 0 < short.common < np.log(2), "seen too soon to tell a growth from a level"


def test_a_period_in_which_nobody_paid_teaches_nothing():
    rows = customers(SAME).assign(spend=0.0, purchases=0.0)
    longer = Longer(CUTOFF, 12, rows)
    assert money_growth(longer, np.ones(800), HORIZON) == CONSTANT


@given(mean=st.floats(1e-3, 1e6), ratio=st.floats(1e-3, 1e3), number=st.floats(1e-5, 500))
def test_recent_amounts_are_a_bounded_logarithm(mean, ratio, number):
    one = {"amount_mean": mean, "decayed_purchases_90d": number}
    found = lately(pd.DataFrame({**one, "decayed_spend_90d": mean * ratio * number}, index=[0]))
    assert found == pytest.approx(np.clip(np.log(ratio), -FURTHEST, FURTHEST), abs=1e-6)


class Steady:
    """Every customer buys as often on any day."""

    horizon_days = HORIZON

    def purchases_by(self, customers, days):
        return np.tile(np.asarray(days)[:, None] / 200, len(customers))


@pytest.mark.thorough
@given(common=st.floats(-5, 5), weight=st.floats(-3, 3), furthest=st.floats(0, 2))
def test_more_months_bring_more_money_at_any_growth(common, weight, furthest):
    course = Extrapolation(0.9, 0.4, days=365, money=MoneyGrowth(common, weight, furthest))
    rows = customers(OWN[:20])
    assert np.abs(course.money.yearly(rows)).max() <= MOST
    lengths = [course.money_lengths(Steady(), rows, days) for days in range(60, 1500, 30)]
    assert (np.diff(lengths, axis=0) >= -1e-9).all()


def test_constant_money_is_as_long_as_purchases():
    course, rows = Extrapolation(1.2, 0.3), customers(OWN[:20])
    np.testing.assert_array_equal(
        course.money_lengths(Steady(), rows, 365), course.lengths(Steady(), rows, 365)[0]
    )
