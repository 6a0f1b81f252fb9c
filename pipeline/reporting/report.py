"""One self-contained HTML page on a backtest: no script, no network, no customer's id."""

from pathlib import Path

from features.writing import atomic
from pipeline.campaign_config import CampaignConfig
from pipeline.intake.orders import Orders
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import Judgement
from pipeline.reporting import report_judgement, report_level, report_scores, report_worth
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
        "profit": report_worth.campaign(campaign(result, assumed, rule), rule),
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
