"""Out-of-time predictions: learners fitted to what was known at an earlier cutoff, and what came.

A time series has no random folds. What cross-validated predictions are to a super learner, these
are to a stack over time (Tashman 2000, out-of-sample tests with a rolling origin).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from models.blend.base_learners import SUPERVISED, fitted
from models.blend.mean_shift import shift_to_mean
from models.blend.outliers import without_outliers
from models.blend.spend_estimators import Estimates, estimates, weighted_mean
from models.blend.spend_weights import SpendData
from models.blend.stacking import Level1Data, within_reach
from models.contenders.encoding import expit, logit
from models.contenders.protocol import Contender, answers
from models.history import History, weights

MOST_CUTOFFS = {"few": 4, "many": 2}
"""At how many validation cutoffs learners are fitted again; few customers need more of them."""

MANY_CUSTOMERS = 5000
"""From so many customers on, fewer cutoffs do."""


def validation_cutoffs(history: History) -> list[date]:
    """Earlier cutoffs with labels of their own, and complete ones before them; latest first."""
    usable = [cutoff for cutoff in history.cutoffs if history.at(cutoff).cutoffs]
    most = MOST_CUTOFFS["few" if history.n_customers < MANY_CUSTOMERS else "many"]
    return usable[::-1][:most]


@dataclass(frozen=True)
class AtTrueLevel:
    """A stack's predictions of one validation cutoff, each of its levels set to what came.

    `factors` bring each estimator of `estimates` to the total that came.
    """

    rows: pd.DataFrame
    p_churn: np.ndarray
    estimates: Estimates
    factors: dict[str, dict[str, float]]

    def spend_data(self) -> SpendData:
        """Spend by estimator beside what came, to learn their weights from."""
        expected, factors = self.estimates["expected_spend"], self.factors["expected_spend"]
        at_total = {name: factors[name] * value for name, value in expected.items()}
        return SpendData(at_total, self.rows["spend"].to_numpy(float), weights(self.rows))

    def answers(self, shares: dict[str, float]) -> pd.DataFrame:
        """What the blend predicts, its spend estimators counting by `shares`."""
        both, factors = self.estimates, self.factors
        number = weighted_mean(both["expected_purchases"], factors["expected_purchases"])
        spend = weighted_mean(both["expected_spend"], factors["expected_spend"], shares)
        return answers(self.rows.index, self.p_churn, np.maximum(number, 1 - self.p_churn), spend)


@dataclass(frozen=True)
class OutOfTime:
    """The labelled rows of one validation cutoff, and the predictions of learners of that day."""

    rows: pd.DataFrame
    learners: dict[str, Contender]
    predictions: dict[str, pd.DataFrame]

    @classmethod
    def predicted(cls, rows: pd.DataFrame, learners: dict[str, Contender]) -> OutOfTime:
        """Predict the rows with learners that have not seen them."""
        predictions = {name: learner.predict(rows) for name, learner in learners.items()}
        return cls(rows, learners, predictions)

    def level1_data(self, names: list[str], clipped: bool = True) -> Level1Data:
        """Log odds of these learners beside what came, to learn stacking weights from.

        `clipped` holds them `within_reach` of the supervised ones, as the blend does.
        """
        churned = self.rows["churned"].to_numpy(float)
        odds = list(self._odds(names, clipped).values())
        return Level1Data(np.column_stack(odds), churned, weights(self.rows))

    def at_true_level(self, shares: dict[str, float], supervised: bool) -> AtTrueLevel | None:
        """What a stack of these weights predicts, each of its levels set to what came.

        None where there is no such level: nobody or everybody churned, or no money came.
        """
        w = weights(self.rows)
        churned = float(np.average(self.rows["churned"].to_numpy(float), weights=w))
        if churned in (0.0, 1.0):
            return None
        odds = self._odds(list(shares), supervised)
        level = {name: x + shift_to_mean(x, w, churned) for name, x in odds.items()}
        mixed = np.sum([share * level[name] for name, share in shares.items()], axis=0)
        p_churn = expit(mixed + shift_to_mean(mixed, w, churned))
        both = estimates(self.learners, self.predictions, self.rows, p_churn, supervised)
        factors = {}
        for column, came in (("expected_purchases", "purchases"), ("expected_spend", "spend")):
            to_total = _to_true_total(both[column], self.rows[came].to_numpy(float), w)
            if to_total is None:
                return None
            factors[column] = to_total
        return AtTrueLevel(self.rows, p_churn, both, factors)

    def _odds(self, names: list[str], clipped: bool) -> dict[str, np.ndarray]:
        odds = {name: logit(self.predictions[name]["p_churn"].to_numpy()) for name in names}
        return within_reach(odds, SUPERVISED) if clipped else odds


def out_of_time_predictions(
    history: History, cutoffs: list[date], names: list[str]
) -> list[OutOfTime]:
    """Predictions at the validation cutoffs at which all of these learners could be fitted."""
    found = []
    for cutoff in cutoffs:
        learners = {name: fitted(name, history.at(cutoff)) for name in names}
        if not any(isinstance(learner, ValueError) for learner in learners.values()):
            found.append(OutOfTime.predicted(history.rows(cutoff), learners))
    return found


def _to_true_total(
    by_estimator: dict[str, np.ndarray], came: np.ndarray, weight: np.ndarray
) -> dict[str, float] | None:
    """Factors that bring each estimator to the total that came of all but the outliers."""
    usual = without_outliers(np.mean(list(by_estimator.values()), axis=0))
    w = np.where(usual, weight, 0.0)
    total = (w * came).sum()
    expected = {name: (w * value).sum() for name, value in by_estimator.items()}
    if total <= 0 or min(expected.values()) <= 0:
        return None
    return {name: float(total / e) for name, e in expected.items()}
