"""No feature sees what was not knowable at its cutoff."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isnan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.customer.labels import labels
from features.customer.rfm import rfm
from features.customer.snapshot import snapshot
from features.errors import UserError
from tests.features.conftest import CUTOFF, logs

pytestmark = pytest.mark.slow

PAST = logs(end=CUTOFF - timedelta(days=1))
FUTURE = logs(start=CUTOFF)

few = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def order(customer_id="a", day=date(2023, 6, 1), amount="10", **more):
    moment = datetime.combine(day, datetime.min.time())
    return {
        "customer_id": customer_id,
        "transacted_at": moment,
        "amount": Decimal(amount),
        "order_id": None,
        "quantity": None,
        "channel": None,
        **more,
    }


@few
@given(log=PAST, later=FUTURE)
def test_39_features_are_blind_to_rows_added_later(log, later, snapshot_of):
    assert_frame_equal(snapshot_of(log), snapshot_of(log + later), check_exact=True)


@few
@given(log=PAST, later=FUTURE, changed=FUTURE)
def test_39_features_are_blind_to_rows_altered_or_removed_later(log, later, changed, snapshot_of):
    assert_frame_equal(snapshot_of(log + later), snapshot_of(log + changed), check_exact=True)


@few
@given(log=PAST, order_of_rows=st.randoms(use_true_random=False))
def test_features_do_not_depend_on_the_order_of_rows(log, order_of_rows, snapshot_of):
    shuffled = order_of_rows.sample(log, len(log))
    assert_frame_equal(snapshot_of(log), snapshot_of(shuffled), check_exact=True)


def test_purchase_exactly_at_cutoff_is_future(days_of, frame):
    day_before = order(day=CUTOFF - timedelta(days=1))
    at_cutoff = order(day=CUTOFF)
    summary = frame(rfm(days_of([day_before, at_cutoff]), CUTOFF))
    assert summary[["frequency", "recency", "T"]].to_numpy().tolist() == [[0, 0, 1]]
    outcome = frame(labels(days_of([day_before, at_cutoff]), CUTOFF, 30, date(2024, 6, 1)))
    assert outcome[["churned", "purchases", "spend", "next_purchase"]].to_numpy().tolist() == [
        [0, 1, 10.0, 0.0]
    ]


def test_customer_who_first_buys_at_cutoff_is_unknown(days_of, frame):
    assert frame(snapshot(days_of([order(day=CUTOFF)]), CUTOFF, ("channel",))).empty


def test_purchase_on_the_day_after_the_horizon_is_no_answer(days_of, frame):
    log = [order(), order(day=CUTOFF + timedelta(days=30))]
    assert frame(labels(days_of(log), CUTOFF, 30, date(2024, 6, 1))).churned.tolist() == [1]
    assert frame(labels(days_of(log), CUTOFF, 31, date(2024, 6, 1))).churned.tolist() == [0]


def test_unfinished_horizon_is_refused_with_the_way_out(days_of):
    with pytest.raises(UserError, match="no later than 2023-12-31"):
        labels(days_of([order()]), CUTOFF, 30, date(2024, 1, 30))


@few
@given(log=logs())
def test_labels_count_what_an_honest_look_at_the_rows_counts(log, days_of, frame):
    known = {r["customer_id"] for r in log if _net(log, r) > 0 and _day(r) < CUTOFF}
    end = CUTOFF + timedelta(days=90)
    expected = {}
    for customer in sorted(known):
        later = [r for r in log if r["customer_id"] == customer and CUTOFF <= _day(r) < end]
        bought = {_day(r) for r in later if _net(log, r) > 0}
        wait = (min(bought) - CUTOFF).days if bought else None
        expected[customer] = (not bought, len(bought), float(sum(r["amount"] for r in later)), wait)
    outcome = frame(labels(days_of(log), CUTOFF, 90, date(2025, 1, 1)))
    found = {
        row.customer_id: (
            bool(row.churned),
            row.purchases,
            row.spend,
            None if isnan(row.next_purchase) else row.next_purchase,
        )
        for row in outcome.itertuples()
    }
    assert found == expected


def _day(row):
    return row["transacted_at"].date()


def _net(log, row):
    same_day = (r for r in log if (r["customer_id"], _day(r)) == (row["customer_id"], _day(row)))
    return sum(r["amount"] for r in same_day)
