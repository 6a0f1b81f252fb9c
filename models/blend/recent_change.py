"""What the last days of a log show, and judged cutoffs little of: a change beyond chance.

A cutoff is judged by a whole horizon, so whatever began less than a horizon ago fills a part of the
latest one only, and mean and grades show little of it. So the last quarter of the horizon is looked
at by itself: what MBG/NBD expected of it is held against what came, as it is for earlier windows of
as many days. Their errors say what is usual at this time of the year, and how far off such
forecasts are (the process of `models.blend.level_error`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from models.blend.level_error import (
    CHANCE,
    PRIOR_CUTOFFS,
    PRIOR_MISS,
    YEAR,
    past_forecasts,
    posterior_mean,
)
from models.history import LevelError

QUARTER, SHORTEST = 4, 7
"""The window is so many-th part of the horizon, but no fewer days than a week."""

MOST_WINDOWS, YEARS = 16, 3
"""So many earlier windows are looked at, and the same days of so many earlier years."""

FEWEST = 3
"""So many earlier windows must have been forecast to tell what is usual."""

BEYOND = 3.5
"""Standard deviations of such forecasts: more than that is no chance. Chosen on simulated logs of
eight kinds; `python -m benchmarks.recent_change` prints the others."""

PRIOR_MISS_OF_AMOUNTS = 0.08
"""As `PRIOR_MISS`, of the logarithm of what a purchase is worth."""

LEAST = float(np.log(1.1))
"""A change by less than a tenth leaves every grade as it is."""


@dataclass(frozen=True)
class RecentChange:
    """How the last `days` differ from what was expected of them; 0 where it may be chance.

    `silence` in log odds of no purchase, `purchases` and `amount` (of a purchase) in logarithms:
    above 0 there was more of it.
    """

    days: int
    silence: float = 0.0
    purchases: float = 0.0
    amount: float = 0.0

    @property
    def spend(self) -> float:
        """Logarithm of the money that came over what was expected."""
        return self.purchases + self.amount

    @property
    def words(self) -> str:
        """What changed, as a clause; empty where nothing did.

        >>> RecentChange(9, purchases=-0.2, amount=0.27).words
        'in the last 9 days 18 % fewer purchases came and 31 % more was spent on each than expected'
        """
        said = []
        if self.purchases:
            said.append(f"{_share(self.purchases, 'more', 'fewer')} purchases came")
        elif self.silence:
            odds = _share(-self.silence, "higher", "lower")
            said.append(f"the odds of a purchase were {odds}")
        if self.amount:
            each = "each" if self.purchases else "each purchase"
            said.append(f"{_share(self.amount, 'more', 'less')} was spent on {each}")
        return f"in the last {self.days} days {' and '.join(said)} than expected" if said else ""


def window_days(horizon_days: int) -> int:
    """Days of a window.

    >>> window_days(91), window_days(10)
    (23, 7)
    """
    return max(SHORTEST, round(horizon_days / QUARTER))


def window_cutoffs(today: date, horizon_days: int, first: date) -> list[date]:
    """Where windows begin, in time order: the last one, and those before anything judged.

    >>> len(window_cutoffs(date(2024, 1, 1), 80, date(2020, 1, 1)))
    20
    """
    days = window_days(horizon_days)
    latest = today - timedelta(days=days)
    apart = [horizon_days + number * days for number in range(MOST_WINDOWS)]
    before = [today - timedelta(days=ago) for ago in apart]
    before += [latest - timedelta(days=round(YEAR * year)) for year in range(1, YEARS + 1)]
    return sorted({day for day in before if first <= day < latest} | {latest})


def recent_change(
    errors: Mapping[date, LevelError], amounts: Mapping[date, float], horizon_days: int
) -> RecentChange | None:
    """Hold the last window against what earlier ones let expect; None where nothing changed.

    Parameters
    ----------
    errors
        What MBG/NBD expected of the window after each cutoff, less what came.
    amounts
        Mean logarithm of a purchase's amount in the window, less that of the horizon before it.
    """
    known = sorted(errors.keys() & amounts.keys())
    if len(known) <= FEWEST:
        return None
    when = np.array([(day - known[-1]).days for day in known], dtype=float)
    seen = np.array([(errors[day].churn, errors[day].purchases, -amounts[day]) for day in known])
    chance = CHANCE + np.array([errors[day].variance for day in known])
    days = window_days(horizon_days)
    earlier = when[:-1], seen[:-1], chance[:-1], horizon_days
    usual, _ = posterior_mean(*earlier)
    came, said = past_forecasts(*earlier, horizon_days - days)
    if len(came) < FEWEST:  # in its second year a log has no forecast that knew a season
        came, said = past_forecasts(*earlier, horizon_days - days, alike=False)
    if len(came) < FEWEST:
        return None
    missed, now = np.abs(came - said), usual - seen[-1]
    prior = np.array([PRIOR_MISS, PRIOR_MISS, PRIOR_MISS_OF_AMOUNTS])
    squares = PRIOR_CUTOFFS * prior**2 + (missed**2).sum(axis=0)
    limit = BEYOND * np.sqrt(squares / (PRIOR_CUTOFFS + len(missed)))
    limit = np.maximum(np.maximum(limit, missed.max(axis=0)), LEAST)
    found = RecentChange(days, *(float(x) for x in np.where(np.abs(now) > limit, now, 0.0)))
    return found if found.words else None


def _share(change: float, more: str, less: str) -> str:
    """A logarithm as a percentage of more or less."""
    return f"{abs(100 * np.expm1(change)):.0f} % {more if change > 0 else less}"
