"""The weights of the spend estimators: learned out of time, and deaf to a single giant."""

import numpy as np
import pytest

from models.blend.spend_weights import SpendData, spend_weights


def seen(n: int, seed: int = 0, noise: float = 2.0) -> SpendData:
    """Customers of very unequal worth: one estimator knows it, one sees it through much noise."""
    rng = np.random.default_rng(seed)
    worth = rng.lognormal(3, 1.5, n)
    came = worth * rng.gamma(1, 1, n) * (rng.random(n) < 0.4)
    blurred = worth * rng.lognormal(0, noise, n)
    both = {"likely": worth, "boosted": blurred, "boosted_purchases": blurred}
    to_total = {name: value * came.sum() / value.sum() for name, value in both.items()}
    return SpendData(to_total, came, np.ones(n))


def test_the_estimator_that_knows_gets_the_weight_and_the_more_the_more_is_seen():
    few, many = (spend_weights([seen(n, noise=0.3)])["likely"] for n in (600, 6000))
    assert 0.5 < few < many
    assert many > 0.85


def test_the_weights_are_shares_whatever_the_other_estimators():
    one = seen(300)
    only = SpendData({"btyd": one.spend + 1, "likely": one.spend + 1}, one.spend, one.weight)
    assert spend_weights([only]) == {"likely": 1.0}
    found = spend_weights([one, seen(300, 1)])
    assert sum(found.values()) == pytest.approx(1)
    assert min(found.values()) >= 0


def test_one_giant_does_not_decide():
    """The worse estimator happens to expect most of the one who spends a million."""
    beside = seen(2000)
    giant = int(np.argmax(beside.expected["boosted"] / beside.expected["likely"]))
    beside.spend[giant] = 1e6 * beside.spend.max()
    assert spend_weights([beside])["likely"] > 0.8


def test_a_cutoff_without_any_money_after_it_teaches_nothing():
    came, flat = np.tile([0.0, 0.0, 0.0, 8.0], 500), np.full(2000, 2.0)
    expected = {"likely": came + 0.1, "boosted": flat}
    seen = SpendData(expected, came, np.ones(2000))
    closed = SpendData(expected, np.zeros(2000), np.ones(2000))
    assert spend_weights([closed]) == spend_weights([])
    assert spend_weights([seen, closed]) == spend_weights([seen])
