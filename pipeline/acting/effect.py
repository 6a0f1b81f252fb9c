"""What a contact is taken to change: assumed, until campaigns of the same kind were measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Effect:
    """Spend gained by a contact, as a share of what is at stake.

    `low` and `high` are its 95 % interval where it was measured, in `n_campaigns` campaigns;
    `by_segment` holds the segments whose effect is another one.
    """

    source: str
    share: float
    low: float | None = None
    high: float | None = None
    n_campaigns: int = 0
    by_segment: Mapping[str, float] = field(default_factory=dict)

    def gain(self, segment: pd.Series, at_stake: np.ndarray) -> np.ndarray:
        """Spend gained by contacting each customer."""
        share = segment.map(self.by_segment).fillna(self.share).to_numpy(float)
        return np.asarray(share * at_stake)

    def told(self) -> dict[str, Any]:
        """What a plan keeps of it."""
        return {**vars(self), "by_segment": dict(self.by_segment)}


def assumed(share: float) -> Effect:
    """The share of those leaving who stay, as the config takes it for granted."""
    return Effect("assumed", share)
