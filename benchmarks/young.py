"""Young logs of businesses with a season, or that grow or shrink: 2,000 customers, under two years.

A log shows its first peak, or the end of it, and nobody can know yet that it will pass. The last
day of judgement of the default backtest lies a month after the peak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

YEAR, MONTH, HORIZON = 365.25, 30.4375, 91

PEAKS = {"autumn": 25.0, "summer": 55.0}
"""Width of a peak in days."""

TRENDS = {"growth": 1.0, "decline": -1.0}
"""Change of the logarithm of new customers in a year; of purchases half as much, more or less."""

LENGTHS = (9, 12, 13, 15, 18)
"""Months of log."""

CHOSEN_ON = {
    *(("autumn", months) for months in (9, 13, 18)),
    *(("summer", months) for months in (12, 15)),
    *(("growth", months) for months in (9, 13, 18)),
    *(("decline", months) for months in (12, 15)),
}
"""Half of them, on which settings may be chosen; the others are shown."""


def _trade(kind: str, n_days: int, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """How much is bought, and how many customers are new, on each day."""
    day = np.arange(n_days)
    if kind in TRENDS:
        yearly = TRENDS[kind] * day / YEAR
        return np.exp(depth / 2 * yearly), np.exp(yearly)
    peak = n_days - HORIZON - 30
    apart = np.abs((day - peak + YEAR / 2) % YEAR - YEAR / 2)
    season = 1 + 2 * depth * np.exp(-((apart / PEAKS[kind]) ** 2))
    return season, season


def young(kind: str, rng: np.random.Generator, n_days: int) -> Iterator[tuple[int, float, float]]:
    """Purchases at random, at a rate that follows the business, until one leaves at random."""
    trade, new = _trade(kind, n_days, rng.uniform(0.6, 1.6))
    passed = np.concatenate([[0.0], np.cumsum(trade / trade.mean())])
    for customer, start in enumerate(rng.choice(n_days, 2000, p=new / new.sum())):
        typical, rate = rng.normal(3.5, 0.6), rng.gamma(0.8, 1 / 50)
        end = int(min(n_days, start + 1 + rng.exponential(rng.gamma(0.9, 400) + 1)))
        first, last = passed[min(start + 1, end)], passed[end]
        when = first + rng.random(rng.poisson(rate * (last - first))) * (last - first)
        for day in (start, *np.unique(np.searchsorted(passed, when, side="right") - 1)):
            yield customer, float(day), float(np.exp(rng.normal(typical, 0.4)))


Simulation = Callable[[np.random.Generator, int], Iterator[tuple[int, float, float]]]

YOUNG: dict[str, tuple[Simulation, int, int]] = {
    f"{kind}, {months} months": (partial(young, kind), round(months * MONTH), HORIZON)
    for kind in (*PEAKS, *TRENDS)
    for months in LENGTHS
    if (kind, months) not in CHOSEN_ON
}
"""Name -> simulation, days of log, days of horizon: the half on which nothing was chosen."""
