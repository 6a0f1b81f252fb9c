"""What a model directory must hold, and the check that it holds exactly that."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from features.errors import UserError
from pipeline.model_files import estimator_files
from pipeline.model_files.identity import LogIdentity

FORMAT = 8
MANIFEST = "manifest.json"
PARAMETERS = "parameters.json"
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
"""Libraries whose minor version must be the one that the model was trained with."""

LARGEST = 4 * 2**20
"""Bytes that a manifest may have."""

TRAIN_AGAIN = "Train again with `churn train`, or point --model at an intact copy."


class Manifest(BaseModel):
    """What a trained model answers, what it needs and which files it is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    contender: str
    horizon_days: int
    cutoffs: tuple[date, ...]
    features: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    data_digest: str
    log: LogIdentity
    grades: dict[str, str] = {}
    run_id: str | None = None
    created: datetime
    libraries: dict[str, str]
    files: dict[str, str]
    digest: str = ""

    @property
    def version(self) -> str:
        """Twelve hex digits that name this trained model and no other."""
        return self.digest[:12]

    def content_digest(self) -> str:
        """Return the sha256 over everything in the manifest except the digest itself."""
        content = self.model_dump(mode="json", exclude={"digest"})
        return sha256(json.dumps(content, sort_keys=True).encode())


def checked(folder: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and the very bytes that were found to fit it."""
    manifest = _read_manifest(folder)
    present = set(files(folder)) - {MANIFEST}
    missing, extra = set(manifest.files) - present, present - set(manifest.files)
    if missing or extra:
        raise UserError(
            f"The model folder does not match its manifest: {len(missing)} files missing, "
            f"{len(extra)} that do not belong to it. {TRAIN_AGAIN}"
        )
    if PARAMETERS not in present or not all(
        file == PARAMETERS or estimator_files.is_path(file) for file in present
    ):
        raise UserError(f"The manifest lists files that no churn model has. {TRAIN_AGAIN}")
    _check_libraries(manifest)
    contents = {file: (folder / file).read_bytes() for file in sorted(present)}
    altered = [file for file in contents if sha256(contents[file]) != manifest.files[file]]
    if altered:
        raise UserError(
            f"{len(altered)} of {len(present)} model files are damaged or were altered "
            f"(first: {altered[0]}). {TRAIN_AGAIN}"
        )
    return manifest, contents


def _read_manifest(folder: Path) -> Manifest:
    """Return the manifest, when it is one of ours and undamaged."""
    if not folder.is_dir():
        kind = "a file, not a model folder" if folder.exists() else "not there"
        raise UserError(
            f"The model {str(folder)!r} is {kind}. --model takes a folder that `churn train` wrote "
            "or models:/name@alias; pickle and joblib files are never opened."
        )
    path = folder / MANIFEST
    if not path.is_file() or path.is_symlink():
        raise UserError(
            f"The folder {str(folder)!r} holds no {MANIFEST}, so it is no model that `churn train` "
            "wrote; models of other formats (pickle, joblib, MLflow flavours) are never opened."
        )
    try:
        raw = _json(path)
        if isinstance(raw, dict) and raw.get("format", FORMAT) != FORMAT:
            raise UserError(
                f"The model has format {raw['format']}; this version of churn reads {FORMAT}. "
                f"{TRAIN_AGAIN}"
            )
        manifest = Manifest.model_validate(raw)
    except (ValidationError, ValueError) as error:
        raise UserError(f"The model's {MANIFEST} is damaged. {TRAIN_AGAIN}") from error
    if manifest.digest != manifest.content_digest():
        raise UserError(f"The model's {MANIFEST} is damaged or was altered. {TRAIN_AGAIN}")
    return manifest


def _check_libraries(manifest: Manifest) -> None:
    """Refuse a model trained with another minor version of a library it is made of."""
    off = []
    for name in LIBRARIES:
        trained, here = manifest.libraries.get(name, "none"), importlib.metadata.version(name)
        if trained.split(".")[:2] != here.split(".")[:2]:
            off.append(f"{name} {trained} (here {here})")
    if off:
        raise UserError(
            f"The model was trained with {', '.join(off)}; other versions may answer differently. "
            "Install those versions, or train again with `churn train`."
        )


def files(folder: Path) -> list[str]:
    """Every file below a folder, by its path in it; a link or anything odd is refused."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise UserError(
                f"The model folder holds a link or a device, which no churn model has. "
                f"{TRAIN_AGAIN}"
            )
        if path.is_file():
            found.append(path.relative_to(folder).as_posix())
    return found


def _json(path: Path) -> Any:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    return json.loads(path.read_bytes())


def sha256(content: bytes) -> str:
    """Return the sha256 as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
