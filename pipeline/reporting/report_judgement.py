"""The report's sections on whom the answer is better for than a simple rule, and whom not."""

from collections.abc import Sequence

import pandas as pd

from models.evaluation.grades import Grade
from models.evaluation.groups import FALSE_ALARMS
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import FEWEST_OUTCOMES, SMALLEST_GROUP, TELLING, Judgement
from pipeline.learning.verdict import who
from pipeline.markup import (
    Row,
    interval,
    number,
    paragraph,
    points,
    section,
    shortened,
    table,
    words,
)
from pipeline.reporting.coming import grade_strip

RULES = {
    "base_rate": "everybody is like the average customer",
    "recency_alone": "only the days since the last purchase count",
    "status_quo_rate": "everybody goes on at their own pace so far",
    "last_horizon_repeat": "everybody does again what they did in the last horizon",
}
"""Naive rules in a marketer's words."""


def grades(found: Sequence[Grade]) -> str:
    """The grades side by side, each in its colour and its word, with reason and advice."""
    strip = grade_strip(
        {one.side: one.grade for one in found}, {one.side: _because(one) for one in found}
    )
    return section("grades", "How good it is", strip) if found else ""


def _because(grade: Grade) -> str:
    return f"{grade.reason}. {grade.advice}" if grade.advice else f"{grade.reason}."


def races(result: Backtest, judgement: Judgement) -> str:
    """Wins across cutoffs against the best naive rule, by activity; cutoff by cutoff."""
    table_of_races = judgement.races
    if table_of_races.empty:
        return ""
    head = ["customers", "in words", "cutoffs won", "cases", "log loss ↓", "rule's log loss ↓"]
    head += ["difference", "95 % interval"]
    rules = [f"{words(name)}: {RULES[name]}" for name in RULES if name in result.answers]
    return section(
        "rule",
        "Is it better than a simple rule?",
        paragraph(
            "A simple rule costs nothing, so it is what a model has to beat. Both answer for the "
            "same customers at the same past cutoffs, knowing only what was known then. In each "
            "line the answer is held against the best of these rules for these customers:"
        ),
        points(rules),
        table(
            f"{result.chosen} against the best simple rule. A case is a customer at a cutoff; "
            "each cutoff counts alike; the interval is a paired bootstrap over customers.",
            head,
            _races(table_of_races),
            words=(0, 1),
        ),
        _each_cutoff(judgement.by_cutoff),
    )


def _races(races: pd.DataFrame) -> list[Row]:
    """A row for each group of customers."""
    return [
        (
            "bad" if row["low"] > 0 else "",
            [
                who(row["group"]),
                row["grade"],
                f"{row['wins']} of {row['cutoffs']}",
                f"{row['n_customers']:,.0f}",
                f"{row['log_loss']:.4f}",
                f"{row['rule_log_loss']:.4f}",
                number(row["difference"] / row["rule_log_loss"], "+.1%"),
                interval(
                    row["low"] / row["rule_log_loss"], row["high"] / row["rule_log_loss"], "+.1%"
                ),
            ],
        )
        for _, row in races.iterrows()
    ]


def _each_cutoff(gaps: pd.DataFrame) -> str:
    rows: list[Row] = [
        ("", [str(day), *(_signed(gap) for gap in gaps.loc[day])]) for day in gaps.index
    ]
    caption = "Log loss of the answer less the rule's, cutoff by cutoff: below 0 it wins."
    return table(caption, ["cutoff", *map(who, gaps.columns)], rows)


def groups(judgement: Judgement) -> str:
    """How each group of customers is served, with a remark in plain words."""
    found = judgement.groups
    if found.empty:
        return ""
    rows: list[Row] = []
    for kind, inside in found.groupby("kind", sort=False):
        rows.append(("kind", [str(kind)]))
        rows += [_group(row, judgement.pooled.get(str(kind), 0)) for _, row in inside.iterrows()]
    head = [
        "customers",
        "remark",
        "cases",
        "predicted",
        "did churn",
        "log loss ↓",
        "rule's log loss ↓",
    ]
    head += ["difference", "95 % interval"]
    return section(
        "groups",
        "For whom it is right",
        paragraph(_summary(found)),
        table(
            "Quality of the probabilities by group, all cutoffs together. A case is a customer at "
            "a cutoff.",
            head,
            rows,
            words=(0, 1),
        ),
        paragraph(_chance(found, judgement.left_out), "note-text"),
    )


def _group(row: pd.Series, pooled: int) -> Row:
    bad = row["loses"] or row["astray"]
    many = row["value"] == "all others" and pooled
    name = f"all others ({pooled} values)" if many else shortened(row["value"])
    cells = [
        name,
        row["remark"],
        f"{row['n_customers']:,.0f}",
        f"{row['p_churn']:.1%}",
        f"{row['churn_rate']:.1%}",
        f"{row['log_loss']:.4f}",
        f"{row['rule_log_loss']:.4f}",
        number(row["difference"] / row["rule_log_loss"], "+.1%"),
        interval(row["low"] / row["rule_log_loss"], row["high"] / row["rule_log_loss"], "+.1%"),
    ]
    return ("bad" if bad else "", cells)


def _summary(found: pd.DataFrame) -> str:
    off = int((found["astray"] != 0).sum())
    better, worse = int(found["gains"].sum()), int(found["loses"].sum())
    said = [
        f"{better} of {len(found)} groups are served better than the best simple rule would serve "
        f"them, {worse or 'none'} worse."
    ]
    if rest := len(found) - better - worse:
        said.append(f"In {rest} chance could explain the difference.")
    if off:
        said.append(
            f"In {off} clearly too many or too few were expected to leave, beyond how far "
            "everybody's level was off: read their probabilities with that in mind."
        )
    return " ".join(said)


def _chance(found: pd.DataFrame, left_out: int) -> str:
    small = (
        f" {left_out} further group{'s' * (left_out > 1)} with fewer than {SMALLEST_GROUP} cases, "
        f"or fewer than {FEWEST_OUTCOMES} who left or stayed, "
        f"{'are' if left_out > 1 else 'is'} left out."
        if left_out
        else ""
    )
    return (
        f"{len(found)} groups are looked at, so some differences come by chance. A remark of "
        "better, worse or too many is made only where the difference exceeds what chance would "
        f"produce anywhere in this table on more than one in {1 / FALSE_ALARMS:.0f} logs "
        "(Bonferroni, over groups and rules); the intervals shown are the plain ones of each "
        "line. Too many or too few: predicted less observed churn is off by "
        f"{TELLING * 100:.0f} points or more, by itself and beyond what everybody's was at the "
        "same cutoffs; the smaller of the two is told. The least frequent values "
        f"of an attribute stand together as all others.{small}"
    )


def _signed(value: float) -> str:
    return number(value, "+.4f")
