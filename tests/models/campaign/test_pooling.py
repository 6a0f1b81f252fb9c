"""Several campaigns as one: against statsmodels' formulas by hand, and at the limits."""

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from models.campaign.pooling import corrected, pool

EFFECT = np.array([0.095, 0.277, 0.367, 0.664, 0.462, 0.185])
VARIANCE = np.array([0.033, 0.031, 0.050, 0.011, 0.043, 0.023])
"""Table 14.1 of Borenstein et al. (2009), "Introduction to Meta-Analysis"."""


def test_random_effects_are_those_of_dersimonian_and_laird():
    found = pool(EFFECT, np.sqrt(VARIANCE))
    # Borenstein et al. (2009), chapter 14: M* = 0.3582, tau2 = 0.0373.
    assert found.mean == pytest.approx(0.358, abs=0.001)
    assert found.spread**2 == pytest.approx(0.0373, abs=0.0015), "the table is rounded"
    assert found.low < 0.358 - 1.96 * 0.1055, "Hartung and Knapp's is not narrower than normal's"


def test_where_effects_differ_statsmodels_says_the_same():
    theirs = combine_effects(EFFECT, VARIANCE, method_re="dl", use_t=True)
    ours = pool(EFFECT, np.sqrt(VARIANCE))
    assert ours.mean == pytest.approx(theirs.mean_effect_re)
    assert ours.spread**2 == pytest.approx(theirs.tau2)
    assert ours.se == pytest.approx(max(theirs.sd_eff_w_re_hksj, theirs.sd_eff_w_re))


def test_effects_that_agree_better_than_chance_have_no_spread_between_them():
    found = pool([0.1, 0.11, 0.09], [0.2, 0.2, 0.2])
    assert found.spread == 0
    assert found.se == pytest.approx(0.2 / 3**0.5)
    assert found.shrunk == pytest.approx([0.1] * 3)


def test_certain_effects_stay_and_uncertain_ones_come_near_the_mean():
    found = pool([0.0, 0.5, 1.0], [0.01, 0.3, 0.01])
    assert found.shrunk[[0, 2]] == pytest.approx([0, 1], abs=0.01)
    assert abs(found.shrunk[1] - found.mean) < 0.05
    assert (found.shrunk_se <= [0.0101, 0.3, 0.0101]).all()


def test_one_campaign_is_itself_with_its_own_interval():
    found = pool([0.2], [0.1], reach=3.0)
    assert (found.low, found.high) == pytest.approx((-0.1, 0.5))
    found = pool([0.2], [0.1])
    assert (found.mean, found.spread) == (0.2, 0.0)
    assert found.low == pytest.approx(0.2 - 1.96 * 0.1, abs=1e-4)


@pytest.mark.parametrize(("effects", "errors"), [([], []), ([1.0], [0.0])])
def test_nothing_to_pool_is_refused(effects, errors):
    with pytest.raises(ValueError, match="no estimate"):
        pool(effects, errors)


ASSUMED, MARGIN, COST = 0.3, 0.3, 1.0
STAKED = np.linspace(30, 0, 301)


def profit(effect, truth):
    """Earned by contacting everybody who is worth it by `effect`, where `truth` is the effect."""
    chosen = MARGIN * np.outer(effect, STAKED) > COST
    return (chosen * (MARGIN * np.outer(truth, STAKED) - COST)).sum(axis=1)


WORLDS = {"right": 1.0, "half": 0.5, "double": 2.0, "five times": 5.0}


@pytest.mark.sampled
@pytest.mark.parametrize("times", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("se", [0.1, 0.3, 0.9])
@pytest.mark.parametrize("campaigns", [1, 2, 6])
def test_the_following_plan_earns_no_less_than_by_the_measured_effect_alone(times, se, campaigns):
    rng, truth = np.random.default_rng(9), np.full(500, times * ASSUMED)
    found = [pool(rng.normal(t, se, campaigns), np.full(campaigns, se)) for t in truth]
    alone = profit([one.mean for one in found], truth)
    ours = profit([corrected(ASSUMED, one.mean, one.se) for one in found], truth)
    gap = ours - alone
    best = max(profit(truth[:1], truth[:1])[0], profit([ASSUMED], [ASSUMED])[0])
    # Two standard errors of the simulation, and 2 % of what could be earned.
    assert gap.mean() > -2 * gap.std() / len(gap) ** 0.5 - 0.02 * best


def test_an_assumption_as_uncertain_as_it_says_is_corrected_best():
    rng = np.random.default_rng(10)
    truth = rng.normal(ASSUMED, ASSUMED, 4000)
    measured = rng.normal(truth, 0.4)
    ours = profit([corrected(ASSUMED, one, 0.4) for one in measured], truth).mean()
    assert ours > 1.05 * profit(measured, truth).mean()
    assert ours > 1.05 * profit(np.full(4000, ASSUMED), truth).mean()


def test_many_campaigns_leave_nothing_of_the_assumption():
    assert corrected(0.05, 0.4, 0.01) == pytest.approx(0.4, abs=1e-3)
    assert corrected(0.05, -0.2, 0.01) == pytest.approx(-0.2, abs=1e-3)
