"""Scikit-learn contenders for the churn probability: logistic regression and boosted trees."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from models.contenders.columns import Columns
from models.contenders.encoding import Encoder, expit
from models.contenders.forest import Forest
from models.contenders.linear import LinearLogit
from models.contenders.protocol import answers
from models.contenders.trees import boosted_classifier, snapped, thinned
from models.history import History, weights

RFM = ("frequency", "recency", "T", "monetary_value")


class LogisticChurn:
    """Logistic regression on signed-log features."""

    def __init__(
        self,
        name: str = "logistic",
        features: tuple[str, ...] | None = None,
        latest_only: bool = False,
        model: LinearLogit | None = None,
    ):
        self.name = name
        self._features = features
        self._latest_only = latest_only
        self._model = model

    @property
    def model(self) -> LinearLogit:
        """The fitted linear predictor."""
        if self._model is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._model

    def fit(self, history: History) -> Self:
        """Fit on the panel, or on its latest cutoff."""
        key = ("logistic", self._features, self._latest_only)
        self._model = history.fitted_once(key, lambda: self._fitted_to(history))
        return self

    def _fitted_to(self, history: History) -> LinearLogit:
        panel = history.latest().panel if self._latest_only else history.panel
        refuse_unlearnable(panel)
        features = panel if self._features is None else panel[list(self._features)]
        attributes = history.attributes if self._features is None else ()
        churned = panel["churned"].to_numpy()
        return LinearLogit.fit(features, churned, weights(panel), attributes, history.money)

    def terms(self, customers: pd.DataFrame | Columns) -> np.ndarray:
        """What the log odds are summed from, see `LinearLogit.contributions`."""
        return self.model.contributions(customers)

    def from_terms(self, customers: pd.DataFrame, terms: np.ndarray) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return answers(customers.index, expit(self.model.summed(terms)))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return self.from_terms(customers, self.terms(customers))

    def parameters(self) -> dict[str, Any]:
        """Fitted state: all of it."""
        return {"name": self.name, "model": self.model.to_dict()}

    def estimators(self) -> dict[str, BaseEstimator]:
        """Nothing of scikit-learn is kept, its coefficients are."""
        return {}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        return cls(parameters["name"], model=LinearLogit.from_dict(parameters["model"]))


class FittedTrees:
    """What a contender of boosted trees keeps: how to read a snapshot, and the trees."""

    name: str
    _encoder: Encoder | None
    _estimator: BaseEstimator | None

    @property
    def encoder(self) -> Encoder:
        """The fitted encoder."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._encoder

    @property
    def estimator(self) -> Any:
        """The fitted trees."""
        if self._estimator is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._estimator

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of the fitted model."""
        return {"trees": self.estimator}


class BoostedChurn(FittedTrees):
    """Histogram gradient boosting, held back so that a few thousand customers suffice."""

    def __init__(
        self,
        name: str = "hist_gradient_boosting",
        latest_only: bool = False,
        encoder: Encoder | None = None,
        estimator: BaseEstimator | None = None,
    ):
        self.name = name
        self._latest_only = latest_only
        self._encoder = encoder
        self._estimator = estimator

    def fit(self, history: History) -> Self:
        """Fit on the panel, or on its latest cutoff."""
        key = ("boosted_churn", self._latest_only)
        self._encoder, self._estimator = history.fitted_once(key, lambda: self._fitted_to(history))
        return self

    def _fitted_to(self, history: History) -> tuple[Encoder, BaseEstimator]:
        panel = history.latest().panel if self._latest_only else history.panel
        refuse_unlearnable(panel)
        if self._latest_only:
            return fitted_trees(Training.of(panel, history), history.seed)
        return fitted_trees(Training.of_panel(history), history.seed)

    def terms(self, customers: pd.DataFrame | Columns) -> Forest:
        """The leaves whose values are the log odds of no purchase."""
        return Forest.walked(self.estimator, self.encoder.transform(customers))

    def from_terms(self, customers: pd.DataFrame, terms: Forest) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return answers(customers.index, expit(terms.margin()))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return self.from_terms(customers, self.terms(customers))

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        return {"name": self.name, "encoder": self.encoder.to_dict()}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        encoder = Encoder.from_dict(parameters["encoder"])
        return cls(parameters["name"], encoder=encoder, estimator=estimators["trees"])


class Training(NamedTuple):
    """What trees learn from: rows, thinned, and their features as a matrix."""

    encoder: Encoder
    rows: pd.DataFrame
    matrix: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, history: History) -> Training:
        """Encode some rows of a history."""
        encoder, few = Encoder.fit(rows, history.attributes), thinned(rows)
        return cls(encoder, few, snapped(encoder.transform(few)))

    @classmethod
    def of_panel(cls, history: History) -> Training:
        """Encode a history's panel, once for all trees that learn from it."""
        return history.once("training", lambda: cls.of(history.panel, history))


def fitted_trees(training: Training, seed: int) -> tuple[Encoder, BaseEstimator]:
    """Encoder and trees that tell the churned rows from the others."""
    encoder, few, matrix = training
    trees = boosted_classifier(len(few), seed)
    # One thread: sums in another order would be another model in the last digits.
    with threadpool_limits(limits=1, user_api="openmp"):
        trees.fit(matrix, few["churned"].to_numpy(int), sample_weight=weights(few))
    return encoder, trees


def refuse_unlearnable(panel: pd.DataFrame) -> None:
    """Raise ValueError when a panel has no rows, all of them churned, or none did."""
    if panel.empty:
        raise ValueError("There is no labelled cutoff to learn from. Use a longer log.")
    rate = panel["churned"].mean()
    if rate in (0.0, 1.0):
        raise ValueError(
            f"All {len(panel):,} training rows {'churned' if rate else 'bought again'}: there is "
            "nothing to tell apart. Use a longer or shorter horizon, or more history."
        )
