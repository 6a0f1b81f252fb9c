"""Scikit-learn contenders for the churn probability: logistic regression and boosted trees."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from models.contender import answers
from models.encoding import Encoder, expit
from models.history import History, weights
from models.linear import LinearLogit

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
        history = history.latest() if self._latest_only else history
        panel = history.panel
        features = panel if self._features is None else panel[list(self._features)]
        attributes = history.attributes if self._features is None else ()
        self._model = LinearLogit.fit(
            features, panel["churned"].to_numpy(), weights(panel), attributes
        )
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return answers(customers.index, expit(self.model.log_odds(customers)))

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


class BoostedChurn:
    """Histogram gradient boosting, held back so that a few thousand customers suffice."""

    def __init__(
        self,
        name: str = "hist_gradient_boosting",
        latest_only: bool = False,
        seed: int = 0,
        encoder: Encoder | None = None,
        estimator: BaseEstimator | None = None,
    ):
        self.name = name
        self._latest_only = latest_only
        self._seed = seed
        self._encoder = encoder
        self._estimator = estimator

    def fit(self, history: History) -> Self:
        """Fit on the panel, or on its latest cutoff."""
        history = history.latest() if self._latest_only else history
        self._encoder = Encoder.fit(history.panel, history.attributes)
        self._estimator = boosted_classifier(self._seed)
        # One thread: sums in another order would be another model in the last digits.
        with threadpool_limits(limits=1):
            self._estimator.fit(
                self._encoder.transform(history.panel),
                history.panel["churned"].to_numpy(int),
                sample_weight=weights(history.panel),
            )
        return self

    def log_odds(self, customers: pd.DataFrame) -> np.ndarray:
        """Log odds of no purchase, shape (n_customers,)."""
        if self._encoder is None or self._estimator is None:
            raise ValueError(f"{self.name} has not been fitted.")
        if customers.empty:
            return np.empty(0)
        return self._estimator.decision_function(self._encoder.transform(customers))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return answers(customers.index, expit(self.log_odds(customers)))

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return {"name": self.name, "encoder": self._encoder.to_dict()}

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of the fitted model."""
        return {"trees": self._estimator}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        encoder = Encoder.from_dict(parameters["encoder"])
        return cls(parameters["name"], encoder=encoder, estimator=estimators["trees"])


def boosted_classifier(seed: int) -> HistGradientBoostingClassifier:
    """Small, slow, heavily shrunk trees: they won against the defaults on every task measured."""
    return HistGradientBoostingClassifier(
        learning_rate=0.04,
        max_iter=150,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )
