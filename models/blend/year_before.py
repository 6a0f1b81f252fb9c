"""What MBG/NBD's level was off by a year before, and how much that says of today.

A season far larger than usual (a garden shop, an ice rink) is hardly believed by a process of usual
sizes. The error of the same weeks, a year before, is such a season as it was.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.periods import YEAR

NEAR = 20.0
"""So many days apart are the same weeks."""

PRIOR_SQUARES = 1.0
"""The weight begins as if differences with squares of this sum had said nothing."""

MOST = 0.5
"""Two forecasts of a season, neither of them free of chance: at most their mean."""

Forecast = Callable[[np.ndarray, float], np.ndarray]
"""Errors expected on a day, by what of the errors seen was over then; shape (n_errors,)."""


def year_before(
    when: np.ndarray, seen: np.ndarray, day: float, horizon_days: int
) -> np.ndarray | None:
    """Errors a year before a day, of a horizon that was over by then; shape (n_errors,).

    Parameters
    ----------
    when : ndarray, shape (n_days,)
        Days on which errors were seen.
    seen : ndarray, shape (n_days, n_errors)

    Examples
    --------
    >>> when, seen = np.array([-360.0]), np.array([[0.1]])
    >>> year_before(when, seen, 0.0, horizon_days=91)
    array([0.1])
    >>> year_before(when, seen, 0.0, horizon_days=365) is None
    True
    """
    apart = np.where(when + horizon_days <= day, np.abs(when - (day - YEAR)), np.inf)
    if not len(apart) or apart.min() > NEAR:
        return None
    found: np.ndarray = seen[int(apart.argmin())]
    return found


def beyond(when: np.ndarray, seen: np.ndarray, horizon_days: int, forecast: Forecast) -> np.ndarray:
    """What the year before adds to a forecast of today; shape (n_errors,).

    Its weight is the slope, at past days, of what the forecast missed on how far the year before
    was from it: a ridge regression for each error (Granger & Ramanathan 1984).
    """

    def apart(day: float) -> tuple[np.ndarray, np.ndarray] | None:
        before, over = year_before(when, seen, day, horizon_days), when + horizon_days <= day
        if before is None:
            return None
        expected = forecast(over, day)
        return before - expected, expected

    now = apart(0.0)
    if now is None:
        return np.zeros(seen.shape[1])
    pairs = [(found, came) for day, came in zip(when, seen, strict=True) if (found := apart(day))]
    differed = np.array([found[0] for found, _ in pairs]).reshape(-1, seen.shape[1])
    missed = np.array([came - found[1] for found, came in pairs]).reshape(-1, seen.shape[1])
    slope = (differed * missed).sum(axis=0) / (PRIOR_SQUARES + (differed**2).sum(axis=0))
    weight: np.ndarray = np.clip(slope, 0.0, MOST)
    return weight * now[0]


def repeated(when: np.ndarray, seen: np.ndarray, horizon_days: int) -> float:
    """Share of the squared errors that those of a year before told: from 0 to `MOST`.

    A season comes back each year. Customers who left together, when a branch closed, left once.

    Parameters
    ----------
    when, seen : ndarray, shape (n_days,)
        Days on which errors were seen, and these.

    Examples
    --------
    >>> when = np.arange(-690.0, -90.0, 30.0)
    >>> repeated(when, np.cos(when / 365.25 * 2 * np.pi), horizon_days=91)
    0.5
    >>> round(repeated(when, np.where(when < -365, 0.1, 1.0), horizon_days=91), 2)
    0.19
    """
    before = [year_before(when, seen[:, None], day, horizon_days) for day in when]
    pairs = [(then[0], came) for then, came in zip(before, seen, strict=True) if then is not None]
    then, came = np.array(pairs).reshape(-1, 2).T
    squares = (came**2).sum()
    told = 1 - ((came - then) ** 2).sum() / squares if squares else 0.0
    return float(np.clip(told, 0.0, MOST))
