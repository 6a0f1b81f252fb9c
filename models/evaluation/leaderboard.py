"""One row of the leaderboard: all scores of one contender at one cutoff."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from models.evaluation import scores, spend

Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]

CHURN_SCORES: dict[str, Score] = {
    "roc_auc": scores.roc_auc,
    "average_precision": scores.average_precision,
    "log_loss": scores.log_loss,
    "brier": scores.brier,
    "ece": scores.expected_calibration_error,
    "buyer_lift_10": scores.buyer_lift,
}
SPEND_SCORES: dict[str, Score] = {
    "spend_gini": spend.normalised_gini,
    "spend_spearman": spend.spearman,
    "spend_mae_ratio": spend.mae_ratio,
    "spend_bias": spend.bias,
    "top_10_capture": spend.top_capture,
}
SCORES = ("n_customers", "churn_rate", *CHURN_SCORES, *SPEND_SCORES)
"""The columns that `evaluate` answers, in the leaderboard's order."""


def evaluate(outcomes: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, float]:
    """All scores of one contender at one cutoff, keyed by the leaderboard's columns.

    Parameters
    ----------
    outcomes : DataFrame
        What happened: `churned`, `spend` and optionally `weight`, one row per customer.
    predictions : DataFrame
        `p_churn` and `expected_spend` for the same customers in the same order.

    Returns
    -------
    dict
        The keys are `SCORES`. A score is NaN when the contender gave no answer at all
        (its whole column is NaN) or the outcomes leave it undefined.

    Raises
    ------
    ValueError
        When the rows do not match, or only some of the predictions are missing.

    Examples
    --------
    >>> happened = pd.DataFrame({"churned": [1, 1, 0], "spend": [0.0, 0.0, 12.0]})
    >>> predicted = pd.DataFrame({"p_churn": [0.8, 0.7, 0.2], "expected_spend": np.nan})
    >>> row = evaluate(happened, predicted)
    >>> row["n_customers"], row["roc_auc"], row["spend_gini"]
    (3, 1.0, nan)
    """
    if not outcomes.index.equals(predictions.index):
        raise ValueError("Outcomes and predictions must have the same customers in one order.")
    weight = outcomes.get("weight", pd.Series(1.0, index=outcomes.index)).to_numpy(float)
    churned = outcomes["churned"].to_numpy(float)
    return {
        "n_customers": len(outcomes),
        "churn_rate": float(np.average(churned, weights=weight)),
        **_scored(CHURN_SCORES, churned, predictions["p_churn"].to_numpy(float), weight),
        **_scored(
            SPEND_SCORES,
            outcomes["spend"].to_numpy(float),
            predictions["expected_spend"].to_numpy(float),
            weight,
        ),
    }


def _scored(
    functions: dict[str, Score], observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray
) -> dict[str, float]:
    if np.isnan(predicted).all():
        return dict.fromkeys(functions, float("nan"))
    return {name: score(observed, predicted, weight) for name, score in functions.items()}
