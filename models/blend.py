"""The answer of the product: buy-till-you-die models and machine learning, mixed.

Each part errs in its own way: a buy-till-you-die model knows no seasons and no rhythm,
trees learn last season's level by heart. Log odds are averaged, and the learned parts are
shifted beforehand so that their mean probability equals the buy-till-you-die model's.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from sklearn.base import BaseEstimator

from models.btyd_contenders import BtydContender
from models.churn import BoostedChurn, LogisticChurn
from models.contender import Contender, answers
from models.encoding import expit, logit
from models.history import History, weights
from models.spend import BoostedSpend

PARTS: dict[str, Any] = {
    "pareto_nbd": BtydContender,
    "logistic": LogisticChurn,
    "hist_gradient_boosting": BoostedChurn,
    "boosted_spend": BoostedSpend,
}
ANCHOR = "pareto_nbd"
LEARNED = ("logistic", "hist_gradient_boosting")


class Blend:
    """Equal-weight mean of log odds, and half of each kind of spend, at the anchor's level."""

    name = "blend"

    def __init__(
        self,
        parts: dict[str, Contender] | None = None,
        shifts: dict[str, float] | None = None,
        factors: dict[str, float] | None = None,
    ):
        self.parts = parts or {}
        self.shifts = shifts or {}
        self.factors = factors or {}

    def fit(self, history: History) -> Self:
        """Fit the parts, then bring the learned ones to the anchor's level."""
        self.parts = {name: part(name).fit(history) for name, part in PARTS.items()}
        today = history.todays_customers
        w = weights(today)
        anchor = self.parts[ANCHOR].predict(today)
        for name in LEARNED:
            log_odds = logit(self.parts[name].predict(today)["p_churn"].to_numpy())
            self.shifts[name] = shift_to_mean(log_odds, w, np.average(anchor["p_churn"], weights=w))
        learned = self.parts["boosted_spend"].predict(today)
        for column in ("expected_purchases", "expected_spend"):
            self.factors[column] = float((w * anchor[column]).sum() / (w * learned[column]).sum())
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer everything, with the anchor's `p_alive` as a diagnostic."""
        anchor = self.parts[ANCHOR].predict(customers)
        total = logit(anchor["p_churn"].to_numpy())
        for name, shift in self.shifts.items():
            total = total + logit(self.parts[name].predict(customers)["p_churn"].to_numpy()) + shift
        p_churn = expit(total / (1 + len(self.shifts)))
        learned = self.parts["boosted_spend"].predict(customers)
        purchases, spend = (
            (anchor[column] + self.factors[column] * learned[column]).to_numpy() / 2
            for column in ("expected_purchases", "expected_spend")
        )
        # Whoever buys at all buys at least once.
        purchases = np.maximum(purchases, 1 - p_churn)
        return answers(
            customers.index, p_churn, purchases, spend, p_alive=anchor["p_alive"].to_numpy()
        )

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        return {
            "parts": {name: part.parameters() for name, part in self.parts.items()},
            "shifts": self.shifts,
            "factors": self.factors,
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of all parts, named `part.estimator`."""
        return {
            f"{name}.{key}": estimator
            for name, part in self.parts.items()
            for key, estimator in part.estimators().items()
        }

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted blend again."""
        parts = {}
        for name, state in parameters["parts"].items():
            mine = {
                key.removeprefix(f"{name}."): estimator
                for key, estimator in estimators.items()
                if key.startswith(f"{name}.")
            }
            parts[name] = PARTS[name].restore(state, mine)
        return cls(parts, parameters["shifts"], parameters["factors"])


def shift_to_mean(log_odds: np.ndarray, weight: np.ndarray, mean: float) -> float:
    """Find the constant that, added to all log odds, brings the mean probability to `mean`.

    Examples
    --------
    >>> round(shift_to_mean(np.zeros(3), np.ones(3), 0.75), 4)
    1.0986
    """

    def excess(shift: float) -> float:
        return float(np.average(expit(log_odds + shift), weights=weight)) - mean

    return float(brentq(excess, -50.0, 50.0, xtol=1e-12))
