"""Tables for the terminal, and sentences that end a command."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from models.all_contenders import BASELINES
from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import LIFETIMES, Judgement
from pipeline.markup import counted
from pipeline.scoring.champion import Found
from pipeline.scoring.score import Scored

if TYPE_CHECKING:  # training imports MLflow, seconds that scoring need not pay
    from pipeline.training.train import Trained

CONTACTS = 10
ROOMY = 1_000
"""A width, in letters, in which any table has room."""

MEASURES = {
    "log loss": ("log_loss", ".4f"),
    "AUC": ("roc_auc", ".4f"),
    "ECE": ("ece", ".3f"),
    "lift": ("buyer_lift_10", ".2f"),
    "Gini": ("spend_gini", ".3f"),
    "bias": ("spend_bias", "+.1%"),
}
"""Columns of the board on the screen: the measure, and how it is written."""

COMPARED = {"log loss": "log_loss", "AUC": "roc_auc", "ECE": "ece", "Gini": "spend_gini"}
"""Columns in which trainings are compared, and their measures."""

CONTACT = {
    "p(churn)": ("p_churn", "{:.0%}"),
    "at stake": ("at_stake", "{:,.2f}"),
    "expected": ("expected_spend", "{:,.2f}"),
    "CLV": ("clv", "{:,.2f}"),
    "silent": ("days_since_last", "{:,} d"),
    "segment": ("segment", "{}"),
}
"""Columns of who is most worth a contact: the score, and how it is written."""

SEGMENT = {
    "customers": ("n_customers", ",d"),
    "p(churn)": ("p_churn", ".0%"),
    "expected spend": ("expected_spend", ",.2f"),
    "CLV, total": ("clv", ",.2f"),
}
"""Columns of the segments, in the same way."""

GIVE_WAY = ("ECE", "lift", "bias", "Gini")
"""Left out, the first one first, where long names need the room: a cut name names nobody."""

NARROW = {
    "contacts": ("silent", "expected", "CLV"),
    "segments": ("CLV, total", "p(churn)"),
    "trainings": ("Gini", "AUC", "days", "started"),
}
"""Left out in the same way where not even `FOLDED` letters of a name have room in a line."""

FOLDED = 12

MEANINGS = {
    "lift": "buyers among the tenth thought most likely to buy, relative to all",
    "bias": "expected total spend against what came",
}

GONE = 0.9
"""Probability of churn above which a customer is more likely gone than going."""


def leaderboard(console: Console, result: Backtest) -> None:
    """One row per contender, best log loss first; the answer in bold, naive rules dimmed."""
    title = (
        f"Leaderboard: no purchase within {result.horizon_days} days, "
        f"mean of {counted(result.judged, result.cutoffs)}"
    )
    table, shown = _fitting(console, partial(_board, result, title), MEASURES, GIVE_WAY)
    _show(console, table)
    told = "; ".join(f"{name}: {MEANINGS[name]}" for name in shown if name in MEANINGS)
    notes = [f"← the answer. Dim: naive rules. {told}".rstrip(". ") + "."]
    if lacking := [name for name in MEASURES if name not in shown]:
        notes.append(f"A wider terminal shows {', '.join(lacking)} too.")
    if "lifetimes_bg_nbd" in result.means["log_loss"].dropna():
        notes.append(LIFETIMES)
    for note in notes:
        console.print(note, style="dim", markup=False)
    console.print()


def _board(result: Backtest, title: str, shown: Sequence[str]) -> Table:
    """The leaderboard with some of the `MEASURES`."""
    table = _table(title, "contender", *shown)
    for name, row in result.means.iterrows():
        style = "bold" if name == result.chosen else "dim" if name in BASELINES else ""
        figures = (
            _number(row[measure], form) for measure, form in (MEASURES[header] for header in shown)
        )
        table.add_row(f"{name} ←" if name == result.chosen else str(name), *figures, style=style)
    return table


def _fitting(
    console: Console,
    draw: Callable[[Sequence[str]], Table],
    columns: Iterable[str],
    give_way: Iterable[str],
    narrow: Iterable[str] = (),
) -> tuple[Table, list[str]]:
    """A table of as many of the columns as the console has room for beside whole names.

    The columns of `narrow` stay where `FOLDED` letters of each name have room in a line.
    """
    shown = list(columns)
    asked = [(column, None) for column in give_way] + [(column, FOLDED) for column in narrow]
    for column, letters in asked:
        if _width(console, draw(shown), letters) <= console.width:
            break
        shown.remove(column)
    return draw(shown), shown


def _width(console: Console, table: Table, letters: int | None) -> int:
    """Letters that a table takes unhindered, at most so many of them for names."""
    table.columns[0].max_width = letters
    return console.measure(table, options=console.options.update_width(ROOMY)).maximum


def contacts(scores: pd.DataFrame) -> pd.DataFrame:
    """The ten customers most worth a contact: likely to leave, not gone yet, and worth keeping.

    `at_stake` is p_churn times what the customer's own pace so far (repeat spend per day
    since the first purchase) would bring in the horizon; money. Whom a contact would
    change is not known before it is tried on some and not on others.
    """
    pace = scores["frequency"] * scores["monetary_value"] / scores["T"] * scores["horizon_days"]
    at_stake = scores["p_churn"] * pace
    reachable = scores.assign(at_stake=at_stake)[scores["p_churn"] <= GONE]
    ranked = reachable.sort_values(["at_stake", "customer_id"], ascending=[False, True])
    return ranked.head(CONTACTS)


def contact_list(console: Console, scores: pd.DataFrame) -> None:
    """Show `contacts` as a table."""
    table, _ = _fitting(
        console, partial(_contacts, contacts(scores)), CONTACT, (), NARROW["contacts"]
    )
    _show(console, table)
    console.print(
        "at stake: p(churn) x what their own pace so far would bring in the horizon. Whom a "
        "contact changes is not known before it is tried on some and not on others.",
        style="dim",
    )
    console.print()


def _contacts(ranked: pd.DataFrame, shown: Sequence[str]) -> Table:
    """The customers most worth a contact, with some of the columns of `CONTACT`."""
    title = f"Most worth a contact (of those with p(churn) up to {GONE:.0%})"
    table = _table(title, "customer", *shown)
    for _, row in ranked.iterrows():
        cells = (
            "–" if pd.isna(row[name]) else form.format(row[name])
            for name, form in (CONTACT[header] for header in shown)
        )
        table.add_row(str(row["customer_id"]), *cells)
    return table


def ledger(console: Console, orders: Orders) -> None:
    """Rows in = rows used + rows set aside, by reason; always adds up and always shown."""
    console.print(
        f"{orders.name}: {orders.n_customers:,} customers, {orders.n_purchase_days:,} purchase "
        f"days, {orders.first_day} to {orders.last_day}",
        markup=False,
    )
    for line in orders.log.counts.lines():
        console.print(line, markup=False)
    if orders.n_without_purchase:
        console.print(
            f"{orders.n_without_purchase:,} further customers have no day on which their net "
            "amount is above 0: they have bought nothing yet and are not scored.",
            markup=False,
        )


def verdict(console: Console, judgement: Judgement) -> None:
    """What the board means, a sentence a line."""
    for sentence in judgement.sentences:
        console.print(sentence, markup=False)
    console.print()


def standing(console: Console, trained: "Trained") -> None:
    """The verdict in words, and which version now scores."""
    verdict(console, trained.judgement)
    role = (
        "champion: it scores from now on"
        if trained.champion
        else ("challenger; `churn promote` makes it champion")
    )
    console.print(
        f"Version {trained.version} ({trained.manifest.version}) is {role}.", markup=False
    )


def scored(console: Console, result: Scored, found: Found) -> None:
    """How many were scored, by which model, who of a list was not; totals by segment."""
    manifest = found.model.manifest
    segments(console, result.segments)
    console.print(
        f"{result.n_customers:,} customers scored at {result.as_of} for the next "
        f"{manifest.horizon_days} days by {manifest.contender} {manifest.version}: {result.path}",
        markup=False,
    )
    if result.without_orders:
        console.print(
            f"{result.without_orders:,} of the list have no purchase before {result.as_of} and are "
            "left out.",
            markup=False,
        )


def segments(console: Console, found: pd.DataFrame) -> None:
    """Totals of the scored customers by segment."""
    table, _ = _fitting(console, partial(_segments, found), SEGMENT, (), NARROW["segments"])
    _show(console, table)


def _segments(found: pd.DataFrame, shown: Sequence[str]) -> Table:
    """The segments with some of the columns of `SEGMENT`."""
    table = _table("Segments", "segment", *shown)
    for _, row in found.iterrows():
        cells = (SEGMENT[header] for header in shown)
        table.add_row(row["segment"], *(_number(row[name], form) for name, form in cells))
    return table


def trainings(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The trainings of a store beside each other."""
    columns = ("started", "answer", "days", "version", *COMPARED)
    table, _ = _fitting(console, partial(_trainings, rows), columns, ["ECE"], NARROW["trainings"])
    _show(console, table)


def _trainings(rows: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> Table:
    """The trainings with some of their columns."""
    table = _table("Trainings, newest first; mean over each one's cutoffs", "log", *shown)
    for row in rows:
        # One that is both has nothing left to challenge.
        held = set(row["aliases"])
        role = "champion" if "champion" in held else "new" if "challenger" in held else ""
        cells = {
            "started": str(row["started"])[5:16].replace("T", " "),
            "answer": str(row["contender"]),
            "days": str(row["horizon_days"]),
            "version": f"{row['version'] or '–'} {role}".strip(),
            **{header: _number(row[name], ".4f") for header, name in COMPARED.items()},
        }
        table.add_row(str(row["name"]).rpartition(" ")[0], *(cells[header] for header in shown))
    return table


def files(console: Console, place: Path) -> None:
    """Where the results are."""
    inside = f": {', '.join(sorted(p.name for p in place.iterdir()))}" if place.is_dir() else ""
    console.print(f"Files in {place}{inside}" if inside else f"File: {place}", markup=False)


def next_command(console: Console, *commands: str) -> None:
    """What to do now."""
    console.print(f"Next: {'  or  '.join(commands)}", style="bold", markup=False)


def _table(title: str, first: str, *columns: str) -> Table:
    """An empty table; names in its first column are whole, on several lines if need be."""
    table = Table(
        title=f"{title}\n",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _show(console: Console, table: Table) -> None:
    """Print a table, and a line of air below it."""
    console.print(table)
    console.print()


def _number(value: float | None, style: str) -> str:
    return "–" if pd.isna(value) else format(value, style)
