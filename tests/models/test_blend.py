"""The blend: weights, level, small data, and parts that refuse."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.all_contenders import create
from models.blend.base_learners import PRIOR_WEIGHTS, SUPERVISED
from models.blend.blend import Blend
from models.blend.stack import Stack
from models.blend.stacking import HALF_TAUGHT, REACH, Level1Data, stacking_weights
from models.contenders.encoding import expit, logit
from models.contenders.linear import ridge_logistic
from models.contenders.trees import thinned
from models.evaluation import log_loss

pytestmark = pytest.mark.slow


def test_weights_are_shares(blend):
    assert sum(blend.weights.values()) == pytest.approx(1)
    assert min(blend.weights.values()) >= 0


def test_it_is_not_worse_than_its_best_part_by_more_than_noise(blend, outcomes):
    churned = outcomes["churned"]
    own = log_loss(churned, blend.predict(outcomes)["p_churn"])
    parts = [blend.base_learners[name].predict(outcomes)["p_churn"] for name in PRIOR_WEIGHTS]
    assert own < min(log_loss(churned, p) for p in parts) + 0.01


def regulars(n_customers: int) -> pd.DataFrame:
    """Customers whose gaps are far more even than chance, until they leave after a purchase."""
    rng, rows = np.random.default_rng(5), []
    for customer in range(n_customers):
        day, leaves = rng.uniform(0, 350), rng.beta(1, 8)
        gap = 1 / rng.gamma(3.0, 1 / 60)
        while day < 500:
            rows.append((customer, int(day), 20.0))
            if rng.random() < leaves:
                break
            day += max(1.0, rng.gamma(4, gap / 4))
    return pd.DataFrame(rows, columns=["customer", "day", "amount"]).drop_duplicates()


@pytest.mark.thorough
def test_where_customers_are_regular_it_follows_the_part_that_knows_it(make_history, make_outcomes):
    log = regulars(700)
    rows, blend = make_outcomes(log, 400), Blend().fit(make_history(log, 400, (220, 280, 340)))
    own, *alone = (
        log_loss(rows["churned"], model.predict(rows)["p_churn"])
        for model in (blend, *(blend.base_learners[name] for name in PRIOR_WEIGHTS))
    )
    knowing, *others = alone
    assert knowing < min(others) - 0.005
    assert own - knowing < 0.25 * (min(others) - knowing)
    assert blend.weights["mbg_cnbd_k"] > 0.5


class Sure:
    """A part that gives everybody up."""

    def predict(self, customers):
        return pd.DataFrame({"p_churn": 1 - 1e-12, "p_alive": 1e-12}, index=customers.index)


def test_a_learner_that_exaggerates_counts_no_further_than_the_supervised_ones_reach(
    blend, outcomes
):
    stack = Stack(dict(PRIOR_WEIGHTS))
    learned = [
        logit(blend.base_learners[n].predict(outcomes)["p_churn"].to_numpy()) for n in SUPERVISED
    ]
    before = {name: part.predict(outcomes) for name, part in blend.base_learners.items()}
    held = stack.log_odds({**before, "mbg_cnbd_k": Sure().predict(outcomes)})
    np.testing.assert_array_equal(held["mbg_cnbd_k"], np.max(learned, axis=0) + REACH)
    np.testing.assert_array_equal(held["logistic"], learned[0])
    # Where no supervised learner counts, nothing holds the others.
    alone = Stack({name: float(name == "mbg_cnbd_k") for name in PRIOR_WEIGHTS})
    held = alone.log_odds({**before, "mbg_cnbd_k": Sure().predict(outcomes)})
    assert held["mbg_cnbd_k"].min() > 13


def test_its_level_lies_between_the_buy_till_you_die_models_and_the_learned_one(blend, history):
    today = history.snapshot
    parts = ("mbg_nbd", *SUPERVISED)
    levels = [blend.base_learners[name].predict(today)["p_churn"].mean() for name in parts]
    found = blend.predict(today)["p_churn"].mean()
    assert min(levels) < found < max(levels)
    # Two overlapping horizons are no reason to believe the learned level.
    assert abs(found - levels[0]) < abs(found - np.mean(levels[1:]))


def test_without_any_labels_buy_till_you_die_answers_alone(history):
    early = history.at(history.cutoffs[0])
    assert not early.cutoffs
    with pytest.raises(ValueError, match="no labelled cutoff"):
        create("logistic").fit(early)
    blend = Blend().fit(early)
    assert set(blend.weights) == set(PRIOR_WEIGHTS) - set(SUPERVISED)
    said = blend.predict(early.snapshot)
    assert said[["p_churn", "expected_purchases", "expected_spend"]].notna().all(axis=None)


def test_learned_parts_that_no_cutoff_tried_count_by_the_customers_who_taught_them(
    make_log, make_history
):
    few = make_history(make_log(150, seed=3), 400, (340,))
    blend = Blend().fit(few)
    learned = sum(blend.weights[name] for name in SUPERVISED if name in blend.weights)
    assert 0 < learned < few.n_taught / (few.n_taught + HALF_TAUGHT) < 0.15
    assert any("no earlier cutoff could try it" in note for note in blend.notes)
    assert (
        blend.predict(few.snapshot).notna().all(axis=None) or blend.fitted.intervals.spend is None
    )


def test_a_base_of_one_time_buyers_is_refused_and_the_fallback_named(log, make_history):
    once = log.groupby("customer", as_index=False).first()
    with pytest.raises(ValueError, match=r"bought once.*base_rate still answers"):
        Blend().fit(make_history(once, 400, (280, 340)))


def test_even_twenty_customers_get_answers_and_reasons(make_log, make_history):
    few = make_history(make_log(20, seed=2), 400, (220, 280, 340))
    blend = Blend().fit(few)
    answers = ["p_churn", "expected_purchases", "expected_spend"]
    assert blend.predict(few.snapshot)[answers].notna().all(axis=None)
    assert len(blend.predictions(few.snapshot).reasons) == len(few.snapshot)


@pytest.mark.thorough
def test_a_part_that_refuses_is_left_out_and_named(make_log, make_history, outcomes):
    history = make_history(make_log(300, seed=4), 400, (280, 340))
    history.panel["churned"], history.panel["next_purchase"] = 1, np.nan
    blend = Blend().fit(history)
    assert set(blend.weights) == set(PRIOR_WEIGHTS) - set(SUPERVISED)
    assert any(note.startswith("logistic is left out: All") for note in blend.notes)
    assert blend.predict(outcomes)["p_churn"].between(0, 1).all()


@pytest.mark.thorough
def test_one_customer_of_a_million_does_not_lift_all_expectations(make_log, make_history):
    log = make_log(400, seed=6)
    calm = Blend().fit(make_history(log, 400, (280, 340)))
    wild_log = log.copy()
    whale = wild_log.index[(wild_log["day"] > 300) & (wild_log["day"] < 340)][0]
    wild_log.loc[whale, "amount"] = 1e6
    history = make_history(wild_log, 400, (280, 340))
    wild = Blend().fit(history)
    others = history.snapshot[history.snapshot["amount_mean"] < 1e4]
    before = calm.predict(others)["expected_spend"].sum()
    after = wild.predict(others)["expected_spend"].sum()
    assert after < 3 * before


def test_thin_evidence_stays_at_the_prior_and_strong_evidence_leaves_it():
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 2, 20_000)
    churned = (rng.random(20_000) < expit(signal)).astype(float)
    seen = np.column_stack([signal, rng.normal(0, 2, 20_000)])
    prior = np.array([0.5, 0.5])
    strong = stacking_weights([Level1Data(seen, churned, np.ones(20_000))], prior)
    thin = stacking_weights([Level1Data(seen[:20], churned[:20], np.ones(20))], prior)
    assert strong[0] > 0.95
    assert abs(thin[0] - 0.5) < abs(strong[0] - 0.5)


def test_weights_do_not_follow_a_lasting_error_of_level():
    rng = np.random.default_rng(1)
    signal = rng.normal(0, 1, 5_000)
    churned = (rng.random(5_000) < expit(signal)).astype(float)
    seen = np.column_stack([signal + 3.0, signal])
    weights = stacking_weights([Level1Data(seen, churned, np.ones(5_000))], np.array([0.5, 0.5]))
    np.testing.assert_allclose(weights, 0.5, atol=0.01)


def test_our_logistic_regression_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    x = rng.normal(size=(500, 4))
    y = (rng.random(500) < expit(x @ np.array([1.0, -1.0, 0.5, 0.0]))).astype(float)
    w = rng.integers(1, 4, 500).astype(float)
    ours, intercept = ridge_logistic(x, y, w, penalty_strength=20.0)
    theirs = LogisticRegression(C=0.05, tol=1e-10, max_iter=1000).fit(x, y, sample_weight=w)
    np.testing.assert_allclose(ours, theirs.coef_[0], atol=1e-5)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-5)


def test_thinning_keeps_the_totals():
    panel = pd.DataFrame({"churned": [0] * 900 + [1] * 100, "weight": 2.0})
    few = thinned(panel, 300)
    assert len(few) == 300
    assert few["weight"].sum() == pytest.approx(2000)
    assert (few["churned"] == 1).sum() == 100


@pytest.mark.thorough
def test_without_a_buy_till_you_die_model_the_rest_answers_and_clv_stays_empty(history, outcomes):
    alike = {day: rows.head(1) for day, rows in history.populations.items()}
    many = alike[history.cutoff].assign(n_customers=5_000)
    blend = Blend().fit(replace(history, populations={**alike, history.cutoff: many}))
    assert set(blend.weights) == set(SUPERVISED)
    assert blend.notes[-1].startswith("Without a buy-till-you-die model there is no clv")
    predicted = blend.predictions(outcomes)
    said = predicted.answers
    assert said[["p_churn", "expected_purchases", "expected_spend"]].notna().all(axis=None)
    assert np.isnan(predicted.clv(12, 0.01, history.cutoff)).all()
    ends = predicted.clv_interval(said["expected_spend"].to_numpy(), 12, history.cutoff)
    assert np.isnan(ends).all()
