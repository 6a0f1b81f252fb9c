"""The report's sections on money and action: what is expected, where it is, and what moves it."""

import math
from collections.abc import Sequence

from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.grading import level_gaps
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


def outlook(today: Outlook, result: Backtest) -> str:
    """What is expected of today's customers altogether, and how far such totals have been off."""
    customers = today.customers
    buyers, spend = (1 - customers["p_churn"]).sum(), customers["expected_spend"].sum()
    gaps = [len(customers) * gap for gap in level_gaps(result)]
    errors = result.leaderboard.loc[result.leaderboard["chosen"], "spend_bias"].dropna()
    came_of_buyers = [max(buyers + gap, 0.0) for gap in gaps]
    came_of_spend = [spend / (1 + error) for error in errors if error > -1]
    tiles = {
        "customers": f"{len(customers):,}",
        f"expected to buy{_range(came_of_buyers)}": f"{buyers:,.0f}",
        "expected purchase days": f"{customers['expected_purchases'].sum():,.0f}",
        f"expected spend{_range(came_of_spend)}": f"{spend:,.0f}",
    }
    return section(
        "outlook",
        f"The next {result.horizon_days} days",
        facts(tiles),
        paragraph(
            "The ranges are what would come if these totals were off as those at past cutoffs were."
            " A few cutoffs show how wrong a total has been, not how wrong it can be.",
            "note-text",
        ),
    )


def _range(totals: Sequence[float]) -> str:
    """Between which totals, in the words of a tile; nothing without any."""
    return f": {min(totals):,.0f} to {max(totals):,.0f}" if len(totals) else ""


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


def segments(today: Outlook) -> str:
    """Who is meant by each segment, how many they are today, and what is expected of them."""
    found = today.customers.groupby("segment").agg(
        n=("p_churn", "size"),
        p_churn=("p_churn", "mean"),
        spend=("expected_spend", lambda spend: spend.sum(min_count=1)),
    )
    everybody, total = len(today.customers), today.customers["expected_spend"].sum()
    rows: list[Row] = []
    for name, who in today.segments.items():
        if name not in found.index:
            rows.append(("", [name, who, "0", "0.0%", "–", "–", "–"]))
            continue
        here = found.loc[name]
        cells = [f"{here['n']:,.0f}", f"{here['n'] / everybody:.1%}", f"{here['p_churn']:.1%}"]
        cells += [number(here["spend"], ",.2f")]
        cells += [number(here["spend"] / total if total > 0 else math.nan, ".1%")]
        rows.append(("", [name, who, *cells]))
    head = ["segment", "who", "customers", "share", "p(churn)", "expected spend", "share of it"]
    return section(
        "segments",
        "Segments today",
        table("A customer is in the first segment that fits", head, rows, words=(1,)),
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
