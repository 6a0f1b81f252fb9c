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
from models.evaluation import log_loss
from models.history import Longer, weights

GROUPS = 5
"""Parts by silence with as many customers each, and with as many expected buyers: cut at both."""

PRIOR_CUSTOMERS, PRIOR_PURCHASES = 20.0, 20.0
"""A group is taken for like all others, until so many customers or buyers show otherwise."""

MARGIN = 0.01
"""The log loss of a purchase in the period must fall by so much in either half of the customers, by
what the other half shows. Chosen, with `GROUPS`, on five of the kinds of docs/search-log.md."""


@dataclass(frozen=True)
class BySilence:
    """Corrections by days of silence, beginning with the shortest.

    Attributes
    ----------
    edges : tuple of float
        Days at which a group ends, the last one nowhere.
    factors : tuple of float
        Of the spend after the horizon, one a group.
    shifts : tuple of float
        Of the log odds of no purchase in a longer period, `days` long.
    """

    edges: tuple[float, ...] = ()
    factors: tuple[float, ...] = (1.0,)
    shifts: tuple[float, ...] = (0.0,)
    days: int = 0

    def factor(self, customers: pd.DataFrame) -> np.ndarray:
        """Factor of each customer's spend after the horizon; shape (n_customers,)."""
        return np.array(self.factors)[self._group(customers)]

    def shift(self, customers: pd.DataFrame, horizon_days: int, days: float) -> np.ndarray:
        """What is added to the log odds of no purchase within `days`; shape (n_customers,).

        Nothing for the horizon, all for a period as long as the one it was learned from.
        """
        share = (days - horizon_days) / max(self.days - horizon_days, 1)
        return np.array(self.shifts)[self._group(customers)] * float(np.clip(share, 0.0, 1.0))

    def rescaled(self, by: float) -> Self:
        """The same with all factors times `by`."""
        return replace(self, factors=tuple(factor * by for factor in self.factors))

    def _group(self, customers: pd.DataFrame) -> np.ndarray:
        return np.searchsorted(np.array(self.edges), silence(customers))

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build it again from lists."""
        lists = {name: tuple(state[name]) for name in ("edges", "factors", "shifts")}
        return cls(**lists, days=int(state["days"]))


ALIKE = BySilence()
"""Whoever is silent, for however long, is as the horizon says."""


def silence(customers: pd.DataFrame) -> np.ndarray:
    """Days since the last purchase."""
    return np.asarray(customers["T"].to_numpy(float) - customers["recency"].to_numpy(float))


def by_silence(
    longer: Longer, none: np.ndarray, horizon_spend: np.ndarray, value: np.ndarray
) -> BySilence:
    """Learn from a period that is over; nothing, where nothing is gained.

    Parameters
    ----------
    longer : Longer
        The period and its customers.
    none : ndarray, shape (n_customers,)
        Probability that was given to no purchase in it.
    horizon_spend, value : ndarray, shape (n_customers,)
        Spend expected in the horizon and in the whole period.
    """
    rows, weight = longer.rows, weights(longer.rows)
    gone, odds = rows["churned"].to_numpy(float), logit(none)
    if gone.min() == gone.max():
        return ALIKE
    days = silence(rows)
    edges = np.union1d(_edges(days, weight), _edges(days, weight * (1 - none)))
    group = np.searchsorted(edges, days)
    for taught in (np.arange(len(rows)) % 2 == half for half in (0, 1)):
        losses = []
        for groups in (np.zeros_like(group), group):
            shifts = _shifts(groups[taught], odds[taught], gone[taught], weight[taught], len(edges))
            said = expit(odds + np.array(shifts)[groups])[~taught]
            losses.append(log_loss(gone[~taught], said, weight[~taught]))
        if losses[0] - losses[1] < MARGIN:
            return ALIKE
    came = np.maximum(rows["spend"].to_numpy(float), 0.0)
    later = np.maximum(value - horizon_spend, 0.0)
    return BySilence(
        tuple(float(edge) for edge in edges),
        _factors(group, later, came - horizon_spend, weight, _worth(came, weight), len(edges)),
        _shifts(group, odds, gone, weight, len(edges)),
        longer.days,
    )


def _edges(days: np.ndarray, buyers: np.ndarray) -> np.ndarray:
    order = np.argsort(days, kind="stable")
    share = np.cumsum(buyers[order]) / buyers.sum()
    inner = np.searchsorted(share, np.arange(1, GROUPS) / GROUPS)
    return np.unique(days[order][np.minimum(inner, len(days) - 1)])


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
