# ruff: noqa: S608 -- names reach a query by `quote`, values by `literal`
"""DuckDB, the embedded engine: runs the features out of core on one machine.

A log is a stranger's file. The connection therefore reads only the folders it
was given, loads no extension, opens no socket and cannot be talked out of it.
"""

import contextlib
import glob
import hashlib
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr.schema import Schema

from features.engines.compiled import Named, compiled
from features.engines.dialect import Compiler
from features.engines.memory import usual_limit
from features.errors import UserError

BATCH_ROWS = 100_000

_DAMAGE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)


class Engine(Named, Backend):
    """ibis on DuckDB 2, whose Arrow methods were renamed after ibis 12 was made.

    `scratch` is a folder of this connection's own, gone when the connection is.
    """

    compiler = Compiler()
    scratch: Path
    # As they are called in memory: else each table that is made would ask for them first.
    current_catalog = "memory"
    current_database = "main"

    @cached_property
    def db_identity(self) -> str:
        """What tells connections apart: to ibis all in memory are one, see `findings`."""
        return os.fspath(self.scratch)

    def get_schema(
        self, table_name: str, *, catalog: str | None = None, database: str | None = None
    ) -> Schema:
        """Names and types of a table's columns."""
        parts = [part for part in (catalog, database, table_name) if part]
        quoted = ".".join(quote(part) for part in parts)
        try:
            return self._get_schema_using_query(f"FROM {quoted}")
        except duckdb.CatalogException:
            raise ibis.common.exceptions.TableNotFound(table_name) from None

    def _get_schema_using_query(self, query: str) -> Schema:
        described = self.con.execute(f"DESCRIBE {query}").fetchall()
        return Schema({name: _type_of(str(kind)) for name, kind, *_ in described})

    def compile(self, expr: ir.Expr, /, *, limit: Any = None, **more: Any) -> str:
        """The text of a query; compiled once a process, whatever the connection."""
        make = partial(super().compile, expr, limit=limit, **more)
        return make() if any(more.values()) else compiled(expr.op(), limit, make)

    def create_table(self, name: str, /, obj: Any = None, **more: Any) -> ir.Table:
        """Keep the rows of an expression; as ibis does, but by a text compiled once."""
        if not isinstance(obj, ir.Table) or any(more.values()):
            return super().create_table(name, obj, **more)
        self._run_pre_execute_hooks(obj)
        columns = obj.schema().to_sqlglot_column_defs(self.dialect)
        listed = ", ".join(column.sql(self.dialect) for column in columns)
        self.con.execute(f"CREATE TABLE {quote(name)} ({listed})")
        self.con.execute(f"INSERT INTO {quote(name)} {self.compile(obj)}")
        return self.table(name)

    def to_pyarrow_batches(
        self,
        expr: ir.Expr,
        /,
        *,
        params: Any = None,
        limit: int | str | None = None,
        chunk_size: int = BATCH_ROWS,
        **_: Any,
    ) -> pa.ipc.RecordBatchReader:
        """Stream the rows of an expression, `chunk_size` at a time; others may run meanwhile."""
        self._run_pre_execute_hooks(expr)
        sql = self.compile(expr.as_table(), limit=limit, params=params)
        # DuckDB allows one open result a connection, so a stream gets a cursor of its own.
        cursor, name = self.con.cursor(), None
        try:
            relation = cursor.sql(sql)
        except duckdb.CatalogException:  # a temporary table: other cursors do not see it
            name = quote(self.fresh("stream"))
            self.con.execute(f"CREATE TABLE {name} AS {sql}")
            relation = cursor.sql(f"FROM {name}")
        schema = expr.as_table().schema().to_pyarrow()
        stream = self._stream(relation.to_arrow_reader(chunk_size), name)
        return pa.RecordBatchReader.from_batches(schema, stream)

    def fingerprint(self, table: ir.Table) -> str:
        """32 hex digits over every value of every row, whatever the order of the rows.

        The same rows give the same digits in any process; another major version of the
        engine may give others.

        Examples
        --------
        >>> engine = connect()
        >>> one = engine.sql("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(n, s)")
        >>> two = engine.sql("SELECT * FROM (VALUES (2, 'b'), (1, 'a')) t(n, s)")
        >>> engine.fingerprint(one) == engine.fingerprint(two)
        True
        """
        columns, query = ", ".join(quote(name) for name in table.columns), self.compile(table)
        sums = self.raw_sql(
            f"SELECT count(*), sum(digest::HUGEINT), sum(hash(digest, 1)::HUGEINT) "
            f"FROM (SELECT hash({columns}) AS digest FROM ({query}))"
        ).fetchall()[0]
        # As the engine calls the types: an expression's may say less than those of a table.
        kinds = self._get_schema_using_query(query).types
        text = repr((table.columns, [str(kind) for kind in kinds], sums))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _stream(self, reader: pa.RecordBatchReader, name: str | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        finally:
            if name is not None:
                reader.close()
                self.con.execute(f"DROP TABLE {name}")


def connect(
    read: Iterable[str | os.PathLike[str]] = (),
    scratch: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
    scratch_limit: str | None = None,
    optimised: bool = True,
) -> Engine:
    """Open an in-memory DuckDB that can read `read` and nothing else.

    Parameters
    ----------
    read
        Files and folders that may be read.
    scratch
        Folder below which a private one is made for what does not fit into memory;
        default the system's. It is removed with the connection.
    threads
        Number of threads; default all.
    memory_limit
        Such as ``"4GB"``; default `features.engines.memory.usual_limit`.
    scratch_limit
        What may lie in the scratch folder at most; default nine tenths of the free disk.
    optimised
        Without it queries run as they are written: for a few rows, planning costs more than
        the work.

    Returns
    -------
    An ibis backend. Its session is in UTC wherever it runs, and its settings are locked.

    Examples
    --------
    >>> engine = connect()
    >>> engine.sql("SELECT 1 + 1 AS two").to_pyarrow().to_pylist()
    [{'two': 2}]
    >>> engine.raw_sql("SELECT * FROM read_csv('/etc/passwd')")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    _duckdb.PermissionException: ...
    """
    private = Path(tempfile.mkdtemp(prefix="churn-", dir=scratch)).resolve()
    settings: dict[str, Any] = {
        "TimeZone": "UTC",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "enable_progress_bar": False,
        "preserve_insertion_order": True,
        "temp_directory": os.fspath(private),
        "memory_limit": memory_limit or f"{usual_limit(threads) >> 20}MiB",
    }
    settings |= {"threads": threads} if threads is not None else {}
    settings |= {"max_temp_directory_size": scratch_limit} if scratch_limit is not None else {}
    connection = duckdb.connect(":memory:")
    for name, value in settings.items():
        connection.execute(f"SET {name} = {literal(value)}")
    if not optimised:
        connection.execute("PRAGMA disable_optimizer")
    _fence(connection, [*read, private])
    engine: Engine = Engine.from_connection(connection)
    connection.execute("SET lock_configuration = true")
    engine.scratch = private
    weakref.finalize(engine, shutil.rmtree, private, ignore_errors=True)
    return engine


@cache
def _type_of(kind: str) -> ibis.DataType:
    return Engine.compiler.type_mapper.from_string(kind, nullable=True)


@contextlib.contextmanager
def value_free_errors() -> Iterator[None]:
    """Errors of the engine without the values that its messages quote.

    Raises
    ------
    UserError
        When memory or disk do not suffice, or a file turns out to be damaged.
    RuntimeError
        For anything else: a bug, with quoted texts struck out of its message.

    Examples
    --------
    >>> with value_free_errors():
    ...     connect().raw_sql("SELECT 'anna@example.org'::INT")
    Traceback (most recent call last):
    ...
    RuntimeError: ConversionException: Conversion Error: Could not convert string '...' to INT32
    """
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise UserError(
            "The log needs more memory or scratch space than there is. Free some, or read fewer "
            "files at a time."
        ) from None
    except duckdb.InterruptException:
        # Ctrl-C, or a signal to end, in the middle of a query.
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        # The same, as the driver says it when a handler of ours has run.
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise UserError("The disk with the scratch folder is full. Free some space.") from None
        if isinstance(error, _DAMAGE) or type(error) is duckdb.Error:
            raise UserError("A file of the log was cut short or damaged.") from None
        first = next(iter(str(error).splitlines()), "")
        masked = re.sub(r"'.*'|\".*\"", "'...'", first)
        raise RuntimeError(f"{type(error).__name__}: {masked}") from None


def quote(name: str) -> str:
    """A column's or table's name as SQL reads it, whatever characters are in it.

    Examples
    --------
    >>> print(quote('a "b"; drop'))
    "a ""b""; drop"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A Python value as an SQL literal.

    Examples
    --------
    >>> print(literal(["it's", True, 3]))
    ['it''s', true, 3]
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def _fence(connection: duckdb.DuckDBPyConnection, paths: Iterable[str | os.PathLike[str]]) -> None:
    """Shut the file system and the network, but for `paths`."""
    # A name such as a[1].csv is asked for in escaped form, lest it be taken for a pattern;
    # the engine wants both that form and the file it leads to allowed.
    folders: set[str] = set()
    files: set[str] = set()
    for path in (Path(path).resolve() for path in paths):
        name, allowed = (os.path.join(path, ""), folders) if path.is_dir() else (str(path), files)
        allowed |= {name, glob.escape(name)}
    connection.execute(f"SET allowed_directories = {literal(sorted(folders))}")
    connection.execute(f"SET allowed_paths = {literal(sorted(files))}")
    connection.execute("SET enable_external_access = false")
