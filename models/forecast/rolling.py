"""Rolling origins: every forecast made in the past as it would have been, and held against it.

Tashman, L. J. (2000), "Out-of-sample tests of forecasting accuracy", International Journal of
Forecasting 16(4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import norm
from scipy.stats import t as student

Floats = NDArray[np.float64]

LEVEL = 0.8
"""Probability that a band is meant to hold."""

MOST_ORIGINS = 8


def origins(length: int, steps: int, year: int = 52) -> list[int]:
    """Where past forecasts begin: each with its steps over, and twice as many before it.

    The last ones, and the one a year before the end: what comes is of that time of the year.

    >>> origins(60, 13), origins(104, 13)
    ([26, 29, 32, 35, 38, 41, 44, 47], [52, 70, 73, 76, 79, 82, 85, 88, 91])
    >>> origins(30, 13)
    []
    """
    stride = max(1, steps // 4)
    last = list(range(length - steps, 2 * steps - 1, -stride))[:MOST_ORIGINS]
    ago = length - year
    return sorted({*last, ago} if 2 * steps <= ago <= length - steps else last)


def apart(starts: Sequence[int], steps: int) -> int:
    """How many of the origins have steps that do not overlap.

    >>> apart([52, 70, 73, 76, 79, 82, 85, 88, 91], 13)
    3
    """
    count, free = 0, -np.inf
    for start in starts:
        if start >= free:
            count, free = count + 1, start + steps
    return count


@dataclass(frozen=True)
class Record:
    """What a method said at past origins beside what came; both (n_origins, steps)."""

    starts: NDArray[np.int64]
    said: Floats
    came: Floats

    @property
    def steps(self) -> int:
        """How many steps each forecast looks ahead."""
        return self.said.shape[1]

    @property
    def relative(self) -> Floats:
        """Errors (came - said) as shares of the `level` of their origin's forecast."""
        level = np.array([[self.level(row)] for row in self.said])
        return np.asarray((self.came - self.said) / level)

    def level(self, said: Floats) -> float:
        """The mean of a forecast, but no less than a tenth of what mostly came.

        A forecast of next to nothing would else make any error endless.
        """
        usual = float(np.abs(self.came).mean())
        return max(float(np.abs(said).mean()), usual / 10) or 1.0

    def error_of_total(self) -> float:
        """Mean absolute error of the sum of all steps, as a share of the mean sum."""
        off = np.abs((self.came - self.said).sum(axis=1)).mean()
        return float(off / (np.abs(self.came.sum(axis=1)).mean() or np.nan))

    def error_of_steps(self) -> float:
        """Mean absolute error of single steps, as a share of their mean."""
        return float(np.abs(self.came - self.said).mean() / (np.abs(self.came).mean() or np.nan))

    def known_at(self, start: int) -> Record:
        """The origins whose steps were over by then."""
        rows = self.starts + self.steps <= start
        return Record(self.starts[rows], self.said[rows], self.came[rows])


@dataclass(frozen=True)
class Band:
    """Half widths around a forecast, as shares of its mean: of steps, and of the mean of all."""

    steps: Floats
    total: float


def band(record: Record) -> Band:
    """A band that holds `LEVEL` of what comes, as far as the past errors tell.

    The variance of a step's error is a line over its lead: what does not grow with it is chance,
    which many steps show; what grows is a course that few horizons show, as overlapping ones tell
    little more. So its width, and that of the total, is Student's, with as many degrees of freedom
    as horizons lie apart, less one: the method was chosen by these very errors.
    """
    errors = record.relative
    lead = np.arange(1.0, record.steps + 1)
    line, _ = nnls(np.column_stack([np.ones_like(lead), lead]), (errors**2).mean(axis=0))
    known = max(1, apart(record.starts.tolist(), record.steps) - 1)
    chance, course = norm.ppf((1 + LEVEL) / 2), student.ppf((1 + LEVEL) / 2, known)
    return Band(
        np.sqrt(chance**2 * line[0] + course**2 * line[1] * lead),
        float(course * np.sqrt((errors.mean(axis=1) ** 2).mean())),
    )


def coverage(record: Record) -> tuple[float, int]:
    """Share of past steps that the band of the time held, and how many it is of.

    Each origin's band is made of the errors that were known when it began.
    """
    held: list[NDArray[np.bool_]] = []
    for start, errors in zip(record.starts, record.relative, strict=True):
        past = record.known_at(int(start))
        if len(past.starts):
            held.append(np.abs(errors) <= band(past).steps)
    if not held:
        return np.nan, 0
    return float(np.concatenate(held).mean()), int(np.concatenate(held).size)


def scoreboard(records: dict[str, Record]) -> pd.DataFrame:
    """One row per method, the smallest error of the total first."""
    rows = {}
    for name, record in records.items():
        share, of = coverage(record)
        rows[name] = {
            "error_of_total": record.error_of_total(),
            "error_of_steps": record.error_of_steps(),
            "bias": float((record.said.sum() - record.came.sum()) / (record.came.sum() or np.nan)),
            "coverage": share,
            "covered_of": of,
            "origins": len(record.starts),
        }
    board = pd.DataFrame.from_dict(rows, orient="index")
    return board.sort_values(["error_of_total", "error_of_steps"])
