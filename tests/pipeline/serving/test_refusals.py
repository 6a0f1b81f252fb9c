"""Who may ask, and what is refused: in words that repeat nothing of the request."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from features.errors import UserError
from pipeline.command_line import main as cli
from pipeline.serving import server
from pipeline.serving.asked import MOST_BYTES
from tests.pipeline.serving.conftest import serving

SECRET = "sentinel-0007@example.org"
ROW = {
    "Customer ID": SECRET, "Date": "2023-02-01", "Total": "5", "Invoice": None, "Country": None,
}  # fmt: skip

NO_SCORES = {
    "nothing": {},
    "both": {"orders": [ROW], "customers": [{"customer_id": SECRET}]},
    "an unknown key": {"orders": [ROW], SECRET: 1},
    "no row": {"orders": []},
    "rows that are texts": {"orders": [SECRET]},
    "a cell that is a list": {"orders": [{**ROW, SECRET: [SECRET]}]},
    "an id with a point": {"orders": [{**ROW, "Customer ID": 17.5}]},
    "too many rows": {"orders": [{}] * 50_001},
    "too many customers": {"orders": [{**ROW, "Customer ID": n} for n in range(1_001)]},
    "a column of the log that no row has": {
        "orders": [{k: v for k, v in ROW.items() if k != "Total"}]
    },
    "a day that is none": {"as_of": SECRET, "orders": [ROW]},
    "a summary without features": {"customers": [{"customer_id": SECRET}]},
}


@pytest.mark.slow
@pytest.mark.parametrize("body", NO_SCORES.values(), ids=NO_SCORES)
def test_a_request_that_is_wrong_is_told_so_without_its_values(served, body, capfd):
    code, told = served.ask(body=body)
    assert code == 422
    assert set(told) == {"detail"}
    assert "sentinel" not in json.dumps(told)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("body", [b"{", b'{"orders": [{"a": NaN}]}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(served, body):
    code, told = served.ask(body=body)
    assert code in (400, 422)
    assert "detail" in told


def test_what_is_wrong_with_a_cell_or_the_text_is_told_once(served):
    cell = {"orders": [{**ROW, "Total": [1]}, {**ROW, "Total": {"a": 1}}]}
    told = served.ask(body=cell)[1]["detail"].split("; ")
    assert [one[:48] for one in told] == [
        f"orders, {row}: each cell is a text of up to 10,000 char"[:48] for row in (0, 1)
    ]
    assert served.ask(body=b'{"orders": ')[1]["detail"].startswith("body: no JSON from character")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (
            f'{{"as_of": "2023-07-01", "as_of": "2023-06-01", "orders": [{json.dumps(ROW)}]}}',
            "body",
        ),
        (f'{{"orders": [{json.dumps(ROW)}, {{"Total": "5", "Total": "{SECRET}"}}]}}', "orders, 1"),
        ('{"customers": [{"T": 5, "T": 6}]}', "customers, 0"),
        ('{"orders": [{"Total": {"a": 1, "a": 2}}]}', "orders, 0"),
    ],
)
def test_a_key_that_stands_twice_is_refused_rather_than_that_the_last_one_wins(served, body, place):
    code, told = served.ask(body=body.encode())
    assert (code, told["detail"]) == (422, f"{place}: a key stands twice; give each once")


def test_a_summary_that_contradicts_itself_is_refused(served, scorer):
    row = {"Customer ID": "1", "Date": "2023-02-01", "Total": "5"}
    day = datetime(2023, 7, 1).date()
    (one,) = scorer._reader.snapshot([[row]], day).customers.to_pylist()
    one["customer_id"] = SECRET
    for change in (
        {"recency": 5.0},
        {"T": None},
        {"frequency": 0.5},
        {"amount_mean": "much"},
        {"gap_mean": 3.0},
        {"Country": 5},
        {"more": 1},
    ):
        code, told = served.ask(body={"customers": [one | change]})
        assert (code, told["detail"][:14]) == (422, "customers, 0: "), change
        assert "sentinel" not in told["detail"]
    assert served.ask(body={"customers": [one]})[0] == 200


def test_a_body_has_a_limit(served):
    code, _ = served.ask(body=b" " * (MOST_BYTES + 1))
    assert code == 413


def test_the_day_is_tomorrow_unless_it_is_said(served, scorer):
    code, told = served.ask(body={"orders": [ROW]})
    assert code == 200
    assert told["as_of"] == scorer.today().isoformat()
    assert scorer.today() - datetime.now(UTC).date() <= timedelta(days=1)


def test_a_page_in_a_browser_cannot_reach_it_under_another_name(served):
    assert served.ask("/model", headers={"Host": "evil.example:80"})[0] == 421
    assert served.ask("/model", headers={"Host": f"localhost:{served.port}"})[0] == 200
    form = {"Content-Type": "text/plain"}
    assert served.ask(body={"orders": [ROW]}, headers=form)[0] == 422, "no form posts JSON"


def test_a_token_is_asked_for_where_there_is_one(scorer):
    token = "0123456789abcdef"
    with serving(scorer, token) as running:
        for given in ({}, {"Authorization": "Bearer 0123456789abcdee"}, {"Authorization": token}):
            assert running.ask("/model", headers=given)[0] == 401
            assert running.ask(body={"orders": [ROW]}, headers=given)[0] == 401
        assert running.ask("/health")[0] == 200
        assert running.ask("/model", headers={"Authorization": f"Bearer {token}"})[0] == 200


def test_what_nobody_foresaw_is_told_by_kind_and_place(served, monkeypatch, capfd):
    def broken(*_):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(served.queue.scorer, "answer", broken)
    code, told = served.ask(body={"orders": [ROW]})
    assert code == 500
    assert told["detail"].startswith("A bug in churn: RuntimeError in test_refusals.py, line ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_others_need_a_token(host):
    with pytest.raises(UserError, match="export CHURN_SERVE_TOKEN="):
        server.check_reach(host, None)
    server.check_reach(host, "0123456789abcdef")
    with pytest.raises(UserError, match="fewer than 16"):
        server.check_reach(host, "short")


def test_the_verb_refuses_before_it_loads_anything(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHURN_SERVE_TOKEN", raising=False)
    assert cli.run(["serve", "--host", "0.0.0.0"]) == 2
    assert "must carry a token" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_refused(scorer, served):
    with (
        pytest.raises(UserError, match=f"port {served.port}: .*--port 0 takes a free one"),
        server.running(scorer, "127.0.0.1", served.port),
    ):
        pytest.fail("it started")
