"""When the next purchase comes: a window of days, as wide as past windows had to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from models.blend.spend_distribution import COVERED, TAIL
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.history import History, weights

MIDDLE = (TAIL, 1 - TAIL)
"""Where a window begins and ends in the distribution of the day, if that is right."""

LATEST_START, EARLIEST_END = 0.25, 0.70
"""However regular customers were: the next horizon is not quite like those before."""

FEWEST = 200
"""Buyers of the past that are needed to leave the middle."""

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


@dataclass(frozen=True)
class NextPurchase:
    """The model of a customer's next purchase, and the quantiles between which windows lie."""

    horizon_days: int
    model: BtydContender | None
    tails: tuple[float, float] = MIDDLE

    @classmethod
    def fit(cls, history: History, cutoffs: list[date]) -> Self:
        """Fit the model, and calibrate its windows on past cutoffs."""
        known = [times for times in (_waiting_times(history, day) for day in cutoffs) if times]
        return cls(history.horizon_days, _timing_model(history), conformal_tails(known))

    def window(self, customers: pd.DataFrame | Histories) -> tuple[np.ndarray, np.ndarray]:
        """First and last day, from the cutoff on; NaN where there is no model."""
        if self.model is None:
            unknown = np.full(len(customers), np.nan)
            return unknown, unknown
        if not len(customers):
            return np.empty(0), np.empty(0)
        return window(*_by_then(self.model, customers, self.horizon_days), self.tails)

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        rhythm = self.model.parameters() if self.model else None
        return {"rhythm": rhythm, "tails": list(self.tails)}

    @classmethod
    def from_dict(cls, horizon_days: int, state: dict[str, Any]) -> Self:
        """Build it again from `to_dict`."""
        model = BtydContender.restore(state["rhythm"], {}) if state["rhythm"] else None
        low, high = state["tails"]
        return cls(horizon_days, model, (low, high))


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


def _waiting_times(history: History, cutoff: date) -> WaitingTimes | None:
    """What the model of a past cutoff said of those who bought, and when they did."""
    rows = history.rows(cutoff)
    bought = rows[rows["churned"] == 0]
    bought = bought.iloc[:: len(bought) // MOST_BUYERS + 1]
    model = None if bought.empty else _timing_model(history.at(cutoff))
    if model is None:
        return None
    by_then, days = _by_then(model, bought, history.horizon_days)
    return WaitingTimes(by_then, days, bought["next_purchase"].to_numpy(float), weights(bought))


def window(
    by_then: np.ndarray, days: np.ndarray, tails: tuple[float, float] = MIDDLE
) -> tuple[np.ndarray, np.ndarray]:
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


def conformal_tails(past: list[WaitingTimes]) -> tuple[float, float]:
    """Quantiles between which windows of the past held 80 % of the days, no more than needed.

    Conformal prediction with two tails (Romano, Patterson & Candes 2019): a wrong model of the day
    gets as wide a window as it needs. The window begins as late as a tenth of the days allows, and
    ends as early as the rest does: who buys daily cannot be missed by one that begins today.
    """
    if sum(len(times.day) for times in past) < FEWEST:
        return MIDDLE
    by_then = np.hstack([times.by_then for times in past])
    day, weight = (
        np.concatenate([getattr(times, name) for times in past]) for name in ("day", "weight")
    )
    days = past[0].days
    low, high = 0.0, 1.0
    for tail in np.linspace(0.0, LATEST_START, 26):
        first, _ = window(by_then, days, (tail, high))
        if np.average(day < first, weights=weight) <= TAIL:
            low = float(tail)
    for end in np.linspace(1.0, EARLIEST_END, 31):
        first, last = window(by_then, days, (low, end))
        if np.average((first <= day) & (day <= last), weights=weight) >= COVERED:
            high = float(end)
    return low, high


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
