"""When the next purchase comes: from which day to which, as wide as past windows had to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.blend.intervals import COVERED, TAIL

MIDDLE = (TAIL, 1 - TAIL)
"""Where a window begins and ends in the distribution of the day, if that is right."""

LATEST_START, EARLIEST_END = 0.25, 0.70
"""However regular customers were: the next horizon is not quite like those before."""

FEWEST = 200
"""Buyers of the past that are needed to leave the middle."""


class Waits(NamedTuple):
    """What was said of past buyers: `by_then`, (n_days, n_buyers), of `days`; and what came.

    `day` is when they bought, days after the cutoff, `weight` how many each stands for.
    """

    by_then: np.ndarray
    days: np.ndarray
    day: np.ndarray
    weight: np.ndarray


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


def tails_that_held(past: list[Waits]) -> tuple[float, float]:
    """Quantiles between which windows of the past held 80 % of the days, no more than needed.

    As many as the wrong model of a day needs: conformal prediction (Romano, Patterson & Candes
    2019) with two tails. The window begins as late as a tenth of the days allows, and ends as
    early as the rest does: who buys daily cannot be missed by a window that begins today.
    """
    if sum(len(waits.day) for waits in past) < FEWEST:
        return MIDDLE
    by_then = np.hstack([waits.by_then for waits in past])
    day, weight = (np.concatenate([getattr(w, name) for w in past]) for name in ("day", "weight"))
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
