# ruff: noqa: S608 -- names reach a query by `quote`, paths by `literal`
"""From the files of a source to one raw table, nothing guessed and nothing converted.

Text stays text. Inside the engine columns are called by their place, so a name
in a header never becomes part of a query, whatever characters it is made of.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

import duckdb
import ibis.expr.types as ir

from features.engines import postgres
from features.engines.duckdb import Engine, literal, quote
from features.engines.postgres_kinds import NUMBERS
from features.errors import UserError
from features.readers import delimited, workbook
from features.readers.files import exact, expand, file_format, is_database
from features.readers.parquet import parquet_shape
from features.readers.source import SourceSpec

MOST_COLUMNS = 2_000
_CASTS = {"TIMESTAMPTZ_NS": "::TIMESTAMPTZ"}  # what pandas writes, and no expression knows


@dataclass(frozen=True)
class Raw:
    """A source as it stands in its files.

    `table` has ``row`` (from 1, over all files), ``file`` (place in `files`), ``digest``
    (equal for rows that are equal in every column) and one column per name in
    `columns`, which maps the header's names to the table's. `rounded` counts the numbers
    of a workbook's column that are too long for a spreadsheet to have kept every digit. `written`
    maps names whose cells are of another type here to the cells as they stand in the source;
    `numbers` are those whose cells are texts here and numbers there.
    """

    table: ir.Table
    columns: dict[str, str]
    files: tuple[Path, ...]
    format: str
    text: bool
    lines_above: tuple[int | None, ...] = ()
    rounded: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    owned: tuple[str, ...] = field(default=(), repr=False)

    def first_rows(self) -> list[int]:
        """The first row of each file; of a file without rows, anything."""
        if len(self.files) == 1:
            return [1]
        found = self.table.group_by("file").aggregate(first=self.table.row.min()).to_pyarrow()
        firsts = {row["file"]: row["first"] for row in found.to_pylist()}
        return [firsts.get(i, 1) for i in range(len(self.files))]

    def place(self, row: int) -> str:
        """Where a row stands, for an error: its line in a text file, else its number."""
        firsts = self.first_rows()
        file = max((i for i, first in enumerate(firsts) if first <= row), key=lambda i: firsts[i])
        where = f"{self.files[file]}, " if len(self.files) > 1 else ""
        return where + self._line(file, row - firsts[file] + 1)

    def _line(self, file: int, row: int) -> str:
        above = self.lines_above[file] if self.lines_above else None
        return f"row {row}" if above is None else f"line {row + above}"

    def drop(self) -> None:
        """Give the engine's memory back; rows that are not loaded hold none, and stay at hand."""
        engine = self.table.get_backend()
        for statement in self.owned:
            engine.raw_sql(statement)


def read(engine: Engine, spec: SourceSpec) -> Raw:
    """Read a source into the engine.

    Delimited text is loaded as text; a Parquet file or workbook keeps its types.

    Raises
    ------
    UserError
        If there is no such file, or it is damaged, or files of one source differ.
    """
    if is_database(spec.source):
        copied = postgres.export(spec.source, spec.table, engine.scratch)
        return read_exported(engine, *copied, spec)
    files = expand(spec.source)
    kind = _one_format(files, spec)
    spec = spec.model_copy(update={"format": kind})
    try:
        if kind == "parquet":
            return _read_parquet(engine, files)
        if kind == "xlsx":
            return workbook_table(engine, files, spec)
        return _read_text(engine, [delimited.inspect(f, spec, engine.scratch) for f in files], kind)
    except OSError as error:
        raise UserError(f"{spec.source}: cannot be read: {error.strerror or 'damaged'}.") from None


def read_exported(engine: Engine, path: Path, kinds: Mapping[str, str], spec: SourceSpec) -> Raw:
    """A table by way of the text it was copied to, which is deleted: every digit is kept.

    `kinds` are its columns, and what PostgreSQL calls their types.
    """
    try:
        exported = delimited.inspect(path, SourceSpec(source=str(path), delimiter=","), path.parent)
        raw = _read_text(engine, [replace(exported, origin=Path(str(spec.table)))], "table")
        return replace(raw, numbers=frozenset(n for n, kind in kinds.items() if kind in NUMBERS))
    finally:
        path.unlink()


def _one_format(files: list[Path], spec: SourceSpec) -> str:
    if spec.format is not None:
        return spec.format
    kinds = {file_format(file) for file in files}
    if len(kinds) > 1:
        raise UserError(
            f"{spec.source}: holds files of several kinds. Name one: a pattern such as '*.csv'."
        )
    kind = kinds.pop()
    if kind is None:
        raise UserError(
            f"{files[0]}: the name does not say how the file is written. "
            "Set log.format: csv, tsv, parquet or xlsx."
        )
    return kind


def _read_text(engine: Engine, files: list[delimited.Delimited], kind: str) -> Raw:
    names = _same_columns([(file.origin, file.names) for file in files])
    selects = [_text_select(file, i, names) for i, file in enumerate(files)]
    table = engine.fresh("raw")
    try:
        engine.raw_sql(f"CREATE TABLE {quote(table)} AS {' UNION ALL '.join(selects)}")
    except duckdb.InvalidInputException as error:
        # `from None`: the engine's message prints whole rows of customers.
        raise delimited.explain(str(error), files) from None
    view = f"{table}_rows"
    engine.raw_sql(
        f"CREATE VIEW {quote(view)} AS SELECT rowid + 1 AS row, {_digest(len(names))}, * "
        f"FROM {quote(table)}"
    )
    _ragged_blanks(engine, view, files)
    counted = engine.raw_sql(f"SELECT file, count(*) FROM {quote(table)} GROUP BY file")
    rows = dict(counted.fetchall())
    return Raw(
        engine.table(view),
        {name: f"c{i}" for i, name in enumerate(names)},
        tuple(file.origin for file in files),
        kind,
        text=True,
        lines_above=tuple(file.line_above(rows.get(i, 0)) for i, file in enumerate(files)),
        owned=(f"DROP VIEW {quote(view)}", f"DROP TABLE {quote(table)}"),
    )


def _text_select(file: delimited.Delimited, index: int, names: Sequence[str]) -> str:
    """Columns in the order of `names`; a file may have them in another."""
    places = [file.names.index(name) for name in names]
    options = (
        f"[{literal(exact(file.path))}], auto_detect = false, header = false, skip = {file.skip}, "
        f"strict_mode = true, nullstr = '', encoding = 'utf-8', "
        f"max_line_size = {delimited.LONGEST_LINE}, compression = 'none'"
    )
    if file.delimiter is None:
        cells = ", ".join(
            f"CASE WHEN len(cells) = {len(names)} THEN cells[{p + 1}] END AS c{i}"
            for i, p in enumerate(places)
        )
        return (
            f"SELECT {index}::SMALLINT AS file, {cells}, len(cells) AS width FROM ("
            f"SELECT string_split_regex(trim(line, ' \t'), '[ \t]+') AS cells "
            f"FROM read_csv({options}, columns = {{'line': 'VARCHAR'}}, "
            f"delim = '\x1f', quote = '', escape = '') "
            f"WHERE trim(line, ' \t') <> '')"
        )
    kinds = ", ".join(f"'s{i}': 'VARCHAR'" for i in range(file.cells))
    cells = ", ".join(f"s{p} AS c{i}" for i, p in enumerate(places))
    last, told = f"s{file.cells - 1}", literal(delimited.UNNAMED)
    blank = f"WHERE CASE WHEN {last} IS NULL THEN true ELSE error({told})::BOOLEAN END"
    return (
        f"SELECT {index}::SMALLINT AS file, {cells} "
        f"FROM read_csv({options}, columns = {{{kinds}}}, "
        f"delim = {literal(file.delimiter)}, quote = '\"', escape = '\"') "
        f"{blank if file.cells > len(names) else ''}"
    )


def _ragged_blanks(engine: Engine, view: str, files: list[delimited.Delimited]) -> None:
    """Lines split at blanks that have not as many cells as the header."""
    if files[0].delimiter is not None:
        return
    width = len(files[0].names)
    wrong = engine.raw_sql(
        f"SELECT count(*), min(row) FROM {quote(view)} WHERE width <> {width}"
    ).fetchall()[0]
    if wrong[0]:
        raise UserError(
            f"{files[0].origin}: {wrong[0]:,} rows have not {width} cells as the header has "
            f"(first: line {wrong[1] + files[0].skip}). "
            "Blanks within a text cannot be told from delimiters."
        )


def _read_parquet(engine: Engine, files: list[Path]) -> Raw:
    described = [(file, *parquet_shape(engine, file)) for file in files]
    names = _same_columns([(file, tuple(found)) for file, found, _ in described])
    cells = ", ".join(
        f"{quote(called)}{_CASTS.get(kind, '')} AS c{i}"
        for i, (called, kind) in enumerate(described[0][1].values())
    )
    offsets = [0, *accumulate(rows for _, _, rows in described)][:-1]
    view = engine.fresh("raw")
    engine.raw_sql(
        f"CREATE VIEW {quote(view)} AS SELECT {literal(offsets)}[file + 1] + nth + 1 AS row, "
        f"file::SMALLINT AS file, {_digest(len(names))}, * EXCLUDE (file, nth) FROM ("
        f"SELECT file_index::BIGINT AS file, file_row_number AS nth, {cells} "
        f"FROM read_parquet({literal([exact(file) for file in files])}, "
        f"hive_partitioning = false, union_by_name = false))"
    )
    return Raw(
        engine.table(view),
        {name: f"c{i}" for i, name in enumerate(names)},
        tuple(files),
        "parquet",
        text=False,
    )


def workbook_table(engine: Engine, files: list[Path], spec: SourceSpec) -> Raw:
    """Load workbooks by way of the text of their cells, then give typed columns their type back."""
    sheets = [sheet for file in files for sheet in workbook.sheets(file, spec)]
    names = _same_columns([(Path(sheet.title), sheet.names) for sheet in sheets])
    table = engine.fresh("raw")
    cells = ", ".join(f"c{i} VARCHAR" for i in range(len(names)))
    engine.raw_sql(f"CREATE TABLE {quote(table)} (file SMALLINT, {cells})")
    kinds: list[Counter[str]] = [Counter() for _ in names]
    for sheet in sheets:
        places = [sheet.names.index(name) for name in names]
        for rows in sheet.batches(places, kinds):
            batch = workbook.arrow(rows, files.index(sheet.file), len(names))
            engine.con.register("incoming", batch)
            engine.raw_sql(f"INSERT INTO {quote(table)} FROM incoming")
            engine.con.unregister("incoming")
    view = f"{table}_rows"
    typed = ", ".join(workbook.typed(f"c{i}", kinds[i]) for i in range(len(names)))
    engine.raw_sql(
        f"CREATE VIEW {quote(view)} AS SELECT rowid + 1 AS row, file, {_digest(len(names))}, "
        f"{typed} FROM {quote(table)}"
    )
    return Raw(
        engine.table(view),
        {name: f"c{i}" for i, name in enumerate(names)},
        tuple(files),
        "xlsx",
        text=False,
        rounded={name: seen["rounded"] for name, seen in zip(names, kinds, strict=True)},
        owned=(f"DROP VIEW {quote(view)}", f"DROP TABLE {quote(table)}"),
    )


def _digest(width: int) -> str:
    """A number that tells a row, all its columns together, from others."""
    return f"hash({', '.join(f'c{i}' for i in range(width))}) AS digest"


def _same_columns(described: Sequence[tuple[Path, Sequence[str]]]) -> tuple[str, ...]:
    origin, names = described[0]
    if len(names) > MOST_COLUMNS:
        raise UserError(f"{origin}: has {len(names):,} columns, more than {MOST_COLUMNS:,}.")
    for other, found in described[1:]:
        missing = sorted(set(names) ^ set(found))
        if missing:
            raise UserError(
                f"{other}: has not the columns of {origin}; they differ in "
                f"{', '.join(map(repr, missing[:5]))}. Files of one log are alike."
            )
    return tuple(names)
