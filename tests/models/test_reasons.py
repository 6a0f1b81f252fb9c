"""Reasons add up to the answer they explain."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.all_contenders import create
from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.base_predictions import BasePredictions
from models.blend.blend import Blend
from models.blend.contributions import blended_contributions
from models.blend.stack import Stack
from models.contenders.encoding import expit, logit
from models.explain.attribution import contributions, reference_customer
from models.explain.reasons import by_theme, importance, reasons, theme_of

WORDS = ("more likely to leave: ", "more likely to stay: ")

TYPICAL = {"frequency": 0.0, "days_since_last": 391.0, "T": 480.0, "amount_mean": 30.0}


def test_tree_contributions_add_up_to_the_log_odds(history, outcomes):
    model = create("hist_gradient_boosting").fit(history)
    forest = model.terms(outcomes)
    along = forest.moved(len(model.encoder.names))
    rest = forest.margin() - along.sum(axis=0)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)


def test_linear_contributions_add_up_to_the_log_odds(history, outcomes):
    model = create("logistic").fit(history)
    parts = sum(contributions(model, model.terms(outcomes), {}).values())
    p_churn = model.predict(outcomes)["p_churn"]
    np.testing.assert_allclose(expit(parts + model.model.intercept), p_churn)


def test_btyd_contributions_add_up_to_the_distance_from_the_reference(history, outcomes):
    model = create("pareto_nbd").fit(history)
    reference = reference_customer(outcomes)
    parts = contributions(model, model.terms(outcomes), reference)
    silent = reference["days_since_last"]
    like = pd.DataFrame(
        {
            "frequency": [reference["frequency"]],
            "recency": [reference["T"] - silent if reference["frequency"] else 0.0],
            "T": [reference["T"]],
            "monetary_value": [1.0],
        }
    )
    back = outcomes["frequency"].to_numpy() > 0
    start = logit(model.predict(like)["p_churn"].to_numpy())
    end = logit(model.predict(outcomes[back])["p_churn"].to_numpy())
    np.testing.assert_allclose(sum(parts.values())[back], end - start, atol=1e-9)


def test_silence_speaks_for_leaving_and_a_purchase_yesterday_for_staying(blend, outcomes):
    silent = outcomes["days_since_last"] / outcomes["gap_mean"]
    late, fresh = silent.idxmax(), silent.idxmin()
    themes = blend.predictions(outcomes).contributions
    assert themes.loc[late, "silence"] > themes.loc[fresh, "silence"]


def test_reasons_are_up_to_three_sentences_with_the_customers_own_numbers(blend, outcomes):
    said = blend.predictions(outcomes).reasons
    assert list(said.columns) == ["reason_1", "reason_2", "reason_3"]
    told = said.map(lambda text: text == "" or text.removeprefix("much ").startswith(WORDS))
    assert told.all(axis=None)
    row = said.index[said["reason_1"].str.contains("silent for [0-9,]+$")][0]
    assert f"silent for {outcomes.loc[row, 'days_since_last']:.0f}" in said.loc[row, "reason_1"]


def test_a_reason_is_left_out_where_it_hardly_moves_the_odds():
    themes = pd.DataFrame({"silence": [0.5, 0.05], "basket": [-0.09, -0.8]})
    row = pd.DataFrame({"frequency": [0, 0], "days_since_last": [9, 1], "amount_mean": [5.0, 60.0]})
    said = reasons(themes, row, TYPICAL | {"days_since_last": 5.0})
    once = "more likely to leave: bought once, 9 days ago"
    assert said.loc[0].tolist() == [once, "", ""]
    spends = "much more likely to stay: spends 60.00 per purchase (typical customer: 30.00)"
    assert said.loc[1].tolist() == [spends, "", ""]


def told(theme, size, **row):
    customer = pd.DataFrame([{"frequency": 4.0, "T": 500.0} | row])
    return reasons(pd.DataFrame({theme: [size]}), customer, TYPICAL).loc[0, "reason_1"]


def test_a_large_basket_is_no_reason_to_leave():
    assert told("basket", 0.5, amount_mean=142.1) == ""
    small = "more likely to leave: spends 22.00 per purchase (typical customer: 30.00)"
    assert told("basket", 0.5, amount_mean=22.0) == small


def test_several_orders_of_one_day_are_not_said_to_be_one():
    row = {"frequency": 0.0, "gap_mean": np.nan, "days_since_last": 492.0}
    once, day = (told("silence", 1.0, orders=number, **row) for number in (1, 3))
    assert "leave: bought once, 492 days ago" in once
    assert "leave: bought on one day only, 492 days ago" in day


@pytest.mark.parametrize(
    ("silence", "history", "reason"),
    [
        (0.9, -0.4, "more likely to leave: bought once, 47 days ago"),
        (0.4, -0.9, "more likely to stay: bought once, 47 days ago (typical customer: 391)"),
        (0.4, -0.45, ""),
    ],
)
def test_one_purchase_is_told_once_and_not_in_two_directions(silence, history, reason):
    """Read aloud: likelier to leave, bought once 47 days ago; to stay, 1 purchase in 47 days."""
    row = {"frequency": 0.0, "gap_mean": np.nan, "days_since_last": 47.0, "T": 47.0}
    customers = pd.DataFrame([row | {"purchases_90d": 1.0, "purchases_180d": 1.0}] * 2)
    customers.loc[1, ["frequency", "gap_mean"]] = 1.0, 12.0
    themes = pd.DataFrame({"silence": [silence] * 2, "history": [history] * 2, "trend": [0.0] * 2})
    said = reasons(themes, customers, TYPICAL)
    assert said.loc[0].tolist() == [reason, "", ""]
    assert "2 purchases in 47 days" in " ".join(said.loc[1])


def test_who_is_late_and_yet_likelier_to_stay_than_most_is_held_against_most():
    """Of a base most of whom have long left, who is late by months is one of the better ones."""
    late = {"gap_mean": 37.0, "days_since_last": 179.0}
    stays = "more likely to stay: silent for 179 days (typical customer: 391; own usual gap: 37)"
    assert told("silence", -0.6, **late) == stays
    leaves = "more likely to leave: usually buys every 37 days, silent for 179"
    assert told("silence", 0.6, **late) == leaves


def test_who_comes_once_a_year_and_was_there_lately_is_not_due_yet():
    said = told("silence", 0.8, gap_mean=365.0, days_since_last=13.0)
    assert (
        said == "much more likely to leave: usually buys every 365 days, silent for 13: not due yet"
    )
    assert told("silence", 0.8, gap_mean=20.0, days_since_last=13.0) == ""


@pytest.mark.parametrize("size", [-1.0, 1.0])
@pytest.mark.parametrize("silent", [3.0, 100.0, 380.0, 400.0, 600.0])
@pytest.mark.parametrize("gap", [10.0, 200.0, np.nan])
def test_silence_is_told_only_where_its_figures_bear_it_out(size, silent, gap):
    said = told("silence", size, gap_mean=gap, days_since_last=silent)
    longer = silent > TYPICAL["days_since_last"]
    if said.endswith("not due yet"):
        assert size > 0
        assert gap - silent > 180
    elif "usually" in said:
        assert (silent > gap) == (size > 0)
    elif np.isnan(gap) and size > 0:
        # Left out, what spoke for staying stood alone beside a chance below the average.
        assert said.endswith(f"leave: bought once, {silent:.0f} days ago")
    elif said:
        assert longer == (size > 0)
    elif 380 <= silent <= 400 and not np.isnan(gap):
        assert (silent > gap) != (size > 0), "as long as others is no reason"
    else:
        assert longer != (size > 0)


@pytest.mark.parametrize(
    ("size", "last", "before", "words"),
    [
        (-1, 3, 1, "3 purchases in the last 90 days, 1 in the 90 before"),
        (-1, 1, 2, "3 purchases in the last 180 days"),
        (-1, 0, 0, ""),
        (1, 1, 2, "1 purchase in the last 90 days, 2 in the 90 before"),
        (1, 0, 0, "no purchase in the last 180 days"),
        (1, 3, 1, ""),
    ],
)
def test_a_trend_is_told_only_where_its_figures_bear_it_out(size, last, before, words):
    said = told("trend", size, purchases_90d=last, purchases_180d=last + before)
    assert said.partition(": ")[2] == words


def test_reasons_do_not_depend_on_the_batch(blend, outcomes):
    halves = [blend.predictions(half).reasons for half in (outcomes.iloc[:99], outcomes.iloc[99:])]
    pd.testing.assert_frame_equal(pd.concat(halves), blend.predictions(outcomes).reasons)


def test_importance_is_ordered(blend, outcomes):
    sizes = importance(blend.predictions(outcomes).contributions)
    assert sizes.is_monotonic_decreasing
    assert sizes.index[0] in ("silence", "trend", "history")


@pytest.mark.parametrize(
    ("feature", "theme"),
    [("T", "history"), ("Tier", "Tier"), ("amount_max", "basket"), ("amount_total", "history")],
)
def test_themes_are_told_by_the_beginning_of_the_name(feature, theme):
    assert theme_of(feature) == theme


@pytest.mark.parametrize("name", ["gap_score", "amount_owed", "first_gap_score", "distinct_marks"])
def test_numbers_of_an_attribute_called_like_a_feature_are_the_attributes(history, outcomes, name):
    own = [str(n % 97) for n in range(len(history.panel))]
    known = replace(
        history,
        panel=history.panel.assign(**{name: own}),
        attributes=(*history.attributes, name),
    )
    customers = outcomes.assign(**{name: [str(n % 97) for n in range(len(outcomes))]})
    for part in ("logistic", "hist_gradient_boosting"):
        plain, told = create(part).fit(history), create(part).fit(known)
        without = contributions(plain, plain.terms(outcomes), {})
        parts = contributions(told, told.terms(customers), {})
        (column,) = set(parts) - set(without)
        themes = by_theme(parts)
        theme = name.removeprefix("first_")
        np.testing.assert_array_equal(themes[theme], parts[column])
        assert set(themes) == {*by_theme(without), theme}


def test_a_mix_of_all_parts_weighs_their_reasons(blend, outcomes):
    stack, fitted = Stack(dict(PRIOR_WEIGHTS)), blend.fitted
    base = BasePredictions(blend.base_learners, outcomes)
    whole = blended_contributions(base, stack, fitted.reference, fitted.offset)
    assert {"silence", "trend", "history", "basket", "country"} <= set(whole)
    apart = sum(
        weight * moved
        for name, weight in PRIOR_WEIGHTS.items()
        for moved in contributions(base.learners[name], base.terms(name), fitted.reference).values()
    )
    # A part beyond the reach of those that learn counts as far as it is heard.
    for name, held in stack.log_odds(base).items():
        apart = apart + PRIOR_WEIGHTS[name] * (held - logit(base[name]["p_churn"].to_numpy()))
    np.testing.assert_allclose(whole.sum(axis=1) - apart, fitted.offset, atol=1e-9)


def test_on_average_reasons_lead_from_the_average_probability_to_the_answer(blend, history):
    today = history.snapshot
    p = blend.predict(today)["p_churn"].to_numpy()
    moved = blend.predictions(today).contributions.sum(axis=1)
    assert moved.mean() == pytest.approx((logit(p) - logit(np.array(p.mean()))).mean(), abs=1e-9)
    assert (np.sign(moved) == np.sign(p - p.mean())).mean() > 0.9


@pytest.mark.slow
def test_a_part_that_makes_half_of_the_answer_makes_half_of_its_reasons(blend, history, outcomes):
    mean = Blend("logistic").fit(history)
    model = mean.base_learners["logistic"]
    own = pd.DataFrame(by_theme(contributions(model, model.terms(outcomes), {})), outcomes.index)
    half = blend.predictions(outcomes).contributions.add(own, fill_value=0.0) / 2
    apart = mean.predictions(outcomes).contributions - half
    # Silence also holds what leads from the average probability: the same for everybody.
    np.testing.assert_allclose(apart - apart.iloc[0], 0.0, atol=1e-9)
