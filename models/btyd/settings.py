"""Numbers as they come, checked in one place: a refusal says what is wanted and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api import types

Floats = NDArray[np.float64]


def real(values: Any) -> Floats:
    """Values as float64, missing ones as NaN; text, truth values and dates are a ValueError.

    >>> real([1, 2.5]).tolist()
    [1.0, 2.5]
    """
    shape = np.shape(values)
    if not isinstance(values, pd.Series) and np.asarray(values).dtype.kind in "fiu":
        return np.ascontiguousarray(values, dtype=float).reshape(shape)
    column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values).ravel())
    if column.dtype == object:
        kind = types.infer_dtype(column, skipna=True)
        fine = kind in {"integer", "floating", "mixed-integer-float", "decimal", "empty"}
    else:
        kind = str(column.dtype)
        odd = types.is_bool_dtype(column.dtype) or types.is_complex_dtype(column.dtype)
        fine = types.is_numeric_dtype(column.dtype) and not odd
    if not fine:
        raise ValueError(f"expected numbers, got {kind}")
    return np.ascontiguousarray(column.to_numpy(dtype=float, na_value=np.nan)).reshape(shape)


def _one(value: Any) -> float:
    """A single number, or NaN for anything else, which no limit lets through."""
    try:
        found = real(value)
    except ValueError:
        return np.nan
    return np.nan if found.ndim else float(found)


def number(
    name: str,
    value: Any,
    *,
    least: float = -np.inf,
    above: float = -np.inf,
    below: float = np.inf,
) -> float:
    """One finite number within its limits.

    >>> number("level", 0.8, above=0, below=1)
    0.8
    """
    found = _one(value)
    if not (np.isfinite(found) and found >= least and above < found < below):
        limits = [f">= {least:g}"] * (least > -np.inf) + [f"above {above:g}"] * (above > -np.inf)
        limits += [f"below {below:g}"] * (below < np.inf)
        raise ValueError(f"{name} must be a finite number {' and '.join(limits)}; got {value!r}.")
    return found


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """One whole number, from `least` to `most`.

    >>> whole("n_max", 3.0, 0)
    3
    """
    found = _one(value)
    limit = np.inf if most is None else most
    if not (np.isfinite(found) and least <= found <= limit and found == np.floor(found)):
        wanted = f">= {least}" if most is None else f"from {least} to {most:,}"
        raise ValueError(f"{name} must be a whole number {wanted}; got {value!r}.")
    return int(found)


def lengths_of_time(name: str, values: ArrayLike) -> Floats:
    """Lengths of time, of any shape: finite and not negative; offenders are counted."""
    try:
        length = real(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}.") from None
    wrong = ~(np.isfinite(length) & (length >= 0))
    if wrong.any():
        count = int(np.sum(wrong))
        raise ValueError(f"{name}: {count:,} of {length.size:,} are negative or not finite.")
    return length


def quantile_levels(q: ArrayLike) -> Floats:
    """One level, or a list of them, each strictly between 0 and 1."""
    try:
        levels = real(q)
    except ValueError as error:
        raise ValueError(f"q: {error}.") from None
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise ValueError("q must lie strictly between 0 and 1: one number, or a list of them.")
    return levels
