"""A package of somebody else's in place of ours is one clear refusal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.command_line import start

ROOT = Path(__file__).parents[2]


def churn(*path):
    return subprocess.run(
        [sys.executable, "-c", "from pipeline.command_line.start import main; main()"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def foreign(folder, name, form):
    """`name` as somebody else has it: a package, a module, a folder without `__init__.py`."""
    if form == "module":
        (folder / f"{name}.py").touch()
        return
    (folder / name).mkdir()
    if form == "package":
        (folder / name / "__init__.py").touch()


@pytest.mark.parametrize(
    ("name", "form"), [("features", "package"), ("models", "module"), ("configs", "package")]
)
def test_a_foreign_package_is_named_with_its_place_and_the_way_out(tmp_path, name, form):
    foreign(tmp_path, name, form)
    (tmp_path / "pipeline").symlink_to(ROOT / "pipeline")
    done = churn(tmp_path, ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name}: {tmp_path}" in done.stderr
    assert "-m venv" in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_a_bare_folder_that_an_editable_install_gives_way_to_is_foreign_too(tmp_path):
    foreign(tmp_path, "models", "folder")
    (tmp_path / "pipeline").symlink_to(ROOT / "pipeline")
    done = churn(tmp_path)
    assert done.returncode == 2
    assert f"models: {tmp_path}" in done.stderr


def test_our_own_packages_are_not_foreign():
    assert start.foreign_packages() == {}
