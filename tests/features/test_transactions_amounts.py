"""Amounts, quantities and returns as shops write them, and what must become of them."""

from decimal import Decimal

import pytest

from tests.features.written_logs import COLUMNS, SOUND, many, refusal, values

pytestmark = pytest.mark.slow


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ('"1.234,50"', {"decimal": ",", "thousands": "."}),
        ('"1,234.50"', {"thousands": ","}),
        ("1 234.50", {"thousands": " "}),
        ("1\u00a0234.50", {"thousands": " "}),
        ("1'234.50", {"thousands": "'"}),
        ('"1234,5"', {"decimal": ","}),
        ("€1234.50", {"currency": "€"}),
        ("1234.50 EUR", {"currency": "EUR"}),
    ],
)
def test_7_a_foreign_notation_is_refused_unless_declared(opened, written, keys):
    content = f"id,day,amount\n7,2020-01-31,{written}\n8,2020-01-31,2\n"
    message = refusal(opened, content)
    assert "in another notation than plain digits" in message
    assert "234" not in message
    assert values(opened(content, **keys), "amount") == [2, Decimal("1234.5")]


def test_7_points_before_three_digits_everywhere_are_refused(opened):
    content = [("7", "2020-01-31", "1.234"), ("8", "2020-01-31", "12")]
    message = refusal(opened, content)
    assert "\n  --set log.decimal=.\n  --set log.decimal=, --set log.thousands=." in message
    assert values(opened(content, decimal="."), "amount") == [Decimal("1.234"), 12]
    log = opened(content, decimal=",", thousands=".")
    assert values(log, "amount") == [12, 1234]


@pytest.mark.sampled
@pytest.mark.parametrize("written", ["1.234 $", "$1.234", "-1.234 $", "$ 23.535"])
def test_7_they_are_beside_a_currency_too(opened, written):
    content = [("7", "2020-01-31", written), ("8", "2020-01-31", "12 $")]
    message = refusal(opened, content, currency="$")
    assert "\n  --set log.decimal=.\n  --set log.decimal=, --set log.thousands=." in message
    digits = written.strip("$ ")
    log = opened(content, decimal=",", thousands=".", currency="$")
    assert sorted(values(log, "amount")) == sorted([12, int(digits.replace(".", ""))])


@pytest.mark.parametrize("written", ["NaN", "inf", "-Infinity", "1e400", "1e15"])
def test_18_what_is_no_finite_amount_is_set_aside(opened, written):
    log = opened(many([("x", "2020-01-31", written)]))
    assert log.counts.set_aside == {"amount_out_of_range": 1}


@pytest.mark.sampled
@pytest.mark.parametrize("written", ["(12.50)", "12.50-", "$-5", "-£5", "USD 7"])
def test_7_an_accountants_minus_and_foreign_money_are_not_set_aside_unseen(opened, written):
    assert "another notation" in refusal(opened, many([("x", "2020-01-31", written)]))


@pytest.mark.parametrize(
    ("written", "reason"),
    [("", "amount_blank")] + [(w, "amount_unreadable") for w in ("abc", "--1", "½", "0x10", "1_0")],
)
def test_rows_without_an_amount_are_set_aside(opened, written, reason):
    assert opened(many([("x", "2020-01-31", written)])).counts.set_aside == {reason: 1}


def test_money_is_exact_in_decimals(opened):
    log = opened([("7", f"2020-01-{d:02d}", "0.10") for d in range(1, 31)])
    assert log.transactions.amount.sum().to_pyarrow().as_py() == Decimal("3.0000")


def test_16_returns_are_netted_by_default_and_can_be_ignored(opened):
    content = [*SOUND, ("7", "2020-02-02", "-4.00")]
    assert values(opened(content), "amount") == [-4, Decimal("2.5"), 10]
    log = opened(content, returns="ignore")
    assert log.counts.set_aside == {"return_ignored": 1}
    assert values(log, "amount") == [Decimal("2.5"), 10]


def test_16_ignored_returns_are_told_by_quantity_too(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    content = [("7", "2020-01-31", "10", "1"), ("7", "2020-02-02", "10", "-1")]
    log = opened(content, columns=columns, returns="ignore")
    assert log.counts.set_aside == {"return_ignored": 1}


def test_16_a_return_told_by_its_quantity_is_never_taken_for_a_purchase(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    content = [("7", "2020-01-31", "10", "1"), ("7", "2020-02-02", "10", "-1")]
    assert "unit_price" in refusal(opened, content, columns=columns)
    log = opened(content, columns=columns, returns="quantity")
    assert values(log, "amount") == [-10, 10]


def test_16_without_amounts_a_negative_quantity_is_no_purchase(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "quantity": "pieces"}
    log = opened([("7", "2020-01-31", "3"), ("7", "2020-02-03", "-3")], columns=columns)
    assert values(log, "amount") == [-1, 1]


def test_17_zero_amounts_and_quantities_are_kept_and_counted(opened):
    columns = COLUMNS | {"quantity": "pieces"}
    log = opened([("7", "2020-01-31", "0", "0"), ("8", "2020-02-13", "1", "")], columns=columns)
    assert (log.counts.used, log.counts.zero_amounts, log.counts.zero_quantities) == (2, 1, 1)


def test_18_a_product_of_huge_numbers_is_set_aside(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "unit_price": "p", "quantity": "q"}
    huge = "99999999999999.9999"
    log = opened([("7", "2020-01-31", huge, huge), ("7", "2020-02-13", "2", "0")], columns=columns,
                 max_set_aside=1)  # fmt: skip
    assert log.counts.set_aside == {"amount_out_of_range": 1}


def test_the_money_of_a_line_is_quantity_times_unit_price(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "unit_price": "p", "quantity": "q"}
    log = opened(
        [("7", "2020-01-31", "0.35", "3"), ("7", "2020-02-13", "2", "-1")], columns=columns
    )
    assert values(log, "amount") == [-2, Decimal("1.05")]


def test_without_amounts_each_order_counts_one_however_many_lines_it_has(opened):
    columns = {"customer_id": "id", "transacted_at": "day", "order_id": "order"}
    lines = [("7", "2020-01-31", "A")] * 3 + [("7", "2020-01-31", "B"), ("8", "2020-02-13", "")]
    log = opened(lines, columns=columns, duplicates="keep")
    assert log.transactions.amount.sum().to_pyarrow().as_py() == 3
