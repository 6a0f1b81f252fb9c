"""Where a run's data and code came from, in digests and counts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag

LONGEST_DIGEST = 36


@dataclass(frozen=True)
class Data:
    """What was learned from, in counts: enough to tell two logs apart, nothing to read in them.

    Parameters
    ----------
    name, source : str
        What people call the log, and its file name.
    digest : str
        Over the full content; the first 36 characters are kept.
    profile : mapping
        Counts and dates, such as rows, customers, first and last day.
    columns : mapping
        Column name -> type of the canonical log.
    """

    name: str
    source: str
    digest: str
    profile: Mapping[str, Any]
    columns: Mapping[str, str]

    def as_input(self) -> DatasetInput:
        """Turn it into the dataset of a run; MLflow would digest no more than the head."""
        columns = [{"name": name, "type": kind} for name, kind in self.columns.items()]
        dataset = Dataset(
            name=self.name,
            digest=self.digest[:LONGEST_DIGEST],
            source_type="local",
            source=json.dumps({"uri": self.source}),
            schema=json.dumps({"mlflow_colspec": columns}),
            profile=json.dumps(dict(self.profile), default=str),
        )
        return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def git_state() -> dict[str, str]:
    """The commit of the working directory and whether it was altered; {} outside of git."""
    git = shutil.which("git")
    if not git:
        return {}

    def ask(*words: str) -> str:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            [git, *words], capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()

    try:
        commit = ask("rev-parse", "HEAD")
        altered = bool(ask("status", "--porcelain", "--untracked-files=no"))
    except (subprocess.SubprocessError, OSError):
        return {}
    return {"mlflow.source.git.commit": commit, "git_altered": str(altered).lower()}
