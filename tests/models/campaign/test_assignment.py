"""Groups that nobody must remember: repeatable, balanced, with known probabilities."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from models.campaign.assignment import assign, blocks, draws

IDS = [f"{n:05d}" for n in range(10_000)]


def scores(n=10_000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.beta(2, 1, n), rng.gamma(0.5, 50, n)


def test_the_order_of_rows_and_their_neighbours_do_not_matter():
    p, value = scores()
    block = blocks(p, value, 0.2)
    first = assign(IDS, block, (0.2, 0.8), "spring", 1)
    shuffled = np.random.default_rng(1).permutation(len(IDS))
    block = blocks(p[shuffled], value[shuffled], 0.2)
    again = assign([IDS[i] for i in shuffled], block, (0.2, 0.8), "spring", 1)
    assert again["group"].tolist() == first["group"].to_numpy()[shuffled].tolist()


@pytest.mark.parametrize(("campaign", "seed"), [("autumn", 1), ("spring", 2)])
def test_another_campaign_or_seed_draws_independently(campaign, seed):
    block = np.zeros(len(IDS), int)
    one = assign(IDS, block, (0.5, 0.5), "spring", 1)["group"]
    other = assign(IDS, block, (0.5, 0.5), campaign, seed)["group"]
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.04


def test_shares_are_exact_within_one_customer_a_block_and_probabilities_are_theirs():
    p, value = scores()
    block = blocks(p, value, 0.1)
    found = assign(IDS, block, (0.1, 0.3, 0.6), "spring", 0)
    for one in np.unique(block):
        here = found[block == one]
        counts = np.bincount(here["group"], minlength=3)
        assert (np.abs(counts - np.array([0.1, 0.3, 0.6]) * len(here)) <= 1).all()
        assert here["probability"].tolist() == (counts[here["group"]] / len(here)).tolist()
    assert np.bincount(found["group"])[0] == pytest.approx(1000, abs=25)


def test_blocks_are_of_one_size_and_hold_alike_customers():
    p, value = scores()
    block = blocks(p, value, 0.2)
    sizes = np.bincount(block)
    assert len(sizes) == 25
    assert sizes.max() - sizes.min() <= 1
    between = sum(np.var(p[block == b]) for b in range(25)) / 25
    assert between < 0.2 * np.var(p)


def test_a_small_campaign_has_few_blocks():
    p, value = scores(100)
    assert len(np.unique(blocks(p, value, 0.2))) == 4
    assert len(np.unique(blocks(p[:20], value[:20], 0.1))) == 1


@pytest.mark.slow
def test_every_customer_is_drawn_with_the_probability_that_is_written():
    block = np.repeat([0, 1], [7, 13])
    ids = IDS[:20]
    drawn = np.mean([assign(ids, block, (0.3, 0.7), "c", s)["group"] for s in range(2000)], axis=0)
    # 2,000 draws: three standard errors are 3 points.
    assert drawn == pytest.approx(np.full(20, 0.7), abs=0.035)


def test_draws_are_the_head_of_a_sha256_and_uniform():
    digest = hashlib.sha256(b"spring\x1f0\x1e00042").digest()
    assert draws(["00042"], "spring", 0)[0] == (int.from_bytes(digest[:8]) >> 11) / 2**53
    assert stats.kstest(draws(IDS, "spring", 0), "uniform").pvalue > 0.01
    assert draws([], "spring").tolist() == []


def test_shares_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        assign(IDS[:4], [0] * 4, (0.5, 0.4), "c", 0)
