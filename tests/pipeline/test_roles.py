"""Which column means what: by values first, by words next, and by a question where both tie."""

from datetime import date, timedelta

import pytest

from features.engines.duckdb import connect
from features.readers.reading import read
from features.readers.source import SourceSpec
from pipeline.intake import mapping
from pipeline.intake.proposal import suited_roles

DAY = date(2024, 1, 1)

VALUES = {
    "day": lambda i: DAY + timedelta(days=i % 20),
    "later": lambda i: DAY + timedelta(days=i % 20 + 3),
    "birth": lambda i: date(1980, 1, 1) + timedelta(days=i % 7),
    "money": lambda i: f"{10 + i % 9}.50",
    "whole": lambda i: 1 + i % 3,
    "order": lambda i: 1000 + i % 20 * 5 + i // 40,
    "row": lambda i: 5000 + i,
    "person": lambda i: f"c{i % 7}",
    "many": lambda i: f"c{i % 29}",
    "rupiah": lambda i: f"Rp{10 + i % 9}.000",
    "mail": lambda i: f"c{i % 7}@x.org",
    "word": lambda i: ("shoe", "hat", "bag")[i % 3],
    "tax": lambda i: f"{1 + i % 4}.25",
    "american": lambda i: f'"Jan {1 + i % 20}, 2024, 10:02:11 AM"',
    "dollars": lambda i: f"${10 + i % 9}.50",
    "euros": lambda i: f"€{10 + i % 9}.50",
    "rupees": lambda i: f"₹{100 + i % 9}",
    "zloty": lambda i: f"{10 + i % 9} zł",
    "weight": lambda i: f"{10 + i % 9} kg",
    "yen": lambda i: 1000 + i % 23 * 70,
    "one": lambda i: "Accounts Receivable",
    "unix": lambda i: 1_700_000_000 + 86_400 * (i % 20),
}


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    return connect(read=[tmp_path_factory.getbasetemp()], threads=1)


@pytest.fixture
def suited(engine, tmp_path):
    def suits(header, kinds):
        lines = [header, *(",".join(str(VALUES[k](i)) for k in kinds.split()) for i in range(60))]
        (tmp_path / "log.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        raw = read(engine, SourceSpec(source=str(tmp_path / "log.csv")))
        found = suited_roles(raw, mapping.profiles(raw, 60), {})
        raw.drop()
        return found

    return suits


@pytest.mark.parametrize(
    ("header", "kinds", "expected"),
    [
        (
            "order_id,ship_date,order_date,customer_id,total",
            "order later day person money",
            {"order_id": "order_id", "transacted_at": "order_date", "customer_id": "customer_id"},
        ),
        (
            "ID,Purchase Date,Grand Total (Purchased),Status,Customer Email",
            "row day dollars word mail",
            {
                "transacted_at": "Purchase Date",
                "amount": "Grand Total (Purchased)",
                "customer_id": "Customer Email",
                "order_id": "ID",
            },
        ),
        (
            "customer_email,created_at,sku,price,qty_ordered,qty_shipped,grand_total,increment_id",
            "mail day word money whole whole money order",
            {
                "quantity": "qty_ordered",
                "amount": "grand_total",
                "order_id": "increment_id",
                "customer_id": "customer_email",
            },
        ),
        (
            "Customer,Date of birth,Sale date,Sales tax,Sale amount",
            "person birth day tax money",
            {"transacted_at": "Sale date", "amount": "Sale amount", "customer_id": "Customer"},
        ),
        (
            "account_id,order_value,updated_at,created_at,shipping_total,tax_amount,discount",
            "person money later day money tax tax",
            {"transacted_at": "created_at", "amount": "order_value", "customer_id": "account_id"},
        ),
        (
            "Name,Email,Paid at,Created at,Subtotal,Shipping,Taxes,Total",
            "order mail later day money tax tax money",
            {"transacted_at": "Created at", "amount": "Total", "customer_id": "Email"},
        ),
        (
            "Datum,Gross,Fee,Net,From Email Address,Transaction ID,Balance",
            "day money tax money mail row money",
            {"amount": "Gross", "customer_id": "From Email Address", "order_id": "Transaction ID"},
        ),
        (
            "date,user_name,user_id,order_status,units,unit price",
            "day word person word whole money",
            {"customer_id": "user_id", "quantity": "units", "unit_price": "unit price"},
        ),
        (
            "Номер заказа,Дата заказа,Телефон клиента,Статус,Сумма,Кол-во",
            "order day person word money whole",
            {
                "order_id": "Номер заказа",
                "transacted_at": "Дата заказа",
                "customer_id": "Телефон клиента",
                "amount": "Сумма",
                "quantity": "Кол-во",
            },
        ),
        ("id,ts,value", "person day money", {"customer_id": "id", "transacted_at": "ts"}),
        ("customer_id,event_time,price", "person unix money", {"transacted_at": "event_time"}),
    ],
)
def test_values_decide_and_words_break_ties(suited, header, kinds, expected):
    found = suited(header, kinds)
    assert found.ties == {}
    assert {role: found.columns.get(role) for role in expected} == expected


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ("Kundnr,Datum,Belopp,Ordernr", "person day money order"),
        ("Ügyfél,Dátum,Végösszeg,Rendelésszám", "person day money order"),
        ("Zákazník,Datum objednávky,Částka,Číslo objednávky", "person day money order"),
        ("Nomor HP,Waktu,Nominal,ID Transaksi", "many day rupiah order"),
        ("Cari Kod,İşlem Tarihi,Bedel,Fiş No", "person day money order"),
        ("เบอร์โทร,วันที่,ยอดรวม,เลขที่คำสั่งซื้อ", "person day money order"),
        ("会員番号,注文日,金額,注文番号", "person day money order"),
        ("手机号,下单时间,实付金额,订单编号", "person day money order"),
        ("고객번호,주문일,결제금액,주문번호", "person day money order"),
        ("注文者メールアドレス,注文日時,ご請求金額,受注番号", "mail day yen order"),
        ("购买人手机号,下单时间,商品总金额,流水号", "many day yen order"),
        ("구매자전화번호,주문일시,총결제금액,거래번호", "many day yen order"),
        ("Booked by,Check-in date,Price,Booking no.", "many day money order"),
        ("Konto,Belegdatum,Umsatz,Belegfeld 1", "many day money order"),
        ("Deb.-Nr.,Belegdatum,Netto,Rechnungsnr.", "many day money order"),
        ("card_no,date,gmv,order_id", "many day money order"),
        ("guest_id,date,fare,order_id", "many day money order"),
        ("Fahrzeug,Datum,Netto EUR,Auftragsnr", "many day money order"),
        ("Kundennr,Belegdatum,Betrag brutto,Belegnr.", "person day money order"),
        ("Khách hàng,Ngày,Thành tiền,Mã đơn hàng", "person day money order"),
        ("customer,date,amount,txn", "person day money order"),
        ("customer,date,amount,booking", "person day money order"),
        ("card_no,date,amount,ticket no", "many day money order"),
        ("Mitgliedsnr.,Datum,Betrag,Bon", "many day money order"),
        ("loyalty id,date,amount,Rechnungsnr.", "many day money order"),
        ("Nr rejestracyjny,data,kwota,paragon", "many day money order"),
        ("Öğrenci,Tarih,Tutar,Fiş No", "many day money order"),
        ("ग्राहक,तारीख,कुल राशि,ऑर्डर नंबर", "person day money order"),
        ("मोबाइल नंबर,दिनांक,रकम,चालान संख्या", "many day money order"),
        ("Pembeli,Tarikh Pesanan,Jumlah Bayaran,No. Resit", "person day money order"),
        ("Ahli,Tarikh,Jumlah,No. Invois", "person day money order"),
    ],
)
def test_the_words_of_the_worlds_shops_are_known(suited, header, kinds):
    named = dict(
        zip(("customer_id", "transacted_at", "amount", "order_id"), header.split(","), strict=True)
    )
    assert (suited(header, kinds).columns, suited(header, kinds).ties) == (named, {})


def test_one_word_for_money_and_for_pieces_is_told_by_the_values(suited):
    found = suited("Pelanggan,Tarikh,Jumlah,Harga", "person day whole money")
    assert (found.columns["quantity"], found.columns["unit_price"]) == ("Jumlah", "Harga")


@pytest.mark.parametrize("money", ["euros", "rupees", "zloty"])
def test_a_currency_beside_the_values_makes_money_of_a_column_of_any_name(suited, money):
    assert suited("customer,date,x", f"person day {money}").columns["amount"] == "x"
    two = suited("customer,date,x,y", f"person day {money} dollars")
    assert (two.columns.get("amount"), two.ties) == (None, {"amount": ["x", "y"]})
    assert suited("customer,date,total,x", f"person day money {money}").columns["amount"] == "total"
    taxed = suited("customer,date,tax,x", f"person day {money} weight")
    assert "amount" not in taxed.columns


@pytest.mark.parametrize("bearer", ["card_no", "guest_id", "Fahrzeug", "Kd.-Nr."])
def test_a_card_guest_or_vehicle_is_the_customer_where_nobody_else_is(suited, bearer):
    found = suited(f"{bearer},customer,date,amount", "many person day money")
    assert (found.columns["customer_id"], found.ties) == ("customer", {})
    assert "customer_id" not in suited(f"{bearer},date,amount", "whole day money").columns


def test_money_that_is_not_the_orders_is_told_in_words_without_blanks(suited):
    found = suited(
        "会員番号,注文日時,送料合計,割引金額,商品合計,合計金額", "many day yen yen yen yen"
    )
    assert (found.columns["amount"], found.ties) == ("合計金額", {})


def test_one_account_in_all_rows_is_no_customer(suited):
    assert "customer_id" not in suited("Date,Name,Account,Amount", "day many one money").columns


def test_a_net_weight_is_no_money(suited):
    assert "amount" not in suited("customer,date,Gewicht netto", "person day money").columns


def test_a_word_does_not_make_a_date_of_what_has_none(suited):
    found = suited("customer,date,bought,amount", "person word day money")
    assert found.columns["transacted_at"] == "bought"


def test_what_recurs_over_days_is_no_orders_number(suited):
    found = suited("customer,date,order_source,amount", "person day word money")
    assert "order_id" not in found.columns


@pytest.mark.parametrize(
    ("header", "kinds", "role"),
    [
        ("customer,order date,sale date,amount", "person day later money", "transacted_at"),
        ("customer_id,user_id,date,amount", "person word day money", "customer_id"),
        ("customer,date,amount_1,amount_2", "person day money tax", "amount"),
    ],
)
def test_two_equal_candidates_are_a_question(suited, header, kinds, role):
    found = suited(header, kinds)
    assert role not in found.columns
    assert len(found.ties[role]) == 2


def test_columns_that_say_the_same_are_no_question(suited):
    found = suited("customer_id,user_id,date,amount_1,amount_2", "person mail day money money")
    assert found.ties == {}
    assert found.columns["customer_id"] == "customer_id"
    assert found.columns["amount"] == "amount_1"
