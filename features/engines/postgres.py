"""PostgreSQL: a log that lies in a database, read from there or asked there.

`export` copies a table to a text file for the embedded engine, `connect` opens the
database itself: the features are one set of expressions and run in either.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import ibis

from features.errors import UserError

_SESSION = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "extra_float_digits": "1"}


def connect(url: str) -> ibis.BaseBackend:
    """Open a database as an ibis backend, its session in UTC.

    Raises
    ------
    UserError
        If the address holds a password, or the database cannot be reached.
    """
    driver = _driver()
    _without_password(url)
    try:
        backend = ibis.postgres.connect(**_parts(driver, url))
    except driver.OperationalError as error:
        raise _unreachable(error) from None
    for name, value in _SESSION.items():
        backend.raw_sql(f"SET {name} = '{value}'").close()
    return backend


def export(url: str, table: str | None, folder: Path) -> Path:
    """Copy `table` (or ``schema.table``) into a CSV file in `folder`, in one read-only statement.

    Raises
    ------
    UserError
        If the address holds a password, the database cannot be reached, goes in the middle or
        fails at a row, or there is no such table.
    """
    driver = _driver()
    _without_password(url)
    with _session(driver, url) as session:
        if table is None:
            raise UserError(f"Name the table: log.table. There are: {_listed(_tables(session))}.")
        parts = _tables(session).get(table) if "." in table else None
        name = driver.sql.SQL(".").join(map(driver.sql.Identifier, parts or table.split(".", 1)))
        query = driver.sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT csv, HEADER)")
        target = folder / "table.csv"
        try:
            with session.cursor().copy(query.format(name)) as copy, target.open("wb") as file:
                for block in copy:
                    file.write(block)
        except (driver.errors.UndefinedTable, driver.errors.InvalidSchemaName):
            raise _no_table(table, _tables(session)) from None
        except driver.errors.InsufficientPrivilege:
            raise UserError(
                f"log.table: you may not read {table}, or not each of its columns. Ask for the "
                "right to SELECT it, or name a view of the columns that you may read."
            ) from None
        except driver.Error as error:
            target.unlink(missing_ok=True)
            if session.closed:
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
    return target


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
    """A read-only session, closed with the block."""
    ours = [f"-c {name}={value.replace(' ', '')}" for name, value in _SESSION.items()]
    try:
        # Theirs, such as a search_path, would be replaced by ours, not added to.
        theirs = driver.conninfo.conninfo_to_dict(url).get("options", os.environ.get("PGOPTIONS"))
        options = " ".join([*([theirs] if theirs else []), *ours])
        session = driver.connect(url, options=options, client_encoding="utf8", autocommit=True)
    except (driver.OperationalError, driver.ProgrammingError) as error:
        raise _unreachable(error) from None
    with session:
        session.execute("SET default_transaction_read_only = on")
        yield session


def _parts(driver: Any, url: str) -> dict[str, Any]:
    found = driver.conninfo.conninfo_to_dict(url)
    keys = {"dbname": "database"}
    return {keys.get(key, key): value for key, value in found.items()}


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
