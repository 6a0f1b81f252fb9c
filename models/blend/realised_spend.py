"""What purchases bring in the end: returns come later, and prices change.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.contenders.spend_per_purchase import lately, promised_values, recent_weight
from models.history import History, weights

PRICE_CHANGE = 0.05
"""Money per purchase may always change by so much (logarithm) from one horizon to the next."""

LEAST_RATIO = 0.01
"""Of the money that purchases bring at first at least so much is expected to be kept."""


def promised_spend(history: History) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the panel, and the money that their purchases should have brought.

    By what a purchase was worth as seen from each cutoff, not from today; 0 where that is unknown.
    """
    panel, value = promised_values(history)
    moved = np.exp(recent_weight(history) * lately(panel)) if value.any() else 1.0
    return panel, panel["purchases"].to_numpy(float) * value * moved


def realised_factor(panel: pd.DataFrame, expected: np.ndarray, horizon_days: int) -> float:
    """What purchases bring in the end, over what they are expected to bring.

    The mean over cutoffs in logarithms; one a horizon older counts 1 / e. It is shrunk to 1 by as
    much as chance, cutoffs and the future may differ (the positive-part estimator of James & Stein
    1961).

    Parameters
    ----------
    panel : DataFrame
        `cutoff`, `spend` and, where rows were sampled, `weight`.
    expected : ndarray, shape (n_rows,)
        Money that each row's purchases should have brought.

    Examples
    --------
    >>> days = ["2024-01-01", "2024-01-01", "2024-02-01", "2024-02-01"]
    >>> panel = pd.DataFrame({"cutoff": days, "spend": [70.0, 71.0, 69.0, 70.0]})
    >>> round(realised_factor(panel, np.full(4, 100.0), 90), 2)
    0.7
    >>> realised_factor(panel.assign(spend=[90.0, 110.0, 80.0, 120.0]), np.full(4, 100.0), 90)
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
    doubt = apart + float(np.average(chance, weights=recent)) + PRICE_CHANGE**2
    return float(np.exp(mean * max(0.0, 1 - doubt / max(mean**2, 1e-12))))
