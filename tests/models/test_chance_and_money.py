"""After the horizon, the chance of any purchase and the money go together."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.blend.by_silence import BySilence
from models.blend.extrapolation import Extrapolation
from models.blend.longer_period import learned_chance, learned_spend
from models.contenders.encoding import logit
from models.contenders.histories import Histories
from models.history import Longer

HORIZON = 60


class Steady:
    """A buy-till-you-die model to which every customer has the same chance of a purchase a day."""

    horizon_days = HORIZON

    def probability_no_purchase(self, customers, days):
        return np.exp(-np.full(len(customers), days) / 200)

    def purchases_by(self, customers, days):
        return np.tile(np.asarray(days)[:, None] / 200, len(customers))


def silent(*days):
    return pd.DataFrame({"frequency": 3.0, "T": 900.0, "recency": [900.0 - day for day in days]})


def none_of(course, days, p_churn=(0.05, 0.6, 0.997)):
    return course.none_within(Steady(), silent(5, 60, 700), np.array(p_churn), days)


def test_within_the_horizon_the_blends_own_probability_stands():
    parted = BySilence((30.0, 365.0), (1.0, 2.0, 0.1), (0.0, -2.0, 3.0))
    for trust in (1.0, 0.5, 0.0):
        course = Extrapolation(chance_trust=trust, by_silence=parted, days=365)
        np.testing.assert_allclose(none_of(course, HORIZON), (0.05, 0.6, 0.997))


def test_without_trust_the_chance_of_any_purchase_is_the_models():
    whole = np.exp(-365 / 200)
    courses = (Extrapolation(chance_trust=trust, days=365) for trust in (1.0, 0.5, 0.0))
    blend, half, model = (none_of(course, 365) for course in courses)
    np.testing.assert_allclose(model, np.minimum(whole, (0.05, 0.6, 0.997)))
    assert blend[2] > 0.95
    assert blend[2] > half[2] > model[2]


def test_trust_and_silence_count_by_how_much_of_the_learned_period_is_asked_for():
    parted = BySilence((365.0,), (1.0, 0.1), (0.0, 3.0))
    doubted = Extrapolation(chance_trust=0.0, days=365)
    for course in (doubted, Extrapolation(by_silence=parted, days=365)):
        plain, moved = (
            np.array([logit(none_of(one, days))[2] for days in range(HORIZON, 500, 61)])
            for one in (Extrapolation(), course)
        )
        apart = np.abs(moved - plain)
        assert apart[0] == pytest.approx(0.0, abs=1e-9)
        assert (np.diff(apart[:6]) > 0).all()
        assert apart[-1] == pytest.approx(apart[-2])


def later(course, people, p_churn, own, theirs):
    return course.later_spend([Steady()], Histories(people), p_churn, own, theirs)


@given(
    p_churn=st.lists(st.floats(0.001, 0.999999), min_size=3, max_size=3),
    factors=st.lists(st.floats(0.05, 5.0), min_size=3, max_size=3),
    shifts=st.lists(st.floats(-5.0, 5.0), min_size=3, max_size=3),
    trusts=st.tuples(*[st.sampled_from([1.0, 0.5, 0.0])] * 2),
)
def test_whoever_buys_spends_between_what_blend_and_model_expect(p_churn, factors, shifts, trusts):
    parted = BySilence((30.0, 365.0), tuple(factors), tuple(shifts))
    course = Extrapolation(1.0, 0.0, *trusts, by_silence=parted, days=365)
    people, p = silent(5, 60, 700), np.array(p_churn)
    own, theirs = np.array([3.0, 0.2, 0.01]), np.array([5.0, 5.0, 5.0])
    if_any = later(course, people, p, own, theirs) / (1 - none_of(course, 365, p)) / factors
    ends = own / (1 - none_of(Extrapolation(), 365, p)), theirs / (1 - np.exp(-365 / 200))
    assert (if_any >= np.minimum(*ends) * (1 - 1e-6)).all()
    assert (if_any <= np.maximum(*ends) * (1 + 1e-6)).all()


def test_who_has_left_for_certain_is_worth_next_to_nothing():
    course, p = Extrapolation(spend_trust=0.0, days=365), np.array([0.05, 0.6, 0.99999])
    found = later(course, silent(5, 60, 700), p, 20 * (1 - p), np.full(3, 20.0))
    assert found[2] < 0.001 * found[0]


def learned(p_churn, own, theirs, price, chances=None):
    """What is learned where everybody pays his price once in a year, and the value of the year."""
    people = silent(*np.full(len(price), 60.0))
    rows = people.assign(churned=0, spend=price)
    rows.loc[:9, ["churned", "spend"]] = 1, 0.0
    longer = Longer(date(2023, 1, 1), 12, rows)

    def valued(course):
        return own + 3 * later(course, people, p_churn, own, theirs)

    def none_by(course):
        return course.none_within(Steady(), people, p_churn, 365)

    chances = chances or learned_chance(Extrapolation(transient=1.3, days=365), longer, none_by)
    return learned_spend(chances, longer, own, valued), valued


def test_a_bill_that_is_due_says_nothing_of_later_ones():
    rng = np.random.default_rng(5)
    due, price = rng.random(2000) < 0.25, rng.choice([50.0, 100.0, 200.0], 2000)
    own, p_churn = np.where(due, price, 0.01), np.where(due, 0.01, 0.9999)
    found, valued = learned(p_churn, own, price / 4, price)
    assert found.spend_trust < 1
    value, before = valued(found), valued(found.plain)
    assert value.sum() == pytest.approx(before.sum(), rel=0.01)
    paid_soon, paid_later = due & (price == 50), ~due & (price == 200)
    assert value[paid_later].mean() > value[paid_soon].mean() / 2
    assert before[paid_later].mean() < 1


def test_where_the_blend_knows_better_it_is_believed():
    rng = np.random.default_rng(6)
    theirs = rng.gamma(1.0, 20.0, 2000)
    own = theirs * rng.choice([0.2, 2.0], 2000)
    found, _ = learned(np.full(2000, 0.02), own, theirs, 4 * own)
    assert found == found.plain


def test_a_chance_that_is_no_better_is_taken_for_a_much_better_order_only():
    rng = np.random.default_rng(7)
    due, price = rng.random(2000) < 0.25, rng.choice([50.0, 100.0, 200.0], 2000)
    full, doubted = Extrapolation(days=365), Extrapolation(1.0, 0.0, 0.0, 0.0, days=365)
    own, p_churn = np.where(due, price, 0.01), np.where(due, 0.01, 0.9999)
    found, _ = learned(p_churn, own, price / 4, price, [full, doubted])
    assert found.chance_trust == 0
    known, sure = price / 4, np.full(2000, 0.02)
    found, _ = learned(sure, known, price / 4, price, [full, doubted])
    assert found == full
