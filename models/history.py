"""What a contender may learn from: labelled snapshots of the past and today's population."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from threading import RLock
from typing import Any

import numpy as np
import pandas as pd

from models.btyd.lifetime_value import month_ends
from models.frames import Frames, some_rows

LABELS = ("churned", "purchases", "spend", "next_purchase")
"""Outcome columns of a panel, read in `[cutoff, cutoff + horizon)`."""

NOT_FEATURES = ("customer_id", "cutoff", "weight", *LABELS)
"""Panel columns that never reach a model as a feature."""


SO_FAR = "next_purchase"
"""The only outcome of a cutoff whose horizon is not over: what is known of it by now."""


@dataclass(frozen=True)
class LevelError:
    """What a buy-till-you-die model said of all customers at a past cutoff, less what came.

    `churn` is in log odds, `purchases` in logarithms of the total; 0 is best. `variance` says
    how much of either may be chance, or the log's youth. `later` holds, by length of a period in
    days, the error of the purchases that came in it after the horizon.
    """

    churn: float
    purchases: float
    variance: float = 0.0
    later: dict[int, float] = field(default_factory=dict)

    def known_after(self, days: int) -> LevelError:
        """Forget the periods that were not over so many days after the cutoff."""
        return replace(self, later={span: x for span, x in self.later.items() if span <= days})


@dataclass(frozen=True)
class Longer:
    """Customers of a past cutoff with what came of them in some months, more than a horizon.

    `rows` hold the features at `cutoff`, and the labels read in those months.
    """

    cutoff: date
    months: int
    rows: pd.DataFrame

    @property
    def days(self) -> int:
        """Length of the months in days."""
        return int(month_ends(self.months, start=self.cutoff)[-1])


@dataclass(frozen=True)
class History:
    """Everything that may be learned from at `cutoff`.

    Parameters
    ----------
    cutoff : date
        The day from which on nothing is known.
    horizon_days : int
        Length of the horizon that a contender answers for, in days.
    panel : DataFrame
        Snapshots at earlier cutoffs, stacked: one row per customer and cutoff, with
        the features, `cutoff`, the labels `churned`, `purchases`, `spend` and
        `next_purchase` (days after the cutoff, NaN where churned), and
        optionally `weight`, the number of customers that a sampled row stands for.
    populations : mapping of date to DataFrame
        For every cutoff of the panel and for `cutoff` itself: `frequency`, `recency`,
        `T` (days), `monetary_value` and `n_customers`, one row per group of equals.
    attributes : tuple of str
        The panel columns that hold categories rather than numbers.
    snapshot : DataFrame, optional
        The features at `cutoff` itself, without labels (all customers or a weighted
        sample): the people to be scored, whose mean level may be adjusted to.
    level_errors : dict of date to LevelError, optional
        At cutoffs of up to several years back, in even steps, as far as the log reaches; see
        `models.blend.level_error`. Only those whose horizon is over.
    recent : DataFrame, optional
        Snapshots at cutoffs whose horizon is not over, with `cutoff` and, as the only outcome,
        `next_purchase`: days after the cutoff, NaN where none came before `cutoff`.
    longer : Longer, optional
        What came in a period longer than the horizon, such as the months of clv.
    money : tuple of str, optional
        The panel columns in the log's currency.
    seed : int, optional
        For the models that draw, such as trees on random subsets of the features.
    unjudged : float, optional
        Logarithm by which spend has changed within the last horizon, see
        `models.blend.recent_change`.

    Raises
    ------
    ValueError
        When a label of the panel was not complete at `cutoff`, or the population
        at `cutoff` is missing.
    """

    cutoff: date
    horizon_days: int
    panel: pd.DataFrame
    populations: Mapping[date, pd.DataFrame]
    attributes: tuple[str, ...] = field(default=())
    snapshot: pd.DataFrame | None = None
    level_errors: dict[date, LevelError] = field(default_factory=dict)
    recent: pd.DataFrame | None = None
    longer: Longer | None = None
    money: tuple[str, ...] = ()
    seed: int = 0
    unjudged: float = 0.0
    _fitted: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _shared: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _locks: dict[Any, RLock] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise ValueError(f"horizon_days is {self.horizon_days}; it must be at least 1.")
        if self.cutoff not in self.populations:
            raise ValueError(f"There is no population for the cutoff {self.cutoff}.")
        days = [*self.cutoffs, *self.level_errors]
        unfinished = sorted(day for day in days if day > self.last_labelled)
        if unfinished:
            raise ValueError(
                f"{len(unfinished)} of {len(days)} past cutoffs (first: {unfinished[0]}) "
                f"have a horizon of {self.horizon_days} days that is not over at {self.cutoff}; "
                f"use cutoffs up to {self.last_labelled}."
            )
        if self.level_errors != completed(self.level_errors, self.cutoff, self.horizon_days):
            raise ValueError(f"The level errors hold purchases that came after {self.cutoff}.")
        if self.recent is not None and _unknown(self.recent, self.cutoff).any():
            raise ValueError(f"The recent rows hold purchases that came after {self.cutoff}.")
        long = self.longer
        if long is not None and long.cutoff + timedelta(days=long.days) > self.cutoff:
            raise ValueError(f"The {long.months} months from {long.cutoff} are not over.")

    @property
    def last_labelled(self) -> date:
        """The latest cutoff whose horizon is over at `cutoff`."""
        return self.cutoff - timedelta(days=self.horizon_days)

    @property
    def cutoffs(self) -> list[date]:
        """The cutoffs of the panel, earliest first."""
        return sorted(pd.Timestamp(day).date() for day in self.panel["cutoff"].unique())

    @property
    def population(self) -> pd.DataFrame:
        """Recency, frequency and monetary value of everybody known at `cutoff`."""
        return self.populations[self.cutoff]

    @property
    def n_customers(self) -> int:
        """How many customers are known at `cutoff`."""
        return int(self.population["n_customers"].sum())

    @property
    def n_taught(self) -> float:
        """How many customers the panel's last cutoff is of; 0 without one."""
        return float(weights(self.rows(self.cutoffs[-1])).sum()) if self.cutoffs else 0.0

    def rows(self, cutoff: date) -> pd.DataFrame:
        """Rows of the panel at one cutoff, in the panel's order."""
        chosen = pd.to_datetime(self.panel["cutoff"]) == pd.Timestamp(cutoff)
        return some_rows(self.panel, chosen)

    def soon(self, days: int) -> pd.DataFrame:
        """Rows of all cutoffs whose first `days` days are over, `churned` read in those only.

        The panel's cutoffs and, where there are recent ones, these too.
        """
        last = pd.Timestamp(self.cutoff - timedelta(days=days))
        over = [
            frame.loc[pd.to_datetime(frame["cutoff"]) <= last].drop(columns=_later(frame))
            for frame in (self.panel, self.recent)
            if frame is not None
        ]
        rows = pd.concat(over, ignore_index=True)
        return rows.assign(churned=(~(rows[SO_FAR] < days)).astype(int))

    @property
    def todays_customers(self) -> pd.DataFrame:
        """Features at `cutoff`, or of the panel's last cutoff when they were not given."""
        return self.rows(self.cutoffs[-1]) if self.snapshot is None else self.snapshot

    def once(self, key: Any, fit: Callable[[], Any]) -> Any:
        """Answer `fit()`, run at most once for each `key` over this history.

        Contenders share parts, and a part fitted to the same history is the same part.
        A second thread that asks for a key waits for the first one's answer.
        """
        with self._locks.setdefault(key, RLock()):
            if key not in self._fitted:
                self._fitted[key] = fit()
            return self._fitted[key]

    def sharing(self, fits: dict[Any, Any]) -> History:
        """Look for fits among those of other histories of the same snapshots, and add to them."""
        object.__setattr__(self, "_shared", fits)
        return self

    def fitted_once(self, key: Any, fit: Callable[[], Any]) -> Any:
        """Do as `once`, for histories that share fits: equal cutoffs are then equal data."""
        recent = () if self.recent is None else tuple(self.recent["cutoff"].unique())
        place = (self.cutoff, tuple(self.cutoffs), recent, key)

        def shared() -> Any:
            if place not in self._shared:
                self._shared[place] = fit()
            return self._shared[place]

        return self.once(key, shared)

    def at(self, cutoff: date) -> History:
        """Go back to what was known at an earlier cutoff: only labels complete by then."""
        return self if cutoff == self.cutoff else self.once(cutoff, lambda: self._back_to(cutoff))

    def _back_to(self, cutoff: date) -> History:
        complete = pd.Timestamp(cutoff) - pd.Timedelta(days=self.horizon_days)
        known = pd.to_datetime(self.panel["cutoff"]) <= complete
        return replace(
            self,
            cutoff=cutoff,
            panel=some_rows(self.panel, known),
            populations=Frames(
                (day for day in self.populations if day <= cutoff), self.populations.__getitem__
            ),
            snapshot=self._unlabelled(cutoff),
            level_errors=completed(self.level_errors, cutoff, self.horizon_days),
            recent=self._unfinished(cutoff),
            longer=None,
        ).sharing(self._shared)

    def _unfinished(self, cutoff: date) -> pd.DataFrame | None:
        """Rows of cutoffs whose horizon was not over at `cutoff`, with what was known by then."""
        complete = pd.Timestamp(cutoff) - pd.Timedelta(days=self.horizon_days)
        when = pd.to_datetime(self.panel["cutoff"])
        rows = self.panel.loc[(when > complete) & (when < pd.Timestamp(cutoff))]
        return None if rows.empty else known_by(rows, cutoff)

    def _unlabelled(self, cutoff: date) -> pd.DataFrame | None:
        rows = self.rows(cutoff).drop(columns=list(LABELS))
        return None if rows.empty else rows

    def latest(self) -> History:
        """Keep only the last cutoff of the panel."""
        if not self.cutoffs:
            return self
        return replace(self, panel=self.rows(self.cutoffs[-1]))


def known_by(rows: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    """Labelled rows as they looked at `cutoff`: only purchases before it are known, none on it.

    Examples
    --------
    >>> rows = pd.DataFrame({"cutoff": [date(2024, 1, 1)] * 2, "next_purchase": [3.0, 30.0]})
    >>> known_by(rows.assign(churned=0), date(2024, 1, 31))["next_purchase"].tolist()
    [3.0, nan]
    """
    rows = rows.drop(columns=_later(rows)).reset_index(drop=True)
    return rows.assign(**{SO_FAR: rows[SO_FAR].mask(_unknown(rows, cutoff))})


def _later(rows: pd.DataFrame) -> list[str]:
    """Outcomes that only a finished horizon has."""
    return [name for name in LABELS if name != SO_FAR and name in rows]


def _unknown(rows: pd.DataFrame, cutoff: date) -> pd.Series:
    """Where the next purchase had not come yet at `cutoff`."""
    passed = (pd.Timestamp(cutoff) - pd.to_datetime(rows["cutoff"])).dt.days
    return rows[SO_FAR] >= passed


def completed(
    errors: dict[date, LevelError], cutoff: date, horizon_days: int
) -> dict[date, LevelError]:
    """Keep what was known at `cutoff` of level errors: only periods that were over by then."""
    last = cutoff - timedelta(days=horizon_days)
    return {
        day: error.known_after((cutoff - day).days) for day, error in errors.items() if day <= last
    }


def weights(panel: pd.DataFrame) -> np.ndarray:
    """How many customers each row stands for, shape (n_rows,); 1 when nothing was sampled."""
    if "weight" in panel:
        return panel["weight"].to_numpy(dtype=float)
    return np.ones(len(panel))
