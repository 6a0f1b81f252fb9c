"""What the base learners predict for one frame of customers; each is asked once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from models.contenders.btyd import BtydContender
from models.contenders.columns import Columns, columns_of
from models.contenders.histories import Histories
from models.contenders.protocol import Contender


class BasePredictions(Mapping[str, pd.DataFrame]):
    """Predictions by learner, made when they are first looked at.

    Attributes
    ----------
    learners : dict
        Fitted base learners by name.
    customers : DataFrame
        A snapshot.
    """

    def __init__(self, learners: dict[str, Contender], customers: pd.DataFrame) -> None:
        self.learners = learners
        self.customers = customers
        self._terms: dict[str, Any] = {}
        self._made: dict[str, pd.DataFrame] = {}

    @cached_property
    def histories(self) -> Histories:
        """The customers' purchase histories, read once for all buy-till-you-die models."""
        return Histories(self.customers)

    @cached_property
    def columns(self) -> Columns:
        """The snapshot's columns, read once for all models of features."""
        return columns_of(self.customers)

    def terms(self, name: str) -> Any:
        """What a learner's prediction, and its contributions, are made of."""
        if name not in self._terms:
            learner: Any = self.learners[name]
            btyd = isinstance(learner, BtydContender)
            self._terms[name] = self.histories if btyd else learner.terms(self.columns)
        return self._terms[name]

    def __getitem__(self, name: str) -> pd.DataFrame:
        """What one learner predicts, one row per customer."""
        if name not in self._made:
            learner: Any = self.learners[name]
            self._made[name] = learner.from_terms(self.customers, self.terms(name))
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a learner; it is not asked."""
        return name in self.learners

    def __iter__(self) -> Iterator[str]:
        """Names of the learners."""
        return iter(self.learners)

    def __len__(self) -> int:
        """How many learners there are."""
        return len(self.learners)
