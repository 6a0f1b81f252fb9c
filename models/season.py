"""The same time of earlier years: how far off buy-till-you-die models were then.

Those models carry no season: before a Christmas they expect too little of everybody, after it
too much. Where the log has seen the same weeks of an earlier year, the error of then is the best
guess of the error of now, as far as such guesses have been right before.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from models.btyd_contenders import BtydContender
from models.encoding import logit
from models.history import History, LevelError

YEAR = 365.25
MOST_YEARS = 3
"""Errors of so many earlier years are averaged."""

MOST_PAIRS = 9
"""The latest cutoffs at which the guess is tried out; older ones say less."""

FEWEST_PAIRS = 3
"""With fewer the season is left alone."""

RIDGE = 0.01
"""What a squared error of guesses must outweigh before it is followed: about the mean squared
error (log odds) of the level on logs without a season."""


def level_error(
    cutoff: date, horizon_days: int, population: pd.DataFrame, churned: float, purchases: float
) -> LevelError | None:
    """Fit MBG/NBD to the population of a past cutoff and compare its totals with what came.

    None where it cannot be fitted, or nobody or everybody came back.

    Parameters
    ----------
    population : DataFrame
        `frequency`, `recency`, `T` (days) and `n_customers`: one row per group of equals.
    churned, purchases : float
        Number of these customers without a purchase in the horizon; their purchase days in it.
    """
    n = population["n_customers"].to_numpy(float)
    if not 0 < churned < n.sum() or purchases <= 0:
        return None
    nothing, customers = pd.DataFrame({"cutoff": []}), population.assign(monetary_value=0.0)
    try:
        history = History(cutoff, horizon_days, nothing, {cutoff: customers})
        said = BtydContender("mbg_nbd").fit(history).predict(customers)
    except ValueError:
        return None
    p_churn = np.average(said["p_churn"].to_numpy(), weights=n)
    expected = float((said["expected_purchases"].to_numpy() * n).sum())
    if expected <= 0:
        return None
    return LevelError(
        churn=float(logit(np.array(p_churn)) - logit(np.array(churned / n.sum()))),
        purchases=float(np.log(expected / purchases)),
    )


def seasonal_error(history: History) -> LevelError:
    """Guess the level error at the history's cutoff from that of the same time of earlier years.

    Both figures are 0 where no earlier year is known, or where earlier guesses were no help.
    """
    known = history.level_errors
    guesses = {cutoff: _same_time(known, cutoff) for cutoff in known}
    pairs = [(guess, known[c]) for c, guess in sorted(guesses.items()) if guess is not None]
    now = _same_time(known, history.cutoff)
    if now is None or len(pairs) < FEWEST_PAIRS:
        return LevelError(0.0, 0.0)
    guessed, came = ([_pair(each) for each in side] for side in zip(*pairs, strict=True))
    trust = trusted_share(
        np.array(guessed)[-MOST_PAIRS:],
        np.array(came)[-MOST_PAIRS:],
        # Horizons that overlap tell the same story more than once.
        overlap=max(1.0, history.horizon_days / _step(sorted(known))),
    )
    churn, purchases = trust * _pair(now)
    return LevelError(float(churn), float(purchases))


def trusted_share(guessed: np.ndarray, came: np.ndarray, overlap: float) -> np.ndarray:
    """How much of a guess to believe, between 0 and 1, by column: a ridge regression through 0.

    Examples
    --------
    >>> guessed = np.array([[0.4], [0.3], [-0.5]])
    >>> trusted_share(guessed, guessed, 1.0).round(2).tolist()
    [0.98]
    >>> trusted_share(guessed, -guessed, 1.0).tolist()
    [0.0]
    """
    explained = (guessed * came).sum(axis=0) / overlap
    size = (guessed**2).sum(axis=0) / overlap
    return np.clip(explained / (size + RIDGE), 0.0, 1.0)


def prolonged(horizons: np.ndarray, season: float) -> np.ndarray:
    """Lengths of a longer period, in horizons of this season: what is beyond one has none.

    `season` is what the season makes of the horizon's total, as a factor.

    Examples
    --------
    >>> prolonged(np.array([0.5, 3.0]), 2.0).tolist()
    [0.5, 2.0]
    """
    return np.minimum(horizons, 1.0) + np.maximum(horizons - 1.0, 0.0) / season


def _same_time(known: dict[date, LevelError], cutoff: date) -> LevelError | None:
    """Mean error at the nearest known cutoffs one, two, three years before; None if too far."""
    days = sorted(known)
    reach = _step(days) / 2 + 1 if len(days) > 1 else 0.0
    found = []
    for year in range(1, MOST_YEARS + 1):
        ago = cutoff - timedelta(days=round(YEAR * year))
        nearest = min(days, key=lambda day: abs((day - ago).days), default=None)
        if nearest is not None and abs((nearest - ago).days) <= reach:
            found.append(_pair(known[nearest]))
    if not found:
        return None
    churn, purchases = np.mean(found, axis=0)
    return LevelError(float(churn), float(purchases))


def _pair(error: LevelError) -> np.ndarray:
    return np.array([error.churn, error.purchases])


def _step(days: list[date]) -> float:
    """Usual distance of two neighbouring cutoffs, in days."""
    return float(np.median(np.diff([day.toordinal() for day in days]))) if len(days) > 1 else 1.0
