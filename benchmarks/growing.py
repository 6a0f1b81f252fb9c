"""Businesses whose customers spend more, or less, at a time as they stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.businesses import Purchases

YEAR = 365.25


class Order(NamedTuple):
    """Day of an order, years since the customer's first one, and a factor by chance."""

    day: float
    age: float
    chance: float


def _orders(rng: np.random.Generator, n_days: int) -> Iterator[Order]:
    """Those of one customer, who buys about monthly until he leaves after a purchase."""
    day, leaves = rng.random() * n_days * 0.95, rng.beta(0.7, 20)
    first, rate = day, rng.gamma(3, 1 / 90)
    while day < n_days:
        yield Order(day, (day - first) / YEAR, float(np.exp(rng.normal(0, 0.3))))
        if rng.random() < leaves:
            break
        day += 1 + rng.exponential(1 / max(rate, 1e-3))


def ramp(rng: np.random.Generator, n_days: int) -> Purchases:
    """Business accounts that begin with a tenth of what they buy at a time after two years."""
    for customer in range(1500):
        size, slow = np.exp(rng.normal(5, 0.9)), rng.gamma(4, 0.25)
        for day, age, chance in _orders(rng, n_days):
            yield customer, day, chance * size * (1.1 - np.exp(-age / slow))


def mixed(rng: np.random.Generator, n_days: int) -> Purchases:
    """Accounts that grow or shrink, each at a yearly rate of its own, a fifth on average."""
    for customer in range(1500):
        size, rate = np.exp(rng.normal(5, 0.7)), rng.normal(0.2, 0.4)
        for day, age, chance in _orders(rng, n_days):
            yield customer, day, chance * size * np.exp(rate * age)


def wandering(rng: np.random.Generator, n_days: int) -> Purchases:
    """Amounts that wander: what a customer spent lately tells, but it goes nowhere."""
    for customer in range(1500):
        walk = 5 + rng.normal(0, 0.7) + np.cumsum(rng.normal(0, 0.09, 200))
        for day, age, chance in _orders(rng, n_days):
            yield customer, day, chance * np.exp(walk[int(age * 30)])


def _yearly(
    rng: np.random.Generator, n_days: int, typical: float, spread: float, times: float
) -> Purchases:
    """Orders that are so many times as large with each year; sizes of accounts are lognormal."""
    for customer in range(1500):
        size = np.exp(rng.normal(typical, spread))
        for day, age, chance in _orders(rng, n_days):
            yield customer, day, chance * size * times**age


def doubling(rng: np.random.Generator, n_days: int) -> Purchases:
    """Every account doubles each year."""
    return _yearly(rng, n_days, 4, 0.6, 2)


def seats(rng: np.random.Generator, n_days: int) -> Purchases:
    """Software billed monthly by the seat; one team in three grows, a seat or five at a time."""
    for customer in range(1500):
        day, count, grows = rng.random() * n_days * 0.95, 1 + rng.poisson(2), rng.random() < 1 / 3
        leaves = rng.beta(1, 30)
        while day < n_days:
            yield customer, day, 12.0 * count
            if rng.random() < leaves:
                break
            count += rng.integers(1, 6) if grows and rng.random() < 0.25 else 0
            day += YEAR / 12 + rng.normal(0, 1)


def fading(rng: np.random.Generator, n_days: int) -> Purchases:
    """Accounts that place a large first order and a third less at a time with each year."""
    return _yearly(rng, n_days, 5, 0.8, 0.67)


def trials(rng: np.random.Generator, n_days: int) -> Purchases:
    """Three small trial orders, then a full price that stays."""
    for customer in range(1500):
        full = np.exp(rng.normal(4.5, 0.6))
        for number, (day, _, chance) in enumerate(_orders(rng, n_days)):
            yield customer, day, chance * full * (0.2 if number < 3 else 1.0)


def dearer(rng: np.random.Generator, n_days: int) -> Purchases:
    """All prices rise by a sixth each year, for everybody alike."""
    for customer in range(1500):
        size = np.exp(rng.normal(4, 0.7))
        for day, _, chance in _orders(rng, n_days):
            yield customer, day, chance * size * np.exp(0.15 * day / YEAR)


GROWING = {
    "ramp": (ramp, 1300, 60),
    "mixed": (mixed, 1300, 60),
    "wandering": (wandering, 1300, 60),
    "doubling": (doubling, 1300, 60),
    "seats": (seats, 1100, 60),
    "fading": (fading, 1300, 90),
    "trials": (trials, 1000, 60),
    "dearer": (dearer, 1400, 90),
}
"""Name -> simulation, days of log, days of horizon."""

CHOSEN_ON = ("ramp", "mixed", "wandering")
"""Those on which settings may be chosen; the others are shown."""
