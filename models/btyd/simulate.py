"""Customers drawn from each model's own story: what recovery and coverage tests rest on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from models.btyd.settings import lengths_of_time, whole

Floats = NDArray[np.float64]


class Histories(NamedTuple):
    """Simulated summaries at T, whether each customer is then alive, and what he does next."""

    x: Floats
    t_x: Floats
    alive: NDArray[np.bool_]
    purchases: Floats
    log_intervals: Floats


def simulated_ages(n: int, T: ArrayLike) -> Floats:
    """The customers' ages: one for all, or one each; finite and not negative."""
    size, age = whole("n", n, 1), lengths_of_time("T", T)
    if age.ndim and age.shape != (size,):
        raise ValueError(f"T has shape {age.shape}; expected one number or ({size},).")
    return np.array(np.broadcast_to(age, (size,)))


def as_summary(histories: Histories, T: Floats, horizon: float) -> pd.DataFrame:
    """A frame of frequency, recency, T and alive (unseen in real data), and of what came after."""
    frame = pd.DataFrame(
        {"frequency": histories.x, "recency": histories.t_x, "T": T, "alive": histories.alive}
    )
    if histories.log_intervals.size:
        frame["log_intervals"] = histories.log_intervals
    if horizon:
        frame["purchases"] = histories.purchases
    return frame


def last_of(rng: np.random.Generator, x: Floats, events: Floats, length: Floats) -> Floats:
    """Time of the x-th of `events` uniform points on (0, length), ascending; 0 where x is 0."""
    some = x > 0
    share = np.zeros_like(length)
    share[some] = rng.beta(x[some], (events - x + 1)[some])
    return share * length


def over_periods(rng: np.random.Generator, rate: Floats, ends: Floats) -> Floats:
    """Poisson events of each customer in each period, shape (n_periods, n).

    `ends` are those of the periods, ascending from 0, shape (n_periods, n) or (n_periods, 1).
    All events are drawn at once, then told apart: most customers have none.
    """
    events = rng.poisson(rate * ends[-1])
    split = np.zeros((len(ends), len(rate)))
    some = np.flatnonzero(events)
    lengths = np.diff(np.broadcast_to(ends, split.shape)[:, some], axis=0, prepend=0.0)
    split[:, some] = rng.multinomial(events[some], (lengths / lengths.sum(axis=0)).T).T
    return split


def until_death(
    rng: np.random.Generator, rate: Floats, lifetime: Floats, T: Floats, horizon: Floats | float
) -> Histories:
    """Poisson purchases until an unseen time of dropout (Pareto/NBD)."""
    active = np.minimum(lifetime, T)
    x = rng.poisson(rate * active).astype(float)
    t_x = last_of(rng, x, x, active)
    left = np.clip(lifetime - T, 0.0, horizon)
    after = rng.poisson(rate * left).astype(float)
    return Histories(x, t_x, lifetime > T, after, np.zeros(0))


def until_geometric(
    rng: np.random.Generator,
    rate: Floats,
    dropout: Floats,
    T: Floats,
    horizon: float,
    extra_chances: int,
    k: int = 1,
) -> Histories:
    """Every k-th event of a Poisson stream is a purchase; after each a chance to drop out.

    k = 1 and no extra chance: BG/NBD; one extra chance, at the first purchase: MBG/NBD.
    """
    last = rng.geometric(np.maximum(dropout, 1e-12)).astype(float) - extra_chances
    events = rng.poisson(rate * T).astype(float)
    x = np.minimum(np.floor(events / k), last)
    t_x = last_of(rng, k * x, events, T)
    alive = x < last
    more = np.floor((events - k * x + rng.poisson(rate * horizon)) / k)
    after = np.where(alive, np.minimum(more, last - x), 0.0)
    intervals = _log_intervals(rng, x, t_x, k) if k > 1 else np.zeros(0)
    return Histories(x, t_x, alive, after, intervals)


def _log_intervals(rng: np.random.Generator, x: Floats, t_x: Floats, k: int) -> Floats:
    """Sum of the logarithms of x Erlang-k intervals that add up to t_x."""
    count = x.astype(np.int64)
    owner = np.repeat(np.arange(len(x)), count)
    parts = rng.gamma(k, size=len(owner))
    whole = np.bincount(owner, parts, len(x))
    shares = np.bincount(owner, np.log(parts / whole[owner]), len(x)).astype(float)
    return shares + special.xlogy(x, t_x)


def in_rounds(
    rng: np.random.Generator, chance: Floats, dropout: Floats, rounds: Floats, horizon: int
) -> Histories:
    """At each round alive, then a purchase or none; dropout at the start of a round (BG/BB)."""
    life = rng.geometric(np.maximum(dropout, 1e-12)).astype(float) - 1
    seen = np.minimum(life, rounds)
    x, t_x = np.zeros(len(chance)), np.zeros(len(chance))
    for round_ in range(1, int(rounds.max(initial=0)) + 1):
        bought = (rng.random(len(chance)) < chance) & (round_ <= seen)
        x += bought
        t_x = np.where(bought, float(round_), t_x)
    left = np.clip(life - rounds, 0, horizon).astype(np.int64)
    after = rng.binomial(left, chance).astype(float)
    return Histories(x, t_x, life > rounds, after, np.zeros(0))
