"""The header of a delimited text: its delimiter and its names, or why it is none."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from features.errors import QuestionError, UserError
from features.readers.source import SourceSpec

_HEAD = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_STEADY = 0.6
"""Share of a file's first lines that must be of one width for it to be the table's."""


@dataclass(frozen=True)
class Header:
    """Delimiter (None: any run of blanks), names of the columns, and lines above the rows.

    `cells` is how many cells a row has: one more than names where all rows end in a delimiter.
    """

    delimiter: str | None
    names: tuple[str, ...]
    skip: int
    cells: int


def header(origin: Path, path: Path, spec: SourceSpec) -> Header:
    """Find the header of a text file.

    Raises
    ------
    UserError
        If the file is blank, or a name stands twice, or the header is none.
    """
    lines = _first_lines(path)
    filled = [i for i, line in enumerate(lines) if line.strip() and i >= (spec.skip_rows or 0)]
    if filled and (announced := re.fullmatch(r"sep=(.)", lines[filled[0]])):
        # Spreadsheets write the delimiter on a line of its own.
        spec, filled = spec.model_copy(update={"delimiter": announced[1]}), filled[1:]
    if not filled:
        raise UserError(f"{origin}: no rows, the file is blank.")
    if spec.skip_rows is None:
        _refuse_title(origin, lines, filled, spec)
    at = filled[0]
    delimiter = _delimiter(lines[at:], spec)
    if spec.header and delimiter is not None and not _well_quoted(lines[at], delimiter):
        raise UserError(
            f"{origin}, line {at + 1}: a quote in the header is not closed in this line, or stands "
            "where none can. Write the header in one line, each name between two quotes or none."
        )
    first = lines[at].split() if delimiter is None else cells(lines[at], delimiter)
    if not spec.header:
        names = tuple(f"column_{i + 1}" for i in range(len(first)))
        return Header(delimiter, names, at, len(first))
    names = tuple(name.strip() for name in first)
    if len(names) > 1 and not names[-1] and _narrower(lines[at + 1 :], delimiter, len(names)):
        names = names[:-1]
    named = tuple(name or f"column_{i + 1}" for i, name in enumerate(names))
    refuse_twice(named, f"{origin}, line {at + 1}: the header")
    _refuse_an_order(names, origin, at + 1)
    more = int(spec.trailing_delimiter == "ignore" and delimiter is not None)
    return Header(delimiter, named, at + 1, len(named) + more)


def _first_lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        block = file.read(_HEAD)
    head = codecs.getincrementaldecoder("utf-8-sig")().decode(block)
    lines = re.split(r"\r\n|\n|\r", head)
    return (lines[:-1] if len(block) == _HEAD else lines)[:200]


def _refuse_title(origin: Path, lines: list[str], filled: list[int], spec: SourceSpec) -> None:
    """Lines above the header: a title has fewer cells than the table below it."""
    named = {None: _DELIMITERS, "tab": ("\t",), "whitespace": ()}
    words = {len(lines[i].split()) for i in filled}
    if len(words) == 1 and words != {1}:  # parted by blanks
        return
    tallies = []
    for mark in named.get(spec.delimiter, (str(spec.delimiter),)):
        widths = [_width(cells(lines[i], mark)) for i in filled]
        usual, times = Counter(widths).most_common(1)[0]
        if usual > 1 and times >= max(2, _STEADY * min(len(widths), 40)):
            tallies.append((times, usual, widths, mark))
    if not tallies:
        return
    _, usual, widths, mark = max(tallies)
    start = widths.index(usual)
    title = all(width == 1 or usual - width > 1 for width in widths[:start])
    if start and title and _well_quoted(lines[filled[0]], mark):
        at = filled[start]
        raise QuestionError(
            f"{origin}, line {filled[0] + 1}: is no header; it has {_count(widths[0], 'cell')} and "
            f"the lines from line {at + 1} on have {usual}. Leave out what stands above them:",
            {"skip_rows": at},
        )


def _width(row: list[str]) -> int:
    """The cells of a line; of a title that a spreadsheet padded with blank ones, those filled."""
    filled = sum(bool(cell.strip()) for cell in row)
    return filled if filled <= 2 and len(row) - filled > 1 and not any(row[filled:]) else len(row)


def _narrower(rows: list[str], delimiter: str | None, width: int) -> bool:
    """Whether the first row has one cell less: only the header ends in a delimiter."""
    first = next((row for row in rows if row.strip()), "")
    return delimiter is not None and len(cells(first, delimiter)) == width - 1


def all_end_in(path: Path, delimiter: str, width: int, skip: int) -> bool:
    """Whether each of the first rows has one cell more than `width`, and it is blank."""
    rows = [cells(line, delimiter) for line in _first_lines(path)[skip:] if line.strip()]
    return all(len(row) == width + 1 and not row[-1] for row in rows)


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'s' * (n != 1)}"


def _delimiter(lines: list[str], spec: SourceSpec) -> str | None:
    """The delimiter; None stands for any run of blanks."""
    if spec.delimiter is not None:
        return {"tab": "\t", "whitespace": None}.get(spec.delimiter, spec.delimiter)
    if spec.format == "tsv":
        return "\t"
    lines = [line for line in lines if line.strip()]
    widths = {mark: len(cells(lines[0], mark)) for mark in _DELIMITERS}
    # Rows decide between marks that both stand in the header: a mark that is none varies.
    steady = [m for m in _DELIMITERS if widths[m] > 1 and _steady(lines, m, widths[m])]
    best = max(steady or _DELIMITERS, key=lambda mark: widths[mark])
    if widths[best] > 1:
        return best
    counts = {len(line.split()) for line in lines}
    return None if len(counts) == 1 and counts != {1} else ","


def _steady(lines: list[str], mark: str, width: int) -> bool:
    agree = sum(len(cells(line, mark)) == width for line in lines[1:])
    return agree >= 0.9 * (len(lines) - 1)


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line; none if it is no well-formed line."""
    with suppress(csv.Error):
        return next(csv.reader([line], delimiter=delimiter), [])
    return []


def _well_quoted(line: str, delimiter: str) -> bool:
    """Whether all quoted cells end in the line, each just before a delimiter or the end."""
    try:
        next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return False
    return True


def refuse_twice(names: Sequence[str], header: str) -> None:
    """Stop where two columns have one name; `header` says in words where the names stand.

    Raises
    ------
    UserError
        With each such name, and the columns that have it.
    """
    twice = {name: times for name, times in Counter(names).items() if times > 1}
    if not twice:
        return
    places = {n: [i for i, other in enumerate(names, 1) if other == n] for n in list(twice)[:5]}
    told = [f"{n!r} more than once (columns {_and(map(str, at))})" for n, at in places.items()]
    more = f" and {len(twice) - 5} others" if len(twice) > 5 else ""
    raise UserError(f"{header} names {_and(told)}{more}. Give each column a name of its own.")


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _refuse_an_order(names: tuple[str, ...], origin: Path, line: int) -> None:
    if names and all(re.fullmatch(r"[\d\s.,:/+-]*", name) for name in names):
        raise UserError(
            f"{origin}, line {line}: this looks like an order, not like a header. "
            "If there is no header, set log.header: false."
        )
