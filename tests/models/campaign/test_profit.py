"""Expected profit and the one order of contacts."""

import numpy as np
import pytest

from models.campaign.power import control_needed, detectable
from models.campaign.profit import (
    at_stake,
    break_even_effect,
    choose,
    expected_profit,
    profit_by_contacts,
)


def test_neither_the_loyal_nor_those_long_gone_are_at_stake():
    staked = at_stake([0.01, 0.5, 0.99], [100.0, 60.0, 0.6])
    assert staked.argmax() == 1
    assert (staked[[0, 2]] < 2).all()


def test_values_are_each_customers_own():
    # The same p_churn: at the mean value both would be equally worth a contact.
    profit = expected_profit(0.1 * at_stake([0.5, 0.5], [1, 99]), margin=0.5, cost=1)
    assert (profit > 0).tolist() == [False, True]


def test_nobody_at_a_loss_is_contacted_and_the_budget_is_never_exceeded():
    rng = np.random.default_rng(0)
    profit = rng.normal(size=1000)
    for budget in (0.5, 3.7, 100, 1e9):
        chosen = choose(profit, 0.5, treated_share=0.8, budget=budget)
        assert (profit[chosen] > 0).all()
        assert chosen.sum() * 0.8 * 0.5 <= budget + 1e-6
        if chosen.any():
            assert profit[chosen].min() >= max(profit[~chosen & (profit > 0)], default=0)
    assert choose(profit, 0.5, most=40, treated_share=0.8).sum() == 50
    assert choose(profit, 0.0, budget=1).sum() == (profit > 0).sum()


def test_the_curve_ends_at_everybody_and_peaks_where_profit_turns():
    profit = np.array([3.0, -1.0, 2.0, -5.0])
    curve = profit_by_contacts(profit)
    assert curve["profit"].tolist() == [0, 3, 5, 4, -1]
    assert curve["n_contacted"].tolist() == [0, 1, 2, 3, 4]
    assert len(profit_by_contacts(np.ones(10_000))) == 101


def test_at_the_break_even_effect_nothing_is_earned():
    staked, margin, cost = np.array([10.0, 50.0]), 0.25, 0.6
    effect = break_even_effect(staked, margin, cost)
    assert expected_profit(effect * staked, margin, cost).sum() == pytest.approx(0)
    assert break_even_effect(np.zeros(2), margin, cost) == np.inf


def test_power_is_what_simulated_campaigns_show():
    rng = np.random.default_rng(1)
    difference = detectable(2.0, 600, 200)
    shown = 0
    for _ in range(1000):
        a, b = rng.normal(difference, 2, 600), rng.normal(0, 2, 200)
        shown += abs(a.mean() - b.mean()) > 1.96 * (a.var() / 600 + b.var() / 200) ** 0.5
    # 1,000 campaigns: three standard errors are 3.8 points.
    assert shown / 1000 == pytest.approx(0.8, abs=0.04)


def test_the_control_needed_shows_just_the_difference_asked_for():
    share = control_needed(2.0, 0.4, 2000, r_squared=0.3)
    assert detectable(2.0, round(2000 * (1 - share)), round(2000 * share), 0.3) == pytest.approx(
        0.4, rel=0.01
    )
    assert control_needed(2.0, 0.0, 2000) is None
