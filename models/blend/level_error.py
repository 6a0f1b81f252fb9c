"""The error of MBG/NBD's level: seen at past cutoffs, and forecast for today.

A buy-till-you-die model carries no season and adapts to nothing. Before a Christmas it expects too
little of everybody, after it too much; where its assumptions do not fit it is off every time. Its
error is taken for a Gaussian process over time (Rasmussen & Williams 2006, ch. 2 and 5.4): the sum
of a lasting error, one that drifts as a business changes, one that fades within about a horizon,
and a yearly season. The forecast is the process's mean, scaled by what such forecasts were worth
at past cutoffs; where nothing is known it is 0.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from models.blend.year_before import beyond
from models.contenders.btyd import BtydContender
from models.contenders.encoding import logit
from models.history import History, LevelError
from models.periods import YEAR

LASTING, DRIFTING, FADING, YEARLY = 0.10, 0.10, 0.12, 0.20
"""Usual sizes (standard deviations, log odds) of the four parts of the error, the drift's after one
year. They were set on all logs of docs/quality.md together: a log is too short to tell its own."""

MEMORY = 0.6
"""In so many horizons a fading error falls to 1 / e."""

SHORTEST_MEMORY = 30.0
"""Days, for horizons shorter than this."""

SEASON_AFTER = 1.25
"""Years of errors before a season is looked for: the same weeks of one year, when most customers
were new, are no season yet."""

SEASONS = 2.0
"""Years of log from which on the correction counts in full, see `_seasons_seen`."""

NO_SEASON = 0.6
"""Years after which an error of purchases that kept its sign is no season: these change it within
half a year. It counts in full, however young the log is."""

YEARS_ALIKE = 4.0
"""In so many years a season becomes another one."""

HARMONICS = np.array([0.40, 0.25, 0.15, 0.10, 0.06, 0.04])
"""Shares of one to six waves a year in the season's variance: a Christmas is short."""

CHANCE = 0.01
"""Variance of a single cutoff's error that says nothing about any other."""

YOUNG = 0.15
"""Further variance of a cutoff at the very beginning of a log, where most customers are new. It
falls to 1 / e with each horizon."""

PRIOR_MISS, PRIOR_CUTOFFS = 0.15, 2.0
"""A forecast misses by about so much (log odds): worth as many past cutoffs that show it."""

PRIOR_SQUARES, MOST_WORTH = 0.2, 2.0
"""The forecast is scaled by a regression of past errors on past forecasts. It begins as if
forecasts with squares of this sum had been right; no scale is above `MOST_WORTH`."""

LATEST = 60
"""Older errors say too little about today to be looked at."""


@dataclass(frozen=True)
class LevelErrorForecast:
    """What MBG/NBD will be off by, in the units of `models.history.LevelError`.

    `lasting` is the part of `purchases` that does not end with the horizon: lasting and drifted.
    The variances are the mean squared errors of such forecasts at past cutoffs. The last two are
    the part of the error that is a season and that the panel's days did not have: supervised
    learners do not know of it.
    """

    churn: float
    purchases: float
    lasting: float
    churn_variance: float
    purchases_variance: float
    unseen_churn: float = 0.0
    unseen_purchases: float = 0.0


def level_error(
    cutoff: date,
    horizon_days: int,
    population: pd.DataFrame,
    churned: float,
    purchases: dict[int, float],
) -> LevelError | None:
    """Fit MBG/NBD to the population of a past cutoff and compare its totals with what came.

    None where it cannot be fitted. Of nobody, as of everybody, half a customer is taken.

    Parameters
    ----------
    population : DataFrame
        `frequency`, `recency`, `T` (days) and `n_customers`: one row per group of equals.
    churned : float
        Number of these customers without a purchase in the horizon.
    purchases : dict
        Their purchase days within so many days of the cutoff: of the horizon, and of what longer
        periods were over.
    """
    n = population["n_customers"].to_numpy(float)
    if n.sum() < 1:
        return None
    lost = float(np.clip(churned, 0.5, n.sum() - 0.5))
    nothing, customers = pd.DataFrame({"cutoff": []}), population.assign(monetary_value=0.0)
    try:
        history = History(cutoff, horizon_days, nothing, {cutoff: customers})
        model = BtydContender("mbg_nbd").fit(history)
    except ValueError:
        return None
    age = population["T"].max() / horizon_days
    p_churn = np.average(model.probability_no_purchase(customers, horizon_days), weights=n)
    expected = {days: float(model.expected_purchases(customers, days) @ n) for days in purchases}
    own, came = expected.pop(horizon_days), purchases[horizon_days]
    if own <= 0:
        return None
    return LevelError(
        churn=float(logit(np.array(p_churn)) - logit(np.array(lost / n.sum()))),
        purchases=_over(own, came),
        variance=float(1 / lost + 1 / (n.sum() - lost) + YOUNG * np.exp(-age)),
        later={days: _over(x - own, purchases[days] - came) for days, x in expected.items()},
    )


def _over(expected: float, came: float) -> float:
    """Logarithm of what was expected over what came; of none, half a purchase is taken."""
    return float(np.log(max(expected, 1e-9) / max(came, 0.5)))


def forecast_level_error(history: History) -> LevelErrorForecast:
    """Forecast the error of MBG/NBD's level at the history's cutoff.

    The same forecast is made at each past cutoff, with what was known then, and held against the
    error that came: that gives its scale and its variance. A forecast that knows a season is held
    against forecasts that knew one.
    """
    known = sorted(history.level_errors.items())[-LATEST:]
    when = np.array([(day - history.cutoff).days for day, _ in known], dtype=float)
    seen = np.array([(error.churn, error.purchases) for _, error in known]).reshape(-1, 2)
    chance = CHANCE + np.array([error.variance for _, error in known])
    mean, lasting = posterior_mean(when, seen, chance, history.horizon_days)
    errors, forecasts = past_forecasts(
        when, seen, chance, history.horizon_days, history.horizon_days
    )
    worth = (PRIOR_SQUARES + (errors * forecasts).sum(axis=0)) / (
        PRIOR_SQUARES + (forecasts**2).sum(axis=0)
    )
    worth = np.clip(worth, 0.0, MOST_WORTH)
    missed = ((errors - worth * forecasts) ** 2).sum(axis=0)
    variance = (PRIOR_CUTOFFS * PRIOR_MISS**2 + missed) / (PRIOR_CUTOFFS + len(errors))
    years, season = _seasons_seen(history), np.zeros(2)
    worth = worth * (years, 1.0 if _of_one_sign(when, seen) >= NO_SEASON else years)
    if years == 1.0:
        season = beyond_forecast(when, seen, chance, worth, history.horizon_days)
    (churn, purchases), lasts = worth * mean + season, worth[1] * lasting
    unseen = worth * _unseen_season(history, when, seen, chance)
    return LevelErrorForecast(*(float(x) for x in (churn, purchases, lasts, *variance, *unseen)))


def beyond_forecast(
    when: np.ndarray, seen: np.ndarray, chance: np.ndarray, worth: np.ndarray, horizon_days: int
) -> np.ndarray:
    """What the same weeks of the year before add to the forecast of today; shape (n_errors,)."""

    def forecast(over: np.ndarray, day: float) -> np.ndarray:
        return worth * posterior_mean(when[over] - day, seen[over], chance[over], horizon_days)[0]

    return beyond(when, seen, horizon_days, forecast)


def past_forecasts(
    when: np.ndarray,
    seen: np.ndarray,
    chance: np.ndarray,
    horizon_days: int,
    apart: int,
    alike: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Errors on each of some days, and what was forecast of them so many days `apart` before.

    Each of shape (n_forecasts, n_errors). With `alike`, where all days together tell a season,
    only forecasts that knew one.
    """
    came, forecast = [np.zeros((0, seen.shape[1]))], [np.zeros((0, seen.shape[1]))]
    for place, day in enumerate(when):
        over = when + apart <= day
        if over.any() and (not alike or _seasonal(when[over] - day) or not _seasonal(when)):
            mean, _ = posterior_mean(when[over] - day, seen[over], chance[over], horizon_days)
            came.append(seen[[place]])
            forecast.append(mean[None, :])
    return np.concatenate(came), np.concatenate(forecast)


def _seasons_seen(history: History) -> float:
    """How far a correction may go: the years of log over `SEASONS`, at most 1.

    Of fewer seasons, what rose lately may be one, and end soon.
    """
    return min(1.0, float(history.population["T"].max()) / YEAR / SEASONS)


def _of_one_sign(when: np.ndarray, seen: np.ndarray) -> float:
    """For how many years, up to the latest, the error of purchases has had one sign."""
    other = np.flatnonzero(np.sign(seen[:, 1]) != np.sign(seen[-1:, 1]))
    kept = when[other[-1] + 1 :] if len(other) else when
    return float(kept[-1] - kept[0]) / YEAR if len(kept) else 0.0


def _unseen_season(
    history: History, when: np.ndarray, seen: np.ndarray, chance: np.ndarray
) -> np.ndarray:
    """Seasonal error of churn and of purchases today, less its mean over the panel's days.

    Supervised learners have seen what lasts or changes slowly.
    """
    if not history.cutoffs or not len(when):
        return np.zeros(2)
    panel = np.array([(day - history.cutoff).days for day in history.cutoffs], dtype=float)
    solved = _solved(when, seen, chance, history.horizon_days)
    season: np.ndarray = _yearly(np.zeros(1), when)[0] - _yearly(panel, when).mean(axis=0)
    return season @ solved


def posterior_mean(
    when: np.ndarray, seen: np.ndarray, chance: np.ndarray, horizon_days: int
) -> tuple[np.ndarray, float]:
    """Mean errors on day 0, given earlier ones; and what lasts of the second, of purchases.

    `when` has shape (n_days,), `seen` (n_days, n_errors).
    """
    if not len(when):
        return np.zeros(2), 0.0
    solved, today = _solved(when, seen, chance, horizon_days), np.zeros(1)
    passing = _faded(today, when, horizon_days) + _yearly(today, when)
    stays = _drifted(today, when, horizon_days)[0] @ solved
    return passing[0] @ solved + stays, float(stays[1])


def _solved(
    when: np.ndarray, seen: np.ndarray, chance: np.ndarray, horizon_days: int
) -> np.ndarray:
    """Inverse covariance of the errors seen, times these; (n_days, 2)."""
    passing = _faded(when, when, horizon_days) + _yearly(when, when)
    covariance = passing + _drifted(when, when, horizon_days) + np.diag(chance)
    weighted: np.ndarray = cho_solve(cho_factor(covariance, lower=True), seen)
    return weighted


def _faded(here: np.ndarray, there: np.ndarray, horizon_days: int) -> np.ndarray:
    """Covariance of what fades between two lots of days; (n_here, n_there)."""
    apart = np.abs(here[:, None] - there[None, :])
    memory = MEMORY * max(horizon_days, SHORTEST_MEMORY)
    return FADING**2 * np.exp(-apart / memory)


def _yearly(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The same of a season that slowly becomes another one; of too short a time, none."""
    if not _seasonal(there):
        return np.zeros((len(here), len(there)))
    apart = np.abs(here[:, None] - there[None, :])
    angle = 2 * np.pi * apart / YEAR
    waves = sum(share * np.cos(n * angle) for n, share in enumerate(HARMONICS, 1))
    return YEARLY**2 * waves * np.exp(-apart / (YEARS_ALIKE * YEAR))


def _seasonal(when: np.ndarray) -> bool:
    """Whether errors of so many days ago (negative numbers) can tell a season."""
    return bool((when <= -SEASON_AFTER * YEAR).any())


def _drifted(here: np.ndarray, there: np.ndarray, horizon_days: int) -> np.ndarray:
    """The same of what stays: a lasting error, and a random walk since the log's start.

    The log itself is a horizon older, or nearly so, than `there`'s first day.
    """
    start = there.min() - horizon_days
    years = (np.minimum(here[:, None], there[None, :]) - start) / YEAR
    return LASTING**2 + DRIFTING**2 * years
