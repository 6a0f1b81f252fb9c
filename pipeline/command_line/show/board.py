"""The leaderboard, its verdict and who answers from now on, as a person reads them."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.all_contenders import BASELINES
from models.evaluation.grades import Grade
from pipeline.command_line.following import stored
from pipeline.command_line.show.tables import empty_table, fitting, number, put
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import LIFETIMES, Judgement
from pipeline.markup import counted, words

if TYPE_CHECKING:  # training imports MLflow, seconds that scoring need not pay
    from pipeline.training.train import Trained

MEASURES = {
    "log loss": ("log_loss", ".4f"),
    "AUC": ("roc_auc", ".4f"),
    "ECE": ("ece", ".3f"),
    "lift": ("buyer_lift_10", ".2f"),
    "Gini": ("spend_gini", ".3f"),
    "bias": ("spend_bias", "+.1%"),
}
"""Columns of the board on the screen: the measure, and how it is written."""

GIVE_WAY = ("ECE", "lift", "bias", "Gini")
"""Left out, the first one first, where long names need the room: a cut name names nobody."""

MEANINGS = {
    "lift": "buyers among the tenth thought most likely to buy, relative to all",
    "bias": "expected total spend against what came",
}


def leaderboard(console: Console, result: Backtest, whole: bool = True) -> None:
    """One row per contender, best log loss first; the answer in bold, naive rules dimmed.

    Not `whole`: the answer, the best of the other models and the best naive rule only.
    """
    names = [str(name) for name in result.means.index]
    if not whole:
        names = _telling(result)
    title = (
        f"Leaderboard: no purchase within {result.horizon_days} days, "
        f"mean of {counted(result.judged, result.cutoffs)}"
    )
    table, shown = fitting(console, partial(_board, result, names, title), MEASURES, GIVE_WAY)
    put(console, table)
    told = "; ".join(f"{name}: {MEANINGS[name]}" for name in shown if name in MEANINGS)
    notes = [f"← the answer. Dim: naive rules. {told}".rstrip(". ") + "."]
    if lacking := [name for name in MEASURES if name not in shown]:
        notes.append(f"A wider terminal shows {', '.join(lacking)} too.")
    if hidden := len(result.means) - len(names):
        notes.append(f"{hidden} more contenders: --full, or leaderboard.csv and the report.")
    if "lifetimes_bg_nbd" in result.means.loc[names, "log_loss"].dropna():
        notes.append(LIFETIMES)
    for note in notes:
        console.print(note, style="dim", markup=False)
    console.print()


def _telling(result: Backtest) -> list[str]:
    """The answer, the best of the other models and the best naive rule, best log loss first."""
    order = result.means["log_loss"].dropna().index
    rules = [name for name in order if name in BASELINES]
    models = [name for name in order if name not in BASELINES and name != result.chosen]
    return [name for name in order if name in (result.chosen, *models[:1], *rules[:1])]


def _board(result: Backtest, names: Sequence[str], title: str, shown: Sequence[str]) -> Table:
    """The leaderboard of some contenders with some of the `MEASURES`."""
    table = empty_table(title, "contender", *shown)
    for name, row in result.means.loc[list(names)].iterrows():
        style = "bold" if name == result.chosen else "dim" if name in BASELINES else ""
        figures = (
            number(row[measure], form) for measure, form in (MEASURES[header] for header in shown)
        )
        told = words(str(name))
        table.add_row(f"{told} ←" if name == result.chosen else told, *figures, style=style)
    return table


def verdict(console: Console, judgement: Judgement) -> None:
    """How good the answer is, side by side with why; what the board means, a sentence a line."""
    grades(console, judgement.grades)
    for sentence in judgement.sentences:
        console.print(sentence, markup=False)
    console.print()


COLOURS = {"good": "green", "fair": "yellow", "poor": "bold red"}


def grades(console: Console, found: Sequence[Grade]) -> None:
    """A line for each side of the answer: its grade, the reason, and what to do."""
    console.print("How good it is", style="bold")
    for one in found:
        told = ". ".join(filter(None, (one.reason, one.advice.removesuffix("."))))
        console.print(
            Text.assemble(
                f"{one.side:17}", (f"{one.grade:11}", COLOURS.get(one.grade, "dim")), f"{told}."
            )
        )
    console.print()


def standing(
    console: Console, trained: "Trained", path: Path | None, overrides: Mapping[str, Any]
) -> None:
    """The verdict in words, which version now scores, and the command that makes it another."""
    verdict(console, trained.judgement)
    if not trained.version:
        held = "is not recorded yet, and no version: the tracking store did not take it."
        console.print(f"The model {trained.manifest.version} {held}", style="bold", markup=False)
        return
    held = f"Version {trained.version} ({trained.manifest.version}) is"
    if trained.champion:
        console.print(f"{held} champion: it scores from now on.", markup=False)
    elif unfit := trained.judgement.unfit:
        forced = stored('promote --force "reason"', path, overrides)
        told = f"{held} no champion: {unfit}. `{forced}` makes it one."
        console.print(told, style="bold red", markup=False)
    else:
        promoted = stored("promote", path, overrides)
        told = f"{held} challenger; `{promoted}` makes it champion if it is not worse."
        console.print(told, markup=False)
