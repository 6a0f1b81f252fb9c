"""Where the runs are kept: a local SQLite file by default, made once and made whole."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from pipeline.tracking.errors import TrackingError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from mlflow.entities import Experiment

LONGEST_WAIT = 120.0
"""Seconds to wait for another process that is making the same store."""

LONGEST_LOCK = 5.0
"""Seconds to wait for a SQLite store that another process has locked."""

NOTE = "mlflow.note.content"
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    NOTE: (
        "Churn and customer value. Each training is a parent run with one child run per "
        "contender; all contenders answered the same question for the same customers at the "
        "same past dates. Open the saved views `leaderboard` and `trainings`."
    ),
}


@dataclass(frozen=True)
class Store:
    """A tracking store that is ready, and the experiment in it."""

    uri: str
    client: MlflowClient
    experiment: Experiment

    @property
    def experiment_id(self) -> str:
        """The experiment's id in the store."""
        return str(self.experiment.experiment_id)


def connect(
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "churn",
    create: bool = False,
    note: str | None = None,
) -> Store:
    """Open the tracking store for reading, changing nothing in it unless `create`.

    `note` is what MLflow says above a new experiment, instead of what it says of trainings.

    Raises
    ------
    TrackingError
        When the store cannot be reached, is locked, is of a kind MLflow no longer has, or is
        not there.
    """
    uri = absolute(uri)
    with talking(uri), _alone(uri, create):
        client = MlflowClient(uri, uri)
        found = client.get_experiment_by_name(experiment)
        if found is None and create:
            location = _artifacts(uri)
            tags = {**EXPERIMENT_TAGS, **({NOTE: note} if note else {})}
            with unless_made():
                client.create_experiment(experiment, location, tags=tags)
            found = client.get_experiment_by_name(experiment)
        if found is None:
            raise TrackingError(
                f"The tracking store {without_password(uri)} has no experiment {experiment!r}. "
                "Run `churn train` first, or set tracking.uri and tracking.experiment."
            )
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"The experiment {experiment!r} was deleted in the tracking store. "
                "Restore it there, or set tracking.experiment to another name."
            )
        return Store(uri, client, found)


def client_of(uri: str) -> MlflowClient:
    """Open a store that is there; MLflow would make an empty one in place of a missing file.

    Raises
    ------
    TrackingError
        When the store is not there, is locked, or cannot be reached.
    """
    with talking(uri), _alone(uri, create=False):
        return MlflowClient(uri, uri)


def absolute(uri: str) -> str:
    """The same store, named so that it does not depend on the working directory.

    Raises
    ------
    TrackingError
        For a folder of files, the kind of store that MLflow gave up.

    Examples
    --------
    >>> absolute("http://localhost:5000")
    'http://localhost:5000'
    """
    scheme = urlsplit(uri).scheme
    if scheme.startswith("sqlite"):
        return f"sqlite:///{Path(uri.partition(':///')[2]).absolute()}"
    if scheme in ("", "file"):
        raise TrackingError(
            "The tracking store is a folder of files, which MLflow no longer supports. "
            "Use tracking.uri sqlite:///mlflow.db or the address of a tracking server."
        )
    return uri


def without_password(uri: str) -> str:
    """The store's address as it may be shown and kept: without a user and a password."""
    from pipeline.config import without_secret  # with ibis behind it: only when it is needed

    return without_secret(uri)


@contextlib.contextmanager
def talking(uri: str) -> Iterator[None]:
    """Keep MLflow quiet, and turn its failures into one sentence that names the store."""
    for name in ("mlflow", "alembic", "sqlalchemy", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # MLflow and SQLAlchemy warn about each other's versions; no user can act on it.
        warnings.simplefilter("ignore")
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError, sqlite3.Error) as error:
            raise TrackingError(
                f"The tracking store {without_password(uri)} cannot be used now "
                f"({_reason(error)}). Start it, wait for whoever holds it, or set "
                "MLFLOW_TRACKING_URI to another one."
            ) from error


def _reason(error: Exception) -> str:
    """One short cause; never the statement or its values, which MLflow would print."""
    text = str(error)
    for sign, words in {
        "locked": "it is locked",
        "not a database": "the file is no database",
        "readonly": "it cannot be written",
        "unable to open": "the file cannot be opened",
        "Permission denied": "its files cannot be written",
        "Read-only file system": "its files cannot be written",
        "Max retries": "no answer",
        "refused": "no answer",
        "schema": "another version of MLflow wrote it",
        "No space left": "the disk is full",
    }.items():
        if sign in text:
            return words
    code = getattr(error, "error_code", "")
    return f"{type(error).__name__} {code}".strip()


@contextlib.contextmanager
def _alone(uri: str, create: bool) -> Iterator[None]:
    """Hold back other processes while a database is opened, and perhaps made.

    MLflow's first use of one runs migrations that crash when two processes run them.
    The lock is SQLite's own, on a file beside the store, or PostgreSQL's: it ends with the process.
    """
    if uri.startswith("postgresql"):
        with _held(uri, create):
            yield
        return
    if not uri.startswith("sqlite"):
        yield
        return
    file = Path(uri.partition(":///")[2])
    if not file.exists() and not create:
        raise TrackingError(
            f"There is no tracking store {file.name} in {file.parent}. "
            "Run `churn train` first, or set tracking.uri."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    guard = file.with_name(f"{file.name}.lock")
    _for_us_alone(guard)
    lock = sqlite3.connect(guard, timeout=LONGEST_WAIT, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        if not file.exists() or not file.stat().st_size:
            _make(file)
        _refuse_locked(file)
        yield
    finally:
        lock.close()


@contextlib.contextmanager
def _held(uri: str, create: bool) -> Iterator[None]:
    """Hold a lock of a PostgreSQL database for as long as the block takes.

    Who only reads is refused an empty one: MLflow would make its tables there.
    """
    # Of a transaction: a pool between here and the database keeps no session's lock for others.
    with create_engine(uri, poolclass=NullPool).begin() as session:
        session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT:.0f}s'"))
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('churn: open the store'))"))
        if not create and not inspect(session).has_table("experiments"):
            raise TrackingError(
                f"There is no tracking store in the database {without_password(uri)}: it has no "
                "table of MLflow's. Run `churn train` first, or set tracking.uri."
            )
        yield


@contextlib.contextmanager
def unless_made() -> Iterator[None]:
    """Make something by a name; another process that made it meanwhile has done it as well."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _make(file: Path) -> None:
    """Make a SQLite store whole or not at all: of one whose making was cut short nothing is left.

    MLflow would not go on with such a file.
    """
    _clear(file)  # what a kill left
    # A name of its own: MLflow remembers the stores it has made by their names.
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        _for_us_alone(draft)
        MlflowClient(f"sqlite:///{draft}", f"sqlite:///{draft}").search_experiments(max_results=1)
        os.replace(draft, file)
    finally:
        _clear(file)


def _clear(file: Path) -> None:
    """Remove the drafts of a store, and the journals beside them."""
    for left in file.parent.glob(f".{file.name}.*"):
        left.unlink(missing_ok=True)


def _for_us_alone(file: Path) -> None:
    """Make an empty file that others may not read, unless it is there."""
    if not file.exists():
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))


def _refuse_locked(file: Path) -> None:
    """Fail soon on a locked file or one that is no database; MLflow would try for 20 seconds."""
    with contextlib.closing(sqlite3.connect(file, timeout=LONGEST_LOCK)) as probe:
        probe.execute("SELECT 1 FROM sqlite_master").fetchone()


def _artifacts(uri: str) -> str | None:
    """Where a new experiment keeps its files; a tracking server decides itself."""
    if uri.startswith("http"):
        return None
    parent = Path(uri.partition(":///")[2]).parent if uri.startswith("sqlite") else Path.cwd()
    folder = parent / "mlartifacts"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder.as_uri()
