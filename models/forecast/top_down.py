"""Forecasts of a series from its own past, each a function of (values, steps, season).

Hyndman, R. J. & Athanasopoulos, G. (2021), "Forecasting: Principles and Practice", 3rd ed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def recent_mean(values: Floats, steps: int, season: int) -> Floats:
    """The mean of as many last values as are asked for, again and again."""
    return np.full(steps, values[-steps:].mean())


def last_value(values: Floats, steps: int, season: int) -> Floats:
    """The last value again and again: the naive forecast of a count that stands, not of a flow."""
    return np.full(steps, values[-1])


def seasonal_naive(values: Floats, steps: int, season: int) -> Floats:
    """The values one season ago; without a season of history, the recent mean.

    >>> seasonal_naive(np.array([1.0, 2, 3, 4]), 2, 3).tolist()
    [2.0, 3.0]
    """
    if len(values) < season:
        return recent_mean(values, steps, season)
    return np.array([values[-season + step % season] for step in range(steps)])


def exponential_smoothing(values: Floats, steps: int, season: int) -> Floats:
    """Level and damped trend, additive errors: ETS(A,Ad,N)."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    with warnings.catch_warnings():  # a fit that stops early is judged like any other
        warnings.simplefilter("ignore")
        fitted = ETSModel(values, error="add", trend="add", damped_trend=True).fit(disp=False)
        return np.asarray(fitted.forecast(steps), float)


def arima(values: Floats, steps: int, season: int) -> Floats:
    """ARIMA(1,1,1); with two seasons of history, ARIMA(1,0,1) around two harmonics and a trend."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    harmonic = len(values) >= 2 * season
    waves = _waves(len(values) + steps, season) if harmonic else None
    known, ahead = (None, None) if waves is None else (waves[: len(values)], waves[len(values) :])
    order, trend = ((1, 0, 1), "ct") if harmonic else ((1, 1, 1), "n")
    scale = float(np.abs(values).mean()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SARIMAX(values / scale, exog=known, order=order, trend=trend)
        fitted = model.fit(disp=False, maxiter=50)
        return np.asarray(fitted.forecast(steps, exog=ahead), float) * scale


def _waves(length: int, season: int) -> Floats:
    angle = 2 * np.pi * np.arange(length)[:, None] * np.array([1, 2]) / season
    return np.hstack([np.sin(angle), np.cos(angle)])


TOP_DOWN: dict[str, Callable[[Floats, int, int], Floats]] = {
    "seasonal naive": seasonal_naive,
    "recent mean": recent_mean,
    "exponential smoothing": exponential_smoothing,
    "ARIMA": arima,
}
"""Name -> forecast; seasonal naive is the yardstick."""

OF_COUNTS = {name: ahead for name, ahead in TOP_DOWN.items() if ahead is not recent_mean} | {
    "last value": last_value
}
"""The same of a count at a moment, such as active customers: a mean of it is behind the times."""
