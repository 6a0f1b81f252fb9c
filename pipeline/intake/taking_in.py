"""From a raw log to what is kept of it: netted days, rows set aside, and the account."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import ibis.expr.types as ir

from features.customer.purchase_days import netted_days, spans
from features.engines.duckdb import Engine
from features.engines.parquet import copy_parquet, read_parquet
from features.log.transactions import Log, LogSpec, validate
from features.readers.reading import Raw
from pipeline.intake.breaks import breaks
from pipeline.intake.facts import remarks
from pipeline.intake.kept import ASIDE, DAYS, Account, Extent
from pipeline.intake.questions import Question, ask, refuse_unanswered


def take_in(engine: Engine, raw: Raw, spec: LogSpec, folder: Path) -> Account:
    """Write a raw log's netted days in order of customer, and the rows set aside, into a folder.

    Raises
    ------
    UserError
        While a pressing question is open, and where `validate` refuses the log.
    """
    try:
        questions = asked(raw, spec)
        log = validate(engine, raw, spec)
    finally:
        raw.drop()
    return write(engine, log, spec, questions, folder)


def write(
    engine: Engine,
    log: Log,
    spec: LogSpec,
    questions: Sequence[Question],
    folder: Path,
    fetch: Callable[[ir.Table], ir.Table] = lambda rows: rows,
) -> Account:
    """Write a validated log; `fetch` brings rows of another engine to this one."""
    netted = fetch(netted_days(log.transactions, log.attributes, log.known))
    copy_parquet(netted.order_by("customer_id", "transacted_at"), folder / DAYS)
    copy_parquet(fetch(log.quarantine).order_by("file", "row"), folder / ASIDE)
    log = replace(log, ids_aside=fetch(log.ids_aside.distinct()))
    return account_of(engine, log, spec, questions, read_parquet(engine, folder / DAYS))


def asked(raw: Raw, spec: LogSpec) -> list[Question]:
    """What a log leaves open; refused while any of it is pressing."""
    questions = ask(raw, spec)
    refuse_unanswered(spec, questions)
    return questions


def account_of(
    engine: Engine, log: Log, spec: LogSpec, questions: Sequence[Question], days: ir.Table
) -> Account:
    """Where the rows went, and what to remark; `days` are netted, and `engine`'s."""
    name = engine.fresh("customers")
    customers = engine.create_table(name, spans(days))
    told = (
        *log.notes,
        *remarks(log, customers, spec, questions),
        *breaks(days, customers),
    )
    extent = Extent.of(customers)
    engine.drop_table(name)
    return Account(
        log.counts,
        extent,
        log.fingerprint,
        log.attributes,
        log.date_format,
        {name: str(kind) for name, kind in log.transactions.schema().items()},
        told,
    )
