"""The report's sections on money and action: what is expected, where it is, and what moves it."""

import math

from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.grading import level_gaps, unjudged
from pipeline.markup import (
    Row,
    facts,
    figure,
    number,
    pair,
    paragraph,
    section,
    shortened,
    table,
    words,
)
from pipeline.reporting import charts, evidence
from pipeline.reporting.coming import Coming
from pipeline.reporting.evidence import Outlook

THEMES = {
    "purchases": "how often, how long ago and in which rhythm",
    "basket": "how much per purchase",
    "breadth": "how many different things",
    "returns": "how much was given back",
    "weekday": "weekdays or weekends",
}
"""Themes of `models.explain.reasons` in the words of a headline; others speak for themselves."""

PARTS = {
    "mbg_cnbd_k": "buy-till-you-die (MBG/CNBD-k)",
    "pareto_nbd": "buy-till-you-die (Pareto/NBD)",
    "logistic": "logistic regression",
    "hist_gradient_boosting": "boosted trees",
    "boosted_hazard": "boosted trees, step by step",
}
"""The blend's parts in words."""


def coming(today: Outlook, result: Backtest) -> Coming:
    """What is expected of today's customers, and how far such totals have been off."""
    errors = result.leaderboard.loc[result.leaderboard["chosen"], "spend_bias"].dropna()
    level, money = unjudged(result)
    return Coming.of(
        today.customers,
        result.horizon_days,
        [*level_gaps(result), *level],
        [*errors, *money],
        today.weight,
    )


def deciles(result: Backtest) -> str:
    """Predicted beside observed spend by tenth, as bars and a table."""
    if result.answers[result.chosen]["expected_spend"].isna().all():
        return ""
    found = evidence.deciles(result)
    drawing = charts.paired_bars(
        "Mean spend predicted and observed by tenth of customers; the table has the figures.",
        [str(decile) for decile in found["decile"]],
        {"main": found["predicted"].tolist(), "other": found["observed"].tolist()},
        "tenth of customers, highest expected spend first",
        "money per customer",
    )
    rows: list[Row] = [
        (
            "",
            [
                f"{row.decile:.0f}",
                f"{row.n_customers:,.0f}",
                number(row.predicted, ",.2f"),
                number(row.observed, ",.2f"),
                number(row.predicted / row.observed - 1 if row.observed > 0 else math.nan, "+.0%"),
                number(row.share_of_spend, ".1%"),
            ],
        )
        for _, row in found.iterrows()
    ]
    head = ["tenth", "cases", "predicted", "observed", "off by", "of all spend"]
    return section(
        "spend",
        "Is the money where it was expected?",
        pair(
            figure(
                "Spend by tenth",
                drawing,
                "",
                {"bar-main": "predicted", "bar-other": "observed"},
            ),
            table("Mean spend of a customer in the horizon, all cutoffs", head, rows),
        ),
    )


def importance(today: Outlook) -> str:
    """What moves the answer for today's customers, and the models that it is mixed from."""
    themes = today.importance
    if themes.empty:
        return ""
    values = [
        (
            THEMES.get(str(name), shortened(words(str(name)), 40)),
            float(size),
            f"× {math.exp(size):.2f}",
        )
        for name, size in themes.items()
    ]
    drawing = charts.bars(
        "Mean size of each theme's contribution to the answer: "
        + ", ".join(f"{name} {size}" for name, _, size in values),
        values,
    )
    parts: list[Row] = [
        ("", [PARTS.get(name, words(name)), f"{weight:.0%}"])
        for name, weight in sorted(today.weights.items(), key=lambda part: -part[1])
    ]
    return section(
        "importance",
        "What moves the answer",
        paragraph(
            "By which factor each theme moves a customer's odds of leaving away from the average "
            "customer's, up or down; the mean of today's customers, from the model that answers. "
            "It says what goes together with leaving, not what causes it."
        ),
        pair(
            figure("Importance", drawing, ""),
            table("The answer is a mix of these models", ["model", "weight"], parts),
        ),
        *(paragraph(note, "note-text") for note in today.notes),
    )


def log(orders: Orders) -> str:
    """What was read, and what was set aside."""
    tiles = {
        "customers": f"{orders.n_customers:,}",
        "rows used": f"{orders.log.counts.used:,}",
        "purchase days": f"{orders.n_purchase_days:,}",
        "bought once only": f"{orders.once_only:.0%}",
    }
    lines = (paragraph(line, "note-text") for line in orders.log.counts.lines())
    return section("log", "The log", facts(tiles), *lines)
