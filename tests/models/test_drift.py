"""Drift: the index is the textbook's, the move is by weights, and a profile names nobody."""

import numpy as np
import pandas as pd
import pytest

from models.evaluation.drift import moved, n_bins, places_of, profile_of, stability_index

RNG = np.random.default_rng(5)


def test_the_index_is_the_sum_over_bins_as_in_the_textbook():
    before, now = np.array([200, 500, 300]) * 1e6, np.array([300, 450, 250]) * 1e6
    p, q = before / before.sum(), now / now.sum()
    expected = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert stability_index(before, now) == pytest.approx(expected, rel=1e-6)
    assert stability_index(now, before) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(RNG.normal(size=5000)),
        pd.Series(RNG.poisson(0.3, 5000).astype(float)),
        pd.Series(np.where(RNG.random(5000) < 0.4, np.nan, RNG.normal(size=5000))),
        pd.Series(RNG.choice(["a", "b", "c"], 5000)),
        pd.Series([None] * 50 + ["a"] * 50, dtype=object),
        pd.Series([np.nan] * 20),
    ],
    ids=["numbers", "mostly_zero", "some_missing", "text", "text_missing", "all_missing"],
)
def test_a_feature_that_has_not_moved_moves_nothing(values):
    profile = profile_of(values)
    assert sum(profile["counts"]) == len(values)
    assert len(profile["counts"]) == n_bins(profile)
    answer = np.linspace(0, 1, len(values))
    assert moved(profile, values, answer) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_the_move_is_that_of_customers_who_lie_as_before():
    then, now = pd.Series(RNG.normal(0, 1, 20_000)), pd.Series(RNG.normal(0.5, 1, 20_000))
    profile = profile_of(then)
    index, move = moved(profile, now, 1 / (1 + np.exp(-now.to_numpy())))
    at_training = (1 / (1 + np.exp(-then))).mean()
    now_mean = (1 / (1 + np.exp(-now))).mean()
    # Within a bin the customers lie a little higher than before: weights cannot see that.
    assert move == pytest.approx(now_mean - at_training, abs=0.02)
    assert 0.15 < index < 0.35, "half a standard deviation is 0.25"


def test_values_that_few_have_are_not_kept():
    values = pd.Series(["web"] * 30 + [f"me{n}@mail.example" for n in range(50)])
    profile = profile_of(values)
    assert profile == {"values": ["web"], "counts": [30, 50, 0]}


def test_edges_are_rounded_quantiles_and_no_amount_of_anybody():
    amounts = pd.Series(np.round(RNG.gamma(2, 5000, 300), 2) + 0.01)
    edges = profile_of(amounts)["edges"]
    assert len(edges) == 9
    assert not set(edges) & set(amounts)


def test_new_and_missing_values_have_bins_of_their_own():
    profile = profile_of(pd.Series(["a"] * 20 + ["b"] * 20))
    assert places_of(pd.Series(["b", "x", None, "a"]), profile).tolist() == [1, 2, 3, 0]
