"""BG/BB: purchases at discrete opportunities (a yearly appeal, a weekly visit) until dropout.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29(6) (FHS below).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.base import MaximumLikelihoodModel
from models.btyd.customers import as_frame, number_column, read_weights, refuse
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.lifetime_value import LONGEST as LONGEST_MONTHS
from models.btyd.lifetime_value import discounts, spend_per_purchase
from models.btyd.rounds import Rounds, log_likelihood, log_likelihood_slopes, log_term
from models.btyd.rounds_ahead import LONGEST, RoundsAhead, opportunities
from models.btyd.settings import lengths_of_time, number, whole
from models.btyd.uncertainty import Intervals, intervals

Floats = NDArray[np.float64]


class BetaGeoBetaBinomModel(RoundsAhead, Intervals, MaximumLikelihoodModel):
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

    def __init__(self, prior_scale: float | None = None) -> None:
        self.prior_scale = prior_scale

    # -- fit ------------------------------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Rounds:
        frame = as_frame(X, ("frequency", "recency", "n_periods"))
        size = len(frame)
        if size == 0:
            raise ValueError("The frame has no rows: there is no customer to learn from.")
        whole = {name: number_column(frame, name) for name in ("frequency", "recency", "n_periods")}
        x, t_x, n = whole.values()
        rules: dict[str, Any] = {
            f"{name} is a whole number from 0 to {LONGEST:,}": lambda v=v: (
                ~((v >= 0) & (v <= LONGEST) & (v == np.floor(v)))
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
        value, slopes = log_likelihood_slopes(p, data.x, data.t_x, data.n)
        return float(data.weight @ value), p * (slopes @ data.weight)

    def customer_log_likelihood(self, X: Any) -> Floats:
        """Log-likelihood of each row's history, FHS (5), shape (n_rows,)."""
        return self._once(X, self._log_history)

    # -- answers --------------------------------------------------------------------------

    def _once(self, X: Any, answer: Callable[[Rounds], Floats]) -> Floats:
        """An answer computed once per distinct history."""
        check_is_fitted(self, "params_")
        groups, codes = self._read(X).histories()
        return answer(groups)[codes]

    def _log_history(self, d: Rounds, more: float = 0.0) -> Floats:
        """Log-likelihood of the history, extended by `more` opportunities without a purchase."""
        return log_likelihood(np.exp(self.theta_), d.x, d.t_x, d.n + more)

    def _alive_now(self, d: Rounds, more: float = 0.0) -> Floats:
        """P(not dropped out before opportunity n + more | history)."""
        lasting = log_term(np.exp(self.theta_), d.x, d.n, d.n + more, alive=True)
        return np.minimum(np.exp(lasting - self._log_history(d)), 1.0)

    def _silence_now(self, d: Rounds, more: float) -> Floats:
        """P(no purchase at the next `more` opportunities | history)."""
        return np.minimum(np.exp(self._log_history(d, more) - self._log_history(d)), 1.0)

    def probability_alive(self, X: Any) -> Floats:
        """P(active at the next opportunity), FHS (11), shape (n_rows,), in [0, 1].

        FHS's "alive at n + 1": having survived the chance to leave before it.
        """
        return self._once(X, lambda d: self._alive_now(d, 1.0))

    def probability_no_purchase(self, X: Any, horizon: int) -> Floats:
        """P(no purchase at the next `horizon` opportunities), shape (n_rows,), in [0, 1]."""
        periods = opportunities(horizon)
        return self._once(X, lambda d: self._silence_now(d, periods))

    def expected_purchases(self, X: Any, horizon: int) -> Floats:
        """E[purchases at the next `horizon` opportunities | history], FHS (14) as a plain sum.

        The sum over opportunities of P(still active) is positive and has no pole at gamma = 1.
        """
        periods = opportunities(horizon)
        return self._once(X, lambda d: self._sum_alive(d, np.ones(periods)))

    def _sum_alive(self, d: Rounds, worth: Floats) -> Floats:
        """Purchases at the coming opportunities, each weighed by its worth."""
        alpha, beta, gamma, delta = np.exp(self.theta_)
        chance = (alpha + d.x) / (alpha + beta + d.n)
        active = self._alive_now(d)
        total = np.zeros(len(d))
        for j, value in enumerate(worth):
            active = active * (delta + d.n + j) / (gamma + delta + d.n + j)
            total += value * active
        return chance * total

    def expected_purchases_new_customer(self, t: ArrayLike) -> Floats:
        """E[purchases at the first t opportunities] of a new customer, FHS (8), shape of t."""
        check_is_fitted(self, "params_")
        periods = lengths_of_time("t", t)
        longest = max((opportunities(k) for k in periods.ravel()), default=0)
        alpha, beta, gamma, delta = np.exp(self.theta_)
        j = np.arange(longest)
        active = np.cumprod((delta + j) / (gamma + delta + j))
        expected = alpha / (alpha + beta) * np.concatenate([[0.0], np.cumsum(active)])
        return np.asarray(expected[periods.astype(np.int64)])

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
        _, worth = self._opportunities(months, monthly_discount_rate, months_per_period)
        X = as_frame(X, ())  # a reader of Arrow batches can be read but once
        purchases = self._once(X, lambda d: self._sum_alive(d, worth))
        return purchases * spend_per_purchase(spend_model, X)

    @staticmethod
    def _opportunities(
        months: int, monthly_discount_rate: float, months_per_period: float
    ) -> tuple[Floats, Floats]:
        """The opportunities within the coming months, and what money there is worth today."""
        length = number("months_per_period", months_per_period, above=0)
        count = whole("months", months, 1, LONGEST_MONTHS)
        ends = np.arange(1.0, opportunities(np.floor(count / length)) + 1)
        if not ends.size:
            raise ValueError(
                f"No opportunity within {months} months: one comes every {length:g} months."
            )
        return ends, discounts(ends * length, monthly_discount_rate)

    def _ends(self, horizon: float) -> Floats:
        return np.array([float(opportunities(horizon))])

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
