"""The answers of a purchase-history model, each computed once per group of alike customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.customers import Customers, Groups, as_frame, read_customers
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.lifetime_value import month_discounts, month_ends, spend_per_purchase
from models.btyd.likelihood import HistoryLikelihood
from models.btyd.parts import Parameters, Part
from models.btyd.simulate import Histories, as_summary, simulated_ages
from models.btyd.special import increasing_root
from models.btyd.uncertainty import intervals

Floats = NDArray[np.float64]

#: Rows predicted at once: bounds the memory, and keeps the distinct histories shared.
BATCH_ROWS = 1 << 20


class PurchaseModel(HistoryLikelihood):
    """What may be asked of a fitted model of (x, t_x, T)."""

    #: Rows whose P(alive) is computed at once; None: as of any answer.
    _alive_rows: ClassVar[int | None] = None

    # -- what a model provides ------------------------------------------------------------

    def _alive(self, p: Parameters, c: Customers) -> Floats:
        """P(alive at T | history)."""
        raise NotImplementedError

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        """E[purchases in (T, T + horizon] | history, alive at T]."""
        raise NotImplementedError

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """P(n purchases in (T, T + horizon] | history, alive at T), n >= 1 (0 is not used)."""
        raise NotImplementedError

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

    def _alive_now(self, c: Customers) -> Floats:
        return self._alive(self._parameters(self.theta_, c), c)

    def _silence_now(self, c: Customers, horizon: float) -> Floats:
        return self._silence(c, np.asarray(horizon))

    # -- answers --------------------------------------------------------------------------

    def _in_batches(
        self, X: Any, answer: Callable[[Customers, slice], Floats], rows: int | None = None
    ) -> Floats:
        """An answer for all rows, computed on so many at a time that memory stays bounded."""
        check_is_fitted(self, "params_")
        c = self._read(X)
        size = rows or BATCH_ROWS
        batches = [slice(at, at + size) for at in range(0, len(c), size)]
        parts = [answer(c.take(batch), batch) for batch in batches]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def probability_alive(self, X: Any) -> Floats:
        """Probability that the customer has not dropped out, shape (n_rows,), in [0, 1].

        Not the probability of a purchase within a horizon: see `probability_no_purchase`.
        """
        return self._in_batches(X, lambda c, _: self._alive_now(c), self._alive_rows)

    def probability_no_purchase(self, X: Any, horizon: ArrayLike) -> Floats:
        """P(no purchase in (T, T + horizon]), shape (n_rows,), in [0, 1].

        For any model of the family exp(l(x, t_x, T + H) - l(x, t_x, T)): the history extended by
        a silence of H, given the history.

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        """
        length = Horizon(horizon)
        return self._in_batches(X, lambda c, batch: self._silence(c, length.of(c, batch)))

    def _silence(self, c: Customers, horizon: Floats) -> Floats:
        gone = self._spread(self._gone, c.by_recency)
        now = self._spread(self._still, self._still_groups(c))
        later = self._future(
            c, horizon, lambda p, some, length: self._still(p, some.after(length)).value
        )
        silent = np.exp(np.logaddexp(gone, later) - np.logaddexp(gone, now))
        return np.minimum(silent, 1.0)

    def _spread(self, part: Callable[[Parameters, Customers], Part], groups: Groups) -> Floats:
        """A part of the likelihood for every row, computed once per group."""
        return groups.spread(part(self._parameters(self.theta_, groups.members), groups.members)[0])

    def _future(
        self,
        c: Customers,
        horizon: Floats,
        answer: Callable[[Parameters, Customers, Floats], Floats],
    ) -> Floats:
        """An answer on a horizon, once per group where all rows share the horizon."""
        if horizon.ndim:
            return answer(self._parameters(self.theta_, c), c, horizon)
        groups = self._still_groups(c)
        some = groups.members
        length = np.full(len(some), float(horizon))
        return groups.spread(answer(self._parameters(self.theta_, some), some, length))

    def expected_purchases(self, X: Any, horizon: ArrayLike) -> Floats:
        """E[number of purchases in (T, T + horizon] | history], shape (n_rows,).

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        """
        length = Horizon(horizon)
        return self._in_batches(X, lambda c, batch: self._expected(c, length.of(c, batch)))

    def _expected(self, c: Customers, horizon: Floats) -> Floats:
        alive = self._alive(self._parameters(self.theta_, c), c)
        return alive * self._future(c, horizon, self._expected_if_alive)

    def expected_purchases_new_customer(self, t: ArrayLike) -> Floats:
        """E[number of purchases in (0, t]] of a customer just acquired, shape of t.

        For a model with covariates: of a customer whose covariates are all zero.
        """
        check_is_fitted(self, "params_")
        length = np.asarray(t, dtype=float)
        new = self._of_age(np.zeros(length.size))
        horizon = Horizon(length.ravel()).of(new, slice(None))
        return self._expected(new, horizon).reshape(length.shape)

    def purchase_count_pmf(self, X: Any, horizon: ArrayLike, n_max: int) -> Floats:
        """P(n purchases in (T, T + horizon] | history) for n = 0 .. n_max.

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        n_max : int, >= 0

        Returns
        -------
        array, shape (n_rows, n_max + 1); the missing mass of each row lies beyond n_max
        """
        if isinstance(n_max, bool) or int(n_max) != n_max or n_max < 0:
            raise ValueError(f"n_max must be a whole number >= 0; got {n_max}.")
        length = Horizon(horizon)
        counts = np.arange(int(n_max) + 1.0)
        return self._in_batches(X, lambda c, batch: self._pmf(c, length.of(c, batch), counts))

    def _pmf(self, c: Customers, horizon: Floats, counts: Floats) -> Floats:
        pmf = np.empty((len(c), len(counts)))
        pmf[:, 0] = self._silence(c, horizon)
        if len(counts) > 1:
            some = self._future(
                c,
                horizon,
                lambda p, some, length: np.column_stack(
                    [self._count_if_alive(p, some, length, n) for n in counts[1:]]
                ),
            )
            pmf[:, 1:] = some * self._alive(self._parameters(self.theta_, c), c)[:, None]
        return pmf

    def clv(
        self,
        X: Any,
        spend_model: Any,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        days_per_unit: float = 1.0,
        start: dt.date | str | None = None,
    ) -> Floats:
        """Customer lifetime value: expected discounted spend over the coming months.

        The purchases expected in each month, times the expected spend per purchase, discounted
        from the month's end (Fader, Hardie & Lee 2005, "RFM and CLV").

        Parameters
        ----------
        X : frame
            frequency, recency, T, and what the spend model needs.
        spend_model : GammaGammaModel
            Or anything with `expected_spend(X)`.
        months : int
        monthly_discount_rate : float
            0.01 is 12.7 % a year.
        days_per_unit : float
            Days in one unit of T: 1 for days, 7 for weeks.
        start : date, optional
            The cutoff; months then follow the calendar, else each has 30.44 days.

        Returns
        -------
        array, shape (n_rows,), in the unit of money
        """
        ends = month_ends(months, days_per_unit, start)
        worth = month_discounts(months, monthly_discount_rate)
        purchases = self._in_batches(X, lambda c, _: self._discounted(c, ends, worth))
        return purchases * spend_per_purchase(spend_model, X)

    def _discounted(self, c: Customers, ends: Floats, worth: Floats) -> Floats:
        """Expected purchases, each weighed by the worth of the period it falls in."""
        groups = self._still_groups(c)
        some = groups.members
        p = self._parameters(self.theta_, some)
        # By parts: the sum of worth_k (E_k - E_{k-1}) holds each E_k once.
        falls = worth - np.append(worth[1:], 0.0)
        total = np.zeros(len(some))
        for end, fall in zip(ends, falls, strict=True):
            total += fall * self._expected_if_alive(p, some, np.full(len(some), end))
        return groups.spread(total) * self._alive(self._parameters(self.theta_, c), c)

    def purchase_intervals(
        self,
        X: Any,
        horizon: float,
        *,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for each customer's number of purchases in (T, T + horizon].

        Carries both the customer's own randomness and the parameters'. Counts are discrete: the
        interval of whole numbers covers at least `level`.

        Parameters
        ----------
        X : frame
        horizon : float, > 0, in the unit of T
        level : float
            Nominal coverage.
        n_draws : int
            Futures drawn per customer.
        seed : int or Generator

        Returns
        -------
        DataFrame with low and high, indexed as X
        """
        ends = np.atleast_1d(Horizon(float(horizon)).length)
        return intervals(self, X, ends, np.ones(1), None, level, n_draws, seed)

    def spend_intervals(
        self,
        X: Any,
        spend_model: GammaGammaModel,
        horizon: float,
        *,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for each customer's spend in (T, T + horizon]; as `purchase_intervals`."""
        ends = np.atleast_1d(Horizon(float(horizon)).length)
        return intervals(self, X, ends, np.ones(1), spend_model, level, n_draws, seed)

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

    def _of_age(self, T: Floats, covariates: Any = None) -> Customers:
        """Customers who bought once, T ago; covariates zero when not given."""
        frame = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": T})
        for name in self._covariates():
            frame[name] = 0.0 if covariates is None else as_frame(covariates, [name])[name].array
        return read_customers(frame, self._covariates())


class Horizon:
    """The horizon as one number or one per row; finite and not negative."""

    def __init__(self, horizon: ArrayLike) -> None:
        self.length = np.asarray(horizon, dtype=float)
        wrong = ~(np.isfinite(self.length) & (self.length >= 0))
        if wrong.any():
            count = int(np.sum(wrong))
            raise ValueError(
                f"{count:,} of {self.length.size:,} horizons are negative or not finite."
            )

    def of(self, c: Customers, batch: slice) -> Floats:
        """The horizon of one batch of customers."""
        part = self.length[batch] if self.length.ndim else self.length
        if part.ndim and part.shape != (len(c),):
            raise ValueError(f"horizon has shape {self.length.shape}; expected one per row.")
        return part
