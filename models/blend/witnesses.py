"""One level from two witnesses: a buy-till-you-die model's corrected one, and the learned models'.

Each is trusted by the inverse of the variance of its errors (Bates & Granger 1969). Learned models
repeat the level that they have learned from: where it changed from cutoff to cutoff they say
little, where it never did (subscriptions, customers on a rhythm) they know it best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from models.blend.levels import shift_to_mean
from models.contenders.btyd import SpendPerPurchase
from models.contenders.encoding import expit, logit
from models.history import History, weights

UNTRIED, DOUBT = 1.0, 0.05
"""Standard deviation of a learned level's error before it was seen at a cutoff, and how many
horizons of panel speak as loud as that guess."""

OPTIMISM = 25.0
"""Squared errors grow so many times from the cutoffs that a model has learned from to a new one."""

FLOOR = 0.05
"""Money per purchase may always change by so much (logarithm) from one horizon to the next."""

LEAST_RATIO = 0.01
"""Of the money that purchases bring at first at least so much is expected to be kept."""

MOST_ROWS = 50_000
"""So many rows of the panel tell how wrong learned levels are, and what purchases brought."""

TRIED = 41
"""So many shifts are tried between the two witnesses."""


@dataclass(frozen=True)
class Learned:
    """How wrong learned levels were at each cutoff of the panel: variances for a new one."""

    churn_variance: float
    purchases_variance: float

    def say(self, other_variance: float) -> float:
        """Share of the learned models in the total of purchases, beside another witness."""
        return other_variance / (other_variance + self.purchases_variance)

    @classmethod
    def measured(
        cls, panel: pd.DataFrame, horizon_days: int, log_odds: np.ndarray, purchases: np.ndarray
    ) -> Learned:
        """Compare what was learned from a panel with it, cutoff by cutoff.

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
    return (DOUBT * UNTRIED**2 + seen) / (DOUBT + horizons)


def reconciled_mean(
    log_odds: np.ndarray, weight: np.ndarray, variance: float, level: float, level_variance: float
) -> float:
    """Mean probability between that of learned log odds and a level in log odds.

    The learned ones err by a common shift, the level as a whole. Where learned probabilities are
    near 0 or 1, the mean hardly follows a shift: a level that contradicts them would need a large
    one, and is believed the less.

    Parameters
    ----------
    log_odds, weight : ndarray, shape (n_customers,)
        What was learned, and the number of customers of each row.
    variance, level_variance : float
        Of the shift, and of the level.

    Examples
    --------
    >>> odds, one = np.array([-9.0, 9.0]), np.ones(2)
    >>> sure = reconciled_mean(odds, one, 1.0, level=0.5, level_variance=0.02)
    >>> unsure = reconciled_mean(odds / 9, one, 1.0, level=0.5, level_variance=0.02)
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


def some_rows(panel: pd.DataFrame) -> pd.DataFrame:
    """Rows of the panel at even distances."""
    return panel.iloc[:: len(panel) // MOST_ROWS + 1]


def promised_money(history: History) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the panel, and the money that their purchases should have brought.

    By what a purchase was worth in the eyes of each cutoff, not of today; 0 where that is unknown.
    """
    panel = some_rows(history.panel)
    expected = np.zeros(len(panel))
    for cutoff in history.cutoffs:
        here = (pd.to_datetime(panel["cutoff"]) == pd.Timestamp(cutoff)).to_numpy()
        try:
            known = SpendPerPurchase.fit(history.populations[cutoff])
        except ValueError:
            continue
        value = known.predict_from_all(panel[here])
        expected[here] = panel["purchases"].to_numpy(float)[here] * value
    return panel, expected


def money_factor(panel: pd.DataFrame, expected: np.ndarray, horizon_days: int) -> float:
    """What purchases bring in the end, over what they are expected to: returns come later.

    `expected` is the money that each row's purchases should have brought, shape (n_rows,). The
    mean over cutoffs in logarithms, one a horizon older counting 1 / e, shrunk to 1 by as much as
    chance, cutoffs and the future may differ (the positive-part estimator of James & Stein 1961).

    Examples
    --------
    >>> days = ["2024-01-01", "2024-01-01", "2024-02-01", "2024-02-01"]
    >>> panel = pd.DataFrame({"cutoff": days, "spend": [70.0, 71.0, 69.0, 70.0]})
    >>> round(money_factor(panel, np.full(4, 100.0), 90), 2)
    0.7
    >>> money_factor(panel.assign(spend=[90.0, 110.0, 80.0, 120.0]), np.full(4, 100.0), 90)
    1.0
    """
    w, spend = weights(panel), panel["spend"].to_numpy(float)
    day = pd.to_datetime(panel["cutoff"]).to_numpy()
    logs, chance, age = [], [], []
    for cutoff in np.unique(day):
        here = day == cutoff
        total = (w * expected)[here].sum()
        if total <= 0:
            continue
        ratio = max((w * spend)[here].sum() / total, LEAST_RATIO)
        off = (w * (spend - ratio * expected) ** 2)[here].sum()
        logs.append(np.log(ratio))
        chance.append(off / (ratio * total) ** 2)
        age.append((day.max() - cutoff) / np.timedelta64(1, "D") / horizon_days)
    if not logs:
        return 1.0
    recent = np.exp(-np.array(age))
    mean = float(np.average(logs, weights=recent))
    apart = float(np.average((np.array(logs) - mean) ** 2, weights=recent))
    doubt = apart + float(np.average(chance, weights=recent)) + FLOOR**2
    return float(np.exp(mean * max(0.0, 1 - doubt / max(mean**2, 1e-12))))
