"""A model folder comes back as it was, or not at all."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, TweedieRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from features.errors import UserError
from features.writing import private_folder
from pipeline.model_files import artifact, estimator_files, manifest
from pipeline.model_files.manifest import Manifest
from tests.pipeline import shop

FEATURES = ("frequency", "recency", "T", "country")


@dataclass
class Pair:
    """Two scikit-learn pipelines and a number: the shapes that real contenders have."""

    level: float = 0.1
    fitted: dict[str, Any] = field(default_factory=dict)
    name: str = "pair"

    def fit(self, customers: pd.DataFrame, churned: np.ndarray) -> Pair:
        numbers = ["frequency", "recency", "T"]
        columns = make_column_transformer(
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["country"]),
        )
        trees = HistGradientBoostingClassifier(max_iter=5, random_state=0)
        linear = make_pipeline(columns, LogisticRegression()).fit(customers, churned)
        self.fitted = {"linear": linear, "trees": trees.fit(customers[numbers], churned)}
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        linear = self.fitted["linear"].predict_proba(customers)[:, 1]
        trees = self.fitted["trees"].predict_proba(customers[["frequency", "recency", "T"]])[:, 1]
        return pd.DataFrame({"p_churn": (linear + trees) / 2 + self.level}, index=customers.index)

    def parameters(self) -> dict[str, Any]:
        return {"level": self.level}

    def estimators(self) -> dict[str, Any]:
        return self.fitted

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, Any]) -> Pair:
        return cls(parameters["level"], estimators)


def restore(name: str, parameters: dict[str, Any], estimators: dict[str, Any]) -> Pair:
    if name != "pair":
        raise ValueError(name)
    return Pair.restore(parameters, estimators)


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.uniform(0, 90, size=(200, 3)), columns=list(FEATURES[:3]))
    frame.loc[::7, "recency"] = np.nan
    return frame.assign(country=random.choice(["CH", "GB", "NO"], 200))


@pytest.fixture(scope="module")
def contender(customers: pd.DataFrame) -> Pair:
    return Pair(level=1 / 3).fit(customers, customers["frequency"].to_numpy() > 40)


def write(folder: Path, contender: Any) -> Manifest:
    return artifact.save(
        folder,
        contender,
        horizon_days=91,
        cutoffs=(date(1997, 10, 2), date(1998, 1, 1)),
        features=FEATURES,
        attributes=("country",),
        data_digest="d" * 32,
        log=shop.IDENTITY,
        run_id="r" * 32,
        settings={"clv_months": 12},
    )


@pytest.fixture
def folder(tmp_path: Path, contender: Pair) -> Path:
    write(tmp_path / "model", contender)
    return tmp_path / "model"


def sign(folder: Path, **changes: Any) -> None:
    """Rewrite the manifest so that it fits the folder again, as a forger would."""
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text())
    names = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    files = {
        path.relative_to(folder).as_posix(): artifact.sha256(path.read_bytes()) for path in names
    }
    manifest = manifest.model_copy(update={"files": files, **changes})
    manifest = manifest.model_copy(update={"digest": manifest.content_digest()})
    (folder / "manifest.json").write_text(manifest.model_dump_json())


def test_a_loaded_contender_predicts_to_the_last_bit_what_the_saved_one_did(
    folder: Path, contender: Pair, customers: pd.DataFrame
) -> None:
    model = artifact.load(folder, restore)
    pd.testing.assert_frame_equal(
        model.contender.predict(customers), contender.predict(customers), check_exact=True
    )
    assert model.manifest.features == FEATURES
    assert model.manifest.cutoffs[-1] == date(1998, 1, 1)
    assert model.manifest.settings == {"clv_months": 12}


def test_37_only_the_owner_can_read_a_model(folder: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("file", ["manifest.json", "parameters.json", "estimators/trees.skops"])
@pytest.mark.parametrize("damage", ["bit_flipped", "truncated", "emptied", "missing", "linked"])
def test_a_damaged_file_is_refused_before_any_estimator_is_opened(
    folder: Path, file: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / file
    content = bytearray(path.read_bytes())
    if damage == "bit_flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "emptied":
        path.write_bytes(b"")
    else:
        path.rename(folder.parent / "elsewhere")
    if damage == "linked":
        path.symlink_to(folder.parent / "elsewhere")
    monkeypatch.setattr(estimator_files, "load", pytest.fail)
    with pytest.raises(UserError):
        artifact.load(folder, restore)


def test_34_each_flipped_bit_of_the_manifest_is_noticed(folder: Path) -> None:
    path = folder / "manifest.json"
    content = path.read_bytes()
    for position in range(0, len(content), 5):
        altered = bytearray(content)
        altered[position] ^= 1
        path.write_bytes(altered)
        if altered.split() == content.split():
            continue
        with pytest.raises(UserError):
            artifact.verify(folder)


@pytest.mark.parametrize("extra", ["model.pkl", "estimators/more.skops", "new/sub.json"])
def test_a_file_that_the_manifest_does_not_list_is_refused(folder: Path, extra: str) -> None:
    (folder / extra).parent.mkdir(exist_ok=True)
    (folder / extra).write_bytes(b"x")
    with pytest.raises(UserError, match="1 that do not belong"):
        artifact.load(folder, restore)


@pytest.mark.parametrize("extra", ["model.pkl", "estimators/x.joblib", "estimators/../a.skops"])
def test_a_foreign_file_is_refused_even_when_the_manifest_lists_it(
    folder: Path, extra: str
) -> None:
    (folder / extra).write_bytes(b"x")
    sign(folder)
    with pytest.raises(UserError, match="no churn model has"):
        artifact.load(folder, restore)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("place", ["a_file", "a_folder_of_it"])
def test_32_a_pickle_is_refused_unopened(tmp_path: Path, place: str) -> None:
    model = tmp_path / "theirs" / "model.pkl"
    model.parent.mkdir()
    model.write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(UserError, match="never opened"):
        artifact.load(model if place == "a_file" else model.parent)
    assert not (tmp_path / "exploded").exists()


def forged(content: bytes, changes: dict[str, object]) -> bytes:
    """The same skops file with other values in the root of its schema."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for member in source.namelist():
            data = source.read(member)
            if member == "schema.json":
                data = json.dumps({**json.loads(data), **changes}).encode()
            archive.writestr(member, data)
    return target.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": {}},
        {"__class__": "Popen", "__module__": "subprocess"},
        {"__class__": "methodcaller", "__module__": "operator", "__loader__": "OperatorFuncNode"},
        {"__loader__": "MethodNode", "content": {"func": "system", "obj": {}}},
        {"__loader__": "NodeOfTomorrow"},
        {"protocol": 0},
    ],
    ids=["function", "foreign_class", "operator", "method", "unknown_loader", "old_protocol"],
)
def test_33_a_skops_file_that_asks_for_more_than_our_list_is_refused(
    folder: Path, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    import skops.io

    file = folder / "estimators" / "linear.skops"
    file.write_bytes(forged(file.read_bytes(), changes))
    sign(folder)
    monkeypatch.setattr(skops.io, "loads", pytest.fail)
    with pytest.raises(UserError, match=r"linear\.skops"):
        artifact.load(folder, restore)


def test_a_list_of_trusted_types_beside_the_model_widens_nothing(folder: Path) -> None:
    (folder / "_skops_trusted_types.json").write_text('["os.system"]')
    sign(folder)
    with pytest.raises(UserError, match="no churn model has"):
        artifact.load(folder, restore)


def test_a_skops_bomb_is_refused_by_its_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimator_files, "LARGEST", 1000)
    with pytest.raises(UserError, match="no intact skops file"):
        artifact.load(folder, restore)


@pytest.mark.parametrize(
    "function", [os.path.join, os.system, partial(np.log1p)], ids=["python", "system", "partial"]
)
def test_an_estimator_with_a_function_inside_cannot_be_saved(tmp_path: Path, function: Any) -> None:
    bad = Pair(fitted={"linear": FunctionTransformer(function)})
    with pytest.raises(ValueError, match="cannot be saved safely"):
        write(tmp_path / "model", bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingRegressor(loss="poisson", max_iter=3, random_state=0),
        HistGradientBoostingRegressor(loss="gamma", max_iter=3, early_stopping=True),
        RandomForestRegressor(3, random_state=0),
        TweedieRegressor(power=1.5),
        CalibratedClassifierCV(LogisticRegression(), cv=2),
        CalibratedClassifierCV(LogisticRegression(), cv=2, method="isotonic"),
        VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_the_estimators_that_people_add_come_back_with_the_same_answers(
    estimator: BaseEstimator, customers: pd.DataFrame
) -> None:
    numbers = customers[["frequency", "T"]].to_numpy()
    kind = is_classifier(estimator)
    fitted = estimator.fit(numbers, numbers[:, 0] > 40 if kind else numbers[:, 1] + 1)
    again = estimator_files.load(estimator_files.dump(fitted), "a file")
    ask = "predict_proba" if kind else "predict"
    np.testing.assert_array_equal(getattr(again, ask)(numbers), getattr(fitted, ask)(numbers))


@pytest.mark.parametrize(
    ("libraries", "refused"),
    [({"scikit-learn": "1.2.0"}, True), ({"numpy": "1.26.4"}, True), ({"skops": None}, True)],
    ids=["older_scikit_learn", "older_numpy", "unknown_skops"],
)
def test_48_another_library_version_is_refused(
    folder: Path, libraries: dict[str, str | None], refused: bool
) -> None:
    manifest = artifact.verify(folder)
    trained = {
        name: version
        for name, version in {**manifest.libraries, **libraries}.items()
        if version is not None
    }
    sign(folder, libraries=trained)
    with pytest.raises(UserError, match=next(iter(libraries))):
        artifact.load(folder, restore)


def test_a_patch_release_of_a_library_is_no_mismatch(folder: Path) -> None:
    libraries = artifact.verify(folder).libraries
    minor = ".".join(libraries["scikit-learn"].split(".")[:2])
    sign(folder, libraries={**libraries, "scikit-learn": f"{minor}.999"})
    assert artifact.load(folder, restore).manifest.contender == "pair"


def test_another_format_or_contender_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(UserError, match="'pair'"):
        artifact.load(folder)
    sign(folder, format=1)
    with pytest.raises(UserError, match="format 1"):
        artifact.load(folder, restore)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_contender_whose_state_is_no_number_is_not_saved(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write(tmp_path / "model", Pair(level=value))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_model_as_it_was(
    folder: Path, contender: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = artifact.verify(folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(folder, contender)
    assert artifact.verify(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("survived", [0, 1, 2], ids=["no_rename", "old_moved", "new_in_place"])
def test_a_save_killed_between_its_renames_leaves_one_whole_model(
    folder: Path, contender: Pair, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for kill -9: nothing after the n-th rename happens, not even cleaning up."""
    before, calls, rename = artifact.verify(folder), [], os.replace

    def killed(source: Path, target: Path) -> None:
        if len(calls) == survived:
            raise KeyboardInterrupt
        calls.append(target)
        rename(source, target)
        if len(calls) == survived == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    monkeypatch.setattr(artifact.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        write(folder, contender)
    monkeypatch.undo()
    found = artifact.load(folder, restore).manifest
    assert (found == before) == (survived < 2)
    write(folder, contender)
    assert list(folder.parent.iterdir()) == [folder]


def test_of_two_trainings_into_one_folder_the_later_replaces_the_whole_of_the_other(
    tmp_path: Path, contender: Pair
) -> None:
    folder, inside, waiting = tmp_path / "model", Event(), Event()

    class Slow(Pair):
        def parameters(self) -> dict[str, Any]:
            inside.set()
            waiting.wait()
            sleep(0.2)
            return super().parameters()

    slow = Slow(0.25, contender.fitted)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(write, folder, slow)
        inside.wait()
        second = pool.submit(write, folder, contender)
        waiting.set()
        assert first.result().digest != second.result().digest
    assert artifact.verify(folder) == second.result()
    assert list(tmp_path.iterdir()) == [folder]


def test_53_what_a_killed_training_left_does_not_stop_the_next(
    tmp_path: Path, contender: Pair
) -> None:
    left = private_folder(tmp_path / "model", artifact.PARTIAL)
    (left / "parameters.json").write_text("{")
    (tmp_path / ".model.lock").touch()
    neighbour = private_folder(tmp_path / "model.2", artifact.PARTIAL)
    write(tmp_path / "model", contender)
    assert sorted(tmp_path.iterdir()) == [neighbour, tmp_path / "model"]


def test_saving_over_something_else_is_refused(tmp_path: Path, contender: Pair) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="no churn model"):
        write(tmp_path / "holiday", contender)
    assert [path.name for path in tmp_path.rglob("*")] == ["holiday", "photo.jpg"]


@pytest.mark.slow
def test_checking_a_manifest_needs_neither_scikit_learn_nor_mlflow() -> None:
    code = (
        "import sys, pipeline.model_files.artifact; "
        "assert not {'sklearn', 'mlflow', 'pandas', 'skops'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("when", ["files", "read_bytes"])
def test_a_model_that_is_replaced_while_it_is_read_is_read_again(
    folder: Path, contender: Pair, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Else a file of the next model, or one that is gone, is told as damage."""
    before = artifact.verify(folder)
    written: list[Manifest] = []
    room = manifest if when == "files" else Path
    real = getattr(room, when)

    def meanwhile(place: Path) -> Any:
        found = real(place)
        monkeypatch.undo()
        written.append(write(folder, Pair(0.7, contender.fitted)))
        return found

    monkeypatch.setattr(room, when, meanwhile)
    found = artifact.load(folder, restore)
    assert [found.manifest] == written
    assert found.manifest != before
