"""The rules of the house that can be counted: short files and functions, rooms that say theirs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HALLS = ("features", "models", "pipeline")
FILES = [path for hall in HALLS for path in sorted((ROOT / hall).rglob("*.py"))]
ROOMS = [path for path in FILES if path.name == "__init__.py"]

MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 300, 40
REASON = "# Long: "
"""Begins the comment that says why a function, or on its first lines a file, is longer."""


def place(path):
    return path.relative_to(ROOT).as_posix()


def lines_of_body(function):
    """Lines below the signature (of a command: its options) and the docstring."""
    first, *rest = function.body
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.end_lineno - (rest[0] if told and rest else first).lineno + 1


def reason_above(function, lines):
    """Is the comment straight above the function, or above its decorators, a reason?"""
    first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    above = first - 2
    while above >= 0 and lines[above].lstrip().startswith("#"):
        if lines[above].lstrip().startswith(REASON):
            return True
        above -= 1
    return False


def too_long(text):
    """What is longer than the house allows, and gives no reason."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES_OF_A_FILE and not any(line.startswith(REASON) for line in lines):
        yield f"{len(lines)} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = lines_of_body(node)
            if length > MOST_LINES_OF_A_FUNCTION and not reason_above(node, lines):
                yield f"{node.name}: {length} lines"


@pytest.mark.slow
def test_files_and_functions_are_short_or_say_why_not():
    found = {place(path): list(too_long(path.read_text())) for path in FILES}
    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 300, 0),
        ("x = 1\n" * 301, 1),
        (f"{REASON}a table of words\n" + "x = 1\n" * 301, 0),
        ("def f():\n" + "    x = 1\n" * 40, 0),
        ("def f():\n" + "    x = 1\n" * 41, 1),
        ('def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 40, 0),
        (f"{REASON}one page\n@g\ndef f():\n" + "    x = 1\n" * 41, 0),
        ("class C:\n    def f(self):\n" + "        x = 1\n" * 41, 1),
    ],
)
def test_a_line_too_many_is_found(text, found):
    assert len(list(too_long(text))) == found


NOT_HERE = re.compile(r"\b(no|not|nothing|never|neither|only|belongs?)\b", re.IGNORECASE)


@pytest.mark.parametrize("room", ROOMS, ids=place)
def test_a_room_says_what_belongs_there_and_what_does_not(room):
    told = ast.get_docstring(ast.parse(room.read_text())) or ""
    first, *_ = told.split("\n\n")
    assert first.endswith("."), "one sentence says what belongs there"
    assert NOT_HERE.search(told), "and one what does not"


SILENCED = re.compile(r"# (?:ruff: )?(?:noqa|type: ignore)")
WITH_REASON = re.compile(r"(?:noqa: [A-Z\d, ]+|type: ignore\[[\w, -]+\]) +[-#]+ ?\w")


def test_a_check_that_is_silenced_says_why():
    lines = {(place(path), line) for path in FILES for line in path.read_text().splitlines()}
    assert [
        one for one in lines if SILENCED.search(one[1]) and not WITH_REASON.search(one[1])
    ] == []
