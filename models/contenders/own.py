"""A scikit-learn classifier of the user's own as a contender."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from models.contenders.classifiers import refuse_unlearnable
from models.contenders.encoding import Encoder
from models.contenders.protocol import answers
from models.history import History, weights


class OwnChurn:
    """Any classifier with `predict_proba`, fitted on the panel; it answers `p_churn`.

    It gets the numeric features and one column for each frequent category, a missing number
    being the mean of its feature: what a classifier makes of NaN is its own affair.

    Parameters
    ----------
    name : str
        What the leaderboard calls it.
    estimator : scikit-learn classifier
        Unfitted; it is cloned before it learns.
    """

    def __init__(self, name: str, estimator: Any):
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(
                f"{name}: {type(estimator).__name__} has no predict_proba, so it gives no "
                "probabilities. Take a classifier that does, or wrap it in CalibratedClassifierCV."
            )
        self.name = name
        self._estimator = estimator
        self._encoder: Encoder | None = None
        self._means: np.ndarray = np.empty(0)

    def fit(self, history: History) -> Self:
        """Fit a clone on the panel, with the rows' weights where the classifier takes them."""
        panel = history.panel
        refuse_unlearnable(panel)
        self._encoder = Encoder.fit(panel, history.attributes)
        matrix = self._encoder.transform(panel)
        known = ~np.isnan(matrix)
        self._means = np.where(known, matrix, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        self._estimator = clone(self._estimator)
        w = weights(panel)
        weighted = has_fit_parameter(self._estimator, "sample_weight")
        with threadpool_limits(limits=1):
            self._estimator.fit(
                self._filled(matrix),
                panel["churned"].to_numpy(int),
                **({"sample_weight": w} if weighted else {}),
            )
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        if customers.empty:
            return answers(customers.index)
        matrix = self._filled(self._encoder.transform(customers))
        return answers(customers.index, self._estimator.predict_proba(matrix)[:, 1])

    def _filled(self, matrix: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(matrix), self._means, matrix)

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the classifier."""
        if self._encoder is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return {
            "name": self.name,
            "encoder": self._encoder.to_dict(),
            "means": self._means.tolist(),
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """The fitted classifier."""
        return {"classifier": self._estimator}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted contender again."""
        own = cls(parameters["name"], estimators["classifier"])
        own._encoder = Encoder.from_dict(parameters["encoder"])
        own._means = np.array(parameters["means"], dtype=float)
        return own
