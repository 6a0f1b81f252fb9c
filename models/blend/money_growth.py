"""How money per purchase goes on changing after the horizon: of all customers, and of each.

A buy-till-you-die model of purchases times what one is worth takes that for constant. Of accounts
that double each year a longer period that is over shows how much more each purchase brought than
the horizon's, and whether that was told by what the customer spent at a time lately.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.blend.outliers import without_outliers
from models.contenders.spend_per_purchase import DOUBT, lately, shrunk, slope_of
from models.history import Longer, weights
from models.periods import YEAR

MOST = 1.0
"""No customer's money per purchase grows or shrinks faster (logarithm a year)."""


SHORTEST = 1 / 3
"""Years: what was seen sooner after the horizon may be its level, and is not taken for so fast a
growth."""


@dataclass(frozen=True)
class MoneyGrowth:
    """Growth of the logarithm of money per purchase, a year.

    Attributes
    ----------
    common : float
        Of all customers.
    recent_weight : float
        How much of `lately` is added.
    furthest : float
        Years after the horizon's middle when it ends: nobody has seen more.
    """

    common: float = 0.0
    recent_weight: float = 0.0
    furthest: float = 0.0

    def yearly(self, customers: pd.DataFrame) -> np.ndarray:
        """Growth of each customer's money per purchase in a year; shape (n_customers,)."""
        grown = np.full(len(customers), self.common)
        if self.recent_weight:
            grown = grown + self.recent_weight * lately(customers)
        return np.clip(grown, -MOST, MOST)


CONSTANT = MoneyGrowth()
"""A purchase brings what it brings in the horizon."""


def money_growth(longer: Longer, value: np.ndarray, horizon_days: int) -> MoneyGrowth:
    """Learn from a longer period that is over, as far as it goes beyond chance.

    Parameters
    ----------
    value : ndarray, shape (n_customers,)
        Money that a purchase of the horizon should bring, of the customers of `longer`.
    """
    rows, lead = longer.rows, max((longer.days - horizon_days) / 2 / YEAR, SHORTEST)
    number, came = rows["purchases"].to_numpy(float), rows["spend"].to_numpy(float)
    promised = number * value
    told = (came > 0) & (promised > 0)
    if not told.any():
        return CONSTANT
    told &= without_outliers(promised)
    came, promised, w, recent = (x[told] for x in (came, promised, weights(rows), lately(rows)))
    slope = slope_of(np.log(came / promised), recent, w)
    by_recent = shrunk(slope.value, slope.variance + DOUBT**2) if slope else 0.0
    promised = promised * np.exp(by_recent * recent)
    ratio = float(w @ came / (w @ promised))
    missed = w * (came - ratio * promised)
    chance = float(missed @ missed) / float(w @ came) ** 2
    common = shrunk(float(np.log(ratio)), chance + DOUBT**2)
    furthest = (longer.days - horizon_days / 2) / YEAR
    return MoneyGrowth(common / lead, by_recent / lead, furthest)
