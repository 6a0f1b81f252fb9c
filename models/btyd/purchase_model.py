"""The futures of customers: intervals, waiting times, paths and made-up customers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.answers import Answers, Horizon
from models.btyd.customers import Customers
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.lifetime_value import month_discounts, month_ends
from models.btyd.parts import Parameters
from models.btyd.simulate import Histories, as_summary, simulated_ages
from models.btyd.special import increasing_root
from models.btyd.uncertainty import Intervals, intervals

Floats = NDArray[np.float64]


class PurchaseModel(Intervals, Answers):
    """All that may be asked of a fitted model of (x, t_x, T)."""

    # -- what a model provides ------------------------------------------------------------

    def _draw(
        self, rng: np.random.Generator, p: Parameters, T: Floats, horizon: float
    ) -> Histories:
        """Customers of age T drawn from the model."""
        raise NotImplementedError

    def _live_on(self, rng: np.random.Generator, c: Customers, ends: Floats) -> Floats:
        """Purchases of each period between the ends, drawn for customers alive at T.

        Shape (n_ends, n); `ends` are times after T, ascending.
        """
        raise NotImplementedError

    # -- answers --------------------------------------------------------------------------

    def _ends(self, horizon: float) -> Floats:
        return np.atleast_1d(Horizon(float(horizon)).length)

    def clv_intervals(
        self,
        X: Any,
        spend_model: GammaGammaModel,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        days_per_unit: float = 1.0,
        start: dt.date | str | None = None,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for each customer's discounted spend over the coming months; see `clv`."""
        ends = month_ends(months, days_per_unit, start)
        worth = month_discounts(months, monthly_discount_rate)
        return intervals(self, X, ends, worth, spend_model, level, n_draws, seed)

    def next_purchase_quantiles(self, X: Any, q: ArrayLike) -> Floats:
        """Time from T until the next purchase, by quantile; inf where it never comes.

        The t with P(purchase in (T, T + t]) = q; a customer who buys again with a probability
        below q gets inf.

        Parameters
        ----------
        X : frame
        q : float or array_like, in (0, 1)

        Returns
        -------
        array, shape (n_rows,) for one q, else (n_rows, n_q), in the unit of T
        """
        levels = np.asarray(q, dtype=float)
        if not ((levels > 0) & (levels < 1)).all():
            raise ValueError("q must lie strictly between 0 and 1.")
        waits = self._in_batches(
            X, lambda c, _: np.column_stack([self._wait_for(c, level) for level in levels.ravel()])
        )
        return waits if levels.ndim else waits[:, 0]

    def _wait_for(self, c: Customers, level: float) -> Floats:
        """Silence is gone + still(T + t): it falls by `level` when `still` falls by its share."""
        groups = c.by_history
        some = groups.members
        gone = self._spread(self._gone, some.by_recency)
        still = self._spread(self._still, self._still_groups(some))
        returning = np.exp(still - np.logaddexp(gone, still))
        wait = np.full(len(some), np.inf)
        comes = np.flatnonzero(returning > level)
        drop = -np.log1p(-level / returning[comes])
        if comes.size:
            chosen = some.take(comes)
            wait[comes] = self._wait(self._parameters(self.theta_, chosen), chosen, drop)
        return groups.spread(wait)

    def _wait(self, p: Parameters, c: Customers, drop: Floats) -> Floats:
        """Time until the logarithm of `still` has fallen by `drop`."""
        now = self._still(p, c).value

        def fallen(t: Floats, rows: NDArray[np.int64]) -> Floats:
            some = c.take(rows)
            later = self._still(self._parameters(self.theta_, some), some.after(t)).value
            return np.asarray(now[rows] - later - drop[rows])

        return increasing_root(fallen, len(c), c.T + self._scale_of_time(p))

    @staticmethod
    def _scale_of_time(p: Parameters) -> Any:
        """A typical time between purchases: alpha, the second parameter of each model."""
        return p[1]

    def alive_path(self, dates: Any, until: Any, *, days_per_unit: float = 1.0) -> pd.Series[float]:
        """P(alive) of one customer at the end of each day, from the first purchase to `until`.

        Parameters
        ----------
        dates : sequence of dates
            All purchases of the customer; those of one day count once.
        until : date
        days_per_unit : float
            Days in one unit of the model's T: 1 for days, 7 for weeks.

        Returns
        -------
        Series indexed by day, in [0, 1]
        """
        if self._covariates():
            raise ValueError("alive_path knows no covariates; use probability_alive.")
        purchases = pd.DatetimeIndex(pd.to_datetime(list(dates))).normalize().unique().sort_values()
        last = pd.Timestamp(until).normalize()
        if purchases.empty or purchases.hasnans:
            raise ValueError("dates holds no purchase, or a missing date.")
        if last < purchases[-1]:
            raise ValueError("until lies before the last purchase.")
        days = pd.date_range(purchases[0], last, freq="D")
        seen = purchases.searchsorted(days, side="right")
        history = pd.DataFrame(
            {
                "frequency": seen - 1.0,
                "recency": (purchases[seen - 1] - purchases[0]).days / days_per_unit,
                "T": (days - purchases[0]).days / days_per_unit,
            }
        )
        return pd.Series(self.probability_alive(history), index=days, name="p_alive")

    def simulate(
        self,
        n: int,
        T: ArrayLike,
        seed: int | np.random.Generator | None = None,
        *,
        horizon: float = 0.0,
        covariates: Any = None,
    ) -> pd.DataFrame:
        """Customers drawn from the fitted model.

        Parameters
        ----------
        n : int
        T : float or array_like, shape (n,)
            Age of each customer.
        seed : int or Generator, optional
        horizon : float
            When above 0, a column `purchases` holds those in (T, T + horizon].
        covariates : frame, optional
            The model's covariates, n rows; needed when it has any.

        Returns
        -------
        DataFrame with frequency, recency, T, alive, the covariates, and for the regularity model
        log_intervals
        """
        check_is_fitted(self, "params_")
        age = simulated_ages(n, T)
        rng = np.random.default_rng(seed)
        c = self._of_age(age, covariates)
        p = tuple(np.broadcast_to(v, age.shape) for v in self._parameters(self.theta_, c))
        frame = as_summary(self._draw(rng, p, age, float(horizon)), age, float(horizon))
        for k, name in enumerate(self._covariates()):
            frame[name] = c.patterns[c.pattern, k]
        return frame
