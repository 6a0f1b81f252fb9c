"""How long past buyers waited for the next purchase, and what the laws of their day said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from models.blend.conformal_tails import MIDDLE, Tails, Window
from models.blend.own_rhythm import OwnRhythm
from models.contenders.btyd import BtydContender
from models.contenders.histories import Histories
from models.history import History, weights

STEPS = 12
"""The horizon is looked at in so many steps, short ones first."""

TIMING_MODELS = ("mbg_cnbd_k", "mbg_nbd")
"""Models of the next purchase's day: the first that can be fitted. It knows regular customers."""

MOST_BUYERS = 10_000
"""So many buyers of a past cutoff tell how wide windows have to be."""

WEEK, YEAR = 7, 365
"""A day of an earlier year is at the same time of it within a week."""


class WaitingTimes(NamedTuple):
    """Predicted and observed waiting times of past buyers.

    `by_then`, shape (n_days, n_buyers), is the probability of a purchase within `days`; `day` is
    when they bought, days after the cutoff, `weight` how many each stands for.
    """

    by_then: np.ndarray
    days: np.ndarray
    day: np.ndarray
    weight: np.ndarray

    def window(self, tails: Tails) -> Window:
        """First and last day between two quantiles of `by_then`."""
        return window(self.by_then, self.days, tails)


class OwnWaits(NamedTuple):
    """Past buyers, and the law of own gaps as it was known at their cutoff."""

    law: OwnRhythm
    buyers: pd.DataFrame

    @property
    def day(self) -> np.ndarray:
        """Days from the cutoff to the purchase."""
        return self.buyers["next_purchase"].to_numpy(float)

    @property
    def weight(self) -> np.ndarray:
        """How many customers each stands for."""
        return weights(self.buyers)

    def window(self, tails: Tails) -> Window:
        """First and last day that hold two quantiles."""
        return self.law.window(self.buyers, tails)


class Buyers(NamedTuple):
    """Buyers of a past cutoff, and what the laws of that day say of them."""

    rows: pd.DataFrame
    by_then: np.ndarray
    days: np.ndarray
    law: OwnRhythm | None

    def waits(self) -> WaitingTimes:
        """What the buy-till-you-die model said."""
        day = self.rows["next_purchase"].to_numpy(float)
        return WaitingTimes(self.by_then, self.days, day, weights(self.rows))

    def only(self, chosen: np.ndarray) -> Buyers:
        """Some of them."""
        return self._replace(rows=self.rows[chosen], by_then=self.by_then[:, chosen])


def timing_model(history: History) -> BtydContender | None:
    """The first of TIMING_MODELS that can be fitted."""
    for name in TIMING_MODELS:
        try:
            return BtydContender(name).fit(history)
        except ValueError:
            continue
    return None


def by_then(
    model: BtydContender, customers: pd.DataFrame | Histories, horizon_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of a purchase by each of some days, (n_days, n_customers), and those days."""
    days = horizon_days * (np.arange(1, STEPS + 1) / STEPS) ** 2
    return 1 - model.no_purchase_by(customers, days), days


def past_buyers(history: History, cutoffs: list[date]) -> list[Buyers]:
    """Who bought after past cutoffs, and the laws as they were known at each."""
    found = (_told(history.rows(cutoff), history.at(cutoff)) for cutoff in cutoffs)
    return [buyers for buyers in found if buyers]


def years_ago(history: History) -> Buyers | None:
    """Who bought after the same day of an earlier year, where a longer period began on it."""
    longer = history.longer
    if longer is None or ((history.cutoff - longer.cutoff).days + WEEK) % YEAR > 2 * WEEK:
        return None
    rfm = longer.rows[["frequency", "recency", "T", "monetary_value"]]
    everybody = {longer.cutoff: rfm.assign(n_customers=weights(longer.rows))}
    then = replace(history, populations={**history.populations, **everybody}).at(longer.cutoff)
    soon = longer.rows["next_purchase"] < history.horizon_days
    return _told(longer.rows.assign(churned=(~soon).astype(int)), then)


def _told(rows: pd.DataFrame, known: History) -> Buyers | None:
    """Those of some customers who bought, and what was known of them."""
    bought = rows[rows["churned"] == 0]
    bought = bought.iloc[:: len(bought) // MOST_BUYERS + 1]
    model = None if bought.empty else timing_model(known)
    if model is None:
        return None
    law = OwnRhythm.fit(known.panel, known.horizon_days)
    return Buyers(bought, *by_then(model, bought, known.horizon_days), law)


def window(by_then: np.ndarray, days: np.ndarray, tails: Tails = MIDDLE) -> Window:
    """Whole days until the next purchase, from and to, if there is one within the horizon.

    Between two quantiles of its day among the futures in which the customer buys at all; whether
    that happens is `1 - p_churn`. Both days belong to the window, and 0 is the cutoff itself.

    Parameters
    ----------
    by_then : ndarray, shape (n_days, n_customers)
        Probability of a purchase on one of the first so many days, growing along the first axis.
    days : ndarray, shape (n_days,)
        Numbers of days from the cutoff on, growing; the last one is the horizon.

    Examples
    --------
    >>> grows = np.array([[0.1], [0.2], [0.3], [0.4], [0.5]])
    >>> [end.tolist() for end in window(grows, np.array([10.0, 20.0, 30.0, 40.0, 50.0]))]
    [[5.0], [44.0]]
    """
    n = by_then.shape[1]
    known = np.vstack([np.zeros(n), by_then])
    moments = np.concatenate([[0.0], days])
    # Day d lasts from d to d + 1: ends are rounded to the borders between days, so that whole
    # days hold neither more nor less than they should on average.
    first = np.round(_reached(known, moments, tails[0]))
    last = np.round(_reached(known, moments, tails[1])) - 1
    first = np.minimum(first, days[-1] - 1)
    return first, np.maximum(first, last)


def _reached(known: np.ndarray, moments: np.ndarray, share: float) -> np.ndarray:
    """When each column first reaches `share` of its last value, between moments on a line."""
    target = share * known[-1]
    step = np.clip((known < target).sum(axis=0), 1, len(moments) - 1)
    column = np.arange(known.shape[1])
    before, after = known[step - 1, column], known[step, column]
    part = np.where(
        after > before, (target - before) / np.where(after > before, after - before, 1), 0
    )
    return moments[step - 1] + part * (moments[step] - moments[step - 1])
