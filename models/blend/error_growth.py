"""How the error of a buy-till-you-die model grows with the length of the period.

Such a model lets customers die and never tire. Where they slow down, or a whole business does, its
level may be right for the horizon and its value of twelve months far too high. The error of what
came after past horizons, beside that of the horizons themselves, shows how much.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from models.blend.level_error import PRIOR_MISS
from models.blend.mean_shift import beyond_chance
from models.blend.year_before import repeated
from models.history import History
from models.periods import LONGEST, YEAR

PRIOR_SD = 0.6
"""Usual size (standard deviation) of the growth of the error in a year."""

YOUTH = 1.0
"""Standard deviation of what the beginning of a log, whose customers are all new, adds to it; it
falls to 1 / e with each year."""

CHANCE, PRIOR_CUTOFFS = 0.1, 3.0
"""Usual standard deviation of one cutoff's error around such a growth; worth so many of them."""

NEAR = 31
"""A day up to so many days before the same one of last year stands for it."""

SEASONS = 2.0
"""Years of log from which on a year that is over tells the coming one."""

ROUNDS = 5
"""The growth and the chance around it are estimated in turn."""


def error_growth(history: History) -> float:
    """By how much more the logarithm of later purchases is overrated each year.

    Above 0 a buy-till-you-die model expects too much, the more the later. A ridge regression over
    past cutoffs, each with the longest period that was over: overlapping periods count once, a
    log's beginning for little.
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
        yearly = (weight * lead * more).sum() / ((weight * lead**2).sum() + 1 / PRIOR_SD**2)
        telling = chance / (chance + young)
        missed = (telling * (more - yearly * lead) ** 2).sum()
        chance = (PRIOR_CUTOFFS * CHANCE**2 + missed) / (PRIOR_CUTOFFS + telling.sum())
    return float(yearly)


def later_season(history: History, lasting: float, growth: float) -> float:
    """What the year before adds to the logarithm by which later purchases are overrated.

    Asked in spring, a buy-till-you-die model takes the customers of last summer for gone: what it
    expects of twelve months depends on the day that it is asked on, what comes hardly does. So up
    to half of the difference to its error on the same day of the year before is added, less what
    may be chance: as far as errors of horizons were those of the year before. Where customers left
    together once (a move, a closed branch) they were not. 0 where that is not known, or of less
    than two years.

    Parameters
    ----------
    lasting, growth : float
        The error that is expected right after the horizon, and its growth in a year.
    """
    days = [(history.cutoff - day).days for day in history.level_errors]
    near = [ago for ago in days if 0 <= ago - LONGEST <= NEAR]
    if not near or history.population["T"].max() < SEASONS * YEAR:
        return 0.0
    later = history.level_errors[history.cutoff - timedelta(days=min(near))].later
    if not later:
        return 0.0
    longest = max(later)
    apart = later[longest] - lasting - growth * longest / 2 / YEAR
    when = np.array([-float(ago) for ago in days])
    seen = np.array([error.purchases for error in history.level_errors.values()])
    share = repeated(when, seen, history.horizon_days)
    return share * beyond_chance(apart, PRIOR_MISS)
