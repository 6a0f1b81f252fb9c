"""A bare file on the command line: what would be mapped, one line to take it, lines to paste."""

import shlex

import pytest
import yaml

from pipeline.command_line import main as cli
from pipeline.config_file import load
from pipeline.console import Progress
from pipeline.intake.proposal import guessed
from tests.pipeline.shop import rows

pytestmark = pytest.mark.slow

HEAD = "Order No,Client,Day,Paid,State"


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run a command in a folder of its own: exit code, lines of stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def runs(*arguments):
        code = cli.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return runs


def shop(path, bad="cancelled"):
    """Orders of the shop, one in ten of them cancelled."""
    lines = [
        f"{number},{who},{day},{paid},{bad if i % 10 == 0 else 'paid'}"
        for i, (who, day, paid, number, _) in enumerate(rows(120))
    ]
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["train", "backtest", "describe"])
def test_a_bare_file_is_answered_with_what_check_would_map(said, tmp_path, command):
    log = shop(tmp_path / "my log.csv")
    code, out, err = said(command, log, "--quiet")
    assert (code, out) == (2, [])
    assert "--customer-id Client --transacted-at Day --amount Paid --order-id 'Order No'" in err
    assert "--set log.sales.column=State --set 'log.sales.values=[paid]'" in err
    assert "--guess" in err


def test_a_config_that_was_written_for_the_file_is_offered_too(said, tmp_path):
    shop(tmp_path / "orders.csv")
    (tmp_path / "broken.yaml").write_text("log: [", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("log: {source: another.csv}", encoding="utf-8")
    said("check", "orders.csv", "--write-config", "my shop.yaml", "--quiet")
    _, _, err = said("describe", "orders.csv", "--quiet")
    assert err.splitlines()[-1].endswith("that stands here: --config 'my shop.yaml'")


def test_what_is_offered_can_be_pasted(said, tmp_path):
    log = shop(tmp_path / "my log.csv")
    _, _, err = said("train", log, "--quiet")
    options = shlex.split(next(line for line in err.splitlines() if "--customer-id" in line))
    code, out, _ = said("check", log, *options, "--quiet")
    assert code == 0
    assert not any("guessed" in line for line in out)
    assert any("no sale (log.sales)" in line for line in out)


def test_guess_takes_what_check_proposes_and_says_so(said, tmp_path):
    log = shop(tmp_path / "log.csv")
    code, out, err = said("config", "show", log, "--guess")
    assert code == 0
    assert "  customer_id: Client" in "\n".join(out)
    assert "Guessed: --customer-id Client" in err
    assert "log.sales.values=[paid]" in err


@pytest.mark.parametrize(
    ("ids", "taken", "told"),
    [
        (("Anna@x.org", "anna@x.org"), "log.customer_case=ignore", "taken for one"),
        (("13085.0", "13085"), "log.customer_form=number", "taken for one"),
        (("+7 900 000-00-01", "8 (900) 000-00-01"), "log.customer_form=phone", "taken for one"),
        (("AbC1", "aBc1"), "", "no mails, so they stay apart"),
    ],
)
def test_guess_joins_ids_that_are_one_persons_and_says_so(tmp_path, ids, taken, told):
    path = tmp_path / "log.csv"
    path.write_text(f"client,date,amount\n{ids[0]},2024-01-05,1.50\n{ids[1]},2024-01-06,2.50\n")
    notes = []
    progress = type("Notes", (Progress,), {"note": lambda _, text: notes.append(text)})
    found = guessed(None, {"log.source": str(path)}, progress(quiet=True))
    joined = {key: value for key, value in found.items() if key.startswith("log.customer_")}
    assert [f"{key}={value}" for key, value in joined.items()] == [taken] * bool(taken)
    assert told in notes[-1]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("ids", "key", "value", "told"),
    [
        (("Anna@x.org", "anna@x.org"), "customer_case", "ignore", "differ from another only in"),
        (("+7 900 000-00-01", "8 (900) 000-00-01"), "customer_form", "phone", "are phone numbers"),
        (("AbC1", "aBc1"), "customer_case", "exact", "differ from another only in case"),
        (("guest", "C1"), "anonymous_ids", ["guest"], "stands for nobody in particular"),
    ],
)
def test_a_written_config_decides_on_ids_as_guess_does(said, tmp_path, ids, key, value, told):
    log, config = tmp_path / "log.csv", tmp_path / "churn.yaml"
    rows = [f"{c}@x.org,2022-0{month}-01,5.00" for c in "bcdefg" for month in (1, 3)]
    rows += [f"{one},2022-0{n}-01,5.00" for one in ids for n in (1, 2, 5)]
    log.write_text("client,date,amount\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _, out, _ = said("check", log, "--write-config", config, "--quiet")
    assert any(told in line for line in out)
    written = yaml.safe_load(config.read_text(encoding="utf-8"))["log"]
    notes = []
    progress = type("Notes", (Progress,), {"note": lambda _, text: notes.append(text)})
    found = guessed(None, {"log.source": str(log)}, progress(quiet=True))
    assert written[key] == value
    assert found.get(f"log.{key}", "exact") == value
    assert (told in config.read_text(encoding="utf-8")) == (value != "exact")


def test_a_config_that_leaves_ids_as_they_are_is_judged_by_them(said, tmp_path):
    log, config = tmp_path / "log.csv", tmp_path / "churn.yaml"
    log.write_text("client,date,amount\nA@x.org,2022-01-01,5\na@x.org,2022-05-01,5\n")
    columns = "{customer_id: client, transacted_at: date, amount: amount}"
    config.write_text(
        f"version: 1\nhorizon_days: 30\nlog:\n  source: {log}\n  columns: {columns}\n"
    )
    _, out, _ = said("check", "--config", config, "--quiet")
    assert any("Add: --set log.customer_case=ignore" in line for line in out)
    assert any(line.startswith("customers") and " 2, of whom" in line for line in out)


@pytest.mark.sampled
@pytest.mark.parametrize("command", ["train", "backtest", "describe", "check"])
def test_an_open_question_stops_every_command_alike(said, tmp_path, command):
    log = shop(tmp_path / "log.csv")
    named = ["--customer-id", "Client", "--transacted-at", "Day", "--amount", "Paid"]
    code, out, err = said(command, log, *named, "--quiet")
    told = err + "\n".join(out)
    assert code == 2
    assert "Column 'State' says what became of each row (paid " in told
    assert "--set log.sales.column=State --set 'log.sales.values=[paid]'" in told


def test_flags_stand_for_their_keys():
    from pipeline.command_line.options import options

    path, overrides = options(
        log="x.csv", customer_id="a", transacted_at="b", unit_price="p", quantity="q",
        attributes=["c", "d, e"], currency="€", date_format="%d/%m/%Y", profile=None,
    )  # fmt: skip
    columns = load(path, overrides).log.columns
    assert (columns.unit_price, columns.quantity) == ("p", "q")
    assert columns.attributes == ("c", "d, e")
    assert (load(path, overrides).log.currency, load(path, overrides).log.date_format) == (
        "€",
        "%d/%m/%Y",
    )


def test_until_leaves_out_later_rows(said, tmp_path):
    log = shop(tmp_path / "log.csv")
    code, out, _ = said("check", log, "--guess", "--until", "2023-01-01", "--quiet")
    assert code == 0
    assert any("at or after log.until" in line for line in out)


@pytest.mark.thorough
def test_next_lines_are_commands_that_run_as_they_stand(said, tmp_path):
    log = shop(tmp_path / "my log.csv", bad="paid")
    code, out, _ = said("check", log, "--horizon", "30d", "--quiet")
    following = [line.split(": ", 1)[1] for line in out if line.startswith(("Next: ", "  or: "))]
    assert code == 0
    assert [shlex.split(line)[:2] for line in following] == [["churn", "check"], ["churn", "train"]]
    assert not any("'\"" in line or "\"'" in line for line in following)
    assert said(*shlex.split(following[0])[1:], "--quiet")[0] == 0
    assert (tmp_path / "churn.yaml").exists()


def test_a_crash_names_the_switch_that_shows_more(said, monkeypatch):
    import pipeline.config

    def crashes(*_):
        raise KeyError("anna")

    monkeypatch.setattr(pipeline.config, "redacted", crashes)
    monkeypatch.delenv("CHURN_DEBUG", raising=False)
    code, _, err = said("config", "show", "x.csv", "--customer-id", "a", "--transacted-at", "b")
    assert code == 1
    assert "CHURN_DEBUG=1" in err
    assert "anna" not in err
