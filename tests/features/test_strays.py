"""Lines that are no orders are set aside with a reason, and decide nothing."""

import pytest

from tests.features.written_logs import many, values


@pytest.mark.parametrize(
    "line",
    [
        "TOTAL,,200.00",
        ",TOTAL,200.00",
        ",,Total: 200.00",
        "Total,2020-05-31,200.00",
        "Grand total:,2020-05-31,200.00",
        "Summe,,200.00",
        "Łącznie,,200",
        "ИТОГО,200,",
        "Всего,,200",
        "Total 2020,,200.00",
    ],
)
def test_a_line_of_totals_is_set_aside_wherever_it_names_itself(opened, line):
    sound = "id,day,amount\n" + "\n".join(",".join(row) for row in many([])) + "\n"
    log = opened(sound + line + "\n")
    assert log.counts.set_aside == {"footer": 1}
    assert float(sum(values(log, "amount"))) == 100


def test_a_total_with_a_date_moves_no_cutoff_in_a_small_log(opened):
    log = opened("id,day,amount\n7,2020-01-31,1\n8,2020-02-01,2\nTotal,2020-05-31,3\n")
    assert log.counts.set_aside == {"footer": 1}
    assert str(max(values(log, "transacted_at")))[:10] == "2020-02-01"


@pytest.mark.parametrize("name", ["Totalenergies", "Tomas", "Sumner", "total@example.org", "T"])
def test_a_customer_whose_name_begins_alike_stays(opened, name):
    assert opened([(name, "2020-01-31", "1")]).counts.used == 1


@pytest.mark.slow
def test_headers_of_files_put_together_are_set_aside(opened):
    part = "id,day,amount\n7,31.01.2020,1\n8,01.02.2020,2\n"
    log = opened(part + part.replace("7", "9").replace("8", "10"))
    assert log.counts.set_aside == {"header_again": 1}
    assert log.counts.used == 4


def test_a_total_in_another_notation_decides_nothing(opened):
    log = opened('id,day,amount\n7,2020-01-31,1.50\n8,2020-02-01,2\nTotal,,"1.234,50"\n')
    assert log.counts.used == 2
