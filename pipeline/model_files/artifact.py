"""A trained model as a directory that is checked whole before anything in it is opened.

    model/
      manifest.json             what it answers, what it needs, the sha256 of every file
      parameters.json           the contender's fitted state
      estimators/<name>.skops   its scikit-learn estimators, of types on our own list

Nothing in it is a pickle. The hashes show damage, not authorship: whoever can write the
directory can write a manifest that fits. What a file may make the loader build is decided
by the list in `pipeline.model_files.estimator_files`, which no file can extend.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import UserError
from features.writing import alone, clear, private_folder
from pipeline.model_files import estimator_files
from pipeline.model_files.identity import LogIdentity
from pipeline.model_files.manifest import (
    FORMAT,
    LIBRARIES,
    MANIFEST,
    PARAMETERS,
    TRAIN_AGAIN,
    Manifest,
    checked,
    files,
    sha256,
)

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from models.contenders.protocol import Contender

PARTIAL = ".partial"
"""How the hidden folder ends in which a model is made, beside its place."""

LONGEST_WAIT = 120.0
"""Seconds to wait for another training that saves to the same folder; saving takes a few."""

Restore = Callable[[str, dict[str, Any], "dict[str, BaseEstimator]"], "Contender"]


@dataclass(frozen=True)
class Model:
    """A contender as it was trained, beside the manifest that it was checked against."""

    contender: Contender
    manifest: Manifest


def save(
    folder: Path,
    contender: Contender,
    *,
    horizon_days: int,
    cutoffs: tuple[date, ...],
    features: tuple[str, ...],
    attributes: tuple[str, ...] = (),
    data_digest: str,
    log: LogIdentity,
    grades: Mapping[str, str] | None = None,
    run_id: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Manifest:
    """Write a fitted contender as a model directory: the whole of it, or nothing.

    An older model in `folder` is replaced; it stays readable until the new one is
    complete and on disk. Of two processes that save at once, the later one waits and
    then replaces the whole of the other's model.

    Parameters
    ----------
    cutoffs : tuple of date
        The cutoffs that were learned from, the training cutoff last.
    features, attributes : tuple of str
        The snapshot's columns in the order of the feature catalogue.
    log : LogIdentity
        The log that was learned from.
    grades : mapping, optional
        Side of the answer -> how good its training found it.
    settings : mapping, optional
        Whatever scoring needs to answer as trained; values that JSON can hold.

    Raises
    ------
    ValueError
        When the contender's state is no JSON, holds a NaN or an infinity, or an
        estimator is of a type that the loader would refuse.
    UserError
        When `folder` holds something else, or another process is stuck in saving there.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder, LONGEST_WAIT) as locked:
        if locked:
            clear(folder, PARTIAL)
        partial = private_folder(folder, PARTIAL)
        try:
            parameters = json.dumps(contender.parameters(), allow_nan=False, indent=1)
            _write(partial / PARAMETERS, parameters.encode())
            for name, estimator in contender.estimators().items():
                _write(partial / estimator_files.path(name), estimator_files.dump(estimator))
            manifest = Manifest(
                format=FORMAT,
                contender=contender.name,
                horizon_days=horizon_days,
                cutoffs=cutoffs,
                features=features,
                attributes=attributes,
                settings=dict(settings or {}),
                data_digest=data_digest,
                log=log,
                grades=dict(grades or {}),
                run_id=run_id,
                created=datetime.now(UTC),
                libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
                files={name: sha256((partial / name).read_bytes()) for name in files(partial)},
            )
            manifest = manifest.model_copy(update={"digest": manifest.content_digest()})
            _write(partial / MANIFEST, manifest.model_dump_json(indent=1).encode())
            _put_in_place(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return manifest


def load(folder: Path, restore: Restore | None = None) -> Model:
    """Read a model directory that `save` wrote; whatever is off is refused unopened.

    Parameters
    ----------
    restore : callable, optional
        Builds a contender from its name, parameters and estimators; ValueError for a name
        that it does not know. `models.all_contenders.restore` by default.

    Raises
    ------
    UserError
        For a pickle or another foreign model, a missing, added, altered or linked
        file, another format, other library versions, or a type that is not on our list.
    """
    manifest, contents = _read(Path(folder))
    estimators = {
        estimator_files.name(file): estimator_files.load(content, file)
        for file, content in contents.items()
        if file != PARAMETERS
    }
    parameters = json.loads(contents[PARAMETERS])
    try:
        contender = (restore or _restore)(manifest.contender, parameters, estimators)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"The model's contender {manifest.contender!r} cannot be restored by this version of "
            f"churn ({type(error).__name__}). {TRAIN_AGAIN}"
        ) from error
    return Model(contender, manifest)


def verify(folder: Path) -> Manifest:
    """Check a model directory against its manifest without restoring anything; see `load`."""
    return _read(Path(folder))[0]


def _read(folder: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the bytes that fit it; read again where another model came in meanwhile."""
    while True:
        place = _whole(folder)
        before = _identity(place)
        try:
            return checked(place)
        except (UserError, OSError):
            if before == _identity(_whole(folder)):
                raise


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one under its name; None where none is."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _whole(folder: Path) -> Path:
    """Return the folder; or the model it replaced, when the replacement was killed half-way."""
    previous = _previous(folder)
    return previous if not folder.exists() and previous.is_dir() else folder


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _put_in_place(partial: Path, folder: Path) -> None:
    """Swap a complete directory in; at each instant one complete model can be found."""
    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise UserError(
            f"The folder {str(folder)!r} holds something that is no churn model; "
            "nothing was written. Choose another folder."
        )
    previous = _previous(folder)
    if folder.exists():
        shutil.rmtree(previous, ignore_errors=True)
        os.replace(folder, previous)
    os.replace(partial, folder)
    shutil.rmtree(previous, ignore_errors=True)
    _sync(folder.parent)


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, down to the disk."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _restore(
    name: str, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]
) -> Contender:
    from models import (
        all_contenders as contenders,  # scikit-learn: seconds that `verify` need not pay
    )

    return contenders.restore(name, parameters, estimators)
