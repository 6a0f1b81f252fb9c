"""Where the rows of a log go: duplicates, too many faults, the account, and no value told."""

import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from features.log import parsing
from features.log.transactions import LogSpec, open_log
from features.readers.reading import read
from tests.features.written_logs import COLUMNS, NOW, SOUND, many, refusal

pytestmark = pytest.mark.slow


def test_15_equal_rows_are_counted_kept_and_dropped_on_request(opened):
    content = many([("7", "2020-01-31", "10.00")] * 3)
    assert opened(content).counts.duplicates == 2
    log = opened(content, duplicates="drop")
    assert log.counts.set_aside == {"duplicate": 2}
    assert log.counts.used == 101


def test_15_a_log_exported_twice_is_refused_until_declared(opened):
    assert "log.duplicates: drop" in refusal(opened, SOUND * 2)
    assert opened(SOUND * 2, duplicates="drop").counts.used == 2
    assert opened(SOUND * 2, duplicates="keep").counts.used == 4


def test_15_equal_lines_of_an_order_are_no_double_export(opened):
    columns = COLUMNS | {"order_id": "order"}
    lines = [(str(i % 9), "2020-01-31", f"{i % 4}.50", f"A{i // 8}") for i in range(80)]
    log = opened(lines * 2 + [(*SOUND[0], f"B{i}") for i in range(9)], columns=columns)
    assert log.counts.duplicates >= 0.4 * log.counts.used


def test_15_rows_that_differ_in_an_unmapped_column_are_no_duplicates(opened):
    content = "id,day,amount,product\n7,2020-01-31,1,a\n7,2020-01-31,1,b\n"
    assert opened(content, duplicates="drop").counts.used == 2


def test_too_many_unusable_rows_refuse_the_log_with_every_reason(opened):
    bad = [("x", "soon", "1")] * 6 + [("x", "2020-01-31", "")] * 2
    message = refusal(opened, many(bad))
    assert "8 of 108 rows with a customer (7.41 %) cannot be used" in message
    assert "6: the date cannot be read (first: line 102, written like 'aaaa')" in message
    assert "2: no amount (first: line 108)" in message
    assert opened(many(bad), max_set_aside=0.1).counts.used == 100


def test_a_line_is_named_only_where_rows_are_lines(opened):
    assert "(first: line 3" in refusal(opened, "id,day,amount\n7,2020-01-31,1\n8,soon,1\n")
    content = 'id,day,amount,note\n7,2020-01-31,1,"a\nb"\n8,soon,1,\n'
    assert "(first: row 2" in refusal(opened, content)


def test_all_rows_set_aside(opened):
    assert "None of 2 rows can be used" in refusal(opened, [("7", "soon", "1"), ("8", "?", "1")])


def test_the_account_is_printed_in_full(opened):
    log = opened(many([("", "2020-01-31", "1"), ("x", "soon", "1")]))
    assert log.counts.lines() == [
        "102 rows = 100 used + 2 set aside",
        "  1 (1.0 %) no customer_id (guest sales)",
        "  1 (1.0 %) the date cannot be read",
    ]


def test_the_quarantine_holds_the_rows_as_they_stand_in_the_file(opened, tmp_path):
    log = opened(many([("x", "soon", "1")]))
    assert log.quarantine.to_pyarrow().to_pylist() == [
        {
            "reason": "date_unreadable",
            "file": str(tmp_path / "log.csv"),
            "row": 101,
            "id": "x",
            "day": "soon",
            "amount": "1",
        }
    ]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("id,day,amount\nanna@example.org,2020-01-31\n", {}),
        ('id,day,amount\nanna@example.org,"2020-01-31,1\n', {}),
        ("id,day,amount\nanna@example.org,2020-01-31,1,\n", {}),
        ("id,day,amount\nanna@example.org,annasday,1\n", {}),
        ("id,day,amount\nanna@example.org,2020-01-31,annas\n", {}),
        ("id,day,amount\nanna@example.org,2020-01-31,12 anna\n", {}),
        ("id,day,amount\nanna@example.org\0,2020-01-31,1\n", {}),
    ],
)
def test_36_no_refusal_repeats_what_stands_in_a_field(opened, content, keys):
    assert "anna" not in refusal(opened, content, **keys)


def test_55_a_log_that_does_not_fit_is_refused_in_words(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("id,day\n" + "".join(f"{i:040d},2020-01-31\n" for i in range(300_000)))
    engine = connect(read=[tmp_path], threads=1, memory_limit="20MB", scratch_limit="1MB")
    spec = LogSpec(source=str(path), columns={"customer_id": "id", "transacted_at": "day"})
    with pytest.raises(UserError, match="more memory or scratch space"):
        open_log(engine, spec, NOW)


def test_the_fingerprint_is_of_the_used_rows_whatever_their_order(opened):
    log = opened(SOUND)
    assert opened(SOUND[::-1]).fingerprint == log.fingerprint
    assert opened([*SOUND, ("", "2020-01-31", "5")]).fingerprint == log.fingerprint
    assert opened([*SOUND[:1], ("8", "2020-02-01", "2.51")]).fingerprint != log.fingerprint
    assert len(log.fingerprint) <= 36


PLAIN = [
    *SOUND,
    ("", "2020-01-31", "1.5"),
    ("9", "", "-3"),
    ("9", "2020-02-01", ""),
    ("Total", "", "9"),
]
DOUBTFUL = {
    "a_day_written_otherwise": ("8", "2/1/2020", "1.00"),
    "a_word_for_a_day": ("8", "soon", "1.00"),
    "a_comma": ("8", "2020-01-31", "1,5"),
    "three_digits_behind_the_point": ("8", "2020-01-31", "1.234"),
    "an_underscore": ("8", "2020-01-31", "1_0"),
    "an_amount_that_four_decimals_lose": ("8", "2020-01-31", "0.00004"),
    "no_number": ("8", "2020-01-31", "nan"),
    "a_rounded_id": ("9.00720E+15", "2020-01-31", "1.00"),
}


@pytest.fixture
def rows_of(tmp_path):
    """A raw table of rows, and how they are read."""

    def build(rows):
        path = tmp_path / "log.csv"
        path.write_text("\n".join(["id;day;amount", *(";".join(row) for row in rows)]))
        engine, spec = connect([path], tmp_path), LogSpec(source=str(path), columns=COLUMNS)
        return engine, read(engine, spec), spec, NOW

    return build


def test_rows_that_are_read_plainly_are_those_that_are_read_closely(rows_of):
    asked = rows_of(PLAIN)
    (plain, counted, *told), (close, counts, *also) = (
        parsing._plainly(*asked), parsing._closely(*asked)
    )  # fmt: skip
    names = plain.columns
    found = [
        table.select(names).order_by("row").to_pyarrow().to_pylist() for table in (plain, close)
    ]
    assert found[0] == found[1]
    assert {row["reason"] for row in found[0]} == {
        None, "customer_blank", "date_blank", "amount_blank", "footer"
    }  # fmt: skip
    assert sum(day["n"] for day in counted) == sum(day["n"] for day in counts) == len(PLAIN)
    assert told == also


@pytest.mark.parametrize("row", DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_single_cell_in_doubt_has_all_looked_at(rows_of, row):
    assert parsing._plainly(*rows_of([*PLAIN, row])) is None


def test_cells_of_a_row_that_does_not_count_raise_no_doubt(rows_of):
    assert parsing._plainly(*rows_of([*PLAIN, ("", "soon", "1,5")])) is not None
