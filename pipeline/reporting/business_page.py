"""The business page: how it goes and what comes, then who, then, folded, why to believe it."""

from pathlib import Path

from features.writing import atomic
from pipeline.business.describe import Business
from pipeline.intake.orders import Orders
from pipeline.markup import folded
from pipeline.reporting import (
    business_details,
    business_now,
    business_people,
    business_scores,
    business_who,
)
from pipeline.reporting.document import document

CONTENTS = {
    "outlook": "What comes",
    "who-stays": "Who stays",
    "scores": "Scores",
    "groups": "Groups",
    "value": "Value",
    "people": "Personas",
    "by": "By attribute",
    "survey": "Survey",
    "details": "Details",
}
"""Sections in the page's order, and how the list of contents calls them."""


def write(path: Path, orders: Orders, found: Business) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(orders, found), encoding="utf-8")


def page(orders: Orders, found: Business) -> str:
    """The page as text: the same figures make the same bytes."""
    details = folded(
        "details",
        "Every period, every cohort, the forecast's record, the log",
        business_details.periods(found),
        business_details.cohorts(found),
        business_details.forecast(found),
        business_details.log(orders),
    )
    sections = {
        "outlook": business_now.outlook(found),
        "who-stays": business_now.heatmap_and_groups(found),
        "scores": business_scores.scores(found),
        "groups": business_who.groups(found),
        "value": business_who.value(found),
        "people": business_people.people(found),
        "by": business_who.by(found),
        "survey": business_people.survey(found),
        "details": details,
    }
    return document(
        f"The business: {found.name}",
        "Who comes, who stays, and what they bring",
        f"{found.name} · {found.first_day} to {orders.last_day} · as of {found.as_of} · active "
        f"means bought within {found.window} days",
        [*business_now.sentences(found), *business_scores.sentences(found)],
        sections,
        CONTENTS,
        figures=business_now.figures(found),
        styles=("report.css", "business.css"),
    )
