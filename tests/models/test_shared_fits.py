"""What was fitted before is not fitted again, and nothing else is taken for it."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd

from models.btyd import BetaGeoModel
from models.contenders.btyd import BtydContender
from models.contenders.classifiers import LogisticChurn
from models.contenders.shared_fits import SharedFits, steadied_fit


def test_equal_counts_are_fitted_once_and_others_are_not():
    fits, asked = SharedFits(), []

    def fit(name, *arrays):
        return fits.get(name, tuple(np.array(a) for a in arrays), lambda: asked.append(1))

    fit("a", [1.0, 2.0])
    fit("a", [1.0, 2.0])
    assert len(asked) == 1
    fit("a", [1.0, 2.5])
    fit("b", [1.0, 2.0])
    assert len(asked) == 3


def test_a_population_that_differs_by_one_customer_has_a_fit_of_its_own(history):
    first = BtydContender("mbg_nbd").fit(history)
    same = BtydContender("mbg_nbd").fit(replace(history))
    more = history.population.assign(n_customers=history.population["n_customers"] + 1)
    other = replace(history, populations={**history.populations, history.cutoff: more})
    assert same.purchases is first.purchases
    assert BtydContender("mbg_nbd").fit(other).purchases.params_ != first.purchases.params_


def test_only_histories_of_the_same_snapshots_share_fits(history):
    store = {}
    first, second = (replace(history).sharing(store) for _ in range(2))
    fitted = [LogisticChurn().fit(one).model for one in (first, second, replace(history))]
    assert fitted[0] is fitted[1]
    assert fitted[2] is not fitted[0]
    # What came earlier has fits of its own.
    earlier = first.at(history.cutoffs[-1])
    assert LogisticChurn().fit(earlier).model is not fitted[0]
    again = second.at(history.cutoffs[-1])
    assert LogisticChurn().fit(again).model is LogisticChurn().fit(earlier).model


class BesideAThread(BetaGeoModel):
    """Fitted while a thread of scikit-learn has taken all warning filters away."""

    def fit(self, X, sample_weight=None):
        with warnings.catch_warnings():
            warnings.resetwarnings()
            return super().fit(X, sample_weight)


def test_whether_a_fit_is_steadied_does_not_depend_on_what_other_threads_do_to_warnings(capsys):
    """Nobody leaves: the likelihood alone does not say how fast."""
    rng = np.random.default_rng(3)
    age = rng.uniform(20, 60, 1000).round()
    x = rng.poisson(rng.gamma(2.0, 0.1, 1000) * age)
    base = pd.DataFrame({"frequency": x, "recency": age * (x > 0) * (x + 1) / (x + 2), "T": age})
    alone, beside = (steadied_fit(m, base, np.ones(1000)) for m in (BetaGeoModel, BesideAThread))
    assert alone.converged_
    assert beside.params_ == alone.params_
    assert not capsys.readouterr().err
