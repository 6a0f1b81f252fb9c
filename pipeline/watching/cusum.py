"""Whether purchases have changed since the model learned by little, but week after week.

A cumulative sum (Page 1954): what each week lies beyond the usual is added up, less half a standard
deviation, and never below zero. Weeks are held against those of a year before, as they used to be
in the year that was learned from: a season that comes back, or a steady growth, is no change.
"""

from datetime import date

import numpy as np

from pipeline.watching.signals import Signal

YEAR = 52
FEWEST = 26
"""So many weeks before the training, each with its week of the year before, tell what is usual."""

MOST = 3.0
"""Standard deviations that one week may count: a shop closed for a fortnight comes back."""

SLACK = 0.5
"""Standard deviations: half of the smallest lasting change that is to be seen soon."""


def slow_change(purchases: np.ndarray, learned: date, since: int, limit: float) -> Signal | None:
    """Whether the weeks since the training add up to more than chance; None for a young log.

    Parameters
    ----------
    purchases : ndarray, shape (n_weeks,)
        Purchase days of each week, the last one first.
    learned, since
        When the model learned, and how many of the weeks came after it.
    limit
        In standard deviations of a week.
    """
    logs = np.log(purchases + 0.5)
    over = logs[:-YEAR] - logs[YEAR:]
    usual = over[since : since + YEAR]
    if since < 1 or len(usual) < FEWEST:
        return None
    # The usual is itself known from so many weeks only.
    spread = np.std(usual, ddof=1) * np.sqrt(1 + 1 / len(usual))
    beyond = (over[:since][::-1] - np.mean(usual)) / max(spread, 1e-9)
    beyond = np.clip(beyond, -MOST, MOST)
    (more, rising), (less, falling) = cusum(beyond), cusum(-beyond)
    value, weeks = (more, rising) if more >= less else (-less, falling)
    now, then = (np.exp(np.mean(some)) if len(some) else 1.0 for some in (over[:weeks], usual))
    words = (
        f"Purchase days of the last {weeks} weeks: {now:.2f} times those of a year before; "
        f"{then:.2f} times were usual when the model learned ({learned})."
    )
    return Signal("cusum", "answer", "purchase days", value, limit, abs(value) > limit, words)


def cusum(beyond: np.ndarray) -> tuple[float, int]:
    """The cumulative sum of deviations in time's order, and since how many of them it is above 0.

    Examples
    --------
    >>> cusum(np.array([2.0, -3.0, 1.0, 1.5]))
    (1.5, 2)
    """
    total, weeks = 0.0, 0
    for one in beyond.tolist():
        total = max(0.0, total + one - SLACK)
        weeks = weeks + 1 if total else 0
    return total, weeks
