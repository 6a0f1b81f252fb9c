"""What the pipeline's tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database after its migrations, which take seconds."""
    from mlflow import MlflowClient

    from pipeline.tracking.store import talking

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    uri = f"sqlite:///{file}"
    with talking(uri):
        MlflowClient(uri, uri)
    return file


@pytest.fixture
def tracking_uri(migrated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tracking store of its own for one test, which also starts in an empty folder."""
    (tmp_path / "store").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(migrated_store, tmp_path / "store" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"
