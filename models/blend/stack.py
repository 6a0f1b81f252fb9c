"""The stack of base learners: their log odds of churn, clipped, levelled and averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models.blend.base_learners import PRIOR_WEIGHTS, SUPERVISED
from models.blend.spend_weights import spend_weights
from models.blend.stacking import within_reach
from models.contenders.encoding import logit


@dataclass(frozen=True)
class Stack:
    """Stacking weights by learner of churn, and by estimator of spend; each sum to 1.

    See `models.blend.stacking` and `models.blend.spend_weights`.
    """

    weights: dict[str, float]
    spend: dict[str, float] = field(default_factory=lambda: spend_weights([]))

    def used(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of some learners that have a weight."""
        return tuple(name for name in names if self.weights.get(name, 0.0) > 0)

    @property
    def supervised(self) -> bool:
        """Whether any supervised learner has a weight."""
        return bool(self.used(SUPERVISED))

    def log_odds(self, predictions: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
        """Log odds by learner, held `within_reach` of the supervised ones where these count."""
        names = [name for name in PRIOR_WEIGHTS if name in self.weights]
        odds = {name: logit(predictions[name]["p_churn"].to_numpy()) for name in names}
        return within_reach(odds, SUPERVISED) if self.supervised else odds

    def mean(self, odds: dict[str, np.ndarray], shifts: dict[str, float]) -> np.ndarray:
        """Weighted mean of the log odds, each moved by its shift to the common level."""
        return sum(
            (self.weights[name] * (x + shifts[name]) for name, x in odds.items()),
            start=np.zeros(len(next(iter(odds.values())))),
        )

    def taught(self, odds: dict[str, np.ndarray]) -> np.ndarray:
        """Weighted mean of the supervised learners' log odds, at the level they were taught."""
        names = self.used(SUPERVISED)
        shares = [self.weights[name] for name in names]
        return np.average([odds[name] for name in names], axis=0, weights=shares)
