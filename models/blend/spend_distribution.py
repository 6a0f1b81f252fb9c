"""The distribution of a customer's spend: a lump at zero, and quantiles of the rest.

Most customers spend nothing in a horizon. The lump is the probability of no purchase. The shape of
the rest is read off the past: spend of those who bought, over what had been expected of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.stats import norm

COVERED = 0.8
"""Share of customers whose outcome shall lie in its interval."""

TAIL = (1 - COVERED) / 2
"""Share outside on each side."""

LEVELS = np.linspace(0.0, 1.0, 41)
"""Levels of the quantiles that are kept."""

MOST_GROUPS = 5
"""So many groups by expected purchases have quantiles of their own."""

SMALLEST_GROUP = 100
"""Buyers that a group needs for its own quantiles."""

PRIOR_SPREAD = 0.25
"""Standard deviation of the log level between cutoffs, as found on the logs of docs/quality.md."""

PRIOR_CUTOFFS = 2
"""So many past cutoffs that guess counts for."""

COMMON = norm.ppf((np.arange(21) + 0.5) / 21)
"""Equally likely values of a standard normal shock that all customers share."""


@dataclass(frozen=True)
class SpendDistribution:
    """Quantiles of (spend / expected spend, both given a purchase), by expected purchases.

    `borders` are expected purchases given at least one, shape (n_groups - 1,);
    `quantiles` has shape (n_groups, 41).
    """

    borders: np.ndarray
    quantiles: np.ndarray

    @classmethod
    def fit(
        cls,
        p_churn: np.ndarray,
        expected_purchases: np.ndarray,
        expected_spend: np.ndarray,
        spend: np.ndarray,
        purchases: np.ndarray,
        level_spread: float = 0.0,
    ) -> Self | None:
        """Learn the quantiles from past cutoffs; None with fewer than 100 buyers.

        Parameters
        ----------
        p_churn, expected_purchases, expected_spend, spend, purchases : ndarray
            Shape (n_customers,): predictions, their level set to what came; and what came.
        level_spread : float
            Standard deviation of the log level between cutoffs: how much better or worse than
            expected a whole season may be. It moves all customers at once, so that no number
            of customers averages it away; the quantiles are widened by it.
        """
        bought = (purchases > 0) & (expected_spend > 0) & (p_churn < 1)
        if bought.sum() < SMALLEST_GROUP:
            return None
        given = 1 - p_churn[bought]
        often = expected_purchases[bought] / given
        ratio = np.maximum(spend[bought], 0.0) / (expected_spend[bought] / given)
        n_groups = int(np.clip(bought.sum() // SMALLEST_GROUP, 1, MOST_GROUPS))
        borders = np.unique(np.quantile(often, np.arange(1, n_groups) / n_groups))
        group = np.searchsorted(borders, often, side="right")
        # Where equal values share a border a group can be empty: the whole answers for it.
        groups = [group == g if (group == g).any() else group >= 0 for g in range(len(borders) + 1)]
        quantiles = [_widened(ratio[g], level_spread) for g in groups]
        return cls(borders, np.array(quantiles))

    def interval(
        self, p_none: np.ndarray, expected_purchases: np.ndarray, expected_spend: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of the 80 % interval of spend, each of shape (n_customers,).

        The shortest kind that holds 80 %: nothing at all when zero alone is likelier than
        that, else from zero up, and with a tail cut off on either side only where a purchase
        is nearly certain. An outcome that is 95 % zero cannot be covered less often.

        Parameters
        ----------
        p_none, expected_purchases, expected_spend : ndarray, shape (n_customers,)
            Probability of no purchase, and means, over one and the same period.
        """
        given = np.maximum(1 - p_none, 1e-9)
        scale = expected_spend / given
        group = np.searchsorted(self.borders, expected_purchases / given, side="right")
        certain = p_none <= TAIL
        low = np.where(certain, (TAIL - p_none) / given, 0.0)
        high = np.where(certain, 1 - TAIL / given, (COVERED - p_none) / given)
        lower = scale * self._quantile(group, low)
        upper = scale * self._quantile(group, np.clip(high, 0.0, 1.0))
        return np.where(certain, lower, 0.0), np.where(p_none >= COVERED, 0.0, upper)

    def if_any(
        self, p_none: np.ndarray, expected_purchases: np.ndarray, expected_spend: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of 80 % of what is spent if anything is bought; see `interval`.

        A tenth of those who buy spend less, and a tenth more.
        """
        given = np.maximum(1 - p_none, 1e-9)
        scale = expected_spend / given
        group = np.searchsorted(self.borders, expected_purchases / given, side="right")
        low, high = (self._quantile(group, np.full(len(scale), x)) for x in (TAIL, 1 - TAIL))
        return scale * low, scale * high

    def _quantile(self, group: np.ndarray, level: np.ndarray) -> np.ndarray:
        place = level * (len(LEVELS) - 1)
        below = np.minimum(place.astype(int), len(LEVELS) - 2)
        left, right = self.quantiles[group, below], self.quantiles[group, below + 1]
        return left + (place - below) * (right - left)

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {"borders": self.borders.tolist(), "quantiles": self.quantiles.tolist()}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the distribution again from `to_dict`."""
        return cls(np.array(state["borders"], dtype=float), np.array(state["quantiles"], float))


def _widened(ratio: np.ndarray, spread: float) -> np.ndarray:
    """Quantiles of a ratio times a lognormal level of median 1."""
    fine = np.quantile(ratio, np.linspace(0.0, 1.0, 401))
    return np.quantile(np.outer(np.exp(spread * COMMON), fine), LEVELS)


def level_spread(errors: np.ndarray, noise: np.ndarray) -> float:
    """Standard deviation of the log level between cutoffs, from what past cutoffs showed.

    Beside them stands what was found over many logs, worth two cutoffs: a log of one or two
    good seasons does not promise another.

    Parameters
    ----------
    errors : ndarray, shape (n_cutoffs,)
        Log of what came over what had been expected, of all customers together.
    noise : ndarray, shape (n_cutoffs,)
        Variance that each has by chance alone, with the level right.

    Examples
    --------
    >>> level_spread(np.empty(0), np.empty(0))
    0.25
    >>> round(level_spread(np.array([0.6, -0.6]), np.array([0.01, 0.01])), 2)
    0.45
    """
    squared = np.maximum(np.clip(errors, -1.0, 1.0) ** 2 - noise, 0.0)
    known = PRIOR_SPREAD**2 * PRIOR_CUTOFFS
    return float(np.sqrt((known + squared.sum()) / (PRIOR_CUTOFFS + len(squared))))
