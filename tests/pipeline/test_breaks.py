"""Days that no trade made are remarked: imports under one date, and ids that were changed."""

from datetime import date, timedelta
from random import Random

import pyarrow as pa
import pytest

from features.customer.purchase_days import spans
from features.engines.duckdb import connect
from pipeline.intake.breaks import breaks

FIRST = date(2024, 1, 1)


def shop(customers=400, days=730, gap=40, seed=1):
    """(customer, day) of a shop whose customers come back every `gap` days or so."""
    random = Random(seed)
    found = set()
    for i in range(customers):
        day = random.randrange(days)
        while day < days:
            found.add((f"c{i}", day))
            day += 1 + round(random.expovariate(1 / gap))
    return found


def said(found):
    """What is remarked of (customer, day) pairs."""
    who, days = zip(*sorted(found), strict=True)
    rows = {
        "customer_id": who,
        "transacted_at": [FIRST + timedelta(days=day) for day in days],
        "amount": [9.5] * len(who),
    }
    days = connect(threads=1).create_table("days", pa.table(rows))
    return breaks(days, spans(days))


@pytest.fixture(scope="module")
def trade():
    return shop()


def test_a_shop_without_breaks_is_not_remarked(trade):
    assert said(trade) == []


def test_a_few_dates_long_before_all_others_are_named(trade):
    early = {(f"c{i}", -3650) for i in range(40)}
    (remark,) = said(trade | early)
    assert remark.startswith("Nobody bought between 2014-01-03 and 2024-01-")


def test_a_shop_that_was_shut_half_a_year_has_no_dates_that_stand_for_none(trade):
    (remark,) = said({(who, day) for who, day in trade if not 300 < day < 500})
    assert "unknown" not in remark


def test_a_month_that_a_change_of_systems_lost_is_named(trade):
    (remark,) = said({(who, day) for who, day in trade if not 500 < day < 532})
    assert remark.startswith("Nobody bought on the 31 days between 2025-05-15 and 2025-06-16; ")
    assert "If orders of that time are missing, add them" in remark


def test_a_shop_that_is_shut_every_summer_has_lost_no_orders(trade):
    assert said({(who, day) for who, day in trade if not 180 < day % 365 < 200}) == []


@pytest.mark.thorough
def test_few_orders_a_month_leave_no_hole():
    for seed in range(20):
        assert said(shop(customers=20, gap=150, seed=seed)) == []


def test_an_import_under_one_date_is_named(trade):
    imported = {(who, 200) for who, _ in trade}
    (remark,) = said(trade | imported)
    assert remark.startswith("2024-07-19 has 400 of ")


def test_a_sale_of_five_days_is_no_import(trade):
    customers = sorted({who for who, _ in trade})
    sale = {(who, 200 + i % 5) for i, who in enumerate(customers)}
    assert said(trade | sale) == []


def test_twelve_billing_days_a_year_are_no_imports():
    assert said({(f"c{i}", 30 * month) for i in range(100) for month in range(24)}) == []


def test_ids_that_were_all_changed_on_a_day_are_named(trade):
    renamed = {(who if day < 365 else f"new-{who}", day) for who, day in trade}
    (remark,) = said(renamed)
    assert remark.startswith("Between 2024-12-30 and ")
    assert " and 0 on both sides" in remark


def test_a_shop_nobody_comes_back_to_is_not_taken_for_changed_ids():
    assert said({(f"c{i}", i % 700) for i in range(3000)}) == []


def test_what_a_return_brings_back_later_is_no_day_of_buying():
    days = connect(threads=1).sql(
        "SELECT * FROM (VALUES ('a', DATE '2024-01-01', 5.0), ('a', DATE '2024-02-01', 5.0), "
        "('a', DATE '2024-03-01', -1.0), ('b', DATE '2024-04-01', -1.0)) "
        "AS days (customer_id, transacted_at, amount)"
    )
    found = spans(days).order_by("customer_id").to_pyarrow().to_pylist()
    assert found == [
        {
            "customer_id": "a",
            "first_bought": date(2024, 1, 1),
            "last_bought": date(2024, 2, 1),
            "last": date(2024, 3, 1),
            "purchases": 2,
        },
        {
            "customer_id": "b",
            "first_bought": None,
            "last_bought": None,
            "last": date(2024, 4, 1),
            "purchases": 0,
        },
    ]


def test_days_of_returns_alone_count_for_nothing():
    days = connect(threads=1).sql(
        "SELECT 'a' AS customer_id, DATE '2024-01-01' AS transacted_at, -1.0 AS amount"
    )
    assert breaks(days, spans(days)) == []
