"""What the base learners predict for one frame of customers; each is asked once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

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
        self._made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """What one learner predicts, one row per customer."""
        if name not in self._made:
            self._made[name] = self.learners[name].predict(self.customers)
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
