"""Workbooks (XLSX): a zip of XML from a stranger, so looked over before it is opened."""

import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from features.errors import QuestionError, UserError
from features.readers.header import refuse_twice
from features.readers.source import SourceSpec

LARGEST_CONTENT = 2_000_000_000
"""Bytes of XML; a full sheet of a million orders has a tenth of it."""

LARGEST_GROWTH = 200
LONGEST_NUMBER = 10**15
"""From here on numbers have more digits than the 15 that a spreadsheet keeps."""

_FREE_GROWTH = 50_000_000
_BATCH = 20_000
_MOST_COLUMNS = 2_000
_HEAD = 40
_FILLED = 0.6
"""Rows that are looked at for the header, and the share of the cells that it fills at least."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: its header, and its rows in batches; `above` rows stand above the first."""

    file: Path
    name: str
    names: tuple[str, ...]
    above: int
    size: int

    @property
    def title(self) -> str:
        """File and sheet, for errors."""
        return f"{self.file}, sheet {self.name}"

    def batches(
        self, places: list[int], kinds: list[Counter[str]]
    ) -> Iterator[list[list[str | None]]]:
        """The texts of the cells at `places`; counts the kinds of cell seen into `kinds`.

        Numbers of `LONGEST_NUMBER` or more count once more, as ``rounded``.
        """
        rows: list[list[str | None]] = []
        with _opened(self.file) as book:
            for number, cells in enumerate(book[self.name].iter_rows(values_only=True)):
                if number < self.above:
                    continue
                if all(cell is None for cell in cells):
                    continue
                rows.append([_text(cells, p, kinds[i]) for i, p in enumerate(places)])
                if len(rows) == _BATCH:
                    yield rows
                    rows = []
        if rows:
            yield rows


def sheets(file: Path, spec: SourceSpec) -> list[Sheet]:
    """The sheets of a workbook that hold rows.

    Raises
    ------
    UserError
        For a damaged file, one that unpacks to too much, one with XML entities, a
        sheet that is not there, or a header that is not sound.
    """
    _harmless(file)
    with _opened(file) as book:
        wanted = _wanted(book.sheetnames, spec.sheet)
        if not wanted:
            raise UserError(f"{file}: has no such sheet; there are {', '.join(book.sheetnames)}.")
        found = [_sheet(file, book[name], spec) for name in wanted]
    full = [sheet for sheet in found if sheet is not None]
    if not full:
        raise UserError(f"{file}: no rows, the workbook is blank.")
    _refuse_others(file, full)
    return full


def _wanted(names: list[str], asked: str | None) -> list[str]:
    """The sheets that are asked for, by name or by patterns with | between them."""
    if asked is None or asked in names:
        return names if asked is None else [asked]
    patterns = [pattern.strip() for pattern in asked.split("|")]
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _refuse_others(file: Path, sheets: list[Sheet]) -> None:
    """Stop at sheets of several kinds, and name those of the kind that has most rows."""
    kinds: dict[frozenset[str], list[Sheet]] = {}
    for sheet in sheets:
        kinds.setdefault(frozenset(sheet.names), []).append(sheet)
    if len(kinds) == 1:
        return
    alike = max(kinds.values(), key=lambda group: sum(sheet.size for sheet in group))
    others = [sheet.name for sheet in sheets if sheet not in alike]
    raise QuestionError(
        f"{file}: its sheets have not the same columns. {len(alike)} of {len(sheets)} are alike "
        f"and hold most rows; {', '.join(map(repr, others[:5]))} differ. To read those alike:",
        {"sheet": " | ".join(sheet.name for sheet in alike)},
    )


def arrow(rows: list[list[str | None]], file: int, width: int) -> pa.Table:
    """A batch of cells as the engine takes it in."""
    columns = {"file": pa.array([file] * len(rows), pa.int16())}
    for i in range(width):
        columns[f"c{i}"] = pa.array([row[i] for row in rows], pa.string())
    return pa.table(columns)


def typed(column: str, seen: Counter[str]) -> str:
    """SQL that gives a column of one kind of cell its type back; a mixed one stays text."""
    kinds = set(seen) - {"rounded"}
    target = {"number": "DOUBLE", "integer": "BIGINT", "date": "TIMESTAMP"}
    kind = "number" if kinds == {"number", "integer"} else next(iter(kinds), "")
    if kinds <= {"number", "integer"} or len(kinds) == 1:
        return f"{column}::{target[kind]} AS {column}" if kind in target else column
    return column


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """The workbook, closed with the block; whatever its parsers raise means damage."""
    import openpyxl

    try:
        # Opened here: openpyxl leaves a file open that it cannot make sense of.
        with file.open("rb") as content:
            with warnings.catch_warnings():  # of styles and headers that are not read anyway
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(content, read_only=True, data_only=True)
            with closing(book):
                yield book
    except (UserError, MemoryError):
        raise
    except Exception:
        raise UserError(f"{file}: is no whole workbook; it was cut short or damaged.") from None


def _sheet(file: Path, sheet: Any, spec: SourceSpec) -> Sheet | None:
    if not hasattr(sheet, "iter_rows"):  # a chart sheet
        return None
    rows = list(sheet.iter_rows(max_row=_HEAD + (spec.skip_rows or 0), values_only=True))
    if rows and max(map(len, rows)) > _MOST_COLUMNS:
        raise UserError(f"{file}: sheet {sheet.title} is {max(map(len, rows)):,} columns wide.")
    widths = [sum(cell is not None for cell in row) for row in rows]
    at = next((i for i in range(spec.skip_rows or 0, len(rows)) if widths[i]), None)
    if at is None:
        return None
    if spec.skip_rows is None and spec.header:
        _refuse_title(file, sheet.title, widths, at)
    first = rows[at]
    while first[-1] is None:
        first = first[:-1]
    size = sheet.max_row or 0
    if not spec.header:
        names = tuple(f"column_{i + 1}" for i in range(len(first)))
        return Sheet(file, sheet.title, names, at, size)
    names = tuple(
        str(cell).strip() if cell is not None else f"column_{i + 1}" for i, cell in enumerate(first)
    )
    refuse_twice(names, f"{file}: the header of sheet {sheet.title}")
    return Sheet(file, sheet.title, names, at + 1, size)


def _refuse_title(file: Path, title: str, widths: list[int], at: int) -> None:
    """Rows above the header: a title fills few of the cells that the table below it has."""
    wide = next(i for i, width in enumerate(widths) if width >= _FILLED * max(widths))
    if wide == at or 2 * widths[at] > max(widths):
        return
    raise QuestionError(
        f"{file}, sheet {title}, row {at + 1}: is no header; {widths[at]} of its cells are filled, "
        f"and {widths[wide]} of row {wide + 1}. Leave out what stands above that:",
        {"skip_rows": wide},
    )


def _text(cells: tuple[Any, ...], place: int, kinds: Counter[str]) -> str | None:
    cell = cells[place] if place < len(cells) else None
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        kinds["text"] += 1
        return str(cell).upper()
    if isinstance(cell, (int, float)) and abs(cell) >= LONGEST_NUMBER:
        kinds["rounded"] += 1
    if isinstance(cell, int):
        kinds["integer" if abs(cell) < 2**63 else "text"] += 1
        return str(cell)
    if isinstance(cell, float):
        kinds["number"] += 1
        return repr(cell)
    if isinstance(cell, (datetime, date)):
        kinds["date"] += 1
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    kinds["text"] += 1
    return str(cell)


def _harmless(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _no_bomb(file, members)
            for member in members:
                if re.search(r"\.(xml|rels|vml)$", member.filename, re.IGNORECASE):
                    _no_entities(file, archive, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError):
        raise UserError(f"{file}: is no whole workbook; it was cut short or damaged.") from None


def _no_bomb(file: Path, members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    packed = file.stat().st_size
    if size > LARGEST_CONTENT or (size > _FREE_GROWTH and size > LARGEST_GROWTH * packed):
        raise UserError(
            f"{file}: unpacks to {size / 1e9:.1f} GB, as archive bombs do. Save the sheet as CSV."
        )


class _RootReachedError(Exception):
    """The prologue is over, and with it every chance to declare an entity."""


def _no_entities(file: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    def refuse(*_: Any) -> None:
        raise UserError(
            f"{file}: declares XML entities, which no spreadsheet writes. Save the sheet as CSV."
        )

    def stop(*_: Any) -> None:
        raise _RootReachedError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        with archive.open(member) as stream:
            parser.ParseFile(stream)
    except (_RootReachedError, expat.ExpatError):
        return
