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

HORIZON = "horizon_days"
"""Tag of a version: how many days its question looks ahead."""

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
        return self._told(IDENTITY, LogIdentity.model_validate_json, always=True)

    @property
    def horizon_days(self) -> int | None:
        """How far its question looks; None for a version that says nothing of itself."""
        return self._told(HORIZON, int, always=True)

    @property
    def as_of(self) -> date | None:
        """The first day that its training did not know; None where no tag tells it."""
        return self._told(AS_OF, date.fromisoformat)

    def _told(self, tag: str, read: Callable[[str], T], always: bool = False) -> T | None:
        """What a tag says; `always`: no version of today's format is without it."""
        told = self.tags.get(tag)
        of = f"The tag {tag} of version {self.version} of {self.name} is"
        way = "Restore it there, or point the alias to another version."
        if not told:
            if always and self.tags.get(FORM) == str(FORMAT):
                raise UserError(f"{of} gone: it was deleted in the tracking store. {way}")
            return None
        try:
            return read(told)
        except ValueError:
            raise UserError(
                f"{of} none that `churn train` wrote: it was altered in the tracking store. {way}"
            ) from None

    @property
    def readable(self) -> bool:
        """Whether this churn can still ask it; one of another format has to be made again."""
        return self.log is not None and self.tags.get(FORM) == str(FORMAT)
