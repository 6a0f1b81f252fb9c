"""The course of purchases after the horizon: where a buy-till-you-die model errs ever more.

Such a model lets customers die and never tire. Where they slow down, or a whole business does, its
level may be right for the horizon and its value of twelve months far too high. How much so was seen
at past cutoffs: the error of what came after their horizons, beside that of the horizons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.blend.levels import YEAR
from models.contenders.btyd import BtydContender
from models.evaluation.spend import normalised_gini
from models.history import History

LONGEST = 365
"""Days of the longest period that is looked at."""

AT_LEAST = 1.5
"""A period shorter than so many horizons has too little of what comes after them."""

RATE = 0.6
"""Usual size (standard deviation) of the growth of the error in a year."""

YOUTH = 1.0
"""Standard deviation of what the beginning of a log, whose customers are all new, adds to it; it
falls to 1 / e with each year."""

CHANCE, DOUBT = 0.1, 3.0
"""Usual standard deviation of one cutoff's error around such a growth; worth so many of them."""

ROUNDS = 5

FAITHS, MARGIN = (0.5, 0.0), 0.01
"""What is tried instead of full faith; the Gini coefficient must grow by so much."""

EDGES = tuple(round(YEAR / 12 * months) for months in (1, 2, 3, 4, 6, 8, 12, 18, 24, 36))
"""Days at which what comes after the horizon is cut into pieces, each with its own correction."""

FURTHEST = 2.0
"""Beyond so many years the error does not grow: nobody has seen it."""


@dataclass(frozen=True)
class Course:
    """What makes the horizon's purchases more than later ones, beyond a buy-till-you-die model's.

    Attributes
    ----------
    passing : float
        A factor in the horizon's purchases, such as a season's, that ends with it.
    growth : float
        By how much more the logarithm of later purchases is overrated each year, see `growth`.
    faith : float, from 0 to 1
        How far a customer's spend after the horizon follows the blend's expectation for the horizon
        rather than a buy-till-you-die model's: a bill that is due in it says nothing of later ones.
    kept : float
        Factor that keeps the total at what it is with full faith.
    """

    passing: float = 1.0
    growth: float = 0.0
    faith: float = 1.0
    kept: float = 1.0

    def later(self, own: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Height of each customer's later spend, from the horizon's by a blend and by its model."""
        height: np.ndarray = self.kept * own**self.faith * theirs ** (1 - self.faith)
        return height

    def lengths(
        self, btyd: BtydContender, customers: pd.DataFrame, days: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """How many horizons, as high as today's, the purchases within `days` make.

        What comes after the horizon corrected, and as the buy-till-you-die model has it; each of
        shape (n_customers,).
        """
        horizon_days = btyd.horizon_days
        within = btyd.expected_purchases(customers, horizon_days)
        edges = [edge for edge in EDGES if horizon_days < edge < days] if self.growth else []
        if days <= horizon_days:
            seen = [btyd.expected_purchases(customers, days)]
        else:
            seen = [within, *(btyd.expected_purchases(customers, end) for end in (*edges, days))]
        ends, left = [horizon_days, *edges, days], seen[0]
        for before, after, first, last in zip(seen, seen[1:], ends, ends[1:], strict=False):
            left = left + (after - before) * self._left((first + last - horizon_days) / 2)
        return _over(left, within), _over(seen[-1], within)

    def _left(self, lead: float) -> float:
        """Share that is left, of what is expected so many days after the horizon's middle."""
        return float(np.exp(-self.growth * min(lead / YEAR, FURTHEST))) / self.passing


def _over(number: np.ndarray, within: np.ndarray) -> np.ndarray:
    return np.divide(number, within, out=np.ones(len(within)), where=within > 0)


def periods(horizon_days: int, at_most: int) -> list[int]:
    """Lengths of time from a cutoff, in days: the horizon, doubled ever again, up to a year.

    Examples
    --------
    >>> periods(60, 1000)
    [60, 120, 240, 365]
    >>> periods(60, 364)
    [60, 120, 240]
    >>> periods(300, 1000)
    [300]
    """
    found = [horizon_days]
    while found[-1] * AT_LEAST <= min(LONGEST, at_most):
        found.append(min(found[-1] * 2, LONGEST))
    return [days for days in found if days <= at_most]


def growth(history: History) -> float:
    """By how much the logarithm of what a buy-till-you-die model expects errs more each year.

    Above 0 it expects too much, the more the later. A ridge regression over past cutoffs, each with
    the longest period that was over: overlapping periods count once, a log's beginning for little.
    """
    errors = {day: e for day, e in history.level_errors.items() if e.later}
    if not errors:
        return 0.0
    last = {day: max(error.later) for day, error in errors.items()}
    more = np.array([error.later[last[day]] - error.purchases for day, error in errors.items()])
    lead = np.array([days / 2 / YEAR for days in last.values()])
    today = float(history.population["T"].max()) / YEAR
    age = today - np.array([(history.cutoff - day).days / YEAR for day in errors])
    young = (YOUTH * lead * np.exp(-age)) ** 2
    apart = np.median(np.diff(np.sort(age))) if len(age) > 1 else np.inf
    alone = np.minimum(1.0, apart / (2 * lead))
    yearly, chance = 0.0, CHANCE**2
    for _ in range(ROUNDS):
        weight = alone / (chance + young)
        yearly = (weight * lead * more).sum() / ((weight * lead**2).sum() + 1 / RATE**2)
        telling = chance / (chance + young)
        missed = (telling * (more - yearly * lead) ** 2).sum()
        chance = (DOUBT * CHANCE**2 + missed) / (DOUBT + telling.sum())
    return float(yearly)


def faithful(
    course: Course,
    valued: Callable[[Course], np.ndarray],
    own: np.ndarray,
    came: np.ndarray,
    weight: np.ndarray,
) -> Course:
    """Choose the faith that would have ranked customers best over a period that is over.

    Parameters
    ----------
    valued : callable
        Answers the expected spend of the period, by a course; shape (n_customers,).
    own, came, weight : ndarray, shape (n_customers,)
        Expected spend of the horizon alone, which the period holds; what came in the period;
        customers of each row.
    """
    value, best = valued(course), course
    whole, known = weight @ (value - own), normalised_gini(came, value, weight) + MARGIN
    for faith in FAITHS:
        tried = replace(course, faith=faith)
        later = valued(tried) - own
        if weight @ later <= 0 or whole <= 0:
            continue
        kept = float(whole / (weight @ later))
        found = normalised_gini(came, own + kept * later, weight)
        if found > known:
            known, best = found, replace(tried, kept=kept)
    return best
