"""Boosted trees that are asked step by step: no purchase soon, none after that, and so on.

A discrete-time survival model (Singer & Willett 1993): P(no purchase in the horizon) is the
product of P(no purchase in a step, given none before it). As long as nothing is bought, what
is known of a customer in the next step follows from what is known today, so one model of one
step answers them all. Its labels are complete after one step instead of a whole horizon:
it learns from what customers did lately, and from more cutoffs.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.contenders.ageing import ageless, silent_for
from models.contenders.classifiers import FittedTrees, Training, fitted_trees, refuse_unlearnable
from models.contenders.columns import Columns, columns_of
from models.contenders.encoding import Encoder
from models.contenders.forest import Forest
from models.contenders.protocol import answers
from models.history import SO_FAR, History
from models.periods import step_days


def step_log_odds(steps: list[Forest]) -> np.ndarray:
    """Log odds of no purchase in each step, given none before it; (n_customers, n_steps)."""
    return np.column_stack([forest.margin() for forest in steps])


class BoostedHazard(FittedTrees):
    """Histogram gradient boosting of the purchase within a step, chained over the horizon."""

    name = "boosted_hazard"

    def __init__(
        self,
        horizon_days: int = 0,
        encoder: Encoder | None = None,
        estimator: BaseEstimator | None = None,
    ):
        self._horizon_days = horizon_days
        self._encoder = encoder
        self._estimator = estimator

    def fit(self, history: History) -> Self:
        """Fit on all cutoffs whose first step is over."""
        self._horizon_days = history.horizon_days
        self._encoder, self._estimator = history.fitted_once(
            "boosted_hazard", lambda: self._fitted_to(history)
        )
        return self

    def _fitted_to(self, history: History) -> tuple[Encoder, BaseEstimator]:
        rows = history.soon(step_days(history.horizon_days)).drop(columns=SO_FAR)
        rows = rows[ageless(map(str, rows))]
        refuse_unlearnable(rows)
        return fitted_trees(Training.of(rows, history), history.seed)

    def futures(self, customers: pd.DataFrame | Columns) -> list[Columns]:
        """What will be known at the beginning of each step if nothing is bought until then."""
        step = step_days(self._horizon_days)
        n_steps = max(1, round(self._horizon_days / step))
        columns = columns_of(customers)
        today = {name: columns[name] for name in ageless(columns)}
        return [silent_for(today, step * number) for number in range(n_steps)]

    def terms(self, customers: pd.DataFrame | Columns) -> list[Forest]:
        """The leaves by step, whose values are the log odds of no purchase in it."""
        return [
            Forest.walked(self.estimator, self.encoder.transform(future))
            for future in self.futures(customers)
        ]

    def from_terms(self, customers: pd.DataFrame, terms: list[Forest]) -> pd.DataFrame:
        """Answer `p_churn` only."""
        silent = -np.logaddexp(0.0, -step_log_odds(terms))
        # Whole steps may end a day or two before or after the horizon does.
        length = self._horizon_days / (step_days(self._horizon_days) * silent.shape[1])
        # Column by column: the last digits of a row sum may depend on the number of rows.
        return answers(customers.index, np.exp(length * np.add.reduce(list(silent.T))))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer `p_churn` only."""
        return self.from_terms(customers, self.terms(customers))

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        return {"horizon_days": self._horizon_days, "encoder": self.encoder.to_dict()}

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted model again."""
        encoder = Encoder.from_dict(parameters["encoder"])
        return cls(int(parameters["horizon_days"]), encoder, estimators["trees"])
