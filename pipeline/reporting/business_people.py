"""The business page's personas, and its rules of who leaves."""

import numpy as np

from pipeline.business.describe import Business
from pipeline.markup import Row, interval, number, pair, paragraph, points, section, table


def people(found: Business) -> str:
    """How customers buy, and who left: a sentence each."""
    told = found.people
    sampled = "" if told.share == 1 else f" A sample of {told.share:.1%} of the customers."
    if np.isfinite(told.personas.stability):
        how = (
            "Groups by K-means on rhythm, number of purchases, basket and weekends. Their number "
            "is the one that parts best among those that come out again on half of the customers "
            f"(adjusted Rand index {told.personas.stability:.2f}; 1 is the same)."
        )
    else:
        how = (
            "No number of groups comes out again on half of the customers: those who came back "
            "are one cloud."
        )
    return section(
        "people",
        "Personas, and who leaves",
        points(told.personas.table["sentence"].tolist()),
        paragraph(how + sampled, "note-text"),
        _rules(found),
    )


def _rules(found: Business) -> str:
    told = found.people
    if told.rules is None:
        return ""
    rows: list[Row] = [
        (
            "",
            [
                str(row["rule"]),
                f"{row['customers']:,.0f}",
                number(row["churned"], ".1%"),
                interval(row["low"], row["high"], ".1%"),
                number(row["churned_before"], ".1%"),
            ],
        )
        for _, row in told.rules.iterrows()
    ]
    head = ["customers who", "customers", "left", "95 % interval", "when learned"]
    return table(
        f"Learned on {told.learned_at}, counted on {told.counted_at}: left means no purchase "
        f"within {found.window} days",
        head,
        rows,
        words=(0,),
    )


def survey(found: Business) -> str:
    """What customers answered, by period and by group."""
    told = found.survey
    if told is None:
        return ""
    csat = told.kind == "CSAT"

    def shown(value: float) -> str:
        return number(value, ".0%") if csat else number(100 * value, "+.0f")

    tables = []
    for name, answers in ((found.period, told.by_period), ("group", told.by_group)):
        rows: list[Row] = [
            (
                "",
                [
                    str(key),
                    f"{row['answers']:,.0f}",
                    shown(row["score"]),
                    f"{shown(row['low'])} to {shown(row['high'])}",
                ],
            )
            for key, row in answers.iterrows()
        ]
        caption = f"{told.kind} by {name}"
        tables.append(table(caption, [name, "answers", told.kind, "95 % interval"], rows))
    meaning = (
        "CSAT: share of the scores 4 and 5 of 5."
        if csat
        else "NPS: percentage of scores 9 and 10 less that of scores 0 to 6; -100 to 100."
    )
    return section(
        "survey",
        "What customers answered",
        pair(*tables),
        paragraph(meaning, "note-text"),
        *(paragraph(line, "note-text") for line in told.told),
    )
