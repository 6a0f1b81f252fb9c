"""A frame of customers as arrays: checked once, then counted by what the models can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.btyd.distinct import Coded, coded, distinct, distinct_of
from models.btyd.settings import real

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Purchases of one customer; beyond, float64 no longer tells x + r from x.
LARGEST_COUNT = 1_000_000_000


@dataclass(frozen=True)
class Customers:
    """What a BTYD model sees: x, t_x and T per row, covariate pattern, customers per row.

    `log_intervals` is the sum of the logarithms of the times between a customer's purchases; only
    the regularity model has it, it is empty for the others.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    pattern: Codes
    patterns: Floats
    log_intervals: Floats

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def _count_coded(self) -> Coded:
        return coded(self.x)

    @cached_property
    def _recency_coded(self) -> Coded:
        return coded(self.t_x)

    @cached_property
    def _age_coded(self) -> Coded:
        return coded(self.T)

    @cached_property
    def by_count(self) -> Groups:
        """Grouped by x (and covariates)."""
        return self._group(self._count_coded)

    @cached_property
    def by_recency(self) -> Groups:
        """Grouped by x, t_x (and covariates)."""
        return self._group(self._count_coded, self._recency_coded)

    @cached_property
    def by_age(self) -> Groups:
        """Grouped by x, T (and covariates)."""
        return self._group(self._count_coded, self._age_coded)

    @cached_property
    def by_history(self) -> Groups:
        """Grouped by x, t_x, T (and covariates)."""
        return self._group(self._count_coded, self._recency_coded, self._age_coded)

    def histories(self) -> tuple[Customers, Codes]:
        """One customer for each distinct history, and each row's place among these."""
        return self.by_history.members, self.by_history.codes

    def _group(self, *columns: Coded) -> Groups:
        several = len(self.patterns) > 1
        pattern = [Coded(self.pattern, len(self.patterns))] if several else []
        rows = distinct_of([*columns, *pattern])
        return Groups(self.take(rows.first), rows.codes)

    def take(self, rows: slice | Codes | NDArray[np.bool_]) -> Customers:
        """Some of the rows."""
        return Customers(
            self.x[rows],
            self.t_x[rows],
            self.T[rows],
            self.weight[rows],
            self.pattern[rows],
            self.patterns,
            self.log_intervals[rows] if self.log_intervals.size else self.log_intervals,
        )

    def after(self, horizon: Floats) -> Customers:
        """The same customers, silent for a further `horizon`."""
        return replace(self, T=self.T + horizon)

    def counted(self) -> Customers:
        """One row per distinct history, its weight the number of customers who share it.

        Log intervals enter the likelihood linearly, so their mean stands for the group.
        """
        groups = self.by_history
        weight = groups.total(self.weight)
        members = replace(groups.members, weight=weight)
        if self.log_intervals.size:
            total = groups.total(self.weight * self.log_intervals)
            mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
            members = replace(members, log_intervals=mean)
        return members.take(weight > 0)


class Groups(NamedTuple):
    """One member of each group of alike rows, and each row's group."""

    members: Customers
    codes: Codes

    def spread(self, values: Floats) -> Floats:
        """One value per group, handed out to the rows."""
        return values[self.codes]

    def total(self, values: Floats) -> Floats:
        """Sum of a value over the rows of each group."""
        return np.bincount(self.codes, values, len(self.members)).astype(float)


def as_frame(X: Any, columns: Sequence[str]) -> pd.DataFrame:
    """`X` as a pandas frame that has `columns`; anything that speaks Arrow is welcome."""
    if isinstance(X, pd.DataFrame):
        frame = X
    elif hasattr(X, "__arrow_c_stream__"):
        frame = pd.DataFrame.from_arrow(X)  # type: ignore[attr-defined]  # stubs before pandas 3
    elif isinstance(X, dict) or _are_records(X):
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


def _are_records(X: Any) -> bool:
    """A list of dicts, one per row."""
    return isinstance(X, list) and bool(X) and all(isinstance(row, dict) for row in X)


def number_column(frame: pd.DataFrame, name: str) -> Floats:
    """One column as float64; missing values stay visible as NaN for the checks."""
    column = frame[name]
    if isinstance(column, pd.DataFrame):
        raise ValueError(f"The frame has {column.shape[1]} columns {name}; one is needed.")
    try:
        return real(column)
    except ValueError as error:
        raise ValueError(f"Column {name}: {error}.") from None


def _not_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return ~np.isfinite(values)


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
        return np.broadcast_to(1.0, (n_rows,))  # one number, however many rows
    try:
        weight = real(sample_weight)
    except ValueError as error:
        raise ValueError(f"sample_weight: {error}.") from None
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
    X: Any,
    covariates: Sequence[str] = (),
    sample_weight: ArrayLike | None = None,
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
    # Comparisons with NaN are false, so each of these also finds missing values.
    fine = (
        x.min() >= 0
        and t_x.min() >= 0
        and x.max() < LARGEST_COUNT
        and T.max() < np.inf
        and (t_x <= T).all()
        and (x == np.floor(x)).all()
        and ((x > 0) | (t_x == 0)).all()
        and np.isfinite(z).all()
    )
    if not fine:
        _refuse_customers(x, t_x, T, z, covariates)
    pattern, patterns = np.broadcast_to(np.int64(0), (n,)), np.zeros((1, 0))
    if covariates:
        different = distinct(*z.T)
        pattern, patterns = different.codes, z[different.first]
    weight = read_weights(sample_weight, n)
    return Customers(x, t_x, T, weight, pattern, patterns, np.zeros(0))


def _refuse_customers(
    x: Floats, t_x: Floats, T: Floats, z: Floats, covariates: Sequence[str]
) -> None:
    rules: dict[str, Callable[[], NDArray[np.bool_]]] = {
        "frequency is a finite number": lambda: ~np.isfinite(x),
        "recency is a finite number": lambda: ~np.isfinite(t_x),
        "T is a finite number": lambda: ~np.isfinite(T),
        "frequency is not negative": lambda: x < 0,
        "frequency is a whole number": lambda: np.isfinite(x) & (x != np.floor(x)),
        f"frequency is below {LARGEST_COUNT:,}": lambda: np.isfinite(x) & (x >= LARGEST_COUNT),
        "recency is not negative": lambda: t_x < 0,
        "recency <= T": lambda: t_x > T,
        "recency is 0 where frequency is 0": lambda: (x == 0) & (t_x > 0),
    }
    for k, name in enumerate(covariates):
        rules[f"covariate {name} is a finite number"] = partial(_not_finite, z[:, k])
    refuse(rules, len(x))
