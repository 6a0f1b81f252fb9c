"""When the next purchase comes: a window of days, as wide as past windows had to be.

Two laws know the day: a buy-till-you-die model's, and that of customers' own gaps. In each group of
customers alike in rhythm the one answers whose windows were better at past cutoffs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from models.blend.conformal_tails import (
    MIDDLE,
    Tails,
    Window,
    conformal_tails,
    interval_score,
)
from models.blend.own_rhythm import OwnRhythm
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.history import History, weights

FEWEST_ALIKE = 100
"""Buyers of the past that a group needs for windows of its own."""

STEPS = 12
"""The horizon is looked at in so many steps, short ones first."""

TIMING_MODELS = ("mbg_cnbd_k", "mbg_nbd")
"""Models of the next purchase's day: the first that can be fitted. It knows regular customers."""

MOST_BUYERS = 10_000
"""So many buyers of a past cutoff tell how wide windows have to be."""


class WaitingTimes(NamedTuple):
    """Predicted and observed waiting times of past buyers.

    `by_then`, shape (n_days, n_buyers), is the probability of a purchase within `days`; `day` is
    when they bought, days after the cutoff, `weight` how many each stands for.
    """

    by_then: np.ndarray
    days: np.ndarray
    day: np.ndarray
    weight: np.ndarray

    def window(self, tails: Tails) -> Window:
        """First and last day between two quantiles of `by_then`."""
        return window(self.by_then, self.days, tails)


class OwnWaits(NamedTuple):
    """Past buyers, and the law of own gaps as it was known at their cutoff."""

    law: OwnRhythm
    buyers: pd.DataFrame

    @property
    def day(self) -> np.ndarray:
        """Days from the cutoff to the purchase."""
        return self.buyers["next_purchase"].to_numpy(float)

    @property
    def weight(self) -> np.ndarray:
        """How many customers each stands for."""
        return weights(self.buyers)

    def window(self, tails: Tails) -> Window:
        """First and last day that hold two quantiles."""
        return self.law.window(self.buyers, tails)


class Buyers(NamedTuple):
    """Buyers of a past cutoff, and what the laws of that day say of them."""

    rows: pd.DataFrame
    by_then: np.ndarray
    days: np.ndarray
    law: OwnRhythm | None

    def waits(self) -> WaitingTimes:
        """What the buy-till-you-die model said."""
        day = self.rows["next_purchase"].to_numpy(float)
        return WaitingTimes(self.by_then, self.days, day, weights(self.rows))

    def only(self, chosen: np.ndarray) -> Buyers:
        """Some of them."""
        return self._replace(rows=self.rows[chosen], by_then=self.by_then[:, chosen])


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
        """Fit the laws, and calibrate their windows on past cutoffs."""
        known = [buyers for buyers in (_buyers(history, day) for day in cutoffs) if buyers]
        rhythm = OwnRhythm.fit(history.panel, history.horizon_days)
        return cls(
            history.horizon_days,
            _timing_model(history),
            conformal_tails([buyers.waits() for buyers in known]),
            rhythm,
            better_by_group(rhythm, known) if rhythm else {},
        )

    def window(self, customers: pd.DataFrame | Histories) -> Window:
        """First and last day, from the cutoff on; NaN where there is no model."""
        if self.model is None:
            unknown = np.full(len(customers), np.nan)
            return unknown, unknown
        if not len(customers):
            return np.empty(0), np.empty(0)
        waits = partial(window, *_by_then(self.model, customers, self.horizon_days))
        first, last = waits(self.tails)
        if self.rhythm is None or not self.by_group:
            return first, last
        rows = customers.customers if isinstance(customers, Histories) else customers
        groups = self.rhythm.groups(rows)
        for group, (own, tails) in self.by_group.items():
            here = groups == group
            if own:
                first[here], last[here] = self.rhythm.window(rows[here], tails)
            else:
                first[here], last[here] = (end[here] for end in waits(tails))
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


def _timing_model(history: History) -> BtydContender | None:
    for name in TIMING_MODELS:
        try:
            return BtydContender(name).fit(history)
        except ValueError:
            continue
    return None


def _by_then(
    model: BtydContender, customers: pd.DataFrame | Histories, horizon_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of a purchase by each of some days, (n_days, n_customers), and those days."""
    days = horizon_days * (np.arange(1, STEPS + 1) / STEPS) ** 2
    return 1 - model.no_purchase_by(customers, days), days


def _buyers(history: History, cutoff: date) -> Buyers | None:
    """Who bought after a past cutoff, and the laws as they were known at it."""
    rows = history.rows(cutoff)
    bought = rows[rows["churned"] == 0]
    bought = bought.iloc[:: len(bought) // MOST_BUYERS + 1]
    known = history.at(cutoff)
    model = None if bought.empty else _timing_model(known)
    if model is None:
        return None
    law = OwnRhythm.fit(known.panel, history.horizon_days)
    return Buyers(bought, *_by_then(model, bought, history.horizon_days), law)


def better_by_group(rhythm: OwnRhythm, past: list[Buyers]) -> dict[int, Ends]:
    """The better law of each group at past cutoffs, where it had enough buyers to tell.

    Better by the interval score (Winkler 1972), each law between the quantiles that held 80 %.
    """
    found = {}
    for group in rhythm.hazards:
        alike = [buyers.only(rhythm.groups(buyers.rows) == group) for buyers in past if buyers.law]
        if sum(len(buyers.rows) for buyers in alike) < FEWEST_ALIKE:
            continue
        own = [OwnWaits(buyers.law, buyers.rows) for buyers in alike if buyers.law]
        btyd = [buyers.waits() for buyers in alike]
        tails = [conformal_tails(law, FEWEST_ALIKE) for law in (own, btyd)]
        better = interval_score(own, tails[0]) < interval_score(btyd, tails[1])
        found[group] = Ends(better, tails[0] if better else tails[1])
    return found


def window(by_then: np.ndarray, days: np.ndarray, tails: Tails = MIDDLE) -> Window:
    """Whole days until the next purchase, from and to, if there is one within the horizon.

    Between two quantiles of its day among the futures in which the customer buys at all; whether
    that happens is `1 - p_churn`. Both days belong to the window, and 0 is the cutoff itself.

    Parameters
    ----------
    by_then : ndarray, shape (n_days, n_customers)
        Probability of a purchase on one of the first so many days, growing along the first axis.
    days : ndarray, shape (n_days,)
        Numbers of days from the cutoff on, growing; the last one is the horizon.

    Examples
    --------
    >>> grows = np.array([[0.1], [0.2], [0.3], [0.4], [0.5]])
    >>> [end.tolist() for end in window(grows, np.array([10.0, 20.0, 30.0, 40.0, 50.0]))]
    [[5.0], [44.0]]
    """
    n = by_then.shape[1]
    known = np.vstack([np.zeros(n), by_then])
    moments = np.concatenate([[0.0], days])
    # Day d lasts from d to d + 1: ends are rounded to the borders between days, so that whole
    # days hold neither more nor less than they should on average.
    first = np.round(_reached(known, moments, tails[0]))
    last = np.round(_reached(known, moments, tails[1])) - 1
    first = np.minimum(first, days[-1] - 1)
    return first, np.maximum(first, last)


def _reached(known: np.ndarray, moments: np.ndarray, share: float) -> np.ndarray:
    """When each column first reaches `share` of its last value, between moments on a line."""
    target = share * known[-1]
    step = np.clip((known < target).sum(axis=0), 1, len(moments) - 1)
    column = np.arange(known.shape[1])
    before, after = known[step - 1, column], known[step, column]
    part = np.where(
        after > before, (target - before) / np.where(after > before, after - before, 1), 0
    )
    return moments[step - 1] + part * (moments[step] - moments[step - 1])
