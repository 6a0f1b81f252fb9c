"""A user's own classifier stands on the same board."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from models.all_contenders import restore
from models.contenders.own import OwnChurn
from models.evaluation import evaluate


@pytest.mark.parametrize("classifier", [GaussianNB(), KNeighborsClassifier(50)], ids=["nb", "knn"])
def test_an_own_classifier_answers_and_is_restored(classifier, history, outcomes):
    own = OwnChurn("mine", classifier).fit(history)
    predicted = own.predict(outcomes)
    assert evaluate(outcomes, predicted)["roc_auc"] > 0.7
    again = restore("mine", json.loads(json.dumps(own.parameters())), own.estimators())
    pd.testing.assert_frame_equal(again.predict(outcomes), predicted, check_exact=True)


def test_the_estimator_given_stays_unfitted(history):
    classifier = GaussianNB()
    OwnChurn("mine", classifier).fit(history)
    assert not hasattr(classifier, "theta_")


def test_missing_numbers_are_the_mean_of_their_feature(history, outcomes):
    own = OwnChurn("mine", GaussianNB()).fit(history)
    blank = own.predict(outcomes.assign(gap_mean=np.nan))["p_churn"]
    mean = own.predict(outcomes.assign(gap_mean=history.panel["gap_mean"].mean()))["p_churn"]
    np.testing.assert_allclose(blank, mean)


def test_what_gives_no_probabilities_is_refused():
    with pytest.raises(ValueError, match="LinearRegression has no predict_proba"):
        OwnChurn("mine", LinearRegression())
