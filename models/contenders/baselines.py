"""Naive rules that every model has to beat, made as good as a rule of their kind can be.

Each turns one number about a customer into a churn probability by a logistic curve
fitted on the latest labelled cutoff, and extrapolates past spend as it stands.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.contenders.classifiers import refuse_unlearnable
from models.contenders.encoding import expit
from models.contenders.linear import ridge_logistic
from models.contenders.protocol import answers
from models.history import History, weights


class BaseRate:
    """Everybody churns, and spends, like the average customer of the last labelled horizon."""

    name = "base_rate"

    def __init__(self, means: tuple[float, float, float] | None = None):
        self._means = means

    def fit(self, history: History) -> Self:
        """Average the outcomes of the latest labelled cutoff."""
        rows = history.latest().panel
        w = weights(rows)
        churned, purchases, spend = (
            float(np.average(rows[label], weights=w)) for label in ("churned", "purchases", "spend")
        )
        self._means = (churned, purchases, spend)
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer the same for everybody."""
        if self._means is None:
            raise ValueError("The base rate has not been fitted.")
        return answers(customers.index, *(np.full(len(customers), mean) for mean in self._means))

    def parameters(self) -> dict[str, Any]:
        """Fitted state."""
        return {"means": list(self._means or ())}

    def estimators(self) -> dict[str, BaseEstimator]:
        """Nothing of scikit-learn is kept."""
        return {}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted rule again."""
        churned, purchases, spend = parameters["means"]
        return cls((churned, purchases, spend))


class _Rule:
    """A logistic curve over one number; the subclasses say which."""

    name: str

    def __init__(self, horizon_days: int = 0, curve: tuple[float, float] | None = None):
        self._horizon_days = horizon_days
        self._curve = curve

    def score(self, customers: pd.DataFrame) -> np.ndarray:
        """Answer with the one number that the rule looks at, shape (n_customers,)."""
        raise NotImplementedError

    def extrapolate(self, customers: pd.DataFrame) -> tuple[Any, Any]:
        """Purchases and spend of the horizon if the past goes on; NaN when the rule is silent."""
        return np.nan, np.nan

    def fit(self, history: History) -> Self:
        """Fit the curve on the latest labelled cutoff."""
        self._horizon_days = history.horizon_days
        rows = history.latest().panel
        refuse_unlearnable(rows)
        slope, intercept = ridge_logistic(
            self.score(rows)[:, None], rows["churned"].to_numpy(float), weights(rows), 1.0
        )
        self._curve = (intercept, float(slope[0]))
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Read the curve at each customer's number."""
        if self._curve is None:
            raise ValueError(f"The rule {self.name} has not been fitted.")
        intercept, slope = self._curve
        p_churn = expit(intercept + slope * self.score(customers))
        return answers(customers.index, p_churn, *self.extrapolate(customers))

    def parameters(self) -> dict[str, Any]:
        """Fitted state."""
        return {"horizon_days": self._horizon_days, "curve": list(self._curve or ())}

    def estimators(self) -> dict[str, BaseEstimator]:
        """Nothing of scikit-learn is kept."""
        return {}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted rule again."""
        intercept, slope = parameters["curve"]
        return cls(int(parameters["horizon_days"]), (intercept, slope))


class RecencyAlone(_Rule):
    """The longer a customer has been silent, the likelier the churn; nothing else counts."""

    name = "recency_alone"

    def score(self, customers: pd.DataFrame) -> np.ndarray:
        """Logarithm of the days since the last purchase."""
        return np.log1p(_silence(customers))


class StatusQuoRate(_Rule):
    """Customers go on buying at their own average rate since their first purchase."""

    name = "status_quo_rate"

    def score(self, customers: pd.DataFrame) -> np.ndarray:
        """Logarithm of the purchases expected at that rate."""
        return np.log(self._expected(customers))

    def extrapolate(self, customers: pd.DataFrame) -> tuple[Any, Any]:
        """Rate times horizon, at the mean basket so far."""
        expected = self._expected(customers)
        return expected, expected * customers["amount_mean"].to_numpy(float)

    def _expected(self, customers: pd.DataFrame) -> np.ndarray:
        made = customers["frequency"].to_numpy(float) + 1
        # Somebody first seen yesterday would otherwise buy daily for ever.
        age = np.maximum(customers["T"].to_numpy(float), 30.0)
        return made / age * self._horizon_days


class LastHorizonRepeat(_Rule):
    """Customers do again what they did in the last horizon."""

    name = "last_horizon_repeat"

    def score(self, customers: pd.DataFrame) -> np.ndarray:
        """Whether there was a purchase within one horizon before the cutoff."""
        return (_silence(customers) <= self._horizon_days).astype(float)

    def extrapolate(self, customers: pd.DataFrame) -> tuple[Any, Any]:
        """Purchases and spend of the window nearest in length to the horizon, scaled to it."""
        window = _nearest_window(customers, self._horizon_days)
        share = self._horizon_days / window
        purchases = customers[f"purchases_{window}d"].to_numpy(float) * share
        return purchases, customers[f"spend_{window}d"].to_numpy(float) * share


def _silence(customers: pd.DataFrame) -> np.ndarray:
    return customers["T"].to_numpy(float) - customers["recency"].to_numpy(float)


def _nearest_window(customers: pd.DataFrame, horizon_days: int) -> int:
    """Length of the catalogue's window that is nearest to the horizon, in days."""
    names = (name.removeprefix("spend_").removesuffix("d") for name in customers.columns)
    lengths = sorted(int(name) for name in names if name.isdigit())
    return min(lengths, key=lambda days: abs(np.log(days / horizon_days)))
