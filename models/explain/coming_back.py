"""Whether the lost are lost: of customers who were so at a past cutoff, how many came back.

A chance is of the horizon. Who pauses a subscription for longer has none in it, and comes back. A
longer period that is over says how long a silence has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from models.explain.segments import Thresholds, segments
from models.history import Longer, weights

MOST_BACK = 0.2
"""Of the lost no larger share may have come back within the longer period."""

FEWEST = 30
"""Customers who were so silent, without whom the past says nothing."""

PATIENCE = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
"""How many times as long a silence is tried, until it holds."""


def held_to(
    parting: Thresholds, longer: Longer | None, predict: Callable[[pd.DataFrame], pd.DataFrame]
) -> Thresholds:
    """Make the silence of the lost so long that at most `MOST_BACK` of them came back.

    Where no silence is, nobody is lost. With few who were so silent, it stays as it is.

    Parameters
    ----------
    predict : callable
        Answers for customers what the model says of them in the horizon.
    """
    if longer is None:
        return parting
    predicted = predict(longer.rows)
    rows, w = longer.rows, weights(longer.rows)
    bought = rows["churned"].to_numpy(float) == 0
    shares = []
    for tried in _longer_and_longer(parting):
        lost = segments(rows, predicted, tried) == tried.name("lost")
        if lost.sum() < FEWEST:
            break
        shares.append(float(np.average(bought[lost], weights=w[lost])))
        if shares[-1] <= MOST_BACK:
            return replace(tried, came_back=shares[-1], months=longer.months)
    if not shares:
        return parting
    return replace(parting, patience=None, came_back=shares[-1], months=longer.months)


def _longer_and_longer(parting: Thresholds) -> Iterator[Thresholds]:
    return (replace(parting, patience=patience) for patience in PATIENCE)
