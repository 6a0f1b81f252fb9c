"""Finds the model that scores: a folder, a registered model, or by default the champion."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from features.writing import alone
from pipeline.model_files import artifact
from pipeline.tracking.errors import TrackingError

LAST = "last.json"


@dataclass(frozen=True)
class Found:
    """A model that was loaded, and what there is to say about where it came from.

    Parameters
    ----------
    version : str
        Number in the registry; empty for a plain folder.
    note : str
        A warning for the user, empty when all is as asked.
    name : str
        Of the registered model; empty for a plain folder.
    """

    model: artifact.Model
    folder: Path
    version: str = ""
    note: str = ""
    name: str = ""

    @property
    def named(self) -> str:
        """The model as a person calls it."""
        return (
            f"Version {self.version} of {self.name}" if self.version else f"The model {self.folder}"
        )


def find(
    asked: str | None,
    *,
    uri: str = "sqlite:///mlflow.db",
    registered_model: str = "churn",
    cache: Path = Path("out/models"),
) -> Found:
    """Load the model to score with, always with churn's own loader.

    A folder needs no tracking store at all. A registered model is kept in `cache`; while the
    store is down or locked, the version that the same address stood for in the same store last
    time answers, and `note` says so.

    Parameters
    ----------
    asked : str, optional
        A folder, `models:/name@alias` or `models:/name/number`; the champion by default.
    cache : Path
        Folder for downloaded versions.

    Raises
    ------
    TrackingError
        When the store cannot be reached and the model was never fetched from it.
    UserError
        When there is no such model, or it is refused; see `pipeline.model_files.artifact.load`.
    """
    address = asked or f"models:/{registered_model}@champion"
    if not address.startswith("models:"):
        return Found(artifact.load(Path(address)), Path(address))
    from pipeline.tracking import download  # MLflow: seconds that a plain folder need not pay

    key = download.key(uri, address)
    try:
        folder, version = download.download(uri, address, cache)
        _remember(cache, key, folder)
        note = ""
    except TrackingError as error:
        known = _recall(cache, key)
        if known is None:
            hint = "A model's folder scores without it, for instance --model out/model."
            raise TrackingError(f"{error} {hint}") from error
        folder, version = known, known.name.partition("-")[0]
        note = f"{error} Scoring with version {version}, the last that {address} stood for."
    return Found(artifact.load(folder), folder, version, note, download.parse(address)[0])


def _remember(cache: Path, key: str, folder: Path) -> None:
    with alone(cache / LAST):
        known = _known(cache) | {key: folder.relative_to(cache).as_posix()}
        draft = cache / f".{LAST}"
        draft.write_text(json.dumps(known))
        draft.replace(cache / LAST)


def _recall(cache: Path, key: str) -> Path | None:
    place = _known(cache).get(key)
    return cache / place if place and (cache / place).is_dir() else None


def _known(cache: Path) -> dict[str, str]:
    try:
        known = json.loads((cache / LAST).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
