"""Distinct rows of several columns, found once: the histogram that every likelihood reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Integer columns below this are their own codes; above, a hash table finds the distinct values.
_DENSE_VALUES = 1 << 16
#: Codes of several columns are packed into one integer below this.
_LARGEST_KEY = 1 << 62


class Distinct(NamedTuple):
    """One original row for each distinct combination, and each row's place among these."""

    first: Codes
    codes: Codes


class Coded(NamedTuple):
    """A column as small whole numbers: each entry's code, and how many codes there may be."""

    codes: Codes
    size: int


def distinct(*columns: Floats) -> Distinct:
    """The distinct rows of equally long columns, without sorting where the columns are integers.

    >>> rows = distinct(np.array([2.0, 0.0, 2.0]), np.array([7.0, 0.0, 7.0]))
    >>> rows.first.tolist(), rows.codes.tolist()
    ([1, 2], [1, 0, 1])
    """
    return distinct_of([coded(column) for column in columns])


def coded(column: Floats) -> Coded:
    """A column's codes; small integers are their own."""
    if column.size and column.min() >= 0 and (largest := column.max()) < _DENSE_VALUES:
        whole = column.astype(np.int64)
        if (whole == column).all():
            return Coded(whole, int(largest) + 1)
    codes, values = pd.factorize(column)
    return Coded(codes.astype(np.int64), len(values))


def distinct_of(columns: Sequence[Coded]) -> Distinct:
    """The same of columns that are coded already."""
    key, size = columns[0]
    for codes, different in columns[1:]:
        if size * different >= _LARGEST_KEY:
            packed, values = pd.factorize(key)
            key, size = packed.astype(np.int64), len(values)
        key, size = key * different + codes, size * different
    used, codes = _used(key, size)
    first = np.empty(len(used), dtype=np.int64)
    first[codes] = np.arange(len(key))
    return Distinct(first, codes)


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
