"""The share of what is at stake that contacts gain."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from models.campaign.estimation import blocked_difference
from models.campaign.profit import at_stake
from models.campaign.share import _deviation, share_of_stake


def campaign(rng, effect, n=1500, control=0.25):
    """Spend of a randomised campaign, and all that is known of its customers."""
    p, if_bought = expit(rng.normal(0.5, 1.3, n)), rng.gamma(1.5, 40, n) + 5
    value = (1 - p) * if_bought
    treated = (rng.random(n) >= control).astype(int)
    bought = rng.random(n) >= p - treated * effect * p * (1 - p)
    spend = bought * if_bought * rng.lognormal(-0.125, 0.5, n)
    return spend, treated, np.full(n, 1 - control), p, value


def test_it_is_the_weighted_regression_of_statsmodels():
    spend, treated, probability, p, value = campaign(np.random.default_rng(1), 0.3)
    staked = at_stake(p, value)
    design = np.column_stack([staked * (treated - probability), np.ones(len(p)), p, value, staked])
    weights = _deviation(p, value) ** -2
    peer = sm.WLS(spend, design, weights=weights).fit(cov_type="HC3", use_t=True)
    found = share_of_stake(spend, treated, probability, p, value)
    assert found.estimate == pytest.approx(peer.params[0], rel=1e-8)
    assert found.se == pytest.approx(peer.bse[0], rel=1e-8)
    low, high = peer.conf_int()[0]
    assert 1 <= (found.high - found.low) / (high - low) < 1.1, "t of the effective number"


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_its_intervals_hold_and_it_is_surer_than_a_difference_of_means(effect):
    rng, held, narrower = np.random.default_rng(7), [], []
    for _ in range(200):
        told = campaign(rng, effect)
        found = share_of_stake(*told)
        held.append(found.low <= effect <= found.high)
        plain = blocked_difference(told[0], told[1], np.zeros(len(told[0]), int))
        narrower.append(found.se / plain.scaled(1 / at_stake(*told[3:]).mean()).se)
    assert 0.91 <= np.mean(held) <= 0.985
    assert np.mean(narrower) < 0.9


def test_scores_that_are_wrong_make_no_effect():
    rng, found = np.random.default_rng(3), []
    for _ in range(200):
        spend, treated, probability, p, value = campaign(rng, 0.0)
        found.append(share_of_stake(spend, treated, probability, 1 - p, value[::-1]).estimate)
    assert abs(np.mean(found)) < 3 * np.std(found) / len(found) ** 0.5


def test_nothing_at_stake_or_one_group_has_no_share():
    spend, treated, probability, p, value = campaign(np.random.default_rng(0), 0.3, n=50)
    assert share_of_stake(spend, treated, probability, p, 0 * value) is None
    assert share_of_stake(spend, 0 * treated, probability, p, value) is None


def test_money_in_cents_has_the_same_share():
    spend, treated, probability, p, value = campaign(np.random.default_rng(2), 0.3, n=300)
    one = share_of_stake(spend, treated, probability, p, value)
    cents = share_of_stake(100 * spend, treated, probability, p, 100 * value)
    assert cents.estimate == pytest.approx(one.estimate, rel=1e-9)
    assert cents.se == pytest.approx(one.se, rel=1e-9)
