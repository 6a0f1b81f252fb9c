"""What is served are the numbers of `churn score`, to the bit, however customers come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from pipeline.serving.scorer import Request
from tests.pipeline import shop

pytestmark = pytest.mark.slow

DAY = "2023-06-30"


def rows_of(orders, ids):
    return [row for one in ids for row in orders[one]]


def by_id(answer):
    return {score["customer_id"]: score for score in answer["scores"]}


def test_all_customers_at_once_have_the_numbers_of_churn_score(served, orders, scores):
    code, answer = served.ask(body={"as_of": DAY, "orders": rows_of(orders, orders)})
    assert code == 200
    assert by_id(answer) == scores
    assert [score["customer_id"] for score in answer["scores"]] == sorted(scores)
    told = answer["orders"]
    assert told["set_aside"] == {"date_unreadable": 1}, "the row that is dirt"
    assert told["rows"] == told["used"] + 1 == sum(map(len, orders.values()))


def test_a_customer_alone_and_beside_others_that_wait_has_the_same_numbers(served, orders, scores):
    some = sorted(scores)[::60]
    with ThreadPoolExecutor(8) as clients:
        asked = ({"as_of": DAY, "orders": orders[one]} for one in some)
        answers = list(clients.map(lambda body: served.ask(body=body), asked))
    for one, (code, answer) in zip(some, answers, strict=True):
        assert (code, by_id(answer)) == (200, {one: scores[one]})


def test_a_summary_has_the_numbers_of_the_orders_it_sums_up(served, orders, scores, scorer):
    some = sorted(scores)[:40]
    day = date.fromisoformat(DAY)
    rows = scorer.request(asked(rows_of(orders, some))).rows
    customers = scorer._reader.snapshot([rows], day).customers.to_pylist()
    for one in customers:
        one["customer_id"] = one["customer_id"].removeprefix("0:")
    code, answer = served.ask(body={"as_of": DAY, "customers": customers})
    assert code == 200, answer
    assert by_id(answer) == {one: scores[one] for one in some}


def asked(rows):
    from pipeline.serving.asked import Asked

    return Asked(as_of=DAY, orders=rows)


def test_two_requests_about_one_customer_are_not_mixed_up(scorer, orders, scores):
    one = max(orders, key=lambda one: len(orders[one]))
    day = date.fromisoformat(DAY)
    requests = [scorer.request(asked(orders[one][:n])) for n in (len(orders[one]), 1)]
    both = scorer.answer(requests)
    alone = [scorer.answer([request])[0] for request in requests]
    assert both == alone
    assert [len(answer.scores) for answer in both] == [1, 1]
    assert requests[0] == Request(day, orders[one])


def test_a_later_day_and_what_comes_after_it(served, orders):
    """Rows from `as_of` on are not read, whatever they hold."""
    one = max(orders, key=lambda one: len(orders[one]))
    known = [row for row in orders[one] if row["Date"] < "2023-01-01"]
    whole, past = (
        served.ask(body={"as_of": "2023-01-01", "orders": rows})[1]["scores"]
        for rows in (orders[one], known)
    )
    assert whole == past
    assert whole[0]["as_of"] == "2023-01-01"


def test_numbers_may_come_as_numbers(served, orders, scores):
    one = next(one for one in sorted(scores) if len(orders[one]) > 2)
    typed = [{**row, "Total": float(row["Total"])} for row in orders[one]]
    code, answer = served.ask(body={"as_of": DAY, "orders": typed})
    assert (code, by_id(answer)) == (200, {one: scores[one]})


def test_a_person_who_never_bought_has_no_score(served):
    row = dict.fromkeys(shop.HEADER, "1") | {"Date": "2023-02-01", "Total": "-5"}
    code, answer = served.ask(body={"as_of": DAY, "orders": [row]})
    assert (code, answer["scores"]) == (200, [])
    assert answer["orders"] == {"rows": 1, "used": 1, "set_aside": {}}


def test_the_model_says_what_it_is_and_what_it_wants(served, scorer):
    code, told = served.ask("/model")
    assert code == 200
    assert (told["log"], told["horizon_days"]) == ("orders.csv", 60)
    assert told["grades"] == scorer.model.manifest.grades
    assert told["columns_of_orders"] == ["Customer ID", "Date", "Total", "Invoice", "Country"]
    assert served.ask("/health") == (
        200,
        {"status": "ok", "model_version": scorer.model.manifest.version},
    )
