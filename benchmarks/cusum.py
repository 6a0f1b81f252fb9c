"""How often the watch's cumulative sum is wrong in quiet years, and how soon it sees a change.

    python -m benchmarks.cusum [LIMIT ...]

Simulated shops of two years with a season of 35 % are watched daily from a training on, for a year
without another one. A minute for each limit.
"""

import sys
from datetime import date

import numpy as np

from pipeline.watching.cusum import YEAR, slow_change
from pipeline.watching_config import MonitoringConfig

LEARNED, SHOPS, KNOWN = date(2024, 1, 1), 100, 7 * 2 * YEAR
CHANGES = {
    "quiet": lambda day: 1.0,
    "three in ten less": lambda day: np.where(day < 0, 1.0, 0.7),
    "half are gone in nine months": lambda day: np.where(day < 0, 1.0, np.exp(-day / 390)),
}


def shop(change: str, a_week: float, spread: float, seed: int) -> np.ndarray:
    """Purchase days of each day, two years before the training and one after it."""
    rng, day = np.random.default_rng(seed), np.arange(-KNOWN, 7 * YEAR)
    mean = a_week / 7 * (1 + 0.35 * np.cos(2 * np.pi * day / (7 * YEAR)))
    weeks = np.repeat(np.exp(rng.normal(0, spread, len(day) // 7)), 7)
    return rng.poisson(mean * weeks * CHANGES[change](day))


def first_alarm(days: np.ndarray, limit: float) -> float:
    """Days from the training to the first alarm, infinite without one."""
    for end in range(KNOWN + 7, len(days) + 1):
        whole = end // 7
        weeks = days[end - 7 * whole : end].reshape(whole, 7).sum(axis=1)[::-1]
        found = slow_change(weeks, LEARNED, (end - KNOWN) // 7, limit)
        if found and found.risen:
            return end - KNOWN
    return np.inf


def main(limits: list[float]) -> None:
    for limit in limits:
        for a_week, spread in ((45, 0.0), (45, 0.1), (210, 0.0), (210, 0.1)):
            told = []
            for change in CHANGES:
                shops = (shop(change, a_week, spread, seed) for seed in range(SHOPS))
                after = np.array([first_alarm(one, limit) for one in shops])
                quarter, year = np.mean(after <= 91), np.mean(np.isfinite(after))
                quiet = f"false in {quarter:.0%} of quarters, {year:.0%} of years"
                seen = f"{change}: {np.median(after):.0f} days"
                told.append(quiet if change == "quiet" else seen)
            print(f"limit {limit:g}, {a_week} a week, spread {spread:.0%}: {'; '.join(told)}")


if __name__ == "__main__":
    main([float(one) for one in sys.argv[1:]] or [MonitoringConfig().cusum])
