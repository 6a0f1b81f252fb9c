"""Forms in which shops write money; the refusal of each ends in the line that reads it."""

import shlex
from decimal import Decimal

import pytest
import yaml

from features.engines.duckdb import connect, literal
from features.errors import QuestionError, UserError
from features.log.money import as_money, read_numbers
from features.log.notations import Notation
from pipeline.config_options import parse_overrides
from tests.features.written_logs import many, refusal, rows, values

pytestmark = pytest.mark.slow


def answers(message):
    """The keys of the log section that each line of a message would set."""
    found = []
    for line in message.splitlines()[1:]:
        words = [word for word in shlex.split(line) if word != "--set"]
        found.append({k.removeprefix("log."): v for k, v in parse_overrides(words).items()})
    return found


FORMS = {
    "Rp10.000": "10000",
    "Rp 1.250.000": "1250000",
    "120.000 ₫": "120000",
    "₩12,000": "12000",
    "¥1,234": "1234",
    "Ft 12.990": "12990",
    "1,25,000.00": "125000",
    "12,34,56,789.50": "123456789.5",
    "($30.00)": "-30",
    "$(30.00)": "-30",
    "-$30.00": "-30",
    "$-30.00": "-30",
    "12.34-": "-12.34",
    "12,34- €": "-12.34",
    "12,34 €-": "-12.34",
    "\u221212,34": "-12.34",
    "20 000,00": "20000",
    "1\u00a0103,14 ₽": "1103.14",
    "1\u202f103,14 руб.": "1103.14",
    "1103,14р.": "1103.14",
    "1 234,50 грн": "1234.5",
    "10,50 zł": "10.5",
    "R$ 1.234,50": "1234.5",
    "1'234.50": "1234.5",
    "1\u2019234.50 CHF": "1234.5",
    "USD 1,234.50": "1234.5",
    "1.234.567,5": "1234567.5",
    "₹ 1,25,000.00": "125000",
    "1 500 ₸": "1500",
    "25,- €": "25",
    "1.250,-": "1250",
    "CHF 1'250.--": "1250",
    "-25,-": "-25",
    "12,000원": "12000",
    "350.000 đ": "350000",
    "١٬٢٣٤٫٥٠": "1234.5",
    "￥１，２００": "1200",
}


def cells(*texts):
    """A table of amounts as texts, as a log holds them."""
    listed = ", ".join(f"({i}, {literal(text)})" for i, text in enumerate(texts, 1))
    return connect().sql(f"SELECT * FROM (VALUES {listed}) t(row, cell)")


@pytest.mark.sampled
@pytest.mark.parametrize(("written", "value"), FORMS.items())
def test_the_line_that_a_refusal_ends_in_reads_the_amount(written, value):
    table = cells(written)
    with pytest.raises(UserError) as caught:
        read_numbers(table, "cell", Notation(), "amount")
    assert written not in str(caught.value)
    (keys,) = answers(str(caught.value))
    numeral = read_numbers(table, "cell", Notation(**keys), "amount")
    read = table.select(n=numeral.cast("decimal(18, 4)")).to_pyarrow()["n"][0].as_py()
    assert read == Decimal(value)


@pytest.mark.parametrize("written", ["25.-", "25.—", "٢٥", "２５", "२५"])
def test_a_dash_for_no_cents_and_digits_of_other_scripts_need_no_declaration(written):
    table = cells(written, "24.50")
    numeral = read_numbers(table, "cell", Notation(), "amount")
    read = table.select(n=numeral.cast("decimal(18, 4)")).to_pyarrow()["n"].to_pylist()
    assert read == [Decimal(25), Decimal("24.5")]


def test_a_dash_for_no_cents_is_no_minus_beside_amounts_with_cents(opened):
    content = [("7", "2020-01-31", '"25,-"'), ("8", "2020-01-31", '"24,50"')]
    log = opened(content, decimal=",")
    assert values(log, "amount") == [Decimal("24.5"), Decimal(25)]


def test_a_code_reads_all_signs_of_its_currency_and_of_no_other(opened):
    content = [("7", "2020-01-31", "5 ₽"), ("8", "2020-01-31", "7 руб."), ("9", "2020-02-01", "9")]
    assert answers(refusal(opened, content)) == [{"currency": "RUB"}]
    assert values(opened(content, currency="RUB"), "amount") == [5, 7, 9]
    assert "another notation than as declared" in refusal(opened, content, currency="UAH")


def test_amounts_of_two_currencies_are_refused_without_a_way_that_does_not_help(opened):
    message = refusal(opened, [("7", "2020-01-31", "5 EUR"), ("8", "2020-01-31", "7 USD")])
    assert "2 currencies stand beside the amounts (EUR, USD)" in message
    assert "--set" not in message


@pytest.mark.thorough
@pytest.mark.parametrize("word", ["CR", "DR", "anna", "stk"])
def test_a_word_that_is_no_known_currency_is_never_proposed_as_one(opened, word):
    for other in ("7", "7 EUR", "7 USD"):
        content = [("7", "2020-01-31", f"50.00 {word}"), ("8", "2020-01-31", other)]
        message = refusal(opened, content)
        assert f"currency={word}" not in message
        assert f"({word}" not in message
    assert values(opened([("7", "2020-01-31", "5 stk")], currency="stk"), "amount") == [5]


@pytest.mark.parametrize(
    ("one", "other", "way"),
    [("50.00 Dr", "20.00 Cr", "log.refunds: {column"), ("1.2k", "300", "write 1200 for 1.2k")],
)
def test_words_that_no_key_reads_have_a_way_out_in_the_file(opened, one, other, way):
    assert way in refusal(opened, [("7", "2020-01-31", one), ("8", "2020-01-31", other)])


def test_dates_and_amounts_in_doubt_are_asked_about_at_once(opened):
    content = [("7", "05/01/2020", '"1,234"'), ("8", "06/02/2020", '"2,500"')]
    with pytest.raises(QuestionError) as caught:
        opened(content)
    assert set(caught.value.asked) == {"date_format", "decimal"}
    assert all(text in str(caught.value) for text in caught.value.asked.values())


def test_a_comma_before_three_digits_is_a_question_with_both_answers(opened):
    content = [("7", "2020-01-31", '"1,234"'), ("8", "2020-01-31", "12")]
    found = answers(refusal(opened, content))
    assert [sorted(values(opened(content, **keys), "amount")) for keys in found] == [
        [12, 1234],
        [Decimal("1.234"), 12],
    ]


def test_a_comma_that_other_rows_explain_is_no_question(opened):
    content = [("7", "2020-01-31", '"1,234"'), ("8", "2020-01-31", '"12,50"')]
    assert answers(refusal(opened, content)) == [{"decimal": ","}]


def test_customers_of_tiny_amounts_stay_by_a_scale(opened):
    content = [("A", "2020-01-31", "0.00004"), ("A", "2020-02-01", "0.00031")]
    content += [("B", "2020-01-31", "0.00002")]
    with pytest.raises(QuestionError) as caught:
        opened(content)
    assert caught.value.keys == {"scale": 1_000}
    found = rows(opened(content, scale=1_000), "customer_id", "amount")
    assert sorted(found) == [("A", Decimal("0.04")), ("A", Decimal("0.31")), ("B", Decimal("0.02"))]


@pytest.mark.parametrize("noise", ["0.00", "0", "1e-17", "0.0000"])
def test_zeros_and_the_noise_of_floats_are_no_tiny_amounts(opened, noise):
    assert opened([("7", "2020-01-31", noise), ("8", "2020-01-31", "1")]).counts.used == 2


def test_one_tiny_amount_among_many_others_is_taken_as_money_has_it(opened):
    assert opened(many([("x", "2020-01-31", "0.00001")], sound=2_000)).counts.used == 2_001


def test_a_blank_as_thousands_mark_can_be_given_in_every_way():
    for text in ["log.thousands= ", "log.thousands=space", "log.thousands=' '"]:
        (value,) = parse_overrides([text]).values()
        assert value in (" ", "space"), text
    assert yaml.safe_load("thousands: space") == {"thousands": "space"}


def test_whatever_is_taken_for_a_plain_number_is_read():
    written = ["1", "1.", ".5", "+1", "-1.5e3", "1E-2", "1e0005", "007", "1.25e+1"]
    table = cells(*written)
    numeral = as_money(read_numbers(table, "cell", Notation(), "amount"))
    found = table.select("row", n=numeral).order_by("row").to_pyarrow()["n"].to_pylist()
    assert found == [Decimal(text) for text in written]


def test_each_of_two_ways_to_read_an_amount_answers_the_question(opened):
    rows = [(f"C{i}", f"2024-01-{i + 1:02d}", f'"{i + 1},234"') for i in range(9)]
    with pytest.raises(QuestionError, match="say which") as told:
        opened(rows)
    ways = [line.strip() for line in str(told.value).splitlines()[1:]]
    assert len(ways) == 2
    assert all("log.decimal=" in way for way in ways)
