"""Every feature equals what plain Python computes from the same rows."""

import math
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import HealthCheck, given, settings

from features.customer.catalogue import CATALOGUE, NAMES, NEVER_NULL
from features.customer.rfm import histogram, rfm
from features.customer.snapshot import refuse_taken, snapshot
from features.errors import UserError
from tests.features.conftest import CUTOFF, logs
from tests.features.test_point_in_time import order

few = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def by_hand(log, cutoff):
    """The catalogue in plain Python: customer -> feature -> value, None for null."""
    net = defaultdict(Decimal)
    rows = defaultdict(list)
    for row in log:
        key = row["customer_id"], row["transacted_at"].date()
        if key[1] < cutoff:
            net[key] += row["amount"]
            rows[key].append(row)
    customers = defaultdict(list)
    for customer, day in sorted(key for key, amount in net.items() if amount > 0):
        customers[customer].append(day)
    return {
        customer: _features(customer, days, net, rows, cutoff)
        for customer, days in customers.items()
    }


def _features(customer, days, net, rows, cutoff):
    amounts = [float(net[customer, day]) for day in days]
    gaps = [(b - a).days for a, b in pairwise(days)]
    ages = [(cutoff - day).days for day in days]
    bought = [[r for r in rows[customer, day] if r["amount"] > 0] for day in days]
    everything = [r for (c, _), day_rows in rows.items() if c == customer for r in day_rows]
    returned = -sum(float(r["amount"]) for r in everything if r["amount"] < 0)
    mean_gap = fmean(gaps) if gaps else None
    sd_gap = stdev(gaps) if len(gaps) > 1 else None
    values = {
        "frequency": len(days) - 1,
        "recency": (days[-1] - days[0]).days,
        "T": ages[0],
        "monetary_value": fmean(amounts[1:]) if gaps else 0,
        "days_since_last": ages[-1],
        "gap_mean": mean_gap,
        "gap_sd": sd_gap,
        "gap_max": max(gaps, default=None),
        "gap_last": gaps[-1] if gaps else None,
        "gap_log_mean": fmean(map(math.log, gaps)) if gaps else None,
        "amount_first": amounts[0],
        "amount_last": amounts[-1],
        "amount_max": max(amounts),
        "amount_total": float(sum(money for (c, _), money in net.items() if c == customer)),
        "amount_mean": fmean(amounts),
        "amount_sd": stdev(amounts) if gaps else None,
        "orders": sum(_orders(day) for day in bought),
        "lines": sum(map(len, bought)),
        "quantity": sum(r["quantity"] or 0 for day in bought for r in day),
        "weekend_share": fmean(day.weekday() >= 5 for day in days),
        "overdue": ages[-1] / mean_gap if gaps else None,
        "gap_variation": sd_gap / mean_gap if sd_gap is not None else None,
        "return_share": returned / (returned + sum(amounts)),
    }
    for turns in (1, 2):
        angles = [2 * math.pi * turns * age / 365.25 for age in ages]
        values[f"year_cosine_{turns}"] = fmean(map(math.cos, angles))
        values[f"year_sine_{turns}"] = fmean(map(math.sin, angles))
    for span in (30, 90, 180, 365):
        inside = [i for i, age in enumerate(ages) if age <= span]
        values[f"purchases_{span}d"] = len(inside)
        values[f"spend_{span}d"] = sum(amounts[i] for i in inside)
    for half_life in (30, 90, 365):
        decay = [0.5 ** (age / half_life) for age in ages]
        values[f"decayed_purchases_{half_life}d"] = sum(decay)
        values[f"decayed_spend_{half_life}d"] = sum(
            d * a for d, a in zip(decay, amounts, strict=True)
        )
    return values


def _orders(day_rows):
    numbered = {r["order_id"] for r in day_rows if r["order_id"] is not None}
    return len(numbered) + sum(r["order_id"] is None for r in day_rows)


@pytest.mark.slow
@few
@given(log=logs())
def test_snapshot_equals_plain_python(log, snapshot_of):
    found = snapshot_of(log).set_index("customer_id")
    expected = by_hand(log, CUTOFF)
    assert sorted(found.index) == sorted(expected)
    for customer, features in expected.items():
        assert set(features) == set(NAMES), "a feature has no oracle"
        for name, value in features.items():
            # Decayed sums round each term to nine decimals.
            wanted = pytest.approx(math.nan if value is None else value, abs=1e-6, nan_ok=True)
            assert found.loc[customer, name] == wanted, name


@pytest.mark.slow
@few
@given(log=logs(min_size=1))
def test_null_means_what_the_catalogue_says(log, snapshot_of):
    rows = snapshot_of(log, attributes=())
    never = [f.name for f in CATALOGUE if f.null_means == NEVER_NULL]
    assert not rows[never].isna().any().any()
    repeat = rows[rows.frequency >= 2]
    assert not repeat.isna().any().any()


@pytest.mark.slow
def test_attribute_is_its_last_and_first_known_value_and_counts_its_breadth(days_of, frame):
    days = [CUTOFF - timedelta(days=n) for n in (40, 30, 20)]
    log = [
        order(day=days[0], channel="web"),
        order(day=days[0], channel="shop"),
        order(day=days[1], channel="shop"),
        order(day=days[2], channel=None),
        order(day=CUTOFF, channel="fair"),
    ]
    row = frame(snapshot(days_of(log), CUTOFF, ("channel",))).iloc[0]
    assert (row.channel, row.distinct_channel) == ("shop", 2)


@pytest.mark.slow
def test_the_first_value_of_an_attribute_stays(days_of, frame):
    days = [CUTOFF - timedelta(days=n) for n in (40, 30, 20)]
    log = [
        order(day=days[0], channel=None),
        order(day=days[1], channel="fair"),
        order(day=days[2], channel="web"),
    ]
    row = frame(snapshot(days_of(log), CUTOFF, ("channel",))).iloc[0]
    assert (row.first_channel, row.channel) == ("fair", "web")


def test_a_day_of_net_return_is_no_purchase_and_its_money_is_taken_off(days_of, frame):
    first, second = CUTOFF - timedelta(days=50), CUTOFF - timedelta(days=20)
    log = [
        order(day=first, amount="30"),
        order(day=second, amount="10"),
        order(day=second, amount="-25"),
    ]
    row = frame(snapshot(days_of(log), CUTOFF)).iloc[0]
    assert (row.frequency, row.days_since_last, row.amount_mean) == (0, 50, 30)
    assert row.amount_total == 15
    assert row.return_share == pytest.approx(25 / 55)


def test_customer_with_returns_only_is_no_customer(days_of, frame):
    assert frame(snapshot(days_of([order(amount="-5")]), CUTOFF)).empty


def test_ids_that_differ_only_in_leading_zeros_stay_two_customers(days_of, frame):
    rows = frame(rfm(days_of([order("00123"), order("123")]), CUTOFF))
    assert rows.customer_id.tolist() == ["00123", "123"]


@pytest.mark.thorough
@few
@given(log=logs())
def test_histogram_counts_every_customer_once(log, days_of, frame, connection):
    summary = rfm(days_of(log), CUTOFF)
    counts = connection.to_pyarrow(histogram(summary)).to_pandas()
    assert counts.n_customers.sum() == len(frame(summary))
    assert not counts.duplicated(["frequency", "recency", "T"]).any()


@pytest.mark.parametrize(
    "name",
    [
        *("frequency", "t", "Churned", "first_channel", "purchases_7d", "YEAR_sine_9", "basket"),
        *("Price", "moment", "digest"),
    ],
)
def test_an_attribute_cannot_take_the_name_of_another_column(name):
    with pytest.raises(UserError, match=rf"{name} cannot be the name of an attribute"):
        refuse_taken(("channel", name))


@pytest.mark.parametrize("name", ["country", "first_order", "a=b", "spend_class", "age", "value"])
def test_other_names_are_free(name):
    refuse_taken(("channel", name))


@pytest.mark.slow
def test_an_attribute_called_age_is_not_the_age_of_a_purchase(days_of, frame):
    log = [order(day=CUTOFF - timedelta(days=40), channel="37")]
    days = days_of(log).rename(age="channel", new_age="new_channel")
    row = frame(snapshot(days, CUTOFF, ("age",))).iloc[0]
    assert (row.age, row.first_age, row["T"], row.days_since_last) == ("37", "37", 40, 40)
