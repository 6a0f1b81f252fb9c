"""Each term that a user meets in a column stands on the page of words, and has one meaning."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent.parent / "docs/words.md").read_text()
ROWS = [line.split(" | ", 1) for line in PAGE.splitlines() if re.match(r"\| (?!word|column)", line)]


def told(text):
    """Columns named in the first cells, and the lengths that stand in brackets beside them."""
    names = set(re.findall(r"`([\w]+)`", text))
    for length in re.findall(r"\(([\d, ]+)\)", text):
        for number in length.split(", "):
            names |= {re.sub(r"\d+(?=d?$)", number, name) for name in names}
    return names


TOLD = set().union(*(told(row[0]) for row in ROWS))


def columns():
    from features.customer.catalogue import NAMES
    from pipeline.learning.backtest import COLUMNS
    from pipeline.scoring.score import SCHEMA

    return {"scores": SCHEMA.names, "leaderboard": COLUMNS, "features": NAMES}


@pytest.mark.parametrize("table", ["scores", "leaderboard", "features"])
def test_every_column_is_on_the_page(table):
    assert [name for name in columns()[table] if name not in TOLD | {"contender", "cutoff"}] == []


def test_no_word_has_two_meanings():
    words = [row[0] for row in ROWS]
    assert len(words) == len(set(words))


def test_every_segment_is_on_the_page():
    from models.explain.segments import SEGMENTS

    assert [name for name in SEGMENTS if name not in PAGE] == []
