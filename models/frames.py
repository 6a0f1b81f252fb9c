"""Tables by cutoff that need not stand in memory: each is fetched when it is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd


class Frames(Mapping[date, pd.DataFrame]):
    """A table for each of some days, by whatever fetches it.

    Examples
    --------
    >>> frames = Frames([date(2024, 1, 1)], lambda day: pd.DataFrame({"day": [day]}))
    >>> [str(day) for day in frames], len(frames[date(2024, 1, 1)])
    (['2024-01-01'], 1)
    """

    def __init__(self, days: Iterable[date], fetch: Callable[[date], pd.DataFrame]) -> None:
        self._days = dict.fromkeys(days)
        self._fetch = fetch

    def __getitem__(self, day: date) -> pd.DataFrame:
        if day not in self._days:
            raise KeyError(day)
        return self._fetch(day)

    def __contains__(self, day: object) -> bool:
        return day in self._days

    def __iter__(self) -> Iterator[date]:
        return iter(self._days)

    def __len__(self) -> int:
        return len(self._days)


def some_rows(frame: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Rows of a table, numbered anew; they are not copied where they stand together."""
    places = np.flatnonzero(chosen.to_numpy())
    together = len(places) and places[-1] - places[0] == len(places) - 1
    rows = frame.iloc[places[0] : places[-1] + 1] if together else frame.iloc[places]
    return rows.reset_index(drop=True)
