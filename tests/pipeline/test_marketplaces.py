"""Exports of marketplaces and tills: what customers paid, and who they are."""

import pytest

from features.errors import UserError
from tests.pipeline.test_wrong_numbers import asked, engine, log, pressing

__all__ = ["asked", "engine"]

pytestmark = pytest.mark.slow


def test_a_total_after_fees_is_a_question_that_names_what_customers_paid(asked):
    content = log(
        "Sale,Date,State,Products,Cargo por venta,Total,Buyer",
        "1,2024-01-05,Delivered,100.00,-13.00,87.00,c1", "2,2024-01-16,Cancelled,60.00,0,0,c2",
        "3,2024-02-20,Delivered,50.00,-6.50,43.50,c1",
    )  # fmt: skip
    questions, spec, money = asked(content)
    assert pressing(questions) == ["Cargo por venta", "State"], "what was cancelled had a price"
    assert (spec.columns.amount, money) == ("Products", 150)
    (told,) = [one for one in questions if one.pressing and one.about == "Cargo por venta"]
    assert "130.50 in all, of 150.00 that customers paid" in told.seen
    kept, spec, money = asked(content, unused=["Cargo por venta"])
    assert "Cargo por venta" not in pressing(kept)
    assert (spec.columns.amount, money) == ("Total", 130.5)


def test_money_beside_a_fee_that_was_not_taken_off_is_no_question(asked):
    content = log(
        "Date,Total,Net,Fee,Customer", "2024-01-05,50.00,48.25,1.75,c1",
        "2024-02-05,40.00,38.54,1.46,c2",
    )  # fmt: skip
    questions, spec, money = asked(content)
    assert pressing(questions) == []
    assert (spec.columns.amount, money) == ("Total", 90)


def test_a_final_price_is_that_of_all_pieces(asked):
    content = log(
        "Date,Receipt number,Customer,Quantity,Final price (USD)", "2024-01-05,1,c1,2,40.00",
        "2024-01-06,2,c2,1,10.00", "2024-02-05,3,c1,1,50.00", "2024-02-06,4,c2,-1,-10.00",
    )  # fmt: skip
    _, spec, money = asked(content)
    assert (spec.columns.amount, money) == ("Final price (USD)", 90)


def test_a_blank_beside_kinds_of_cancelling_and_returning_is_an_order_as_usual(asked):
    content = log(
        "Order ID,Order Status,Cancelation/Return Type,Amount,Date,Buyer",
        "1,Completed,,25.00,2024-01-05,b1", "2,Canceled,Cancel,13.00,2024-01-16,b2",
        "3,Completed,Return/Refund,30.00,2024-02-20,b1",
    )  # fmt: skip
    questions, _, money = asked(content)
    assert money == 25, "what came back was the order itself, and is no refund of another"
    assert all(question.decided for question in questions)


def test_mails_that_tell_guests_under_one_id_apart_are_named_however_few(asked):
    content = log(
        "Order ID,Customer ID,Customer Email,Order Date,Total", "1,0,a@example.com,2024-01-05,20.5",
        "2,0,b@example.com,2024-01-16,10.5", "3,5,c@example.com,2024-02-05,20.5",
    )  # fmt: skip
    answers = [question.answer for question in asked(content)[0]]
    assert {"log.columns.customer_id": "Customer Email"} in answers
    assert {"log.anonymous_ids": ["0"]} in answers


@pytest.mark.parametrize("head", ["Login kupującego,Data zakupu", "ID покупателя,Дата продажи"])
def test_a_buyer_in_the_genitive_is_the_customer(asked, head):
    rows = [f"b{i % 3},2024-01-{i + 10},{i}.50" for i in range(9)]
    _, spec, money = asked(log(f"{head},total", *rows))
    assert (spec.columns.customer_id, money) == (head.split(",")[0], 40.5)


def test_whole_numbers_that_nothing_names_are_asked_about_where_there_is_no_other_money(asked):
    rows = [f"c{i % 9},2024-01-{i % 28 + 1:02d},{100 + 25 * (i % 20)}" for i in range(60)]
    with pytest.raises(UserError, match="No column is called money, but 'xyz' could be it"):
        asked(log("customer,when,xyz", *rows))


def test_days_and_months_without_a_year_are_told_what_they_lack(asked):
    with pytest.raises(UserError, match="A day and a month alone"):
        asked(log("Kundennummer,Belegdatum,Umsatz", "1,0501,10.50", "2,1602,20.50", "1,2803,5.50"))


def test_a_sign_in_a_column_of_its_own_is_asked_about_in_italian_too(asked):
    content = log(
        "Data,Codice cliente,Causale,Importo,Segno", "2024-01-05,C1,Vendita,80.50,+",
        "2024-01-16,C2,Vendita,50.50,+", "2024-02-20,C1,Reso,30.50,-",
    )  # fmt: skip
    questions, _, money = asked(content)
    assert pressing(questions)
    assert money == 100.5


def test_what_was_paid_ahead_is_not_the_money_of_the_booking(asked):
    content = log(
        "Booked on,Client,Deposit paid,Total price", "2024-01-05,a,20.00,100.00",
        "2024-01-16,b,10.00,50.00",
    )  # fmt: skip
    _, spec, money = asked(content)
    assert (spec.columns.amount, money) == ("Total price", 150)


def test_a_word_for_cancelled_within_words_without_blanks_is_seen(asked):
    content = log(
        "受注番号,受注日,会員番号,受注ステータス,合計", "1,2024-01-05,m1,処理済,100.5",
        "2,2024-02-06,m2,キャンセル確定,500.5", "3,2024-03-07,m1,処理済,200.5",
    )  # fmt: skip
    questions, _, money = asked(content)
    assert pressing(questions) == ["受注ステータス"]
    assert money == 301


def test_a_price_beside_people_is_proposed_as_that_of_the_booking(asked):
    content = log(
        "Booking no,Customer,Booked on,People,Price", "1,A,2024-01-05,2,200.50",
        "2,B,2024-01-16,3,150.25", "3,A,2024-02-20,4,169.25",
    )  # fmt: skip
    questions, spec, money = asked(content)
    assert [(one.about, one.decided) for one in questions] == [("People", False)]
    assert (spec.lines, money) == ("each", 520)


def test_decimals_called_a_basket_are_no_number_of_an_order(asked):
    content = log(
        "date,member,basket", "2024-01-05,m1,20.50", "2024-01-16,m2,10.50", "2024-02-20,m1,20.25"
    )
    with pytest.raises(UserError, match="'basket' could be it"):
        asked(content)


def test_a_discount_beside_a_price_of_pieces_is_named(asked):
    content = log(
        "order,customer,date,price,qty,discount", "1,a,2024-01-05,10.50,3,1.00",
        "2,b,2024-01-16,20.50,1,2.00", "3,a,2024-02-20,36.50,1,0",
    )  # fmt: skip
    assert any("'discount'" in one.seen for one in asked(content)[0])
