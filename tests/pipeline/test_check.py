"""What `churn check` says of logs whose content is known."""

import io
import json
import re
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median

import pytest
import yaml
from rich.console import Console

from features.engines.duckdb import connect
from features.errors import UserError
from pipeline.command_line import main as cli
from pipeline.command_line.show.check import checked
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.check import check, log_section
from pipeline.intake.enough import judge
from pipeline.intake.horizon import HORIZONS, propose_horizon
from pipeline.intake.orders import open_orders
from pipeline.intake.written_config import config_text

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 1)
START = date(2020, 1, 1)


@pytest.fixture  # of its own: what was asked of another log is then compiled already
def engine(tmp_path_factory):
    lifetimes = find_spec("lifetimes").submodule_search_locations[0]
    return connect(read=[tmp_path_factory.getbasetemp(), lifetimes], threads=1)


def shop(customers=60, every=10, days=400, seed=1):
    """Orders of customers who come about every so many days: (customer, day, amount)."""
    random, rows = Random(seed), []
    for customer in range(customers):
        at = random.randrange(every)
        while at < days:
            rows.append(
                (f"C{customer:03d}", START + timedelta(days=at), 5 + random.randrange(900) / 100)
            )
            at += max(1, round(random.gauss(every, every / 5)))
    return rows


def write(path, header, rows, mark=","):
    lines = [mark.join(header), *(mark.join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"source": str(path)}


def shown(found):
    screen = io.StringIO()
    checked(Console(file=screen, width=110), found)
    return screen.getvalue()


def test_where_no_column_is_a_customer_the_others_are_shown_by_what_they_mean(engine, tmp_path):
    rows = [(i % 7, c, d, f"{a:.2f}") for i, (c, d, a) in enumerate(shop(12))]
    found = check(engine, write(tmp_path / "log.csv", ["x", "foo", "date", "total"], rows), now=NOW)
    assert found.verdict == "refuse"
    assert "No column looks like customer_id" in found.problem
    screen = shown(found)
    for column, role in (("date", "transacted_at"), ("total", "amount")):
        assert re.search(rf"^ {column} .* {role} \(guessed\)", screen, re.M)
    assert re.search(r"^ foo +string +0\.0 %\s*$", screen, re.M)
    told = json.loads(found.to_json())
    mapped = {"transacted_at": "date", "amount": "total"}
    assert told["log"]["columns"] == {"customer_id": "???", **mapped, "attributes": []}
    assert list(told["open"]) == ["columns.customer_id"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        pytest.param(
            ["CustomerID", "InvoiceDate", "Total"],
            {"customer_id": "CustomerID", "transacted_at": "InvoiceDate", "amount": "Total"},
            id="english",
        ),
        pytest.param(
            ["Kundennummer", "Bestelldatum", "Umsatz"],
            {"customer_id": "Kundennummer", "transacted_at": "Bestelldatum", "amount": "Umsatz"},
            id="german",
        ),
        pytest.param(
            ["id_cliente", "fecha_compra", "importe"],
            {"customer_id": "id_cliente", "transacted_at": "fecha_compra", "amount": "importe"},
            id="spanish",
        ),
        pytest.param(
            ["no_client", "date_commande", "montant"],
            {"customer_id": "no_client", "transacted_at": "date_commande", "amount": "montant"},
            id="french",
        ),
        pytest.param(
            ["klantnummer", "besteldatum", "bedrag"],
            {"customer_id": "klantnummer", "transacted_at": "besteldatum", "amount": "bedrag"},
            id="dutch",
        ),
        pytest.param(
            ["MSISDN", "Topup Date", "Amount"],
            {"customer_id": "MSISDN", "transacted_at": "Topup Date", "amount": "Amount"},
            id="prepaid",
        ),
        pytest.param(
            ["rider", "requested_date", "total_fare"],
            {"customer_id": "rider", "transacted_at": "requested_date", "amount": "total_fare"},
            id="rides",
        ),
        pytest.param(
            ["Policyholder", "Renewal Date", "Premium paid"],
            {
                "customer_id": "Policyholder",
                "transacted_at": "Renewal Date",
                "amount": "Premium paid",
            },
            id="insurance",
        ),
    ],
)
def test_columns_are_proposed_by_their_names(engine, tmp_path, header, mapping):
    found = check(engine, write(tmp_path / "log.csv", header, shop()), now=NOW)
    assert found.spec.columns.model_dump(exclude_none=True, exclude={"attributes"}) == mapping
    assert found.proposed == [f"columns.{key}" for key in mapping]


@pytest.mark.thorough
def test_order_lines_of_a_retailer_are_recognised(engine, tmp_path):
    header = [
        "Invoice",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "Price",
        "Customer ID",
    ]
    rows = [
        (f"{i:06d}", f"P{i % 9}", "a thing", 1 + i % 3, day, amount, customer)
        for i, (customer, day, amount) in enumerate(shop())
    ]
    found = check(engine, write(tmp_path / "log.csv", header, rows), now=NOW)
    assert found.spec.columns.model_dump(exclude_none=True, exclude={"attributes"}) == {
        "customer_id": "Customer ID",
        "transacted_at": "InvoiceDate",
        "unit_price": "Price",
        "order_id": "Invoice",
        "quantity": "Quantity",
    }


def test_amounts_are_those_of_orders_where_an_order_has_several_lines(engine, tmp_path):
    header = ["Email", "Created at", "Total", "Name", "Color", "Size"]
    rows = []
    for number, (customer, day, amount) in enumerate(shop()):
        rows.append((customer, day, f"{amount:.2f}", f"#{number}", "red", number % 3))
        rows += [(customer, day, "", f"#{number}", "blue", n) for n in range(2)]
    section = {
        **write(tmp_path / "log.csv", header, rows),
        "columns": {
            "customer_id": "Email",
            "transacted_at": "Created at",
            "amount": "Total",
            "order_id": "Name",
        },
        "lines": "first_line_total",
    }
    found = check(engine, section, now=NOW)
    totals = sorted(round(amount, 2) for *_, amount in shop())
    assert found.facts["amount"]["p50"] == pytest.approx(median(totals))
    assert found.facts["amount"]["min"] == pytest.approx(totals[0])
    screen = shown(found)
    assert "of orders: median" in screen
    assert " 0 orders of amount 0" in screen
    assert "and 2 columns that are not read: Color, Size" in screen


def test_what_was_named_is_not_guessed(engine, tmp_path):
    section = write(tmp_path / "log.csv", ["customer_id", "date", "amount"], shop())
    section["columns"] = {"customer_id": "customer_id", "transacted_at": "date"}
    assert check(engine, section, now=NOW).proposed == ["columns.amount"]


def test_notation_is_proposed_where_it_is_plain_to_see(engine, tmp_path):
    rows = [
        (c, f"{d:%Y%m%d}", f"{1000 + a:,.2f} €".translate(str.maketrans(",.", ".,")))
        for c, d, a in shop()
    ]
    found = check(
        engine, write(tmp_path / "log.csv", ["kunde", "datum", "betrag"], rows, ";"), now=NOW
    )
    spec = found.spec
    assert (spec.date_format, spec.decimal, spec.thousands, spec.currency) == (
        "%Y%m%d",
        ",",
        ".",
        "€",
    )
    assert found.facts["rows_used"] == len(rows)


def test_amounts_that_have_lost_the_sign_of_their_quantity_are_returns(engine, tmp_path):
    rows = [(*row, 1) for row in shop()] + [("C001", START + timedelta(days=300), 7.5, -1)]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount", "qty"], rows), now=NOW
    )
    assert (found.spec.returns, found.facts["returns"]) == ("quantity", 1)


@pytest.mark.sampled
@pytest.mark.parametrize("name", ["customer", "customer_name", "client_id"])
def test_a_log_of_one_customer_is_mapped_and_refused_for_that(engine, tmp_path, name):
    rows = [("C1", *row[1:]) for row in shop()]
    found = check(engine, write(tmp_path / "log.csv", [name, "date", "amount"], rows), now=NOW)
    assert (found.verdict, found.spec.columns.customer_id) == ("refuse", name)
    assert "customers: 1, at least 50 are needed (49 more) and 1,000 wanted" in found.reasons


def test_a_column_with_one_value_is_the_customer_only_where_nothing_else_is(engine, tmp_path):
    rows = [("C1", *row) for row in shop()]
    header = ["account_no", "buyer", "date", "amount"]
    found = check(engine, write(tmp_path / "log.csv", header, rows), now=NOW)
    assert found.spec.columns.customer_id == "buyer"


def test_a_log_that_cannot_be_mapped_is_refused_with_its_columns(engine, tmp_path):
    found = check(engine, write(tmp_path / "log.csv", ["a", "b"], [("x", "y")]), now=NOW)
    assert found.verdict == "refuse"
    for flag in ("--customer-id", "--transacted-at"):
        assert f"name it: {flag}. There are: a, b." in found.problem
    assert config_text(found).count(": ???") == 2
    empty = check(engine, write(tmp_path / "empty.csv", ["a", "b"], []), now=NOW)
    with pytest.raises(UserError, match="No config can be written"):
        config_text(empty)


def test_ambiguous_dates_are_a_verdict_and_not_a_crash(engine, tmp_path):
    rows = [("C1", "01/02/2020", 5), ("C2", "03/04/2020", 5)]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    assert (found.verdict, found.facts["rows"]) == ("refuse", 2)
    assert "could be day-month or month-day" in found.problem


def test_no_rows_is_a_verdict(engine, tmp_path):
    found = check(engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], []), now=NOW)
    assert (found.verdict, found.problem.endswith("no rows below the header.")) == ("refuse", True)


@pytest.mark.parametrize("column", [1, 2], ids=["date", "amount"])
def test_a_blank_cell_is_counted_and_no_crash(engine, tmp_path, column):
    rows = [("C000", START, 5.5), *shop()]
    rows[0] = tuple("" if i == column else cell for i, cell in enumerate(rows[0]))
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    assert not found.problem
    assert list(found.facts["set_aside"].values()) == [1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (5, "log: "),
        ([], "Which log"),
        ({}, "Which log"),
        ({"source": 5}, r"log\.source: "),
        ({"source": "x", "zone": "x"}, r"log\.zone: no such key; did you mean `timezone`"),
        ({"source": "x", "columns": ["a"]}, r"log\.columns: "),
        ({"source": "x", "columns": "customer"}, r"log\.columns: "),
        ({"source": "x", "columns": {"customer_id": ["customer"]}}, r"log\.columns\.customer_id: "),
        ({"source": "x", "columns": {"customer_id": {"a": 1}}}, r"log\.columns\.customer_id: "),
        ({"source": "x", "columns": {"attributes": 5}}, r"log\.columns\.attributes: "),
        ({"source": "x", "columns": {5: "customer"}}, r"log\.columns\.5: "),
        ({"source": "x", "columns": {"customer": "customer"}}, r"log\.columns\.customer: "),
        ({"source": "x", "timezone": 5}, r"log\.timezone: "),
        ({"source": "x", "encoding": "utf-9"}, r"log\.encoding: no such text encoding"),
        ({"source": "x", 5: 5}, r"log\.5: "),
    ],
)
def test_a_malformed_section_is_refused_in_words(wrong, message):
    with pytest.raises(UserError, match=message):
        log_section({"log": wrong})


@pytest.mark.parametrize("days", [-4, 0, 3661, "abc", "30", 2.5, True, [30]])
def test_a_horizon_that_is_no_number_of_days_is_refused(days):
    with pytest.raises(UserError, match=r"horizon_days: (Input should be|true or false is no)"):
        log_section({"log": {"source": "log.csv"}, "horizon_days": days})


def test_every_wrong_key_is_told_at_once_with_the_file_and_before_the_log_is_read():
    wrong = {"log": {"source": "x", "zone": 1, "delimiter": "aa"}, "horizon_day": 30}
    with pytest.raises(UserError) as refused:
        log_section(wrong, Path("c.yaml"))
    head, *lines = str(refused.value).splitlines()
    assert head == "c.yaml: 3 keys cannot be used."
    keys = {line.split(":")[0].strip() for line in lines[:3]}
    assert keys == {"log.zone", "log.delimiter", "horizon_day"}


def test_a_section_that_a_guess_may_complete_is_no_error():
    section = {"source": "x", "returns": "quantity", "columns": {"unit_price": "price"}}
    assert log_section({"log": section}) == section


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["T", "frequency", "customer_id", "Price", "first_country"])
def test_attributes_that_train_refuses_are_refused_and_never_proposed(engine, tmp_path, name):
    rows = [(*row, "AB"[i % 2], "XY"[i % 3 == 0]) for i, row in enumerate(shop())]
    section = write(tmp_path / "log.csv", ["kunde", "datum", "betrag", "country", name], rows)
    roles = {"customer_id": "kunde", "transacted_at": "datum", "amount": "betrag"}
    found = check(engine, section | {"columns": roles}, now=NOW)
    assert (found.verdict, found.attributes) == ("limited", ["country"])
    section["columns"] = roles | {"attributes": ["country", name]}
    found = check(engine, section, now=NOW)
    with pytest.raises(UserError) as refused, open_orders(found.spec, Progress(quiet=True)):
        pass
    assert (found.verdict, found.problem) == ("refuse", str(refused.value))
    assert f"{name} cannot be the name of an attribute" in found.problem


@pytest.mark.thorough
def test_an_attribute_is_not_guessed_to_mean_something_else(engine, tmp_path):
    rows = [(*row, 1) for row in shop()]
    section = write(tmp_path / "log.csv", ["customer", "date", "amount", "quantity_class"], rows)
    section["columns"] = {"attributes": ["quantity_class"]}
    assert check(engine, section, now=NOW).spec.columns.quantity is None


# --- horizon and verdict --------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize(("every", "days", "horizon"), [(4, 400, 7), (20, 400, 30), (50, 900, 60)])
def test_the_horizon_follows_the_gaps_between_purchases(engine, tmp_path, every, days, horizon):
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], shop(60, every, days))
    found = check(engine, section, now=NOW)
    assert found.horizon.days == horizon
    assert "80% of repeat customers usually buy again" in found.horizon.reason
    assert found.facts["gap_days"]["p50"] <= horizon


def test_the_horizon_leaves_room_for_training_and_says_so(engine, tmp_path):
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], shop(60, 80, 320))
    found = check(engine, section, now=NOW)
    assert found.horizon.days == 60
    assert "five horizons must fit in it" in found.horizon.reason
    assert 5 * found.horizon.days <= found.facts["days"]
    assert "a high p_churn will mostly mean not due yet, not gone" in found.horizon.reason


def test_a_rhythm_of_more_than_a_year_is_told_beside_a_horizon_of_one(engine, tmp_path):
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], shop(60, 500, 2000))
    reason = check(engine, section, now=NOW).horizon.reason
    assert "but no longer horizon is proposed; 100% usually take longer than this one" in reason


@pytest.mark.thorough
def test_the_log_is_judged_for_the_horizon_that_is_asked_for(engine, tmp_path):
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], shop())
    found = check(engine, section, {"horizon_days": 120}, now=NOW)
    assert any("wanted for a horizon of 120 days" in reason for reason in found.reasons)
    assert (json.loads(found.to_json())["horizon_days"], found.horizon.days) == (120, 14)
    assert "Horizon 120 days. As asked for. From the log, 14 days are proposed: 80%" in shown(found)
    assert yaml.safe_load(config_text(found))["horizon_days"] == 120
    assert "As asked for" not in shown(check(engine, section, {"horizon_days": 14}, now=NOW))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"backtest": {"cutoffs": [date(2020, 1, 5)]}}, "backtest.cutoffs: 0 of 1 have a horizon"),
        (
            {"training": {"first_cutoff": date(2021, 1, 20)}},
            "does not fit twice between 2021-01-20",
        ),
    ],
)
def test_cutoffs_that_the_log_does_not_carry_are_refused_as_train_does(
    engine, tmp_path, asked, words
):
    section = write(tmp_path / "log.csv", ["customer", "date", "amount"], shop())
    found = check(engine, section, {"horizon_days": 30, **asked}, now=NOW)
    assert found.verdict == "refuse"
    assert words in " ".join(found.reasons)


@pytest.mark.thorough
def test_the_next_command_asks_for_what_the_log_was_judged_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "my log.csv", ["customer", "date", "amount"], shop())
    asked = ["--horizon", "30d", "--set", "backtest.cutoffs=[2020-11-01, 2020-12-01]"]

    def following(*arguments):
        assert cli.run(["check", *arguments]) == 0
        lines = capsys.readouterr().out.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("Next: "))
        return [line.split(": ", 1)[1] for line in lines[start:]]

    cutoffs = "--set 'backtest.cutoffs=[2020-11-01, 2020-12-01]'"
    assert following("my log.csv", *asked) == [
        f"churn check {cutoffs} 'my log.csv' --horizon 30d --write-config churn.yaml",
        f"churn train {cutoffs} 'my log.csv' --horizon 30d --guess",
    ]
    written = following("my log.csv", *asked, "--write-config", "c.yaml")
    assert written == following("--config", "c.yaml") == ["churn train --config c.yaml"]
    assert following("--config", "c.yaml", *asked) == [f"{written[0]} {cutoffs} --horizon 30d"]


@pytest.mark.thorough
def test_without_repeat_purchases_no_gap_is_made_up(engine, tmp_path):
    rows = [(f"C{i}", START + timedelta(days=i), 5) for i in range(400)]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    assert "no gap could be measured" in found.horizon.reason
    assert found.verdict == "refuse"
    assert any(reason.startswith("repeat customers: 0, at least 20") for reason in found.reasons)


def test_the_verdict_states_the_shortfall_in_numbers():
    enough = {"customers": 5_000, "repeat_customers": 900, "days": 730}
    assert judge(enough, 90) == ("ready", [])
    assert judge(enough | {"days": 365}, 90) == (
        "limited",
        ["days of history: 365, of the 450 wanted for a horizon of 90 days"],
    )
    verdict, reasons = judge(enough | {"customers": 1}, 90)
    assert (verdict, reasons[0]) == (
        "refuse",
        "customers: 1, at least 50 are needed (49 more) and 1,000 wanted",
    )


@pytest.mark.parametrize("horizon", HORIZONS)
def test_a_log_is_refused_for_its_length_exactly_where_train_refuses_it(horizon):
    from pipeline.cutoffs import plan

    config = Config.model_validate(
        {"log": {"source": "x", "columns": {"customer_id": "a", "transacted_at": "b"}}}
    )
    for days in range(2 * horizon, 4 * horizon, max(1, horizon // 15)):
        facts = {"customers": 5_000, "repeat_customers": 900, "days": days}
        try:
            plan(config, horizon, START, START + timedelta(days=days))
            possible = True
        except UserError:
            possible = False
        assert (judge(facts, horizon)[0] != "refuse") == possible, days


# --- facts, texts ---------------------------------------------------------------------------


def test_guest_sales_are_explained_and_leave_the_verdict_alone(engine, tmp_path):
    rows = [
        row for i, row in enumerate(shop()) for row in ([row] if i % 4 else [row, ("", *row[1:])])
    ]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    guests = found.facts["set_aside"]["customer_blank"]
    assert found.verdict == "limited"
    assert guests == found.facts["rows"] - found.facts["rows_used"] > 0.15 * found.facts["rows"]
    assert any("guest sales" in note for note in found.notes)


def test_visits_paid_for_beforehand_are_pointed_out(engine, tmp_path):
    rows = [row for (who, day, *_) in shop() for row in ((who, day, "90"), (who, day, "0"))]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    assert any(note.startswith("50% of the rows have the amount 0") for note in found.notes)


def test_several_currencies_are_a_question(engine, tmp_path):
    rows = [(*row, ("EUR", "USD")[i % 2]) for i, row in enumerate(shop())]
    header = ["customer", "date", "amount", "Currency"]
    found = check(engine, write(tmp_path / "log.csv", header, rows), now=NOW)
    assert found.verdict == "refuse"
    assert "'Currency' names 2 currencies" in found.problem
    assert "name it in log.unused (Currency)" in found.problem


@pytest.mark.thorough
def test_cdnow_is_what_its_papers_say(engine):
    folder = Path(find_spec("lifetimes").submodule_search_locations[0])
    found = check(engine, {"source": str(folder / "datasets" / "CDNOW_master.txt")}, now=NOW)
    facts = found.facts
    assert found.verdict == "ready"
    assert (facts["rows"], facts["customers"] + facts["customers_without_purchase"]) == (
        69_659,
        23_570,
    )
    assert (facts["duplicates"], facts["zero_amounts"]) == (255, 80)
    assert (facts["first_order"], facts["last_order"]) == (date(1997, 1, 1), date(1998, 6, 30))
    assert found.spec.date_format == "%Y%m%d"
    assert found.horizon.days == 90


def test_json_holds_the_facts_and_no_value_of_a_row(engine, tmp_path):
    rows = [("sentinel@example.org", START, 4711.11), *shop()]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "amount"], rows), now=NOW
    )
    values = json.loads(found.to_json())
    assert values["rows"] == values["rows_used"] + values["rows_set_aside"] == len(rows)
    assert values["verdict"] == "limited"
    assert values["log"]["columns"]["customer_id"] == "customer"
    assert "sentinel" not in found.to_json()


def test_the_screen_shows_account_horizon_and_verdict(engine, tmp_path):
    rows = [("", START, 1), *shop(), ("[red]C1[/red]", START, 1)]
    found = check(
        engine, write(tmp_path / "log.csv", ["customer", "date", "[b]amount"], rows), now=NOW
    )
    text = shown(found)
    assert f"{len(rows):,} = {len(rows) - 1:,} used + 1 set aside" in text
    assert "[b]amount" in text
    assert "Horizon 14 days" in text
    assert "Limited:" in text


def test_a_horizon_is_proposed_for_any_purchase_history(engine):
    netted = engine.sql(
        "SELECT 'A' AS customer_id, 1 AS amount, "
        "unnest([DATE '2020-01-01', DATE '2020-01-06']) AS transacted_at"
    )

    class History:
        first_day, end = START, START + timedelta(days=700)

    History.netted = netted
    columns = {"customer_id": "a", "transacted_at": "b", "amount": "c"}
    config = Config.model_validate({"log": {"source": "log.csv", "columns": columns}})
    assert propose_horizon(History(), config).days == 7


def test_each_customer_counts_once_however_often_they_buy(engine, tmp_path):
    daily = [("heavy", START + timedelta(days=i), 5) for i in range(0, 700, 2)]
    slow = [(f"C{i}", START + timedelta(days=i + 50 * k), 5) for i in range(60) for k in range(12)]
    found = check(
        engine, write(tmp_path / "l.csv", ["customer", "date", "amount"], [*daily, *slow]), now=NOW
    )
    assert found.facts["gap_days"]["p25"] == 2
    assert found.horizon.days == 60


def test_a_horizon_is_shown_beside_its_neighbours_with_what_follows(engine, tmp_path):
    # 30 buy every 20 days to the end, 10 every 40 days and stop after 400 of 600 days.
    rows = [
        (f"A{i}", START + timedelta(days=i % 5 + 20 * k), 5) for i in range(30) for k in range(30)
    ]
    rows += [
        (f"B{i}", START + timedelta(days=i % 5 + 40 * k), 5) for i in range(10) for k in range(11)
    ]
    found = check(engine, write(tmp_path / "l.csv", ["customer", "date", "amount"], rows), now=NOW)
    choices = {choice.days: choice for choice in found.horizon.choices}
    assert list(choices) == [30, 60, 90]
    assert (choices[30].slower, choices[60].slower) == (0.25, 0.0)
    assert choices[60].churned == 0.25
    assert choices[60].judged == found.facts["days"] // 60 - 2
    assert "60 days: 0% of repeat customers usually take longer" in shown(found)


def test_seven_weeks_of_log_are_limited_whatever_the_horizon():
    enough = {"customers": 5_000, "repeat_customers": 900, "days": 49}
    assert judge(enough, 7)[0] == "limited"
