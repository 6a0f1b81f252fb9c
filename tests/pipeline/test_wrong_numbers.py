"""Layouts that gave a wrong number without a word: each asks, and its answer is the right one."""

import re
from datetime import datetime

import pandas as pd
import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.log.spec import LogSpec
from features.log.transactions import validate
from features.readers.reading import read
from features.readers.source import SourceSpec
from pipeline.intake.check import check
from pipeline.intake.mapping import Profile, profiles
from pipeline.intake.proposal import completed
from pipeline.intake.questions import answered, ask
from pipeline.intake.roles import propose

pytestmark = pytest.mark.slow

NOW = datetime(2026, 9, 2)


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    return connect(read=[tmp_path_factory.getbasetemp()], threads=1)


@pytest.fixture
def asked(engine, tmp_path):
    """Ask about a log, or a frame: the questions, and its money once they are answered."""

    def asks(log, **keys):
        path = tmp_path / ("log.csv" if isinstance(log, str) else "log.parquet")
        path.write_text(log, encoding="utf-8") if isinstance(log, str) else log.to_parquet(path)
        raw = read(engine, SourceSpec(source=str(path)))
        total = raw.table.count().to_pyarrow().as_py()
        section = {"source": str(path), **keys}
        if "transacted_at" not in keys.get("columns", {}):
            found = completed(raw, profiles(raw, total), section)
            section = found.section
            if found.open:
                raise UserError("\n".join(found.open.values()))
        questions = ask(raw, LogSpec(**section))
        spec = answered(LogSpec(**section), questions)
        used = validate(engine, raw, spec, NOW).transactions
        raw.drop()
        money = used.aggregate(n=used.amount.sum()).to_pyarrow()["n"][0].as_py()
        return questions, spec, float(money)

    return asks


def pressing(questions):
    return [question.about for question in questions if question.pressing]


def log(header, *rows):
    return "\n".join([header, *rows]) + "\n"


MEANS = {
    "customer_id": ("customer_id", "Kunde"),
    "transacted_at": ("date", "Datum"),
    "amount": ("amount", "total", "basket_total", "Betrag"),
    "unit_price": ("price",),
    "quantity": ("qty",),
    "order_id": ("order_id",),
}


def mapped(content):
    """The columns of a log by their names."""
    names = re.split("[,;]", content.splitlines()[0])
    return {role: name for role, known in MEANS.items() for name in known if name in names}


STATES = "order_id,customer_id,date,status,total"
VERSIONS = "order_id,customer_id,date,total,"
LINES = "order_id,customer_id,date,item,amount"

ASKED = {
    "a_row_for_each_state_of_an_order": (
        55, "status",
        log(STATES, "1,A,2024-01-05,pending,40.00", "1,A,2024-01-05,shipped,40.00",
            "2,A,2024-02-10,delivered,15.00"),
    ),
    "a_row_for_each_state_on_its_own_day": (
        55, "status",
        log(STATES, "1,A,2024-01-05,paid,40.00", "1,A,2024-01-06,shipped,40.00",
            "1,A,2024-01-09,delivered,40.00", "2,A,2024-02-10,delivered,15.00"),
    ),
    "an_order_that_is_cancelled_in_the_end": (
        55, "updated_at",
        log("order_id,customer_id,date,status,updated_at,total",
            "1,A,2024-01-05,cancelled,2024-01-06 10:00:00,40.00",
            "1,A,2024-01-05,paid,2024-01-05 10:00:00,40.00",
            "2,A,2024-02-10,paid,2024-02-10 10:00:00,55.00"),
    ),
    "an_order_edited_later": (
        70, "updated_at",
        log(VERSIONS + "updated_at", "1,A,2024-01-05,55.00,2024-01-06 11:00:00",
            "1,A,2024-01-05,40.00,2024-01-05 10:00:00", "2,B,2024-02-10,15.00,2024-02-10 10:00:00"),
    ),
    "numbered_versions_of_an_order": (
        70, "version",
        log(VERSIONS + "version", *(f"1,A,2024-01-05,{n}.00,{n - 30}" for n in (39, 55, 40)),
            "2,B,2024-02-10,15.00,1"),
    ),
    "a_basket_total_without_an_order_number": (
        74, "basket_total",
        log("customer_id,date,item,basket_total", *(
            f"{who},2024-01-0{day},{item},{total}.50"
            for who, day, total in (("A", 1, 30), ("A", 2, 12), ("B", 3, 22), ("C", 4, 8))
            for item in ("xyz" if day != 4 else "x"))),
    ),
    "totals_below_the_lines_of_an_order": (
        40, "item",
        log(LINES, "1,A,2024-01-05,x,10.00", "1,A,2024-01-05,y,20.00", "1,A,2024-01-05,TOTAL,30.00",
            "2,B,2024-01-06,x,10.00", "2,B,2024-01-06,Subtotal,10.00"),
    ),
    "debit_and_credit": (
        80, "DC",
        log("customer_id,date,DC,amount", "A,2024-01-05,D,100.00", "A,2024-02-05,C,30.00",
            "B,2024-02-05,D,10.00"),
    ),
    "soll_and_haben": (
        80, "Soll/Haben",
        log("Kunde;Datum;Soll/Haben;Betrag", "A;2024-01-05;S;100.00", "A;2024-02-05;H;30.00",
            "B;2024-02-05;S;10.00"),
    ),
    "sides_in_columns_of_their_own": (
        80, "credit",
        log("customer_id,date,amount,credit", "A,2024-01-05,100.00,", "A,2024-02-05,,30.00",
            "B,2024-02-05,10.00,"),
    ),
    "sides_filled_with_noughts": (
        80, "Haben",
        log("customer_id;date;amount;Haben", "A;2024-01-05;100.00;0.00",
            "A;2024-02-05;0.00;30.00", "B;2024-02-05;10.00;0.00"),
    ),
    "a_parcel_that_waits_has_been_paid_for": (
        60, "payment_status",
        log("order_id,customer_id,date,order_status,payment_status,total",
            "1,A,2024-01-05,pending,paid,20.00", "2,A,2024-02-05,completed,unpaid,30.00",
            "3,B,2024-02-06,completed,paid,40.00"),
    ),
    "states_by_number": (
        30, "status", log(STATES, "1,A,2024-01-05,3,10.00", "2,A,2024-02-05,5,20.00"),
    ),
    "several_states_in_one_cell": (
        50, "status",
        log(STATES, '1,A,2024-01-05,"Paid, Shipped",10.00',
            '2,A,2024-02-05,"Paid, Cancelled",20.00',
            '3,B,2024-02-06,"Pending, Unshipped",30.00', '4,B,2024-02-07,"Paid, Unshipped",40.00'),
    ),
    "a_blank_state": (
        50, "status",
        log(STATES, "1,A,2024-01-05,Paid,10.00", "2,A,2024-02-05,,20.00",
            "3,B,2024-02-06,Failed,5.00",
            "4,B,2024-02-07,Paid,40.00"),
    ),
    "a_declared_price_that_is_the_total_of_the_row": (
        58, "price",
        log("customer_id,date,qty,price,line_total", "A,2024-01-05,2,20.00,20.00",
            "A,2024-02-05,3,30.00,30.00", "B,2024-02-06,4,8.00,8.00"),
    ),
}  # fmt: skip


UNSURE = {
    "debit_and_credit",
    "soll_and_haben",
    "sides_in_columns_of_their_own",
    "sides_filled_with_noughts",
    "states_by_number",
    "a_blank_state",
    "a_row_for_each_state_of_an_order",
}
"""What only a person can tell, and `--guess` does not take."""


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ASKED)
def test_a_layout_that_counts_money_twice_or_wrongly_is_a_question_with_the_right_answer(
    asked, kind
):
    right, about, content = ASKED[kind]
    questions, _, money = asked(content, columns=mapped(content))
    assert about in pressing(questions)
    assert money == right
    assert all(question.decided for question in questions) == (kind not in UNSURE)


def test_states_on_days_of_their_own_are_asked_about_beside_a_repeated_total(asked):
    content = ASKED["a_row_for_each_state_on_its_own_day"][2]
    questions, _, money = asked(content, columns=mapped(content), lines="repeated_total")
    assert pressing(questions) == ["status"]
    assert money == 55


def test_lines_of_an_order_are_no_versions_of_it(asked):
    content = log(
        "order_id,customer_id,date,item,line_status,amount",
        "1,A,2024-01-05,x,shipped,10.00", "1,A,2024-01-05,y,open,20.00",
        "2,B,2024-01-06,x,shipped,10.00",
    )  # fmt: skip
    _, spec, _ = asked(content)
    assert spec.versions is None


@pytest.mark.parametrize(
    "names",
    [
        "Order sum,customer",
        "total_incl_tax,total_excl_tax,tax",
        "Summe inkl. MwSt,Summe netto,MwSt",
        "amount_after_discount,amount_before_discount",
        "discounted_price,price",
        "Total,Total Discounts,Discount Amount",
    ],
)
def test_words_of_tax_and_discount_beside_a_total_do_not_hide_it(names):
    shares = {"blank": 0, "distinct": 50, "numbers": 1, "moments": 0, "fractions": 0.9}
    columns = [Profile(name, "string", negative=0, **shares) for name in names.split(",")]
    assert propose(columns).columns["amount"] == names.split(",")[0]


def test_decimals_that_no_word_calls_money_are_a_question(asked):
    content = log("customer,date,debit", "A,2024-01-05,10.25", "A,2024-02-05,20.50")
    with pytest.raises(UserError, match=r"--amount debit; or .*log.columns.amount=null"):
        asked(content)
    assert asked(content, columns={"amount": None})[2] == 2


def test_all_that_is_missing_of_a_mapping_is_asked_at_once(asked):
    content = log("vin,date,debit", "A1,2024-01-05,10.25", "B2,2024-02-05,20.50")
    with pytest.raises(UserError, match=r"(?s)customer_id; name it.*--amount debit; or "):
        asked(content)


@pytest.mark.parametrize("name", ["Patient Pay", "member cost"])
def test_money_called_by_who_pays_it_is_a_question(name, asked):
    content = log(f"customer,date,{name}", "A,2024-01-05,10.25", "B,2024-02-05,20.50")
    with pytest.raises(UserError, match=f"{name}' could be it"):
        asked(content)


def test_a_phone_that_became_a_fraction_is_no_money(asked):
    content = log("customer,date,customer phone", "A,2024-01-05,4912345678.0", "B,2024-02-05,1.0")
    assert asked(content)[2] == 2


@pytest.mark.thorough
def test_a_dash_before_an_amount_is_a_minus(asked):
    minus = "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
    rows = [f"A,2024-02-05,{mark}1.00" for mark in minus]
    content = log("customer,date,amount", "A,2024-01-05,100.00", *rows)
    assert asked(content)[2] == 100 - len(minus)
    signed = (
        content.replace(",100", ",€100")
        .replace("1.00\n", "1.00 €\n")
        .replace("€100.00 €", "100.00 €")
    )
    assert asked(signed)[2] == 100 - len(minus)


def test_ids_that_stand_for_nobody_are_remarked(asked):
    nobody = ["-1", "0", "999999", "Invité", "Клиент не указан"]
    twice = [f"{who},2024-01-0{n},5.00" for who in nobody for n in (1, 2)]
    questions, _, _ = asked(log("customer,date,amount", *twice, "B,2024-01-03,5.00"))
    assert [q.answer for q in questions] == [{"log.anonymous_ids": nobody}]


def test_amounts_that_end_like_cents_are_remarked_and_scaled_when_that_is_declared(asked):
    content = log(
        "customer,date,amount", "A,2024-01-05,1999", "A,2024-02-05,2499", "B,2024-02-06,990"
    )
    questions, _, money = asked(content)
    assert [(q.answer, q.pressing) for q in questions] == [({"log.scale": 0.01}, False)]
    assert money == 5488
    assert asked(content, scale=0.01)[2] == 54.88


def test_amounts_written_with_two_decimals_are_no_cents(asked):
    rows = ("A,2024-01-05,1999.00", "A,2024-02-05,2499.00", "B,2024-02-06,990.00")
    assert asked(log("customer,date,amount", *rows))[0] == []
    cents = [row.replace(".00", "") for row in rows]
    assert asked(log("customer,date,amount", *cents))[0] != []


def test_midnights_of_a_zone_that_parquet_keeps_as_moments_in_utc_ask_for_the_zone(asked):
    zone = "America/New_York"
    days = pd.to_datetime(["2024-01-05", "2024-07-05"]).tz_localize(zone)
    frame = pd.DataFrame({"customer": ["A", "B"], "date": days, "amount": [1.5, 2.5]})
    with pytest.raises(UserError, match="midnights of another zone"):
        asked(frame)
    assert asked(frame, timezone=zone)[2] == 4


@pytest.mark.thorough
def test_a_phone_written_in_two_ways_is_remarked_though_one_order_was_cancelled(engine, tmp_path):
    (tmp_path / "log.csv").write_text(
        "Телефон;Дата;Сумма;Статус\n+7 900 000-00-01;02.01.2023;1 103,14 ₽;Выполнен\n"
        "8 (900) 000-00-01;05.03.2023;99,90 ₽;Отменён\n"
    )
    found = check(engine, {"source": str(tmp_path / "log.csv")}, now=NOW)
    assert any("log.customer_form=phone" in note for note in found.notes)


def test_a_missing_day_of_another_customer_is_no_further_line_of_the_order_above(asked):
    content = log(
        "customer,date,amount", "A,2024-01-05,10.00", "B,,20.00", *("C,2024-01-06,5.00",) * 40
    )
    _, spec, _ = asked(content, duplicates="keep", max_set_aside=1)
    assert spec.lines is None


@pytest.mark.parametrize(
    "names",
    """price each,qty; unit amount,quantity; amount per unit,units; Preis pro Stück,Anzahl
    Stückpreis,Menge; Preis je Stück,Stückzahl; Betrag je Einheit,Menge; prix par unité,quantité
    prix à l'unité,quantité; montant unitaire,quantité; montant par pièce,pièces
    precio por unidad,cantidad; importe unitario,unidades; prezzo al pezzo,pezzi
    importo per unità,quantità; valor unitário,quantidade; bedrag per stuk,aantal
    kwota za sztukę,liczba sztuk; cena jednostkowa,ilość; цена за шт.,кол-во
    сумма за единицу,количество; ціна за одиницю,кількість; adet fiyatı,adet""".replace(
        "\n", ";"
    ).split(";"),
)
def test_money_that_is_called_that_of_a_piece_is_a_unit_price(names):
    shares = {"blank": 0, "moments": 0, "numbers": 1, "negative": 0}
    price, pieces = names.strip().split(",")
    columns = [
        Profile(price, "string", distinct=50, fractions=0.9, **shares),
        Profile(pieces, "string", distinct=4, fractions=0, **shares),
    ]
    assert propose(columns).columns == {"unit_price": price, "quantity": pieces}


@pytest.mark.parametrize(
    "name",
    ["total per order", "Betrag pro Bestellung", "Сумма за заказ", "importo per ordine", "importo",
     "totale al netto", "montant par carte", "сумма за услуги", "Gesamtpreis", "total price",
     "price per order", "Preis pro Bestellung", "prix par commande", "цена за заказ"],
)  # fmt: skip
def test_money_of_a_row_or_order_beside_pieces_is_an_amount(name):
    shares = {"blank": 0, "moments": 0, "numbers": 1, "negative": 0}
    columns = [
        Profile(name, "string", distinct=50, fractions=0.9, **shares),
        Profile("qty", "string", distinct=4, fractions=0, **shares),
    ]
    assert propose(columns).columns == {"amount": name, "quantity": "qty"}


def tickets(header):
    """A log of 40 bookings of one to four tickets, and what all of them cost."""
    numbers = [(i, 1 + i * 3 % 4, (18, 28, 42)[i % 3]) for i in range(40)]
    rows = [f"c{i % 7},2024-{1 + i // 20:02d}-{1 + i % 20:02d},{n},{p}.50,p{i % 3}"
            for i, n, p in numbers]  # fmt: skip
    return log(header, *rows), sum(n * (p + 0.5) for _, n, p in numbers)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("header", "decided"),
    [
        ("patron,booked_on,tickets,price_per_ticket,play", True),
        pytest.param(
            "patron,booked_on,portions,price per portion,dish", True, marks=pytest.mark.thorough
        ),
        ("customer,date,tickets,price,play", False),
        pytest.param("Kunde,Datum,Karten,Preis,Stück", False, marks=pytest.mark.thorough),
        pytest.param("client,date,billets,prix,spectacle", False, marks=pytest.mark.thorough),
    ],
)
def test_a_price_beside_a_count_that_nothing_reads_is_a_question(asked, header, decided):
    content, right = tickets(header)
    customer, date, pieces, price, _ = header.split(",")
    columns = {"customer_id": customer, "transacted_at": date}
    mapping = {"columns": {**columns, "amount": price}}
    questions, _, money = asked(content, **mapping)
    assert [(q.about, q.decided) for q in questions if q.pressing] == [(pieces, decided)]
    assert money == right
    single = sum(float(row.split(",")[3]) for row in content.splitlines()[1:])
    ruled_out = {"columns": {**mapping["columns"], "quantity": None}}
    for said in ({"lines": "each"}, {"unused": [pieces]}, ruled_out):
        questions, _, money = asked(content, **{**mapping, **said})
        assert (pressing(questions), money) == ([], single)


@pytest.mark.thorough
def test_a_price_that_is_the_rows_or_stands_alone_stays_the_amount(asked):
    columns = {"customer_id": "customer", "transacted_at": "date"}
    pieces = [1 + i * 3 % 4 for i in range(40)]
    rows = [f"c{i % 7},2024-01-{1 + i % 28:02d},{n},{n * (18 + i % 3)},p{i % 3}"
            for i, n in enumerate(pieces)]  # fmt: skip
    grown = log("customer,date,tickets,price,play", *rows)
    questions, spec, _ = asked(grown, columns={**columns, "amount": "price"})
    assert (pressing(questions), spec.columns.amount) == ([], "price")
    alone = log("customer,date,price,seat", *(f"c{i},2024-01-0{i},{i}.50,{i}" for i in range(1, 9)))
    questions, spec, _ = asked(alone)
    assert (pressing(questions), spec.columns.amount) == ([], "price")
