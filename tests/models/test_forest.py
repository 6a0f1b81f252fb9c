"""Forests answer as scikit-learn does, to the bit, missing values and all."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from models.contenders.forest import Forest
from models.contenders.trees import FIRST_TREE, settings


@pytest.fixture(scope="module")
def rows():
    """Features with ties, missing values and a column that is missing for half, and outcomes."""
    rng = np.random.default_rng(0)
    matrix = np.round(rng.normal(size=(4000, 6)), 1)
    matrix[rng.random(4000) < 0.5, 1] = np.nan
    matrix[rng.random(4000) < 0.02, 2] = np.nan
    known = np.nan_to_num(matrix, nan=2.0)
    count = rng.poisson(np.exp(0.5 * known[:, 0] - 0.3 * known[:, 1] * (known[:, 3] > 0)))
    return matrix, count


def asked(rng):
    """New rows: further out, on the borders, and missing where no row was in training."""
    matrix = np.round(rng.normal(size=(3000, 6)) * 2, 1)
    matrix[rng.random((3000, 6)) < 0.2] = np.nan
    matrix[0], matrix[1], matrix[2] = np.inf, -np.inf, np.nan
    return matrix


@pytest.mark.slow
def test_log_odds_are_scikit_learns(rows):
    matrix, count = rows
    trees = HistGradientBoostingClassifier(**settings(4000), random_state=0).fit(matrix, count == 0)
    new = asked(np.random.default_rng(1))
    np.testing.assert_array_equal(Forest.walked(trees, new).margin(), trees.decision_function(new))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["poisson", "squared_error"])
def test_means_are_scikit_learns(rows, loss):
    matrix, count = rows
    kind = settings(4000) if loss == "poisson" else FIRST_TREE
    trees = HistGradientBoostingRegressor(loss=loss, **kind, random_state=0).fit(matrix, count)
    new = asked(np.random.default_rng(2))
    np.testing.assert_array_equal(Forest.walked(trees, new).mean(), trees.predict(new))


@pytest.mark.slow
def test_a_customer_ends_where_he_does_alone(rows):
    matrix, count = rows
    trees = HistGradientBoostingClassifier(**settings(4000), random_state=0).fit(matrix, count == 0)
    together = Forest.walked(trees, matrix)
    for rows in ([0], [3999], [0, 7, 3999], list(range(30))):
        few = Forest.walked(trees, matrix[rows])
        np.testing.assert_array_equal(together.margin()[rows], few.margin())
        np.testing.assert_array_equal(together.moved(9)[:, rows], few.moved(9))


def test_a_tree_of_too_many_leaves_is_refused(rows):
    matrix, count = rows
    trees = HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=31).fit(matrix, count)
    with pytest.raises(ValueError, match="at most 16"):
        Forest.walked(trees, matrix)


@pytest.mark.slow
def test_an_estimator_that_is_fitted_again_is_read_again(rows):
    matrix, count = rows
    trees = HistGradientBoostingClassifier(**settings(4000), random_state=0).fit(matrix, count == 0)
    Forest.walked(trees, matrix)
    trees.fit(matrix, count > 2)
    margin = Forest.walked(trees, matrix).margin()
    np.testing.assert_array_equal(margin, trees.decision_function(matrix))
