"""The page of `churn score --report`: what comes, from whom, what changed, why to believe it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from features.writing import atomic
from models.evaluation.grades import advice_of
from pipeline.business.course import Course
from pipeline.markup import Row, folded, number, paragraph, section, table, words
from pipeline.model_files.manifest import Manifest
from pipeline.reporting import business_now, coming
from pipeline.reporting.coming import Coming
from pipeline.reporting.document import document

CONTENTS = {
    "grades": "Grades",
    "outlook": "What comes",
    "course": "How it went",
    "segments": "Segments",
    "changed": "What changed",
    "details": "Can it be believed?",
    "read": "The log",
}
"""Sections in the page's order, and how the list of contents calls them."""

NEEDED = (
    "p_churn",
    "expected_purchases",
    "expected_spend",
    "clv",
    "segment",
    "segment_before",
    "total_spend",
)
"""Columns of the scores that the page is made of; no id is among them."""

MOST_MOVES = 12
"""So many movements between segments are told, the largest first."""


@dataclass(frozen=True)
class About:
    """Where scores come from: their log, how its rows were counted, and which model answered.

    `before` is the day of the earlier scoring that `segment_before` is of, `course` what the log
    itself says; it is not asked of a log on a cluster.
    """

    log: str
    rows: Sequence[str]
    as_of: date
    manifest: Manifest
    who: Mapping[str, str]
    before: date | None = None
    course: Course | None = None


def write(path: Path, customers: pd.DataFrame, about: About) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(customers, about), encoding="utf-8")


def page(customers: pd.DataFrame, about: About) -> str:
    """The page as text: the same scores make the same bytes.

    Parameters
    ----------
    customers
        One row per scored customer, with the columns of `NEEDED`.
    """
    manifest = about.manifest
    promised = manifest.settings.get("promised", {})
    said = Coming.of(
        customers, manifest.horizon_days, promised.get("level", []), promised.get("spend", [])
    )
    moves = movements(customers)
    graded = ", ".join(f"{side} {grade}" for side, grade in manifest.grades.items())
    sentences = [coming.sentence(said)]
    sentences += [changed(moves, about.before)] if about.before else []
    mind = " ".join(advice_of(manifest.grades))
    sentences += [f"Grades of the model that answered: {graded}. {mind}".strip()] if graded else []
    sections = {
        "grades": section("grades", "How good it is", coming.grade_strip(manifest.grades)),
        "outlook": coming.outlook(said),
        "course": business_now.course(about.course, coming.spent(said)),
        "segments": section(
            "segments", "Segments today", coming.segments(said.segments, about.who)
        ),
        "changed": _changed(moves, about.before),
        "details": _believed(manifest, promised),
        "read": folded("read", "The log and its rows", *map(paragraph, about.rows)),
    }
    return document(
        f"Scores: {about.log}",
        "Who is leaving, and what customers are worth",
        f"{about.log} · scored at {about.as_of} · churned means no purchase within "
        f"{manifest.horizon_days} days",
        sentences,
        sections,
        CONTENTS,
        styles=("report.css", "business.css"),
    )


def movements(customers: pd.DataFrame) -> pd.DataFrame:
    """Customers by `segment_before` and `segment`, the most first; those scored both times."""
    known = customers[customers["segment_before"].notna()]
    counted = known.groupby(["segment_before", "segment"]).size().rename("customers")
    return counted.sort_values(ascending=False, kind="stable").reset_index()


def changed(moves: pd.DataFrame, before: date) -> str:
    """How many of those scored both times are in another segment now."""
    other = moves[moves["segment_before"] != moves["segment"]]["customers"].sum()
    return (
        f"Since {before}, {other:,} of {moves['customers'].sum():,} customers scored both times "
        "moved to another segment."
    )


def _changed(moves: pd.DataFrame, before: date | None) -> str:
    """From which segment to which customers moved since the earlier scoring."""
    if before is None:
        return ""
    other = moves[moves["segment_before"] != moves["segment"]]
    totals = moves.groupby("segment_before")["customers"].sum()
    rows: list[Row] = [
        (
            "",
            [
                str(row["segment_before"]),
                str(row["segment"]),
                f"{row['customers']:,}",
                f"{row['customers'] / totals[row['segment_before']]:.1%}",
            ],
        )
        for _, row in other.head(MOST_MOVES).iterrows()
    ]
    caption = f"Customers by their segment on {before} and now, the largest movements first"
    head = ["from", "to", "customers", "share of those in it then"]
    return section(
        "changed",
        f"What changed since {before}",
        paragraph(changed(moves, before)),
        table(caption, head, rows, (1,)) if rows else "",
    )


def _believed(manifest: Manifest, promised: Mapping[str, Any]) -> str:
    """What was seen of the model at past cutoffs, and where it comes from."""
    measures = {
        "share expected to leave less the share that left": ("level", "+.1%"),
        "expected total spend against what came": ("spend", "+.1%"),
        "share of outcomes that 80 % intervals held": ("coverage", ".0%"),
        "log loss": ("log_loss", ".4f"),
        "log loss of the best naive rule": ("rule_log_loss", ".4f"),
    }
    rows: list[Row] = [
        ("", [name, ", ".join(number(value, form) for value in promised.get(key, [])) or "–"])
        for name, (key, form) in measures.items()
    ]
    return folded(
        "details",
        "Can it be believed? What the model expected at past cutoffs, and what came",
        paragraph(
            f"{words(manifest.contender)} {manifest.version} learned from {manifest.log.name} with "
            f"{len(manifest.cutoffs)} cutoffs up to {manifest.cutoffs[-1]}, and was made on "
            f"{manifest.created:%Y-%m-%d}. The report of that training tells all of it."
        ),
        table("Cutoff by cutoff, the earliest first", ["measure", "seen"], rows, (0, 1)),
    )
