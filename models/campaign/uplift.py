"""Whom a contact changes, learned from a randomised campaign by a doubly robust learner.

Kennedy (2023, arXiv 2020), "Towards optimal doubly robust estimation of heterogeneous causal
effects": outcome models are fitted on some customers, make a pseudo-outcome of others, and a
second model learns that from the features. The probability of a contact is known, so that the
pseudo-outcome's mean is right whatever the outcome models are worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from models.campaign.estimation import Difference
from models.campaign.profit import at_stake
from models.campaign.qini import better_by, qini

FOLDS = 5

FEATURES = (
    *("p_churn", "expected_purchases", "expected_spend", "clv"),
    *("frequency", "recency", "T", "monetary_value", "days_since_last"),
)
"""What is learned from: features of the snapshot, and what was answered from all of them."""

OUTCOME: dict[str, Any] = {"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 8}
EFFECT: dict[str, Any] = {"max_iter": 60, "learning_rate": 0.05, "max_leaf_nodes": 4}
"""Trees for outcomes; fewer and smaller ones for effects, whose pseudo-outcome is mostly noise."""


# One thread: many small trees on shared cores are slower on two, and sums would depend on it.
one_thread = threadpool_limits.wrap(limits=1)


@dataclass(frozen=True)
class Trial:
    """A randomised campaign as arrays: features, outcome, group, and the group's probability."""

    features: pd.DataFrame
    outcome: np.ndarray
    treated: np.ndarray
    probability: np.ndarray

    def of(self, rows: np.ndarray) -> Trial:
        """Some of the customers."""
        return Trial(
            self.features.iloc[rows],
            self.outcome[rows],
            self.treated[rows],
            self.probability[rows],
        )


class UpliftModel:
    """Spend that a contact gains, by the features of a customer; money in the horizon."""

    name = "uplift"

    def __init__(self, trees: BaseEstimator):
        self._trees = trees

    @classmethod
    @one_thread
    def fit(cls, trial: Trial, seed: int = 0) -> Self:
        """Learn from a randomised campaign, each customer's pseudo-outcome made by others."""
        pseudo = pseudo_outcomes(trial, seed)
        trees = _trees(EFFECT, len(pseudo), 20, seed)
        trees.fit(_matrix(trial.features), pseudo)
        return cls(trees)

    def predict(self, customers: pd.DataFrame) -> np.ndarray:
        """Spend gained by contacting each customer, shape (n_customers,); may be below 0."""
        trees: Any = self._trees
        gained: np.ndarray = trees.predict(_matrix(customers))
        return gained

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        return {"features": list(FEATURES)}

    def estimators(self) -> dict[str, BaseEstimator]:
        """The trees of the effect."""
        return {"effect": self._trees}

    @classmethod
    def restore(
        cls, name: str, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]
    ) -> Self:
        """Build the fitted model again; ValueError for another kind, or other features."""
        if name != cls.name or tuple(parameters["features"]) != FEATURES:
            raise ValueError(f"{name} is no uplift model with these features.")
        return cls(estimators["effect"])


@dataclass(frozen=True)
class Contest:
    """Qini of each order on customers that had no part in making it, and the model's lead.

    `wins` says that the model's order is better than every other one beyond chance.
    """

    qini: dict[str, Difference]
    lead: dict[str, Difference]

    @property
    def wins(self) -> bool:
        """Whether the lower end of each lead is above 0."""
        return all(one.low > 0 for one in self.lead.values())


@one_thread
def contest(trial: Trial, seed: int = 0) -> Contest:
    """Let the uplift model compete with p_churn, value, what is at stake, and everybody.

    Each fold's customers are ordered by a model, and their gains are made by outcome models,
    that were both fitted on the other folds.
    """
    fold = _folds(len(trial.outcome), seed)
    scores, gains = np.empty(len(fold)), np.empty(len(fold))
    for held in range(FOLDS):
        rest, here = trial.of(np.flatnonzero(fold != held)), trial.of(np.flatnonzero(fold == held))
        scores[fold == held] = UpliftModel.fit(rest, seed).predict(here.features)
        gains[fold == held] = _pseudo(here, *_outcome_models(rest, seed))
    known = trial.features
    rivals = {
        "p_churn": known["p_churn"].to_numpy(float),
        "value": known["expected_spend"].to_numpy(float),
        "at stake": at_stake(known["p_churn"], known["expected_spend"]),
        "everybody": np.zeros(len(fold)),
    }
    orders = {"uplift": scores, **rivals}
    return Contest(
        {name: qini(order, gains) for name, order in orders.items()},
        {name: better_by(scores, order, gains) for name, order in rivals.items()},
    )


def pseudo_outcomes(trial: Trial, seed: int = 0) -> np.ndarray:
    """Doubly robust estimate of each customer's gain, by outcome models of the other folds.

    Returns
    -------
    array, shape (n_customers,)
        Noisy one by one; their mean is the average effect.
    """
    fold, found = _folds(len(trial.outcome), seed), np.empty(len(trial.outcome))
    for held in range(FOLDS):
        models = _outcome_models(trial.of(np.flatnonzero(fold != held)), seed)
        rows = np.flatnonzero(fold == held)
        found[rows] = _pseudo(trial.of(rows), *models)
    return found


def _pseudo(trial: Trial, treated: Any, control: Any) -> np.ndarray:
    """Equation 2 of Kennedy: what the models expect, and the weighted residual of what came."""
    matrix = _matrix(trial.features)
    one, zero = treated.predict(matrix), control.predict(matrix)
    expected = np.where(trial.treated == 1, one, zero)
    sign = np.where(trial.treated == 1, 1.0, -1.0)
    pseudo: np.ndarray = one - zero + sign * (trial.outcome - expected) / trial.probability
    return pseudo


def _outcome_models(trial: Trial, seed: int) -> tuple[Any, Any]:
    """Expected outcome of the treated, and of the control, by features."""
    matrix, models = _matrix(trial.features), []
    for group in (1, 0):
        rows = trial.treated == group
        trees = _trees(OUTCOME, int(rows.sum()), 50, seed)
        models.append(trees.fit(matrix[rows], trial.outcome[rows]))
    return models[0], models[1]


def _trees(
    settings: dict[str, Any], n: int, parts: int, seed: int
) -> HistGradientBoostingRegressor:
    """Boosted trees whose leaves hold a fixed share of the customers."""
    leaf = max(20, n // parts)
    return HistGradientBoostingRegressor(
        **settings, min_samples_leaf=leaf, max_bins=64, early_stopping=False, random_state=seed
    )


def _folds(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n) % FOLDS


def _matrix(customers: pd.DataFrame) -> np.ndarray:
    matrix: np.ndarray = customers[list(FEATURES)].to_numpy(float)
    return matrix
