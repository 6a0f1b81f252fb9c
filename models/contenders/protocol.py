"""What every model that enters the backtest can do, naive rules included."""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.history import History

UNLIKELY = 0.9
"""With a higher `p_churn` nobody says when the next purchase comes: most likely it does not."""

ANSWERS = ("p_churn", "expected_purchases", "expected_spend")
"""The columns of every prediction; NaN where a contender gives no answer."""


@runtime_checkable
class Contender(Protocol):
    """A model that answers the shared question: no purchase in the horizon.

    `predict` is a function of one row at a time: the answer for a customer does not
    depend on who else is in the frame, to the last bit. A contender made by `restore`
    from `parameters()` and `estimators()` predicts exactly what the fitted one does.
    """

    name: str

    def fit(self, history: History) -> Self:
        """Learn from `history`, from nothing else."""
        ...

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """`p_churn`, `expected_purchases`, `expected_spend` for each row of a snapshot."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the estimators, as values that JSON can hold."""
        ...

    def estimators(self) -> dict[str, BaseEstimator]:
        """Fitted scikit-learn estimators by name; empty when there are none."""
        ...

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted contender again, without fitting."""
        ...


def answers(
    index: pd.Index,
    p_churn: np.ndarray | float = np.nan,
    expected_purchases: np.ndarray | float = np.nan,
    expected_spend: np.ndarray | float = np.nan,
    **diagnostics: np.ndarray,
) -> pd.DataFrame:
    """Lay a contender's prediction out as a frame; whatever is not given is NaN.

    Examples
    --------
    >>> answers(pd.RangeIndex(2), p_churn=np.array([0.5, 0.9]))
       p_churn  expected_purchases  expected_spend
    0      0.5                 NaN             NaN
    1      0.9                 NaN             NaN
    """
    means = (p_churn, expected_purchases, expected_spend)
    columns = {**dict(zip(ANSWERS, means, strict=True)), **diagnostics}
    # As one array, each column of it in one piece: column by column it takes three times as long.
    values = np.array([np.broadcast_to(value, len(index)) for value in columns.values()], float)
    return pd.DataFrame(values.T, index, list(columns), copy=False)
