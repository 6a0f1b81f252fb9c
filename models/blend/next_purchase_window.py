"""When the next purchase comes: a window of days, as wide as past windows had to be.

Two laws know the day: a buy-till-you-die model's, and that of customers' own gaps. In each group of
customers alike in rhythm the one answers whose windows were better at past cutoffs: the latest, or
the same day of an earlier year where the season asks for others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from models.blend.conformal_tails import (
    FEWEST,
    MIDDLE,
    Tails,
    Window,
    conformal_tails,
    interval_score,
    interval_scores,
)
from models.blend.own_rhythm import OwnRhythm
from models.blend.waiting_times import (
    Buyers,
    OwnWaits,
    by_then,
    past_buyers,
    timing_model,
    window,
    years_ago,
)
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.history import History, weights

BEYOND_CHANCE = 1.96
"""Standard errors by which windows of the season have to be better at its last time."""

FEWEST_ALIKE = 100
"""Buyers of the past that a group needs for windows of its own."""


class Ends(NamedTuple):
    """Where windows of a group lie: by own gaps or not, and between which quantiles."""

    own: bool
    tails: Tails


@dataclass(frozen=True)
class NextPurchase:
    """The laws of a customer's next purchase, and the quantiles between which windows lie.

    `tails` are those of customers whose group has none of its own in `by_group`.
    """

    horizon_days: int
    model: BtydContender | None
    tails: Tails = MIDDLE
    rhythm: OwnRhythm | None = None
    by_group: dict[int, Ends] = field(default_factory=dict)

    @classmethod
    def fit(cls, history: History, cutoffs: list[date]) -> Self:
        """Fit the laws, and calibrate their windows on past cutoffs.

        Where the same day of an earlier year asks for other windows, beyond chance, it decides
        alone: in a season purchases come sooner, or later, than the laws know.
        """
        rhythm = OwnRhythm.fit(history.panel, history.horizon_days)
        laws = cls(history.horizon_days, timing_model(history), rhythm=rhythm)
        fitted, earlier = laws.calibrated(past_buyers(history, cutoffs)), years_ago(history)
        if earlier is None or laws.model is None or len(earlier.rows) < FEWEST_ALIKE:
            return fitted
        seasonal, rows = laws.calibrated([earlier], FEWEST_ALIKE), earlier.rows
        gain = fitted.scores(rows) - seasonal.scores(rows)
        beyond = BEYOND_CHANCE * gain.std() / np.sqrt(len(rows))
        return seasonal if np.average(gain, weights=weights(rows)) > beyond else fitted

    def calibrated(self, past: list[Buyers], fewest: int = FEWEST) -> Self:
        """The same laws, between the quantiles that past buyers needed."""
        tails = conformal_tails([buyers.waits() for buyers in past], fewest)
        by_group = better_by_group(self.rhythm, past) if self.rhythm else {}
        return replace(self, tails=tails, by_group=by_group)

    def scores(self, bought: pd.DataFrame) -> np.ndarray:
        """Interval score of each buyer's window, shape (n_buyers,); smaller is better."""
        return interval_scores(self.window(bought), bought["next_purchase"].to_numpy(float))

    def window(self, customers: pd.DataFrame | Histories) -> Window:
        """First and last day, from the cutoff on; NaN where there is no model."""
        if self.model is None:
            unknown = np.full(len(customers), np.nan)
            return unknown, unknown
        if not len(customers):
            return np.empty(0), np.empty(0)
        bought, days = by_then(self.model, customers, self.horizon_days)
        first, last = window(bought, days, self.tails)
        if self.rhythm is None or not self.by_group:
            return first, last
        rows = customers.customers if isinstance(customers, Histories) else customers
        groups = self.rhythm.groups(rows)
        for group, (own, tails) in self.by_group.items():
            here = groups == group
            if own:
                first[here], last[here] = self.rhythm.window(rows[here], tails)
            else:
                first[here], last[here] = window(bought[:, here], days, tails)
        return first, last

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {
            "timing_model": self.model.parameters() if self.model else None,
            "tails": list(self.tails),
            "own_rhythm": self.rhythm.to_dict() if self.rhythm else None,
            "by_group": {
                str(group): [ends.own, *ends.tails] for group, ends in self.by_group.items()
            },
        }

    @classmethod
    def from_dict(cls, horizon_days: int, state: dict[str, Any]) -> Self:
        """Build it again from `to_dict`."""
        model, own = state["timing_model"], state["own_rhythm"]
        return cls(
            horizon_days,
            BtydContender.restore(model, {}) if model else None,
            (state["tails"][0], state["tails"][1]),
            OwnRhythm.from_dict(horizon_days, own) if own else None,
            {
                int(group): Ends(own, (low, high))
                for group, (own, low, high) in state["by_group"].items()
            },
        )


def better_by_group(rhythm: OwnRhythm, past: list[Buyers]) -> dict[int, Ends]:
    """The better law of each group at past cutoffs, where it had enough buyers to tell.

    Groups with two gaps or more that had too few have what is better for all of these together.
    """
    at = [(buyers, rhythm.groups(buyers.rows)) for buyers in past if buyers.law]
    common = _better([buyers.only(groups >= 0) for buyers, groups in at])
    found = {}
    for group in rhythm.hazards:
        ends = _better([buyers.only(groups == group) for buyers, groups in at])
        ends = ends or (common if group >= 0 else None)
        if ends:
            found[group] = ends
    return found


def _better(alike: list[Buyers]) -> Ends | None:
    """The law of the better interval score, each between the quantiles that held 80 %."""
    if sum(len(buyers.rows) for buyers in alike) < FEWEST_ALIKE:
        return None
    own = [OwnWaits(buyers.law, buyers.rows) for buyers in alike if buyers.law]
    btyd = [buyers.waits() for buyers in alike]
    tails = [conformal_tails(law, FEWEST_ALIKE) for law in (own, btyd)]
    better = interval_score(own, tails[0]) < interval_score(btyd, tails[1])
    return Ends(better, tails[0] if better else tails[1])
