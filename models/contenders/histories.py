"""The purchase histories of a frame, each distinct one once: what buy-till-you-die models read."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from models.btyd.customers import Customers, Groups, read_customers

DAYS_PER_UNIT = 7.0
"""The papers count in weeks; parameters printed in weeks can be compared with them."""


class Histories:
    """Customers, and one row for each distinct history among them.

    A buy-till-you-die model tells customers apart by frequency, recency and T only. Its answers
    are computed for `distinct` and handed out to the customers by `spread`.

    Parameters
    ----------
    customers : DataFrame
        `frequency`, `recency` and `T` in days; at least one row.
    """

    def __init__(self, customers: pd.DataFrame) -> None:
        self.customers = customers
        self._made: dict[Hashable, Any] = {}

    def once(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """What is asked of these customers more than once, made by who asks first."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @classmethod
    def of(cls, customers: pd.DataFrame | Histories) -> Histories:
        """Take histories as they are, and read them from a frame."""
        return customers if isinstance(customers, Histories) else cls(customers)

    @cached_property
    def _groups(self) -> Groups:
        return read_customers(in_weeks(self.customers)).by_history

    @property
    def distinct(self) -> Customers:
        """The distinct histories, in weeks."""
        return self._groups.members

    @cached_property
    def days(self) -> pd.DataFrame:
        """The distinct histories, in days: `frequency`, `recency` and `T`."""
        codes = self._groups.codes
        first = np.empty(len(self.distinct), dtype=np.intp)
        first[codes] = np.arange(len(codes))
        columns = ("frequency", "recency", "T")
        return pd.DataFrame({name: self.customers[name].to_numpy(float)[first] for name in columns})

    def spread(self, values: np.ndarray) -> np.ndarray:
        """One value per distinct history, handed out to the customers; shape (n_customers,)."""
        return self._groups.spread(values)

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.customers)


def in_weeks(rfm: pd.DataFrame) -> pd.DataFrame:
    """Frequency, recency and T in the papers' convention: weeks, up to the last day seen.

    A cutoff is the day after; the horizon's days are then exactly `(T, T + horizon]`.
    """
    return pd.DataFrame(
        {
            "frequency": rfm["frequency"].to_numpy(float),
            "recency": rfm["recency"].to_numpy(float) / DAYS_PER_UNIT,
            "T": np.maximum(rfm["T"].to_numpy(float) - 1.0, 0.0) / DAYS_PER_UNIT,
        },
        index=rfm.index,
    )
