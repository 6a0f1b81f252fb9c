"""One self-contained HTML page on a backtest: no script, no network, no customer's id."""

import re
from importlib.resources import files
from pathlib import Path

from features.writing import atomic
from pipeline.campaign_config import CampaignConfig
from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import Judgement
from pipeline.reporting import (
    report_campaign,
    report_judgement,
    report_level,
    report_scores,
    report_worth,
)
from pipeline.reporting.campaign import campaign
from pipeline.reporting.document import document
from pipeline.reporting.evidence import Outlook

CONTENTS = {
    "grades": "Grades",
    "outlook": "Outlook",
    "rule": "Against a simple rule",
    "calibration": "Probabilities",
    "level": "Level",
    "lift": "Lift and gain",
    "spend": "Spend",
    "ranges": "Intervals",
    "profit": "Campaign",
    "groups": "For whom",
    "importance": "What moves it",
    "segments": "Segments",
    "board": "Leaderboard",
    "log": "The log",
}
"""Sections in the page's order, and how the list of contents calls them."""


def write(
    path: Path,
    orders: Orders,
    result: Backtest,
    judgement: Judgement,
    assumed: CampaignConfig,
    today: Outlook | None = None,
) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(orders, result, judgement, assumed, today), encoding="utf-8")


def drawings(page: Path) -> dict[str, str]:
    """The charts of a page that was written, each as an SVG file of its own by section and number.

    They carry the page's style, without which they have no colours.
    """
    style = (files("pipeline.reporting") / "report.css").read_text(encoding="utf-8")
    found = {}
    for name, section in re.findall(
        r'<section id="(\w+)">(.*?)</section>', page.read_text(encoding="utf-8"), re.DOTALL
    ):
        # Greedy within a figure: a drawing may hold another one.
        figures = re.findall(r"<figure>.*?</figure>", section, re.DOTALL)
        charts = [re.search(r'<svg class="chart"([^>]*)>(.*)</svg>', f, re.DOTALL) for f in figures]
        for number, (attributes, drawn) in enumerate((c.groups() for c in charts if c), 1):
            found[f"{name}-{number}"] = (
                f'<svg xmlns="http://www.w3.org/2000/svg"{attributes}>'
                f"<style>{style} svg {{ background: var(--card); }}</style>{drawn}</svg>"
            )
    return found


def page(
    orders: Orders,
    result: Backtest,
    judgement: Judgement,
    assumed: CampaignConfig,
    today: Outlook | None = None,
) -> str:
    """The page as text: the same inputs make the same bytes.

    Parameters
    ----------
    assumed
        What the profit curve takes for granted; it is printed beside the curve.
    today
        What the trained answer says of today's customers; a backtest alone has none.
    """
    rule = judgement.rule
    sections = {
        "grades": report_judgement.grades(judgement.grades),
        "outlook": report_worth.outlook(today, result) if today else "",
        "rule": report_judgement.races(result, judgement),
        "calibration": report_scores.calibration(result),
        "level": report_level.levels(result),
        "lift": report_scores.gains(result, rule),
        "spend": report_worth.deciles(result),
        "ranges": report_level.ranges(result),
        "profit": report_campaign.campaign(campaign(result, assumed, rule), rule),
        "groups": report_judgement.groups(judgement),
        "importance": report_worth.importance(today) if today else "",
        "segments": report_worth.segments(today) if today else "",
        "board": report_scores.board(result),
        "log": report_worth.log(orders),
    }
    about = (
        f"{orders.name} · {orders.first_day} to {orders.last_day} · "
        f"churned means no purchase within {result.horizon_days} days"
    )
    return document(
        f"Churn report: {orders.name}",
        "Who is leaving, and what customers are worth",
        about,
        list(judgement.sentences),
        sections,
        CONTENTS,
    )
