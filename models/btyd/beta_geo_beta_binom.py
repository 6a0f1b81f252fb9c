"""BG/BB: purchases at discrete opportunities (a yearly appeal, a weekly visit) until dropout.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29(6) (FHS below).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special
from sklearn.utils.validation import check_is_fitted

from models.btyd.base import MaximumLikelihoodModel
from models.btyd.customers import as_frame, number_column, read_weights, refuse
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.lifetime_value import spend_per_purchase
from models.btyd.rounds import Rounds, log_likelihood, log_term
from models.btyd.simulate import as_summary, in_rounds, simulated_ages
from models.btyd.uncertainty import Intervals, intervals

Floats = NDArray[np.float64]


class BetaGeoBetaBinomModel(Intervals, MaximumLikelihoodModel):
    """BG/BB: at each opportunity an active customer buys or not; before each he may leave.

    Reads `frequency`, `recency` (the opportunity of the last purchase, 0 without one) and
    `n_periods` (opportunities so far); horizons are numbers of opportunities.

    Parameters
    ----------
    prior_scale : float, optional
        Standard deviation of a weak normal prior on the log parameters.

    Attributes
    ----------
    params_ : dict
        alpha, beta (purchase probability p ~ Beta(alpha, beta)), gamma, delta (dropout
        probability theta ~ Beta(gamma, delta)).

    Examples
    --------
    >>> model = BetaGeoBetaBinomModel.from_params(
    ...     {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783})
    >>> X = pd.DataFrame({"frequency": [6, 0], "recency": [6, 0], "n_periods": [6, 6]})
    >>> model.expected_purchases(X, 5).round(2).tolist()
    [3.75, 0.07]
    """

    parameter_names = ("alpha", "beta", "gamma", "delta")
    prior_scale: float | None

    def __init__(self, prior_scale: float | None = None) -> None:
        self.prior_scale = prior_scale

    # -- fit ------------------------------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Rounds:
        frame = as_frame(X, ("frequency", "recency", "n_periods"))
        size = len(frame)
        if size == 0:
            raise ValueError("The frame has no rows: there is no customer to learn from.")
        x, t_x, n = (number_column(frame, c) for c in ("frequency", "recency", "n_periods"))
        whole = {"frequency": x, "recency": t_x, "n_periods": n}
        rules: dict[str, Any] = {
            f"{name} is a finite whole number >= 0": lambda v=v: (
                ~(np.isfinite(v) & (v >= 0) & (v == np.floor(v)))
            )
            for name, v in whole.items()
        }
        rules["frequency <= recency <= n_periods"] = lambda: (x > t_x) | (t_x > n)
        rules["recency is 0 where frequency is 0"] = lambda: (x == 0) & (t_x > 0)
        refuse(rules, size)
        return Rounds(x, t_x, n, read_weights(sample_weight, size))

    def _check_enough(self, data: Rounds) -> None:
        if not data.n.any():
            raise ValueError("n_periods is 0 for every customer: there is nothing to learn from.")
        if not data.x.any():
            raise ValueError(
                f"None of {data.weight.sum():,.0f} customers purchased (frequency 0): the data "
                "say nothing about repeat purchases. Use a longer calibration period."
            )
        super()._check_enough(data)

    def _scale(self, data: Rounds) -> float:
        return 1.0

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(1.0, 1.0, 0.7, 2.5), (0.5, 2.0, 0.3, 5.0), (2.0, 1.0, 1.5, 1.5)]

    def _total_log_likelihood(self, theta: Floats, data: Rounds) -> tuple[float, Floats]:
        p = np.exp(theta)
        value, slopes = log_likelihood(p, data.x, data.t_x, data.n)
        return float(data.weight @ value), p * (slopes @ data.weight)

    def customer_log_likelihood(self, X: Any) -> Floats:
        """Log-likelihood of each row's history, FHS (5), shape (n_rows,)."""
        return self._once(X, lambda d: log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n)[0])

    # -- answers --------------------------------------------------------------------------

    def _once(self, X: Any, answer: Any) -> Floats:
        """An answer computed once per distinct history."""
        check_is_fitted(self, "params_")
        groups, codes = self._read(X).histories()
        return np.asarray(answer(groups))[codes]

    def _log_alive(self, d: Rounds) -> Floats:
        """Log of P(alive at n and the history), unconditional."""
        return log_term(np.exp(self.theta_), d.x, d.n, d.n, alive=True)

    def probability_alive(self, X: Any) -> Floats:
        """P(active at the next opportunity), FHS (11), shape (n_rows,), in [0, 1].

        FHS's "alive at n + 1": having survived the chance to leave before it.
        """
        return self._once(X, lambda d: np.exp(self._log_later(d, 1) - self._log_history(d)))

    def _log_history(self, d: Rounds) -> Floats:
        return log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n)[0]

    def _log_later(self, d: Rounds, periods: int) -> Floats:
        """Log of P(history, and not dropped out before opportunity n + periods)."""
        return log_term(np.exp(self.theta_), d.x, d.n, d.n + periods, alive=True)

    def probability_no_purchase(self, X: Any, horizon: int) -> Floats:
        """P(no purchase at the next `horizon` opportunities), shape (n_rows,), in [0, 1]."""
        periods = _periods(horizon)

        def answer(d: Rounds) -> Floats:
            later = log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n + periods)[0]
            return np.minimum(np.exp(later - self._log_history(d)), 1.0)

        return self._once(X, answer)

    def expected_purchases(self, X: Any, horizon: int) -> Floats:
        """E[purchases at the next `horizon` opportunities | history], FHS (14) as a plain sum.

        The sum over opportunities of P(still active) is positive and has no pole at gamma = 1.
        """
        periods = _periods(horizon)
        return self._once(X, lambda d: self._sum_alive(d, np.ones(periods)))

    def _sum_alive(self, d: Rounds, worth: Floats) -> Floats:
        """Purchases at the coming opportunities, each weighed by its worth."""
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance = (alpha + d.x) / (alpha + beta + d.n)
        active = np.exp(self._log_alive(d) - self._log_history(d))
        total = np.zeros(len(d))
        for j, value in enumerate(worth):
            active = active * (delta + d.n + j) / (gamma + delta + d.n + j)
            total += value * active
        return chance * total

    def expected_purchases_new_customer(self, t: ArrayLike) -> Floats:
        """E[purchases at the first t opportunities] of a new customer, FHS (8), shape of t."""
        check_is_fitted(self, "params_")
        periods = np.asarray(t, dtype=float)
        new = Rounds(np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1))
        longest = max((_periods(k) for k in periods.ravel()), default=0)
        steps = [self._sum_alive(new, np.ones(k))[0] for k in range(longest + 1)]
        return np.asarray(steps)[periods.astype(np.int64)]

    def clv(
        self,
        X: Any,
        spend_model: Any,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        months_per_period: float = 12.0,
    ) -> Floats:
        """Expected discounted spend at the opportunities of the coming months, shape (n_rows,).

        `months_per_period` is the time between opportunities; the next lies one such time ahead.
        """
        ends, worth = self._opportunities(months, monthly_discount_rate, months_per_period)
        purchases = self._once(X, lambda d: self._sum_alive(d, worth[: len(ends)]))
        return purchases * spend_per_purchase(spend_model, X)

    @staticmethod
    def _opportunities(
        months: int, monthly_discount_rate: float, months_per_period: float
    ) -> tuple[Floats, Floats]:
        """The opportunities within the coming months, and what money there is worth today."""
        if not (np.isfinite(months_per_period) and months_per_period > 0):
            raise ValueError(f"months_per_period must be above 0; got {months_per_period}.")
        ends = np.arange(1.0, np.floor(_periods(months) / months_per_period) + 1)
        if not ends.size:
            raise ValueError(
                f"No opportunity within {months} months: one comes every "
                f"{months_per_period:g} months."
            )
        return ends, (1 + monthly_discount_rate) ** -(ends * months_per_period)

    def _ends(self, horizon: float) -> Floats:
        return np.array([float(_periods(horizon))])

    def clv_intervals(
        self,
        X: Any,
        spend_model: GammaGammaModel,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        months_per_period: float = 12.0,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for the discounted spend of the coming months; columns low, high."""
        ends, worth = self._opportunities(months, monthly_discount_rate, months_per_period)
        return intervals(self, X, ends, worth, spend_model, level, n_draws, seed)

    def purchase_count_pmf(self, X: Any, horizon: int, n_max: int) -> Floats:
        """P(k purchases at the next `horizon` opportunities), FHS (13), k = 0 .. n_max.

        Returns
        -------
        array, shape (n_rows, n_max + 1)
        """
        periods = _periods(horizon)

        def answer(d: Rounds) -> Floats:
            columns = [self._count(d, periods, k) for k in range(int(n_max) + 1)]
            columns[0] = np.zeros(len(d))
            pmf = np.column_stack(columns)
            later = log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n + periods)[0]
            pmf[:, 0] = np.exp(later - self._log_history(d))
            return pmf

        return self._once(X, answer)

    def _count(self, d: Rounds, periods: int, k: int) -> Floats:
        """P(k purchases), k >= 1: active for i of the coming opportunities, k purchases in them."""
        p, history = np.exp(self.theta_), self._log_history(d)
        total = np.zeros(len(d))
        for i in range(k, periods + 1):
            ways = special.gammaln(i + 1) - special.gammaln(k + 1) - special.gammaln(i - k + 1)
            term = log_term(p, d.x + k, d.n + i, d.n + i, alive=i == periods)
            total += np.exp(ways + term - history)
        return total

    def next_purchase_quantiles(self, X: Any, q: ArrayLike) -> Floats:
        """Opportunities until the next purchase, by quantile; inf where it never comes.

        The smallest count with P(purchase by then) >= q; searched up to 10,000 opportunities.
        """
        levels = np.asarray(q, dtype=float)
        if not ((levels > 0) & (levels < 1)).all():
            raise ValueError("q must lie strictly between 0 and 1.")

        def answer(d: Rounds) -> Floats:
            alpha, beta, gamma, delta = np.exp(self.theta_)
            waits = np.full((len(d), levels.size), np.inf)
            first = np.exp(self._log_alive(d) - self._log_history(d))
            bought = np.zeros(len(d))
            for j in range(_FARTHEST):
                # Active at opportunity j + 1, silent before it, and buys.
                first = first * (delta + d.n + j) / (gamma + delta + d.n + j)
                chance = (alpha + d.x) / (alpha + beta + d.n + j)
                bought = bought + first * chance
                first = first * (1 - chance)
                fresh = (bought[:, None] >= levels.ravel()) & np.isinf(waits)
                waits[fresh] = j + 1.0
                if not (first > 1e-9).any():
                    break
            return waits

        waits = self._once(X, answer)
        return waits if levels.ndim else waits[:, 0]

    def alive_path(self, dates: Sequence[int], until: int) -> pd.Series[float]:
        """P(active at the next opportunity) of one customer after each opportunity 1 .. until.

        `dates` are the opportunities at which he purchased, counted from 1.
        """
        bought = np.unique(np.asarray(list(dates), dtype=np.int64))
        periods = np.arange(1, _periods(until) + 1)
        if bought.size and (bought[0] < 1 or bought[-1] > periods.size):
            raise ValueError("dates must be opportunities from 1 to until.")
        seen = np.searchsorted(bought, periods, side="right")
        last = np.concatenate([[0], bought])[seen]
        history = pd.DataFrame({"frequency": seen, "recency": last, "n_periods": periods})
        return pd.Series(self.probability_alive(history), index=periods, name="p_alive")

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
        rounds = simulated_ages(n, T)
        rng = np.random.default_rng(seed)
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance, dropout = rng.beta(alpha, beta, len(rounds)), rng.beta(gamma, delta, len(rounds))
        drawn = in_rounds(rng, chance, dropout, rounds, _periods(horizon))
        return as_summary(drawn, rounds, horizon).rename(columns={"T": "n_periods"})

    # -- draws of the future, for intervals -----------------------------------------------

    def _alive_now(self, d: Rounds) -> Floats:
        """P(not dropped out before opportunity n | history)."""
        return np.minimum(np.exp(self._log_alive(d) - self._log_history(d)), 1.0)

    def _silence_now(self, d: Rounds, horizon: float) -> Floats:
        later = log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n + horizon)[0]
        return np.minimum(np.exp(later - self._log_history(d)), 1.0)

    def _live_on(self, rng: np.random.Generator, d: Rounds, ends: Floats) -> Floats:
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance = rng.beta(alpha + d.x, beta + d.n - d.x)
        dropout = rng.beta(gamma, delta + d.n)
        life = rng.geometric(np.maximum(dropout, 1e-12)) - 1.0
        lived = np.minimum(life, ends[:, None])
        fresh = np.diff(lived, axis=0, prepend=0.0).astype(np.int64)
        return rng.binomial(fresh, chance).astype(float)


#: Opportunities searched for the next purchase.
_FARTHEST = 10_000


def _periods(horizon: Any) -> int:
    if isinstance(horizon, bool) or float(horizon) != int(horizon) or horizon < 0:
        raise ValueError(f"A number of opportunities must be whole and >= 0; got {horizon}.")
    return int(horizon)
