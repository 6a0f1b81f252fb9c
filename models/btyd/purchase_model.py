"""The futures of customers: intervals, waiting times, paths and made-up customers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.answers import Answers
from models.btyd.customers import Customers, as_frame, number_column
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.lifetime_value import month_discounts, month_ends, purchase_days
from models.btyd.parts import Parameters
from models.btyd.settings import number, quantile_levels
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
        return np.array([number("horizon", horizon, least=0)])

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

        Raises
        ------
        ValueError
            For rows that break a rule, counted; for a q that is not between 0 and 1.
        """
        levels = quantile_levels(q)
        waits = self._in_batches(
            X, lambda c, _: np.column_stack([self._wait_for(c, level) for level in levels.ravel()])
        )
        return waits if levels.ndim else waits[:, 0]

    def _wait_for(self, c: Customers, level: float) -> Floats:
        """Silence is gone + still(T + t): it falls by `level` when `still` falls by its share."""
        groups = c.by_history
        some = groups.members
        gone = self._spread(self._gone_value, some.by_recency)
        still = self._spread(self._still_value, self._still_groups(some))
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
        now = self._still_value(p, c)

        def fallen(t: Floats, rows: NDArray[np.int64]) -> Floats:
            some = c.take(rows)
            later = self._still_value(self._parameters(self.theta_, some), some.after(t))
            return np.asarray(now[rows] - later - drop[rows])

        return increasing_root(fallen, len(c), c.T + self._scale_of_time(p))

    @staticmethod
    def _scale_of_time(p: Parameters) -> Any:
        """A typical time between purchases: alpha, the second parameter of each model."""
        return p[1]

    def customer_table(
        self,
        X: Any,
        horizon: float,
        spend_model: GammaGammaModel | None = None,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        days_per_unit: float = 1.0,
    ) -> pd.DataFrame:
        """The answers of each customer in one table, with the index of `X` where it has one.

        Parameters
        ----------
        X : frame
            As for `fit`; with a `spend_model` also `monetary_value`.
        horizon : float
            In the unit of T.
        months, monthly_discount_rate, days_per_unit
            As for `clv`.

        Returns
        -------
        DataFrame with `p_churn` (no purchase in the horizon), `p_alive`, `expected_purchases`,
        and with a `spend_model` `expected_spend` (in the horizon) and `clv`

        Examples
        --------
        A customer's value in six lines.

        >>> from models.btyd import BetaGeoModel, GammaGammaModel, rfm_summary
        >>> orders = pd.DataFrame({"customer_id": ["A", "A", "B"], "total": [9.0, 9.0, 5.0],
        ...     "transacted_at": ["2026-01-01", "2026-02-01", "2026-01-05"]})
        >>> customers = rfm_summary(orders, amount="total", cutoff="2026-03-01")
        >>> model = BetaGeoModel.from_params({"r": 0.24, "alpha": 31, "a": 0.79, "b": 2.43})
        >>> spend = GammaGammaModel.from_params({"p": 6.25, "q": 3.74, "v": 15.44})
        >>> found = model.customer_table(customers, 90, spend)
        >>> found.loc["A", ["p_churn", "clv"]].round(2).tolist()
        [0.62, 33.1]
        """
        frame = as_frame(X, ("frequency", "recency", "T"))
        columns = {
            "p_churn": self.probability_no_purchase(frame, horizon),
            "p_alive": self.probability_alive(frame),
            "expected_purchases": self.expected_purchases(frame, horizon),
        }
        if spend_model is not None:
            money = spend_model.expected_spend(frame)
            columns["expected_spend"] = columns["expected_purchases"] * money
            columns["clv"] = self.clv(
                frame, spend_model, months, monthly_discount_rate, days_per_unit=days_per_unit
            )
        return pd.DataFrame(columns, index=frame.index)

    def alive_path(
        self, dates: Any, until: Any, *, days_per_unit: float = 1.0, covariates: Any = None
    ) -> pd.Series[float]:
        """P(alive) of one customer at the end of each day, from the first purchase to `until`.

        Parameters
        ----------
        dates : sequence of dates
            All purchases of the customer; those of one day count once.
        until : date
        days_per_unit : float
            Days in one unit of the model's T: 1 for days, 7 for weeks.
        covariates : mapping or frame of one row, optional
            The customer's covariates, by name; needed when the model has any.

        Returns
        -------
        Series indexed by day, in [0, 1]

        Raises
        ------
        ValueError
            Without a purchase, for an `until` before the last one, for what is no date, and for
            missing covariates.
        """
        purchases, last = purchase_days(dates, until)
        unit = number("days_per_unit", days_per_unit, above=0)
        days = pd.date_range(purchases[0], last, freq="D")
        seen = purchases.searchsorted(days, side="right")
        history = pd.DataFrame(
            {
                "frequency": seen - 1.0,
                "recency": (purchases[seen - 1] - purchases[0]).days / unit,
                "T": (days - purchases[0]).days / unit,
                **self._one_customers(covariates),
            }
        )
        return pd.Series(self.probability_alive(history), index=days, name="p_alive")

    def _one_customers(self, covariates: Any) -> dict[str, float]:
        """The model's covariates of one customer, by name."""
        names = self._covariates()
        if not names:
            return {}
        if covariates is None:
            raise ValueError(f"The model needs the customer's covariates {', '.join(names)}.")
        frame = as_frame([covariates] if isinstance(covariates, dict) else covariates, names)
        if len(frame) != 1:
            raise ValueError(f"covariates has {len(frame)} rows; alive_path is of one customer.")
        return {name: float(number_column(frame, name)[0]) for name in names}

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

        Raises
        ------
        ValueError
            For ages or a horizon that are negative or not finite, and missing covariates.
        """
        check_is_fitted(self, "params_")
        age, ahead = simulated_ages(n, T), number("horizon", horizon, least=0)
        rng = np.random.default_rng(seed)
        c = self._of_age(age, covariates)
        p = tuple(np.broadcast_to(v, age.shape) for v in self._parameters(self.theta_, c))
        frame = as_summary(self._draw(rng, p, age, ahead), age, ahead)
        for k, name in enumerate(self._covariates()):
            frame[name] = c.patterns[c.pattern, k]
        return frame
