"""`churn customer`: one customer's figures by hand, and nothing of another."""

import json
import re
import shlex
import sys
from contextlib import redirect_stdout
from datetime import date
from functools import cache
from io import StringIO

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from models.btyd.pareto_nbd import ParetoNBDModel
from pipeline.business.customer import facts, segment_told
from pipeline.command_line.main import run
from pipeline.scoring.score import SCHEMA
from tests.pipeline import shop

pytestmark = pytest.mark.slow

OWN = [
    ("00042x", "2023-01-01", "10.00", "X1", "NO"),
    ("00042x", "2023-01-11", "30.00", "X2", "NO"),
    ("00042x", "2023-01-13", "-5.00", "X3", "NO"),
    ("00042x", "2023-02-10", "20.00", "X4", "NO"),
]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("customer")
    others = [row for row in shop.rows(200) if row[0] != "00042x"]
    rows = sorted([*others, *OWN], key=lambda row: row[1])
    return shop.write(folder / "shop.csv", [*rows, ("00001", "2023-06-30", "9.00", "Z1", "NO")])


def asked(log, capsys, name, *options):
    code = run(["customer", name, str(log), *shop.COLUMNS, "--horizon", "91d", "-q", *options])
    return code, *capsys.readouterr()


@pytest.fixture(scope="module")
def told(log):
    """What is told of the customer, each set of options asked for once."""

    @cache
    def told(*options):
        out = StringIO()
        with redirect_stdout(out):
            command = ["customer", "00042x", str(log), *shop.COLUMNS, "--horizon", "91d", "-q"]
            assert run([*command, *options]) == 0
        return out.getvalue()

    return told


def scores(path, **values):
    row = dict.fromkeys(SCHEMA.names) | {
        "customer_id": "00042x",
        "as_of": date(2023, 7, 1),
        "horizon_days": 60,
        "model_version": "1",
        "p_churn": 0.625,
        "expected_spend": 12.5,
        "spend_if_any_low": 11.0,
        "spend_if_any_high": 44.0,
        "segment": "slowing",
        "segment_before": "loyal",
        "reason_1": "likelier to leave: silent",
        **values,
    }
    parquet.write_table(pa.Table.from_pylist([row], SCHEMA), path)
    return str(path)


@pytest.mark.parametrize("before", [None, float("nan"), ""])
def test_without_an_earlier_scoring_no_segment_of_before_is_told(before):
    assert segment_told("at risk", before) == "at risk"
    assert segment_told("at risk", "loyal") == "at risk (before: loyal)"


def test_gaps_lie_between_purchase_days_and_returns_are_taken_off():
    days = pd.DataFrame(
        [(date.fromisoformat(day), 1, float(amount)) for _, day, amount, _, _ in OWN],
        columns=["day", "orders", "amount"],
    )
    found = facts(days, date(2023, 3, 22))
    assert found["total_spend"] == 55
    assert found["purchase_days"] == 3
    assert found["usual_gap"] == 20
    assert (found["days_since_last"], found["overdue"]) == (40, 20)


def test_who_bought_once_has_no_usual_gap():
    days = pd.DataFrame({"day": [date(2023, 1, 1)], "orders": [1], "amount": [9.0]})
    found = facts(days, date(2023, 3, 22))
    assert (found["usual_gap"], found["overdue"]) == (None, None)


def test_the_json_tells_the_customer_asked_for_and_what_the_logs_own_model_expects(told):
    found = json.loads(told("--json"))
    assert [day["amount"] for day in found["days"]] == [10.0, 30.0, -5.0, 20.0]
    path = found["p_alive_path"]
    assert next(iter(path)) == "2023-01-01"
    assert list(path)[-1] == found["as_of"] == "2023-07-01"
    assert path["2023-07-01"] == pytest.approx(found["p_alive"])
    assert path["2023-02-10"] > path["2023-02-09"]
    assert path["2023-07-01"] < path["2023-03-01"]
    window = found["next_purchase_from"], found["next_purchase_to"]
    assert "2023-07-01" <= window[0] < window[1] <= "2023-09-30"
    assert found["expected_spend"] == pytest.approx(found["expected_purchases"] * 55 / 3)


@pytest.mark.thorough
def test_a_return_day_is_named_and_the_counts_agree(log, told, capsys, tmp_path):
    page = tmp_path / "page.html"
    _, out, _ = asked(log, capsys, "00042x", "--out", str(page))
    days = "4 days: 3 with a purchase, 1 of returns"
    assert re.search(rf"orders +\d on {days}", out)
    assert f"The last 4 of {days}" in out
    assert re.search(r"2023-01-13 +-5\.00  return\n", out)
    assert len(re.findall(r"^2023.*return$", out, re.M)) == 1
    assert days in page.read_text(encoding="utf-8")
    found = json.loads(told("--json"))
    kinds = [day["kind"] for day in found["days"]]
    assert kinds == ["purchase", "purchase", "return", "purchase"]
    assert (found["purchase_days"], found["return_days"]) == (3, 1)
    assert found["orders"] == sum(day["orders"] for day in found["days"])


@pytest.mark.parametrize("package", [None, "churn"])  # of `python -m`: it is called in three words
def test_an_id_that_begins_with_a_dash_is_told_where_to_stand(log, capsys, monkeypatch, package):
    monkeypatch.setattr(sys.modules["__main__"], "__package__", package)
    code = run(["customer", "-17", str(log), *shop.COLUMNS, "--horizon", "91d", "-q"])
    line = capsys.readouterr().err.splitlines()[-1]
    assert code == 2
    assert shlex.split(line)[-3:] == ["--", "-17", str(log)]
    assert run(shlex.split(line)[1:]) == 2
    assert "No customer of this id has bought" in capsys.readouterr().err


def test_a_mistyped_option_is_no_id(log, capsys):
    assert run(["customer", "1", str(log), "--scors", "s.csv"]) == 2
    assert "two dashes" not in capsys.readouterr().err


@pytest.mark.thorough
def test_a_day_of_zero_is_no_return(tmp_path, capsys):
    free = [("00042x", f"2023-01-{day}", "0.00", f"Y{day}", "NO") for day in (20, 21)]
    rows = [*(row for row in shop.rows(200) if row[0] != "00042x"), *OWN, *free]
    path = shop.write(tmp_path / "shop.csv", sorted(rows, key=lambda row: row[1]))
    page = tmp_path / "page.html"
    _, out, _ = asked(path, capsys, "00042x", "--out", str(page))
    told = "6 days: 3 with a purchase, 1 of returns, 2 without a purchase"
    assert told in out
    assert told in page.read_text(encoding="utf-8")
    assert re.search(r"2023-01-20 +0\.00  no purchase\n", out)
    assert len(re.findall(r"return$", out, re.M)) == 1
    _, out, _ = asked(path, capsys, "00042x", "--json")
    found = json.loads(out)
    assert (found["return_days"], found["days_of_zero"]) == (1, 2)
    assert [day["kind"] for day in found["days"]].count("no purchase") == 2


@pytest.mark.thorough
def test_the_groups_of_the_past_are_those_that_describe_would_have_told(told):
    found = json.loads(told("--json"))["rfm_groups"]
    assert [row["day"] for row in found] == ["2023-04-01", "2023-07-01"]
    silent = {"cannot lose", "at risk", "hibernating"}
    assert found[0]["rfm_group"] not in silent, "50 days after the last purchase, of 91"
    assert found[1]["rfm_group"] in silent, "141 days after it"
    earlier = json.loads(told("--json", "--as-of", "2023-04-01"))
    assert earlier["rfm_groups"] == found[:1]
    groups = ", ".join(f"{row['rfm_group']} {row['day']}" for row in found)
    assert re.search(rf"RFM group +{groups}", told())


@pytest.mark.thorough
def test_who_most_likely_does_not_come_has_no_window(log, capsys):
    code, out, err = asked(log, capsys, "00042x", "--json", "--horizon", "3d")
    assert code == 0, err
    found = json.loads(out)
    assert found["p_churn"] > 0.9
    assert found["next_purchase_from"] is found["next_purchase_to"] is None
    code, _, err = asked(log, capsys, "00042x", "--as-of", "2040-01-01")
    assert (code, "The log ends on 2023-06-30" in err) == (2, True)


def test_nothing_that_came_later_is_known(log, capsys):
    _, out, _ = asked(log, capsys, "00042x", "--json", "--as-of", "2023-02-10")
    found = json.loads(out)
    assert found["last_purchase"] == "2023-01-11"
    assert len(found["days"]) == 3


@pytest.mark.thorough
def test_the_scores_answer_where_they_are_given(log, capsys, tmp_path):
    file = scores(tmp_path / "scores.parquet")
    page = tmp_path / "page.html"
    code, out, err = asked(log, capsys, "00042x", "--scores", file, "--out", str(page))
    assert code == 0, err
    assert re.search(r"p\(churn\), 60 days +62\.5%", out)
    assert "12.50 (37.5% that there is any, then mostly 11.00 to 44.00)" in " ".join(out.split())
    text = page.read_text(encoding="utf-8")
    for shown in (out, text):
        assert "slowing (before: loyal)" in shown
        assert "likelier to leave: silent" in shown
        assert shop.SENTINEL not in shown
    assert "Buys every 20 days" in text
    assert "<script" not in text
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_customer_without_a_score_is_told_so(log, capsys, tmp_path):
    file = scores(tmp_path / "scores.parquet", customer_id="somebody else")
    code, out, _ = asked(log, capsys, "00042x", "--scores", file)
    assert code == 0
    assert "The scores hold no row of this customer." in out
    assert "somebody else" not in out


@pytest.mark.parametrize("name", ["42x", "0004", "sentinel", "' or 1=1 --"])
def test_an_unknown_id_is_refused_and_no_other_suggested(log, capsys, tmp_path, name):
    page = tmp_path / "page.html"
    code, out, err = asked(log, capsys, name, "--out", str(page))
    assert (code, out) == (2, "")
    assert "No customer of this id has bought before 2023-07-01 in shop.csv" in err
    assert "00042x" not in err
    assert shop.MAIL not in err
    assert not page.exists()


@pytest.mark.thorough
def test_a_log_that_no_model_fits_still_shows_the_customer(log, capsys, monkeypatch):
    def refuse(*_, **__):
        raise ValueError

    monkeypatch.setattr(ParetoNBDModel, "fit", refuse)
    code, out, err = asked(log, capsys, "00042x")
    assert code == 0, err
    assert "usual gap" in out
    assert "p(churn)" not in out


def test_without_amounts_money_is_counted_in_orders(log, capsys):
    columns = ("--customer-id", "Customer ID", "--transacted-at", "Date", "--order-id", "Invoice")
    assert run(["customer", "00042x", str(log), *columns, "--horizon", "91d", "-q"]) == 0
    assert re.search(r"net spend +4\.00 orders", capsys.readouterr().out)
