"""How the error of a buy-till-you-die model grows with the length of the period.

Such a model lets customers die and never tire. Where they slow down, or a whole business does, its
level may be right for the horizon and its value of twelve months far too high. The error of what
came after past horizons, beside that of the horizons themselves, shows how much.
"""

from __future__ import annotations

import numpy as np

from models.history import History
from models.periods import YEAR

PRIOR_SD = 0.6
"""Usual size (standard deviation) of the growth of the error in a year."""

YOUTH = 1.0
"""Standard deviation of what the beginning of a log, whose customers are all new, adds to it; it
falls to 1 / e with each year."""

CHANCE, PRIOR_CUTOFFS = 0.1, 3.0
"""Usual standard deviation of one cutoff's error around such a growth; worth so many of them."""

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
