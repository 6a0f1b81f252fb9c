"""Sends what a training could not tell the tracking store, before a command asks that store."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config_file import load_output, load_tracking
from pipeline.training import UNSENT

if TYPE_CHECKING:
    from pipeline.console import Progress


def send(path: Path | None, overrides: Mapping[str, Any], progress: "Progress") -> None:
    """Record the training that waits in the output folder of these settings, if one does."""
    folder = load_output(path, overrides).folder
    if (folder / UNSENT).is_file():
        from pipeline.training import recording  # MLflow, seconds that others need not pay

        recording.send(folder, load_tracking(path, overrides), progress)
