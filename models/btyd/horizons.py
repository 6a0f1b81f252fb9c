"""Horizons: one number or one per customer; several of them side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.btyd.customers import Customers
from models.btyd.settings import lengths_of_time

Floats = NDArray[np.float64]

#: So many rows at once cost little more than one.
SIDE_BY_SIDE = 4_096


def side_by_side(c: Customers, horizons: Floats) -> Iterator[tuple[Customers, Floats]]:
    """All customers with each horizon: of a few customers, several horizons are one frame.

    A frame with one horizon comes with that number, several with one horizon a row.
    """
    at_once = max(1, SIDE_BY_SIDE // max(len(c), 1))
    for at in range(0, len(horizons), at_once):
        part = horizons[at : at + at_once]
        rows = c if len(part) == 1 else c.take(np.tile(np.arange(len(c)), len(part)))
        yield rows, part[0] if len(part) == 1 else np.repeat(part, len(c))


class Horizon:
    """The horizon as one number or one per row; finite and not negative."""

    def __init__(self, horizon: ArrayLike) -> None:
        self.length = lengths_of_time("horizon", horizon)

    def of(self, c: Customers, batch: slice) -> Floats:
        """The horizon of one batch of customers."""
        part = self.length[batch] if self.length.ndim else self.length
        if part.ndim and part.shape != (len(c),):
            raise ValueError(f"horizon has shape {self.length.shape}; expected one per row.")
        return part
