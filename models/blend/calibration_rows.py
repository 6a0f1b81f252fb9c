"""Predictions at past cutoffs beside what came, to calibrate prediction intervals of spend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pandas as pd

from models.blend.outliers import without_outliers
from models.blend.spend_distribution import SpendDistribution, level_spread
from models.contenders.btyd import BtydContender
from models.contenders.protocol import ANSWERS
from models.history import History

MOST_CUTOFFS = 3
"""Past cutoffs that are compared with what came; a horizon apart, so that none sees the same."""

Blended = Sequence[tuple[pd.DataFrame, pd.DataFrame]]
"""Labelled rows of validation cutoffs, and what the blend predicts of them out of time."""


@dataclass(frozen=True)
class BtydRows:
    """What MBG/NBD expected at a past cutoff, its level set right; what came; and the level.

    `columns` are `p_churn`, expected purchases, expected spend, spend and purchases, each of
    shape (n_customers,). `level` is the logarithm of spend over expected spend of all together,
    `noise` the variance that it has by chance.
    """

    columns: tuple[np.ndarray, ...]
    level: float
    noise: float

    @classmethod
    def at(cls, history: History, cutoff: date) -> Self | None:
        """Compare at a past cutoff; None where no model fits, or no money came."""
        rows = history.rows(cutoff)
        try:
            model = BtydContender("mbg_nbd").fit(history.at(cutoff))
        except ValueError:
            return None
        predicted = model.predict(rows)
        purchases = predicted["expected_purchases"].to_numpy()
        expected = purchases * model.value.predict_from_all(rows)
        came = np.maximum(rows["spend"].to_numpy(float), 0.0)
        usual = without_outliers(expected)
        total = came[usual].sum()
        if total <= 0 or expected[usual].sum() <= 0:
            return None
        level = total / expected[usual].sum()
        noise = float(((came - level * expected)[usual] ** 2).sum() / total**2)
        columns = (
            predicted["p_churn"].to_numpy(),
            purchases,
            level * expected,
            came,
            rows["purchases"].to_numpy(float),
        )
        return cls(columns, float(np.log(level)), noise)


def calibrated(
    history: History, cutoffs: list[date], blended: Blended
) -> tuple[SpendDistribution | None, float]:
    """The distribution of spend over past cutoffs, and how much their levels varied.

    How the level varied is read off a buy-till-you-die model, and off a change that the last days
    show. Where the blend has no predictions at validation cutoffs, or they hold too few buyers, the
    distribution is read off that model as well, its level taken out.
    """
    seen = [rows for rows in (BtydRows.at(history, day) for day in cutoffs) if rows]
    levels = [(one.level, one.noise) for one in seen]
    levels += [(history.unjudged, 0.0)] if history.unjudged else []
    spread = level_spread(*np.array(levels).reshape(-1, 2).T)
    return _distribution(seen, blended, spread), spread


def _distribution(
    seen: list[BtydRows], blended: Blended, spread: float
) -> SpendDistribution | None:
    if not seen:
        return None
    by_blend = [
        (
            *(predicted[name].to_numpy(float) for name in ANSWERS),
            np.maximum(rows["spend"].to_numpy(float), 0.0),
            rows["purchases"].to_numpy(float),
        )
        for rows, predicted in blended
    ]
    for columns in (by_blend, [one.columns for one in seen]):
        if not columns:
            continue
        none, often, expected, spend, purchases = map(np.concatenate, zip(*columns, strict=True))
        found = SpendDistribution.fit(none, often, expected, spend, purchases, spread)
        if found:
            return found
    return None


def horizons_apart(cutoffs: list[date], horizon_days: int) -> list[date]:
    """Cutoffs whose horizons do not overlap, latest first, beginning with the latest.

    >>> [c.day for c in horizons_apart([date(2024, 1, day) for day in (1, 5, 11, 15, 21)], 10)]
    [21, 11, 1]
    """
    chosen: list[date] = []
    for cutoff in sorted(cutoffs, reverse=True):
        if not chosen or cutoff + timedelta(days=horizon_days) <= chosen[-1]:
            chosen.append(cutoff)
    return chosen
