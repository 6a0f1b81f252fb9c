"""scikit-learn estimators as skops files, of the types and loaders on this list and no others.

A skops file names the types that it wants built. MLflow believes a list that lies beside
the file; here the list is code. skops trusts scikit-learn's own estimators and numpy's
scalars and ufuncs; whatever a file asks for beyond that must be in `TRUSTED`, and the ways of
building that could call something (methods, operators, partial functions) are refused by name.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import lru_cache
from typing import TYPE_CHECKING

from features.errors import UserError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

TRUSTED = (
    "numpy.dtype",
    "sklearn._loss.link.Interval",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""Types that a fitted estimator of ours holds and that skops does not trust by itself."""

LOADERS = {
    "CachedNode",
    "DTypeNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "NdArrayNode",
    "ObjectNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}
"""The ways in which skops may build a part: data, and by its name a numpy or scipy ufunc."""

PROTOCOL = 2
"""The one skops layout that is read; the readers of older ones check less."""

LARGEST = 512 * 2**20
"""Bytes that a file may unpack to."""

_PATH = re.compile(r"estimators/([A-Za-z0-9_][A-Za-z0-9_.-]*)\.skops")


def path(name: str) -> str:
    """Where in the model folder the estimator of this name lies.

    Examples
    --------
    >>> path("churn")
    'estimators/churn.skops'
    """
    file = f"estimators/{name}.skops"
    if not _PATH.fullmatch(file):
        raise ValueError(f"{name!r} is no name for an estimator; use letters, digits, _ - and .")
    return file


def is_path(file: str) -> bool:
    """Whether a file of the model folder is an estimator's."""
    return _PATH.fullmatch(file) is not None


def name(file: str) -> str:
    """Return the estimator's name, from its file in the model folder."""
    return file.removeprefix("estimators/").removesuffix(".skops")


def dump(estimator: BaseEstimator) -> bytes:
    """Write a fitted estimator as the bytes of a skops file that `load` accepts.

    Raises
    ------
    ValueError
        When the estimator holds a type or a function that `load` would refuse.
    """
    import skops.io

    content = bytes(skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED))
    refused = _refused(content)
    if refused:
        raise ValueError(
            f"A {type(estimator).__name__} cannot be saved safely: it holds {', '.join(refused)}, "
            "not on the list in pipeline/model_files/estimator_files.py."
        )
    return content


def load(content: bytes, file: str) -> BaseEstimator:
    """Read the estimator in the bytes of a skops file, once each of its types is found on our list.

    Raises
    ------
    UserError
        When the file is no skops file, is too large, or asks for anything else.
    """
    try:
        refused = _refused(content)
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise UserError(f"The model file {file} is no intact skops file.") from error
    if refused:
        raise UserError(
            f"The model file {file} asks for {len(refused)} types or loaders that churn does not "
            f"trust (first: {refused[0]}); it was not opened. Train again with `churn train`."
        )
    return _built(content)


@lru_cache(maxsize=8)
def _built(content: bytes) -> BaseEstimator:
    """Build what was looked through before; once, however many stages of a command ask for it."""
    import skops.io

    return skops.io.loads(content, trusted=list(TRUSTED))


def _refused(content: bytes) -> list[str]:
    """List the types and loaders a skops file names that are not on our list, sorted."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST:
            raise ValueError("unpacks to more than any model of ours")
        names = archive.namelist()
        if len(set(names)) != len(names) or any("/" in member for member in names):
            raise ValueError("holds members that skops does not write")
        schema = json.loads(archive.read("schema.json"))
    if schema["protocol"] != PROTOCOL:
        raise ValueError("is of another skops protocol")
    loaders = {loader for loader in _loaders(schema) if loader not in LOADERS}
    if loaders:
        return sorted(loaders)
    return sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))


def _loaders(schema: object) -> set[str]:
    """Every `__loader__` in a skops schema, however deep."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__loader__" in part:
                found.add(str(part["__loader__"]))
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found
