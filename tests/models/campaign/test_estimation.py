"""Differences between groups: against statsmodels, against simulation, and their refusals."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from models.campaign import estimation
from models.campaign.assignment import assign, blocks
from models.campaign.estimation import (
    adjusted_differences,
    blocked_difference,
    complier_difference,
    sample_ratio_p,
    winsorised,
)


def campaign(rng, n=400, control=0.3):
    """Customers whose spend depends on two scores, put into groups by block."""
    p, value = rng.beta(1, 2, n), rng.gamma(1, 30, n)
    block = blocks(p, value, control)
    groups = assign([str(i) for i in rng.permutation(n)], block, (control, 1 - control), "c", 0)
    y = (rng.random(n) > p) * value * rng.gamma(2, 0.5, n)
    return y, groups["group"].to_numpy(), groups["probability"].to_numpy(), block, p, value


def test_adjusted_difference_is_that_of_statsmodels_with_hc3():
    rng = np.random.default_rng(1)
    y, treated, probability, _, p, value = campaign(rng)
    # Other shares in other blocks: weights differ.
    probability = np.where(p > 0.5, probability * 0.7, probability)
    covariates = np.column_stack([p, value])
    centred = covariates - covariates.mean(axis=0)
    design = np.column_stack([treated, centred, centred * treated[:, None]])
    theirs = sm.WLS(y, sm.add_constant(design), weights=1 / probability)
    theirs = theirs.fit(cov_type="HC3", use_t=True)
    (ours,) = adjusted_differences(y[:, None], treated, probability, covariates)
    assert ours.estimate == pytest.approx(theirs.params[1], rel=1e-9)
    assert ours.se == pytest.approx(theirs.bse[1], rel=1e-9)
    low, high = theirs.conf_int()[1]
    assert 1 <= (ours.high - ours.low) / (high - low) < 1.1, "t of the effective number"


def test_a_few_huge_accounts_are_no_campaign_that_earned():
    rng, claimed, naive = np.random.default_rng(5), 0, 0
    for _ in range(300):
        n, giants = 280, 5
        value = np.concatenate([rng.gamma(1, 30, n - giants), rng.gamma(4, 20_000, giants)])
        treated = (rng.permutation(n) < 0.8 * n).astype(int)
        y = value * rng.gamma(2, 0.5, n)
        if not 1 <= treated[-giants:].sum() <= giants - 1:
            continue
        (found,) = adjusted_differences(
            y[:, None], treated, np.where(treated, 0.8, 0.2), value[:, None]
        )
        claimed += found.low > 0 or found.high < 0
        naive += abs(found.estimate) > 1.96 * found.se
    assert claimed <= 0.05 * 300 < naive + claimed


def test_outcomes_are_adjusted_one_by_one():
    rng = np.random.default_rng(2)
    y, treated, probability, _, p, _ = campaign(rng)
    both = adjusted_differences(np.column_stack([y, y > 0]), treated, probability, p[:, None])
    alone = adjusted_differences((y > 0)[:, None], treated, probability, p[:, None])
    assert both[1].estimate == pytest.approx(alone[0].estimate)
    assert both[1].se == pytest.approx(alone[0].se)


def test_a_covariate_that_tells_what_another_tells_changes_nothing():
    rng = np.random.default_rng(8)
    y, treated, probability, _, p, _ = campaign(rng, n=10_000)  # more than are taken at once
    (alone,) = adjusted_differences(y[:, None], treated, probability, p[:, None])
    (twice,) = adjusted_differences(
        y[:, None], treated, probability, np.column_stack([p, 1000 - 1000 * p])
    )
    assert twice.estimate == pytest.approx(alone.estimate, rel=1e-9)
    assert twice.se == pytest.approx(alone.se, rel=1e-6)


def test_one_block_is_the_difference_of_means_with_welchs_error():
    rng = np.random.default_rng(3)
    y, treated = rng.gamma(1, 10, 50), np.arange(50) % 3 > 0
    found = blocked_difference(y, treated, np.zeros(50, int))
    assert found.estimate == pytest.approx(y[treated].mean() - y[~treated].mean())
    theirs = sm.stats.CompareMeans.from_data(y[treated], y[~treated])
    assert found.se == pytest.approx(theirs.std_meandiff_separatevar)


def test_other_shares_in_other_blocks_do_not_mistake_the_block_for_the_effect():
    # Rich customers are nearly all treated, poor ones nearly none: the naive difference is 81.
    block = np.repeat([0, 1], 1000)
    treated = np.concatenate([np.arange(1000) % 10 == 0, np.arange(1000) % 10 > 0])
    y = np.where(block == 1, 100.0, 0.0) + np.random.default_rng(4).normal(size=2000) + treated
    probability = np.where(treated == (block == 1), 0.9, 0.1)
    assert y[treated].mean() - y[~treated].mean() > 80
    assert blocked_difference(y, treated, block).estimate == pytest.approx(1, abs=0.2)
    found = adjusted_differences(y[:, None], treated, probability, block[:, None].astype(float))
    assert found[0].estimate == pytest.approx(1, abs=0.2)


def test_a_block_without_a_control_joins_its_neighbour():
    y = np.array([1.0, 2, 3, 4, 5, 6, 9, 8])
    treated, block = np.array([1, 0, 1, 0, 1, 1, 0, 0]), np.array([0, 0, 0, 0, 1, 1, 1, 2])
    joined = blocked_difference(y, treated, [0, 0, 0, 0, 1, 1, 1, 1])
    assert blocked_difference(y, treated, block) == joined
    assert joined.estimate == pytest.approx((-1 - 3) / 2)
    with pytest.raises(ValueError, match="fewer than two"):
        blocked_difference(y, [1] * 7 + [0], block)


def test_all_covariates_constant_leave_the_weighted_plain_difference():
    y, treated = np.arange(20.0), np.arange(20) % 2
    (found,) = adjusted_differences(y[:, None], treated, np.full(20, 0.5), np.ones((20, 2)))
    assert found.estimate == pytest.approx(1.0)


@pytest.mark.thorough
@pytest.mark.slow
def test_intervals_hold_the_truth_in_nineteen_of_twenty_and_adjusting_narrows_them():
    rng = np.random.default_rng(5)
    held, widths = [], []
    for _ in range(400):
        y, treated, probability, block, p, value = campaign(rng, n=800)
        y = y + 3 * treated * (p > 0.3)
        truth = 3 * (p > 0.3).mean()
        plain = blocked_difference(y, treated, block)
        (better,) = adjusted_differences(
            y[:, None], treated, probability, np.column_stack([p, value * (1 - p)])
        )
        one = blocked_difference(y, treated, np.zeros(800, int))
        held.append([found.low <= truth <= found.high for found in (plain, better)])
        widths.append([plain.se / one.se, better.se / one.se])
    share = np.mean(held, axis=0)
    # 400 campaigns: two standard errors are 2.2 points.
    assert ((share > 0.925) & (share < 0.975)).all(), share
    assert (np.mean(widths, axis=0) < 0.95).all()


def test_instrument_finds_the_effect_on_those_contacted_where_half_were():
    rng = np.random.default_rng(6)
    n = 20_000
    treated, willing = rng.integers(0, 2, n), rng.integers(0, 2, n)
    # The control's keen tenth was contacted by mistake; the willing spend more anyway.
    received = np.where(treated == 1, willing, rng.random(n) < 0.1)
    y = 5 * willing + 2 * received + rng.normal(size=n)
    found = complier_difference(y, received, treated, np.zeros(n, int))
    assert found.low < 2 < found.high
    assert y[received == 1].mean() - y[received == 0].mean() > 4, "as treated, it is confounded"


def test_instrument_has_the_robust_error_of_two_stage_least_squares():
    rng = np.random.default_rng(7)
    n = 500
    drawn = rng.integers(0, 2, n)
    got = drawn * (rng.random(n) < 0.6)
    y = rng.gamma(1, 5, n) + got
    found = complier_difference(y, got, drawn, np.zeros(n, int))
    z, x = sm.add_constant(drawn.astype(float)), sm.add_constant(got.astype(float))
    beta = np.linalg.solve(z.T @ x, z.T @ y)
    residual, inverse = y - x @ beta, np.linalg.inv(z.T @ x)
    hc0 = inverse @ (z.T * residual**2 @ z) @ inverse.T
    assert found.estimate == pytest.approx(beta[1])
    # HC0 divides by n, ours by n - 1 in each group.
    assert found.se == pytest.approx(hc0[1, 1] ** 0.5, rel=0.01)


def test_instrument_that_moved_nobody_says_nothing():
    drawn = np.arange(100) % 2
    assert complier_difference(np.arange(100), np.zeros(100), drawn, np.zeros(100, int)) is None


def test_winsorising_cuts_the_largest_and_nothing_else():
    y = np.concatenate([np.zeros(900), np.arange(1, 101.0)])
    found = winsorised(y)
    assert found.max() == np.quantile(np.arange(1, 101.0), 0.99)
    assert (found[y < 99] == y[y < 99]).all()
    assert winsorised(np.zeros(3)).tolist() == [0, 0, 0]


def test_sample_ratio_is_fishers_exact_test_of_who_was_lost():
    alone = stats.fisher_exact([[100, 0], [700, 200]]).pvalue
    assert sample_ratio_p([700, 200], [800, 200]) == pytest.approx(alone)
    assert sample_ratio_p([500, 500], [500, 500]) == 1
    # Three tests for three groups.
    first, second = ([[10, 0], [90, 200]], [[0, 10], [100, 190]])
    smallest = min(stats.fisher_exact(table).pvalue for table in (first, second))
    assert sample_ratio_p([90, 100, 100], [100, 100, 100]) == pytest.approx(3 * smallest)


def test_interval_of_a_total_is_the_scaled_one():
    one = estimation.Difference(2.0, 1.0, 2.0)
    total = one.scaled(100, -50)
    assert (total.low, total.estimate, total.high) == (-50, 150, 350)
