"""Logs in which a few customers bring most of the money."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Purchases = Iterator[tuple[int, float, float]]


def _days(rng: np.random.Generator, start: float, rate: float, end: float) -> Iterator[float]:
    while start < end:
        yield start
        start += max(1.0, rng.exponential(1 / rate))


def wholesaler(rng: np.random.Generator, n_days: int) -> Purchases:
    """Shops of all sizes: the larger, the more often and the more at a time."""
    for customer in range(3000):
        start, size = rng.beta(1, 1.5) * n_days * 0.95, rng.normal(0, 1)
        rate = max(rng.gamma(0.9, 1 / 45) * np.exp(0.4 * size), 1e-4)
        end = min(n_days, start + rng.exponential(rng.gamma(1.2, 400) + 1))
        for day in _days(rng, start, rate, end):
            yield customer, day, np.exp(rng.normal(5 + 1.1 * size, 0.6))


def giants(rng: np.random.Generator, n_days: int) -> Purchases:
    """A shop in which one customer in a hundred brings a third of the money."""
    for customer in range(3000):
        start, giant = rng.beta(1, 1.5) * n_days * 0.95, rng.random() < 0.01
        rate = max(rng.gamma(0.7, 1 / 60), 1e-4) * (2 if giant else 1)
        end = start + rng.exponential(rng.gamma(0.9, 350) * (3 if giant else 1) + 1)
        typical = rng.normal(3.6, 0.5) + (2.7 if giant else 0)
        for day in _days(rng, start, rate, min(n_days, end)):
            yield customer, day, np.exp(rng.normal(typical, 0.5))


def unequal(rng: np.random.Generator, n_days: int) -> Purchases:
    """Rates and amounts with Pareto's tails, independent of one another."""
    for customer in range(3000):
        start, rate = rng.random() * n_days * 0.9, min((rng.pareto(1.3) + 0.2) / 90, 0.5)
        end, amount = start + rng.exponential(600), 30 * (rng.pareto(1.6) + 0.3)
        for day in _days(rng, start, rate, min(n_days, end)):
            yield customer, day, amount * np.exp(rng.normal(0, 0.4))


HEAVY: dict[str, tuple[Callable[[np.random.Generator, int], Purchases], int, int]] = {
    "wholesaler": (wholesaler, 500, 91),
    "giants": (giants, 500, 91),
    "unequal": (unequal, 500, 91),
}
"""Name -> simulation, days of log, days of horizon."""
