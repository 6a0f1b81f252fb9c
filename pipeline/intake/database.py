"""A log in PostgreSQL: checked and made into purchase days there, or copied out as a text."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from features.engines import postgres
from features.engines.duckdb import Engine, value_free_errors
from features.errors import UserError
from features.log.inside import Typed, typed_columns
from features.log.transactions import LogSpec, validate
from features.readers.files import is_database
from features.readers.reading import Raw, read_exported
from pipeline.intake.kept import Account
from pipeline.intake.questions.look import ROWS
from pipeline.intake.taking_in import asked, take_in, write

if TYPE_CHECKING:
    from features.engines import postgres_engine


def read_inside(engine: Engine, spec: LogSpec, folder: Path) -> Account:
    """Write a table's netted days and the rows set aside into a folder; see `taking_in.take_in`.

    All is of one snapshot. The database checks the rows and merges them; only days, rows set aside
    and the first rows, in which questions are sought, come out. Where it cannot, or there are no
    further rows, the table is copied out; why it cannot is remarked.

    Raises
    ------
    UserError
        For a log that lies elsewhere, and as `taking_in.take_in` does.
    """
    if not is_database(spec.source):
        raise UserError(
            "engine.kind: postgres asks a table of PostgreSQL, log.source: postgresql://... Leave "
            "it out: files are read by the default engine."
        )
    remarks: tuple[str, ...] = ()
    with value_free_errors(), postgres.opened(spec.source, spec.table) as table:
        try:
            typed = typed_columns(spec, table.kinds())
            server = table.engine()
            with table.snapshot(keeps=True):
                raw = _copied(engine, table, spec, ROWS + 1)
                if raw.table.count().to_pyarrow().as_py() > ROWS:
                    with table.tried():
                        return _inside(engine, table, server, typed, raw, spec, folder)
        except postgres.UnableError as why:
            remarks = (f"{table.told} was copied out and checked here: {why}",)
            with table.snapshot():
                raw = _copied(engine, table, spec, None)
    with value_free_errors():
        account = take_in(engine, raw, spec, folder)
    return replace(account, remarks=(*account.remarks, *remarks))


def _copied(engine: Engine, table: postgres.Table, spec: LogSpec, most: int | None) -> Raw:
    """The table, or so many of its first rows, as texts."""
    file = engine.scratch / "table.csv"
    table.export(file, most)
    return read_exported(engine, file, table.kinds(), spec)


def _inside(
    engine: Engine,
    table: postgres.Table,
    server: "postgres_engine.Engine",
    typed: Typed,
    first: Raw,
    spec: LogSpec,
    folder: Path,
) -> Account:
    """Check and merge the rows where they lie; `first` are the first of them."""
    from features.engines.handed_over import handed_over

    try:
        questions = asked(first, spec)
    finally:
        first.drop()
    found = server.read_table(table.name, table.kinds(), *typed, spec.timezone)
    files = (Path(table.told),)
    raw = Raw(found.rows, found.columns, files, "table", text=False, written=found.written)
    log = validate(server, raw, spec)
    fetch = partial(handed_over, server, engine=engine, folder=engine.scratch)
    return write(engine, log, spec, questions, folder, fetch)
