"""What a person sees in a terminal: names whole, figures whole, whatever the width."""

import io

import pandas as pd
import pytest
from rich.console import Console

from models.all_contenders import CONTENDERS
from pipeline.command_line.show import board, scores, trainings
from pipeline.command_line.show.tables import empty_table, put
from pipeline.console import output
from pipeline.markup import words
from tests.pipeline.boards import backtest, flat, nearly, true, wrong

FIGURES = ["AUC", "ECE", "lift", "Gini", "bias"]
LONG = "sklearn.ensemble.HistGradientBoostingClassifier"


def shown(width, *names):
    result = backtest(n=60, **dict.fromkeys(names, flat) | {"blend": true})
    paper = io.StringIO()
    board.leaderboard(Console(file=paper, width=width), result)
    return paper.getvalue().splitlines()


def header(lines):
    return next(line.split() for line in lines if line.startswith("contender"))


def test_all_contenders_and_all_figures_have_room_in_eighty_columns():
    lines = shown(80, *CONTENDERS)
    assert not any("…" in line for line in lines)
    board = {line.removesuffix(" ←").partition("  ")[0].removesuffix(" ←") for line in lines}
    assert {words(name) for name in CONTENDERS} <= board
    assert header(lines) == ["contender", "log", "loss", *FIGURES]


def test_a_board_that_was_not_asked_for_whole_shows_the_answer_the_best_model_and_the_best_rule():
    p_churn = {"blend": true, "logistic": nearly, "bg_nbd": flat, "status_quo_rate": flat}
    result = backtest(n=400, **p_churn, base_rate=wrong)
    paper = io.StringIO()
    board.leaderboard(Console(file=paper, width=80), result, whole=False)
    told = paper.getvalue()
    assert [n in told for n in ("blend ←", "logistic regression", "own pace so far")] == [True] * 3
    assert "BG/NBD" not in told
    assert "2 more contenders: --full" in told


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, "AUC ECE lift Gini bias"),
        (87, "AUC lift Gini bias"),
        (80, "AUC Gini bias"),
        (70, "AUC"),
    ],
)
def test_columns_give_way_to_a_long_name_and_are_named(width, columns):
    lines = shown(width, LONG)
    assert header(lines)[3:] == columns.split()
    assert any(line.startswith(f"{LONG} ") for line in lines)
    assert not any("…" in line for line in lines)
    told = " ".join(lines)
    assert ("lift: buyers" in told) == ("lift" in columns)
    lacking = [name for name in FIGURES if name not in columns]
    assert (f"A wider terminal shows {', '.join(lacking)} too." in told) == bool(lacking)


def test_a_name_longer_than_the_terminal_goes_on_in_the_next_line():
    lines = shown(40, LONG)
    at = next(n for n, line in enumerate(lines) if line.startswith(LONG[:12]))
    assert LONG in "".join(line.split()[0] for line in lines[at : at + 3])


@pytest.mark.parametrize("width", [80, 120])
def test_trainings_stand_beside_each_other_with_whole_names_and_figures(width):
    name = "orders_of_all_shops_2024.csv"
    row = {"started": "2024-05-05T10:00:00", "contender": "blend", "horizon_days": 91}
    row |= {"log_loss": 0.34, "roc_auc": 0.8, "ece": 0.01, "spend_gini": None, "version": "12"}
    paper = io.StringIO()
    row |= {"name": f"{name} 2024-05-01", "aliases": ["champion"], "log": name}
    row |= {"as_of": "2024-05-01", "grade": "fair", "apart": ""}
    trainings.trainings(Console(file=paper, width=width), [row])
    lines = paper.getvalue().splitlines()
    assert "…" not in paper.getvalue()
    (first,) = [line for line in lines if "12 champion" in line]
    assert ("0.3400" in first, "0.0100" in first) == (True, width == 120)
    at = lines.index(first)
    assert name in "".join(line.split("  ")[0].strip() for line in lines[at : at + 2])


def drawn(width, show, *about):
    paper = io.StringIO()
    show(Console(file=paper, width=width), *about)
    return paper.getvalue()


def training(name):
    row = {"started": "2024-05-05T10:00:00", "contender": "blend", "horizon_days": 91}
    row |= {"log_loss": 0.34, "roc_auc": 0.8, "ece": 0.01, "spend_gini": 0.5, "version": "12"}
    return {
        **row,
        "name": f"{name} 2024-05-01",
        "aliases": ["champion"],
        "log": name,
        "as_of": "2024-05-01",
        "grade": "good",
        "apart": "",
    }


def test_a_training_of_another_log_or_horizon_is_marked():
    other = training("cafe.csv") | {"apart": "another log", "aliases": []}
    said = drawn(100, trainings.trainings, [training("shop.csv"), other])
    assert "* cafe.csv" in said
    assert "* shop.csv" not in said
    assert "* another log than the champion's: figures of two questions are not compared." in said
    assert "*" not in drawn(100, trainings.trainings, [training("shop.csv")])


def customers(clv=1_234_567.89):
    row = {"frequency": 4, "monetary_value": 12_345.67, "T": 300, "horizon_days": 90}
    row |= {"p_churn": 0.51, "expected_spend": 12_345.67, "at_stake": 6_296.29, "clv": clv}
    row |= {"days_since_last": 1_234, "segment": "promising", "customer_id": "0012345678"}
    return pd.DataFrame([row])


def by_segment():
    row = {"segment": "promising", "n_customers": 1_234_567, "p_churn": 0.51}
    return pd.DataFrame([{**row, "expected_spend": 12_345_678.9, "clv": 123_456_789.01}])


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80])
def test_narrow_terminals_cut_no_name_and_no_figure_in_any_table(width):
    tables = [
        drawn(width, scores.contact_list, customers()),
        drawn(width, scores.segments, by_segment()),
        drawn(width, trainings.trainings, [training("orders.csv")]),
    ]
    for text, name in zip(tables, ["0012345678", "promising", "orders.csv"], strict=True):
        assert "…" not in text
        assert any(line.startswith(name[:8]) for line in text.splitlines())
    assert "0.3400" in tables[2]


def test_a_value_that_nobody_could_tell_is_a_dash_in_the_list_of_contacts():
    text = drawn(80, scores.contact_list, customers(clv=float("nan")))
    assert "nan" not in text
    assert "–" in text


@pytest.mark.parametrize("name", ["[/x]", "[red]boo[/red]", "a:cat:b"])
def test_a_name_of_the_log_is_shown_to_the_letter(name, capsys):
    table = empty_table(name, name, "orders")
    table.add_row(name, name)
    console = output()
    put(console, table)
    console.print(f"Customer {name}", markup=False)
    assert capsys.readouterr().out.count(name) == 5, "title, head, two cells, a line"
