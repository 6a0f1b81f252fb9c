"""Random logs in random dialects: the right numbers or one refusal, never other numbers.

FUZZ_EXAMPLES says how many logs are tried; `make fuzz` tries so many that it takes an hour.
"""

import json
import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.command_line import main as cli
from tests.abuse.dialects import logs

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
COLUMNS = ["--customer-id", "id", "--transacted-at", "day", "--amount", "amount"]
# A row without customer and day is a further line of the order above, or a faulty one: declared.
# Who has an id that shops book strangers by is a customer here: that is declared, too.
LENIENT = [
    "max_set_aside=1",
    "max_anonymous=1",
    "duplicates=keep",
    "lines=each",
    "anonymous_ids=[]",
]


@pytest.mark.fuzz
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(log=logs())
def test_a_log_in_any_dialect_gives_the_numbers_of_plain_pandas_or_a_refusal(log, tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_bytes(log.content())
    lenient = [word for key in LENIENT for word in ("--set", f"log.{key}")]
    code = cli.run(
        ["check", str(path), *COLUMNS, *lenient, *log.dialect.options(), "--json", "--quiet"]
    )
    said = capsys.readouterr()
    judge(log, code, said.out, said.err)


def judge(log, code, out, err):
    """Hold what `churn check` said against plain pandas: "read", or how far it came."""
    assert code in (0, 2), err
    assert "Traceback" not in err
    if not out:
        assert err.count("Error:") == 1, err
        assert not log.dialect.declared, err
        return "unread"
    found = json.loads(out)
    if "rows_used" not in found:
        assert found["problem"]
        return "refused"
    truth = log.truth()
    assert found["rows"] == found["rows_used"] + sum(found["set_aside"].values())
    assert found["rows"] == len(log.rows) + log.dialect.total
    assert found["rows_used"] == len(truth), found["set_aside"]
    if "amount_total" not in found:
        return "refused"
    assert found["amount_total"] == float(sum(truth["amount"], Decimal(0)))
    days = truth.assign(day=[day.date() for day in truth["day"]])
    net = days.groupby(["id", "day"])["amount"].agg(lambda money: sum(money, Decimal(0)))
    bought = net[net > 0].reset_index()
    assert found["customers"] == bought["id"].nunique()
    assert found["purchase_days"] == len(bought)
    assert found["first_order"] == str(min(days["day"]))
    assert found["last_order"] == str(max(days["day"]))
    return "read"
