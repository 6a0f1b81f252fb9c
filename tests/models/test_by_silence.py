"""Who buys once a year: who has left, and who is due late, is read off a period that is over."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.blend.by_silence import ALIKE, _edges, better, by_silence, money_by_silence
from models.blend.extrapolation import Extrapolation
from models.contenders.encoding import expit, logit
from models.history import Longer

N = 4000


def learned(yearly):
    """A year after a day on which a model thinks that every other customer will come in it."""
    rng = np.random.default_rng(1)
    silent = rng.integers(0, 730, N).astype(float)
    comes = rng.random(N) < (np.where(silent <= 365, 0.8, 0.02) if yearly else 0.5)
    rows = pd.DataFrame({"T": 900.0, "recency": 900 - silent, "churned": 1.0 - comes})
    longer = Longer(date(2023, 1, 1), 12, rows.assign(spend=100.0 * comes))
    return longer, by_silence(longer, np.full(N, 0.5))


def test_a_day_more_until_the_cutoff_moves_nobody_who_is_billed_on_the_first():
    for lump in (5.0, 6.0):
        edges = _edges(np.repeat([lump, lump + 31, lump + 61], [80, 15, 5]), np.ones(100))
        assert np.searchsorted(edges, [5.0, 6.0, 36.0, 37.0]).tolist() == [0, 0, 1, 1]


def test_a_gain_that_may_be_chance_changes_nothing():
    few, many = np.random.default_rng(2).normal(0.05, 1.0, 200), np.full(200, 0.05)
    assert not better(few, np.zeros(200), np.ones(200))
    assert better(many, np.zeros(200), np.ones(200))


def silent(*days):
    return pd.DataFrame({"T": 900.0, "recency": [900.0 - day for day in days]})


def test_long_silent_yearly_customers_have_left_and_those_served_lately_are_due():
    _, found = learned(yearly=True)
    none = expit(logit(np.full(2, 0.5)) + found.shift(silent(60, 700)))
    assert none == pytest.approx([0.2, 0.98], abs=0.04)
    assert found.factor(silent(60, 700)).tolist() == [1.0, 1.0]


def test_money_differs_by_what_the_chance_of_any_does_not_bring():
    longer, found = learned(yearly=True)
    value = np.full(N, 50.0)
    due, gone = money_by_silence(found, longer, np.full(N, 10.0), value).factor(silent(60, 700))
    assert due > 1.5
    assert gone < 0.2
    chance = expit(-found.shift(longer.rows)) / 0.5
    followed = money_by_silence(found, longer, np.zeros(N), value * chance)
    # The chance of the few who come though long silent is drawn to the mean; so is their money.
    np.testing.assert_allclose(followed.factors, 1.0, atol=0.25)


def test_where_silence_tells_nothing_everything_stays():
    _, found = learned(yearly=False)
    assert found is ALIKE
    assert ALIKE.shift(silent(5, 700)).tolist() == [0.0, 0.0]


def test_what_was_learned_survives_the_file():
    for course in (Extrapolation(1.2, 0.3, 0.5, 0.9), Extrapolation(by_silence=learned(True)[1])):
        assert Extrapolation.from_dict(json.loads(json.dumps(course.to_dict()))) == course
