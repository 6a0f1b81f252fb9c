"""ibis on PostgreSQL: a log is checked, and made into purchase days, where it lies.

What is kept for a while is a temporary table of the session; each question, and what fills such a
table, runs read-only.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.postgres import Backend
from ibis.expr.schema import Schema

from features.engines.compiled import Named
from features.engines.duckdb import quote
from features.engines.postgres_dialect import Compiler
from features.engines.postgres_kinds import BYTES, as_text, in_ibis, typed

LETTERS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu")
"""Collations that know the lower case of every letter, the simplest first."""


@dataclass(frozen=True)
class Rows:
    """Rows of a table: ``row`` (from 1), ``file`` (0), ``digest``, and its cells.

    `columns` maps the table's names to cells as they are read, `written` those of other types to
    the same cells as texts.
    """

    rows: ir.Table
    columns: dict[str, str]
    written: dict[str, str]


class Engine(Named, Backend):
    """ibis on one session; texts are compared by their bytes, and lower case is Unicode's."""

    def set_letters(self) -> None:
        """Find a collation that knows the lower case of every letter."""
        found = self.con.execute(
            "SELECT collname FROM pg_collation WHERE collname = ANY(%s) AND collencoding IN "
            "(-1, pg_char_to_encoding('UTF8')) AND pg_encoding_to_char((SELECT encoding FROM "
            "pg_database WHERE datname = current_database())) = 'UTF8'",
            [list(LETTERS)],
        ).fetchall()
        names = [name for (name,) in found]
        self.compiler = Compiler()
        self.compiler.letters = next((name for name in LETTERS if name in names), None)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Any]:
        """A part of the transaction in which nothing but temporary tables can be written."""
        with self.con.transaction(), self.con.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield cursor

    def create_table(self, name: str, /, obj: Any = None, **more: Any) -> ir.Table:
        """Keep the rows of an expression for this session."""
        if not isinstance(obj, ir.Table):
            return super().create_table(name, obj, **more)
        self._run_pre_execute_hooks(obj)
        schema = obj.schema()
        kinds = self.compiler.type_mapper
        columns = ", ".join(
            f"{quote(column)} {kinds.to_string(kind)}" + f' COLLATE "{BYTES}"' * kind.is_string()
            for column, kind in schema.items()
        )
        self.con.execute(f"CREATE TEMPORARY TABLE {quote(name)} ({columns})")
        with self.reading() as cursor:
            cursor.execute(f"INSERT INTO {quote(name)} {self.compile(obj)}")
        return self._named(name, schema)

    def drop_table(self, name: str, /, **_: Any) -> None:
        """Give back what `create_table` keeps, with the views that look at it."""
        self.con.execute(f"DROP TABLE {quote(name)} CASCADE")

    def create_view(self, name: str, /, obj: Any, **_: Any) -> ir.Table:
        """An expression under a name; what it holds is computed once a row."""
        # OFFSET: else it is put in place of each of its columns, as often as they are asked for.
        self.con.execute(f"CREATE TEMPORARY VIEW {quote(name)} AS ({self.compile(obj)}) OFFSET 0")
        return self._named(name, obj.schema())

    def to_pyarrow(self, expr: ir.Expr, /, **_: Any) -> Any:
        """What an expression holds; all of it at once."""
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        with self.reading() as cursor:
            rows = cursor.execute(self.compile(table)).fetchall()
        schema = table.schema().to_pyarrow()
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        found = pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema
        )
        return expr.__pyarrow_result__(found)

    def fingerprint(self, table: ir.Table) -> str:
        """32 hex digits over every value of every row, whatever their order; PostgreSQL's own."""
        columns = ", ".join(quote(name) for name in table.columns)
        with self.reading() as cursor:
            sums = cursor.execute(
                "SELECT count(*), sum(digest), sum(hashint8extended(digest, 1)) FROM (SELECT "  # noqa: S608 -- quoted
                f'hashtextextended(ROW({columns})::text COLLATE "{BYTES}", 0) AS digest '
                f"FROM ({self.compile(table)}) AS used) AS digests"
            ).fetchone()
        kinds = [str(kind) for kind in table.schema().types]
        text = repr((table.columns, kinds, tuple(map(str, sums))))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def copy_csv(self, rows: ir.Table, path: Path) -> None:
        """Stream the rows of an expression into a CSV file without a header."""
        copied = f"COPY ({self.compile(rows)}) TO STDOUT (FORMAT csv)"
        with self.reading() as cursor, cursor.copy(copied) as copy, path.open("wb") as file:
            for block in copy:
                file.write(block)

    def read_table(
        self,
        table: str,
        kinds: Mapping[str, str],
        moment: str,
        numbers: Sequence[str],
        timezone: str | None,
    ) -> Rows:
        """The rows of a table in the order they lie in, cells as texts but for these columns.

        Parameters
        ----------
        table
            Its name as SQL reads it.
        kinds
            Its columns, and what PostgreSQL calls their types.
        moment
            A column of `MOMENTS`; of one with a time zone, what the clocks of `timezone` showed.
        numbers
            Columns of `NUMBERS`.
        """
        texts = {name: f"c{i}" for i, name in enumerate(kinds)}
        numerals = {name: f"n{i}" for i, name in enumerate((moment, *numbers))}
        cells = [f"{as_text(name, kinds[name])} AS {place}" for name, place in texts.items()]
        cells += [
            f"{typed(name, kinds[name], timezone)} AS {place}" for name, place in numerals.items()
        ]
        filled = ", ".join(f"nullif({place}, '')" for place in texts.values())
        name = self.fresh("log")
        # The order of rows is theirs: no scan begins in the middle, and none is shared out.
        self.con.execute(
            f"CREATE TEMPORARY VIEW {quote(name)} AS SELECT row_number() OVER () AS row, "  # noqa: S608 -- quoted
            f'0::smallint AS file, hashtextextended(ROW({filled})::text COLLATE "{BYTES}", 0) '
            f"AS digest, {', '.join([*texts.values(), *numerals.values()])} "
            f"FROM (SELECT {', '.join(cells)} FROM {table} OFFSET 0) AS cells"
        )
        schema = {"row": "int64", "file": "int16", "digest": "int64"}
        schema |= dict.fromkeys(texts.values(), "string")
        schema |= {place: in_ibis(kinds[name]) for name, place in numerals.items()}
        written = {name: texts[name] for name in numerals}
        return Rows(
            self._named(name, Schema.from_tuples(schema.items())), texts | numerals, written
        )

    def _named(self, name: str, schema: Schema) -> ir.Table:
        return ops.DatabaseTable(
            name, schema=schema, source=self, namespace=ops.Namespace()
        ).to_expr()
