"""A ledger counts each sale once: invoices are sales, credit notes take back, payments settle."""

import json
from datetime import date, timedelta

import pytest

from pipeline.command_line import main as cli
from pipeline.intake.questions import open_keys, open_lines
from tests.pipeline.test_wrong_numbers import asked, engine, log, mapped, pressing

__all__ = ["asked", "engine"]

pytestmark = pytest.mark.slow

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


@pytest.mark.sampled
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


def test_payments_that_repeat_no_invoice_are_sales_themselves(asked):
    rows = [f"{i},C{i % 7},2024-01-{1 + i % 28:02d},{10 + i}.50" for i in range(60)]
    kinds = [f"{row},{'Invoice' if i % 2 else 'Payment'}" for i, row in enumerate(rows)]
    questions, _, _ = asked(log(f"{HEAD},Type", *kinds), columns=mapped(log(HEAD)))
    assert pressing(questions) == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    "values", [("AR", "BR", "PY", "CL"), ("IN", "CN", "ZA"), ("SI", "ZA", "AV"), ("RE", "AV", "PY")]
)
def test_a_country_is_no_document(asked, values):
    n = len(values)
    rows = [
        f"{i},C{i % 7},2024-01-{1 + i % 28:02d},{10 + i % 5}.50,{values[i % n]}" for i in range(60)
    ]
    for column in ("country", "provincia", "market"):
        content = log(f"{HEAD},{column}", *rows)
        assert pressing(asked(content, columns=mapped(content))[0]) == []


def test_a_flag_beside_the_kind_of_a_document_drops_no_credit_note(asked):
    content = log(
        f"{HEAD},Type,is_refund", "1,A,2024-01-05,100.00,Invoice,false",
        "1,A,2024-01-20,30.00,Credit note,true", "2,B,2024-01-06,10.00,Invoice,false",
    )  # fmt: skip
    assert asked(content, columns=mapped(content))[2] == 80


def test_one_row_below_zero_does_not_silence_the_question_of_sides(asked):
    content = log(
        f"{HEAD},DC", "1,A,2024-01-05,100.00,D", "1,A,2024-01-20,30.00,C",
        "2,B,2024-01-06,10.00,D", "3,B,2024-01-08,-5.00,D",
    )  # fmt: skip
    questions, _, money = asked(content, columns=mapped(content))
    assert (pressing(questions), money) == (["DC"], 75)


@pytest.mark.sampled
@pytest.mark.parametrize("value", ["Pro forma invoice", "Deposit invoice", "Invoice cancellation"])
def test_other_papers_than_invoices_are_never_decided_to_be_sales(asked, value):
    content = ledger("Type", "Invoice", "Credit Memo", "Payment") + f"5,D,2024-04-01,7.00,{value}\n"
    _, spec, _ = asked(content, columns=mapped(content))
    assert value not in (spec.sales.values or ())


def test_a_cancellation_that_is_booked_below_zero_nets_its_invoice(asked):
    content = log(
        f"{HEAD},Belegart", "1,A,2024-01-05,100.00,Rechnung", "1,A,2024-01-06,-100.00,Storno",
        "2,A,2024-01-06,90.00,Rechnung", "3,B,2024-01-09,20.00,Rechnung",
    )  # fmt: skip
    _, _, money = asked(content, columns=mapped(content))
    assert money == 110


@pytest.mark.thorough
def test_refunds_that_repeat_sales_are_taken_off_and_not_left_out(asked):
    content = log(
        f"{HEAD},event", "1,A,2024-01-05,19.00,Settled", "2,A,2024-02-05,29.00,Settled",
        "1,A,2024-02-09,19.00,Refunded", "3,B,2024-02-06,9.00,Settled",
    )  # fmt: skip
    questions, _, money = asked(content, columns=mapped(content))
    assert pressing(questions) == ["event"]
    assert money == 19 + 29 + 9 - 19


@pytest.mark.sampled
@pytest.mark.parametrize("part", ["{}/3", "{} of 3", "{} de 3"])
def test_instalments_are_asked_about_and_no_part_of_their_money_is_proposed(asked, part):
    """Three payments of a third each: the first alone is a third of what was sold."""
    rows = [
        f"{i},C{i},2024-0{1 + j}-{1 + i:02d},{100 + i}.00,{part.format(1 + j)}"
        for i in range(20) for j in range(3)
    ]  # fmt: skip
    content = log(f"{HEAD},Taksit", *rows)
    questions, spec, money = asked(content, columns=mapped(content))
    assert pressing(questions) == ["Taksit"]
    told = next(question for question in questions if question.about == "Taksit")
    assert told.answer == {"log.lines": "instalments", "log.columns.order_id": "order_id"}
    assert spec.lines == "instalments"
    assert money == sum(3 * (100 + i) for i in range(20))


def test_parts_of_several_counts_are_asked_about_and_expiries_of_cards_are_not(asked):
    parts = {1: (1,), 3: (1, 2, 3), 12: range(1, 9)}
    rows = [
        f"{i}-{j},C{i},2024-{j:02d}-{1 + i:02d},{90 + i}.00,{j}/{n}"
        for i in range(20) for n in [list(parts)[i % 3]] for j in parts[n]
    ]  # fmt: skip
    content = log(f"{HEAD},Parcela", *rows)
    questions, spec, _ = asked(content, columns=mapped(content))
    assert pressing(questions) == ["Parcela"]
    told = next(question for question in questions if question.about == "Parcela")
    assert "one row of each sale" in told.seen
    assert list(open_keys(questions)) == ["unused"], "nothing numbers the sales: no key answers it"
    assert open_lines(spec, questions)[-1].endswith("log.unused (Parcela).")
    rows = [
        f"{i}{j},C{i},2024-{j:02d}-{1 + i:02d},90.00,{1 + (i + 2 * j) % 12:02d}/{26 + i % 3}"
        for i in range(20) for j in range(1, 6)
    ]  # fmt: skip
    content = log(f"{HEAD},Card expiry", *rows)
    assert "Card expiry" not in pressing(asked(content, columns=mapped(content))[0])


@pytest.mark.parametrize(("named", "ahead", "told"), [("Check-in", 40, 1), ("Check-in", 3, 0),
                                                    ("Due date", 40, 0)])  # fmt: skip
def test_what_is_booked_for_later_is_told(asked, named, ahead, told):
    day = date(2024, 1, 1)
    rows = [
        f"{i},C{i % 9},{day + timedelta(i)},90.00,{day + timedelta(i + ahead)}" for i in range(60)
    ]
    content = log(f"{HEAD},{named}", *rows)
    questions, _, _ = asked(content, columns=mapped(content))
    assert pressing(questions) == []
    seen = [one.seen for one in questions if "booked for later" in one.seen]
    assert len(seen) == told
    assert all(f"--transacted-at {named} --until 2024-03-01" in one for one in seen)


def test_the_other_side_of_an_account_is_found_behind_a_remark_in_brackets(asked):
    content = log(
        "customer,date,Gross Credit (GC),Gross Debit (GC)", "A,2024-01-05,30.00,",
        "A,2024-01-09,,10.00", "B,2024-02-01,20.00,", "B,2024-02-03,20.00,",
    )  # fmt: skip
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "Gross Credit (GC)"}
    questions, _, money = asked(content, columns=columns)
    assert (pressing(questions), money) == (["Gross Debit (GC)"], 60)


def test_a_payment_that_timed_out_or_fails_is_no_sale(asked):
    states = ["SUCCESS", "SUCCESS", "FAIL", "TIMED_OUT"]
    rows = [f"{i},C{i % 5},2024-01-{1 + i:02d},10.00,{states[i % 4]}" for i in range(20)]
    content = log(f"{HEAD},Result", *rows)
    questions, _, money = asked(content, columns=mapped(content))
    assert (pressing(questions), money) == (["Result"], 100)


def test_kinds_without_a_known_word_that_repeat_others_are_remarked(asked):
    sold = [f"{i},C{i},2024-01-{1 + i:02d},{10 + i}.50,F2" for i in range(20)]
    back = [f"{40 + i},C{i},2024-02-{1 + i:02d},{10 + i}.50,G9" for i in range(9)]
    content = log(f"{HEAD},Doc type", *sold, *back)
    questions, _, _ = asked(content, columns=mapped(content))
    assert any(
        "repeat others of it" in question.seen and "G9 9" in question.seen for question in questions
    )


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("card_type", ("debit", "credit")), ("seating", ("in", "out")), ("rating", ("+", "-")),
        ("member_status", ("active", "canceled")), ("return_policy", ("final sale", "no return")),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_order_is_no_question(asked, column, values):
    rows = [f"{i},C{i % 7},2024-01-{1 + i % 28:02d},{10 + i}.50,{values[i % 2]}" for i in range(40)]
    questions, _, _ = asked(log(f"{HEAD},{column}", *rows), columns=mapped(log(HEAD)))
    assert pressing(questions) == []


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


@pytest.mark.sampled
@pytest.mark.parametrize("nothing", ["", "0.00"])
def test_refunds_in_rows_of_their_own_are_told_once(tmp_path, nothing, capsys):
    path = tmp_path / "log.csv"
    path.write_text(
        log(
            f"{HEAD},refunded", "1,A,2024-01-05,100.00,", f"1,A,2024-01-20,{nothing},30.00",
            "2,B,2024-01-06,10.00,", "3,C,2024-01-07,50.00,20.00",
        )
    )  # fmt: skip
    cli.run(["check", str(path), "--json", "--quiet", "--set", "log.columns.refunded=refunded"])
    found = json.loads(capsys.readouterr().out)
    assert (found["amount_total"], found["amount_returned"]) == (110.0, 50.0)
    assert [q["seen"] for q in found["questions"] if q["pressing"]] == []
