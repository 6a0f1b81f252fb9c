"""Scores as a person reads them: totals by segment, and whom to contact."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from models.evaluation.grades import advice_of
from pipeline.command_line.show.tables import empty_table, fitting, number, put
from pipeline.scoring.champion import Found
from pipeline.scoring.score import Scored

CONTACTS = 10

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

NARROW = {
    "contacts": ("silent", "expected", "CLV"),
    "segments": ("CLV, total", "p(churn)"),
}
"""Left out, the first one first, where the room is less than names need on several lines."""


def contacts(scores: pd.DataFrame) -> pd.DataFrame:
    """The ten customers with most at stake, the order of `churn plan`."""
    return scores.sort_values(["at_stake", "customer_id"], ascending=[False, True]).head(CONTACTS)


def contact_list(console: Console, scores: pd.DataFrame) -> None:
    """Show `contacts` as a table."""
    table, _ = fitting(
        console, partial(_contacts, contacts(scores)), CONTACT, (), NARROW["contacts"]
    )
    put(console, table)
    console.print(
        "at stake: p(churn) x the money expected in the horizon, the order of `churn plan`. Whom "
        "a contact changes is not known before it is tried on some and not on others.",
        style="dim",
    )
    console.print()


def _contacts(ranked: pd.DataFrame, shown: Sequence[str]) -> Table:
    """The customers most worth a contact, with some of the columns of `CONTACT`."""
    table = empty_table("Most worth a contact", "customer", *shown)
    for _, row in ranked.iterrows():
        cells = (
            "–" if pd.isna(row[name]) else form.format(row[name])
            for name, form in (CONTACT[header] for header in shown)
        )
        table.add_row(str(row["customer_id"]), *cells)
    return table


def answering(console: Console, found: Found) -> None:
    """Whose model answers: of which log, trained when, for which horizon, and how good it is."""
    manifest = found.model.manifest
    told = ", ".join(f"{side} {grade}" for side, grade in manifest.grades.items())
    console.print(
        f"{found.named} answers ({manifest.contender} {manifest.version}): learned from "
        f"{manifest.log.name} up to {manifest.log.content.until - timedelta(days=1)}, trained on "
        f"{manifest.created:%Y-%m-%d}, for the next {manifest.horizon_days} days"
        f"{told and '; ' + told}. {' '.join(advice_of(manifest.grades))}".strip(),
        markup=False,
    )


def scored(console: Console, result: Scored, found: Found, page: Path | None = None) -> None:
    """How many were scored, by which model, who of a list was not; totals by segment."""
    manifest = found.model.manifest
    segments(console, result.segments)
    console.print(
        f"{result.n_customers:,} customers scored at {result.as_of} for the next "
        f"{manifest.horizon_days} days by {manifest.contender} {manifest.version}: {result.path}",
        markup=False,
    )
    if page:
        console.print(f"The page of them: {page}", markup=False)
    if result.moves is not None and result.before:
        console.print(_moved(result.moves, result.before), markup=False)
    if result.without_orders:
        console.print(
            f"{result.without_orders:,} of the list have no purchase before {result.as_of} and are "
            "left out.",
            markup=False,
        )


def _moved(moves: pd.DataFrame, before: date) -> str:
    """How many changed their segment since an earlier scoring, and the largest such group."""
    known = moves[moves["segment_before"].notna()]
    changed = known[known["segment_before"] != known["segment"]]
    told = (
        f"Since {before}, {changed['n_customers'].sum():,} of {known['n_customers'].sum():,} "
        "customers scored both times changed their segment"
    )
    if len(changed):
        first = changed.iloc[0]
        told += f"; most from {first['segment_before']} to {first['segment']} "
        told += f"({first['n_customers']:,})"
    return f"{told}. Each one's is in segment_before."


def segments(console: Console, found: pd.DataFrame) -> None:
    """Totals of the scored customers by segment."""
    table, _ = fitting(console, partial(_segments, found), SEGMENT, (), NARROW["segments"])
    put(console, table)


def _segments(found: pd.DataFrame, shown: Sequence[str]) -> Table:
    """The segments with some of the columns of `SEGMENT`."""
    table = empty_table("Segments", "segment", *shown)
    for _, row in found.iterrows():
        cells = (SEGMENT[header] for header in shown)
        table.add_row(row["segment"], *(number(row[name], form) for name, form in cells))
    return table
