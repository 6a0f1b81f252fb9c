"""Opens an order log: read, validated, and merged into purchase days the features can ask."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from features.customer.purchase_days import netted_days, with_gaps
from features.customer.snapshot import refuse_taken
from features.engines.duckdb import Engine, connect, value_free_errors
from features.errors import UserError
from features.log.transactions import LogSpec, validate
from features.readers.files import expand
from features.readers.lake import read_lake
from features.readers.reading import Raw, read
from features.writing import scratch
from pipeline.config import CacheConfig, EngineConfig
from pipeline.console import Progress
from pipeline.intake.database import read_inside
from pipeline.intake.kept import Account, Cache, Entry, Kept, kept
from pipeline.intake.questions.look import ROWS
from pipeline.intake.taking_in import account_of, asked, take_in

PACKAGE = "package://"
"""A source that begins so names a file inside an installed package."""

LAPTOP = EngineConfig()


@dataclass(frozen=True)
class Orders:
    """A validated log, ready to be asked; open as long as `open_orders` is.

    `engine` is DuckDB's or Spark's. `netted` holds `features.customer.purchase_days.netted_days`;
    on one machine in order of customer, and `days_file` is the Parquet file that it reads, None on
    Spark. `entry` is the log's place in the cache, if it has one. `end` is the day after the last
    order: the first one that the log does not cover. `scratch` is where that belongs which exceeds
    memory, None for the machine's own place.
    """

    name: str
    engine: Any
    log: Account
    quarantine: ir.Table
    netted: ir.Table
    days_file: Path | None
    first_day: date
    end: date
    n_customers: int
    n_purchase_days: int
    n_repeat_customers: int
    n_without_purchase: int
    entry: Entry | None = None
    scratch: Path | None = None

    @property
    def days(self) -> ir.Table:
        """Purchase days of everybody; what looks back from one day to the day before is lazy."""
        return with_gaps(self.netted)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attribute columns that the days carry."""
        return self.log.attributes

    @property
    def once_only(self) -> float:
        """Share of the customers with one purchase day."""
        return 1 - self.n_repeat_customers / self.n_customers

    @property
    def last_day(self) -> date:
        """The day of the last order."""
        return self.end - timedelta(days=1)


@contextmanager
def open_engine(
    source: str, also: Path | None = None, settings: EngineConfig = LAPTOP
) -> Iterator[tuple[Engine, str]]:
    """Start an engine that may read the files of `source`, and `also`, and nothing else.

    Yields the engine and the path that `source` stands for.
    """
    located = locate(source)
    files = [*expand(located), *(expand(str(also)) if also else ())]
    where = settings.scratch
    with scratch(where, "churn-") as folder, value_free_errors():
        yield connect(files, folder, settings.threads, settings.memory_limit), located


@contextmanager
def open_orders(
    spec: LogSpec,
    progress: Progress,
    also: Path | None = None,
    settings: EngineConfig = LAPTOP,
    cache: CacheConfig | None = None,
) -> Iterator[Orders]:
    """Read and check a log, and keep its purchase days at hand for as long as the block takes.

    `also` names one more file that may be read, such as a list of customers. With a `cache`, a log
    that was read before is not read again.

    Raises
    ------
    UserError
        When the log cannot be read or used, with the place and the way out.
    """
    refuse_taken(spec.columns.attributes)
    name = spec.name or spec.table or name_of(spec.source)
    if settings.kind == "spark":
        opened = _on_spark(name, spec, progress, also, settings)
    else:
        opened = _on_this_machine(name, spec, progress, also, settings, cache)
    with opened as (engine, found):
        for note in found.account.remarks:
            progress.note(note)
        yield replace(_orders(name, engine, found), scratch=settings.scratch)


@contextmanager
def _on_this_machine(
    name: str,
    spec: LogSpec,
    progress: Progress,
    also: Path | None,
    settings: EngineConfig,
    cache: CacheConfig | None,
) -> Iterator[tuple[Any, Kept]]:
    with open_engine(spec.source, also, settings) as (engine, source):
        located = spec.model_copy(update={"source": source})
        files = expand(source)
        stamps = _stamps(files)
        keep = Cache(cache.folder, round(cache.limit_gb * 1e9)) if cache and cache.folder else None
        with progress.step(f"Reading and checking {name}"):
            entry = keep.entry(located, files) if keep and files else None
            read_it = partial(_read_once, engine, located, stamps)
            if settings.kind == "postgres":
                read_it = partial(read_inside, engine, located)
            found = kept(engine, read_it, keep, entry, date.today())
        yield engine, found


@contextmanager
def _on_spark(
    name: str, spec: LogSpec, progress: Progress, also: Path | None, settings: EngineConfig
) -> Iterator[tuple[Any, Kept]]:
    """The days are kept by the executors for as long as the block takes; there is no cache."""
    if also:
        raise UserError(
            f"{also}: a file of your own cannot be read beside a log on Spark. Leave it out, or "
            "leave out engine.kind: spark."
        )
    try:
        from features.engines import spark
    except ImportError:
        raise UserError("engine.kind: spark needs pip install 'churn-clv[spark]'.") from None
    with (
        spark.connect(settings.master, settings.scratch, settings.memory_limit) as engine,
        spark.value_free_errors(),
    ):
        with progress.step(f"Reading and checking {name} on Spark"):
            raw = read_lake(
                engine, spec.model_copy(update={"source": locate(spec.source)}), spec.timezone
            )
            questions = asked(_first_rows(raw), spec)
            log = validate(engine, raw, spec)
            netted = netted_days(log.transactions, log.attributes, log.known)
            netted = engine.create_table("netted", netted)
            account = account_of(engine, log, spec, questions, netted)
        yield engine, Kept(account, netted, None, log.quarantine)


def _stamps(files: Sequence[Path]) -> dict[Path, tuple[int, ...]]:
    """What another process changes that writes one of the files."""
    found = {file: file.stat() for file in files if file.exists()}
    return {file: (one.st_ino, one.st_size, one.st_mtime_ns) for file, one in found.items()}


def _read_once(
    engine: Engine, spec: LogSpec, stamps: dict[Path, tuple[int, ...]], folder: Path
) -> Account:
    """As `_read`, refused where a file is another one by then: a part of it may have been read."""
    account = _read(engine, spec, folder)
    if _stamps(expand(spec.source)) != stamps:
        raise UserError(
            f"{spec.source}: was written to while it was read, so a part of it may be missing. "
            "Run again when whoever writes it is done."
        )
    return account


def _read(engine: Engine, spec: LogSpec, folder: Path) -> Account:
    """Write a log's netted days in order of customer, and the rows set aside, into a folder.

    Refused while a pressing question is open.
    """
    with value_free_errors():
        return take_in(engine, read(engine, spec), spec, folder)


def _first_rows(raw: Raw) -> Raw:
    """So many rows as evidence is sought in, at hand: many small questions suit no cluster."""
    engine = connect()
    rows = engine.create_table("first", raw.table.limit(ROWS).to_pyarrow())
    return replace(raw, table=rows)


def refuse_overwriting(outputs: Sequence[Path | None], inputs: Sequence[str | Path | None]) -> None:
    """Stop before an output takes the place of a file that is read, or of another output.

    Raises
    ------
    UserError
        When an output is one of the files that the inputs name, or two outputs are one file.
    """
    named = [out for out in outputs if out]
    for nth, out in enumerate(named):
        if out.resolve() in [other.resolve() for other in named[:nth]]:
            raise UserError(f"{out}: two outputs of this command have this name.")
        for given in inputs if out.exists() else ():
            for file in expand(locate(str(given))) if given else ():
                if out.samefile(file):
                    raise UserError(f"{out}: is an input of this command; name another output.")


def locate(source: str) -> str:
    """The path that a source stands for; `package://` names a file of an installed package."""
    if not source.startswith(PACKAGE):
        return source
    package, _, rest = source.removeprefix(PACKAGE).partition("/")
    found = find_spec(package) if package.isidentifier() else None
    if not found or not found.submodule_search_locations:
        raise UserError(f"{source}: there is no such package installed.")
    root = Path(found.submodule_search_locations[0]).resolve()
    path = (root / rest).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise UserError(f"{source}: the package has no such file.")
    return str(path)


def name_of(source: str) -> str:
    """What people call a log: the last part of its path."""
    return Path(source).name or source


def _orders(name: str, engine: Engine, found: Kept) -> Orders:
    extent = found.account.extent
    if extent.first is None:
        raise UserError(
            "The log has no purchase: on no day does a customer's net amount exceed 0. "
            "Is the amount column the right one, and are returns written below 0?"
        )
    return Orders(
        name=name,
        engine=engine,
        log=found.account,
        quarantine=found.quarantine,
        netted=found.days,
        days_file=found.days_file,
        first_day=extent.first,
        end=extent.last + timedelta(days=1),
        n_customers=extent.buyers,
        n_purchase_days=extent.purchases,
        n_repeat_customers=extent.repeaters,
        n_without_purchase=extent.everybody - extent.buyers,
        entry=found.entry,
    )
