"""The range columns of the blend: spend from low to high, next purchase from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

import numpy as np
import pandas as pd

from models.blend.course import Course
from models.blend.intervals import PRIOR_SPREAD, SpendShape, level_spread
from models.blend.levels import USUALLY_MISSED, shift_to_mean
from models.blend.past import ordinary
from models.blend.windows import MIDDLE, Waits, tails_that_held, window
from models.contenders.btyd import BtydContender
from models.contenders.encoding import expit, logit
from models.contenders.protocol import ANSWERS
from models.history import History, Longer, weights

STEPS = 12
"""The horizon is looked at in so many steps, short ones first, for the next purchase."""

RHYTHMS = ("mbg_cnbd_k", "mbg_nbd")
"""Models of the next purchase's day: the first that can be fitted. It knows regular customers."""

MOST_BUYERS = 10_000
"""So many buyers of a past cutoff tell how wide windows have to be."""

PAST_CUTOFFS = 3
"""Past cutoffs that are compared with what came; a horizon apart, so that none sees the same."""

USUAL = Course()
"""As a buy-till-you-die model has it."""

Said = Sequence[tuple[pd.DataFrame, pd.DataFrame | None]]
"""Labelled rows of past cutoffs, and what would have been answered for them."""


@dataclass(frozen=True)
class LongRun:
    """What was seen in a period longer than the horizon, after a past cutoff.

    `shape` is that of spend; `silent` is by how much, in log odds, more had no purchase in it
    than was expected.
    """

    days: int
    shape: SpendShape
    silent: float


@dataclass(frozen=True)
class Ranges:
    """What is needed beside the blend's means: the shape of spend, and the customers' rhythm.

    `spread` is how much the level of all customers together varies (logarithm); `long_run`
    answers for periods nearer to its own length than to the horizon's.
    """

    horizon_days: int
    shape: SpendShape | None
    rhythm: BtydContender | None
    tails: tuple[float, float] = MIDDLE
    spread: float = PRIOR_SPREAD
    long_run: LongRun | None = None

    @classmethod
    def fit(cls, history: History, said: Said = ()) -> Self:
        """Compare what was expected at past cutoffs with what came.

        How the level varied is read off a buy-till-you-die model, and so is the shape, its level
        taken out, where `said` holds no rows with what the blend would have answered for them.
        """
        days = apart(history.cutoffs, history.horizon_days)[:PAST_CUTOFFS]
        seen = [past for past in (_Baseline.at(history, day) for day in days) if past]
        waits = [wait for wait in (_waits(history, day) for day in days) if wait]
        spread = level_spread(
            *np.array([(past.level, past.noise) for past in seen]).reshape(-1, 2).T
        )
        return cls(
            history.horizon_days,
            _shape(seen, said, spread),
            _rhythm(history),
            tails_that_held(waits),
            spread,
        )

    def lengthened(
        self,
        longer: Longer,
        btyd: BtydContender,
        said: pd.DataFrame,
        expected_spend: np.ndarray,
        course: Course = USUAL,
    ) -> Self:
        """Learn the shape of a longer period from what came in one.

        `said` is what the blend answers for the past customers, `expected_spend` what it expects
        of them in the period; `course` as in `of_period`.
        """
        rows, w = longer.rows, weights(longer.rows)
        gone = float(np.average(rows["churned"].to_numpy(float), weights=w))
        came = np.maximum(rows["spend"].to_numpy(float), 0.0)
        usual = np.where(ordinary(expected_spend), w, 0.0)
        total, promised = usual @ came, usual @ expected_spend
        if gone in (0.0, 1.0) or total <= 0 or promised <= 0:
            return self
        lengths = course.lengths(btyd, rows, longer.days)
        none = self._none(rows, btyd, said, longer.days, lengths)
        silent = _worth_believing(shift_to_mean(logit(none), w, gone))
        none = expit(logit(none) + silent)
        shape = SpendShape.fit(
            none,
            _often(said, lengths[0], none),
            expected_spend * total / promised,
            came,
            rows["purchases"].to_numpy(float),
            self.spread,
        )
        return replace(self, long_run=LongRun(longer.days, shape, silent)) if shape else self

    def columns(self, customers: pd.DataFrame, said: pd.DataFrame) -> dict[str, np.ndarray]:
        """`expected_spend_low`, `_high` (money); `next_purchase_from`, `_to` (days from cutoff).

        NaN where the past held too few buyers to learn a shape. `said` holds the blend's
        `p_churn`, `expected_purchases` and `expected_spend`.
        """
        means = (said[name].to_numpy(float) for name in ANSWERS)
        unknown = np.full(len(customers), np.nan)
        low, high = self.shape.interval(*means) if self.shape else (unknown, unknown)
        first, last = self._window(customers) if self.rhythm else (unknown, unknown)
        return {
            "expected_spend_low": low,
            "expected_spend_high": high,
            "next_purchase_from": first,
            "next_purchase_to": last,
        }

    def of_period(
        self,
        customers: pd.DataFrame,
        btyd: BtydContender | None,
        said: pd.DataFrame,
        expected_spend: np.ndarray,
        days: float,
        course: Course = USUAL,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of spend within `days`, which may be longer than the horizon.

        The shape of the spend of the horizon, or of a longer period that was seen, for as many
        purchases as the period holds. How those change from the horizon to the period is a
        buy-till-you-die model's to say; where they begin is the blend's, in `said`. `course` says
        what of it ends with the horizon.
        """
        long_run = self._seen(days)
        shape = long_run.shape if long_run else self.shape
        if shape is None or btyd is None or customers.empty:
            unknown = np.full(len(customers), np.nan)
            return unknown, unknown
        lengths = course.lengths(btyd, customers, days)
        none = self._none(customers, btyd, said, days, lengths)
        return shape.interval(none, _often(said, lengths[0], none), expected_spend)

    def _seen(self, days: float) -> LongRun | None:
        """The longer period that was seen, where `days` are nearer to it than to the horizon."""
        near = self.long_run and days**2 > self.horizon_days * self.long_run.days
        return self.long_run if near else None

    def none_within(
        self,
        customers: pd.DataFrame,
        btyd: BtydContender,
        said: pd.DataFrame,
        days: float,
        course: Course = USUAL,
    ) -> np.ndarray:
        """Probability of no purchase within `days`, shape (n_customers,).

        The blend's for the horizon, moved in log odds as a buy-till-you-die model moves from
        the horizon to `days`; on past logs nearer to what came than that model's own. What
        `course` takes from the number of purchases it takes from the odds; what a longer period
        has shown is added.
        """
        return self._none(customers, btyd, said, days, course.lengths(btyd, customers, days))

    def _none(
        self,
        customers: pd.DataFrame,
        btyd: BtydContender,
        said: pd.DataFrame,
        days: float,
        lengths: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        longer, within = (
            logit(btyd.probability_no_purchase(customers, length))
            for length in (days, self.horizon_days)
        )
        left, whole = lengths
        ended = np.log(left / whole)
        p_churn, long_run = said["p_churn"].to_numpy(float), self._seen(days)
        silent = long_run.silent if long_run else 0.0
        none = expit(logit(p_churn) + longer - within - ended + silent)
        return np.minimum(none, p_churn) if days >= self.horizon_days else none

    def _window(self, customers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        if self.rhythm is None or customers.empty:
            return np.empty(0), np.empty(0)
        return window(*_by_then(self.rhythm, customers, self.horizon_days), self.tails)

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {
            "horizon_days": self.horizon_days,
            "shape": self.shape.to_dict() if self.shape else None,
            "rhythm": self.rhythm.parameters() if self.rhythm else None,
            "tails": list(self.tails),
            "spread": self.spread,
            "long_run": _written(self.long_run),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the ranges again from `to_dict`."""
        shape = SpendShape.from_dict(state["shape"]) if state["shape"] else None
        rhythm = BtydContender.restore(state["rhythm"], {}) if state["rhythm"] else None
        low, high = state["tails"]
        long = state["long_run"]
        long_run = LongRun(long[0], SpendShape.from_dict(long[1]), long[2]) if long else None
        days, spread = int(state["horizon_days"]), float(state["spread"])
        return cls(days, shape, rhythm, (low, high), spread, long_run)


def _often(said: pd.DataFrame, length: np.ndarray, none: np.ndarray) -> np.ndarray:
    """Expected purchases of a period; whoever buys at all buys at least once."""
    return np.maximum(said["expected_purchases"].to_numpy(float) * length, 1 - none)


def _written(long_run: LongRun | None) -> list[Any] | None:
    return [long_run.days, long_run.shape.to_dict(), long_run.silent] if long_run else None


def _worth_believing(shift: float) -> float:
    """A shift seen once, less what may be chance (James & Stein 1961).

    >>> _worth_believing(0.1), round(_worth_believing(-1.0), 4)
    (0.0, -0.9775)
    """
    return shift * max(0.0, 1 - (USUALLY_MISSED / shift) ** 2) if shift else 0.0


def _shape(seen: list[_Baseline], said: Said, spread: float) -> SpendShape | None:
    """The shape of all past cutoffs together, widened by how their levels varied."""
    if not seen:
        return None
    blended = [
        (
            *(answered[name].to_numpy(float) for name in ANSWERS),
            np.maximum(rows["spend"].to_numpy(float), 0.0),
            rows["purchases"].to_numpy(float),
        )
        for rows, answered in said
        if answered is not None
    ]
    for columns in (blended, [past.columns for past in seen]):
        if not columns:
            continue
        none, often, expected, spend, purchases = map(np.concatenate, zip(*columns, strict=True))
        shape = SpendShape.fit(none, often, expected, spend, purchases, spread)
        if shape:
            return shape
    return None


def _rhythm(history: History) -> BtydContender | None:
    for name in RHYTHMS:
        try:
            return BtydContender(name).fit(history)
        except ValueError:
            continue
    return None


def _by_then(
    rhythm: BtydContender, customers: pd.DataFrame, horizon_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of a purchase by each of some days, (n_days, n_customers), and those days."""
    days = horizon_days * (np.arange(1, STEPS + 1) / STEPS) ** 2
    silent = [rhythm.probability_no_purchase(customers, day) for day in days]
    return 1 - np.array(silent), days


def _waits(history: History, cutoff: date) -> Waits | None:
    """What the rhythm of a past cutoff said of those who bought, and when they did."""
    rows = history.rows(cutoff)
    bought = rows[rows["churned"] == 0]
    bought = bought.iloc[:: len(bought) // MOST_BUYERS + 1]
    rhythm = None if bought.empty else _rhythm(history.at(cutoff))
    if rhythm is None:
        return None
    by_then, days = _by_then(rhythm, bought, history.horizon_days)
    return Waits(by_then, days, bought["next_purchase"].to_numpy(float), weights(bought))


def apart(cutoffs: list[date], horizon_days: int) -> list[date]:
    """Cutoffs whose horizons do not overlap, latest first, beginning with the latest.

    >>> [c.day for c in apart([date(2024, 1, day) for day in (1, 5, 11, 15, 21)], 10)]
    [21, 11, 1]
    """
    chosen: list[date] = []
    for cutoff in sorted(cutoffs, reverse=True):
        if not chosen or cutoff + timedelta(days=horizon_days) <= chosen[-1]:
            chosen.append(cutoff)
    return chosen


@dataclass(frozen=True)
class _Baseline:
    """What MBG/NBD expected at a past cutoff, its level set right, what came, and the level."""

    columns: tuple[np.ndarray, ...]
    level: float
    noise: float

    @classmethod
    def at(cls, history: History, cutoff: date) -> Self | None:
        rows = history.rows(cutoff)
        try:
            model = BtydContender("mbg_nbd").fit(history.at(cutoff))
        except ValueError:
            return None
        said = model.predict(rows)
        purchases = said["expected_purchases"].to_numpy()
        expected = purchases * model.value.predict_from_all(rows)
        came = np.maximum(rows["spend"].to_numpy(float), 0.0)
        usual = ordinary(expected)
        total = came[usual].sum()
        if total <= 0 or expected[usual].sum() <= 0:
            return None
        level = total / expected[usual].sum()
        noise = float(((came - level * expected)[usual] ** 2).sum() / total**2)
        columns = (
            said["p_churn"].to_numpy(),
            purchases,
            level * expected,
            came,
            rows["purchases"].to_numpy(float),
        )
        return cls(columns, float(np.log(level)), noise)
