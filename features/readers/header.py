"""The header of a delimited text: its delimiter and its names, or why it is none."""

import codecs
import csv
import re
from contextlib import suppress
from pathlib import Path

from features.errors import UserError
from features.readers.source import SourceSpec

_HEAD = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")


def header(origin: Path, path: Path, spec: SourceSpec) -> tuple[str | None, tuple[str, ...], int]:
    """Delimiter (None: any run of blanks), names of the columns, and lines above the rows.

    Raises
    ------
    UserError
        If the file is blank, or a name stands twice, or the header is none.
    """
    with path.open("rb") as file:
        block = file.read(_HEAD)
    head = codecs.getincrementaldecoder("utf-8-sig")().decode(block)
    lines = re.split(r"\r\n|\n|\r", head)
    if len(block) == _HEAD:
        lines = lines[:-1]
    lines = lines[:200]
    filled = [i for i, line in enumerate(lines) if line.strip()]
    if filled and (announced := re.fullmatch(r"sep=(.)", lines[filled[0]])):
        # Spreadsheets write the delimiter on a line of its own.
        spec, filled = spec.model_copy(update={"delimiter": announced[1]}), filled[1:]
    if not filled:
        raise UserError(f"{origin}: no rows, the file is blank.")
    at = filled[0]
    delimiter = _delimiter(lines[at:], spec)
    if spec.header and delimiter is not None and not _well_quoted(lines[at], delimiter):
        raise UserError(
            f"{origin}, line {at + 1}: a quote in the header is not closed in this line, or stands "
            "where none can. Write the header in one line, each name between two quotes or none."
        )
    first = lines[at].split() if delimiter is None else cells(lines[at], delimiter)
    if not spec.header:
        return delimiter, tuple(f"column_{i + 1}" for i in range(len(first))), at
    names = [name.strip() for name in first]
    _sound_names(names, origin, at + 1)
    return delimiter, tuple(name or f"column_{i + 1}" for i, name in enumerate(names)), at + 1


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


def _sound_names(names: list[str], origin: Path, line: int) -> None:
    if len(names) > 1 and not names[-1]:
        raise UserError(f"{origin}, line {line}: the header ends in a delimiter; remove it.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(
            f"{origin}, line {line}: the header names {_listed(twice)} more than once. "
            "Give each column a name of its own."
        )
    if names and all(re.fullmatch(r"[\d\s.,:/+-]*", name) for name in names):
        raise UserError(
            f"{origin}, line {line}: this looks like an order, not like a header. "
            "If there is no header, set log.header: false."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more
