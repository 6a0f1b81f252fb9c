"""The report's sections on size: the level of each cutoff, and the intervals around it."""

import pandas as pd

from pipeline.learning.backtest import Backtest
from pipeline.markup import Row, figure, number, pair, paragraph, section, table
from pipeline.reporting import charts, evidence
from pipeline.reporting.charts import Line


def levels(result: Backtest) -> str:
    """Predicted beside observed churn and spend at each cutoff: a mean would hide the season."""
    found = evidence.levels(result)
    if found.empty:
        return ""
    board = result.leaderboard[result.leaderboard["chosen"]].set_index("cutoff")
    rows: list[Row] = []
    for _, row in found.iterrows():
        scores = board.loc[row.cutoff]
        rows.append(
            (
                "",
                [
                    str(row.cutoff),
                    f"{row.n_customers:,.0f}",
                    f"{row.p_churn:.1%}",
                    f"{row.churn_rate:.1%}",
                    number((row.p_churn - row.churn_rate) * 100, "+.1f"),
                    number(row.expected_spend, ",.2f"),
                    number(row.spend, ",.2f"),
                    number(scores["spend_bias"], "+.1%"),
                    number(scores["log_loss"], ".4f"),
                    number(scores["roc_auc"], ".4f"),
                ],
            )
        )
    head = ["cutoff", "customers", "churn predicted", "churn observed", "points off"]
    head += ["spend predicted", "spend observed", "total off by", "log loss ↓", "AUC ↑"]
    return section(
        "level",
        "Cutoff by cutoff: was the level right?",
        paragraph(
            "Who is before whom is learned well from the past; how many come back in a season is "
            "not. The totals of the next horizon can be off by as much as these were."
        ),
        pair(
            _level("Churn", found, "p_churn", "churn_rate", "share of customers", ".0%"),
            _level("Spend", found, "expected_spend", "spend", "money per customer", ""),
        ),
        table("Predicted and observed level of the answer; spend is per customer", head, rows),
    )


def _level(
    title: str, found: pd.DataFrame, predicted: str, observed: str, beside: str, style: str
) -> str:
    x = charts.places([str(day) for day in found["cutoff"]], "cutoff")
    values = [*found[predicted], *found[observed]]
    y = charts.axis(values, beside, style, zero=not style)
    place = [float(n) for n in range(len(found))]
    drawn = [
        Line("main", place, found[predicted].tolist(), dots=True),
        Line("other", place, found[observed].tolist(), dots=True),
    ]
    alt = f"{title} predicted and observed at each cutoff; the table has the figures."
    return figure(
        title, charts.lines(alt, x, y, drawn), "", {"main": "predicted", "other": "observed"}
    )


def ranges(result: Backtest) -> str:
    """How often the 80 % intervals held, by tenth of expected spend and by cutoff."""
    found = evidence.ranges(result)
    if found.empty:
        return ""
    board = result.leaderboard[result.leaderboard["chosen"]].sort_values("cutoff")
    measures = ["spend_coverage_pit", "spend_coverage_pit_top_10", "spend_coverage"]
    measures.append("next_purchase_coverage")
    days: list[Row] = [
        ("", [str(row["cutoff"]), *(number(row[name], ".0%") for name in measures)])
        for _, row in board.iterrows()
    ]
    legend = {"main": "the answer", "blind": "80 %, as promised"}
    return section(
        "ranges",
        "Do the 80 % intervals hold?",
        paragraph(
            "An interval should hold eight outcomes in ten. Where most customers spend nothing, "
            "an interval that begins at nothing holds more by itself; so a zero is counted by "
            "the share of its probability that the interval needed, and 80 % is right everywhere."
        ),
        pair(
            figure("Held, by value", _held(found), "", legend),
            table(
                "Intervals of spend by tenth, all cutoffs",
                ["tenth", "cases", "held", "held, plain count", "mean width"],
                _tenths(found),
            ),
        ),
        table(
            "Share held at each cutoff; of buyers: of those who did buy, the spend by its range if "
            "there is any, and by the window of their next purchase",
            ["cutoff", "spend", "in the top tenth", "spend, of buyers", "day of next purchase"],
            days,
        ),
    )


def _held(found: pd.DataFrame) -> str:
    """The drawing of what was held in each tenth."""
    place = [float(n) for n in range(len(found))]
    return charts.lines(
        "Share of outcomes that the intervals held, by tenth; the table has the figures.",
        charts.places([str(n) for n in found["decile"]], "tenth, highest expected spend first"),
        charts.axis([0.6, 1.0, *found["pit_coverage"]], "share held", ".0%"),
        [
            Line("blind", [-0.5, len(found) - 0.5], [0.8, 0.8]),
            Line("main", place, found["pit_coverage"].tolist(), dots=True),
        ],
    )


def _tenths(found: pd.DataFrame) -> list[Row]:
    """A row for each tenth."""
    return [
        (
            "",
            [
                f"{row.decile:.0f}",
                f"{row.n_customers:,.0f}",
                number(row.pit_coverage, ".1%"),
                number(row.coverage, ".1%"),
                number(row.mean_width, ",.2f"),
            ],
        )
        for _, row in found.iterrows()
    ]
