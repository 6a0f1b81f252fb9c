"""Rows that are no sales: found by what they repeat, by words where a header says so."""

import pytest

from features.log.document_kinds import codes, document
from pipeline.intake.questions.outcomes import outcome, owed
from tests.pipeline.test_wrong_numbers import asked, engine, log, pressing

__all__ = ["asked", "engine"]

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

HEAD = "order_id,customer,date,amount"


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("invoice", ("Myyntilasku", "Schlussrechnung", "Реализация товаров", "売上", "hóa đơn")),
        ("credit", ("Hyvityslasku", "jóváíró számla", "Возврат товаров от покупателя", "إشعار دائن",
                    "Devolução de venda", "Stornorechnung", "İade faturası")),
        ("cancel", ("Invoice Cancellation (S1)", "Storno računa")),
        ("advance", ("Anzahlungsrechnung", "Facture d'acompte", "zaliczkowa", "előlegszámla")),
        ("payment", ("Sales Receipt on Account", "Приходный кассовый ордер", "úhrada", "입금")),
        ("offer", ("Proforma invoice", "díjbekérő", "Sales order")),
        ("supplier", ("Vendor Bill", "Eingangsrechnung", "Поступление товаров")),
    ],
)  # fmt: skip
def test_papers_are_known_in_the_languages_of_ledgers(what, values):
    assert {value: document(value, within=True) for value in values} == dict.fromkeys(values, what)


@pytest.mark.parametrize(
    ("values", "back"),
    [
        (("F2", "G2", "RE"), {"G2", "RE"}), (("RE", "GS", "ZE"), {"GS"}), (("OR", "RE"), {"RE"}),
        (("TD01", "TD04"), {"TD04"}), (("SI", "SC", "SR"), {"SC"}), (("inv", "cm", "pmt"), {"cm"}),
        (("380", "381"), {"381"}), (("out_invoice", "out_refund", "in_invoice"), {"out_refund"}),
        (("33", "61"), {"61"}), (("F1", "R5"), {"R5"}), (("FT", "NC", "RG"), {"NC"}),
        (("CA", "NY", "IN", "OR"), set()), (("RE", "MA", "FR"), set()), (("A", "B"), set()),
    ],
)  # fmt: skip
def test_short_forms_are_those_of_one_system(values, back):
    said = codes(values)
    assert {value for value, what in said.items() if what == "credit"} == back


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("En cours de préparation", "sale"), ("Awaiting Fulfillment", "sale"),
        ("Awaiting check payment", "no_sale"), ("En attente de paiement par chèque", "no_sale"),
        ("Paiement accepté", "sale"), ("Ожидает отправки", "sale"), ("In Bearbeitung", None),
        ("processing", None), ("In lavorazione", None), ("Przygotowanie w toku", "sale"),
    ],
)  # fmt: skip
def test_an_order_that_waits_for_its_parcel_was_paid(value, said):
    assert outcome(value) == said


def test_an_invoice_that_is_owed_is_a_sale_and_an_authorised_card_is_none():
    assert owed(["PAID", "AUTHORISED", "VOIDED", "DRAFT"], "Status") == ["AUTHORISED"]
    assert owed(["paid", "sent", "overdue", "draft"], "Status") == ["sent", "overdue"]
    assert owed(["paid", "not_paid", "in_payment"], "payment_state") == ["not_paid", "in_payment"]
    assert owed(["bezahlt", "offen"], "Rechnungsstatus") == ["offen"]
    assert owed(["captured", "authorised", "voided", "failed"], "Status") == []
    assert owed(["open", "closed"], "Status") == []


def test_owed_invoices_are_kept_and_told(asked):
    rows = [(1, "PAID"), (2, "AUTHORISED"), (3, "VOIDED"), (4, "DRAFT"), (5, "PAID")]
    content = log(f"{HEAD},Status", *(f"{i},c{i},2024-01-0{i},{i}0.50,{s}" for i, s in rows))
    questions, _, money = asked(content)
    assert (pressing(questions), money) == (["Status"], 10.5 + 20.5 + 50.5)
    assert "not paid yet, which is proposed as sales: AUTHORISED 1" in questions[0].seen


def rows_of(n, step=1.37):
    return [(i, f"c{i % 9}", f"2024-01-{1 + i % 28:02d}", f"{10 + step * i:.2f}") for i in range(n)]


def test_rows_that_repeat_others_are_a_question_whatever_they_are_called(asked):
    sold = rows_of(40)
    again = [f"{90 + i},{who},2024-02-{1 + i % 28:02d},{money},b" for i, who, _, money in sold[:30]]
    content = log(f"{HEAD},zork", *(f"{i},{w},{d},{m},a" for i, w, d, m in sold), *again)
    questions, _, money = asked(content)
    (question,) = [question for question in questions if question.pressing]
    assert (question.about, question.decided) == ("zork", False)
    assert money == pytest.approx(sum(float(m) for *_, m in sold))


def test_what_is_renewed_a_year_later_repeats_no_sale(asked):
    rows = [f"{i},c{i},{{}}-{1 + i % 12:02d}-05,{10 + 1.37 * i:.2f},{{}}" for i in range(60)]
    content = log(f"{HEAD},season", *(row.format(y, y) for y in (2023, 2024) for row in rows))
    assert pressing(asked(content)[0]) == []


def test_a_subscription_of_few_prices_repeats_nothing(asked):
    rows = [
        f"{10 * i + m},c{i},2024-0{m}-05,{(9.5, 19.5)[i % 2]},{'first' if m == 1 else 'further'}"
        for i in range(30)
        for m in range(1, 3 + i % 4)
    ]
    assert pressing(asked(log(f"{HEAD},period", *rows))[0]) == []


def test_what_names_people_cards_and_campaigns_is_no_question(asked):
    columns = {
        "paytype_dc": "debit credit", "call_direction": "in out", "campaign": "test new sale",
        "department": "sales returns", "agent": "Storno Verkauf", "inv_state2": "IN OR CA",
        "note": "refund_policy thanks gift", "code": "SI SC SA", "ticket_type": "sale return",
        "source": "organic paid transfer", "side_dish": "yes no", "test_group": "0 1",
        "entry_point": "cart wishlist home",
    }  # fmt: skip
    listed = [values.split() for values in columns.values()]
    rows = [
        f"{i},{w},{d},{m},{','.join(v[(i // 2) % len(v)] for v in listed)}"
        for i, w, d, m in rows_of(60)
    ]
    assert pressing(asked(log(f"{HEAD},{','.join(columns)}", *rows))[0]) == []


def test_money_of_another_currency_is_a_question_unless_it_is_negligible(asked):
    def told(other, every):
        rows = [(*one, other if i % every == 7 else "EUR") for i, one in enumerate(rows_of(220))]
        return asked(log(f"{HEAD},ccy", *(",".join(map(str, row)) for row in rows)))

    questions, spec, _ = told("USD", 10)
    assert pressing(questions) == ["ccy"]
    assert not questions[0].decided
    assert [condition.value for condition in spec.where] == ["EUR"]
    questions, _, money = told("USD", 200)
    assert pressing(questions) == []
    assert money == pytest.approx(sum(float(m) for *_, m in rows_of(220)))
    assert any("names 2 currencies" in question.seen for question in questions)


def test_a_currency_that_is_preferred_or_beside_one_of_the_amounts_is_a_remark(asked):
    codes = ["EUR,USD", "EUR,GBP"]
    rows = [f"{i},{w},{d},{m},{codes[i % 2]}" for i, w, d, m in rows_of(40)]
    assert pressing(asked(log(f"{HEAD},currency,cur2", *rows))[0]) == []


def test_gift_cards_that_are_sold_and_paid_with_are_a_question(asked):
    rows = [f"{i},{w},{d},{m},Mug,card" for i, w, d, m in rows_of(20)]
    cards = ["70,c1,2024-01-05,50.00,Gift card,card", "71,c2,2024-02-05,50.00,Cup,Gift card"]
    questions, spec, _ = asked(log(f"{HEAD},Item,Payment method", *rows, *cards))
    assert pressing(questions) == ["Item"]
    assert spec.where[0].value == ("Gift card",)
    assert pressing(asked(log(f"{HEAD},Item,Payment method", *rows, cards[0]))[0]) == []
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    used = [row.replace(",card", ",0").replace(",Gift card", ",50.00") for row in rows + cards[1:]]
    content = log(f"{HEAD},Item,Gift card amount", *used, cards[0].replace(",card", ",0"))
    assert "Item" in pressing(asked(content, columns=columns)[0])


def test_sets_beside_their_parts_are_a_question(asked):
    rows = []
    for i, who, day, money in rows_of(12):
        part = round(float(money) * 0.4, 2)
        rest = round(float(money) - part, 2)
        parts = [(money, "kit"), (part, "one"), (rest, "one")]
        rows += [f"{i},{who},{day},{m},{kind}" for m, kind in parts]
    questions, _, money = asked(log(f"{HEAD},what", *rows))
    assert pressing(questions) == ["what"]
    assert money == pytest.approx(sum(float(m) for *_, m in rows_of(12)))


@pytest.mark.parametrize(("parts", "asks"), [(1, ["order_id"]), (3, [])])
def test_an_amount_that_stands_again_on_other_days_may_be_the_orders_total(asked, parts, asks):
    rows = [f"{i},{w},{d},{m}" for i, w, d, m in rows_of(60)]
    rows += [
        f"{200 + i},{who},2024-0{month}-05,{float(money) / parts:.2f}"
        for i, who, _, money in rows_of(60)[::6]
        for month in (3, 4, 5)
    ]
    assert pressing(asked(log(HEAD, *rows))[0]) == asks


@pytest.mark.parametrize(("credit", "asks"), [("5.00", ["Credit"]), ("9000.00", [])])
def test_a_column_of_credit_beside_the_amount_is_a_question(asked, credit, asks):
    rows = [f"{i},{w},{d},{m},{credit if i % 5 == 0 else ''}" for i, w, d, m in rows_of(30)]
    questions, _, money = asked(log(f"{HEAD},Credit", *rows))
    assert pressing(questions) == asks
    assert money == pytest.approx(sum(float(m) for *_, m in rows_of(30)) - 5 * 6 * len(asks))


@pytest.mark.parametrize("again", ["same", "other"])
def test_orders_that_stand_twice_to_the_letter_are_exports_that_overlap(asked, again):
    rows = [",".join(map(str, row)) for row in rows_of(40)]
    twice = [f"{row}1" if again == "other" and i == 2 else row for i, row in enumerate(rows[:9])]
    questions, _, money = asked(log(HEAD, *rows, *twice))
    if again == "same":
        assert pressing(questions) == ["order_id"]
        assert money == pytest.approx(sum(float(m) for *_, m in rows_of(40)))
    else:
        assert "order_id" not in pressing(questions)


@pytest.mark.parametrize(("share", "asks"), [(40, ["amount"]), (6, [])])
def test_rows_below_zero_that_repeat_most_sales_are_their_payments(asked, share, asks):
    rows = [",".join(map(str, row)) for row in rows_of(40)]
    paid = [f"{80 + i},{w},2024-02-{1 + i % 28:02d},-{m}" for i, w, _, m in rows_of(share)]
    questions, _, money = asked(log(HEAD, *rows, *paid))
    assert pressing(questions) == asks
    back = 0 if asks else sum(float(m) for *_, m in rows_of(share))
    assert money == pytest.approx(sum(float(m) for *_, m in rows_of(40)) - back)


@pytest.mark.parametrize(
    "value", ["Chargeback reversed", "Refund failed", "Rückerstattung ausstehend"]
)
def test_a_refund_that_was_undone_is_left_open(value):
    assert outcome(value) is None


def test_fees_that_a_marketplace_keeps_are_not_given_back_to_customers(asked):
    rows = []
    for i, who, day, money in rows_of(30):
        rows += [f"{i},{who},{day},{money},ItemPrice", f"{i},{who},{day},-1.20,ItemFees"]
        rows += [f"{i},{who},{day},-0.50,Promotion"] * (i % 3 == 0)
    questions, _, money = asked(log(f"{HEAD},amount-type", *rows))
    assert pressing(questions) == ["amount-type"]
    assert money == pytest.approx(sum(float(m) for *_, m in rows_of(30)) - 10 * 0.5)
