"""What the pipeline's tests share: an empty tracking store, and one training."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tests.pipeline import shop


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a folder by a function, once for all test processes; nobody may alter it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = root / name
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                # Under its own name from the start: a store remembers where its files lie.
                folder.mkdir()
                try:
                    make(folder)
                except BaseException:
                    shutil.rmtree(folder)
                    raise
        return folder

    return made


@pytest.fixture(scope="session")
def migrated_store(made_once: Callable[..., Path]) -> Path:
    """An empty MLflow database after its migrations, which take seconds."""

    def migrate(folder: Path) -> None:
        from mlflow import MlflowClient

        from pipeline.tracking.store import talking

        uri = f"sqlite:///{folder / 'mlflow.db'}"
        with talking(uri):
            MlflowClient(uri, uri)

    return made_once("store", migrate) / "mlflow.db"


@pytest.fixture
def tracking_uri(migrated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tracking store of its own for one test, which also starts in an empty folder."""
    (tmp_path / "store").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(migrated_store, tmp_path / "store" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"


@contextmanager
def recorded(file: Path) -> Iterator[None]:
    """Whatever is said meanwhile, by us or by a library, goes to a file."""
    kept = [os.dup(number) for number in (1, 2)]
    with file.open("w") as said, redirect_stdout(said), redirect_stderr(said):
        try:
            for number in (1, 2):
                os.dup2(said.fileno(), number)
            yield
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


@pytest.fixture(scope="session")
def trained(made_once: Callable[..., Path], migrated_store: Path) -> Path:
    """A folder in which `churn train` has run once: `orders.csv`, a store, results, `said.txt`."""

    def train(folder: Path) -> None:
        shutil.copy(migrated_store, folder / "mlflow.db")
        bad = (shop.SENTINEL, "2022-02-31", "9.00", "B1", "NO")
        log = [(*row, f"{row[3]}{shop.MAIL}") for row in [*shop.rows(), bad]]
        shop.write(folder / "orders.csv", log, (*shop.HEADER, "Email"))
        with chdir(folder), recorded(folder / "said.txt"):
            assert shop.train() == 0

    return made_once("trained", train)


@pytest.fixture
def here(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is that of the one training; a test writes elsewhere."""
    monkeypatch.chdir(trained)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained
