"""PostgreSQL: a table of a database, in one snapshot that is read only.

`Table.export` copies it to a text file for the embedded engine; where the table and the role allow
it, `postgres_engine` asks the database itself in the same snapshot.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import UserError

if TYPE_CHECKING:
    from features.engines.postgres_engine import Engine

_SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    # Rows keep their order: no scan begins where another one is.
    "synchronize_seqscans": "off",
}
_ASKED = {
    "max_parallel_workers_per_gather": "0",
    "enable_indexonlyscan": "off",
    "jit": "off",
    "work_mem": "64MB",
}
"""Of a session that asks the database: rows come in one order, and most sorts need no disk."""

OLDEST = 140000
"""Before PostgreSQL 14 a number had no infinity, and a row no hash that tells it."""


class UnableError(Exception):
    """The database cannot do what was asked of it."""


@dataclass(frozen=True)
class Table:
    """A table or view in an open session; `told` as the config names it, `name` as SQL reads it."""

    session: Any
    told: str
    name: str

    @contextmanager
    def snapshot(self, keeps: bool = False) -> Iterator[None]:
        """All that is read in the block is of one moment; `keeps`: temporary tables can be made."""
        # Rolled back in any case: what was made on the way is gone with it.
        with self.session.transaction(force_rollback=True):
            access = "READ WRITE" if keeps else "READ ONLY"
            self.session.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}")
            yield

    @contextmanager
    def tried(self) -> Iterator[None]:
        """A part of the snapshot that may fail.

        Raises
        ------
        UnableError
            When the database could not do what was asked, and can still be read.
        """
        import psycopg

        try:
            with self.session.transaction():
                yield
        except psycopg.Error as error:
            if self.lost:
                raise
            raise UnableError(f"the database could not ({type(error).__name__}).") from None

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return bool(self.session.broken or self.session.closed)

    def export(self, path: Path, most: int | None = None) -> None:
        """Copy the rows, or the first so many, into a CSV file."""
        limit = f" LIMIT {most}" if most is not None else ""
        copied = f"COPY (SELECT * FROM {self.name}{limit}) TO STDOUT (FORMAT csv, HEADER)"  # noqa: S608 -- quoted
        with self.session.cursor().copy(copied) as copy, path.open("wb") as file:
            for block in copy:
                file.write(block)

    def kinds(self) -> dict[str, str]:
        """Its columns, and what PostgreSQL calls their types."""
        found = self.session.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [self.name],
        )
        return dict(found.fetchall())

    def engine(self) -> "Engine":
        """The database as an engine, which keeps what it makes in temporary tables.

        Raises
        ------
        UnableError
            Where the role may make none, or the rows may not lie in one order.
        """
        plain, able = self.session.execute(
            "SELECT relkind IN ('r', 'p', 'm') AND NOT row_security_active(oid), "
            "has_database_privilege(current_database(), 'TEMP') AND NOT pg_is_in_recovery() "
            "FROM pg_class WHERE oid = %s::regclass",
            [self.name],
        ).fetchone()
        if not plain:
            raise UnableError("it is a view, or has policies of rows.")
        if not able:
            raise UnableError("the role may make no temporary tables there (the right TEMP).")
        engine = engine_of(self.session)
        if self.session.info.server_version < OLDEST or engine.compiler.letters is None:
            raise UnableError("the database is older than PostgreSQL 14, or not in UTF-8.")
        _set(self.session, _ASKED)
        return engine


def connect(url: str) -> "Engine":
    """Open a database as an ibis backend, its session in UTC.

    Raises
    ------
    UserError
        If the address holds a password, or the database cannot be reached.
    """
    driver = _driver()
    _without_password(url)
    try:
        session = driver.connect(url, client_encoding="utf8", autocommit=True)
    except (driver.OperationalError, driver.ProgrammingError) as error:
        raise _unreachable(error) from None
    _set(session, _SESSION)
    return engine_of(session)


def engine_of(session: Any) -> "Engine":
    """An open session as an ibis backend."""
    from features.engines.postgres_engine import Engine

    engine: Engine = Engine.from_connection(session)
    engine.set_letters()
    return engine


@contextmanager
def opened(url: str, table: str | None) -> Iterator[Table]:
    """Open a session in which nothing of the database is written, for a ``table``.

    `table` may be ``schema.table``.

    Raises
    ------
    UserError
        If the address holds a password, the database cannot be reached, goes in the middle or
        fails at a row, or there is no such table. No message holds a value.
    """
    driver = _driver()
    _without_password(url)
    with _session(driver, url) as session:
        if table is None:
            raise UserError(f"Name the table: log.table. There are: {_listed(_tables(session))}.")
        parts = _tables(session).get(table) if "." in table else None
        name = driver.sql.SQL(".").join(map(driver.sql.Identifier, parts or table.split(".", 1)))
        found = Table(session, table, name.as_string())
        try:
            yield found
        except (driver.errors.UndefinedTable, driver.errors.InvalidSchemaName):
            raise _no_table(table, _tables(session)) from None
        except driver.errors.InsufficientPrivilege:
            raise UserError(
                f"log.table: you may not read {table}, or not each of its columns. Ask for the "
                "right to SELECT it, or name a view of the columns that you may read."
            ) from None
        except driver.Error as error:
            if found.lost:
                raise UserError(
                    f"The database ended the connection while {table} was read. Nothing was "
                    "written; try again."
                ) from None
            # Its own words may quote a row.
            raise UserError(
                f"The database fails while it reads {table} ({type(error).__name__}): a view that "
                "cannot be had of each row or was never filled, or a limit of time? Nothing was "
                "written."
            ) from None


def export(url: str, table: str | None, folder: Path) -> tuple[Path, dict[str, str]]:
    """Copy `table` into a CSV file in `folder`; the file, and the types. See `opened`."""
    target = folder / "table.csv"
    try:
        with opened(url, table) as found, found.snapshot():
            kinds = found.kinds()
            found.export(target)
    except UserError:
        target.unlink(missing_ok=True)
        raise
    return target, kinds


def _driver() -> Any:
    try:
        import psycopg
        import psycopg.sql
    except ImportError:
        raise UserError(
            "Reading from PostgreSQL needs its driver: pip install 'psycopg[binary]'."
        ) from None
    return psycopg


@contextmanager
def _session(driver: Any, url: str) -> Iterator[Any]:
    """A session, closed with the block, whose transactions are read-only unless told otherwise."""
    try:
        session = driver.connect(url, client_encoding="utf8", autocommit=True)
    except (driver.OperationalError, driver.ProgrammingError) as error:
        raise _unreachable(error) from None
    with session:
        _set(session, {**_SESSION, "default_transaction_read_only": "on"})
        yield session


def _set(session: Any, values: dict[str, str]) -> None:
    for name, value in values.items():
        session.execute(f"SET {name} = '{value}'")


def _without_password(url: str) -> None:
    """A password in the config would end up in run records and model files."""
    if re.match(r"^[a-z]+://[^/@]*:[^/@]*@", url) or "password=" in url:
        raise UserError(
            "log.source holds a password. Take it out, and give it by PGPASSWORD or ~/.pgpass."
        )


def _tables(session: Any) -> dict[str, tuple[str, str]]:
    """What may be read, tables and views of any kind: as it is named here -> schema and name."""
    found = session.execute(
        "SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname <> 'information_schema' "
        "AND nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') "
        "AND has_any_column_privilege(pg_class.oid, 'SELECT') ORDER BY 1, 2"
    ).fetchall()
    return {
        name if schema == "public" else f"{schema}.{name}": (schema, name) for schema, name in found
    }


def _listed(tables: Iterable[str]) -> str:
    names = list(tables)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return (", ".join(names[:20]) or "none that you may read") + more


def _no_table(table: str, names: Iterable[str]) -> UserError:
    close = get_close_matches(table, names, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return UserError(f"log.table: there is no {table}.{hint} There are: {_listed(names)}.")


def _unreachable(error: Exception) -> UserError:
    first = next(iter(str(error).splitlines()), "no answer")
    return UserError(f"The database cannot be reached: {first}.")
