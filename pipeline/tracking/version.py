"""One version of a registered model, as its tags and the run of its training tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.model_files.identity import LogIdentity
from pipeline.model_files.manifest import FORMAT

IDENTITY = "log_identity"
"""Tag of a version: the name and the sketch of its log."""

FORM = "format"
"""Tag of a version: the format of its files."""


@dataclass(frozen=True)
class Version:
    """One version of a registered model, with the figures of the training that made it.

    `by_cutoff` holds its measures cutoff by cutoff: measure -> cutoff -> value.
    """

    name: str
    version: str
    run_id: str
    tags: dict[str, str]
    by_cutoff: dict[str, dict[date, float]]

    @property
    def log(self) -> LogIdentity | None:
        """The log that it learned from; None for a version of a churn that kept no identity."""
        told = self.tags.get(IDENTITY)
        return LogIdentity.model_validate_json(told) if told else None

    @property
    def readable(self) -> bool:
        """Whether this churn can still ask it; one of another format has to be made again."""
        return self.log is not None and self.tags.get(FORM) == str(FORMAT)
