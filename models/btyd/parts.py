"""A term of a likelihood with its gradient, one entry per customer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.btyd.customers import Customers

Floats = NDArray[np.float64]

#: The model's parameters in the order of the paper: scalars, or one entry per customer.
Parameters = tuple[Any, ...]


class Part(NamedTuple):
    """A term of the log-likelihood per customer, and its derivative in each log parameter."""

    value: Floats
    slopes: tuple[Floats, ...]


def per_row(c: Customers, *values: Floats | float) -> tuple[Floats, ...]:
    """Each value as one array, one entry per row."""
    return tuple(np.broadcast_to(np.asarray(value), len(c)) for value in values)
