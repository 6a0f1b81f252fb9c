"""Interim looks: the boundary as published, and its false alarms over all looks."""

from math import log, sqrt

import numpy as np
import pytest

from models.campaign.sequential import reach


def test_boundary_is_the_papers_at_n_observations():
    # Equation 1.5 with n observations of standard deviation 1, rho tuned to n = 50 of 100.
    n, alpha = 30, 0.05
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / 50
    radius = sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * log(sqrt(n * rho2 + 1) / alpha))
    assert reach(0.30) == pytest.approx(radius * sqrt(n))


@pytest.mark.parametrize("lasting", [0.0, 1.0], ids=["independent weeks", "lasting customers"])
def test_daily_looks_of_a_campaign_without_effect_alarm_in_at_most_five_of_a_hundred(lasting):
    rng = np.random.default_rng(0)
    days, campaigns = 91, 4000
    # The difference of two groups' sums after each day, where some customers spend more lastingly.
    daily = rng.normal(size=(campaigns, days)) + lasting * rng.normal(size=(campaigns, 1))
    total = daily.cumsum(axis=1)
    day = np.arange(1, days + 1)
    z = total / np.sqrt(day + lasting**2 * day**2)
    boundary = np.array([reach(d / days) for d in day])
    alarms = (np.abs(z) > boundary).any(axis=1).mean()
    assert alarms < 0.05
    naive = (np.abs(z) > 1.96).any(axis=1).mean()
    assert naive > alarms
    assert lasting or naive > 0.3, "looking daily at a plain interval cries wolf"
