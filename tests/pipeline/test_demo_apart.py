"""The demo keeps to itself: nothing that a user does afterwards meets it."""

from importlib.resources import as_file, files
from pathlib import Path

from pipeline.command_line.demo import kept_apart
from pipeline.config import TrackingConfig
from pipeline.config_file import load


def test_the_demo_has_a_store_names_and_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://the.users.own:5000")
    with as_file(files("configs") / "cdnow.yaml") as path:
        config = load(path, kept_apart(Path("out/demo")))
    own = TrackingConfig()
    assert config.tracking.uri == "sqlite:///out/demo/mlflow.db"
    assert config.tracking.experiment != own.experiment
    assert config.tracking.registered_model != own.registered_model
    assert config.output.folder == Path("out/demo")
    assert config.contenders is not None
    assert "lifetimes_bg_nbd" in config.contenders


def test_the_lifetimes_package_stands_on_the_demos_board_only():
    from models.all_contenders import BOARD, CONTENDERS

    assert set(CONTENDERS) - set(BOARD) == {"lifetimes_bg_nbd"}
