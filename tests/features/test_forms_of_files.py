"""Files as shops export them: titles, totals, encodings, sheets, delimiters too many."""

from datetime import datetime

import openpyxl
import pytest

from features.errors import QuestionError, UserError
from features.readers.encodings import proposed
from tests.features.written_logs import COLUMNS, SOUND, refusal, values

BANK = "Выписка\n\nid;day;amount\n7;2020-01-31;20,5\n8;2020-02-01;1,5\n9;2020-02-02;1,5\n"
TEXTS = {
    "cp1251": ["Дата;Сумма, руб.;Статус\n01.02.2024;1\xa0103,14 руб.;Отменён\n", "її;Сума\n"],
    "koi8-r": ["Номер заказа;Дата заказа;Телефон клиента;Статус;Сумма\n77;;;Выполнен;2\n"],
    "cp866": ["Номер заказа;Дата заказа;Телефон клиента;Статус;Сумма\n77;;;Выполнен;2\n"],
    "cp1252": ["Müller;12,50 €\nGröße;\n", "catégorie\nété\n", "São João;Conceição\n", "id\n£5\n"],
    "cp1250": [
        "Nr zamówienia\nZapłacone\nśnieg, źródło\n",
        "Dvořák\nŠťastný\n",
        "10 zł\n",
        "Żółć\n",
    ],
    "cp1254": ["Sipariş;Müşteri\n1;Çağlar Yıldız\n2;Işık\n"],
    "cp1253": ["Παραγγελία;Πελάτης\n1;Γιώργος\n"],
    "cp932": ["注文番号,日付,金額\n山田太郎\n"],
    "utf-16-le": ["id,day,amount\nJosé,2020-01-31,1\n"],
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_6_the_encoding_that_gives_letters_of_one_script_is_proposed(tmp_path, encoding, text):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    assert proposed(path) == encoding


def test_6_no_encoding_is_proposed_that_only_happens_to_decode(opened):
    # UTF-8, and one line that is not.
    content = "id,day,amount\nЁжик,2020-01-31,1\n".encode() + b"\xff\x81\x9d,2020-01-31,1\n"
    message = refusal(opened, content)
    assert "line 3: is not utf-8" in message
    assert "--set" not in message


def test_lines_above_the_header_are_a_question_with_the_number_of_lines(opened):
    with pytest.raises(QuestionError) as caught:
        opened(BANK, decimal=",")
    assert "line 1: is no header" in str(caught.value)
    assert caught.value.keys == {"skip_rows": 2}
    assert str(caught.value).endswith("\n  --set log.skip_rows=2")
    log = opened(BANK, decimal=",", skip_rows=2)
    assert (log.counts.used, float(sum(values(log, "amount")))) == (3, 23.5)


@pytest.mark.slow
@pytest.mark.parametrize("title", ["My Shop GmbH,,,\n", "Orders,,,\nFrom,2020-01-01,,\n,,,\n"])
def test_a_title_padded_with_blank_cells_is_no_header(opened, title):
    table = (
        "id,day,amount,note\n7,2020-01-31,20,\n8,2020-02-01,1,x\n9,2020-02-02,1,\n9,2020-02-03,1,\n"
    )
    with pytest.raises(QuestionError) as caught:
        opened(title + table)
    assert caught.value.keys == {"skip_rows": title.count("\n")}
    assert opened(table).counts.used == 4
    assert opened(table.replace("note", "")).counts.used == 4


@pytest.mark.slow
def test_a_line_is_named_as_the_editor_has_it_below_a_title(opened):
    message = refusal(opened, BANK.replace("20,5", "soon"), decimal=",", skip_rows=2)
    assert "line 4" in message


def test_19_rows_that_all_end_in_a_delimiter_are_a_question_and_nothing_shifts(opened):
    content = "id,day,amount\n7,2020-01-31,10.00,\n8,2020-02-01,2.50,\n"
    assert refusal(opened, content).endswith("\n  --set log.trailing_delimiter=ignore")
    log = opened(content, trailing_delimiter="ignore")
    assert sorted(map(float, values(log, "amount"))) == [2.5, 10]


def test_19_a_cell_without_a_name_is_never_left_out(opened):
    content = "id,day,amount\n7,2020-01-31,10.00,\n8,2020-02-01,2.50,x\n"
    assert "not blank" in refusal(opened, content, trailing_delimiter="ignore")


def test_19_a_header_that_alone_ends_in_a_delimiter_is_read(opened):
    log = opened("id,day,amount,\n7,2020-01-31,10.00\n8,2020-02-01,2.50\n")
    assert sorted(map(float, values(log, "amount"))) == [2.5, 10]


def test_19_header_and_rows_that_end_in_a_delimiter_are_read(opened):
    log = opened("id,day,amount,\n7,2020-01-31,10.00,\n8,2020-02-01,2.50,\n")
    assert sorted(map(float, values(log, "amount"))) == [2.5, 10]


@pytest.fixture
def workbook(tmp_path, opened):
    """Write sheets, open the workbook; keywords are keys of the spec."""

    def opens(sheets, **keys):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, content in sheets.items():
            sheet = book.create_sheet(name)
            for row in content:
                sheet.append(row)
        book.save(tmp_path / "made.xlsx")
        return opened((tmp_path / "made.xlsx").read_bytes(), "log.xlsx", **keys)

    return opens


HEADER = list(COLUMNS.values())
ORDERS = [HEADER, *[[a, b, float(c)] for a, b, c in SOUND]]


@pytest.mark.slow
def test_a_sheet_of_notes_is_a_question_that_names_the_sheets_alike(workbook):
    sheets = {"2019": ORDERS, "2020": ORDERS, "Notes": [["read me"]]}
    with pytest.raises(QuestionError) as caught:
        workbook(sheets)
    assert caught.value.keys == {"sheet": "2019 | 2020"}
    log = workbook(sheets, sheet="2019 | 2020", duplicates="keep")
    assert log.counts.used == 4
    assert workbook(sheets, sheet="20*", duplicates="keep").counts.used == 4
    assert workbook(sheets, sheet=2019).counts.used == 2


def test_rows_above_the_header_of_a_sheet_are_a_question(workbook):
    sheets = {"Orders": [["Orders of 2020"], [], *ORDERS]}
    with pytest.raises(QuestionError) as caught:
        workbook(sheets)
    assert caught.value.keys == {"skip_rows": 2}
    assert workbook(sheets, skip_rows=2).counts.used == 2


def test_a_blank_first_row_hides_no_sheet(workbook):
    assert workbook({"Orders": [[], *ORDERS]}).counts.used == 2


@pytest.mark.slow
def test_cells_of_dates_beside_texts_are_looked_at_before_they_are_believed(workbook):
    days = [datetime(2020, 5, 1), datetime(2020, 2, 3), "13/01/2020", "28/02/2020"]
    sheets = {"Orders": [HEADER, *[[str(i), day, 1.0] for i, day in enumerate(days)]]}
    with pytest.raises(UserError, match="swapped_dates"):
        workbook(sheets)
    found = values(workbook(sheets, swapped_dates=True), "transacted_at")
    assert found == [datetime(2020, 1, day) for day in (5, 13)] + [
        datetime(2020, 2, 28),
        datetime(2020, 3, 2),
    ]


@pytest.mark.slow
def test_a_serial_beside_dates_is_read_by_the_line_that_the_refusal_proposes(workbook):
    days = [datetime(2020, 5, 1), 43831, 43832]
    sheets = {"Orders": [HEADER, *[[str(i), day, 1.0] for i, day in enumerate(days)]]}
    with pytest.raises(UserError) as caught:
        workbook(sheets)
    line = str(caught.value).split("log.date_format=")[1].rstrip("'")
    assert values(workbook(sheets, date_format=line), "transacted_at") == [
        datetime(2020, 1, 1),
        datetime(2020, 1, 2),
        datetime(2020, 5, 1),
    ]
