"""Tables of a training that wait on the disk until they are asked for: together they are large."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from weakref import finalize

import pandas as pd
from pyarrow import feather

from features.errors import UserError
from features.writing import FULL, scratch
from models.frames import Frames


class KeptFrames:
    """A folder of tables, which ends with this object; `where` is a place for it."""

    def __init__(self, where: Path | None = None) -> None:
        opened = scratch(where, "churn-")
        self._folder = Path(opened.__enter__())
        finalize(self, opened.__exit__, None, None, None)

    def keep(self, kind: str, frames: Iterable[tuple[date, pd.DataFrame]]) -> Frames:
        """Write tables of one kind; what is fetched equals them.

        Raises
        ------
        UserError
            Where the disk has no room for them.
        """
        days = []
        for day, frame in frames:
            try:
                feather.write_feather(frame, self._file(kind, day), compression="lz4")
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise UserError(
                    f"The disk with the scratch folder {self._folder.parent} is full. Free some "
                    "space, or name a folder on another disk: --set engine.scratch=FOLDER"
                ) from None
            days.append(day)
        return Frames(days, lambda day: self._fetch(kind, day))

    def _fetch(self, kind: str, day: date) -> pd.DataFrame:
        found: pd.DataFrame = feather.read_feather(self._file(kind, day))
        return found

    def _file(self, kind: str, day: date) -> Path:
        return self._folder / f"{kind}-{day}.arrow"
