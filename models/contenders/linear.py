"""Logistic regression on log features, kept as plain numbers once it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from models.contenders.columns import Columns
from models.contenders.encoding import Encoder, expit, signed_log

MOST_NEWTON_STEPS = 50

BLOCK_ROWS = 100_000
"""Rows whose products are held at once."""

TYPICAL = 30.0
"""A typical sum of money, so that no answer depends on whether the log counts cents or dollars."""


@dataclass(frozen=True)
class LinearLogit:
    """A log odds that is linear in standardised, signed-log features.

    Money, and attributes that are numbers, are counted in a unit of their own before. A missing
    value counts as the mean of its feature, plus an effect of its own.
    """

    encoder: Encoder
    unit: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    indicated: np.ndarray  # columns whose missingness has a coefficient
    coefficients: np.ndarray
    intercept: float

    @classmethod
    def fit(
        cls,
        panel: pd.DataFrame,
        churned: np.ndarray,
        weight: np.ndarray,
        attributes: tuple[str, ...] = (),
        money: tuple[str, ...] = (),
        penalty_strength: float = 20.0,
    ) -> Self:
        """Fit by penalised maximum likelihood.

        Parameters
        ----------
        panel : DataFrame
            Features, one row per customer and cutoff.
        churned, weight : ndarray, shape (n_rows,)
            Outcome in {0, 1}, and the number of customers of each row.
        attributes : tuple of str
            Category columns of `panel`.
        money : tuple of str
            Columns of `panel` in the log's currency.
        penalty_strength : float
            Half the ridge penalty on a standardised coefficient; 20 is C = .05.
        """
        encoder = Encoder.fit(panel, attributes)
        # Worked on in place: of a large panel, a second matrix is the most that a training holds.
        wide = encoder.transform(panel, spare=len(encoder.numeric) + len(encoder.numbers))
        raw = wide[:, : len(encoder.names)]
        unit = np.ones(raw.shape[1])
        for place, name in enumerate((*encoder.numeric, *encoder.numbers)):
            if name in money or name in encoder.numbers:
                unit[place] = _typical(raw[:, place]) / TYPICAL
        missing = np.array([np.isnan(column).mean() for column in raw.T])
        indicated = np.flatnonzero((missing > 0.001) & (missing < 0.999))
        matrix = wide[:, : raw.shape[1] + len(indicated)]
        for place, column in enumerate(indicated, raw.shape[1]):
            matrix[:, place] = np.isnan(raw[:, column])
        center, scale = np.zeros(raw.shape[1]), np.ones(raw.shape[1])
        # Column by column: a panel is large, and temporary copies of all of it larger still.
        for place, column in enumerate(raw.T):
            values, absent = signed_log(column / unit[place]), np.isnan(column)
            held = np.where(absent, 0.0, weight)
            total = held.sum() or 1.0
            values[absent] = 0.0
            center[place] = (held * values).sum() / total
            values -= center[place]
            values[absent] = 0.0
            spread = np.sqrt((held * values**2).sum() / total)
            scale[place] = spread if spread > 1e-9 else 1.0
            matrix[:, place] = values / scale[place]
        coefficients, intercept = ridge_logistic(matrix, churned, weight, penalty_strength)
        return cls(encoder, unit, center, scale, indicated, coefficients, intercept)

    def contributions(self, customers: pd.DataFrame | Columns) -> np.ndarray:
        """Each feature's exact part of the log odds, shape (n_customers, n_features).

        Measured from the average customer; with `intercept` the parts add up to `log_odds`.
        """
        raw = signed_log(self.encoder.transform(customers) / self.unit)
        absent = np.isnan(raw)
        n_features = raw.shape[1]
        parts = np.where(absent, 0.0, raw - self.center)
        parts = parts / self.scale * self.coefficients[:n_features]
        parts[:, self.indicated] += absent[:, self.indicated] * self.coefficients[n_features:]
        return parts

    def summed(self, contributions: np.ndarray) -> np.ndarray:
        """Log odds of no purchase, shape (n_customers,), from `contributions`."""
        # Column by column, not by BLAS, whose last digits depend on the number of rows.
        total = np.full(len(contributions), self.intercept)
        for part in contributions.T:
            total += part
        return total

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {
            "encoder": self.encoder.to_dict(),
            "unit": self.unit.tolist(),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "indicated": self.indicated.tolist(),
            "coefficients": self.coefficients.tolist(),
            "intercept": self.intercept,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the fitted model again from `to_dict`."""
        return cls(
            Encoder.from_dict(state["encoder"]),
            np.array(state["unit"], dtype=float),
            np.array(state["center"], dtype=float),
            np.array(state["scale"], dtype=float),
            np.array(state["indicated"], dtype=int),
            np.array(state["coefficients"], dtype=float),
            float(state["intercept"]),
        )


def _typical(column: np.ndarray) -> float:
    """Median size of what is not zero; 1 where all is zero or missing."""
    sizes = np.abs(column[np.isfinite(column) & (column != 0)])
    return float(np.median(sizes)) if len(sizes) else 1.0


def ridge_logistic(
    matrix: np.ndarray, churned: np.ndarray, weight: np.ndarray, penalty_strength: float
) -> tuple[np.ndarray, float]:
    """Maximise the penalised log likelihood by Newton's method.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        Standardised features, so that one penalty fits all.
    churned, weight : ndarray, shape (n_rows,)
        Outcome in {0, 1}, and the number of customers of each row.
    penalty_strength : float
        Coefficients are charged half of this times their square; the intercept is free.

    Returns
    -------
    coefficients, shape (n_columns,), and the intercept

    Examples
    --------
    >>> x, churned = np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([0.0, 1.0, 1.0, 1.0])
    >>> slope, intercept = ridge_logistic(x, churned, np.ones(4), 1.0)
    >>> slope.round(3).tolist(), round(intercept, 3)
    ([0.583], 1.184)
    """
    penalty = np.append(np.full(matrix.shape[1], penalty_strength), 1e-6)
    solution = np.zeros(matrix.shape[1] + 1)
    loss = np.inf
    # One thread: sums in another order would be another model in the last digits.
    with threadpool_limits(limits=1, user_api="blas"):
        for _ in range(MOST_NEWTON_STEPS):
            slope, curvature = _derivatives(matrix, churned, weight, solution)
            step = np.linalg.solve(curvature + np.diag(penalty), slope - penalty * solution)
            loss, solution, stuck = _descend(matrix, churned, weight, penalty, solution, step, loss)
            if stuck or np.abs(step).max() < 1e-8:
                break
    return solution[:-1], float(solution[-1])


def _margin(matrix: np.ndarray, solution: np.ndarray) -> np.ndarray:
    margin: np.ndarray = matrix @ solution[:-1] + solution[-1]
    return margin


def _derivatives(
    matrix: np.ndarray, churned: np.ndarray, weight: np.ndarray, solution: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and negative curvature of the log likelihood, block by block of rows."""
    slope, curvature = np.zeros(len(solution)), np.zeros((len(solution), len(solution)))
    for start in range(0, len(matrix), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        design = np.hstack([matrix[rows], np.ones((len(matrix[rows]), 1))])
        p = expit(design @ solution)
        slope += design.T @ (weight[rows] * (churned[rows] - p))
        curvature += (design * (weight[rows] * p * (1 - p))[:, None]).T @ design
    return slope, curvature


def _descend(
    matrix: np.ndarray,
    churned: np.ndarray,
    weight: np.ndarray,
    penalty: np.ndarray,
    solution: np.ndarray,
    step: np.ndarray,
    loss: float,
) -> tuple[float, np.ndarray, bool]:
    """Take the step, halved until it lowers the loss: Newton may overshoot far from the maximum."""
    for _ in range(30):
        there = solution + step
        margin = _margin(matrix, there)
        value = float(
            (weight * (np.logaddexp(0.0, margin) - churned * margin)).sum()
            + 0.5 * (penalty * there**2).sum()
        )
        if value <= loss:
            return value, there, False
        step = step / 2
    return loss, solution, True
