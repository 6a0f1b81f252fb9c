"""When the next purchase comes, told by the customer's own gaps and by how regular they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from models.history import weights

GAPS = ("gap_log_mean", "gap_variation")
"""Columns of a snapshot that tell a customer's own rhythm."""

MOST_GROUPS = 6
"""So many groups of customers with two gaps or more, from the most regular to the least."""

SMALLEST_GROUP = 300
"""Rows of buyers that such a group needs: a third of the panel's are of cutoffs that judge."""

PRIOR_GAPS = 2.0
"""The variation of all customers counts for so many gaps: two equal gaps may be chance."""

PRIOR_CUSTOMERS = 5.0
"""So many customers the hazard of all counts for in that of a group."""

GRID = np.concatenate(
    [np.arange(0, 200) / 100, np.arange(40, 80) / 20, np.arange(16, 40) / 4, np.arange(5, 21) * 2]
)
"""Borders of silence, in own usual gaps, between which the hazard is constant: 0 to 40."""

HALF = 0.5
"""Nobody knows the hour: a purchase is in the middle of its day."""

ONCE, TWICE = -2, -1
"""The groups of those who have no gap yet, and of those who have one."""


@dataclass(frozen=True)
class OwnRhythm:
    """The hazard of a purchase by silence in own usual gaps, for customers alike in regularity.

    An empirical renewal process: the estimator of Nelson (1972) and Aalen (1978), of gaps that are
    seen from the silence at a cutoff on (left truncation) until the horizon ends (censoring).

    Attributes
    ----------
    variation : float
        Standard deviation over mean of the gaps of all customers (root mean square).
    borders : tuple of float
        Variations that part the groups.
    hazards : dict
        By group, the cumulative hazard at each point of GRID.
    """

    horizon_days: int
    variation: float
    borders: tuple[float, ...]
    hazards: dict[int, np.ndarray]

    @classmethod
    def fit(cls, panel: pd.DataFrame, horizon_days: int) -> Self | None:
        """Learn from labelled snapshots; None where nobody bought, or gaps are not known."""
        if not {*GAPS, "next_purchase"} <= set(panel) or panel["next_purchase"].isna().all():
            return None
        bought = panel[panel["next_purchase"].notna() & (panel["frequency"] >= 2)]
        variation = float(np.sqrt(np.mean(bought["gap_variation"] ** 2))) if len(bought) else 1.0
        law = cls(horizon_days, variation, (), {})
        n_groups = min(MOST_GROUPS, len(bought) // SMALLEST_GROUP)
        if n_groups > 1:
            levels = np.arange(1, n_groups) / n_groups
            borders = tuple(np.quantile(law._variations(bought), levels).tolist())
            law = cls(horizon_days, variation, borders, {})
        return cls(horizon_days, variation, law.borders, law._hazards(panel))

    def groups(self, customers: pd.DataFrame) -> np.ndarray:
        """Whom each customer is alike: ONCE, TWICE, or from 0 (the most regular) on."""
        frequency = customers["frequency"].to_numpy(float)
        regular = np.searchsorted(self.borders, self._variations(customers))
        return np.where(frequency < 1, ONCE, np.where(frequency < 2, TWICE, regular))

    def window(
        self, customers: pd.DataFrame, tails: tuple[float, float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """First and last day from the cutoff on, both included: those that hold the quantiles.

        Quantiles of the day among the futures in which anything is bought within the horizon.
        """
        unit, begins = self._unit(customers), _silence(customers)
        groups = self.groups(customers)
        ends = np.zeros((2, len(customers)))
        for group in np.unique(groups):
            rows, hazard = groups == group, self.hazards[int(group)]
            start, whole, gap = begins[rows], begins[rows] + self.horizon_days, unit[rows]
            at = _hazard_at(start / gap, hazard)
            chance = -np.expm1(at - _hazard_at(whole / gap, hazard))
            for end, share in zip(ends, tails, strict=True):
                reached = _silence_at(at - np.log1p(-share * chance), hazard)
                end[rows] = reached * gap - start
        first, last = np.clip(np.floor(ends), 0, self.horizon_days - 1)
        return first, np.maximum(first, last)

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        hazards = {str(group): hazard.tolist() for group, hazard in self.hazards.items()}
        return {"variation": self.variation, "borders": list(self.borders), "hazards": hazards}

    @classmethod
    def from_dict(cls, horizon_days: int, state: dict[str, Any]) -> Self:
        """Build it again from `to_dict`."""
        hazards = {int(group): np.array(hazard) for group, hazard in state["hazards"].items()}
        return cls(horizon_days, state["variation"], tuple(state["borders"]), hazards)

    def _unit(self, customers: pd.DataFrame) -> np.ndarray:
        """Own usual gap in days; the horizon for those who have none."""
        gap = np.exp(customers["gap_log_mean"].to_numpy(float))
        return np.where(np.isfinite(gap), np.maximum(gap, 0.5), float(self.horizon_days))

    def _variations(self, customers: pd.DataFrame) -> np.ndarray:
        """Variation of each customer's own gaps; few gaps are drawn towards that of all."""
        own = np.nan_to_num(customers["gap_variation"].to_numpy(float))
        known = np.maximum(customers["frequency"].to_numpy(float) - 1, 0.0)
        squares = known * own**2 + PRIOR_GAPS * self.variation**2
        return np.sqrt(squares / (known + PRIOR_GAPS))

    def _hazards(self, panel: pd.DataFrame) -> dict[int, np.ndarray]:
        """Cumulative hazard of each group, drawn a little towards that of all customers."""
        unit, begins, w = self._unit(panel), _silence(panel), weights(panel)
        day, groups = panel["next_purchase"].to_numpy(float), self.groups(panel)
        came, since = ~np.isnan(day), begins / unit
        until = np.where(came, begins + HALF + day, begins + self.horizon_days) / unit

        def counted(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Purchases, and customers times silence, of each step of GRID."""
            bought, _ = np.histogram(until[rows & came], GRID, weights=w[rows & came])
            return bought, np.diff(_passed(since[rows], w[rows]) - _passed(until[rows], w[rows]))

        length = np.diff(GRID)
        prior = PRIOR_CUSTOMERS * length
        bought, seen = counted(np.full(len(panel), True))
        everybody = (bought + prior * max(bought.sum(), 1.0) / max(seen.sum(), 1.0)) / (
            seen + prior
        )
        hazards = {}
        for group in (ONCE, TWICE, *range(len(self.borders) + 1)):
            bought, seen = counted(groups == group)
            steps = (bought + prior * everybody) / (seen + prior) * length
            hazards[group] = np.append(0.0, np.cumsum(steps))
        return hazards


def _silence(customers: pd.DataFrame) -> np.ndarray:
    """Days since the last purchase, to the middle of the day before the cutoff's."""
    silent = customers["T"].to_numpy(float) - customers["recency"].to_numpy(float)
    return silent - HALF


def _passed(moments: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum over moments of how far each point of GRID lies behind them, 0 where it does not."""
    order = np.argsort(moments, kind="stable")
    count = np.append(0.0, np.cumsum(weight[order]))
    total = np.append(0.0, np.cumsum((weight * moments)[order]))
    before = np.searchsorted(moments[order], GRID, side="right")
    return GRID * count[before] - total[before]


def _pace_after(hazard: np.ndarray) -> float:
    """Hazard of whoever is silent for longer than GRID: that of its second half."""
    half = int(np.searchsorted(GRID, GRID[-1] / 2))
    return float((hazard[-1] - hazard[half]) / (GRID[-1] - GRID[half]))


def _hazard_at(silence: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    after = np.maximum(silence - GRID[-1], 0.0) * _pace_after(hazard)
    return np.interp(silence, GRID, hazard) + after


def _silence_at(reached: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    after = np.maximum(reached - hazard[-1], 0.0) / _pace_after(hazard)
    return np.interp(reached, hazard, GRID) + after
