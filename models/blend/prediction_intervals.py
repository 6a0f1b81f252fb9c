"""Prediction intervals: spend from low to high, and the next purchase from day to day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from models.blend.calibration_rows import MOST_CUTOFFS, Blended, calibrated, horizons_apart
from models.blend.extrapolation import Extrapolation
from models.blend.next_purchase_window import NextPurchase
from models.blend.outliers import without_outliers
from models.blend.spend_distribution import PRIOR_SPREAD, SpendDistribution
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.contenders.protocol import ANSWERS
from models.history import History, Longer, weights

UNCORRECTED = Extrapolation()
"""Longer periods as a buy-till-you-die model has them."""


@dataclass(frozen=True)
class LongPeriod:
    """How spend was distributed in a period longer than the horizon, after a past cutoff."""

    days: int
    spend: SpendDistribution


@dataclass(frozen=True)
class PredictionIntervals:
    """What is needed beside the blend's means: how spend and the next purchase are distributed.

    Attributes
    ----------
    spend : SpendDistribution, optional
        That of the horizon; None where the past held too few buyers.
    next_purchase : NextPurchase
        When the next purchase comes.
    spread : float
        How much the level of all customers together varies (logarithm).
    long_period : LongPeriod, optional
        Answers for periods nearer to its own length than to the horizon's.
    """

    horizon_days: int
    spend: SpendDistribution | None
    next_purchase: NextPurchase
    spread: float = PRIOR_SPREAD
    long_period: LongPeriod | None = None

    @classmethod
    def fit(cls, history: History, blended: Blended = ()) -> Self:
        """Calibrate on past cutoffs; see `models.blend.calibration_rows`."""
        days = horizons_apart(history.cutoffs, history.horizon_days)[:MOST_CUTOFFS]
        spend, spread = calibrated(history, days, blended)
        return cls(history.horizon_days, spend, NextPurchase.fit(history, days), spread)

    def lengthened(
        self,
        longer: Longer,
        btyd: BtydContender,
        predicted: pd.DataFrame,
        expected_spend: np.ndarray,
        extrapolation: Extrapolation = UNCORRECTED,
        regular: BtydContender | None = None,
    ) -> Self:
        """Learn the distribution of spend in a longer period from one that is over.

        Parameters
        ----------
        predicted : DataFrame
            What the blend predicts for the customers of `longer`, in the horizon.
        expected_spend : ndarray, shape (n_customers,)
            What it expects of them in the period.
        """
        rows, w = longer.rows, weights(longer.rows)
        gone = float(np.average(rows["churned"].to_numpy(float), weights=w))
        came = np.maximum(rows["spend"].to_numpy(float), 0.0)
        usual = np.where(without_outliers(expected_spend), w, 0.0)
        total, promised = usual @ came, usual @ expected_spend
        if gone in (0.0, 1.0) or total <= 0 or promised <= 0:
            return self
        lengths = extrapolation.lengths(btyd, rows, longer.days)
        p_churn = predicted["p_churn"].to_numpy()
        none = extrapolation.none_within(btyd, rows, p_churn, longer.days, regular)
        spend = SpendDistribution.fit(
            none,
            _purchases(predicted, lengths[0], none),
            expected_spend * total / promised,
            came,
            rows["purchases"].to_numpy(float),
            self.spread,
        )
        return replace(self, long_period=LongPeriod(longer.days, spend)) if spend else self

    def columns(
        self, customers: pd.DataFrame | Histories, predicted: pd.DataFrame
    ) -> dict[str, np.ndarray]:
        """`expected_spend_low`, `_high` (money); `next_purchase_from`, `_to` (days from cutoff).

        `spend_if_any_low` and `_high` are the ends among those futures in which anything is bought.
        NaN where the past held too few buyers. `predicted` holds the blend's `p_churn`,
        `expected_purchases` and `expected_spend`.
        """
        means = [predicted[name].to_numpy(float) for name in ANSWERS]
        unknown = np.full(len(customers), np.nan), np.full(len(customers), np.nan)
        low, high = self.spend.interval(*means) if self.spend else unknown
        least, most = self.spend.if_any(*means) if self.spend else unknown
        first, last = self.next_purchase.window(customers)
        return {
            "expected_spend_low": low,
            "expected_spend_high": high,
            "spend_if_any_low": least,
            "spend_if_any_high": most,
            "next_purchase_from": first,
            "next_purchase_to": last,
        }

    def of_period(
        self,
        customers: pd.DataFrame | Histories,
        btyd: BtydContender | None,
        predicted: pd.DataFrame,
        expected_spend: np.ndarray,
        days: float,
        extrapolation: Extrapolation = UNCORRECTED,
        if_any: bool = False,
        regular: BtydContender | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of spend within `days`, which may be longer than the horizon.

        `if_any` asks only about the futures in which anything is bought.

        The distribution is that of the horizon, or of a longer period that was seen, for as many
        purchases as the period holds. These begin at the blend's, in `predicted`, and grow with
        the period as a buy-till-you-die model's do, corrected by `extrapolation`.
        """
        long_period = self._nearer(days)
        spend = long_period.spend if long_period else self.spend
        if spend is None or btyd is None or not len(customers):
            unknown = np.full(len(customers), np.nan)
            return unknown, unknown
        lengths = extrapolation.lengths(btyd, customers, days)
        p_churn = predicted["p_churn"].to_numpy()
        none = extrapolation.none_within(btyd, customers, p_churn, days, regular)
        ends = spend.if_any if if_any else spend.interval
        return ends(none, _purchases(predicted, lengths[0], none), expected_spend)

    def _nearer(self, days: float) -> LongPeriod | None:
        """The longer period that was seen, where `days` are nearer to it than to the horizon."""
        near = self.long_period and days**2 > self.horizon_days * self.long_period.days
        return self.long_period if near else None

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        long = self.long_period
        return {
            "horizon_days": self.horizon_days,
            "spend": self.spend.to_dict() if self.spend else None,
            **self.next_purchase.to_dict(),
            "spread": self.spread,
            "long_period": [long.days, long.spend.to_dict()] if long else None,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the intervals again from `to_dict`."""
        days, long = int(state["horizon_days"]), state["long_period"]
        spend = SpendDistribution.from_dict(state["spend"]) if state["spend"] else None
        long_period = None
        if long:
            long_period = LongPeriod(long[0], SpendDistribution.from_dict(long[1]))
        next_purchase = NextPurchase.from_dict(days, state)
        return cls(days, spend, next_purchase, float(state["spread"]), long_period)


def _purchases(predicted: pd.DataFrame, length: np.ndarray, none: np.ndarray) -> np.ndarray:
    """Expected purchases of a period; whoever buys at all buys at least once."""
    return np.maximum(predicted["expected_purchases"].to_numpy(float) * length, 1 - none)
