"""What comes after the horizon, by days of silence: who buys once a year is due late, or has left.

Where customers buy less than once a horizon, its answer hardly tells who is to buy after it, and a
buy-till-you-die model, to which gaps have no rhythm, does not either. A longer period that is over
does: of groups by silence it says how many bought in it, and how much came. It is believed where
that holds for customers it was not learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from models.blend.mean_shift import shift_to_mean
from models.contenders.encoding import expit, logit
from models.evaluation.bootstrap import customer_log_loss
from models.history import Longer, weights

GROUPS = 5
"""Parts by silence with as many customers each, and with as many expected buyers: cut at both."""

PRIOR_CUSTOMERS, PRIOR_PURCHASES = 20.0, 20.0
"""A group is taken for like all others, until so many customers or buyers show otherwise."""

MARGIN, BEYOND = 0.01, 2.6
"""The log loss of a purchase in the period must fall by so much, and by so many standard errors,
in either half of the customers, by what the other half shows. `MARGIN` and `GROUPS` were chosen on
five kinds of business; `python -m benchmarks.by_silence` prints the others."""


@dataclass(frozen=True)
class BySilence:
    """Corrections by days of silence, beginning with the shortest.

    Attributes
    ----------
    edges : tuple of float
        Days at which a group ends, the last one nowhere.
    factors : tuple of float
        Of the spend after the horizon, one a group, beyond what the chance of any brings.
    shifts : tuple of float
        Of the log odds of no purchase in the period that they were learned from.
    """

    edges: tuple[float, ...] = ()
    factors: tuple[float, ...] = (1.0,)
    shifts: tuple[float, ...] = (0.0,)

    def factor(self, customers: pd.DataFrame) -> np.ndarray:
        """Factor of each customer's spend after the horizon; shape (n_customers,)."""
        return np.array(self.factors)[self._group(customers)]

    def shift(self, customers: pd.DataFrame) -> np.ndarray:
        """What is added to the log odds of no purchase; shape (n_customers,)."""
        return np.array(self.shifts)[self._group(customers)]

    def _group(self, customers: pd.DataFrame) -> np.ndarray:
        return np.searchsorted(np.array(self.edges), silence(customers))

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build it again from lists."""
        return cls(**{name: tuple(state[name]) for name in ("edges", "factors", "shifts")})


ALIKE = BySilence()
"""Whoever is silent, for however long, is as the horizon says."""


def silence(customers: pd.DataFrame) -> np.ndarray:
    """Days since the last purchase."""
    return np.asarray(customers["T"].to_numpy(float) - customers["recency"].to_numpy(float))


def by_silence(longer: Longer, none: np.ndarray) -> BySilence:
    """Learn the chance of any purchase from a period that is over, where something is gained.

    Parameters
    ----------
    longer : Longer
        The period and its customers.
    none : ndarray, shape (n_customers,)
        Probability that was given to no purchase in it.
    """
    rows, weight = longer.rows, weights(longer.rows)
    gone, odds = rows["churned"].to_numpy(float), logit(none)
    if gone.min() == gone.max():
        return ALIKE
    days = silence(rows)
    edges = np.union1d(_edges(days, weight), _edges(days, weight * (1 - none)))
    group = np.searchsorted(edges, days)
    for taught in (np.arange(len(rows)) % 2 == half for half in (0, 1)):
        alone, parted = (
            _losses(groups, odds, gone, weight, taught, len(edges))
            for groups in (np.zeros_like(group), group)
        )
        if not better(alone, parted, weight[~taught]):
            return ALIKE
    shifts = _shifts(group, odds, gone, weight, len(edges))
    return BySilence(tuple(float(edge) for edge in edges), (1.0,) * len(shifts), shifts)


def money_by_silence(
    found: BySilence, longer: Longer, horizon_spend: np.ndarray, value: np.ndarray
) -> BySilence:
    """Learn what a group's later money differs by beyond its chance of any, which `value` follows.

    Parameters
    ----------
    horizon_spend, value : ndarray, shape (n_customers,)
        Spend expected in the horizon and in the whole period.
    """
    rows, weight = longer.rows, weights(longer.rows)
    came = np.maximum(rows["spend"].to_numpy(float), 0.0)
    later = np.maximum(value - horizon_spend, 0.0)
    group = np.searchsorted(np.array(found.edges), silence(rows))
    worth, edges = _worth(came, weight), len(found.edges)
    return replace(
        found, factors=_factors(group, later, came - horizon_spend, weight, worth, edges)
    )


def _losses(
    group: np.ndarray,
    odds: np.ndarray,
    gone: np.ndarray,
    weight: np.ndarray,
    taught: np.ndarray,
    edges: int,
) -> np.ndarray:
    """Log loss of each customer who was not `taught`, by the shifts of those who were."""
    shifts = np.array(_shifts(group[taught], odds[taught], gone[taught], weight[taught], edges))
    return customer_log_loss(gone[~taught], expit(odds + shifts[group])[~taught])


def better(
    without: np.ndarray,
    with_groups: np.ndarray,
    weight: np.ndarray,
    margin: float = MARGIN,
    beyond: float = BEYOND,
) -> bool:
    """Whether losses of customers fall by the margin, and by so many standard errors."""
    gain = without - with_groups
    mean = float(np.average(gain, weights=weight))
    error = np.sqrt(weight**2 @ (gain - mean) ** 2) / weight.sum()
    return mean > 0 and mean >= margin and mean >= beyond * error


def _edges(days: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Days that part customers into `GROUPS` with as much of `share` each.

    Between two silences that were seen, as a tree parts: where all are billed on one day, a day
    more or less until the cutoff moves nobody into another group.
    """
    order = np.argsort(days, kind="stable")
    reached = np.cumsum(share[order]) / share.sum()
    inner = np.searchsorted(reached, np.arange(1, GROUPS) / GROUPS)
    seen = np.unique(days)
    place = np.searchsorted(seen, days[order][np.minimum(inner, len(days) - 1)])
    place = np.unique(place[place < len(seen) - 1])
    return np.asarray((seen[place] + seen[place + 1]) / 2)


def _shifts(
    group: np.ndarray, odds: np.ndarray, gone: np.ndarray, weight: np.ndarray, edges: int
) -> tuple[float, ...]:
    """Of each group, what brings its mean probability to the share that bought nothing."""
    found = []
    for here in (group == number for number in range(edges + 1)):
        w, said = weight[here], expit(odds[here])
        if not here.any():
            found.append(0.0)
            continue
        usual = np.average(said, weights=w) * PRIOR_CUSTOMERS
        mean = (w @ gone[here] + usual) / (w.sum() + PRIOR_CUSTOMERS)
        found.append(shift_to_mean(odds[here], w, float(mean)))
    return tuple(found)


def _worth(came: np.ndarray, weight: np.ndarray) -> float:
    """Money of one buyer in the period."""
    return float(weight @ came / max(weight @ (came > 0), 1.0))


def _factors(
    group: np.ndarray,
    later: np.ndarray,
    came: np.ndarray,
    weight: np.ndarray,
    worth: float,
    edges: int,
) -> tuple[float, ...]:
    """Of each group, the money that came over the money expected, beside those of all."""
    prior = PRIOR_PURCHASES * worth
    scale = max(float(weight @ came), 0.0) / max(float(weight @ later), 1e-9)
    parts = (group == number for number in range(edges + 1))
    sums = [(weight[here] @ came[here], scale * (weight[here] @ later[here])) for here in parts]
    return tuple(float((max(c, 0.0) + prior) / (e + prior)) for c, e in sums)
