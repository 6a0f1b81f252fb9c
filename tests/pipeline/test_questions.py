"""What the values of a log leave open is asked, and answered as proposed gives the right number."""

from datetime import datetime
from random import Random

import pyarrow as pa
import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.log.spec import LogSpec
from features.log.transactions import validate
from features.readers.reading import read
from features.readers.source import SourceSpec
from pipeline.console import Progress
from pipeline.intake.check import check
from pipeline.intake.mapping import profiles
from pipeline.intake.proposal import completed, guessed
from pipeline.intake.questions import answered, ask, refuse_unanswered, told
from pipeline.intake.questions.people import alike
from pipeline.intake.questions.statuses import outcome

pytestmark = pytest.mark.slow

NOW = datetime(2026, 9, 2)
STRIPE = "id,Created date (UTC),Amount,Amount Refunded,Currency,Status,Customer ID\n"


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    return connect(read=[tmp_path_factory.getbasetemp()], threads=1)


@pytest.fixture
def looked_over(engine, tmp_path):
    """Write a log and check it; keywords are keys of the log."""

    def looks(content, **keys):
        files = content if isinstance(content, dict) else {"log.csv": content}
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        source = tmp_path if len(files) > 1 else tmp_path / "log.csv"
        return check(engine, {"source": str(source), **keys}, now=NOW)

    return looks


@pytest.fixture
def asked(engine, tmp_path):
    """Only ask, without counting: the columns that pressing questions are about, and the spec."""

    def asks(content, **keys):
        path = tmp_path / "log.csv"
        path.write_text(content, encoding="utf-8")
        raw = read(engine, SourceSpec(source=str(path)))
        total = len(content.splitlines()) - 1
        section = completed(raw, profiles(raw, total), {"source": str(path), **keys}).section
        spec = LogSpec(**section)
        questions = ask(raw, spec)
        found = answered(spec, questions)
        used = validate(engine, raw, found, NOW).transactions
        raw.drop()
        most = used.aggregate(most=used.amount.max()).to_pyarrow()["most"][0].as_py()
        return [question.about for question in questions if question.pressing], found, most

    return asks


@pytest.fixture
def remarks(engine, tmp_path):
    """Only ask, and say all that is open in words: nothing is mapped or counted."""

    def says(content, **keys):
        path = tmp_path / "log.csv"
        path.write_text(content, encoding="utf-8")
        columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
        spec = LogSpec(source=str(path), columns=columns, **keys)
        raw = read(engine, spec)
        said = [told(question) for question in ask(raw, spec)]
        raw.drop()
        return said

    return says


def money(found):
    return found.facts["purchase_days"], found.facts["amount_total"]


def pressing(found):
    return [question.about for question in found.questions if question.pressing]


def remarked(found, words):
    return [note for note in found.notes if words in note]


def log(*rows, head="id,customer,date,amount,status"):
    return "\n".join([head, *rows]) + "\n"


# --- A: which rows are sales ----------------------------------------------------------------


CHARGES = (
    "ch_1,2024-01-01 10:00:00,50.00,0.00,usd,Paid,cus_1\n"
    "ch_2,2024-01-11 10:00:00,50.00,0.00,usd,Failed,cus_1\n"
    "ch_3,2024-01-21 10:00:00,50.00,50.00,usd,Refunded,cus_1\n"
    "ch_4,2024-02-01 10:00:00,50.00,20.00,usd,Paid,cus_1\n"
)


def test_a_stripe_export_nets_its_refunds_and_leaves_failures_out(looked_over):
    found = looked_over(STRIPE + CHARGES)
    assert (pressing(found), money(found)) == ([], (2, 80))
    assert found.facts["amount_returned"] == 70
    assert found.facts["set_aside"] == {"not_a_sale": 1}


def test_the_same_under_other_headers_is_asked_about(looked_over):
    found = looked_over("charge,moment,amount,refunded,currency,state,customer\n" + CHARGES)
    assert money(found) == (2, 80)
    assert (found.verdict, pressing(found)) == ("refuse", ["state", "refunded"])
    assert "Failed 1" in found.problem
    assert "log.columns.refunded=refunded" in found.problem


def test_views_and_carts_are_no_purchases(looked_over):
    rows = ("view,30", "cart,30", "purchase,30", "view,99", "view,99")
    lines = (f"c1,2024-01-0{i + 1},{row}" for i, row in enumerate(rows))
    found = looked_over(log(*lines, head="customer_id,event_time,event_type,price"))
    assert (pressing(found), money(found)) == (["event_type"], (1, 30))


OTHER_TONGUES = [
    ("Zustand", "bezahlt", "storniert"),
    ("état", "payée", "annulée"),
    ("Estado", "completado", "cancelado"),
    ("stato", "pagato", "annullato"),
    ("situação", "pago,concluído", "cancelado"),
    ("status", "voltooid", "geannuleerd"),
    ("status", "zrealizowane", "anulowane"),
    ("статус", "виконано", "скасовано"),
    ("durum", "tamamlandı", "iptal edildi"),
]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        *(pytest.param(*one, marks=pytest.mark.thorough) for one in OTHER_TONGUES),
        ("Status", "Paid", "voided"),
        ("x7", "completed,settled", "cancelled,pending"),
        ("Статус", "Выполнен", "Отменён"),
        ("state", "wc-completed", "wc-cancelled"),
        ("result", "succeeded,captured", "requires_payment_method,failed"),
        ("state", "order shipped", "Cancelled by customer"),
        ("is_test", "false", "true"),
        ("livemode", "true", "false"),
        ("mode", "live", "test"),
        ("cancelled", "0", "1"),
        ("Paid", "Yes", "No"),
        ("Cancelled at", "", "2024-01-09"),
        ("storniert am", "", "09.01.2024 10:00"),
    ],
)
def test_rows_that_never_brought_money_are_found_by_their_values(asked, header, good, bad):
    rows = []
    for state, amount in ((good, 10), (bad, 99)):
        for i, value in enumerate(state.split(",")):
            rows += [f"{len(rows) + n},c{n},2024-01-0{1 + n},{amount},{value}" for n in (1, 2, i)]
    about, spec, most = asked(log(*rows, head=f"no,customer,date,amount,{header}"))
    assert (about, most) == ([header], 10)
    assert header in [spec.sales.column if spec.sales else "", *(c.column for c in spec.where)]


@pytest.mark.parametrize(
    "value",
    [
        *("Not paid", "Never paid", "Payment not received", "Payment error", "Not completed"),
        *("Order not confirmed", "Payment incomplete", "Unpaid", "nicht bezahlt", "Paid (test)"),
        *("Nicht abgeschlossen", "Niet betaald", "No pagado", "Não pago", "Boleto não pago"),
        *("Non payé", "Non pagato", "Неоплачен", "Impayée", "Ödenmedi", "Nezaplaceno", "Obetald"),
        *("Ej betald", "Ikke betalt", "In attesa di pagamento", "n'est pas payée"),
    ],
)
def test_a_status_that_is_denied_is_no_sale(value):
    assert outcome(value) == "no_sale"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        *(("APROVADA", "sale"), ("Aprobado", "sale"), ("approuvée", "sale"), ("Approvata", "sale")),
        *(("NEGADA", "no_sale"), ("Recusada", "no_sale"), ("Denegado", "no_sale")),
        *(("Rechazada", "no_sale"), ("Estornada", "refund"), ("Devuelta", "refund")),
    ],
)
def test_payments_that_a_bank_granted_denied_or_gave_back_are_known_in_romance_tongues(value, what):
    assert outcome(value) == what


@pytest.mark.parametrize(
    "value", ["Not refunded", "test kit", "Non food", "No", "card", "not cancelled"]
)
def test_a_denial_of_something_else_says_nothing_of_sales(value):
    assert outcome(value) is None


@pytest.mark.parametrize(
    ("states", "known"),
    [
        ("Kargoda,A caminho,Доставляется,Unterwegs", "sale"),
        ("Settled,SentForSettle,paidout,APROVADA,onaylandı,処理済,배송중,구매확정,успешна", "sale"),
        ("Refused,NEGADA,Recusada,Rechazada,reddedildi,취소완료,注文確認待ち,रद्द", "no_sale"),
        ("Estornada,Devolvida,반품완료", "refund"),
    ],
)
def test_states_of_payment_services_and_markets_are_known(states, known):
    said = {state: outcome(state) for state in states.split(",")}
    assert said == dict.fromkeys(said, known)


def test_a_state_that_no_word_explains_is_asked_about_beside_those_that_are_sales(looked_over):
    states = ("paid", "paid", "paid", "xyzzy")
    lines = (f"{i},c{i % 5},2024-01-{1 + i:02d},5.50,{states[i % 4]}" for i in range(20))
    found = looked_over(log(*lines))
    assert (pressing(found), money(found)) == (["status"], (15, 82.5))
    assert "No word explains these, which are proposed as none: xyzzy 5" in found.problem
    assert not found.questions[0].decided


def test_cents_by_name_and_values_are_a_question(looked_over):
    lines = (f"{i},c{i % 5},2024-01-{1 + i:02d},{1099 + 100 * i}" for i in range(20))
    found = looked_over(log(*lines, head="id,customer,date,amount_cents"))
    assert (pressing(found), found.facts["amount_total"]) == (["amount_cents"], 409.8)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("customer_type", "new,returning"),
        ("payment_method", "card,transfer,cash"),
        ("Country", "NO,SE,DK"),
        ("channel", "web,shop"),
        ("condition", "new,used"),
        ("Status", "paid,complete"),
        ("fulfillment_status", "fulfilled,pending"),
        ("product_type", "shoe,test kit"),
        ("new_customer", "yes,no"),
    ],
)
def test_a_column_that_says_nothing_of_money_is_not_asked_about(asked, header, values):
    cells = values.split(",")
    rows = [f"{i},c{i % 3},2024-01-{1 + i:02d},5.50,{cells[i % len(cells)]}" for i in range(20)]
    assert asked(log(*rows, head=f"no,customer,date,amount,{header}"))[0] == []


def test_a_column_called_unused_is_not_asked_about(asked):
    rows = ("1,a,2024-01-01,5,paid", "2,b,2024-01-02,6,failed")
    assert asked(log(*rows), unused=["status"])[0] == []


def test_values_that_might_be_somebodys_are_not_shown(looked_over):
    rows = ("1,a,2024-01-01,5,paid", "2,b,2024-01-02,6,failed", "3,b,2024-01-03,6,anna@x.org")
    found = looked_over(log(*rows))
    assert "anna" not in found.problem.split("If that is right")[0]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("came", "off"),
    [("attended", "no-show"), ("wahrgenommen", "abgesagt"), ("honoré", "absent")],
)
def test_who_did_not_come_bought_nothing(asked, came, off):
    states = [came] * 15 + [off] * 5
    rows = [f"{i},c{i % 4},2024-01-{1 + i:02d},5,{state}" for i, state in enumerate(states)]
    about, found, _ = asked(log(*rows))
    assert about == ["status"]
    assert found.sales.values == (came,)


@pytest.mark.parametrize(("came", "booked"), [("wahrgenommen", "gebucht"), ("completed", "zzyx")])
def test_what_is_booked_for_later_is_no_sale(asked, came, booked):
    rows = [f"{i},c{i % 4},2024-01-{1 + i:02d},5,{came}" for i in range(20)]
    rows += [f"9{i},c{i % 4},2024-03-{1 + 2 * i:02d},5,{booked}" for i in range(9)]
    about, found, _ = asked(log(*rows))
    assert about == ["status"]
    assert found.sales.values == (came,)


def test_orders_of_the_last_days_may_be_in_process(asked):
    rows = [f"{i},c{i % 4},2024-01-{1 + i:02d},5,completed" for i in range(20)]
    rows += [f"9{i},c{i},2024-01-{24 + i:02d},5,processing" for i in range(5)]
    assert asked(log(*rows))[0] == []


@pytest.mark.thorough
def test_states_that_no_word_explains_are_neither_proposed_nor_guessed(looked_over, tmp_path):
    rows = ("1,a,2024-01-01,50,paid", "2,b,2024-01-02,20,failed", "3,b,2024-01-02,9,zzyx")
    found = looked_over(log(*rows))
    assert found.config.log.sales.values == ("paid",)
    assert "proposed as none: zzyx 1. Decide" in found.problem
    source = {"log.source": str(tmp_path / "log.csv")}
    with pytest.raises(UserError, match=r"(?s)zzyx 1.*not guessed.*log\.sales\.column=status"):
        guessed(None, source, Progress(quiet=True))
    looked_over(log(*rows[:2]))
    assert guessed(None, source, Progress(quiet=True))["log.sales.values"] == ["paid"]


@pytest.mark.thorough
@pytest.mark.parametrize("header", ["is_return", "Refund", "Возврат", "Retoure"])
def test_a_yes_below_a_header_of_returns_gives_money_back(asked, header):
    rows = ("1,a,2024-01-01,50,0", "2,b,2024-01-02,20,1", "3,b,2024-01-03,9,0")
    about, spec, _ = asked(log(*rows, head=f"no,customer,date,amount,{header}"))
    assert about == [header]
    assert (spec.refunds.column, spec.refunds.values) == (header, ("1",))
    below = ("1,a,2024-01-01,50,0", "2,b,2024-01-02,-20,1", "3,b,2024-01-03,9,0")
    assert asked(log(*below, head=f"no,customer,date,amount,{header}"))[0] == []


def test_a_parcel_called_off_is_asked_about_and_one_that_waits_is_a_sale(asked):
    rows = ("1,a,2024-01-01,50,pending", "2,b,2024-01-02,99,cancelled", "3,b,2024-01-03,9,shipped")
    about, spec, most = asked(log(*rows, head="no,customer,date,amount,fulfillment_status"))
    assert (about, most) == (["fulfillment_status"], 50)
    assert sorted(spec.sales.values) == ["pending", "shipped"]


@pytest.mark.sampled
@pytest.mark.parametrize("header", ["qty_refunded", "Refunded pieces", "Anzahl erstattet"])
def test_pieces_given_back_are_no_money(asked, header):
    rows = ("1,a,2024-01-01,40,0", "2,b,2024-01-02,60,2", "3,b,2024-01-03,9,3")
    about, spec, _ = asked(log(*rows, head=f"no,customer,date,amount,{header}"))
    assert (about, spec.columns.refunded) == ([], None)


def test_documents_that_are_no_invoices_are_told_apart(asked):
    kinds = ("Rechnung", "Gutschrift", "Stornorechnung", "Angebot", "Mahnung", "Rechnung")
    rows = [f"{i},c{i % 2},2024-01-0{i + 1},{10 + i},{kind}" for i, kind in enumerate(kinds)]
    about, spec, _ = asked(log(*rows, head="no,customer,date,amount,Belegart"))
    assert about == ["Belegart"]
    assert sorted(spec.sales.values) == ["Gutschrift", "Rechnung", "Stornorechnung"]
    assert sorted(spec.refunds.values) == ["Gutschrift", "Stornorechnung"]


def test_one_known_word_of_a_refund_is_enough_to_ask(asked):
    kinds = ("Foo", "Bar", "Baz", "Gutschrift", "Foo")
    rows = [f"{i},c{i % 2},2024-01-0{i + 1},{10 + i},{kind}" for i, kind in enumerate(kinds)]
    assert asked(log(*rows, head="no,customer,date,amount,x7"))[0] == ["x7"]


# --- B: money given back elsewhere ----------------------------------------------------------


def test_a_refund_on_the_shops_own_account_is_the_customers(looked_over):
    found = looked_over(
        "Date,Type,Status,Gross,From Email Address,To Email Address,Transaction ID\n"
        "2024-01-01,Express Checkout Payment,Completed,100.00,a@x.org,shop@x.org,T1\n"
        "2024-01-05,Payment Refund,Completed,-100.00,shop@x.org,a@x.org,T2\n"
        "2024-01-06,Express Checkout Payment,Denied,80.00,a@x.org,shop@x.org,T3\n"
        "2024-01-07,General Withdrawal,Completed,-50.00,shop@x.org,,T4\n"
    )
    assert pressing(found) == ["Status", "Type", "To Email Address"]
    assert (found.facts["amount_total"], found.facts["rows_used"]) == (0, 2)


def test_refund_rows_below_zero_stay(looked_over):
    below = looked_over(
        log("1,a,2024-01-01,50,sale", "2,a,2024-01-02,-20,refund", "3,b,2024-01-02,9,sale")
    )
    assert (pressing(below), below.facts["amount_total"]) == ([], 39)


def test_refund_rows_above_zero_are_taken_off(looked_over):
    rows = ("1,a,2024-01-01,50,Order", "2,a,2024-01-02,20,Return", "3,b,2024-01-02,9,Order")
    found = looked_over(log(*rows, head="id,customer,date,amount,type"))
    assert (pressing(found), found.facts["amount_total"]) == (["type"], 39)
    assert "give money back would count as purchases: Return 1" in found.problem


def test_a_payment_whose_state_is_refunded_counts_nothing(looked_over):
    rows = ("1,a,2024-01-01,50,paid", "2,a,2024-01-02,20,refunded", "3,b,2024-01-02,9,paid")
    found = looked_over(log(*rows))
    assert (pressing(found), found.facts["amount_total"]) == (["status"], 59)


@pytest.mark.sampled
@pytest.mark.parametrize(
    "header",
    [
        "Refunded Amount",
        "Возврат",
        pytest.param("Erstattet", marks=pytest.mark.thorough),
        pytest.param("Montant remboursé", marks=pytest.mark.thorough),
    ],
)
def test_a_filled_column_of_refunds_is_asked_about(asked, header):
    rows = ("1,a,2024-01-01,40,", "2,b,2024-01-02,60,25.50")
    about, spec, most = asked(log(*rows, head=f"no,customer,date,amount,{header}"))
    assert (about, spec.columns.refunded, most) == ([header], header, 40)
    empty = ("1,a,2024-01-01,50,0.00", "2,b,2024-01-02,40,")
    assert asked(log(*empty, head=f"no,customer,date,amount,{header}"))[0] == []


# --- C: order or line -----------------------------------------------------------------------


def test_an_orders_total_on_every_line_is_asked_about(looked_over):
    found = looked_over(
        "order_id,customer_id,order_date,item,qty,order_total\n"
        "1,a,2024-01-01,x,1,30.00\n1,a,2024-01-01,y,2,30.00\n1,a,2024-01-01,z,1,30.00\n"
        "2,b,2024-01-02,x,1,10.00\n3,a,2024-01-03,x,1,12.00\n3,a,2024-01-03,y,1,12.00\n"
    )
    assert (pressing(found), money(found)) == (["order_total"], (3, 52))


def test_orders_are_found_by_their_lines_where_no_word_names_them(looked_over):
    rows = [
        f"#{i // 2},c{i // 2 % 3},2024-01-{1 + i // 2:02d},{i},{10 + i // 2}.50" for i in range(12)
    ]
    found = looked_over(log(*rows, head="Beleg7,customer,date,item,total"))
    assert pressing(found) == ["total"]
    assert found.config.log.columns.order_id == "Beleg7"
    assert found.facts["amount_total"] == sum(10.5 + i for i in range(6))


@pytest.mark.thorough
def test_lines_with_their_own_money_are_not_asked_about(looked_over):
    rows = [f"{i // 2},c{i // 2 % 3},2024-01-{1 + i // 2:02d},{i % 7}.50" for i in range(20)]
    assert pressing(looked_over(log(*rows, head="order,customer,date,amount"))) == []
    # All cost the same, but it is what pieces times price say.
    rows = [f"{i // 2},c,2024-01-{1 + i // 2:02d},2,5,10,{i}" for i in range(20)]
    head = "order,customer,date,qty,price,total,item"
    assert pressing(looked_over(log(*rows, head=head))) == []


def test_an_orders_total_on_its_first_line_is_asked_about(looked_over):
    found = looked_over(
        "Name,Email,Created at,Total,Lineitem name\n"
        "#1,a@x.org,2024-01-01 10:00:00,30.00,x\n#1,a@x.org,2024-01-01 10:00:00,,y\n"
        "#2,b@x.org,2024-01-02 10:00:00,10.00,x\n#2,b@x.org,,,y\n",
        columns={"order_id": "Name"},
    )
    assert (pressing(found), money(found)) == (["Total"], (2, 40))
    assert found.facts["rows_set_aside"] == 0


def test_lines_below_an_order_are_the_orders(looked_over):
    found = looked_over(
        "Order,Customer,Order Date,Product,Subtotal\n"
        "S1,a,2024-01-01,x,30\n,,,y,5\nS2,b,2024-01-02,x,10\n,,,y,7\n,,,z,1\nS3,a,2024-01-05,x,2\n"
    )
    assert (pressing(found), money(found)) == (["Order Date"], (3, 55))


def test_a_line_of_totals_is_no_line_of_an_order(asked):
    content = "order,customer,date,amount\n1,a,2024-01-01,30\n2,b,2024-01-02,10\n,,,40\n"
    about, _, most = asked(content, max_anonymous=1)
    assert (about, most) == ([], 30)


@pytest.mark.parametrize("article", ["sku,", ""])
def test_a_price_that_grows_with_the_pieces_is_the_rows(asked, article):
    cell = "x," if article else ""
    rows = [f"{i},c,2024-01-0{i},{cell}{n},{p}" for i, n, p in ((1, 1, 10), (2, 3, 30), (3, 2, 20))]
    about, spec, most = asked(log(*rows, head=f"no,customer,date,{article}quantity,item-price"))
    assert (about, most) == (["item-price"], 30)
    assert (spec.columns.amount, spec.columns.unit_price) == ("item-price", None)


@pytest.mark.thorough
def test_an_amount_that_does_not_grow_with_the_pieces_is_a_pieces(looked_over):
    rows = [f"{i},c,2024-01-0{i},x{i % 2},{i},{5 + i % 2}.50" for i in range(1, 9)]
    found = looked_over(log(*rows, head="no,customer,date,article,qty,amount"))
    assert pressing(found) == ["amount"]
    assert found.facts["amount_total"] == sum(i * (5.5 + i % 2) for i in range(1, 9))
    assert "log.columns.amount=null" in found.problem
    assert (
        pressing(looked_over(log(*rows, head="no,customer,date,article,qty,amount"), lines="each"))
        == []
    )


@pytest.mark.thorough
def test_what_no_article_shows_is_not_asked_about(looked_over):
    rows = [f"{i},c,2024-01-0{i},a{i},{i % 3 + 1},{i * 7 % 5 + 1}.25" for i in range(1, 9)]
    assert pressing(looked_over(log(*rows, head="no,customer,date,sku,quantity,price"))) == []


def bookings():
    """Lines of tickets at four prices; orders of two lines, each with a number of its own."""
    random = Random(5)
    for i in range(300):
        price, who = random.choice((18, 28, 42, 65)), random.randrange(40)
        for dear in (price, 12)[: 1 + (i % 3 > 0)]:
            tickets = random.choice((1, 2, 2, 3, 4))
            day = f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}"
            yield f"T-{i},c{who},{day},{tickets},{dear},p{i % 4}"


@pytest.mark.thorough
def test_prices_that_fit_by_chance_within_orders_do_not_grow_with_the_pieces(looked_over):
    head = "booking,customer,date,quantity,unit_price,play"
    rows = list(bookings())
    found = looked_over(log(*rows, head=head))
    assert pressing(found) == []
    pieces = [(int(row.split(",")[3]), int(row.split(",")[4])) for row in rows]
    assert found.facts["amount_total"] == sum(n * price for n, price in pieces)


@pytest.mark.thorough
def test_the_money_of_rows_of_articles_at_changing_prices_is_found(looked_over):
    # The price of a piece rises now and then: no article has one price for ever.
    pieces = [1 + i * 7 % 4 for i in range(300)]
    amounts = [n * (5 + i % 9 + i // 80) for i, n in enumerate(pieces)]
    rows = [
        f"{i},c{i % 40},2024-{1 + i // 28:02d}-{1 + i % 28:02d},{pieces[i]},{amounts[i]},a{i % 9}"
        for i in range(300)
    ]
    found = looked_over(log(*rows, head="no,customer,date,quantity,unit_price,sku"))
    assert pressing(found) == ["unit_price"]
    assert found.facts["amount_total"] == sum(amounts)


def test_a_magento_export_counts_its_grand_totals_once(looked_over):
    found = looked_over(
        "customer_email,created_at,sku,price,qty_ordered,grand_total,increment_id\n"
        "a@x.org,2024-01-01,x,40,1,90,100000001\na@x.org,2024-01-01,y,25,2,90,100000001\n"
        "b@x.org,2024-01-03,x,30,1,30,100000002\n"
    )
    assert found.config.log.columns.quantity == "qty_ordered"
    assert (pressing(found), found.facts["amount_total"]) == (["grand_total"], 120)


def test_of_an_order_in_two_files_the_later_version_is_proposed(looked_over):
    head = "order_id,customer,date,status,amount\n"
    found = looked_over(
        {
            "jan.csv": head + "1,A,2024-01-30,pending,40.00\n",
            "feb.csv": head + "1,A,2024-01-30,complete,40.00\n2,A,2024-02-10,complete,15.00\n",
        }
    )
    assert (pressing(found), money(found)) == (["status", "order_id"], (2, 55))


def test_rows_that_two_files_have_alike_are_asked_about(looked_over):
    head = "customer,date,amount\n"
    found = looked_over(
        {
            "jan.csv": head + "A,2024-01-30,40\nB,2024-01-31,5\n",
            "feb.csv": head + "B,2024-01-31,5\nA,2024-02-10,15\n",
        }
    )
    assert (pressing(found), found.facts["amount_total"]) == ([""], 60)


def test_orders_spread_over_files_are_not_asked_about(looked_over):
    head = "order_id,customer,date,amount\n"
    found = looked_over(
        {"1.csv": head + "1,A,2024-01-30,40\n", "2.csv": head + "2,A,2024-02-10,15\n"}
    )
    assert (pressing(found), money(found)) == ([], (2, 55))


@pytest.mark.parametrize(
    ("money", "amount", "asks"),
    [("0.00", "amount", False), ("5.00", "amount", True), ("0.00", None, True)],
)
def test_rows_of_no_sale_would_be_purchases_only_where_they_have_money(
    looked_over, money, amount, asks
):
    rows = [
        f"{i},c{i % 5},2024-01-{1 + i % 28:02d},{money if i % 4 == 0 else '9.00'},"
        f"{'cancelled' if i % 4 == 0 else 'paid'}"
        for i in range(40)
    ]
    found = looked_over(
        log(*rows),
        columns={"customer_id": "customer", "transacted_at": "date", "amount": amount},
    )
    assert pressing(found) == ["status"] * asks
    seen = next(question.seen for question in found.questions if question.about == "status")
    assert ("would count as purchases: cancelled 10" in seen) == asks
    assert ("have the amount 0, and are none anyway: cancelled 10" in seen) != asks


def test_rows_of_no_sale_and_no_money_are_asked_about_where_they_move_the_end(looked_over):
    """Appointments that were called off in advance: their days are to come."""
    rows = [f"{i},c{i % 5},2024-01-{1 + i % 28:02d},9.00,paid" for i in range(40)]
    free = [f"{i},c{i % 5},2024-0{2 + i % 3}-10,0.00,cancelled" for i in range(40, 52)]
    found = looked_over(log(*rows, *free))
    assert pressing(found) == ["status"]
    seen = next(question.seen for question in found.questions if question.about == "status")
    assert seen.endswith(
        "They go on to 2024-04-10, and the last sale is of 2024-01-28: the log seems to end there."
    )


# --- D: whose id ----------------------------------------------------------------------------


def test_an_id_beside_many_mails_is_remarked_and_the_mail_proposed(looked_over):
    found = looked_over(
        "order_id,user_id,email,date,total\n1,0,a@x.org,2024-01-01,10\n"
        "2,0,b@x.org,2024-01-02,11\n3,0,c@x.org,2024-01-03,12\n4,7,d@x.org,2024-01-04,13\n",
        columns={"customer_id": "user_id"},
    )
    assert pressing(found) == []
    assert remarked(found, "Add: --customer-id email")
    assert remarked(found, "'0' in 'user_id' stands for nobody in particular, on 3 rows")


SPOKEN = [pytest.param(word, marks=pytest.mark.thorough) for word in ("Walk-in", "Gast", "Гость")]


@pytest.mark.parametrize("nobody", ["guest", *SPOKEN, "0"])
def test_an_id_of_nobody_is_remarked_until_it_is_named(remarks, nobody):
    rows = [f"{i},{nobody if i % 2 else f'c{i}'},2024-01-{1 + i:02d},{i + 1},x" for i in range(12)]
    assert "log.anonymous_ids=[" in " ".join(remarks(log(*rows)))
    assert "log.anonymous_ids" not in " ".join(remarks(log(*rows), anonymous_ids=[nobody]))


@pytest.mark.thorough
def test_a_zero_that_is_one_of_a_running_count_is_somebody(looked_over):
    rows = [f"{i},{i % 25},2024-01-{1 + i // 4:02d},{i + 1},x" for i in range(100)]
    assert not remarked(looked_over(log(*rows)), "log.anonymous_ids")
    hashes = [row.replace(f",{i % 25},", f",{i % 25 * 7919:06x},") for i, row in enumerate(rows)]
    assert not remarked(looked_over(log(*hashes)), "log.anonymous_ids")
    rows += [f"{i},0,2024-02-{i - 99:02d},{i},x" for i in range(100, 125)]
    assert remarked(looked_over(log(*rows)), "'0' in 'customer' stands for nobody")


@pytest.mark.thorough
def test_an_id_that_towers_over_all_others_is_remarked(looked_over):
    rows = [
        f"{i},{'shop@x.org' if i % 2 else f'c{i}@x.org'},2024-01-0{1 + i % 9},{i + 1},x"
        for i in range(60)
    ]
    assert remarked(looked_over(log(*rows)), "stands on 30 of 60 rows")
    rows = [f"{i},c{i % 12}@x.org,2024-01-0{1 + i % 9},{i + 1},x" for i in range(60)]
    assert not remarked(looked_over(log(*rows)), "the most frequent")


@pytest.mark.parametrize(
    ("ids", "words", "answer"),
    [
        (["Anna@x.org", "anna@x.org"], "1 of 2 ids differ", {"customer_case": "ignore"}),
        (["13085.0", "13085", "7"], "1 of 3 ids look like floats", {"customer_form": "number"}),
        (
            ["+7 900 000-00-01", "8 (900) 000-00-01"],
            "1 of 2 ids are phone numbers",
            {"customer_form": "phone"},
        ),
    ],
)
def test_ids_that_may_be_one_person_are_remarked(engine, ids, words, answer):
    people = engine.create_table(engine.fresh("people"), pa.table({"customer_id": ids}))
    spec = LogSpec(source="x", columns={"customer_id": "a", "transacted_at": "b"})
    (question,) = alike(people, spec)
    assert words in question.seen
    assert question.answer == {f"log.{key}": value for key, value in answer.items()}
    assert list(alike(people, spec.model_copy(update=answer))) == []


# --- H: remarks -----------------------------------------------------------------------------


@pytest.mark.parametrize("codes", ["EUR,JPY", "€,$", "руб.,грн", "usd,eur"])
def test_currencies_are_found_by_their_values(looked_over, codes):
    codes = codes.split(",")
    rows = [f"{i},a,2024-01-0{1 + i},{i + 1},{codes[i % 2]}" for i in range(5)]
    found = looked_over(log(*rows, head="no,client,date,montant,devise"))
    (question,) = [one for one in found.questions if one.pressing]
    assert "names 2 currencies" in question.seen
    assert not question.decided


# --- one function for all commands ----------------------------------------------------------


def test_what_was_proposed_answers_the_question(engine, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(log("1,a,2024-01-01,5,paid", "2,b,2024-01-02,6,failed", "3,,2024-01-02,1,x"))
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    spec = LogSpec(source=str(path), columns=columns)
    raw = read(engine, spec)
    questions = ask(raw, spec)
    with pytest.raises(UserError, match="failed 1"):
        refuse_unanswered(spec, questions)
    spec = answered(spec, questions)
    assert ask(raw, spec) == []
    assert validate(engine, raw, spec, NOW).counts.used == 1
