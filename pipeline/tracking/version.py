"""One version of a registered model, as its tags and the run of its training tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from features.errors import UserError
from pipeline.model_files.identity import LogIdentity
from pipeline.model_files.manifest import FORMAT

IDENTITY = "log_identity"
"""Tag of a version: the name and the sketch of its log."""

AS_OF = "as_of"
"""Tag of a version: the first day that its training did not know."""

FORM = "format"
"""Tag of a version: the format of its files."""

T = TypeVar("T")


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
        return self._told(IDENTITY, LogIdentity.model_validate_json)

    @property
    def as_of(self) -> date | None:
        """The first day that its training did not know; None where no tag tells it."""
        return self._told(AS_OF, date.fromisoformat)

    def _told(self, tag: str, read: Callable[[str], T]) -> T | None:
        told = self.tags.get(tag)
        try:
            return read(told) if told else None
        except ValueError:
            raise UserError(
                f"The tag {tag} of version {self.version} of {self.name} is none that `churn "
                "train` wrote: it was altered in the tracking store. Restore it there, or point "
                "the alias to another version."
            ) from None

    @property
    def readable(self) -> bool:
        """Whether this churn can still ask it; one of another format has to be made again."""
        return self.log is not None and self.tags.get(FORM) == str(FORMAT)
