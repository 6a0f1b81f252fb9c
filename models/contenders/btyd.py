"""Buy-till-you-die models as contenders: fitted on today's population, no panel needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.btyd import (
    BetaGeoModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
)
from models.btyd.customers import read_customers
from models.contenders.histories import DAYS_PER_UNIT, Histories, in_weeks
from models.contenders.protocol import answers
from models.contenders.shared_fits import FITS, steadied_fit
from models.contenders.spend_per_purchase import SpendPerPurchase, spend_per_purchase
from models.history import History

FAMILIES: dict[str, Any] = {
    "bg_nbd": BetaGeoModel,
    "mbg_nbd": ModifiedBetaGeoModel,
    "pareto_nbd": ParetoNBDModel,
    "mbg_cnbd_k": ModifiedBetaGeoErlangModel,
}


class BtydContender:
    """A buy-till-you-die model of purchases, and Gamma-Gamma for what a purchase is worth."""

    def __init__(
        self,
        name: str = "pareto_nbd",
        horizon_days: int = 0,
        purchases: Any = None,
        value: SpendPerPurchase | None = None,
    ):
        if name not in FAMILIES:
            raise ValueError(f"Unknown buy-till-you-die model {name}; known: {', '.join(FAMILIES)}")
        self.name = name
        self._horizon_days = horizon_days
        self._purchases = purchases
        self._value = value

    @property
    def horizon_days(self) -> int:
        """Length of the horizon in days."""
        return self._horizon_days

    @property
    def value(self) -> SpendPerPurchase:
        """The fitted model of what a purchase is worth."""
        if self._value is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._value

    @property
    def purchases(self) -> Any:
        """The fitted model of purchases."""
        if self._purchases is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return self._purchases

    def fit(self, history: History) -> Self:
        """Fit both models on the population known at the history's cutoff."""
        self._horizon_days = history.horizon_days
        self._purchases = history.once(("btyd", self.name), lambda: self._fitted_to(history))
        self._value = history.once("value", lambda: spend_per_purchase(history))
        return self

    def _fitted_to(self, history: History) -> Any:
        rows = in_weeks(history.population)
        n_customers = history.population["n_customers"].to_numpy(float)
        seen = read_customers(rows, sample_weight=n_customers).counted()
        return FITS.get(
            self.name,
            (seen.x, seen.t_x, seen.T, seen.weight),
            lambda: steadied_fit(FAMILIES[self.name], rows, n_customers),
        )

    def terms(self, customers: pd.DataFrame) -> Histories:
        """The histories that the answers are computed from."""
        return Histories(customers)

    def from_terms(self, customers: pd.DataFrame, terms: Histories) -> pd.DataFrame:
        """Answer everything, with `p_alive` as a diagnostic."""
        if customers.empty:
            return answers(customers.index, p_alive=np.empty(0))
        expected = self.expected_purchases(terms, self._horizon_days)
        return answers(
            customers.index,
            self.probability_no_purchase(terms, self._horizon_days),
            expected,
            expected * self.value.predict(customers),
            p_alive=terms.spread(self.purchases.probability_alive(terms.distinct)),
        )

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer everything, with `p_alive` as a diagnostic."""
        return self.from_terms(customers, self.terms(customers))

    def probability_no_purchase(
        self, customers: pd.DataFrame | Histories, days: float
    ) -> np.ndarray:
        """Probability of no purchase within `days`, shape (n_customers,)."""
        histories = Histories.of(customers)

        def silent() -> np.ndarray:
            p = self.purchases.probability_no_purchase(histories.distinct, days / DAYS_PER_UNIT)
            return histories.spread(np.clip(p, 0.0, 1.0))

        found: np.ndarray = histories.once(("no purchase", id(self), days), silent)
        return found

    def expected_purchases(self, customers: pd.DataFrame | Histories, days: float) -> np.ndarray:
        """Expected purchase days within `days`, shape (n_customers,)."""
        histories = Histories.of(customers)
        expected = self.purchases.expected_purchases(histories.distinct, days / DAYS_PER_UNIT)
        return histories.spread(expected)

    def no_purchase_by(self, customers: pd.DataFrame | Histories, days: np.ndarray) -> np.ndarray:
        """`probability_no_purchase` within each of some numbers of days, (n_days, n_customers)."""
        histories = Histories.of(customers)
        silent = self.purchases.no_purchase_by(histories.distinct, days / DAYS_PER_UNIT)
        return np.array([histories.spread(np.clip(one, 0.0, 1.0)) for one in silent])

    def purchases_by(self, customers: pd.DataFrame | Histories, days: np.ndarray) -> np.ndarray:
        """`expected_purchases` within each of some numbers of days, (n_days, n_customers)."""
        histories = Histories.of(customers)
        expected = self.purchases.purchases_by(histories.distinct, days / DAYS_PER_UNIT)
        return np.array([histories.spread(one) for one in expected])

    def clv(
        self,
        customers: pd.DataFrame | Histories,
        months: int,
        monthly_discount_rate: float,
        start: date,
    ) -> np.ndarray:
        """Expected spend of the months from `start` on, discounted; shape (n_customers,), money."""
        histories = Histories.of(customers)
        purchases = self.purchases.clv(
            histories.distinct,
            _Known(np.ones(len(histories.distinct))),
            months,
            monthly_discount_rate,
            days_per_unit=DAYS_PER_UNIT,
            start=start,
        )
        return histories.spread(purchases) * self.value.predict(histories.customers)

    def parameters(self) -> dict[str, Any]:
        """Fitted state: all of it."""
        if self._purchases is None or self._value is None:
            raise ValueError(f"{self.name} has not been fitted.")
        return {
            "name": self.name,
            "horizon_days": self._horizon_days,
            "purchases": self._purchases.to_dict(),
            "value": self._value.to_dict(),
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Nothing of scikit-learn is kept."""
        return {}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        return cls(
            parameters["name"],
            int(parameters["horizon_days"]),
            FAMILIES[parameters["name"]].from_dict(parameters["purchases"]),
            SpendPerPurchase.from_dict(parameters["value"]),
        )


@dataclass(frozen=True)
class _Known:
    """A spend model whose answer is there already."""

    spend: np.ndarray

    def expected_spend(self, X: pd.DataFrame) -> np.ndarray:
        return self.spend
