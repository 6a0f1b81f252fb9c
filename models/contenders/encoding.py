"""From a snapshot to a matrix: what every model here does to features before it learns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from models.contenders.ageing import TURNING
from models.contenders.columns import Columns, columns_of, floats
from models.history import NOT_FEATURES
from models.periods import YEAR

RARE = 50
"""An attribute's value with fewer customers than this shares one column with all rare ones."""

MOST_CATEGORIES = 20
"""At most this many values of an attribute have a column of their own."""

FEWEST_YEARS = 2
"""Before a log has seen a time of year twice, it can teach nothing about it."""


@dataclass(frozen=True)
class Encoder:
    """Names of the numeric features and the categories of the attributes, as learned.

    A category never seen, or rare, sets none of the attribute's columns: the model then
    answers as for the average of the rare ones. An attribute of many different numbers (an
    age, a balance) is read as a number. A missing number stays NaN, and so does a text where
    the others were numbers.
    """

    numeric: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    numbers: tuple[str, ...] = ()

    @classmethod
    def fit(cls, panel: pd.DataFrame, attributes: tuple[str, ...] = ()) -> Self:
        """Learn which columns there are.

        Constant ones are left out, and so is the place in the year where nobody has been known
        for two years: until it repeats itself, it tells one cutoff from another and no more.
        """
        names = [c for c in panel.columns if c not in NOT_FEATURES and c not in attributes]
        if "T" not in panel or panel["T"].max() < FEWEST_YEARS * YEAR:
            names = [name for name in names if not TURNING.fullmatch(name)]
        varying = [c for c in names if _varies(panel[c])]
        frequent, numbers = {}, []
        for name in attributes:
            if _many_numbers(panel[name]):
                numbers.append(name)
                continue
            counts = _as_text(panel[name]).value_counts()
            counts = counts[counts >= RARE]
            # By count, then by name: equal counts must not make the columns' order random.
            ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
            frequent[name] = tuple(ordered[:MOST_CATEGORIES])
        return cls(tuple(varying), frequent, tuple(numbers))

    @cached_property
    def names(self) -> list[str]:
        """Names of the matrix columns; an attribute's are `attribute=value`, or `=number`.

        By the mark, an attribute called like a feature (`gap_class`) is told from one.
        """
        return [
            *self.numeric,
            *(f"{name}=number" for name in self.numbers),
            *(f"{name}={value}" for name, values in self.categories.items() for value in values),
        ]

    def transform(self, customers: pd.DataFrame | Columns, spare: int = 0) -> np.ndarray:
        """Features as a float matrix, shape (n_customers, n_columns), by name not by position.

        After them come `spare` columns to be filled; until they are, they take no memory.

        Raises
        ------
        ValueError
            When columns are missing; it names them.
        """
        needed = [*self.numeric, *self.numbers, *self.categories]
        missing = [name for name in needed if name not in customers]
        if missing:
            raise ValueError(
                f"{len(missing)} of {len(needed)} features of the model are missing: "
                f"{', '.join(missing[:5])}. Use the catalogue it was trained on."
            )
        columns = columns_of(customers)
        n_customers = len(next(iter(columns.values())))
        matrix = np.empty((n_customers, len(self.names) + spare), order="F")
        for column, name in enumerate(self.numeric):
            matrix[:, column] = floats(columns[name])
        column = len(self.numeric)
        for name in self.numbers:
            matrix[:, column] = _as_numbers(pd.Series(columns[name]))
            column += 1
        for name, values in self.categories.items():
            shown = _as_text(pd.Series(columns[name])).to_numpy(dtype=object)
            for value in values:
                matrix[:, column] = shown == value
                column += 1
        return matrix

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {
            "numeric": list(self.numeric),
            "categories": {name: list(values) for name, values in self.categories.items()},
            "numbers": list(self.numbers),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the encoder again from `to_dict`."""
        categories = {name: tuple(values) for name, values in state["categories"].items()}
        return cls(tuple(state["numeric"]), categories, tuple(state["numbers"]))


def _varies(column: pd.Series) -> bool:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return bool(((values != values[0]) & ~(np.isnan(values) & np.isnan(values[0]))).any())


def _as_numbers(column: pd.Series) -> np.ndarray:
    """An attribute's values as numbers; NaN where it is missing, or no finite number."""
    values = pd.to_numeric(column.astype("object"), errors="coerce").to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _many_numbers(column: pd.Series) -> bool:
    """Whether all values are numbers, too many different ones to be names of something."""
    known = column.dropna()
    if known.nunique() <= MOST_CATEGORIES:
        return False
    return not np.isnan(_as_numbers(known)).any()


def _as_text(column: pd.Series) -> pd.Series:
    """Categories as text, a missing one as a category of its own."""
    return column.astype("object").where(column.notna(), "missing").map(str)


def signed_log(values: np.ndarray) -> np.ndarray:
    """Logarithm of 1 + the size with the sign kept: counts and money on one scale.

    Examples
    --------
    >>> signed_log(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.693, 0.0, 0.693]
    """
    return np.copysign(np.log1p(np.abs(values)), values)


def logit(p: np.ndarray) -> np.ndarray:
    """Log odds, probabilities kept 1e-6 away from 0 and 1.

    Examples
    --------
    >>> logit(np.array([0.5, 1.0])).round(2).tolist()
    [0.0, 13.82]
    """
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p) - np.log1p(-p)


def expit(log_odds: np.ndarray) -> np.ndarray:
    """Probability of log odds, without overflow.

    Examples
    --------
    >>> expit(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)
