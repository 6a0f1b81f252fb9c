"""What a run has finished: written down whole after each stage, so that nothing is done twice."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.writing import atomic

FILE = "journal.json"
Result = dict[str, Any]


@dataclass
class Journal:
    """The stages of one folder of results: name -> what it was made of, and what came of it."""

    folder: Path
    stages: dict[str, Result] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Journal":
        """The journal of a folder; empty where none is, or none as `write` left it.

        Stages that are not known to be finished are done again, and lose nothing by it.
        """
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if told["digest"] == _digest(told["stages"]):
                return cls(folder, told["stages"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return cls(folder)

    def finished(self, stage: str, key: str = "") -> Result | None:
        """What came of a stage that was finished with this key; None if it was not."""
        entry = self.stages.get(stage)
        return entry["result"] if entry and entry["key"] == key else None

    def once(self, stage: str, key: str, do: Callable[[], Result]) -> Result:
        """Do a stage, or tell what came of it when it was finished with the same key before."""
        known = self.finished(stage, key)
        return self.write(stage, key, do()) if known is None else known

    def write(self, stage: str, key: str, result: Result) -> Result:
        """Note that a stage is finished; on disk before this returns."""
        self.stages[stage] = {"key": key, "result": result}
        with atomic(self.folder / FILE) as draft:
            told = {"digest": _digest(self.stages), "stages": self.stages}
            draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
        return result


def _digest(stages: dict[str, Result]) -> str:
    """Tells stages that a run wrote from those that a hand has altered."""
    return hashlib.sha256(json.dumps(stages, sort_keys=True).encode()).hexdigest()
