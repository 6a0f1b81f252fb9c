"""Everything that a fitted blend predicts about one frame of customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from models.blend.base_learners import BTYD
from models.blend.base_predictions import BasePredictions
from models.blend.contributions import blended_contributions
from models.blend.extrapolation import Extrapolation
from models.blend.level import Level
from models.blend.lifetime_value import Months, btyd_models, lifetime_value, regular_model
from models.blend.prediction_intervals import PredictionIntervals
from models.blend.spend_estimators import estimates, weighted_mean
from models.blend.stack import Stack
from models.contenders.encoding import expit, logit
from models.contenders.protocol import answers
from models.explain.reasons import reasons


@dataclass(frozen=True)
class Fitted:
    """What a fitted blend consists of, beside its base learners.

    Attributes
    ----------
    stack, level, intervals, extrapolation
        See the modules of these names.
    reference : dict
        The typical customer that buy-till-you-die models' contributions begin at.
    offset : float
        See `contributions.beside_average`.
    part : str, optional
        The base learner that counts as much as all of them together, see `Blend`.
    """

    stack: Stack
    level: Level
    intervals: PredictionIntervals
    extrapolation: Extrapolation
    reference: dict[str, float]
    offset: float = 0.0
    part: str | None = None


class BlendPredictions:
    """Answers, reasons and lifetime value of one frame of customers.

    All rest on the same predictions of the base learners, which are made once.
    """

    def __init__(self, fitted: Fitted, base: BasePredictions) -> None:
        self._fitted = fitted
        self._base = base

    @cached_property
    def answers(self) -> pd.DataFrame:
        """Means, intervals, and Pareto/NBD's (or MBG/NBD's) `p_alive` as a diagnostic."""
        base, customers, level = self._base, self._base.customers, self._fitted.level
        stack, p_churn = self._fitted.stack, self._p_churn()
        both = estimates(base.learners, base, customers, p_churn, stack.supervised)
        number, money = both["expected_purchases"], both["expected_spend"]
        purchases = weighted_mean(number, level.factors["expected_purchases"])
        spend = weighted_mean(money, level.factors["expected_spend"], stack.spend)
        # Whoever buys at all buys at least once.
        purchases = np.maximum(purchases, 1 - p_churn)
        alive = [base[name]["p_alive"].to_numpy() for name in reversed(BTYD) if name in base]
        means = answers(customers.index, p_churn, purchases, spend)
        return answers(
            customers.index,
            p_churn,
            purchases,
            spend,
            p_alive=alive[0] if alive else np.full(len(customers), np.nan),
            **self._fitted.intervals.columns(base.histories, means),
        )

    def _p_churn(self) -> np.ndarray:
        """The stack at its level; or, with a part, the mean of both in log odds."""
        base, stack, part = self._base, self._fitted.stack, self._fitted.part
        shifts = self._fitted.level.shifts
        odds = stack.mean(stack.log_odds(base), shifts) + shifts["blend"]
        if part:
            odds = (odds + logit(base[part]["p_churn"].to_numpy())) / 2
        return expit(odds)

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """What moves each customer's log odds of churn, by theme; positive raises churn.

        Measured from the average probability of churn.
        """
        fitted = self._fitted
        return blended_contributions(
            self._base, fitted.stack, fitted.reference, fitted.offset, fitted.part
        )

    @property
    def reasons(self) -> pd.DataFrame:
        """`reason_1` to `reason_3` in words, by the size of their contribution."""
        return reasons(self.contributions, self._base.customers, self._fitted.reference)

    def clv(self, months: int, monthly_discount_rate: float, start: date) -> np.ndarray:
        """Expected spend of the months from `start` on, discounted; shape (n_customers,), money.

        NaN where no buy-till-you-die model could be fitted. See `models.blend.lifetime_value`.
        """
        if not btyd_models(self._base.learners):
            return np.full(len(self._base.customers), np.nan)
        period = Months(months, monthly_discount_rate, start)
        return lifetime_value(self._base, self.answers, period, self._fitted.extrapolation)

    def clv_by(self, months: int, start: date) -> Callable[[Extrapolation], np.ndarray]:
        """The undiscounted value of some months, as a function of the extrapolation."""
        period = Months(months, 0.0, start)
        return lambda tried: lifetime_value(self._base, self.answers, period, tried)

    def clv_interval(
        self, clv: np.ndarray, months: int, start: date, if_any: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of the 80 % interval of `clv`, each of shape (n_customers,), money.

        `if_any` asks only about the futures in which anything is bought. NaN where the past held
        too few buyers.
        """
        return self._fitted.intervals.of_period(
            self._base.histories,
            next(iter(btyd_models(self._base.learners)), None),
            self.answers,
            clv,
            Months(months, 0.0, start).days,
            self._fitted.extrapolation,
            if_any,
            regular_model(self._base.learners),
        )

    def none_within(self, months: int, start: date) -> np.ndarray:
        """Probability of no purchase in the months from `start` on, shape (n_customers,)."""
        models = btyd_models(self._base.learners)
        if not models:
            return np.full(len(self._base.customers), np.nan)
        return self._fitted.extrapolation.none_within(
            models[0],
            self._base.histories,
            self.answers["p_churn"].to_numpy(),
            Months(months, 0.0, start).days,
            regular_model(self._base.learners),
        )
