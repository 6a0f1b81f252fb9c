"""A snapshot as it will look some days later if there is no purchase until then.

Without a purchase nothing of a customer changes but time: silence and age grow, decayed sums
fade, the place in the year turns. What cannot be told from the snapshot alone is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from models.contenders.columns import Columns
from models.periods import YEAR

WINDOW = re.compile(r"(purchases|spend)_\d+d")
"""Sums over a window lose their oldest purchase on a day that the snapshot does not know."""

DECAYED = re.compile(r"decayed_(?:purchases|spend)_(\d+)d")
TURNING = re.compile(r"year_(cosine|sine)_(\d+)")


def ageless(names: Iterable[str]) -> list[str]:
    """Those of some columns whose future `silent_for` can tell."""
    return [name for name in names if not WINDOW.fullmatch(name)]


def silent_for(customers: Columns, days: float) -> Columns:
    """Columns of `ageless` after `days` more days without a purchase.

    Examples
    --------
    >>> today = {name: np.array([n]) for name, n in [("T", 40.0), ("days_since_last", 10.0)]}
    >>> silent_for({**today, "frequency": np.array([2.0])}, 30)
    {'T': array([70.]), 'days_since_last': array([40.]), 'frequency': array([2.])}
    """
    if not days:
        return customers
    grown = {n: customers[n] + days for n in ("T", "days_since_last") if n in customers}
    if "overdue" in customers:
        silence = customers["days_since_last"]
        grown["overdue"] = customers["overdue"] * (grown["days_since_last"] / silence)
    for name in customers:
        if faded := DECAYED.fullmatch(name):
            grown[name] = customers[name] * 0.5 ** (days / float(faded[1]))
    return {**customers, **grown, **_turned(customers, days)}


def _turned(customers: Columns, days: float) -> dict[str, Any]:
    """Cosines and sines of the place in the year, turned on by `days`."""
    found = (TURNING.fullmatch(name) for name in customers)
    turned = {}
    for turns in sorted({match[2] for match in found if match}):
        angle = 2 * np.pi * int(turns) * days / YEAR
        cosine, sine = customers[f"year_cosine_{turns}"], customers[f"year_sine_{turns}"]
        turned[f"year_cosine_{turns}"] = cosine * np.cos(angle) - sine * np.sin(angle)
        turned[f"year_sine_{turns}"] = sine * np.cos(angle) + cosine * np.sin(angle)
    return turned
