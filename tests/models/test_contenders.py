"""The contract that every contender keeps; a new one enters these tests unasked."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from models.all_contenders import BASELINES, CONTENDERS, create, restore
from models.contenders.protocol import ANSWERS, Contender
from models.evaluation import evaluate

FITTED: dict[str, Contender] = {}


@pytest.fixture(params=[*CONTENDERS, "blend_with_logistic"])
def fitted(request, history) -> Contender:
    if request.param not in FITTED:
        FITTED[request.param] = create(request.param).fit(history)
    return FITTED[request.param]


@pytest.mark.slow
def test_a_contender_is_registered_under_its_own_name(fitted):
    assert isinstance(fitted, Contender)
    assert type(create(fitted.name)) is type(fitted)


def test_answers_are_probabilities_and_finite(fitted, outcomes):
    predicted = fitted.predict(outcomes)
    assert list(predicted.columns[:3]) == list(ANSWERS)
    assert predicted.index.equals(outcomes.index)
    for column in ANSWERS:
        values = predicted[column].to_numpy()
        assert np.isfinite(values).all() or np.isnan(values).all(), column
    p = predicted["p_churn"].dropna()
    assert ((p >= 0) & (p <= 1)).all()
    assert (predicted["expected_spend"].dropna() >= 0).all()
    assert not predicted[list(ANSWERS)].isna().all(axis=None), "a contender answers something"


def test_scoring_two_halves_equals_scoring_all_at_once(fitted, outcomes):
    whole = fitted.predict(outcomes)
    for cut in (1, 137, len(outcomes) - 1):
        halves = [fitted.predict(outcomes.iloc[:cut]), fitted.predict(outcomes.iloc[cut:])]
        pd.testing.assert_frame_equal(pd.concat(halves), whole, check_exact=True)


def test_the_order_of_columns_does_not_matter(fitted, outcomes):
    pd.testing.assert_frame_equal(
        fitted.predict(outcomes[outcomes.columns[::-1]]), fitted.predict(outcomes), check_exact=True
    )


def test_a_frame_without_rows_has_no_answers(fitted, outcomes):
    assert len(fitted.predict(outcomes.iloc[:0])) == 0


def test_restored_from_json_it_predicts_exactly_the_same(fitted, outcomes):
    state = json.loads(json.dumps(fitted.parameters(), allow_nan=False))
    again = restore(fitted.name, state, fitted.estimators())
    assert again.name == fitted.name
    pd.testing.assert_frame_equal(
        again.predict(outcomes), fitted.predict(outcomes), check_exact=True
    )


def test_labels_and_ids_never_reach_a_model(fitted, outcomes):
    changed = outcomes.assign(churned=1 - outcomes["churned"], spend=0.0, purchases=99.0)
    changed["customer_id"] = "x"
    pd.testing.assert_frame_equal(
        fitted.predict(changed), fitted.predict(outcomes), check_exact=True
    )


def test_everything_but_the_naive_rules_knows_something(fitted, outcomes):
    scores = evaluate(outcomes, fitted.predict(outcomes))
    if fitted.name not in (*BASELINES, "lifetimes_bg_nbd", "boosted_spend"):
        assert scores["roc_auc"] > 0.7
        assert abs(fitted.predict(outcomes)["p_churn"].mean() - scores["churn_rate"]) < 0.1


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("name", ["hist_gradient_boosting", "boosted_hazard", "logistic", "blend"])
def test_52_one_thread_or_two_give_the_same_model(name, make_log, make_history, outcomes):
    log = make_log(400, seed=5)
    answers = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            model = create(name).fit(make_history(log, 400, (280, 340)))
            answers.append(model.predict(outcomes))
    pd.testing.assert_frame_equal(*answers, check_exact=True)


def test_another_seed_draws_other_trees(make_log, make_history, outcomes):
    history = make_history(make_log(400, seed=5), 400, (280, 340))
    first, second = (
        create("hist_gradient_boosting").fit(replace(history, seed=seed)).predict(outcomes)
        for seed in (0, 1)
    )
    assert 0 < (first["p_churn"] - second["p_churn"]).abs().mean() < 0.1


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown contender 'pareto'; known: base_rate"):
        create("pareto")


def test_a_missing_feature_is_named(history, outcomes):
    model = create("logistic").fit(history)
    with pytest.raises(ValueError, match=r"1 of .* features of the model are missing: gap_mean"):
        model.predict(outcomes.drop(columns="gap_mean"))


@pytest.mark.parametrize("name", ["logistic", "hist_gradient_boosting", "recency_alone"])
def test_one_outcome_only_is_refused(name, log, make_history):
    history = make_history(log, 400, (280, 340))
    history.panel["churned"] = 1
    with pytest.raises(ValueError, match="training rows churned"):
        create(name).fit(history)


def test_40_permuted_labels_teach_nothing(log, make_history, outcomes):
    history = make_history(log, 400, (220, 280, 340))
    order = np.random.default_rng(0).permutation(len(history.panel))
    history.panel["churned"] = history.panel["churned"].to_numpy()[order]
    model = create("hist_gradient_boosting").fit(history)
    assert evaluate(outcomes, model.predict(outcomes))["roc_auc"] == pytest.approx(0.5, abs=0.1)


def test_47_a_category_never_seen_is_answered(history, outcomes):
    model = create("logistic").fit(history)
    new = model.predict(outcomes.assign(country="FR"))["p_churn"]
    missing = model.predict(outcomes.assign(country=None))["p_churn"]
    assert new.notna().all()
    pd.testing.assert_series_equal(new, missing)


def test_our_bg_nbd_gives_what_lifetimes_gives(history, outcomes):
    ours, theirs = (create(name).fit(history) for name in ("bg_nbd", "lifetimes_bg_nbd"))
    a, b = ours.predict(outcomes), theirs.predict(outcomes)
    # Two optimisers stop at slightly different places of the same flat top.
    np.testing.assert_allclose(a["expected_purchases"], b["expected_purchases"], rtol=0.02)
    np.testing.assert_allclose(1 - a["p_alive"], b["p_churn"], atol=0.01)
