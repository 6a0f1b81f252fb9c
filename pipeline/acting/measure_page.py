"""A measurement as one HTML page: the verdict, differences, segments; no customer."""

from pathlib import Path

from features.writing import atomic
from pipeline.acting import measure_words
from pipeline.acting.measured import Measurement
from pipeline.markup import paragraph, section, table
from pipeline.reporting.document import document

CONTENTS = {"differences": "Differences", "segments": "Segments"}


def write(path: Path, found: Measurement) -> None:
    """Write the page to `path`, all of it or nothing."""
    with atomic(path) as draft:
        draft.write_text(page(found), encoding="utf-8")


def page(found: Measurement) -> str:
    """The page as text; without a verdict no difference is shown."""
    shown = dict.fromkeys(CONTENTS, "") if found.doubts else _sections(found)
    return document(
        f"Campaign {found.campaign}, measured",
        f"Campaign {found.campaign}: what it changed",
        f"{measure_words.days(found)} · plan {found.fingerprint[:12]}",
        list(found.verdict),
        shown,
        CONTENTS,
    )


def _sections(found: Measurement) -> dict[str, str]:
    tables = (
        table(
            measure_words.title(one),
            measure_words.DIFFERENCES,
            [("", row) for row in measure_words.differences(one)],
        )
        for one in found.comparisons
    )
    segments = [("", row) for row in measure_words.segments(found)]
    return {
        "differences": section(
            "differences",
            "Treated less control",
            *tables,
            paragraph(
                "By intention to treat: customers count in the group they were drawn into. The "
                "difference is adjusted by what the scores expected (Lin 2013, HC3); the plain one "
                "compares within blocks.",
                "note-text",
            ),
        ),
        "segments": section(
            "segments",
            "By segment",
            table("Gained, as a share of what was at stake", measure_words.SEGMENTS, segments)
            if segments
            else "",
        ),
    }
