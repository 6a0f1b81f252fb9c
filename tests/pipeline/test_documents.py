"""A ledger counts each sale once: invoices are sales, credit notes take back, payments settle."""

import pytest

from tests.pipeline.test_wrong_numbers import asked, engine, log, mapped, pressing

__all__ = ["asked", "engine"]

HEAD = "order_id,customer_id,date,amount"
NAMES = {
    "english": ("Type", "Invoice", "Credit Memo", "Payment"),
    "german": ("Belegart", "Rechnung", "Gutschrift", "Zahlung"),
    "german_codes": ("Belegart", "RE", "GS", "ZE"),
    "french": ("Type de pièce", "Facture", "Avoir", "Règlement"),
    "spanish": ("Tipo", "Factura", "Nota de crédito", "Pago"),
    "italian": ("Tipo documento", "Fattura", "Nota di credito", "Incasso"),
    "dutch": ("Soort", "Factuur", "Creditnota", "Betaling"),
    "polish": ("Rodzaj", "Faktura", "Faktura korygująca", "Wpłata"),
    "russian": ("Вид", "Счет", "Возврат", "Оплата"),
    "turkish": ("Tür", "Fatura", "İade", "Ödeme"),
    "xero": ("Type", "ACCREC", "ACCRECCREDIT", "PMT"),
    "movements": ("Movement", "Sale", "Return", "Receipt"),
}


def ledger(column, invoice, credit, payment, back="30.00"):
    return log(
        f"{HEAD},{column}",
        f"1,A,2024-01-05,100.00,{invoice}", f"1,A,2024-01-20,{back},{credit}",
        f"1,A,2024-02-01,70.00,{payment}", f"2,B,2024-01-06,10.00,{invoice}",
        f"2,B,2024-01-06,10.00,{payment}", f"3,A,2024-03-07,50.00,{invoice}",
        f"3,A,2024-03-09,50.00,{credit}", f"4,C,2024-03-08,25.00,{invoice}",
    )  # fmt: skip


@pytest.mark.parametrize("kind", NAMES)
def test_a_ledger_in_any_language_is_one_question_with_the_right_answer(asked, kind):
    column = NAMES[kind][0]
    content = ledger(*NAMES[kind])
    questions, _, money = asked(content, columns=mapped(content))
    assert pressing(questions) == [column]
    assert money == 100 + 10 + 50 + 25 - 30 - 50


def test_credit_notes_below_zero_are_not_turned_around(asked):
    content = ledger("Type", "Invoice", "Credit Memo", "Payment", "-30.00").replace(
        "03-09,50", "03-09,-50"
    )
    questions, spec, money = asked(content, columns=mapped(content))
    assert pressing(questions) == ["Type"]
    assert spec.refunds is None
    assert money == 105


def test_a_kind_that_no_word_explains_is_not_guessed(asked):
    content = ledger("Type", "Invoice", "Credit Memo", "Payment") + "5,D,2024-04-01,7.00,Zork\n"
    (question,) = asked(content, columns=mapped(content))[0]
    assert not question.decided
    assert "Zork 1" in question.seen


@pytest.mark.parametrize("column", ["payment_method", "Zahlungsart"])
def test_a_sale_that_is_paid_by_invoice_is_a_sale(asked, column):
    content = ledger(column, "Invoice", "Card", "Payment in advance", "30.00")
    questions, _, _ = asked(content, columns=mapped(content))
    assert column not in pressing(questions)


def test_numbers_that_begin_as_credit_notes_do_are_remarked(asked):
    content = log(
        HEAD, "INV-1,A,2024-01-05,100.00", "INV-2,B,2024-01-06,10.00", "CN-1,A,2024-01-20,30.00"
    )
    questions, _, _ = asked(content, columns=mapped(content))
    assert any("begin with INV 2, CN 1" in question.seen for question in questions)
    plain = content.replace("CN-", "INV-3")
    assert not any("begin with" in q.seen for q in asked(plain, columns=mapped(plain))[0])
