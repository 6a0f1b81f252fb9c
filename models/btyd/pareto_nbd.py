"""Pareto/NBD: Poisson purchases until an exponential lifetime ends, both rates gamma distributed.

Schmittlein, Morrison & Colombo (1987), "Counting your customers: who are they and what will they
do next?", Management Science 33(1). Formulas as in Fader & Hardie (2005), "A note on deriving the
Pareto/NBD model and related expressions" (SMC and FH below); with covariates as in Fader & Hardie
(2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.btyd.customers import Customers
from models.btyd.parts import Parameters, Part, per_row
from models.btyd.purchase_model import PurchaseModel
from models.btyd.settings import number
from models.btyd.simulate import Histories, over_periods, until_death
from models.btyd.special import (
    UNIT_RULE,
    digamma_rise,
    discounted_lifetime,
    log_power_tail,
    log_rising,
    power_tail,
)

Floats = NDArray[np.float64]


#: Newton's steps towards a waiting time: four or five are usual.
_NEWTON_STEPS = 40
_NEWTON_MISS = 1e-13


class ParetoNBDModel(PurchaseModel):
    """Pareto/NBD: each customer buys at random at his own rate until he silently leaves.

    Parameters
    ----------
    purchase_covariates, dropout_covariates : sequence of str
        Columns z that scale the two rates: alpha_i = alpha exp(-g z), beta_i = beta exp(-g z), so
        a positive coefficient means a higher rate.
    prior_scale : float, optional
        Standard deviation of a weak normal prior on the log parameters (centred on the start
        values in the time scale of the data) and on the coefficients (centred on zero).

    Attributes
    ----------
    params_ : dict
        r, alpha (purchase rate lambda ~ Gamma(r, rate alpha)), s, beta (dropout rate mu ~
        Gamma(s, rate beta)); alpha and beta in the unit of T.

    Notes
    -----
    The equations: likelihood FH (18); `probability_alive` FH (23); `expected_purchases` FH (27),
    of a new customer the same at x = T = 0; `purchase_count_pmf` Fader & Hardie (2014), (8);
    `probability_no_purchase` and `next_purchase_quantiles` the ratio of two likelihoods (18).

    Examples
    --------
    >>> import pandas as pd
    >>> model = ParetoNBDModel.from_params({"r": 0.5532, "alpha": 10.578, "s": 0.6063,
    ...                                     "beta": 11.672})
    >>> X = pd.DataFrame({"frequency": [26], "recency": [30.86], "T": [31.0]})
    >>> model.expected_purchases(X, 52).round(2).tolist()
    [25.46]
    >>> model.probability_alive(X).round(4).tolist()
    [0.9979]
    """

    parameter_names = ("r", "alpha", "s", "beta")
    scaled_parameters = ("alpha", "beta")
    covariate_effects: ClassVar[dict[str, tuple[str, int]]] = {
        "alpha": ("purchase", -1),
        "beta": ("dropout", -1),
    }

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.7, 0.4, 0.7, 0.5), (0.3, 0.1, 0.5, 0.2), (2.0, 2.0, 1.0, 3.0)]

    def _common(self, p: Parameters, c: Customers) -> Part:
        """Gamma(r + x) alpha^r beta^s / Gamma(r), the factor before the bracket of FH (18)."""
        r, alpha, s, beta = p
        value = log_rising(r, c.x) + r * np.log(alpha) + s * np.log(beta)
        rate_shape = r * (digamma_rise(r, c.x) + np.log(alpha))
        return Part(value, per_row(c, rate_shape, r, s * np.log(beta), s))

    def _gone(self, p: Parameters, c: Customers) -> Part:
        """Dropout after t_x and before the next purchase, whenever: positive, nothing to cancel.

        s times the integral of (alpha + u)^-(r + x) (beta + u)^-(s + 1) over u > t_x. The
        textbook splits it at T and adds P(alive); adding P(next event is a purchase after T)
        instead (`_still`) needs no difference of hypergeometric functions.
        """
        r, alpha, s, beta = p
        m = r + c.x
        tail = power_tail(m, s + 1, alpha + c.t_x, beta + c.t_x)
        slopes = (
            -r * tail.mean_log_a,
            -alpha * m * tail.mean_inverse_a,
            1 - s * tail.mean_log_b,
            -beta * (s + 1) * tail.mean_inverse_b,
        )
        return Part(np.log(s) + tail.log_value, per_row(c, *slopes))

    def _still(self, p: Parameters, c: Customers) -> Part:
        """The next event is a purchase, after T.

        r + x times the integral of (alpha + u)^-(r + x + 1) (beta + u)^-s over u > T.
        """
        r, alpha, s, beta = p
        m = r + c.x
        tail = power_tail(m + 1, s, alpha + c.T, beta + c.T)
        slopes = (
            r / m - r * tail.mean_log_a,
            -alpha * (m + 1) * tail.mean_inverse_a,
            -s * tail.mean_log_b,
            -beta * s * tail.mean_inverse_b,
        )
        return Part(np.log(m) + tail.log_value, per_row(c, *slopes))

    def _gone_value(self, p: Parameters, c: Customers) -> Floats:
        r, alpha, s, beta = p
        return np.log(s) + log_power_tail(r + c.x, s + 1, alpha + c.t_x, beta + c.t_x)

    def _still_value(self, p: Parameters, c: Customers) -> Floats:
        r, alpha, s, beta = p
        m = r + c.x
        return np.log(m) + log_power_tail(m + 1, s, alpha + c.T, beta + c.T)

    def _alive(self, p: Parameters, c: Customers) -> Floats:
        """FH (23): (alpha + T)^-(r + x) (beta + T)^-s over the bracket of the likelihood."""
        ages = c.by_age
        some = ages.members
        r, alpha, s, beta = q = self._parameters(self.theta_, some)
        still = self._still_value(q, some)
        log_alive = -(r + some.x) * np.log(alpha + some.T) - s * np.log(beta + some.T)
        gone = self._spread(self._gone_value, c.by_recency)
        with np.errstate(over="ignore"):
            bracket = 1 + np.exp(gone - ages.spread(still))
        return np.minimum(ages.spread(np.exp(log_alive - still)) / bracket, 1.0)

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        """FH (27) given alive; exprel carries the limit at s = 1."""
        r, alpha, s, beta = p
        growth = np.log1p(horizon / (beta + c.T))
        rate = (r + c.x) / (alpha + c.T)
        return np.asarray(rate * (beta + c.T) * growth * special.exprel((1 - s) * growth))

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """Exactly n purchases, still alive after the horizon, or dropout within it.

        Fader & Hardie (2014), "Deriving the conditional PMF of the Pareto/NBD model", (8): their
        hypergeometric terms are this integral over the time of dropout, taken as it stands.
        """
        r, alpha, s, beta = p
        m, A, B = r + c.x, alpha + c.T, beta + c.T
        ways = log_rising(m, n) - special.gammaln(n + 1)

        def counted(u: Floats, log_u: Floats) -> Floats:
            return ways + n * (log_u - np.log(A + u)) - m * np.log1p(u / A)

        with np.errstate(divide="ignore"):
            log_horizon = np.log(horizon)
        alive = np.exp(counted(horizon, log_horizon) - s * np.log1p(horizon / B))
        # Over log(1 + u / B): a long horizon is crowded at its start.
        end, dropped = np.log1p(horizon / B), np.zeros(len(c))
        with np.errstate(divide="ignore"):
            log_end = np.log(B * end)
        for share, log_share, weight in zip(*UNIT_RULE, strict=True):
            rise = share * end
            log_u = log_end + log_share + np.log(special.exprel(rise))
            dropped += weight * np.exp(counted(B * np.expm1(rise), log_u) - s * rise)
        return alive + s * end * dropped

    def _wait(self, p: Parameters, c: Customers, drop: Floats) -> Floats:
        """Newton's steps in u = log(1 + t / (alpha + T)), in which the fall is almost linear.

        Its slope, the rate of the next purchase if no dropout precedes it, lies between r + x
        and r + x + s max(1, (alpha + T) / (beta + T)), so the root is bracketed from the start.
        """
        r, alpha, s, beta = p
        m, A, B = r + c.x, alpha + c.T, beta + c.T
        now, steepest = self._still_value(p, c), m + s * np.maximum(1.0, A / B)
        low, high = drop / steepest, drop / m
        u, enough = low.copy(), _NEWTON_MISS * (drop + 0.1 * np.abs(now))
        rows = np.arange(len(c))
        for _ in range(_NEWTON_STEPS):
            t = A[rows] * np.expm1(u[rows])
            some = c.take(rows)
            q = self._parameters(self.theta_, some)
            later = self._still_value(q, some.after(t))
            miss = now[rows] - later - drop[rows]
            log_rate = -m[rows] * np.log(A[rows] + t) - q[2] * np.log(B[rows] + t) - later
            slope = np.clip(m[rows] * np.exp(log_rate), m[rows], steepest[rows])
            low[rows] = np.where(miss < 0, u[rows], low[rows])
            high[rows] = np.where(miss < 0, high[rows], u[rows])
            step = u[rows] - miss / slope
            inside = (low[rows] <= step) & (step <= high[rows])
            u[rows] = np.where(inside, step, (low[rows] + high[rows]) / 2)
            rows = rows[np.abs(miss) > enough[rows]]
            if not rows.size:
                break
        return np.asarray(A * np.expm1(u))

    def _draw(
        self, rng: np.random.Generator, p: Parameters, T: Floats, horizon: float
    ) -> Histories:
        r, alpha, s, beta = p
        rate, dropout = rng.gamma(r) / alpha, rng.gamma(s) / beta
        lifetime = rng.exponential(size=len(T)) / np.maximum(dropout, 1e-300)
        return until_death(rng, rate, lifetime, T, horizon)

    def _live_on(self, rng: np.random.Generator, c: Customers, ends: Floats) -> Floats:
        """Given alive, lambda ~ Gamma(r + x, alpha + T) and mu ~ Gamma(s, beta + T)."""
        r, alpha, s, beta = self._parameters(self.theta_, c)
        rate = rng.gamma(r + c.x) / (alpha + c.T)
        dropout = rng.gamma(s, size=len(c)) / (beta + c.T)
        life = rng.exponential(size=len(c)) / np.maximum(dropout, 1e-300)
        return over_periods(rng, rate, np.minimum(life, ends[:, None]))

    def discounted_expected_residual_transactions(self, X: Any, discount_rate: float) -> Floats:
        """DERT: purchases still to come, for ever, each discounted to today; shape (n_rows,).

        Fader, Hardie & Lee (2005), "RFM and CLV: using iso-value curves for customer base
        analysis", Journal of Marketing Research 42(4), equation (4): with Tricomi's function of
        the second kind, which is the integral of exp(-d u) ((beta + T) / (beta + T + u))^s.

        Parameters
        ----------
        X : frame
        discount_rate : float, > 0
            Continuous, per unit of T: log(1 + 0.15) / 52 for 15 % a year in weeks.

        Raises
        ------
        ValueError
            For rows that break a rule, counted; for a rate that is not above 0.
        """
        number("discount_rate", discount_rate, above=0)

        def answer(c: Customers, _: slice) -> Floats:
            groups = c.by_age
            some = groups.members
            r, alpha, s, beta = self._parameters(self.theta_, some)
            years = discounted_lifetime(s, beta + some.T, discount_rate)
            return groups.spread((r + some.x) / (alpha + some.T) * years) * self._alive_now(c)

        return self._in_batches(X, answer)
