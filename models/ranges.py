"""The range columns of the blend: spend from low to high, next purchase from day to day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from models.btyd_contenders import BtydContender
from models.history import History
from models.intervals import SpendShape, next_purchase

STEPS = 16
"""The horizon is looked at in so many steps to find the days of the next purchase."""

PAST_CUTOFFS = 2


@dataclass(frozen=True)
class Ranges:
    """What is needed beside the blend's means: the shape of spend, as seen in the past."""

    horizon_days: int
    shape: SpendShape | None

    @classmethod
    def fit(cls, history: History) -> Self:
        """Compare what a buy-till-you-die model expected at the latest cutoffs with what came.

        The level of each past cutoff is taken out: whether a season was good is no shape.
        """
        seen = [_expected_and_came(history, cutoff) for cutoff in history.cutoffs[-PAST_CUTOFFS:]]
        columns = [np.concatenate(column) for column in zip(*filter(None, seen), strict=True)]
        return cls(history.horizon_days, SpendShape.fit(*columns) if columns else None)

    def columns(
        self,
        customers: pd.DataFrame,
        btyd: BtydContender | None,
        p_churn: np.ndarray,
        purchases: np.ndarray,
        spend: np.ndarray,
    ) -> dict[str, np.ndarray]:
        """`expected_spend_low`, `_high` (money); `next_purchase_from`, `_to` (days from cutoff).

        NaN where the past held too few buyers to learn a shape.
        """
        unknown = np.full(len(customers), np.nan)
        low, high = (
            self.shape.interval(p_churn, purchases, spend) if self.shape else (unknown, unknown)
        )
        first, last = self._window(customers, btyd) if btyd else (unknown, unknown)
        return {
            "expected_spend_low": low,
            "expected_spend_high": high,
            "next_purchase_from": first,
            "next_purchase_to": last,
        }

    def _window(
        self, customers: pd.DataFrame, btyd: BtydContender
    ) -> tuple[np.ndarray, np.ndarray]:
        days = self.horizon_days * np.arange(1, STEPS + 1) / STEPS
        if customers.empty:
            return np.empty(0), np.empty(0)
        silent = np.array([btyd.probability_no_purchase(customers, day) for day in days])
        return next_purchase(1 - silent, days)

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        shape = self.shape.to_dict() if self.shape else None
        return {"horizon_days": self.horizon_days, "shape": shape}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the ranges again from `to_dict`."""
        shape = SpendShape.from_dict(state["shape"]) if state["shape"] else None
        return cls(int(state["horizon_days"]), shape)


def _expected_and_came(history: History, cutoff: Any) -> tuple[np.ndarray, ...] | None:
    """p_churn, purchases and spend as expected at a past cutoff, then spend and purchases."""
    rows = history.rows(cutoff)
    try:
        model = BtydContender("mbg_nbd").fit(history.at(cutoff))
    except ValueError:
        return None
    said = model.predict(rows)
    expected = said["expected_purchases"].to_numpy() * model.value.predict_from_all(rows)
    came = rows["spend"].to_numpy(float)
    if came.sum() <= 0:
        return None
    return (
        said["p_churn"].to_numpy(),
        said["expected_purchases"].to_numpy(),
        expected * came.sum() / expected.sum(),
        came,
        rows["purchases"].to_numpy(float),
    )
