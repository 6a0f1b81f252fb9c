"""The watch as one HTML page: verdict, signals, scorings, drift, weeks; no customer."""

from datetime import timedelta
from pathlib import Path

from features.writing import atomic
from pipeline.markup import Row, figure, paragraph, section, table
from pipeline.reporting import charts
from pipeline.reporting.charts import Line
from pipeline.reporting.document import document
from pipeline.watching import words
from pipeline.watching.monitor import Monitored

CONTENTS = {
    "signals": "Signals",
    "scorings": "Earlier scorings",
    "segments": "By segment",
    "drift": "Drift",
    "weeks": "Weeks",
}


def write(path: Path, found: Monitored) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(found), encoding="utf-8")


def page(found: Monitored) -> str:
    """The page as text."""
    return document(
        f"{found.log}, watched",
        f"{found.log}: does the model still hold?",
        f"orders before {found.day} · model {found.model_version}, learned up to "
        f"{found.learned_until}",
        found.sentences,
        _sections(found),
        CONTENTS,
        styles=("report.css", "business.css"),
    )


def _sections(found: Monitored) -> dict[str, str]:
    return {
        "signals": _told(
            "signals",
            "Signals",
            table("Every signal, alarms first", words.SIGNALS, _rows(words.signals(found)), (0, 4)),
            "An alarm is beyond its limit (`monitoring` in the config) and, where standard errors "
            "are given, beyond chance (`monitoring.chance` of them).",
        ),
        "scorings": _told(
            "scorings",
            "What earlier scorings expected, and what came",
            table("Customers as scored", words.SCORINGS, _rows(words.scorings(found))),
            "No purchase: the share expected without one within the days that are over, and the "
            "share that came so. Promised: the mean log loss of the backtest's cutoffs. Recency: "
            "the log loss of recency alone.",
        )
        if found.scorings
        else "",
        "segments": section(
            "segments",
            "By segment",
            *(
                table(one.words.capitalize(), words.SEGMENTS, _rows(words.segments(one)))
                for one in found.scorings[-2:]
            ),
        ),
        "drift": _told(
            "drift",
            "Today's customers beside those of the training",
            table(
                "Features that move the answer most", words.FEATURES, _rows(words.features(found))
            ),
            "The move is the mean p_churn less the one that customers weighted to the training's "
            "distribution of the feature would have. Moves do not add up.",
        )
        if found.drift
        else "",
        "weeks": section("weeks", "Purchase days a week", _weeks(found)),
    }


def _told(name: str, title: str, content: str, note: str) -> str:
    return section(name, title, content, paragraph(note, "note-text"))


def _rows(rows: list[tuple[str, ...]]) -> list[Row]:
    return [("", row) for row in rows]


def _weeks(found: Monitored) -> str:
    table_ = found.weeks.iloc[::-1]
    if table_.empty:
        return ""
    starts = [found.day - timedelta(days=7 * (int(week) + 1)) for week in table_.index]
    at, counts = [float(day.toordinal()) for day in starts], table_["purchases"].tolist()
    x = charts.time_axis(starts[0], found.day, "")
    y = charts.axis(counts, "purchase days", ",.0f", zero=True)
    hover = [
        (a, f"week from {day}: {n:,.0f}") for a, day, n in zip(at, starts, counts, strict=True)
    ]
    drawing = charts.lines("Purchase days by week.", x, y, [Line("main", at, counts)], hover=hover)
    return figure("How much comes in", drawing, "Weeks counted back from the log's end.")
