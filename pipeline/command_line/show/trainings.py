"""The trainings of a tracking store beside each other."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.command_line.show.tables import empty_table, fitting, number, put
from pipeline.markup import words

COMPARED = {"log loss": "log_loss", "AUC": "roc_auc", "ECE": "ece", "Gini": "spend_gini"}
"""Columns in which trainings are compared, and their measures."""

NARROW = ("Gini", "AUC", "days", "as of", "answer")
"""Left out, the first one first, where the room is less than names need on several lines."""


def trainings(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The trainings of a store beside each other."""
    columns = ("as of", "started", "answer", "days", "grade", "version", *COMPARED)
    table, _ = fitting(console, partial(_trainings, rows), columns, ("ECE", "started"), NARROW)
    put(console, table)
    if apart := " or ".join(sorted({row["apart"] for row in rows} - {""})):
        told = f"* {apart} than the champion's: figures of two questions are not compared."
        console.print(told, style="dim", markup=False)


def _trainings(rows: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> Table:
    """The trainings with some of their columns."""
    table = empty_table("Trainings, newest first; mean over each one's cutoffs", "log", *shown)
    for row in rows:
        # One that is both has nothing left to challenge.
        held = set(row["aliases"])
        role = "champion" if "champion" in held else "new" if "challenger" in held else ""
        cells = {
            "started": str(row["started"])[5:16].replace("T", " "),
            "as of": str(row["as_of"] or "–"),
            "answer": words(str(row["contender"])),
            "grade": str(row["grade"] or "–"),
            "days": str(row["horizon_days"]),
            "version": f"{row['version'] or '–'} {role}".strip(),
            **{header: number(row[name], ".4f") for header, name in COMPARED.items()},
        }
        log = row["log"] or str(row["name"]).rpartition(" ")[0]
        mark, style = ("* ", "dim") if row["apart"] else ("", "")
        table.add_row(f"{mark}{log}", *(cells[header] for header in shown), style=style)
    return table
