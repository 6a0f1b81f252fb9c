"""The futures of customers who buy at discrete opportunities: counts, waits, paths, simulation.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29(6) (FHS below).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.lifetime_value import DAYS_PER_MONTH, purchase_days
from models.btyd.rounds import Rounds, log_term
from models.btyd.settings import number, quantile_levels, whole
from models.btyd.simulate import as_summary, in_rounds, simulated_ages

Floats = NDArray[np.float64]

#: Opportunities of one customer, behind him and ahead: more would be continuous time.
LONGEST = 10_000


class RoundsAhead:
    """What a BG/BB model says of single opportunities to come."""

    if TYPE_CHECKING:
        theta_: Floats

        def _once(self, X: Any, answer: Callable[[Rounds], Floats]) -> Floats: ...
        def _log_history(self, d: Rounds, more: float = 0.0) -> Floats: ...
        def _alive_now(self, d: Rounds, more: float = 0.0) -> Floats: ...
        def _silence_now(self, d: Rounds, more: float) -> Floats: ...
        def probability_alive(self, X: Any) -> Floats:
            """Of the model."""

    def purchase_count_pmf(self, X: Any, horizon: int, n_max: int) -> Floats:
        """P(k purchases at the next `horizon` opportunities), FHS (13), k = 0 .. n_max.

        Returns
        -------
        array, shape (n_rows, n_max + 1)
        """
        periods, most = opportunities(horizon), whole("n_max", n_max, 0)

        def answer(d: Rounds) -> Floats:
            pmf = np.zeros((len(d), most + 1))
            pmf[:, 0] = self._silence_now(d, periods)
            history = self._log_history(d)
            for k in range(1, min(most, periods) + 1):
                pmf[:, k] = self._count(d, periods, k, history)
            return pmf

        return self._once(X, answer)

    def _count(self, d: Rounds, periods: int, k: int, history: Floats) -> Floats:
        """P(k purchases), k >= 1: active for i of the coming opportunities, k purchases in them.

        Each i from the one before it, as in the likelihood.
        """
        alpha, beta, gamma, delta = p = np.exp(self.theta_)
        n = d.n + k
        # Alive after the i-th, and the share of these who leave then.
        stays = np.exp(log_term(p, d.x + k, n, n, alive=True) - history)
        total = np.zeros(len(d))
        for i in range(k, periods):
            seen = d.n + i
            total += stays * gamma / (gamma + delta + seen)
            ways = (i + 1) / (i + 1 - k)
            silent = (beta + seen - d.x - k) / (alpha + beta + seen)
            stays = stays * ways * silent * (delta + seen) / (gamma + delta + seen)
        return np.minimum(total + stays, 1.0)

    def next_purchase_quantiles(self, X: Any, q: ArrayLike) -> Floats:
        """Opportunities until the next purchase, by quantile; inf where it never comes.

        The smallest count with P(purchase by then) >= q; searched up to 10,000 opportunities ahead.
        """
        levels = quantile_levels(q)
        waits = self._once(X, lambda d: self._waits(d, levels.ravel()))
        return waits if levels.ndim else waits[:, 0]

    def _waits(self, d: Rounds, levels: Floats) -> Floats:
        """Opportunity by opportunity, as long as someone may still reach his next level."""
        alpha, beta, gamma, delta = np.exp(self.theta_)
        waits = np.full((len(d), levels.size), np.inf)
        rows, active, bought = np.arange(len(d)), self._alive_now(d), np.zeros(len(d))
        for j in range(LONGEST):
            # Active at opportunity j + 1, silent before it, and buys.
            n = d.n[rows] + j
            active = active * (delta + n) / (gamma + delta + n)
            chance = (alpha + d.x[rows]) / (alpha + beta + n)
            bought = bought + active * chance
            active = active * (1 - chance)
            waits[rows] = np.where(
                (bought[:, None] >= levels) & np.isinf(waits[rows]), j + 1.0, waits[rows]
            )
            within = (bought + active)[:, None] >= levels
            may = (within & np.isinf(waits[rows])).any(axis=1)
            if not may.all():
                rows, active, bought = rows[may], active[may], bought[may]
            if not rows.size:
                break
        return waits

    def alive_path(
        self, dates: Any, until: Any, *, months_per_period: float = 12.0
    ) -> pd.Series[float]:
        """P(active at the next opportunity) of one customer, after each opportunity so far.

        Parameters
        ----------
        dates : sequence of dates
            All purchases of the customer. The first begins his first period; of those in one
            period one counts, as its opportunity has but one purchase.
        until : date
            Periods that end by then are over.
        months_per_period : float
            Length of a period; whole months follow the calendar.

        Returns
        -------
        Series indexed by the last day of each period, in [0, 1]
        """
        purchases, last = purchase_days(dates, until)
        ends = period_ends(purchases[0], last, months_per_period)
        if not len(ends):
            raise ValueError("until lies within the first period: no opportunity is over.")
        # A day of purchase that ends a period lies in it; the first purchase lies in none.
        bought = np.unique(ends.searchsorted(purchases[1:])) + 1
        periods = np.arange(1, len(ends) + 1)
        seen = np.searchsorted(bought, periods, side="right")
        latest = np.concatenate([[0], bought])[seen]
        history = pd.DataFrame({"frequency": seen, "recency": latest, "n_periods": periods})
        return pd.Series(self.probability_alive(history), index=ends, name="p_alive")

    def simulate(
        self,
        n: int,
        T: ArrayLike,
        seed: int | np.random.Generator | None = None,
        *,
        horizon: int = 0,
    ) -> pd.DataFrame:
        """Customers drawn from the model; T is the number of opportunities.

        Returns
        -------
        DataFrame with frequency, recency, n_periods, alive; purchases when a horizon is given
        """
        check_is_fitted(self, "params_")
        rounds, more = simulated_ages(n, T), opportunities(horizon)
        if (rounds != np.floor(rounds)).any() or rounds.max() > LONGEST:
            raise ValueError(f"T must hold whole numbers of opportunities up to {LONGEST:,}.")
        rng = np.random.default_rng(seed)
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance, dropout = rng.beta(alpha, beta, len(rounds)), rng.beta(gamma, delta, len(rounds))
        drawn = in_rounds(rng, chance, dropout, rounds, more)
        return as_summary(drawn, rounds, more).rename(columns={"T": "n_periods"})

    # -- draws of the future, for intervals -----------------------------------------------

    def _live_on(self, rng: np.random.Generator, d: Rounds, ends: Floats) -> Floats:
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance = rng.beta(alpha + d.x, beta + d.n - d.x)
        dropout = rng.beta(gamma, delta + d.n)
        life = rng.geometric(np.maximum(dropout, 1e-12)) - 1.0
        lived = np.minimum(life, ends[:, None])
        fresh = np.diff(lived, axis=0, prepend=0.0).astype(np.int64)
        return rng.binomial(fresh, chance).astype(float)


def opportunities(horizon: Any) -> int:
    """A checked number of opportunities."""
    return whole("The number of opportunities", horizon, 0, LONGEST)


def period_ends(
    first: pd.Timestamp, last: pd.Timestamp, months_per_period: float
) -> pd.DatetimeIndex:
    """The last day of each period that is over by `last`; the first begins at `first`."""
    length = number("months_per_period", months_per_period, above=0)
    count = (last - first).days / (length * DAYS_PER_MONTH)
    if count > LONGEST:
        raise ValueError(f"More than {LONGEST:,} opportunities between the dates.")
    whole_months = length == np.floor(length)
    ends = [
        first + pd.DateOffset(months=int(length * k))
        if whole_months
        else (first + pd.Timedelta(days=length * DAYS_PER_MONTH * k)).normalize()
        for k in range(1, int(count) + 3)
    ]
    return pd.DatetimeIndex([end for end in ends if end <= last])
