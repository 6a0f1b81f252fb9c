"""A search says so when it has not found a maximum."""

import numpy as np
import pytest

from models.btyd.fit_warnings import FitWarning
from models.btyd.optimise import FitError, Stage, maximise

BOUNDS = (np.full(2, -10.0), np.full(2, 10.0))
STARTS = [np.array([1.0, -1.0]), np.array([-2.0, 3.0])]


def found(objective, starts=STARTS):
    return maximise([Stage(objective, 1.0)], starts, BOUNDS, ("first", "second"))


def bowl(theta):
    away = theta - np.array([0.5, 2.0])
    return -5 * float(away @ away), -10 * away


def test_the_top_and_its_curvature():
    top = found(bowl)
    assert top.converged
    assert top.theta == pytest.approx([0.5, 2.0], abs=1e-6)
    assert top.covariance == pytest.approx(np.eye(2) / 10, abs=1e-8)


def test_the_higher_of_two_hills():
    def hills(theta):
        value, gradient = 0.0, np.zeros(2)
        for height, centre in ((10.0, -4.0), (30.0, 4.0)):
            away = theta - centre
            here = height * np.exp(-away @ away / 4)
            value, gradient = value + here, gradient - here * away / 2
        return value, gradient

    for starts in ([np.full(2, -3.0), np.full(2, 3.0)], [np.full(2, 3.0), np.full(2, -3.0)]):
        assert found(hills, starts).theta == pytest.approx([4.0, 4.0], abs=1e-3)


def test_43_a_search_that_stays_where_it_started():
    with pytest.raises(FitError, match=r"did not leave its start values.*prior_scale"):
        found(lambda theta: (0.0, np.zeros(2)))


def test_a_likelihood_that_is_nowhere_finite():
    with pytest.raises(FitError, match="not finite from any start"):
        found(lambda theta: (np.nan, np.full(2, np.nan)))


def test_a_slope_that_leads_nowhere_up():
    """A gradient that contradicts the values: no step climbs, and that is no maximum."""
    with pytest.raises(FitError, match="did not"):
        found(lambda theta: (bowl(theta)[0], -bowl(theta)[1] + 1.0))


@pytest.mark.parametrize("slope", [1e-9, 3.0], ids=["flat", "rises_to_the_bound"])
def test_a_parameter_that_the_data_do_not_determine(slope):
    def ridge(theta):
        value, gradient = bowl(np.array([theta[0], 2.0]))
        return value + slope * theta[1], np.array([gradient[0], slope])

    with pytest.warns(FitWarning, match=r"do not determine second.*prior_scale"):
        top = found(ridge)
    assert not top.converged
    assert top.theta[0] == pytest.approx(0.5, abs=1e-5)
    assert np.isnan(top.covariance[1]).all()
    assert top.covariance[0, 0] == pytest.approx(0.1)
