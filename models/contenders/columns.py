"""The columns of a snapshot by name: of a few customers, asking a frame is most of the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Columns = Mapping[str, Any]
"""Features by name, each an array or a Series, shape (n_customers,)."""


def columns_of(customers: pd.DataFrame | Columns) -> Columns:
    """A snapshot's columns, its numbers as arrays; columns stay what they are.

    Examples
    --------
    >>> columns_of(pd.DataFrame({"T": [40.0, None]}))
    {'T': array([40., nan])}
    """
    if isinstance(customers, Mapping):
        return customers
    return {
        str(name): column.to_numpy() if column.dtype == np.float64 else column
        for name, column in customers.items()
    }


def floats(column: Any) -> np.ndarray:
    """A column's numbers; NaN where there is none."""
    if isinstance(column, np.ndarray):
        return column
    numbers: np.ndarray = column.to_numpy(dtype=float, na_value=np.nan)
    return numbers
