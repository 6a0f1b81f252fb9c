"""Who misses a rhythm has left: the chance after the horizon knows it where that pays."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from models.blend.extrapolation import Extrapolation
from models.blend.longer_period import learned_chance
from models.history import Longer

HORIZON, YEAR = 60, 365
FOLLOWED = Extrapolation(rhythm=True, days=YEAR)


class Model:
    """A model to which customers are silent for the horizon, or for longer, with given chances."""

    horizon_days = HORIZON

    def __init__(self, horizon, longer):
        self.none = {HORIZON: horizon, YEAR: longer}

    def probability_no_purchase(self, customers, days):
        return np.full(len(customers), self.none[days])

    def purchases_by(self, customers, days):
        return np.tile(np.asarray(days)[:, None] / 200, len(customers))


ANY_DAY, REGULAR = Model(0.2, 0.04), Model(0.1, 0.1)


def people(n):
    return pd.DataFrame({"frequency": 3.0, "T": 900.0, "recency": np.full(n, 880.0)})


def none_by(course, p_churn, regular=REGULAR, any_day=ANY_DAY):
    return course.none_within(any_day, people(len(p_churn)), p_churn, YEAR, regular)


def test_who_misses_a_rhythm_does_not_come_in_a_later_month():
    p = np.array([0.1])
    np.testing.assert_allclose(none_by(FOLLOWED, p), p)
    assert none_by(Extrapolation(days=YEAR), p) < 0.02
    assert none_by(FOLLOWED, p, regular=None) < 0.02


def test_nobody_is_thought_likelier_to_come_for_his_rhythm():
    p, sooner = np.array([0.1]), Model(0.2, 0.001)
    assert none_by(FOLLOWED, p, regular=sooner) == none_by(replace(FOLLOWED, rhythm=False), p)


def test_the_rhythm_is_followed_only_where_a_longer_period_shows_it():
    whole = {True: np.repeat([0.05, 0.6], 500), False: np.repeat([0.01, 0.59], 500)}

    def followed(left):
        rows = people(1000).assign(churned=0)
        rows.loc[np.r_[: left[0], 500 : 500 + left[1]], "churned"] = 1
        longer = Longer(date(2023, 1, 1), 12, rows)
        found = learned_chance(Extrapolation(days=YEAR), longer, lambda one: whole[one.rhythm])
        return found[0].rhythm

    assert followed((40, 290))
    assert not followed((3, 290))
