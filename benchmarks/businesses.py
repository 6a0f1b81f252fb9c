"""Twelve kinds of business as simulations of their purchases, for `benchmarks.kinds`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Purchases = Iterator[tuple[int, float, float]]
"""Customer, day since the log's start, amount."""


def seasonal(rng: np.random.Generator, n_days: int) -> Purchases:
    """A retailer with a Christmas, customers who buy then only, and a level that wanders."""
    of_year = np.arange(n_days) % 365.25
    usual = 1 + 1.6 * np.exp(-(((of_year - 340) / 18) ** 2)) + 0.3 * np.sin(of_year / 58 - 1.7)
    christmas = 0.15 + 9 * np.exp(-(((of_year - 340) / 14) ** 2))
    wander = np.exp(np.cumsum(rng.normal(0, 0.02, n_days)) / 2)
    for customer in range(7000):
        start = int(rng.beta(1, 1.3) * n_days)
        rate = rng.gamma(0.6, 1 / 45) * wander / wander.mean()
        rate = rate * (christmas if rng.random() < 0.3 else usual)
        end = start + rng.exponential(rng.gamma(0.9, 500) + 1)
        typical = np.log(30 + rng.gamma(0.5, 40))
        yield customer, start, np.exp(rng.normal(typical, 0.5))
        for day in start + 1 + np.flatnonzero(rng.poisson(rate[start + 1 :])):
            if day < end:
                yield customer, day, np.exp(rng.normal(typical, 0.5))


def givers(rng: np.random.Generator, n_days: int) -> Purchases:
    """Donors over ten years: most once a year, in a month of their own or at Christmas."""
    for customer in range(9000):
        start, kind = int(rng.beta(1, 1.2) * n_days * 0.95), rng.random()
        amount, leaves = np.exp(rng.normal(3.5, 0.8)), rng.beta(0.7, 1.8)
        yield customer, start, amount
        if kind < 0.55:
            home = start if rng.random() < 0.5 else 340 + start // 365 * 365
            skips, year = rng.beta(1, 3), 0
            while rng.random() > leaves and home + 365 * (year + 1) < n_days:
                year += 1
                day = home + 365 * year + rng.normal(0, 18)
                if rng.random() > skips and day > start:
                    yield customer, day, amount * np.exp(rng.normal(0, 0.3))
        elif kind < 0.8:
            gap, tires = (1 / max(rng.gamma(0.7, 1 / 500), 1e-5), 0.5) if kind < 0.75 else (30, 0.1)
            day = float(start)
            while rng.random() > leaves * tires and day < n_days:
                day += rng.exponential(gap) if kind < 0.75 else rng.normal(gap, 2)
                yield customer, day, amount * np.exp(rng.normal(0, 0.4))


def tickets(rng: np.random.Generator, n_days: int) -> Purchases:
    """Events: nine in ten come once; fans of a genre, and those who come every summer."""
    events, draw = np.sort(rng.integers(0, n_days, 260)), rng.gamma(1.2, 1, 260)
    genre = rng.integers(0, 6, 260)
    for customer in range(30_000):
        kind, taste = rng.random(), rng.integers(0, 6)
        start = events[rng.choice(260, p=draw / draw.sum())] - rng.exponential(25)
        price = np.exp(rng.normal(4, 0.5))
        yield customer, start, price
        if kind < 0.06:
            keen = rng.beta(1.2, 14)
            for event in np.flatnonzero(events > start + 20):
                chance = keen * (3 if genre[event] == taste else 0.5) * draw[event]
                if rng.random() < min(chance, 0.9):
                    yield customer, events[event] - rng.exponential(25), price
        elif kind < 0.12:
            summer = start // 365 * 365 + 160
            while rng.random() < 0.6:
                summer += 365
                yield customer, summer - rng.exponential(30), price * 1.5
        elif kind < 0.15:
            yield customer, start + rng.exponential(20), price


def app(rng: np.random.Generator, n_days: int) -> Purchases:
    """Use of an app: workdays, breaks, some fade and some stop."""
    days = np.arange(n_days)
    for customer in range(3000):
        start = int(rng.random() * n_days)
        rate = np.where(days >= start, rng.gamma(1.2, 0.25), 0.0)
        if rng.random() < 0.5:
            rate = rate * (0.4 + (days % 7 < 5))
        if rng.random() < 0.4:
            rate = rate * np.exp(-np.maximum(days - start, 0) / 60)
        for _ in range(rng.poisson(1)):
            pause = rng.integers(0, n_days)
            rate[pause : pause + int(rng.exponential(40))] = 0
        end = start + rng.weibull(0.6) * 60
        yield customer, start, 1.0
        for day in np.flatnonzero(rng.poisson(rate)):
            if start < day < end:
                yield customer, day, 1.0 + rng.poisson(2)


def reorders(rng: np.random.Generator, n_days: int) -> Purchases:
    """Business customers on a rhythm of their own that slowly drifts."""
    trade = np.exp(0.15 * np.sin(np.arange(n_days) / 200))
    for customer in range(2200):
        day = rng.beta(1, 2) * n_days * 0.9
        gap, regular = np.exp(rng.normal(np.log(40), 0.6)), rng.gamma(3, 1.2)
        leaves, amount, drift = rng.beta(0.6, 14), np.exp(rng.normal(5, 1)), 1.0
        yield customer, day, amount
        while rng.random() > leaves:
            drift *= np.exp(rng.normal(0.01, 0.05))
            day += max(1.0, rng.gamma(regular, gap / regular) * drift / trade[int(day)])
            if day >= n_days:
                break
            yield customer, day, amount * np.exp(rng.normal(0, 0.3))


def subscribers(rng: np.random.Generator, n_days: int) -> Purchases:
    """Plans billed every month or quarter on a day of one's own; some pause, some leave early."""
    for customer in range(3000):
        day, period = rng.random() * n_days * 0.95, 91.3 if rng.random() < 0.25 else 30.4
        price, leaves = rng.choice([9.0, 19.0, 49.0]), rng.beta(1, 9)
        while day < n_days:
            yield customer, day, price
            if rng.random() < leaves:
                break
            day += period * (1 if rng.random() > 0.03 else 3)


def fashion(rng: np.random.Generator, n_days: int) -> Purchases:
    """A shop whose customers send back a third of what they buy, days or weeks later."""
    for customer in range(5000):
        day, rate = rng.beta(1, 1.3) * n_days, rng.gamma(0.8, 1 / 40)
        leaves, typical, picky = rng.beta(1, 7), rng.normal(4.2, 0.5), rng.beta(1.2, 2.4)
        while day < n_days:
            paid = np.exp(rng.normal(typical, 0.5))
            yield customer, day, paid
            if rng.random() < picky:
                yield customer, day + rng.integers(4, 25), -paid * rng.choice([1.0, 0.5])
            if rng.random() < leaves:
                break
            day += 1 + rng.exponential(1 / max(rate, 1e-4))


def regulars(rng: np.random.Generator, n_days: int) -> Purchases:
    """Customers more regular than chance (Erlang gaps) who leave after any purchase."""
    for customer in range(4000):
        day, rate = rng.random() * n_days * 0.8, max(rng.gamma(1.5, 1 / 60), 1e-4)
        leaves, typical = rng.beta(1, 8), rng.normal(3.5, 0.6)
        while day < n_days:
            yield customer, day, np.exp(rng.normal(typical, 0.3))
            if rng.random() < leaves:
                break
            day += max(1.0, rng.gamma(3, 1 / (3 * rate)))


def story(rng: np.random.Generator, n_days: int) -> Purchases:
    """Pareto/NBD's own story: purchases at random until one leaves at random."""
    for customer in range(6000):
        day, rate = rng.random() * n_days * 0.8, max(rng.gamma(0.6, 1 / 30), 1e-5)
        end = day + rng.exponential(1 / max(rng.gamma(0.6, 1 / 90), 1e-6))
        typical = rng.normal(3.5, 0.6)
        while day < min(n_days, end):
            yield customer, day, np.exp(rng.normal(typical, 0.3))
            day += rng.exponential(1 / rate)


def boxes(rng: np.random.Generator, n_days: int) -> Purchases:
    """Boxes every week, two or four; some are skipped."""
    for customer in range(3500):
        day, period = rng.random() * n_days * 0.95, rng.choice([7, 14, 28], p=[0.3, 0.4, 0.3])
        leaves, price = rng.beta(1, 12), rng.choice([25.0, 45.0, 60.0])
        while day < n_days:
            yield customer, day, price
            if rng.random() < leaves:
                break
            day += period * (1 if rng.random() > 0.08 else rng.integers(2, 5))


def renewals(rng: np.random.Generator, n_days: int) -> Purchases:
    """Contracts that are renewed every year, give or take a week."""
    for customer in range(4000):
        day, leaves, price = rng.random() * n_days * 0.95, rng.beta(1, 3), rng.choice([99.0, 199.0])
        while day < n_days:
            yield customer, day, price
            if rng.random() < leaves:
                break
            day += 365 + rng.normal(0, 6)


def bills(rng: np.random.Generator, n_days: int) -> Purchases:
    """Bills on the first of the month, one in ten paid some days late."""
    for customer in range(2500):
        month, leaves = rng.integers(0, n_days // 30), rng.beta(1, 15)
        price, day = rng.choice([10.0, 20.0, 40.0]), 0
        while (day := int(month * 30.4375) + 1) < n_days:
            yield customer, day + (rng.random() < 0.1) * rng.integers(1, 6), price
            if rng.random() < leaves:
                break
            month += 1
