"""Each segment keeps what its name promises, whatever a model says of the customers."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.explain.coming_back import FEWEST, MOST_BACK, held_to
from models.explain.segments import SEGMENTS, Rules, Thresholds, segments, thresholds, usual_gap
from models.history import Longer

pytestmark = pytest.mark.slow

HORIZON = 60


@st.composite
def bases(draw):
    """A snapshot of customers and what some model predicts for them, however wrong."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 80))
    frequency = rng.poisson(draw(st.sampled_from([0.0, 0.5, 3.0, 20.0])), n)
    gap = np.maximum(1.0, rng.exponential(draw(st.sampled_from([5.0, 40.0, 300.0])), n))
    silent = rng.integers(1, draw(st.sampled_from([10, 100, 1000])) + 1, n)
    customers = pd.DataFrame(
        {
            "frequency": frequency,
            "gap_mean": np.where(frequency > 0, gap, np.nan),
            "gap_variation": np.where(frequency > 1, rng.exponential(0.7, n), np.nan),
            "days_since_last": silent,
            "T": (silent + np.where(frequency > 0, frequency * gap, 0)).astype(int),
            "amount_total": np.round(rng.lognormal(3, draw(st.sampled_from([0.0, 1.5])), n), 2),
        }
    )
    p_churn = rng.beta(*draw(st.sampled_from([(1, 1), (8, 2), (2, 8), (0.2, 0.2)])), n)
    predicted = pd.DataFrame({"p_churn": p_churn, "expected_spend": rng.exponential(20, n)})
    return customers, predicted


def named(base, rules=None):
    customers, predicted = base
    parting = thresholds(customers, predicted, HORIZON, rules)
    return customers.assign(
        segment=segments(customers, predicted, parting),
        chance=1 - predicted["p_churn"],
        gaps=customers["days_since_last"] / usual_gap(customers, parting.base_gap),
    ), parting


@given(bases())
def test_nobody_within_the_own_usual_gap_is_lost_nor_dormant_with_more_than_a_slim_chance(base):
    rows, parting = named(base)
    within = rows[rows["days_since_last"] <= rows["gap_mean"]]
    assert not (within["segment"] == "lost").any()
    assert (within.loc[within["segment"] == "dormant", "chance"] < parting.slim).all()


@given(bases())
def test_nobody_on_a_rhythm_is_dormant_or_lost_before_the_next_purchase_is_due(base):
    rows, _ = named(base)
    ahead = rows["days_since_last"] + HORIZON <= rows["gap_mean"]
    early = rows[(rows["gap_variation"] <= 1) & ahead]
    assert early["segment"].isin(["champion", "new", "loyal"]).all()


@given(bases())
def test_the_loyal_and_champions_will_come_again_also_where_hardly_anybody_does(base):
    """Not only rather than the average customer: measured by who still buys at the usual gap."""
    rows, parting = named(base)
    pace = 1 - np.exp(-HORIZON / parting.base_gap)
    assert (rows.loc[rows["segment"] == "champion", "chance"] > pace / 2).all()
    due = rows["days_since_last"] + HORIZON > rows["gap_mean"]
    loyal = rows[(rows["segment"] == "loyal") & due]
    early = loyal["days_since_last"] + HORIZON <= usual_gap(loyal, parting.base_gap)
    assert (loyal.loc[~early, "chance"] >= parting.rules.slim * pace / 2).all()
    late = rows[rows["segment"].isin(["loyal", "promising"]) & (rows["gaps"] > 1)]
    assert (late["chance"] > pace / 2).all()


@given(bases())
def test_whoever_is_at_risk_may_still_be_won_also_where_hardly_anybody_comes_back(base):
    rows, parting = named(base)
    pace = 1 - np.exp(-HORIZON / parting.base_gap)
    risky = rows[rows["segment"] == "at risk"]
    assert (risky["chance"] >= parting.rules.slim * pace / 2).all()


def test_where_hardly_anybody_comes_back_the_silent_are_lost_and_two_purchases_make_nobody_loyal():
    """A marketplace: half a year ahead, 4 % come; one gap in two hundred days is usual."""
    customers = pd.DataFrame(
        {
            "frequency": [0, 1, 30],
            "gap_mean": [np.nan, 100.0, 10.0],
            "gap_variation": [np.nan, np.nan, 0.5],
            "days_since_last": [510, 90, 5],
            "T": [510, 300, 305],
            "amount_total": [500.0, 500.0, 9000.0],
        }
    )
    predicted = pd.DataFrame({"p_churn": [0.97, 0.95, 0.1], "expected_spend": [3.0, 5.0, 900.0]})
    parting = Thresholds(180, 0.96, 50.0, 100.0, 199.0)
    assert segments(customers, predicted, parting).tolist() == ["lost", "slowing", "champion"]


@given(bases())
def test_nobody_who_bought_within_the_horizon_is_dormant_or_lost(base):
    rows, _ = named(base)
    recent = rows["days_since_last"] <= HORIZON
    assert not rows.loc[recent, "segment"].isin(["dormant", "lost"]).any()


@given(bases())
def test_whoever_is_at_risk_is_worth_it_later_than_usual_and_still_to_be_won(base):
    rows, parting = named(base)
    risky = rows[rows["segment"] == "at risk"]
    assert (risky["amount_total"] > parting.high_past).all()
    assert (risky["gaps"] > 1).all()
    assert (risky["chance"] >= parting.rules.slim * (1 - parting.mean_churn)).all()


@given(bases())
def test_late_customers_who_spent_most_are_at_risk_for_as_long_as_their_chance_is_not_slim(base):
    rows, parting = named(base)
    late = rows[(rows["gaps"] > parting.rules.gone) & (rows["T"] > HORIZON)]
    worth = late[late["amount_total"] > parting.high_past]
    assert set(worth.loc[worth["chance"] >= parting.slim, "segment"]) <= {"at risk"}


def test_the_largest_account_is_at_risk_when_it_falls_silent_though_it_bought_lately():
    """An agency that books every 13 days, silent for 71 in the low season: it was "slowing"."""
    customers = pd.DataFrame(
        {
            "frequency": [90],
            "gap_mean": [13.4],
            "gap_variation": [1.1],
            "days_since_last": [71],
            "T": [1276],
            "amount_total": [501_251.0],
        }
    )
    predicted = pd.DataFrame({"p_churn": [0.11], "expected_spend": [67_182.0]})
    parting = Thresholds(180, 0.86, 100.0, 900.0, 60.0)
    assert segments(customers, predicted, parting).tolist() == ["at risk"]


@given(bases())
def test_the_loyal_have_come_back_and_the_promising_bought_once(base):
    rows, _ = named(base)
    assert (rows.loc[rows["segment"] == "loyal", "frequency"] > 0).all()
    assert (rows.loc[rows["segment"] == "promising", "frequency"] == 0).all()


@given(bases())
def test_the_new_are_new_and_no_champion_is_late(base):
    rows, parting = named(base)
    assert (rows.loc[rows["segment"] == "new", "T"] <= HORIZON).all()
    assert (rows.loc[rows["segment"] == "champion", "gaps"] <= parting.rules.late).all()
    young = rows[(rows["T"] <= HORIZON) & (rows["segment"] != "champion")]
    assert (young["segment"] == "new").all()


@given(bases())
def test_nobody_lost_has_a_fair_chance(base):
    rows, parting = named(base)
    lost = rows[rows["segment"] == "lost"]
    assert (lost["chance"] < parting.slim).all()


@given(bases())
def test_whoever_is_slowing_has_bought_lately_or_may_still_be_won(base):
    rows, parting = named(base)
    slowing = rows[(rows["segment"] == "slowing") & (rows["days_since_last"] > HORIZON)]
    assert (slowing["chance"] >= parting.rules.slim * (1 - parting.mean_churn)).all()


@given(bases())
@settings(max_examples=30)
def test_a_customers_segment_depends_on_nobody_else(base):
    (customers, predicted), (rows, parting) = base, named(base)
    alone = segments(customers.iloc[[0]], predicted.iloc[[0]], parting)
    assert alone[0] == rows["segment"].iloc[0]


def test_a_single_long_break_among_short_gaps_is_no_rhythm_that_makes_loyal():
    """A box each week, once none for two years: a mean gap of 236 days tells of no next one."""
    customers = pd.DataFrame(
        {
            "frequency": [3, 3],
            "gap_mean": [236.0, 236.0],
            "gap_variation": [1.7, 0.1],
            "days_since_last": [100, 100],
            "T": [808, 808],
            "amount_total": [1.0, 1.0],
        }
    )
    predicted = pd.DataFrame({"p_churn": [0.956, 0.956], "expected_spend": [1.0, 1.0]})
    parting = Thresholds(30, 0.63, 50.0, 100.0, 10.8)
    assert segments(customers, predicted, parting).tolist() == ["dormant", "loyal"]


def test_a_shop_may_name_segments_in_its_own_words():
    customers = pd.DataFrame(
        {
            "frequency": [3],
            "gap_mean": [30.0],
            "gap_variation": [0.5],
            "days_since_last": [10],
            "T": [300],
            "amount_total": [1.0],
        }
    )
    predicted = pd.DataFrame({"p_churn": [0.5], "expected_spend": [0.0]})
    parting = Thresholds(60, 0.5, 5.0, 5.0, 30.0, Rules(names={"loyal": "Stammkunde"}))
    assert segments(customers, predicted, parting).tolist() == ["Stammkunde"]
    assert list(parting.described()) == [*SEGMENTS[:2], "Stammkunde", *SEGMENTS[3:]]


def test_thresholds_survive_json():
    parting = Thresholds(60, 0.5, 5.0, 5.0, 30.0, Rules(late=3.0, names={"new": "neu"}))
    assert Thresholds.from_dict(json.loads(json.dumps(parting.to_dict()))) == parting


def test_without_anybody_who_came_back_the_horizon_is_the_usual_gap():
    customers = pd.DataFrame(
        {"frequency": [0], "gap_mean": [np.nan], "days_since_last": [10], "T": [10]}
    ).assign(amount_total=1.0)
    predicted = pd.DataFrame({"p_churn": [0.5], "expected_spend": [1.0]})
    assert thresholds(customers, predicted, HORIZON).base_gap == HORIZON


def past_of(base, back):
    """The same customers at a past cutoff, of whom some bought in the year after it."""
    customers, _ = base
    rows = customers.assign(churned=1 - np.asarray(back, dtype=int), spend=0.0, purchases=0.0)
    return Longer(date(2020, 1, 1), 12, rows)


@given(bases(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_of_the_lost_at_most_a_fifth_came_back(base, share, seed):
    customers, predicted = base
    many = pd.concat([customers] * 5, ignore_index=True), pd.concat([predicted] * 5)
    longer = past_of(many, np.random.default_rng(seed).random(len(many[0])) < share)
    parting = held_to(thresholds(*many, HORIZON), longer, lambda _: many[1])
    lost = segments(longer.rows, many[1], parting) == "lost"
    if parting.came_back is None:
        assert lost.sum() < FEWEST
        assert "too short to tell" in parting.described()["lost"]
    else:
        assert not lost.any() or (longer.rows["churned"] == 0)[lost].mean() <= MOST_BACK
        assert f"{parting.came_back:.0%} bought within 12 months" in parting.described()["lost"]


def silences(back_after):
    """Customers with a gap of 30 days, silent for 5 to 30 of them; `back_after` says who came."""
    gaps = np.repeat(np.arange(5, 31), 40)
    customers = pd.DataFrame(
        {
            "frequency": 8,
            "gap_mean": 30.0,
            "gap_variation": 0.2,
            "days_since_last": gaps * 30.0,
            "T": 2000,
            "amount_total": 5.0,
        },
        index=range(len(gaps)),
    )
    predicted = pd.DataFrame({"p_churn": 0.999, "expected_spend": 0.0}, index=customers.index)
    parting = Thresholds(HORIZON, 0.5, 50.0, 100.0, 30.0)
    longer = past_of((customers, predicted), back_after(gaps))
    return held_to(parting, longer, lambda _: predicted), customers, predicted


def test_who_pauses_for_long_and_comes_back_is_not_lost_before_that():
    parting, customers, predicted = silences(lambda gaps: gaps < 14)
    lost = segments(customers, predicted, parting) == "lost"
    assert parting.patience > 1
    assert customers["days_since_last"][lost].min() >= 10 * 30
    assert lost.any()


def test_where_all_come_back_nobody_is_lost():
    parting, customers, predicted = silences(lambda gaps: gaps > 0)
    assert not (segments(customers, predicted, parting) == "lost").any()
    assert parting.described()["lost"].startswith("nobody: ")


def test_where_nobody_comes_back_the_silence_of_the_rules_is_enough():
    parting, _, _ = silences(lambda gaps: gaps < 0)
    assert (parting.patience, parting.came_back, parting.months) == (1.0, 0.0, 12)
    assert Thresholds.from_dict(json.loads(json.dumps(parting.to_dict()))) == parting
