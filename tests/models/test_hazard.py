"""The chained trees: what a chain of steps must obey, whatever the trees say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.contenders.encoding import expit, logit
from models.contenders.hazard import BoostedHazard, step_log_odds
from models.explain.attribution import contributions
from models.history import SO_FAR
from models.periods import step_days


@pytest.fixture(scope="module")
def hazard(history) -> BoostedHazard:
    return BoostedHazard().fit(history)


def test_a_chain_is_the_product_of_its_steps(hazard, outcomes, history):
    steps = expit(step_log_odds(hazard.terms(outcomes)))
    assert steps.shape == (len(outcomes), 3)
    assert step_days(history.horizon_days) * 3 == history.horizon_days
    np.testing.assert_allclose(hazard.predict(outcomes)["p_churn"], steps.prod(axis=1), rtol=1e-12)


def test_the_next_step_begins_where_the_one_before_left_off(hazard, outcomes):
    today, soon, _ = hazard.futures(outcomes)
    assert (soon["T"] - today["T"] == 20).all()
    assert (soon["days_since_last"] - today["days_since_last"] == 20).all()
    assert (soon["frequency"] == today["frequency"]).all()
    assert not any(name.startswith("purchases_") for name in today)


def test_what_happened_after_the_first_step_teaches_nothing(history, outcomes):
    step = step_days(history.horizon_days)
    panel = history.panel.copy()
    panel.loc[panel[SO_FAR] >= step, SO_FAR] += 1000
    panel["churned"] = 1 - panel["churned"]
    other = BoostedHazard().fit(replace(history, panel=panel))
    pd.testing.assert_frame_equal(
        other.predict(outcomes), BoostedHazard().fit(history).predict(outcomes)
    )


def test_recent_cutoffs_teach(history, outcomes):
    rows = history.rows(history.cutoffs[-1])
    near = rows.assign(cutoff=pd.Timestamp(history.cutoff) - pd.Timedelta(days=20))
    nobody = near.assign(**{SO_FAR: np.nan})
    told = BoostedHazard().fit(replace(history, recent=pd.concat([nobody] * 5)))
    untold = BoostedHazard().fit(history)
    assert told.predict(outcomes)["p_churn"].mean() > untold.predict(outcomes)["p_churn"].mean()


def test_reasons_of_a_chain_move_as_its_answer_does(hazard, outcomes):
    reference = {"frequency": 1.0, "days_since_last": 50.0, "T": 200.0}
    moved = sum(contributions(hazard, hazard.terms(outcomes), reference).values())
    answer = logit(hazard.predict(outcomes)["p_churn"].to_numpy())
    assert np.corrcoef(moved, answer)[0, 1] > 0.95
