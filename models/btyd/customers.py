"""A frame of customers as arrays: checked once, then counted by what the models can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Integer columns below this are their own codes; above, a hash table finds the distinct values.
_DENSE_VALUES = 1 << 16


class Distinct(NamedTuple):
    """The distinct rows among some columns, and for each original row its place there."""

    columns: tuple[Floats, ...]
    codes: Codes

    def spread(self, values: Floats) -> Floats:
        """One value per distinct row, handed out to the original rows."""
        return values[self.codes]


def _codes(column: Floats) -> tuple[Codes, Floats]:
    """Each entry's code and the value of each code; codes of small integers are the integers."""
    if column.size and column.min() >= 0 and column.max() < _DENSE_VALUES:
        whole = column.astype(np.int64)
        if np.array_equal(whole, column):
            return whole, np.arange(whole.max() + 1, dtype=float)
    codes, values = pd.factorize(column)
    return codes.astype(np.int64), np.asarray(values, float)


def distinct(*columns: Floats) -> Distinct:
    """The distinct rows of equally long columns, without sorting where the columns are integers.

    >>> rows = distinct(np.array([2.0, 0.0, 2.0]), np.array([7.0, 0.0, 7.0]))
    >>> [column.tolist() for column in rows.columns], rows.codes.tolist()
    ([[0.0, 2.0], [0.0, 7.0]], [1, 0, 1])
    """
    coded = [_codes(column) for column in columns]
    key, size = coded[0][0], len(coded[0][1])
    for codes, values in coded[1:]:
        if size * len(values) >= 2**62:
            key, kept = (lambda pair: (pair[0].astype(np.int64), pair[1]))(pd.factorize(key))
            size = len(kept)
        key, size = key * len(values) + codes, size * len(values)
    used, codes = _used(key, size)
    first = np.empty(len(used), dtype=np.int64)
    first[codes] = np.arange(len(key))
    return Distinct(tuple(column[first] for column in columns), codes)


def _used(key: Codes, size: int) -> tuple[Codes, Codes]:
    """The keys that occur, ascending, and for each row its key's place among them."""
    if size > 8 * len(key) + 1_000_000:
        used, codes = np.unique(key, return_inverse=True)
        return used, codes
    place = np.zeros(size, dtype=np.int64)
    place[key] = 1
    used = np.flatnonzero(place)
    place[used] = np.arange(len(used))
    return used, place[key]


@dataclass(frozen=True)
class Customers:
    """What a BTYD model sees: x, t_x and T per row, covariate patterns, customers per row.

    `extra` carries the one column a single model adds (log intervals of the regularity model).
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    covariates: Floats
    extra: Floats

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def _patterns(self) -> Distinct:
        return distinct(*self.covariates.T)

    @cached_property
    def pattern(self) -> Codes:
        """Each row's covariate pattern; all zero without covariates."""
        if self.covariates.shape[1]:
            return self._patterns.codes
        return np.zeros(len(self), dtype=np.int64)

    @cached_property
    def patterns(self) -> Floats:
        """The distinct covariate rows, shape (n_patterns, n_covariates)."""
        if self.covariates.shape[1]:
            return np.column_stack(self._patterns.columns)
        return np.zeros((1, 0))

    def _by(self, *columns: Floats) -> Distinct:
        return distinct(*columns, self.pattern.astype(float))

    @cached_property
    def by_count(self) -> Distinct:
        """Distinct (x, pattern)."""
        return self._by(self.x)

    @cached_property
    def by_recency(self) -> Distinct:
        """Distinct (x, t_x, pattern)."""
        return self._by(self.x, self.t_x)

    @cached_property
    def by_age(self) -> Distinct:
        """Distinct (x, T, pattern)."""
        return self._by(self.x, self.T)

    @cached_property
    def by_history(self) -> Distinct:
        """Distinct (x, t_x, T, pattern)."""
        return self._by(self.x, self.t_x, self.T)

    def take(self, rows: slice | Codes) -> Customers:
        """The same view of some of the rows."""
        return Customers(
            self.x[rows],
            self.t_x[rows],
            self.T[rows],
            self.weight[rows],
            self.covariates[rows],
            self.extra[rows],
        )

    def counted(self) -> Customers:
        """One row per distinct history, its weight the number of customers who share it."""
        rows = self.by_history
        size = len(rows.columns[0])
        weight = np.bincount(rows.codes, self.weight, size).astype(float)
        extra = np.bincount(rows.codes, self.weight * self.extra, size)
        with np.errstate(invalid="ignore"):
            mean_extra = np.where(weight > 0, extra / weight, 0.0)
        x, t_x, T, pattern = rows.columns
        covariates = self.patterns[pattern.astype(np.int64)]
        return Customers(x, t_x, T, weight, covariates, mean_extra).take(np.flatnonzero(weight > 0))


def as_frame(X: Any, columns: Sequence[str]) -> pd.DataFrame:
    """`X` as a pandas frame that has `columns`; anything that speaks Arrow is welcome."""
    if isinstance(X, pd.DataFrame):
        frame = X
    elif hasattr(X, "__arrow_c_stream__"):
        frame = pd.DataFrame.from_arrow(X)  # type: ignore[attr-defined]
    elif isinstance(X, dict):
        frame = pd.DataFrame(X)
    else:
        raise ValueError(
            f"Expected a frame with columns {', '.join(columns)}; got {type(X).__name__}. "
            "Pass a pandas DataFrame or an Arrow table."
        )
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(
            f"The frame has no column {', '.join(missing)}; needed are {', '.join(columns)}."
        )
    return frame


def number_column(frame: pd.DataFrame, name: str) -> Floats:
    """One column as float64; text and missing values stay visible as NaN for the checks."""
    column = frame[name]
    try:
        return np.ascontiguousarray(column.to_numpy(dtype=float, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {name} holds values that are no numbers.") from error


def refuse(rules: dict[str, Callable[[], NDArray[np.bool_]]], n_rows: int) -> None:
    """Raise one ValueError that counts the offenders of every broken rule."""
    broken = []
    for rule, offenders in rules.items():
        mask = offenders()
        if mask.any():
            count, first = int(mask.sum()), int(np.argmax(mask))
            broken.append(f"{count:,} of {n_rows:,} rows break '{rule}' (first: row {first:,})")
    if broken:
        raise ValueError("; ".join(broken) + ". Correct or set aside these rows.")


def read_weights(sample_weight: ArrayLike | None, n_rows: int) -> Floats:
    """Customers per row: ones when not given; finite, not negative, not all zero."""
    if sample_weight is None:
        return np.ones(n_rows)
    weight = np.asarray(sample_weight, dtype=float)
    if weight.shape != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {weight.shape}; expected ({n_rows},), customers per row."
        )
    refuse(
        {"sample_weight is finite and >= 0": lambda: ~(np.isfinite(weight) & (weight >= 0))}, n_rows
    )
    if not weight.any():
        raise ValueError("sample_weight is zero everywhere: there is no customer to learn from.")
    return weight


def read_customers(
    X: Any, covariates: Sequence[str] = (), sample_weight: ArrayLike | None = None
) -> Customers:
    """Check `frequency`, `recency`, `T` (and covariate columns) and return them as arrays.

    Raises
    ------
    ValueError
        Names every broken rule and counts its offenders: NaN, negative or fractional
        frequency, t_x > T, frequency 0 with t_x > 0, an empty frame, a missing column.
    """
    frame = as_frame(X, ("frequency", "recency", "T", *covariates))
    n = len(frame)
    if n == 0:
        raise ValueError("The frame has no rows: there is no customer to learn from or to score.")
    x, t_x, T = (number_column(frame, name) for name in ("frequency", "recency", "T"))
    z = (
        np.column_stack([number_column(frame, name) for name in covariates])
        if covariates
        else np.zeros((n, 0))
    )
    fine = (x >= 0) & (t_x >= 0) & (t_x <= T) & np.isfinite(T) & (x == np.floor(x))
    fine &= ((x > 0) | (t_x == 0)) & np.isfinite(x)
    if not fine.all() or not np.isfinite(z).all():
        _refuse_customers(x, t_x, T, z, covariates)
    return Customers(x, t_x, T, read_weights(sample_weight, n), z, np.zeros(n))


def _refuse_customers(
    x: Floats, t_x: Floats, T: Floats, z: Floats, covariates: Sequence[str]
) -> None:
    rules: dict[str, Callable[[], NDArray[np.bool_]]] = {
        "frequency is a finite number": lambda: ~np.isfinite(x),
        "recency is a finite number": lambda: ~np.isfinite(t_x),
        "T is a finite number": lambda: ~np.isfinite(T),
        "frequency is not negative": lambda: x < 0,
        "frequency is a whole number": lambda: np.isfinite(x) & (x != np.floor(x)),
        "recency is not negative": lambda: t_x < 0,
        "recency <= T": lambda: t_x > T,
        "recency is 0 where frequency is 0": lambda: (x == 0) & (t_x > 0),
    }
    for k, name in enumerate(covariates):
        rules[f"covariate {name} is a finite number"] = lambda k=k: ~np.isfinite(z[:, k])  # type: ignore[misc]
    refuse(rules, len(x))
