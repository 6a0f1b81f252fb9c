"""What users of lifetimes publish today, as a contender: its BG/NBD, with 1 - P(alive).

`p_churn` is what they read as churn probability, not the probability of an empty horizon;
that a customer without a repeat purchase is alive for certain is the model's own answer.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.contenders.histories import DAYS_PER_UNIT, in_weeks
from models.contenders.protocol import answers
from models.contenders.warning_filters import silenced
from models.history import History


class LifetimesBetaGeo:
    """BetaGeoFitter and GammaGammaFitter of lifetimes 0.11.3, with its defaults."""

    name = "lifetimes_bg_nbd"

    def __init__(
        self,
        horizon_days: int = 0,
        purchases: dict[str, float] | None = None,
        value: dict[str, float] | None = None,
    ):
        self._horizon_days = horizon_days
        self._purchases = purchases
        self._value = value

    def fit(self, history: History) -> Self:
        """Fit on the population; lifetimes raises when it does not converge."""
        population = history.population
        weeks = in_weeks(population)
        n = population["n_customers"].to_numpy(float)
        self._horizon_days = history.horizon_days
        repeat = ((population["frequency"] > 0) & (population["monetary_value"] > 0)).to_numpy()
        # lifetimes steps outside its parameter space on the way, and says so, on stdout too.
        with silenced(), redirect_stdout(StringIO()):
            buying, spending = _fitters()
            _converged(buying, weeks["frequency"], weeks["recency"], weeks["T"], weights=n)
            self._purchases = {name: float(value) for name, value in buying.params_.items()}
            self._value = None
            # Without amounts all baskets are alike, and Gamma-Gamma has nothing to tell apart.
            if np.ptp(population["monetary_value"][repeat]) > 0:
                money = population[["frequency", "monetary_value"]][repeat]
                _converged(spending, *(money[c] for c in money), weights=n[repeat])
                self._value = {name: float(value) for name, value in spending.params_.items()}
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer everything, the way lifetimes' documentation does."""
        if self._purchases is None:
            raise ValueError(f"{self.name} has not been fitted.")
        buying, spending = _fitters()
        buying.params_ = pd.Series(self._purchases)
        weeks = in_weeks(customers)
        rfm = (weeks["frequency"], weeks["recency"], weeks["T"])
        with silenced():
            alive = np.asarray(buying.conditional_probability_alive(*rfm), dtype=float)
            expected = np.asarray(
                buying.conditional_expected_number_of_purchases_up_to_time(
                    self._horizon_days / DAYS_PER_UNIT, *rfm
                ),
                dtype=float,
            )
            per_purchase = self._per_purchase(spending, customers)
        return answers(customers.index, 1 - alive, expected, expected * per_purchase, p_alive=alive)

    def _per_purchase(self, spending: Any, customers: pd.DataFrame) -> np.ndarray:
        if self._value is None:
            return customers["amount_mean"].to_numpy(float)
        spending.params_ = pd.Series(self._value)
        value = spending.conditional_expected_average_profit(
            customers["frequency"], customers["monetary_value"]
        )
        return np.asarray(value, dtype=float)

    def parameters(self) -> dict[str, Any]:
        """Fitted state: all of it."""
        return {
            "horizon_days": self._horizon_days,
            "purchases": self._purchases,
            "value": self._value,
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Nothing of scikit-learn is kept."""
        return {}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        return cls(int(parameters["horizon_days"]), parameters["purchases"], parameters["value"])


def _converged(fitter: Any, *columns: pd.Series, weights: np.ndarray) -> None:
    from lifetimes.utils import ConvergenceError

    try:
        fitter.fit(*columns, weights=weights)
    except ConvergenceError:
        raise ValueError(f"lifetimes' {type(fitter).__name__} did not converge.") from None


def _fitters() -> tuple[Any, Any]:
    # Only on use: lifetimes brings autograd and pylab along, which no other contender needs.
    with silenced():
        from lifetimes import BetaGeoFitter, GammaGammaFitter
    return BetaGeoFitter(), GammaGammaFitter()
