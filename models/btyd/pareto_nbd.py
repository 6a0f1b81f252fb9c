"""Pareto/NBD: Poisson purchases until an exponential lifetime ends, both rates gamma distributed.

Schmittlein, Morrison & Colombo (1987), "Counting your customers: who are they and what will they
do next?", Management Science 33(1). Formulas as in Fader & Hardie (2005), "A note on deriving the
Pareto/NBD model and related expressions" (SMC and FH below); with covariates as in Fader & Hardie
(2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.btyd.customers import Customers
from models.btyd.special import digamma_rise, log_rising, power_tail
from models.btyd.transactions import Part, Transactions, rows

Floats = NDArray[np.float64]


class ParetoNBDModel(Transactions):
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
    covariate_effects = {"alpha": ("purchase", -1), "beta": ("dropout", -1)}  # noqa: RUF012

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.7, 0.4, 0.7, 0.5), (0.3, 0.1, 0.5, 0.2), (2.0, 2.0, 1.0, 3.0)]

    def _common(self, p: tuple[Floats, ...], x: Floats) -> Part:
        """Gamma(r + x) alpha^r beta^s / Gamma(r), the factor before the bracket of FH (18)."""
        r, alpha, s, beta = p
        value = log_rising(r, x) + r * np.log(alpha) + s * np.log(beta)
        rate_shape = r * (digamma_rise(r, x) + np.log(alpha))
        return Part(value, rows(x, rate_shape, r, s * np.log(beta), s))

    def _gone(self, p: tuple[Floats, ...], x: Floats, t_x: Floats) -> Part:
        """Dropout after t_x and before the next purchase, whenever: positive, nothing to cancel.

        s times the integral of (alpha + u)^-(r + x) (beta + u)^-(s + 1) over u > t_x. The
        textbook splits it at T and adds P(alive); adding P(next event is a purchase after T)
        instead (`_still`) needs no difference of hypergeometric functions.
        """
        r, alpha, s, beta = p
        m = r + x
        tail = power_tail(m, s + 1, alpha + t_x, beta + t_x)
        return Part(
            np.log(s) + tail.log_value,
            rows(
                x,
                -r * tail.mean_log_a,
                -alpha * m * tail.mean_inverse_a,
                1 - s * tail.mean_log_b,
                -beta * (s + 1) * tail.mean_inverse_b,
            ),
        )

    def _still(self, p: tuple[Floats, ...], x: Floats, T: Floats) -> Part:
        """The next event is a purchase, after T.

        r + x times the integral of (alpha + u)^-(r + x + 1) (beta + u)^-s over u > T.
        """
        r, alpha, s, beta = p
        m = r + x
        tail = power_tail(m + 1, s, alpha + T, beta + T)
        return Part(
            np.log(m) + tail.log_value,
            rows(
                x,
                r / m - r * tail.mean_log_a,
                -alpha * (m + 1) * tail.mean_inverse_a,
                -s * tail.mean_log_b,
                -beta * s * tail.mean_inverse_b,
            ),
        )

    def _alive(self, p: tuple[Floats, ...], c: Customers) -> Floats:
        """FH (23): (alpha + T)^-(r + x) (beta + T)^-s over the bracket of the likelihood."""
        recencies, ages = c.by_recency, c.by_age
        gone = self._gone(self._at(p, recencies.columns[-1]), *recencies.columns[:-1]).value
        x, T, pattern = ages.columns
        q = self._at(p, pattern)
        still = self._still(q, x, T).value
        r, alpha, s, beta = q
        alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
        both = np.logaddexp(recencies.spread(gone), ages.spread(still))
        return np.minimum(np.exp(ages.spread(alive) - both), 1.0)

    def _expected_if_alive(
        self, p: tuple[Floats, ...], x: Floats, T: Floats, horizon: Floats
    ) -> Floats:
        """FH (27) given alive; exprel carries the limit at s = 1."""
        r, alpha, s, beta = p
        growth = np.log1p(horizon / (beta + T))
        return (r + x) / (alpha + T) * (beta + T) * growth * special.exprel((1 - s) * growth)
