"""Which rows are sales, whose money and whose order they are, as declared in the config."""

from collections import Counter
from datetime import date

import pytest
from pydantic import ValidationError

from features.log.spec import LogSpec
from tests.features.written_logs import COLUMNS, refusal, rows

HEAD = "order,id,day,amount,status\n"
PAYMENTS = HEAD + (
    "1,a,2020-01-01,50.00,Paid\n"
    "2,a,2020-01-02,50.00,Failed\n"
    "3,a,2020-01-03,7.00, PAID \n"
    "4,b,2020-01-04,9.00,\n"
)


def total(log):
    return float(sum(row[0] for row in rows(log, "amount")))


def used(log):
    return log.counts.used, total(log)


@pytest.mark.parametrize(
    ("sales", "expected"),
    [
        ({"values": ["paid"]}, (2, 57)),
        ({"values": ["Paid", ""]}, (3, 66)),
        ({"not": ["Failed"]}, (3, 66)),
        ({"not": []}, (4, 116)),
    ],
)
def test_only_rows_whose_value_is_a_sale_are_used(opened, sales, expected):
    log = opened(PAYMENTS, sales={"column": "status", **sales})
    assert used(log) == expected
    assert log.counts.set_aside.get("not_a_sale", 0) == 4 - expected[0]


@pytest.mark.slow
def test_rows_that_are_no_sales_do_not_decide_how_the_others_are_read(opened):
    content = HEAD + "1,a,13/01/2020,5,ok\n2,a,01/14/2020,x-5.000.1,no\n3,,gone,,no\n"
    log = opened(content, sales={"column": "status", "values": ["ok"]})
    assert used(log) == (1, 5)


def test_yaml_truths_stand_for_their_spellings(opened):
    content = "id,day,amount,paid\na,2020-01-01,5,Yes\na,2020-01-02,6,no\na,2020-01-03,7,true\n"
    assert used(opened(content, sales={"column": "paid", "values": [True]})) == (2, 12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "total_used"),
    [
        ({"value": "failed"}, 50),
        ({"operator": "!=", "value": "Failed"}, 66),
        ({"operator": "in", "value": ["Paid", "failed"]}, 107),
        ({"operator": "not in", "value": ["Paid"]}, 59),
        ({"operator": "blank"}, 9),
        ({"operator": "filled"}, 107),
        ({"column": "amount", "operator": ">", "value": 9}, 100),
        ({"column": "amount", "operator": "<=", "value": 9.0}, 16),
        ({"column": "amount", "value": 9}, 9),
        ({"column": "day", "operator": "<", "value": "2020-01-03"}, None),
        ({"column": "order", "operator": "in", "value": [1, 3]}, 57),
    ],
)
def test_plain_conditions(opened, condition, total_used):
    where = [{"column": "status", **condition}]
    if total_used is None:
        with pytest.raises(ValidationError, match="compares with a number or a day"):
            opened(PAYMENTS, where=where)
    else:
        assert total(opened(PAYMENTS, where=where)) == total_used


def test_days_compare_as_days(opened):
    where = [{"column": "day", "operator": ">=", "value": date(2020, 1, 3)}]
    log = opened(PAYMENTS, where=where)
    assert (total(log), log.counts.set_aside) == (16, {"not_where": 2})


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"column": "status", "operator": ">", "value": 9}, "a number, but 3 of its 3 filled"),
        ({"column": "status", "operator": "!=", "value": 9}, "a number, but 3 of its 3 filled"),
        ({"column": "amount", "operator": ">", "value": date(2020, 1, 3)}, "a day, but 4 of its 4"),
        ({"column": "day", "operator": "not in", "value": [7, 8]}, "a number, but 4 of its 4"),
        ({"column": "order", "operator": "not in", "value": ["Fee"]}, "with words, but its 4"),
    ],
)
def test_a_condition_on_cells_of_another_kind_is_refused(opened, condition, told):
    message = refusal(opened, PAYMENTS, where=[condition])
    assert f"log.where compares '{condition['column']}' with " in message
    assert told in message


def test_a_size_is_not_asked_of_numbers_in_another_notation(opened):
    comma = HEAD.replace(",", ";") + "".join(
        f"{n};a;2020-01-0{n};1{n},50;ok\n" for n in range(1, 10)
    )
    where = [{"column": "amount", "operator": ">", "value": 15}]
    assert "9 of its 9 filled cells" in refusal(opened, comma, where=where, decimal=",")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sales": {"column": "status"}},
        {"sales": {"column": "status", "values": ["a"], "not": ["b"]}},
        {"where": [{"column": "status", "operator": "in", "value": "a"}]},
        {"where": [{"column": "status", "operator": "=", "value": ["a"]}]},
        {"where": [{"column": "status", "operator": "blank", "value": "a"}]},
        {"where": [{"column": "status", "operator": "like", "value": "a"}]},
        {"where": [{"column": "status"}]},
        {"where": [{"column": "amount", "operator": "<", "value": float("nan")}]},
        {"where": [{"column": "amount", "operator": "in", "value": [1, float("inf")]}]},
        {"lines": "first_line_total"},
        {"versions": "last"},
        {"versions": "last_row"},
        {"version_column": "v"},
        {"columns": {"customer_id": "i", "transacted_at": "d", "refunded": "r"}},
    ],
)
def test_a_declaration_that_says_nothing_or_two_things_is_refused(wrong):
    with pytest.raises(ValidationError):
        LogSpec(**({"source": "x", "columns": {"customer_id": "i", "transacted_at": "d"}} | wrong))


def test_a_spec_survives_its_own_json():
    spec = LogSpec(
        source="x",
        columns={"customer_id": "i", "transacted_at": "d"},
        sales={"column": "s", "not": ["a", True]},
        where=[{"column": "t", "operator": "in", "value": ["b", 2]}],
        anonymous_ids=[0, "guest"],
    )
    assert LogSpec(**spec.model_dump(mode="json")) == spec


def test_a_condition_on_a_column_that_is_not_there_is_refused(opened):
    message = refusal(opened, PAYMENTS, sales={"column": "Statuz", "values": ["Paid"]})
    assert "has no column 'Statuz' (log.sales.column). Did you mean 'status'?" in message


@pytest.mark.parametrize("sign", ["", "-"])
def test_money_given_back_in_a_column_of_its_own_is_taken_off(opened, sign):
    content = f"id,day,amount,back\na,2020-01-01,50,\na,2020-01-02,50,{sign}20\nb,2020-01-03,9,0\n"
    log = opened(content, columns=COLUMNS | {"refunded": "back"})
    assert used(log) == (3, 89)


@pytest.mark.slow
def test_money_given_back_that_cannot_be_read_is_no_zero(opened):
    content = "id,day,amount,back\n" + "a,2020-01-01,50,1\n" * 30 + "a,2020-01-02,50,some\n"
    log = opened(content, columns=COLUMNS | {"refunded": "back"}, duplicates="keep")
    assert log.counts.set_aside == {"refunded_unreadable": 1}


def test_a_refund_on_the_shops_own_account_is_the_customers(opened):
    content = (
        "id,payee,day,amount\na@x,shop@x,2020-01-01,100\nshop@x,a@x,2020-01-02,-100\n"
        "shop@x,,2020-01-03,-50\n"
    )
    log = opened(content, columns=COLUMNS | {"refund_customer": "payee"})
    assert {row[0] for row in rows(log)} == {"a@x"}
    assert (total(log), log.counts.set_aside) == (0, {"customer_blank": 1})


LINES = "order,id,day,item,amount\n"


@pytest.mark.slow
def test_an_orders_total_on_each_of_its_lines_counts_once(opened):
    content = LINES + (
        "1,a,2020-01-01,x,30\n1,a,2020-01-01,y,30\n1,a,2020-01-01,z,30\n"
        "2,b,2020-01-02,x,10\n3,a,2020-01-03,x,12\n3,a,2020-01-03,y,12\n"
    )
    columns = COLUMNS | {"order_id": "order"}
    assert used(opened(content, columns=columns, lines="repeated_total")) == (6, 52)
    assert used(opened(content, columns=columns, lines="each")) == (6, 124)


def test_what_is_paid_in_parts_is_one_purchase_on_the_day_of_the_first(opened):
    content = LINES + (
        "1,a,2020-02-01,2/3,30\n1,a,2020-01-01,1/3,30\n1,a,2020-03-01,3/3,30\n"
        "1,b,2020-01-02,1/1,10\n,a,2020-04-03,,12\n,a,2020-05-03,,13\n"
    )
    columns = COLUMNS | {"order_id": "order"}
    log = opened(content, columns=columns, lines="instalments")
    assert used(log) == (6, 125)
    found = log.transactions.select("customer_id", day=log.transactions.transacted_at.date())
    days = Counter(tuple(map(str, row.values())) for row in found.to_pyarrow().to_pylist())
    assert days == {
        ("a", "2020-01-01"): 3, ("b", "2020-01-02"): 1,
        ("a", "2020-04-03"): 1, ("a", "2020-05-03"): 1,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="lines: instalments needs"):
        opened(content, columns=COLUMNS, lines="instalments")


def test_an_orders_total_on_its_first_line_is_the_orders(opened):
    content = LINES + (
        "1,a,2020-01-01,x,30\n1,,,y,\n1,,,z,\n2,,2020-01-02,x,10\n2,,,y,\n3,b,2020-01-03,x,\n"
    )
    log = opened(
        content,
        columns=COLUMNS | {"order_id": "order"},
        lines="first_line_total",
        max_set_aside=1,
        max_anonymous=1,
    )
    # Order 2 is a guest's: its lines do not become those of the customer above.
    assert log.counts.set_aside == {"customer_blank": 2, "amount_blank": 1}
    assert used(log) == (3, 30)
    assert {row[0] for row in rows(log)} == {"a"}


@pytest.mark.parametrize("numbered", [True, False])
def test_lines_below_an_orders_first_have_its_customer_and_day(opened, numbered):
    content = LINES + (
        "S1,a,2020-01-01,x,30\n,,,y,5\n,,,z,6\nS2,b,2020-01-02,x,10\n,,,y,7\nS3,,2020-01-03,x,1\n"
    )
    columns = COLUMNS | ({"order_id": "order"} if numbered else {})
    log = opened(content, columns=columns, lines="continued")
    bought = {}
    for customer, _, amount in rows(log):
        bought[customer] = bought.get(customer, 0) + float(amount)
    assert bought == {"a": 41, "b": 17}
    assert log.counts.set_aside == {"customer_blank": 1}


def test_a_status_on_an_orders_first_line_is_that_of_all(opened):
    content = HEAD + "1,a,2020-01-01,5,ok\n,,,6,\n2,a,2020-01-02,7,void\n,,,8,\n"
    log = opened(
        content,
        columns=COLUMNS | {"order_id": "order"},
        lines="continued",
        sales={"column": "status", "values": ["ok"]},
    )
    assert used(log) == (2, 11)


@pytest.mark.slow
def test_of_an_order_in_two_files_the_later_one_stands(reader, tmp_path):
    from features.log.transactions import open_log
    from tests.features.written_logs import NOW

    head = "order_id,id,day,status,amount\n"
    (tmp_path / "jan.csv").write_text(head + "1,A,2020-01-30,pending,40\n3,B,2020-01-02,x,5\n")
    (tmp_path / "feb.csv").write_text(
        head + "1,A,2020-01-30,complete,40\n2,A,2020-02-10,complete,15\n"
    )
    keys = {"source": str(tmp_path), "columns": COLUMNS | {"order_id": "order_id"}}
    log = open_log(reader, LogSpec(**keys, versions="last"), NOW)
    assert (used(log), log.counts.set_aside) == ((3, 60), {"superseded": 1})
    # Cancelled later is cancelled, though the earlier file calls it complete.
    sales = {"column": "status", "not": ["complete"]}
    log = open_log(reader, LogSpec(**keys, versions="last", sales=sales), NOW)
    assert used(log) == (1, 5)
    assert used(open_log(reader, LogSpec(**keys), NOW)) == (4, 100)


def test_ids_that_many_share_are_left_out(opened):
    content = "id,day,amount\n0,2020-01-01,5\nGuest,2020-01-01,6\n a ,2020-01-01,7\n"
    log = opened(content, anonymous_ids=[0, "guest"], max_anonymous=0.9)
    assert (used(log), log.counts.set_aside) == ((1, 7), {"customer_shared": 2})


@pytest.mark.parametrize(
    ("ids", "keys", "people"),
    [
        (["Anna@x.org", "anna@x.org", "anna@x.org "], {"customer_case": "ignore"}, {"anna@x.org"}),
        (["13085.0", "13085", "1.50"], {"customer_form": "number"}, {"13085", "1.50"}),
        (
            ["+7 900 000-00-01", "8 (900) 000-00-01", "79000000001", "12-34"],
            {"customer_form": "phone"},
            {"9000000001", "12-34"},
        ),
        (["Anna", "anna"], {}, {"Anna", "anna"}),
    ],
)
def test_one_person_in_several_spellings(opened, ids, keys, people):
    content = "id,day,amount\n" + "".join(f"{one},2020-01-01,5\n" for one in ids)
    assert {row[0] for row in rows(opened(content, duplicates="keep", **keys))} == people
