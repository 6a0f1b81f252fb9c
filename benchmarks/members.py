"""Eight kinds of business whose customers are members: they pay on a rhythm, and leave at once."""

from __future__ import annotations

import numpy as np

from benchmarks.businesses import Purchases

MONTH = 30.4375


def wine_club(rng: np.random.Generator, n_days: int) -> Purchases:
    """A case of wine every month, some with another bottle or two; who leaves is gone for good."""
    for customer in range(2500):
        day, price = rng.random() * n_days * 0.97, np.exp(rng.normal(5.0, 0.5))
        leaves = rng.beta(1, 14)
        while day < n_days:
            yield customer, day, price * (1 + (rng.random() < 0.2) * rng.random())
            if rng.random() < leaves:
                break
            day += MONTH + rng.normal(0, 2)


def meal_box(rng: np.random.Generator, n_days: int) -> Purchases:
    """A box every week; most leave within weeks, some pause for a month or two."""
    for customer in range(2500):
        day, leaves = rng.random() * n_days * 0.97, rng.beta(0.8, 9)
        price = rng.choice([39.0, 59.0, 79.0])
        while day < n_days:
            yield customer, day, price
            if rng.random() < leaves:
                break
            day += 7 * (1 if rng.random() > 0.04 else rng.integers(3, 10))


def club_and_shop(rng: np.random.Generator, n_days: int) -> Purchases:
    """A third are members who pay every month, the others buy now and then."""
    for customer in range(3000):
        day, typical = rng.random() * n_days * 0.97, rng.normal(3.8, 0.5)
        member, rate = rng.random() < 1 / 3, max(rng.gamma(0.8, 1 / 70), 1e-4)
        leaves = rng.beta(1, 15) if member else rng.beta(1, 4)
        while day < n_days:
            yield customer, day, np.exp(typical if member else rng.normal(typical, 0.5))
            if rng.random() < leaves:
                break
            day += MONTH + rng.normal(0, 1.5) if member else 1 + rng.exponential(1 / rate)


def standing_orders(rng: np.random.Generator, n_days: int) -> Purchases:
    """Donors: two in five give every month until they cancel, the others once, or once a year."""
    for customer in range(4000):
        day, amount, kind = rng.random() * n_days * 0.97, np.exp(rng.normal(3.0, 0.7)), rng.random()
        gap, leaves = (MONTH, rng.beta(1, 25)) if kind < 0.4 else (365.25, rng.beta(1.5, 1))
        while day < n_days:
            yield customer, day, amount * (1 if kind < 0.4 else 3)
            if rng.random() < leaves:
                break
            day += gap + rng.normal(0, 1 if kind < 0.4 else 15)


def coffee(rng: np.random.Generator, n_days: int) -> Purchases:
    """Beans every two months, some every one; who leaves has mostly left after the first bags."""
    for customer in range(2500):
        day, price = rng.random() * n_days * 0.97, np.exp(rng.normal(3.3, 0.4))
        period, leaves = MONTH * rng.choice([1, 2, 2]), rng.beta(0.6, 5)
        while day < n_days:
            yield customer, day, price
            if rng.random() < leaves:
                break
            day += period + rng.normal(0, 3)


def gym(rng: np.random.Generator, n_days: int) -> Purchases:
    """Fees on the first of the month; contracts of a year, which most leave when they end."""
    for customer in range(2000):
        month, price, paid = rng.integers(0, n_days / MONTH), rng.choice([19.0, 29.0, 59.0]), 0
        while (day := int(month * MONTH) + 1) < n_days:
            yield customer, day, price
            month, paid = month + 1, paid + 1
            if rng.random() < (0.4 if paid % 12 == 0 else 0.01):
                break


def premiums(rng: np.random.Generator, n_days: int) -> Purchases:
    """Insurance paid every half year on a day of one's own; some hold two policies."""
    for customer in range(3000):
        price, leaves = np.exp(rng.normal(5.0, 0.6)), rng.beta(1, 6)
        for _ in range(1 + (rng.random() < 0.2)):
            day = rng.random() * n_days * 0.97
            while day < n_days:
                yield customer, day, price
                if rng.random() < leaves:
                    break
                day += 182.6 + rng.normal(0, 3)


def quarterly_club(rng: np.random.Generator, n_days: int) -> Purchases:
    """Twelve bottles every quarter, a case more before Christmas; who leaves is gone for good."""
    for customer in range(2500):
        day, price, leaves = (
            rng.random() * n_days * 0.97,
            np.exp(rng.normal(5, 0.5)),
            rng.beta(1, 6),
        )
        while day < n_days:
            yield customer, day, price * (2 if day % 365.25 > 320 and rng.random() < 0.5 else 1)
            if rng.random() < leaves:
                break
            day += 91.3 + rng.normal(0, 4)


MEMBERS = {
    "wine club": (wine_club, 1100, 90),
    "meal box": (meal_box, 730, 30),
    "club and shop": (club_and_shop, 1100, 90),
    "standing orders": (standing_orders, 1300, 90),
    "coffee": (coffee, 1000, 45),
    "gym": (gym, 1200, 60),
    "premiums": (premiums, 1400, 90),
    "quarterly club": (quarterly_club, 1200, 60),
}
"""Name -> simulation, days of log, days of horizon."""

CHOSEN_ON = ("wine club", "club and shop", "standing orders", "quarterly club")
"""Half of them, on which settings may be chosen; the others are shown."""
