"""The folded part of the business page: every period, every cohort, the forecast's record."""

import math

from pipeline.business.describe import Business
from pipeline.business.forecast import YARDSTICK, Outlook
from pipeline.business.retention import DEFINITIONS
from pipeline.intake.orders import Orders
from pipeline.markup import Row, facts, number, paragraph, section, table, text
from pipeline.reporting.business_now import heatmap
from pipeline.reporting.business_scores import WHY_THEY_DIFFER
from pipeline.reporting.business_who import still_to_come

COLUMNS = {
    "start": ("start", ",.0f"),
    "new": ("+ new", ",.0f"),
    "came_back": ("+ came back", ",.0f"),
    "fell_silent": ("− fell silent", ",.0f"),
    "end": ("= end", ",.0f"),
    "retention": ("retention", ".1%"),
    "churn": ("churn", ".1%"),
    "repeat_rate": ("repeat rate", ".1%"),
    "average_order_value": ("average order value", ",.2f"),
    "frequency": ("frequency", ".2f"),
    "revenue_per_customer": ("revenue per customer", ",.2f"),
    "revenue": ("revenue", ",.0f"),
}
"""Columns of the period table: title, and how a value is written."""

MEASURES = {"revenue": "Revenue", "orders": "Orders", "active": "Active customers"}


def periods(found: Business) -> str:
    """All periods with all metrics, and what each means."""
    rows: list[Row] = []
    for _, row in found.periods.iterrows():
        cells = [number(row[name], style) for name, (_, style) in COLUMNS.items()]
        for name in ("retention", "repeat_rate"):
            at = list(COLUMNS).index(name)
            if not math.isnan(row[name]):
                low, high = (100 * row[f"{name}_{end}"] for end in ("low", "high"))
                cells[at] += f" ({low:.0f}–{high:.0f})"
        name = row["label"] if row["complete"] else f"{row['label']} (not over)"
        rows.append(("" if row["complete"] else "open", [name, *cells]))
    terms = "".join(
        f"<dt>{text(COLUMNS[name][0].lstrip('+−= '))}</dt><dd>: {text(words)}</dd>"
        for name, words in DEFINITIONS.items()
    )
    return section(
        "periods",
        "Retention metrics",
        table(
            f"By {found.period}; a customer is active who bought within {found.window} days; "
            "in brackets 95 % intervals",
            [found.period, *(title for title, _ in COLUMNS.values())],
            rows,
        ),
        f'<dl class="terms">{terms}</dl>',
        *(paragraph(note, "note-text") for note in found.notes),
        _formulas(found),
    )


def _formulas(found: Business) -> str:
    f, overall = found.formulas, found.overall
    tiles = {
        "average order value": number(f["average_order_value"], ",.2f"),
        "orders a month, per active customer": number(f["orders_per_month"], ".2f"),
        "months of lifetime (1 / churn a month)": number(f["lifetime_months"], ",.1f"),
        "CLTV = order value × orders × lifetime": number(f["cltv"], ",.2f"),
        "LTV = revenue per customer and month × months": number(f["ltv"], ",.2f"),
        "days from first to last purchase so far, mean": number(overall["lifetime_days"], ",.0f"),
    }
    return facts(tiles) + paragraph(f"{found.formulas_told} {WHY_THEY_DIFFER}", "note-text")


def cohorts(found: Business) -> str:
    """The whole triangle."""
    shown = found.cohorts
    if len(shown.buyers.columns) < 2:
        return ""
    return section(
        "cohorts",
        "All cohorts",
        paragraph(
            f"Share of the customers who began in a {found.period} that bought in each later one. "
            f"Blank cells are not over. The first cohort holds those who bought before the log "
            "began, too.",
            "note-text",
        ),
        heatmap(shown, list(shown.size.index), len(shown.buyers.columns) - 1),
    )


def forecast(found: Business) -> str:
    """Each way's errors at past origins, beside the yardstick's."""
    if not found.forecast:
        return ""
    tables = "".join(_board(name, found.forecast.outlooks[key]) for key, name in MEASURES.items())
    return section(
        "forecast",
        "Can the forecast be believed?",
        paragraph(
            "Each way forecast the same horizons of the past, knowing nothing of what came. The "
            "one whose total was off least is shown; bands are made of its past errors. The last "
            "column counts how often bands made in the same way, at the time, held the steps of "
            "their horizon: 80 % is right.",
        ),
        still_to_come(found),
        tables,
    )


def _board(name: str, found: Outlook) -> str:
    rows: list[Row] = [
        (
            "chosen" if way == found.method else "rule" if way == YARDSTICK else "",
            [
                str(way) + (" (shown)" if way == found.method else ""),
                number(row["error_of_total"], ".1%"),
                number(row["error_of_steps"], ".1%"),
                number(row["bias"], "+.1%"),
                f"{number(row['coverage'], '.0%')} of {row['covered_of']:.0f}",
            ],
        )
        for way, row in found.board.iterrows()
    ]
    origins = int(found.board["origins"].iloc[0])
    head = ["way", "total off by", "steps off by", "bias", "band held"]
    return table(f"{name}: {origins} past forecasts", head, rows)


def log(orders: Orders) -> str:
    """What was read, and what was set aside."""
    lines = (paragraph(line, "note-text") for line in orders.log.counts.lines())
    return section("log", "The log", *lines)
