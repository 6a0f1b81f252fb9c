"""Fetches a registered model without opening it; `pipeline.model_files.artifact` does that."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

import mlflow.artifacts
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from features.errors import UserError
from features.writing import alone
from pipeline.model_files import artifact
from pipeline.model_files.manifest import MANIFEST
from pipeline.tracking.store import absolute, client_of, talking, without_password

CHALLENGER, CHAMPION = "challenger", "champion"
LOADER = "mlflow.pyfunc.loaders.code_model"

_ADDRESS = re.compile(r"models:/([^/@]+)(?:@([A-Za-z0-9_-]+)|/(\d+))")


def download(uri: str, address: str, cache: Path) -> tuple[Path, str]:
    """Fetch the model directory of `models:/name@alias` or `models:/name/version`.

    Nothing in it is opened here but the names of MLflow's own description, as plain data.

    Parameters
    ----------
    uri : str
        The tracking store.
    cache : Path
        A folder for downloaded versions; one that is there is not fetched again. The same
        number in another store, or in one that was made anew, is another version.

    Returns
    -------
    Path, str
        The directory, for `pipeline.model_files.artifact.load`, and the number of the version.

    Raises
    ------
    TrackingError
        When the store cannot be reached.
    UserError
        When there is no such version, or it is not a model of churn's.
    """
    name, wanted = parse(address)
    uri = absolute(uri)
    client = client_of(uri)
    with talking(uri):
        found = find(client, name, wanted)
        if found is None:
            raise UserError(
                f"There is no model {address} in the tracking store. `churn train` registers one "
                f"as models:/{name}@{CHALLENGER}, and `churn promote` makes it the {CHAMPION}."
            )
        folder = cache / name / f"{found.version}-{_origin(uri, found)}"
        if not (folder / MANIFEST).is_file():
            # By its place: MLflow would look a models:/ address up in the wrong store.
            place = client.get_model_version_download_uri(name, str(found.version))
            _fetch(uri, place, folder)
    return folder, str(found.version)


def parse(address: str) -> tuple[str, str]:
    """Split the address of a registered model into its name and its alias or number.

    Examples
    --------
    >>> parse("models:/churn@champion"), parse("models:/churn/3")
    (('churn', 'champion'), ('churn', '3'))
    """
    parts = _ADDRESS.fullmatch(address)
    if not parts or set(parts[1]) <= {"."}:
        raise UserError(
            "--model takes a folder, models:/name@alias or models:/name/number, "
            f"for instance models:/churn@{CHAMPION}."
        )
    return parts[1], parts[2] or parts[3]


def key(uri: str, address: str) -> str:
    """Name what an address stands for in one store, as text that holds no password.

    Examples
    --------
    >>> one, other = (key(f"http://{host}:5000", "models:/churn/1") for host in ("a", "b"))
    >>> one == other, one.endswith(" models:/churn/1")
    (False, True)
    """
    return f"{_digest(without_password(absolute(uri)))} {address}"


def find(client: MlflowClient, name: str, version: str) -> ModelVersion | None:
    """Look a version up by number or alias; None when there is none."""
    try:
        if version.isdigit():
            return client.get_model_version(name, version)
        return client.get_model_version_by_alias(name, version)
    except MlflowException as error:
        # A name, an alias and a version that are unknown come as two kinds of error.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _origin(uri: str, found: ModelVersion) -> str:
    """What tells a version from those of the same number that other trainings made."""
    return _digest(without_password(uri), str(found.run_id), str(found.model_id))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _fetch(uri: str, place: str, folder: Path) -> None:
    """Download a version and put the model directory within it in place, whole."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        found = mlflow.artifacts.download_artifacts(
            artifact_uri=place, dst_path=scratch, tracking_uri=uri
        )
        within = _model_folder(Path(found))
        artifact.verify(within)
        with alone(folder):
            # Another command may have fetched it meanwhile, and be reading it.
            if not (folder / MANIFEST).is_file():
                shutil.rmtree(folder, ignore_errors=True)
                within.replace(folder)


def _model_folder(downloaded: Path) -> Path:
    """Where churn's directory lies in an MLflow model, once that is seen to be plain."""
    try:
        described = yaml.safe_load((downloaded / "MLmodel").read_text())
        flavor = described["flavors"]["python_function"]
        loader, place = flavor["loader_module"], flavor["artifacts"]["model"]["path"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UserError("The registered model is not one that `churn train` registered.") from error
    within = (downloaded / place).resolve()
    if loader != LOADER or not within.is_relative_to(downloaded.resolve()):
        raise UserError(
            "The registered model was altered: it names another loader or another place than "
            "`churn train` wrote. It was not opened. Train again, and see who can write the store."
        )
    return within
