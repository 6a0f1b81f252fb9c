"""The business page's personas, and its rules of who leaves."""

import numpy as np

from pipeline.business.describe import Business
from pipeline.markup import Row, interval, number, paragraph, points, section, table


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
