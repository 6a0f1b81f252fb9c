"""Names for groups of customers that want different treatment."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

SEGMENTS = {
    "champion": "tenth with the highest expected spend, and twice the average odds of buying",
    "new": "first purchase within the last horizon, none since",
    "loyal": "has come back, and is less likely to leave than the average customer",
    "promising": "bought once, and is less likely to leave than the average customer",
    "lost": "less than a quarter of the average chance to buy again",
    "at risk": "spent more than two thirds of all customers, more likely to leave than average",
    "dormant": "everybody else",
}
"""Name -> who is meant; a customer is in the first that fits."""


@dataclass(frozen=True)
class Thresholds:
    """Where the segments part: learned once, so that a customer's segment depends on nobody else.

    `mean_churn` is a probability; `high_expected` and `high_past` are money.
    """

    horizon_days: int
    mean_churn: float
    high_expected: float
    high_past: float

    def to_dict(self) -> dict[str, float]:
        """Values that JSON can hold."""
        return asdict(self)


def thresholds(customers: pd.DataFrame, predicted: pd.DataFrame, horizon_days: int) -> Thresholds:
    """Learn the thresholds from a snapshot and what is predicted for it."""
    return Thresholds(
        horizon_days,
        float(predicted["p_churn"].mean()),
        float(predicted["expected_spend"].quantile(0.9)),
        float(customers["amount_total"].quantile(2 / 3)),
    )


def segments(customers: pd.DataFrame, predicted: pd.DataFrame, parting: Thresholds) -> np.ndarray:
    """Name each customer's segment, shape (n_customers,).

    Examples
    --------
    >>> customers = pd.DataFrame({"frequency": [9, 0], "T": [400, 400], "amount_total": [900, 5]})
    >>> predicted = pd.DataFrame({"p_churn": [0.1, 0.99], "expected_spend": [80.0, 0.1]})
    >>> segments(customers, predicted, Thresholds(90, 0.8, 50.0, 100.0)).tolist()
    ['champion', 'lost']
    """
    repeat = (customers["frequency"] > 0).to_numpy()
    p_churn = predicted["p_churn"].to_numpy()
    likely = p_churn < parting.mean_churn
    # Nobody is expected to spend anything in a log whose money is all zero or given back.
    high = (predicted["expected_spend"] >= max(parting.high_expected, 1e-9)).to_numpy()
    choices = {
        "champion": high & (_odds(1 - p_churn) >= 2 * _odds(1 - parting.mean_churn)),
        "new": ~repeat & (customers["T"] <= parting.horizon_days).to_numpy(),
        "loyal": repeat & likely,
        "promising": likely,
        "lost": (1 - p_churn) < 0.25 * (1 - parting.mean_churn),
        "at risk": (customers["amount_total"] > parting.high_past).to_numpy(),
    }
    return np.select(list(choices.values()), list(choices), default="dormant")


def _odds(probability: np.ndarray | float) -> np.ndarray:
    share = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.asarray(share / (1 - share))
