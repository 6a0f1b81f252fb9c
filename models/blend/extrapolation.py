"""From the horizon to longer periods: a buy-till-you-die model's course, corrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from models.blend.by_silence import ALIKE, BySilence
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.evaluation.spend import normalised_gini
from models.periods import YEAR

TRUSTS, MARGIN = (0.5, 0.0), 0.01
"""What is tried instead of full trust; the Gini coefficient must grow by so much."""

EDGES = tuple(round(YEAR / 12 * months) for months in (1, 2, 3, 4, 6, 8, 12, 18, 24, 36))
"""Days at which what comes after the horizon is cut into pieces, each with its own correction."""

FURTHEST = 2.0
"""Beyond so many years the error does not grow: nobody has seen it."""


@dataclass(frozen=True)
class Extrapolation:
    """How purchases after the horizon differ from what a buy-till-you-die model expects.

    Attributes
    ----------
    transient : float
        A factor in the horizon's purchases, such as a season's, that ends with it.
    error_growth : float
        By how much more the logarithm of later purchases is overrated each year, see
        `models.blend.error_growth`.
    trust : float, from 0 to 1
        How far a customer's spend after the horizon follows the blend's expectation for the horizon
        rather than a buy-till-you-die model's: a bill that is due in it says nothing of later ones.
    rescale : float
        Factor that keeps the total at what it is with full trust.
    by_silence : BySilence
        What customers silent for so long differ by after the horizon.
    """

    transient: float = 1.0
    error_growth: float = 0.0
    trust: float = 1.0
    rescale: float = 1.0
    by_silence: BySilence = ALIKE

    def later_spend(self, blend: np.ndarray, btyd: np.ndarray) -> np.ndarray:
        """Spend per later horizon, from that of the first one by the blend and by its model."""
        spend: np.ndarray = self.rescale * blend**self.trust * btyd ** (1 - self.trust)
        return spend

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        learned = asdict(self.by_silence) if self.by_silence != ALIKE else None
        return {**asdict(self), "by_silence": learned}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build it again from `to_dict`."""
        learned = state["by_silence"]
        return cls(**{**state, "by_silence": BySilence.from_dict(learned) if learned else ALIKE})

    def lengths(
        self, btyd: BtydContender, customers: pd.DataFrame | Histories, days: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """How many horizons, as high as today's, the purchases within `days` make.

        What comes after the horizon corrected, and as the buy-till-you-die model has it; each of
        shape (n_customers,).
        """
        histories = Histories.of(customers)
        asked = ("lengths", id(btyd), self, days)
        found: tuple[np.ndarray, np.ndarray] = histories.once(
            asked, lambda: self._lengths(btyd, histories, days)
        )
        return found

    def _lengths(
        self, btyd: BtydContender, customers: Histories, days: float
    ) -> tuple[np.ndarray, np.ndarray]:
        horizon_days = btyd.horizon_days
        edges = [edge for edge in EDGES if horizon_days < edge < days] if self.error_growth else []
        ends = [horizon_days, days] if days <= horizon_days else [horizon_days, *edges, days]
        within, *later = btyd.purchases_by(customers, np.array(ends, dtype=float))
        seen = later if days <= horizon_days else [within, *later]
        left = seen[0]
        for before, after, first, last in zip(seen, seen[1:], ends, ends[1:], strict=False):
            left = left + (after - before) * self._left((first + last - horizon_days) / 2)
        return _over(left, within), _over(seen[-1], within)

    def _left(self, lead: float) -> float:
        """Share that is left, of what is expected so many days after the horizon's middle."""
        growth = -self.error_growth * min(lead / YEAR, FURTHEST)
        return float(np.exp(growth)) / self.transient


def _over(number: np.ndarray, within: np.ndarray) -> np.ndarray:
    return np.divide(number, within, out=np.ones(len(within)), where=within > 0)


def best_ranking(
    extrapolation: Extrapolation,
    valued: Callable[[Extrapolation], np.ndarray],
    horizon_spend: np.ndarray,
    came: np.ndarray,
    weight: np.ndarray,
) -> Extrapolation:
    """Choose the trust that would have ranked customers best over a period that is over.

    Parameters
    ----------
    valued : callable
        Answers the expected spend of the period, by an extrapolation; shape (n_customers,).
    horizon_spend, came, weight : ndarray, shape (n_customers,)
        Expected spend of the horizon alone, which the period holds; what came in the period;
        customers of each row.
    """
    value, best = valued(extrapolation), extrapolation
    whole = weight @ (value - horizon_spend)
    known = normalised_gini(came, value, weight) + MARGIN
    for trust in TRUSTS:
        tried = replace(extrapolation, trust=trust)
        later = valued(tried) - horizon_spend
        if weight @ later <= 0 or whole <= 0:
            continue
        rescale = float(whole / (weight @ later))
        found = normalised_gini(came, horizon_spend + rescale * later, weight)
        if found > known:
            known, best = found, replace(tried, rescale=rescale)
    return best
