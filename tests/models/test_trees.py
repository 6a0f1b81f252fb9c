"""Boosted means: right where a few customers make nearly all of what comes."""

import json

import numpy as np
import pandas as pd
import pytest

from models.contenders.trees import BoostedMean
from pipeline.model_files import estimator_files

pytestmark = pytest.mark.slow


def rare(share: float, typical: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, outcomes and what is to be expected; all but `share` expect a thousandth."""
    rng = np.random.default_rng(seed)
    n = 20_000
    active = rng.random(n) < share
    level = np.where(active, typical * np.exp(rng.normal(0, 0.5, n)), typical / 1000)
    outcome = rng.poisson(level).astype(float)
    matrix = np.column_stack([np.log(level) + rng.normal(0, 0.1, n), rng.normal(size=n)])
    return matrix, outcome, level


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02, 0.005])
def test_the_few_who_make_the_total_do_not_blow_it_up(share):
    matrix, outcome, level = rare(share, typical=200.0)
    model = BoostedMean.fit(matrix, outcome, np.ones(len(outcome)), seed=0)
    expected = model.predict(matrix)
    assert expected.sum() == pytest.approx(level.sum(), rel=0.1)
    assert expected.max() < 5 * outcome.max()
    assert np.corrcoef(expected, level)[0, 1] > 0.8


def test_a_customer_unlike_all_is_expected_within_what_came():
    matrix, outcome, _ = rare(0.005, typical=200.0)
    model = BoostedMean.fit(matrix, outcome, np.ones(len(outcome)), seed=0)
    unlike = np.array([[50.0, 9.0], [-50.0, -9.0], [np.nan, np.nan]])
    assert (model.predict(unlike) < 5 * outcome.max()).all()


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_the_unit_of_money_changes_nothing(share):
    matrix, outcome, _ = rare(share, typical=200.0)
    weight = np.ones(len(outcome))
    one, hundred = (
        BoostedMean.fit(matrix, outcome * unit, weight, seed=0).predict(matrix) / unit
        for unit in (1.0, 128.0)
    )
    pd.testing.assert_series_equal(pd.Series(one), pd.Series(hundred), check_exact=True)


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_it_comes_back_from_its_files_to_the_bit(share):
    matrix, outcome, _ = rare(share, typical=200.0)
    model = BoostedMean.fit(matrix, outcome, np.ones(len(outcome)), seed=0)
    assert ("first" in model.estimators()) == (share < 0.1)
    trees = {
        name: estimator_files.load(estimator_files.dump(tree), name)
        for name, tree in model.estimators().items()
    }
    again = BoostedMean.restore(json.loads(json.dumps(model.parameters())), trees)
    assert (again.predict(matrix) == model.predict(matrix)).all()
