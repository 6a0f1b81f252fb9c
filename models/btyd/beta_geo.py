"""BG/NBD: Poisson purchases, and after each purchase a chance to drop out.

Fader, Hardie & Lee (2005), "'Counting your customers' the easy way: an alternative to the
Pareto/NBD model", Marketing Science 24(2) (FHL below). Conditional expectation in the stable form
of Fader & Hardie (2013), "Overcoming the BG/NBD model's #NUM! error problem"; covariates as in
Fader & Hardie (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.btyd.customers import Customers
from models.btyd.parts import Parameters, Part, per_row
from models.btyd.purchase_model import PurchaseModel
from models.btyd.simulate import Histories, over_periods, until_geometric
from models.btyd.special import digamma_rise, expected_count, log_rising

Floats = NDArray[np.float64]


class BetaGeoModel(PurchaseModel):
    """BG/NBD: a customer may leave after each repeat purchase, never without one.

    Parameters
    ----------
    purchase_covariates, dropout_covariates : sequence of str
        Columns z: alpha_i = alpha exp(-g z), a_i = a exp(g_a z), b_i = b exp(g_b z).
    prior_scale : float, optional
        Standard deviation of a weak normal prior on the log parameters (centred on the start
        values in the time scale of the data) and on the coefficients (centred on zero).

    Attributes
    ----------
    params_ : dict
        r, alpha (purchase rate lambda ~ Gamma(r, rate alpha), alpha in the unit of T), a, b
        (dropout probability p ~ Beta(a, b)).

    Notes
    -----
    The equations: likelihood FHL (6); `probability_alive` Fader & Hardie (2008), "Computing
    P(alive) using the BG/NBD model"; `expected_purchases` FHL (10), of a new customer FHL (9);
    `purchase_count_pmf` FHL (8) with the rate and the chance as the history leaves them;
    `probability_no_purchase` and `next_purchase_quantiles` the ratio of two likelihoods (6).

    Examples
    --------
    >>> import pandas as pd
    >>> model = BetaGeoModel.from_params({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> X = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> model.expected_purchases(X, 39).round(3).tolist()
    [1.226]
    """

    parameter_names = ("r", "alpha", "a", "b")
    scaled_parameters = ("alpha",)
    covariate_effects: ClassVar[dict[str, tuple[str, int]]] = {
        "alpha": ("purchase", -1),
        "a": ("dropout", 1),
        "b": ("dropout", 1),
    }

    #: Chances to leave beyond the repeat purchases: 0 here; 1 when the first purchase is one too.
    extra_chances: ClassVar[int] = 0

    #: P(alive) needs no grouping here: small batches stay in the processor's cache.
    _alive_rows: ClassVar[int | None] = 1 << 14

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.5, 0.2, 0.8, 2.0), (0.2, 0.1, 0.5, 5.0), (1.5, 1.0, 1.5, 3.0)]

    def _ticks(self, c: Customers) -> Floats:
        """Events of the Poisson process seen so far: here every event is a purchase."""
        return c.x

    def _common(self, p: Parameters, c: Customers) -> Part:
        """Gamma(r + x) alpha^r / Gamma(r) * B(a, b + n) / B(a, b); FHL (6), n chances survived."""
        r, alpha, a, b = p
        ticks, n = self._ticks(c), c.x + self.extra_chances
        value = log_rising(r, ticks) + r * np.log(alpha) + log_rising(b, n) - log_rising(a + b, n)
        kept = digamma_rise(a + b, n)
        slopes = (
            r * (digamma_rise(r, ticks) + np.log(alpha)),
            r,
            -a * kept,
            b * (digamma_rise(b, n) - kept),
        )
        return Part(value, per_row(c, *slopes))

    def _gone(self, p: Parameters, c: Customers) -> Part:
        """Left at the last chance, at t_x: a / (b + n - 1) (alpha + t_x)^-(r + x)."""
        r, alpha, a, b = p
        m, n = r + self._ticks(c), c.x + self.extra_chances
        value = self._log_last_chance(a, b, n) - m * np.log(alpha + c.t_x)
        slopes = (
            -r * np.log(alpha + c.t_x),
            -m * alpha / (alpha + c.t_x),
            1.0,
            -b / np.where(n > 0, b + n - 1, 1.0),
        )
        return Part(value, tuple(np.where(n > 0, slope, 0.0) for slope in slopes))

    @staticmethod
    def _log_last_chance(a: Floats, b: Floats, n: Floats) -> Floats:
        """Log of a / (b + n - 1), the odds of leaving at the n-th chance; never where n is 0."""
        never = n == 0
        odds = np.log(a) - np.log(np.where(never, 1.0, b + n - 1))
        return np.where(never, -np.inf, odds)

    def _still(self, p: Parameters, c: Customers) -> Part:
        """Alive, and silent from t_x to T: (alpha + T)^-(r + x)."""
        r, alpha, _, _ = p
        log_age = np.log(alpha + c.T)
        slopes = (-r * log_age, -(r + c.x) * alpha / (alpha + c.T), 0.0, 0.0)
        return Part(-(r + c.x) * log_age, per_row(c, *slopes))

    def _alive(self, p: Parameters, c: Customers) -> Floats:
        """1 / (1 + odds of having left); Fader & Hardie (2008), "Computing P(alive)".

        The odds are a / (b + n - 1) ((alpha + T) / (alpha + t_x))^(r + x), zero without a chance.
        """
        some = np.flatnonzero(c.x + self.extra_chances > 0)
        alive = np.ones(len(c))
        q = tuple(v[some] if np.ndim(v) else v for v in p)
        with np.errstate(over="ignore"):
            alive[some] = 1 / (1 + self._odds_gone(q, c.take(some)))
        return alive

    def _odds_gone(self, p: Parameters, c: Customers) -> Floats:
        """Odds of having left, of customers who had the chance."""
        r, alpha, a, b = p
        silence = np.log((alpha + c.T) / (alpha + c.t_x))
        chance = a / (b + (c.x + (self.extra_chances - 1)))
        return np.asarray(chance * np.exp((r + self._ticks(c)) * silence))

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        """FHL (10) given alive; the dropout probability is then Beta(a, b + n)."""
        r, alpha, a, b = p
        survived = b + c.x + self.extra_chances
        return expected_count(r + c.x, a, survived, horizon / (alpha + c.T))

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """Exactly n purchases and alive after the last, or dropout at the n-th of n or more.

        FHL (8) for a customer with a history: Fader, Hardie & Lee's P(X(t) = n) with the
        posterior of the rate, Gamma(r + x, alpha + T), and of the dropout, Beta(a, b + n).
        """
        r, alpha, a, b = p
        m, survived = r + c.x, b + c.x + self.extra_chances
        z = horizon / (alpha + c.T + horizon)
        kept = log_rising(survived, n) - log_rising(a + survived, n)
        ways = log_rising(m, n) - special.gammaln(n + 1)
        exactly = np.exp(kept + ways + special.xlogy(n, z) + m * np.log1p(-z))
        leaving = np.exp(kept) * a / (survived + n - 1)
        return np.asarray(exactly + leaving * special.betainc(n, m, z))

    def _wait(self, p: Parameters, c: Customers, drop: Floats) -> Floats:
        """(alpha + T + t)^-(r + x) inverted."""
        r, alpha, _, _ = p
        return np.asarray((alpha + c.T) * np.expm1(drop / (r + c.x)))

    def _draw(
        self, rng: np.random.Generator, p: Parameters, T: Floats, horizon: float
    ) -> Histories:
        r, alpha, a, b = p
        rate, dropout = rng.gamma(r) / alpha, np.asarray(rng.beta(a, b))
        return until_geometric(rng, rate, dropout, T, horizon, self.extra_chances)

    def _live_on(self, rng: np.random.Generator, c: Customers, ends: Floats) -> Floats:
        """Given alive, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + n)."""
        r, alpha, _, _ = self._parameters(self.theta_, c)
        rate = rng.gamma(r + c.x) / (alpha + c.T)
        purchases = np.cumsum(over_periods(rng, rate, ends[:, None]), axis=0)
        return self._until_dropout(rng, c, purchases)

    def _until_dropout(self, rng: np.random.Generator, c: Customers, purchases: Floats) -> Floats:
        """Purchases of each period, cut after the one at which the customer leaves."""
        buying = np.flatnonzero(purchases[-1])
        some = c.take(buying)
        _, _, a, b = self._parameters(self.theta_, some)
        dropout = rng.beta(a, b + some.x + self.extra_chances)
        last = rng.geometric(np.maximum(dropout, 1e-12)).astype(float)
        purchases[:, buying] = np.minimum(purchases[:, buying], last)
        return np.diff(purchases, axis=0, prepend=0.0)
