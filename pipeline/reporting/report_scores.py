"""The report's sections on scores: leaderboard, calibration, lift and gain."""

import pandas as pd

from models.all_contenders import BASELINES
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import LIFETIMES
from pipeline.markup import (
    Row,
    counted,
    figure,
    interval,
    number,
    pair,
    paragraph,
    section,
    table,
    words,
)
from pipeline.reporting import charts, evidence
from pipeline.reporting.charts import Line


def board(result: Backtest) -> str:
    """Every contender's scores, best log loss first."""
    columns = {
        "log_loss": ("log loss ↓", ".4f"),
        "roc_auc": ("AUC ↑", ".4f"),
        "brier": ("Brier ↓", ".4f"),
        "ece": ("ECE ↓", ".4f"),
        "buyer_lift_10": ("buyer lift ↑", ".2f"),
        "spend_gini": ("spend Gini ↑", ".3f"),
        "spend_bias": ("spend bias → 0", "+.1%"),
        "top_10_capture": ("top tenth holds ↑", ".1%"),
    }
    rows: list[Row] = []
    for name, row in result.means.iterrows():
        kind = "chosen" if name == result.chosen else "rule" if name in BASELINES else ""
        cells = [number(row[column], style) for column, (_, style) in columns.items()]
        mark = " (the answer)" if name == result.chosen else ""
        rows.append((kind, [f"{words(str(name))}{mark}", *cells]))
    stated = "lifetimes_bg_nbd" in result.means["log_loss"].dropna()
    return section(
        "board",
        "Leaderboard",
        table(
            f"Means of {counted(result.judged, result.cutoffs)}; ↓ smaller is better, ↑ larger is "
            "better. Highlighted: the answer. Grey: simple rules.",
            ["contender", *(title for title, _ in columns.values())],
            rows,
            words=(0,),
        ),
        paragraph(
            "Each contender learned only from outcomes that were complete before the cutoff, and "
            "was scored on what came after. Log loss judges: it punishes confident errors. Buyer "
            "lift: buyers among the tenth thought most likely to buy, relative to all. Spend bias: "
            "predicted total against the observed one. Top tenth holds: share of all spend that "
            "the tenth with the highest expected spend brought.",
            "note-text",
        ),
        paragraph(LIFETIMES, "note-text") if stated else "",
    )


def calibration(result: Backtest) -> str:
    """Predicted beside observed churn, as curve and table."""
    found = evidence.calibration(result)
    columns = ("predicted", "observed", "low", "high")
    drawing = charts.calibration(
        "Calibration curve: observed churn by predicted probability; the table has its figures.",
        *(found[column].tolist() for column in columns),
    )
    rows: list[Row] = [
        (
            "",
            [
                str(n),
                f"{row.n_customers:,.0f}",
                f"{row.predicted:.1%}",
                f"{row.observed:.1%}",
                interval(row.low, row.high, ".1%"),
            ],
        )
        for n, (_, row) in enumerate(found.iterrows(), 1)
    ]
    head = ["tenth", "cases", "predicted", "did churn", "95 % interval"]
    off, chance = evidence.calibration_error(result)
    return section(
        "calibration",
        "Can the probabilities be believed?",
        paragraph(
            "Take all customers who were given about 70 %: did seven in ten leave? On the dotted "
            "diagonal they did; above it more left than predicted, below it fewer. At a cutoff "
            f"they were off by {100 * off:.1f} points in the mean (ECE); were every probability "
            f"true, chance alone would make it {100 * chance:.1f}."
        ),
        pair(
            figure(
                "Calibration",
                drawing,
                "Each dot is a tenth of the cases; its bar is the 95 % interval of what was seen.",
                {"main": "the answer", "blind": "predicted = observed"},
            ),
            table("From the least to the most likely to leave, all cutoffs", head, rows),
        ),
    )


def gains(result: Backtest, rule: str) -> str:
    """Lift and cumulative gain, as curves and a table."""
    found = evidence.gains(result, rule)
    gain, lift = _curves(found)
    legend = {"main": "buyers, likeliest first", "other": "leavers, likeliest first"}
    legend["blind"] = "drawn blindly"
    head = ["first", "buyers found", f"by {words(rule)}", "buyer lift"]
    head += ["leavers found", "leaver lift"]
    tenth = found[found["share_contacted"].round(2) == 0.1].iloc[0]
    days = len(result.shared(result.chosen, rule))
    return section(
        "lift",
        "How well does it find buyers and leavers?",
        paragraph(
            "The tenth of customers thought most likely to buy held "
            f"{number(tenth.buyer_gain, '.0%')} of those who did: a lift of "
            f"{number(tenth.buyer_lift, '.1f')}. The tenth thought most likely to leave held "
            f"{number(tenth.churn_gain, '.0%')} of those who left."
        ),
        pair(
            figure("Cumulative gain", gain, "", legend),
            figure("Lift", lift, "", legend),
        ),
        table(
            f"Mean of {days} cutoff{'s' * (days > 1)}, for the first so many of the order",
            head,
            _gains(found),
        ),
    )


def _gains(found: pd.DataFrame) -> list[Row]:
    """A row for each share of customers looked at."""
    shown = found[found["share_contacted"].round(2).isin([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75])]
    rows: list[Row] = [
        (
            "",
            [
                f"{row.share_contacted:.0%}",
                *(number(v, ".1%") for v in (row.buyer_gain, row.rule_buyer_gain)),
                number(row.buyer_lift, ".2f"),
                number(row.churn_gain, ".1%"),
                number(row.churn_lift, ".2f"),
            ],
        )
        for _, row in shown.iterrows()
    ]
    return rows


def _curves(found: pd.DataFrame) -> tuple[str, str]:
    """The drawings of gain and of lift."""
    share = [0.0, *found["share_contacted"]]
    x = charts.axis([0, 1], "share of customers looked at", ".0%")
    curves = [
        Line("blind", [0, 1], [0, 1]),
        Line("other", share, [0.0, *found["churn_gain"]]),
        Line("main", share, [0.0, *found["buyer_gain"]]),
    ]
    gain = charts.lines(
        "Cumulative gain: share of buyers and of leavers found; the table has the figures.",
        x,
        charts.axis([0, 1], "share of them found", ".0%"),
        curves,
    )
    lifts = [*found["buyer_lift"], *found["churn_lift"]]
    lift = charts.lines(
        "Lift: how many times more buyers and leavers than by chance; the table has the figures.",
        x,
        charts.axis(lifts, "times the average", zero=True),
        [
            Line("blind", [0, 1], [1, 1]),
            Line("other", share[1:], found["churn_lift"].tolist()),
            Line("main", share[1:], found["buyer_lift"].tolist()),
        ],
    )
    return gain, lift
