"""What a person sees in a terminal: names whole, figures whole, whatever the width."""

import io

import pytest
from rich.console import Console

from models.contenders import CONTENDERS
from pipeline import screen
from tests.pipeline.boards import backtest, flat, true

FIGURES = ["AUC", "ECE", "lift", "Gini", "bias"]
LONG = "sklearn.ensemble.HistGradientBoostingClassifier"


def shown(width, *names):
    result = backtest(n=60, **dict.fromkeys(names, flat) | {"blend": true})
    paper = io.StringIO()
    screen.leaderboard(Console(file=paper, width=width), result)
    return paper.getvalue().splitlines()


def header(lines):
    return next(line.split() for line in lines if line.startswith("contender"))


def test_all_contenders_and_all_figures_have_room_in_eighty_columns():
    lines = shown(80, *CONTENDERS)
    assert not any("…" in line for line in lines)
    assert set(CONTENDERS) <= {line.partition(" ")[0] for line in lines}
    assert header(lines) == ["contender", "log", "loss", *FIGURES]


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
    row |= {"name": f"{name} 2024-05-01", "aliases": ["champion"]}
    screen.trainings(Console(file=paper, width=width), [row])
    lines = paper.getvalue().splitlines()
    assert "…" not in paper.getvalue()
    (first,) = [line for line in lines if "12 champion" in line]
    assert ("0.3400" in first, "0.0100" in first) == (True, width == 120)
    at = lines.index(first)
    assert name in "".join(line.split("  ")[0].strip() for line in lines[at : at + 2])
