"""Boosted trees for how often customers buy and what they spend within the horizon."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from models.contenders.classifiers import Training
from models.contenders.columns import Columns
from models.contenders.encoding import Encoder
from models.contenders.protocol import answers
from models.contenders.trees import BoostedMean
from models.history import History, weights

TOP_SHARE = 0.002
"""Outcomes above the quantile that leaves this share of buyers are cut down to it."""


class BoostedSpend:
    """Poisson boosting of purchases and of net spend, on the panel.

    A log-linear model of raw money follows single customers: one order of a million
    can multiply a whole base's forecast. Outcomes are therefore cut at a high quantile
    of the buyers, and what the cut takes away is given back to all in proportion.
    """

    name = "boosted_spend"

    def __init__(
        self,
        encoder: Encoder | None = None,
        trees: dict[str, BoostedMean] | None = None,
        restored: dict[str, float] | None = None,
    ):
        self._encoder = encoder
        self._trees = trees or {}
        self._restored = restored or {}

    def fit(self, history: History) -> Self:
        """Fit both outcomes on the panel."""
        self._encoder, self._trees, self._restored = history.fitted_once(
            "boosted_spend", lambda: self._fitted_to(history)
        )
        return self

    def _fitted_to(
        self, history: History
    ) -> tuple[Encoder, dict[str, BoostedMean], dict[str, float]]:
        encoder, panel, matrix = Training.of_panel(history)
        w = weights(panel)
        trees: dict[str, BoostedMean] = {}
        restored = {}
        for what in ("purchases", "spend"):
            outcome = np.maximum(panel[what].to_numpy(float), 0.0)
            if not outcome.any():
                raise ValueError(f"No customer of the panel has {what} within the horizon.")
            cut = np.minimum(outcome, _ceiling(outcome))
            restored[what] = float((outcome * w).sum() / (cut * w).sum())
            with threadpool_limits(limits=1, user_api="openmp"):
                trees[what] = BoostedMean.fit(matrix, cut, w, history.seed)
        return encoder, trees, restored

    def terms(self, customers: pd.DataFrame | Columns) -> np.ndarray:
        """The features as a matrix."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._encoder.transform(customers)

    def from_terms(self, customers: pd.DataFrame, terms: np.ndarray) -> pd.DataFrame:
        """Answer `expected_purchases` and `expected_spend` only."""
        expected = {
            what: trees.predict(terms) * self._restored[what] for what, trees in self._trees.items()
        }
        return answers(
            customers.index,
            expected_purchases=expected["purchases"],
            expected_spend=expected["spend"],
        )

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `expected_purchases` and `expected_spend` only."""
        return self.from_terms(customers, self.terms(customers))

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return {
            "encoder": self._encoder.to_dict(),
            "restored": self._restored,
            "trees": {what: trees.parameters() for what, trees in self._trees.items()},
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of both outcomes, named `outcome.trees`."""
        return {
            f"{what}.{name}": tree
            for what, trees in self._trees.items()
            for name, tree in trees.estimators().items()
        }

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        trees = {
            what: BoostedMean.restore(
                state,
                {
                    name.removeprefix(f"{what}."): tree
                    for name, tree in estimators.items()
                    if name.startswith(f"{what}.")
                },
            )
            for what, state in parameters["trees"].items()
        }
        return cls(Encoder.from_dict(parameters["encoder"]), trees, parameters["restored"])


def _ceiling(outcome: np.ndarray) -> float:
    buyers = outcome[outcome > 0]
    return float(np.quantile(buyers, 1 - TOP_SHARE))
