"""How far windows of days have to reach, by those of the past: conformal prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from models.blend.spend_distribution import COVERED, TAIL

MIDDLE = (TAIL, 1 - TAIL)
"""Where a window begins and ends in the distribution of the day, if that is right."""

LATEST_START, EARLIEST_END = 0.25, 0.70
"""However regular customers were: the next horizon is not quite like those before."""

FEWEST = 200
"""Buyers of the past that are needed to leave the middle."""

Tails = tuple[float, float]
Window = tuple[np.ndarray, np.ndarray]


class Waits(Protocol):
    """Past buyers: when they bought, and the window of a law for them between two quantiles."""

    @property
    def day(self) -> np.ndarray:
        """Days from the cutoff to the purchase, shape (n_buyers,)."""

    @property
    def weight(self) -> np.ndarray:
        """How many customers each stands for, shape (n_buyers,)."""

    def window(self, tails: Tails) -> Window:
        """First and last day."""


def conformal_tails(past: Sequence[Waits], fewest: int = FEWEST) -> Tails:
    """Quantiles between which windows of the past held 80 % of the days, no more than needed.

    Conformal prediction with two tails (Romano, Patterson & Candes 2019): a wrong model of the day
    gets as wide a window as it needs. The window begins as late as a tenth of the days allows, and
    ends as early as the rest does: who buys daily cannot be missed by one that begins today.
    """
    if sum(len(waits.day) for waits in past) < fewest:
        return MIDDLE
    day, weight = _joined(past, "day"), _joined(past, "weight")
    low, high = 0.0, 1.0
    for tail in np.linspace(0.0, LATEST_START, 26):
        first, _ = _windows(past, (tail, high))
        if np.average(day < first, weights=weight) <= TAIL:
            low = float(tail)
    for end in np.linspace(1.0, EARLIEST_END, 31):
        first, last = _windows(past, (low, end))
        if np.average((first <= day) & (day <= last), weights=weight) >= COVERED:
            high = float(end)
    return low, high


def _joined(past: Sequence[Waits], name: str) -> np.ndarray:
    return np.concatenate([getattr(waits, name) for waits in past])


def _windows(past: Sequence[Waits], tails: Tails) -> Window:
    first, last = zip(*(waits.window(tails) for waits in past), strict=True)
    return np.concatenate(first), np.concatenate(last)


def interval_score(past: Sequence[Waits], tails: Tails) -> float:
    """Mean interval score of past buyers' windows; smaller is better."""
    scores = interval_scores(_windows(past, tails), _joined(past, "day"))
    return float(np.average(scores, weights=_joined(past, "weight")))


def interval_scores(window: Window, day: np.ndarray) -> np.ndarray:
    """Days of each window, and ten for each day by which it missed (Winkler 1972)."""
    first, last = window
    missed = np.maximum(first - day, 0) + np.maximum(day - last, 0)
    return last - first + 1 + missed / TAIL
