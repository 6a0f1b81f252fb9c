"""Intervals cover what they promise, and their lump at zero is honest."""

import json

import numpy as np
import pandas as pd
import pytest

from models.all_contenders import create
from models.blend.extrapolation import Extrapolation
from models.blend.prediction_intervals import PredictionIntervals
from models.blend.spend_distribution import SpendDistribution, level_spread
from models.evaluation.intervals import coverage, coverage_by_decile, pit_coverage
from models.history import History

RANGES = ["expected_spend_low", "expected_spend_high", "next_purchase_from", "next_purchase_to"]
IF_ANY = ["spend_if_any_low", "spend_if_any_high"]


def compound(n: int, seed: int) -> tuple[np.ndarray, ...]:
    """Spend of customers whose true rate is known: Poisson purchases of gamma baskets."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.8, 1.5, n)
    purchases = rng.poisson(rate)
    spend = np.where(purchases > 0, rng.gamma(np.maximum(2.0 * purchases, 1e-9), 10.0), 0.0)
    return np.exp(-rate), rate, rate * 20.0, spend, purchases.astype(float)


def test_eighty_of_a_hundred_lie_inside_where_zero_alone_is_not_enough():
    shape = SpendDistribution.fit(*compound(20_000, 1))
    p_none, rate, mean, spend, _ = compound(20_000, 2)
    low, high = shape.interval(p_none, rate, mean)
    open_ones = p_none < 0.8
    inside = coverage(spend[open_ones], low[open_ones], high[open_ones])
    assert inside == pytest.approx(0.8, abs=0.02)
    # Of 20,000 customers: a standard error of .003.
    assert pit_coverage(spend, low, high, p_none) == pytest.approx(0.8, abs=0.015)
    assert coverage(spend, low, high) == pytest.approx(np.maximum(p_none, 0.8).mean(), abs=0.015)


def test_a_customer_who_most_likely_buys_nothing_has_the_interval_zero():
    shape = SpendDistribution.fit(*compound(5_000, 1))
    low, high = shape.interval(np.array([0.9, 0.5]), np.array([0.1, 0.7]), np.array([2.0, 14.0]))
    assert (low[0], high[0]) == (0.0, 0.0)
    assert high[1] > 0


def test_the_low_end_rises_above_zero_only_for_the_nearly_certain():
    shape = SpendDistribution.fit(*compound(5_000, 1))
    p_none = np.array([0.001, 0.05, 0.11, 0.5])
    low, high = shape.interval(p_none, -np.log(p_none), -np.log(p_none) * 20)
    assert (low[:2] > 0).all()
    assert (low[2:] == 0).all()
    assert (high > low).all()


def test_few_buyers_teach_no_shape():
    p_none, rate, mean, spend, purchases = (column[:50] for column in compound(5_000, 1))
    assert SpendDistribution.fit(p_none, rate, mean, spend, purchases) is None


def test_right_intervals_reach_eighty_in_every_tenth_by_value():
    shape = SpendDistribution.fit(*compound(20_000, 1))
    p_none, rate, mean, spend, _ = compound(20_000, 2)
    low, high = shape.interval(p_none, rate, mean)
    table = coverage_by_decile(spend, low, high, mean, p_none)
    # 2,000 customers each: a standard error of .009; five shapes for all rates cost the rest.
    assert table["pit_coverage"].between(0.76, 0.84).all()
    assert table["coverage"].max() > 0.9


@pytest.mark.parametrize("wrong", [0.6, 1.6])
def test_coverage_by_the_integral_transform_finds_intervals_of_a_wrong_width(wrong):
    shape = SpendDistribution.fit(*compound(20_000, 1))
    p_none, rate, mean, spend, _ = compound(20_000, 2)
    low, high = shape.interval(p_none, rate, mean)
    held = pit_coverage(spend, low * wrong, high * wrong, p_none)
    assert (held < 0.75) if wrong < 1 else (held > 0.83)


def test_seasons_as_uneven_as_the_past_ones_are_covered_on_average():
    """The level moves by a factor of exp(.6) up or down, for all at once."""
    errors = np.array([0.6, -0.6] * 3)
    spread = level_spread(errors, np.zeros(6))
    p_none, rate, mean, spend, _ = compound(20_000, 2)
    often = rate > 4  # where nearly all of the level's error shows in the spend of a buyer
    held = {}
    for name, width in (("narrow", 0.0), ("wide", spread)):
        shape = SpendDistribution.fit(*compound(20_000, 1), width)
        low, high = shape.interval(p_none[often], rate[often], mean[often])
        seasons = [spend[often] * np.exp(error) for error in errors[:2]]
        held[name] = np.mean([coverage(came, low, high) for came in seasons])
    assert held["narrow"] < 0.7 < held["wide"] < 0.86


def test_without_evidence_the_level_is_as_uneven_as_over_many_logs():
    steady = level_spread(np.zeros(6), np.zeros(6))
    assert 0 < steady < level_spread(np.empty(0), np.empty(0)) < level_spread(np.ones(1), [0.0])
    # One order of a million makes a level that is all chance: it must not widen anything.
    assert level_spread(np.array([9.0]), np.array([1.0])) < level_spread(np.empty(0), np.empty(0))


def test_extreme_customers_have_finite_ordered_ranges():
    p_none, rate, mean, spend, purchases = compound(5_000, 1)
    spend[0], purchases[1] = 1e6, 1e5
    shape = SpendDistribution.fit(p_none, rate, mean, spend, purchases, 1.0)
    none = np.array([0.0, 1e-300, 0.1, 0.5, 0.8, 1.0, 0.0, 1.0])
    often = np.array([1e5, 2.0, 1.5, 0.7, 0.2, 0.0, 1.0, 0.0])
    worth = np.array([1e6, 40.0, 30.0, 20.0, 5.0, 0.0, 0.0, 1e6])
    low, high = shape.interval(none, often, worth)
    assert np.isfinite([low, high]).all()
    assert ((low >= 0) & (low <= high)).all()
    assert (high[[5, 6, 7]] == 0).all()


def test_more_expected_spend_never_lowers_an_end():
    shape = SpendDistribution.fit(*compound(5_000, 1))
    worth = np.linspace(0, 500, 50)
    for none in (0.02, 0.3, 0.7):
        low, high = shape.interval(np.full(50, none), np.full(50, 2.0), worth)
        assert (np.diff(low) >= 0).all()
        assert (np.diff(high) >= 0).all()


def test_less_silence_never_lowers_the_high_end():
    shape = SpendDistribution.fit(*compound(5_000, 1))
    none = np.linspace(0.95, 0.2, 40)
    # The spend of those who buy is held fixed: only the lump at zero changes.
    high = shape.interval(none, (1 - none) * 1.3, (1 - none) * 30.0)[1]
    assert (np.diff(high) >= 0).all()


def test_the_blend_answers_ranges_that_hold_its_means(blend, history, outcomes):
    said = blend.predict(outcomes)
    assert (said["expected_spend_low"] <= said["expected_spend_high"]).all()
    assert (said["next_purchase_from"] <= said["next_purchase_to"]).all()
    assert said["next_purchase_to"].between(0, history.horizon_days - 1).all()
    assert (said["expected_purchases"] >= 1 - said["p_churn"]).all()
    assert not said.isna().any(axis=None)
    ends = said["expected_spend_low"], said["expected_spend_high"]
    # 700 customers: a standard error of .015, and as much again for the season.
    held = pit_coverage(outcomes["spend"], *ends, said["p_churn"])
    assert held == pytest.approx(0.8, abs=0.05)
    bought = outcomes["churned"] == 0
    window = said.loc[bought, ["next_purchase_from", "next_purchase_to"]].to_numpy().T
    assert coverage(outcomes.loc[bought, "next_purchase"], *window) == pytest.approx(0.8, abs=0.1)


def test_the_range_if_there_is_any_spend_holds_its_mean_and_eight_buyers_in_ten(blend, outcomes):
    said = blend.predict(outcomes)
    low, high = said[IF_ANY].to_numpy().T
    mean = said["expected_spend"] / (1 - said["p_churn"])
    assert ((low <= mean) & (mean <= high)).mean() > 0.99
    bought = (outcomes["churned"] == 0).to_numpy()
    held = coverage(outcomes.loc[bought, "spend"], low[bought], high[bought])
    # Some 200 of 700 customers bought: a standard error of .03, and the season's.
    assert held == pytest.approx(0.8, abs=0.1)
    # Who is sure to buy has the range of all futures.
    sure = said.assign(p_churn=0.0)
    columns = blend.fitted.intervals.columns(outcomes, sure)
    for name, of_all in zip(IF_ANY, RANGES[:2], strict=True):
        np.testing.assert_allclose(columns[name], columns[of_all])


def test_the_range_of_clv_widens_with_the_months(blend, history, outcomes):
    predicted = blend.predictions(outcomes)
    spend = predicted.answers["expected_spend"].to_numpy()
    low, high = predicted.clv_interval(spend * 2, 4, history.cutoff)
    longer = predicted.clv_interval(spend * 6, 12, history.cutoff)[1]
    assert (low <= high).all()
    assert (high <= longer).mean() > 0.95
    assert np.isfinite(low).all()


def test_over_the_horizon_itself_the_range_of_clv_is_that_of_spend(blend, history, outcomes):
    said = blend.predict(outcomes)
    intervals, spend = blend.fitted.intervals, said["expected_spend"].to_numpy()
    btyd, days = blend.base_learners["mbg_nbd"], history.horizon_days
    whole = intervals.of_period(outcomes, btyd, said, spend, days)
    for end, name in zip(whole, RANGES[:2], strict=True):
        np.testing.assert_allclose(end, said[name], rtol=1e-6, atol=1e-9)


@pytest.mark.thorough
def test_clv_over_a_long_period_is_covered_on_simulated_customers(make_log, make_history):
    """Five more months of a simulated log; the model family is not the one that drew it."""
    log = make_log(2_000, 5)
    cutoff, days = 320, 150
    history = make_history(log, cutoff, (140, 200, 260))
    customers = history.todays_customers
    blend = create("blend").fit(history)
    said = blend.predict(customers)
    later = log[(log["day"] >= cutoff) & (log["day"] < cutoff + days)]
    known = sorted(log.loc[log["day"] < cutoff, "customer"].unique())
    came = later.groupby("customer")["amount"].sum().reindex(known, fill_value=0.0).to_numpy()
    btyd = blend.base_learners["mbg_nbd"]
    course = btyd.expected_purchases(customers, days) / btyd.expected_purchases(customers, 60)
    clv = said["expected_spend"].to_numpy() * course
    low, high = blend.fitted.intervals.of_period(customers, btyd, said, clv, days)
    silent = btyd.probability_no_purchase(customers, days)
    # 2,000 customers: .009; the level of five months is a guess from one horizon.
    assert pit_coverage(came, low, high, silent) == pytest.approx(0.8, abs=0.05)


def test_no_range_depends_on_who_else_is_asked(blend, history, outcomes):
    predicted = blend.predictions(outcomes)
    said = predicted.answers
    worth = said["expected_spend"].to_numpy() * 3
    clv = np.column_stack(predicted.clv_interval(worth, 9, history.cutoff))
    for row in (0, 17, 333):
        one = outcomes.iloc[[row]]
        apart = blend.predictions(one)
        alone = apart.answers
        pd.testing.assert_frame_equal(alone[RANGES], said.iloc[[row]][RANGES], check_exact=True)
        worth = alone["expected_spend"].to_numpy() * 3
        ends = np.column_stack(apart.clv_interval(worth, 9, history.cutoff))
        assert (ends[0] == clv[row]).all()


def test_ranges_come_back_from_json_to_the_bit(blend, outcomes):
    said = blend.predict(outcomes)
    stored = json.loads(json.dumps(blend.fitted.intervals.to_dict()))
    again = PredictionIntervals.from_dict(stored).columns(outcomes, said)
    before = blend.fitted.intervals.columns(outcomes, said)
    for name in RANGES:
        assert (again[name] == before[name]).all()


def test_without_a_past_there_are_windows_but_no_ranges_of_spend(history, outcomes):
    young = History(
        history.cutoff, history.horizon_days, history.panel.iloc[:0], history.populations
    )
    intervals = PredictionIntervals.fit(young)
    said = create("mbg_nbd").fit(young).predict(outcomes)
    columns = intervals.columns(outcomes, said)
    assert np.isnan(columns["expected_spend_low"]).all()
    assert np.isfinite(columns["next_purchase_to"]).all()
    none = intervals.columns(outcomes.iloc[:0], said.iloc[:0])
    assert all(len(values) == 0 for values in none.values())


@pytest.mark.slow
def test_giants_do_not_stretch_the_ranges_of_the_others(make_log, make_history):
    """Three of 600 ordered for a million times as much, until the first past cutoff."""
    log = make_log(600, seed=6)
    often = log.groupby("customer").size().nlargest(3).index
    early = log["customer"].isin(often) & (log["day"] < 220)
    grown = log.assign(amount=log["amount"].mask(early, log["amount"] * 1e6))
    widths = []
    for orders in (log, grown):
        history = make_history(orders, 400, (220, 280, 340))
        intervals = PredictionIntervals.fit(history)
        said = pd.DataFrame(
            {"p_churn": [0.2, 0.4], "expected_purchases": [2.0, 1.0], "expected_spend": 50.0}
        )
        assert intervals.spend is not None
        widths.append(intervals.spend.interval(*(said[name].to_numpy() for name in said))[1])
    plain, beside_giants = widths
    assert (beside_giants < 2 * plain).all()
    assert (beside_giants > plain / 2).all()


def test_what_ends_with_the_horizon_does_not_go_on_in_the_odds(blend, outcomes):
    customers = outcomes.head(50)
    said = blend.predict(customers)
    btyd = blend.base_learners["mbg_nbd"]
    within, over = (
        {
            p: Extrapolation(p).none_within(btyd, customers, said["p_churn"].to_numpy(), days)
            for p in (0.5, 1.0, 2.0)
        }
        for days in (60, 360)
    )
    for passing in (0.5, 2.0):
        np.testing.assert_allclose(within[passing], within[1.0], atol=1e-9)
    assert (over[0.5] < over[1.0]).all()
    assert (over[2.0] > over[1.0]).all()


def test_where_too_few_bought_at_cutoffs_that_were_tried_out_an_older_shape_answers(
    blend, history, outcomes
):
    plain = PredictionIntervals.fit(history)
    few = [(outcomes.head(30), blend.predict(outcomes.head(30)))]
    assert PredictionIntervals.fit(history, few).to_dict() == plain.to_dict()
    many = [(outcomes, blend.predict(outcomes))]
    assert PredictionIntervals.fit(history, many).to_dict() != plain.to_dict()
