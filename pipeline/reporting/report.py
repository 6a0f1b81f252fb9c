"""One self-contained HTML page on a backtest: no script, no network, no customer's id."""

import re
from importlib.resources import files
from pathlib import Path

from features.writing import atomic
from pipeline.business.course import Course
from pipeline.campaign_config import CampaignConfig
from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import Judgement
from pipeline.markup import folded, points, section
from pipeline.reporting import (
    business_now,
    coming,
    report_campaign,
    report_judgement,
    report_level,
    report_scores,
    report_worth,
)
from pipeline.reporting.campaign import campaign
from pipeline.reporting.document import document
from pipeline.reporting.evidence import Outlook

STYLES = ("report.css", "business.css")

CONTENTS = {
    "grades": "Grades",
    "outlook": "What comes",
    "course": "How it went",
    "segments": "Segments",
    "profit": "Campaign",
    "importance": "What moves it",
    "details": "Can it be believed?",
    "read": "The log",
}
"""Sections in the page's order, and how the list of contents calls them."""


def write(
    path: Path,
    orders: Orders,
    result: Backtest,
    judgement: Judgement,
    assumed: CampaignConfig,
    today: Outlook | None = None,
    course: Course | None = None,
) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        text = page(orders, result, judgement, assumed, today, course)
        draft.write_text(text, encoding="utf-8")


def drawings(page: Path) -> dict[str, str]:
    """The charts of a page that was written, each as an SVG file of its own by section and number.

    They carry the page's style, without which they have no colours, and a size, without which
    MLflow shows nothing.
    """
    room = files("pipeline.reporting")
    style = "".join((room / name).read_text(encoding="utf-8") for name in STYLES)
    found = {}
    for name, inside in re.findall(
        r'<section id="(\w+)">(.*?)</section>', page.read_text(encoding="utf-8"), re.DOTALL
    ):
        # Greedy within a figure: a drawing may hold another one.
        figures = re.findall(r"<figure>.*?</figure>", inside, re.DOTALL)
        charts = [re.search(r'<svg class="chart"([^>]*)>(.*)</svg>', f, re.DOTALL) for f in figures]
        for number, (attributes, drawn) in enumerate((c.groups() for c in charts if c), 1):
            found[f"{name}-{number}"] = (
                f'<svg xmlns="http://www.w3.org/2000/svg"{_size(attributes)}{attributes}>'
                f"<style>{style} svg {{ background: var(--card); }}</style>{drawn}</svg>"
            )
    return found


def _size(attributes: str) -> str:
    """Twice the size of a drawing's own box, as attributes.

    >>> _size(' viewBox="0 0 400 270" role="img"')
    ' width="800" height="540"'
    """
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', attributes)
    return f' width="{2 * float(box[1]):.0f}" height="{2 * float(box[2]):.0f}"' if box else ""


def page(
    orders: Orders,
    result: Backtest,
    judgement: Judgement,
    assumed: CampaignConfig,
    today: Outlook | None = None,
    course: Course | None = None,
) -> str:
    """The page as text: the same inputs make the same bytes.

    Parameters
    ----------
    assumed
        What the profit curve takes for granted; it is printed beside the curve.
    today
        What the trained answer says of today's customers; a backtest alone has none.
    course
        What the log itself says of the past.
    """
    said = report_worth.coming(today, result) if today else None
    sections = {
        "grades": report_judgement.grades(judgement.grades),
        "outlook": coming.outlook(said) if said else "",
        "course": business_now.course(course, coming.spent(said) if said else ""),
        "segments": _segments(said, today),
        "profit": report_campaign.campaign(
            campaign(result, assumed, judgement.rule), judgement.rule
        ),
        "importance": report_worth.importance(today) if today else "",
        "details": _believed(result, judgement, opened=not today),
        "read": folded("read", "The log and its rows", report_worth.log(orders)),
    }
    about = (
        f"{orders.name} · {orders.first_day} to {orders.last_day} · "
        f"churned means no purchase within {result.horizon_days} days"
    )
    return document(
        f"Churn report: {orders.name}",
        "Who is leaving, and what customers are worth",
        about,
        [coming.sentence(said), judgement.sentences[0]] if said else list(judgement.sentences),
        sections,
        CONTENTS,
        styles=STYLES,
    )


def _segments(said: coming.Coming | None, today: Outlook | None) -> str:
    if said is None or today is None:
        return ""
    return section("segments", "Segments today", coming.segments(said.segments, today.segments))


def _believed(result: Backtest, judgement: Judgement, opened: bool) -> str:
    """All that the verdict rests on, folded behind a line; `opened` where it is all there is."""
    return folded(
        "details",
        "Can it be believed? What was predicted at past cutoffs, and what came",
        "" if opened else points(judgement.sentences),
        report_judgement.races(result, judgement),
        report_scores.calibration(result),
        report_level.levels(result),
        report_scores.gains(result, judgement.rule),
        report_worth.deciles(result),
        report_level.ranges(result),
        report_judgement.groups(judgement),
        report_scores.board(result),
        opened=opened,
    )
