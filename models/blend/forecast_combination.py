"""Two forecasts of the level, combined: a buy-till-you-die model's and the supervised learners'.

Each counts by the inverse of the variance of its errors (Bates & Granger 1969). Supervised learners
repeat the level that they were taught. Where it changed from cutoff to cutoff they count little;
where it never did (subscriptions, customers with a rhythm) they know it best.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from models.blend.mean_shift import shift_to_mean
from models.contenders.encoding import expit, logit
from models.history import weights

PRIOR_SD, PRIOR_HORIZONS = 1.0, 0.05
"""Standard deviation of a taught level's error before any cutoff has shown it, and how many
horizons of panel weigh as much as that guess."""

OPTIMISM = 25.0
"""Squared errors grow so many times from the cutoffs that a model was taught to a new one."""

TRIED = 41
"""So many shifts are tried between the two forecasts."""


@dataclass(frozen=True)
class TaughtLevel:
    """Error variances of the level that supervised learners repeat, at a new cutoff.

    `churn_variance` is that of a shift in log odds, `purchases_variance` of a logarithm.
    """

    churn_variance: float
    purchases_variance: float

    def weight_beside(self, other_variance: float) -> float:
        """Weight of the taught total of purchases beside a forecast of such a variance."""
        return other_variance / (other_variance + self.purchases_variance)

    @classmethod
    def measured(
        cls, panel: pd.DataFrame, horizon_days: int, log_odds: np.ndarray, purchases: np.ndarray
    ) -> TaughtLevel:
        """Compare what learners say of the panel that they were taught with it, by cutoff.

        Parameters
        ----------
        log_odds, purchases : ndarray, shape (n_rows,)
            Log odds of churn and expected purchases of each row, by models fitted to the panel.
        """
        day = pd.to_datetime(panel["cutoff"]).to_numpy()
        w, churned = weights(panel), panel["churned"].to_numpy(float)
        came = panel["purchases"].to_numpy(float)
        shifts, ratios = [], []
        for cutoff in np.unique(day):
            here = day == cutoff
            n = w[here].sum()
            lost = np.clip((w * churned)[here].sum(), 0.5, n - 0.5) / n
            shifts.append(shift_to_mean(log_odds[here], w[here], float(lost)))
            seen = max((w * came)[here].sum(), 0.5)
            ratios.append(np.log((w * purchases)[here].sum() / seen))
        horizons = float((day.max() - day.min()) / np.timedelta64(1, "D")) / horizon_days
        return cls(*(_variance(np.array(errors), horizons) for errors in (shifts, ratios)))


def _variance(errors: np.ndarray, horizons: float) -> float:
    seen = horizons * OPTIMISM * float((errors**2).mean())
    return (PRIOR_HORIZONS * PRIOR_SD**2 + seen) / (PRIOR_HORIZONS + horizons)


def combined_mean(
    log_odds: np.ndarray, weight: np.ndarray, variance: float, level: float, level_variance: float
) -> float:
    """Mean probability between that of taught log odds and a level in log odds.

    The taught log odds err by a common shift, the level as a whole. Where taught probabilities are
    near 0 or 1, their mean hardly follows a shift. A level that contradicts them would need a large
    one, and counts the less.

    Parameters
    ----------
    log_odds, weight : ndarray, shape (n_customers,)
        Taught log odds, and the number of customers of each row.
    variance, level_variance : float
        Of the shift, and of the level.

    Examples
    --------
    >>> odds, one = np.array([-9.0, 9.0]), np.ones(2)
    >>> sure = combined_mean(odds, one, 1.0, level=0.5, level_variance=0.02)
    >>> unsure = combined_mean(odds / 9, one, 1.0, level=0.5, level_variance=0.02)
    >>> round(sure, 3), round(unsure, 3)
    (0.5, 0.619)
    """

    def surprise(shift: float) -> float:
        mean = np.average(expit(log_odds + shift), weights=weight)
        return float((logit(mean) - level) ** 2 / level_variance + shift**2 / variance)

    # Between the two, where neither is right, there may be more than one valley.
    tried = np.linspace(0.0, shift_to_mean(log_odds, weight, float(expit(np.array(level)))), TRIED)
    best = int(np.argmin([surprise(shift) for shift in tried]))
    around = sorted((tried[max(best - 1, 0)], tried[min(best + 1, TRIED - 1)]))
    found = minimize_scalar(surprise, bounds=around, options={"xatol": 1e-9})
    return float(np.average(expit(log_odds + found.x), weights=weight))
