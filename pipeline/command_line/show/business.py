"""The picture of the business in a terminal: figures, flow, groups."""

from functools import partial

import pandas as pd
from rich.console import Console
from rich.table import Table

from pipeline.business.describe import Business
from pipeline.business.retention import DEFINITIONS
from pipeline.business.scores import Predicted, told
from pipeline.business.segments import told as told_few
from pipeline.business.survey import Survey
from pipeline.command_line.show.tables import empty_table, fitting, number, put
from pipeline.reporting import business_now

PERIODS = 13
"""So many periods are shown, the latest last; --json has all."""

FLOW = {
    **{"start": ("start", ",.0f"), "+ new": ("new", ",.0f"), "+ back": ("came_back", ",.0f")},
    **{"- silent": ("fell_silent", ",.0f"), "= end": ("end", ",.0f")},
    **{"retention": ("retention", ".1%"), "churn": ("churn", ".1%")},
    "repeat": ("repeat_rate", ".1%"),
    **{"AOV": ("average_order_value", ",.2f"), "freq": ("frequency", ".2f")},
    "revenue": ("revenue", ",.0f"),
}
"""Columns of the periods: the metric, and how it is written."""

GROUP = {
    **{"customers": ("customers", ",.0f"), "share": ("customer_share", ".1%")},
    **{"revenue": ("revenue", ",.0f"), "of it": ("revenue_share", ".1%")},
    "silent": ("days_silent", ",.0f d"),
}

SEGMENT = {
    **{"customers": ("customers", ",.0f"), "p(churn)": ("p_churn", ".1%")},
    **{"expected": ("expected_spend", ",.0f"), "CLV": ("clv", ",.0f")},
}
"""Columns of the scores' segments: both amounts are totals."""

ANSWERS = {
    kind: {"answers": ("answers", ",.0f")}
    | {name: (name, style) for name in ("score", "low", "high")}
    for kind, style in (("NPS", "+.2f"), ("CSAT", ".1%"))
}
"""Columns of a survey: NPS lies between -1 and 1."""

GIVE_WAY = ("CLV", "freq", "AOV", "repeat", "churn", "revenue", "silent", "of it", "share")


def business(console: Console, found: Business) -> None:
    """Show what `churn describe` found."""
    shown = found.periods.tail(PERIODS)
    names = [
        label if whole else f"{label} *"
        for label, whole in zip(shown["label"], shown["complete"], strict=True)
    ]
    title = f"Customers by {found.period}: active means bought within {found.window} days"
    _table(console, shown, names, title, found.period, FLOW)
    meant = f"retention: {DEFINITIONS['retention']}."
    _dim(console, f"{meant}{' *: not over yet.' if not shown['complete'].all() else ''}")
    for line in filter(None, [found.growth, told_few(found.few)]):
        console.print(line, markup=False)
    console.print(found.formulas_told, markup=False)
    console.print()
    _table(console, found.groups, list(found.groups.index), "RFM groups", "group", GROUP)
    _table(console, found.tiers, list(found.tiers.index), "Value tiers", "tier", GROUP)
    if found.survey:
        _survey(console, found.survey)
    if found.predicted:
        _predicted(console, found.predicted)
    for name, table in found.by.items():
        columns = {k: v for k, v in GROUP.items() if v[0] in table} | {
            "repeat": ("repeat_rate", ".1%"),
            "AOV": ("average_order_value", ",.2f"),
        }
        _table(console, table, list(table.index), f"By {name}", name, columns)
    if found.comparison:
        console.print(found.comparison.sentence(found.period), markup=False)
    for line in business_now.coming(found):
        console.print(line, markup=False)
    for note in found.notes:
        _dim(console, note)


def _predicted(console: Console, found: Predicted) -> None:
    names = [str(name) for name in found.segments.index]
    title = f"Segments of the scores of {found.as_of}, next {found.horizon_days} days"
    _table(console, found.segments, names, title, "segment", SEGMENT)
    for name, advice in found.segments["advice"].items():
        if advice:
            console.print(f"{name}: {advice}.", markup=False)
    for line in (*told(found), found.rows, *found.notes):
        console.print(line, markup=False)
    console.print()


def _survey(console: Console, found: Survey) -> None:
    for table, first in ((found.by_period, "period"), (found.by_group, "group")):
        _table(
            console,
            table.tail(PERIODS),
            [str(name) for name in table.tail(PERIODS).index],
            f"{found.kind} by {first}, 95 % interval",
            first,
            ANSWERS[found.kind],
        )
    for line in found.told:
        console.print(line, markup=False)
    console.print()


def _table(
    console: Console,
    rows: pd.DataFrame,
    names: list[str],
    title: str,
    first: str,
    columns: dict[str, tuple[str, str]],
) -> None:
    def draw(shown: list[str]) -> Table:
        table = empty_table(title, first, *shown)
        for name, (_, row) in zip(names, rows.iterrows(), strict=True):
            cells = (number(row[columns[c][0]], _style(columns[c][1])) for c in shown)
            suffixed = (cell + _unit(columns[c][1]) for cell, c in zip(cells, shown, strict=True))
            table.add_row(name, *suffixed)
        return table

    table, _ = fitting(console, partial(draw), columns, [c for c in GIVE_WAY if c in columns])
    put(console, table)


def _style(written: str) -> str:
    return written.split(" ")[0]


def _unit(written: str) -> str:
    return written[len(_style(written)) :]


def _dim(console: Console, line: str) -> None:
    console.print(line, style="dim", markup=False)
