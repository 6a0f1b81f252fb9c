"""Of the customers called lost: how many came back within the year after the log.

`python -m benchmarks.lost [--kind NAME ...] [--seed N]`

By the silence of the rules alone, and held to the longer period that is over.
"""

from __future__ import annotations

import numpy as np

from benchmarks.businesses import Purchases
from benchmarks.clv import SIMULATIONS, report, split
from models.blend.blend import Blend
from models.explain.coming_back import held_to
from models.explain.segments import Thresholds, segments, thresholds


def pauses(rng: np.random.Generator, n_days: int) -> Purchases:
    """Boxes every week or two; subscribers pause for half a year now and then, few leave."""
    for customer in range(2500):
        day, period = rng.random() * n_days * 0.95, rng.choice([7, 14])
        leaves, rests = rng.beta(1, 150), rng.beta(1, 20)
        while day < n_days:
            yield customer, day, 40.0
            if rng.random() < leaves:
                break
            day += period * (1 + (rng.random() < 0.1)) + (rng.random() < rests) * rng.gamma(4, 45)


def skips(rng: np.random.Generator, n_days: int) -> Purchases:
    """Coffee every month; one delivery in eight is skipped, with up to eight that follow."""
    for customer in range(2500):
        day, leaves = rng.random() * n_days * 0.95, rng.beta(1, 14)
        while day < n_days:
            yield customer, day, 25.0
            if rng.random() < leaves:
                break
            day += 30.4 * (1 + (rng.random() < 0.125) * rng.integers(1, 9)) + rng.normal(0, 1)


SIMULATIONS |= {"pauses": (pauses, 900, 30), "skips": (skips, 900, 30)}
SHOWN = ("pauses", "skips", "meal box", "coffee", "boxes", "regulars")


def measured(name: str, seed: int) -> dict[str, float]:
    """Share of all customers who are lost, and share of these who came back; by each rule."""
    snapshots, later = split(name, seed)
    today, people, horizon = snapshots.plan.as_of, snapshots.today, snapshots.plan.horizon_days
    answer = Blend().fit(snapshots.history(today))
    predicted, bought = answer.predict(people), people["customer_id"].isin(later["customer"])
    parting = thresholds(people, predicted, horizon)
    held = held_to(parting, snapshots.longer[today], answer.predict)

    def lost(by: Thresholds) -> tuple[float, float]:
        here = segments(people, predicted, by) == "lost"
        return here.mean(), bought[here].mean()

    (many, back), (fewer, less) = lost(parting), lost(held)
    return {
        "lost": many,
        "came back": back,
        "lost, held": fewer,
        "came back, held": less,
        "at the past cutoff": held.came_back if held.came_back is not None else np.nan,
        "patience": held.patience if held.patience is not None else np.inf,
    }


if __name__ == "__main__":
    report(measured, SHOWN)
