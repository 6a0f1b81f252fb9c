"""NBD: purchases at random, for ever; what the other models must beat.

Ehrenberg (1959), "The pattern of consumer purchases", Applied Statistics 8(1).
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
from models.btyd.simulate import Histories, over_periods, until_death
from models.btyd.special import digamma_rise, log_rising

Floats = NDArray[np.float64]


class NBDModel(PurchaseModel):
    """NBD: each customer buys at random at his own rate and never leaves.

    Parameters
    ----------
    purchase_covariates : sequence of str
        Columns z that scale the rate: alpha_i = alpha exp(-g z).
    prior_scale : float, optional
        As in `ParetoNBDModel`.

    Attributes
    ----------
    params_ : dict
        r, alpha: purchase rate lambda ~ Gamma(r, rate alpha), alpha in the unit of T.

    Notes
    -----
    Given the history the rate is Gamma(r + x, rate alpha + T): every answer follows from that.

    Examples
    --------
    >>> import pandas as pd
    >>> model = NBDModel.from_params({"r": 0.385, "alpha": 12.07})
    >>> X = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> model.expected_purchases(X, 39).round(2).tolist()
    [1.83]
    """

    parameter_names = ("r", "alpha")
    scaled_parameters = ("alpha",)
    covariate_effects: ClassVar[dict[str, tuple[str, int]]] = {"alpha": ("purchase", -1)}

    def __init__(
        self, purchase_covariates: Sequence[str] = (), prior_scale: float | None = None
    ) -> None:
        super().__init__(purchase_covariates=purchase_covariates, prior_scale=prior_scale)

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.5, 0.3), (0.1, 0.1), (2.0, 2.0)]

    def _common(self, p: Parameters, c: Customers) -> Part:
        """Gamma(r + x) alpha^r / Gamma(r)."""
        r, alpha = p
        value = log_rising(r, c.x) + r * np.log(alpha)
        return Part(value, per_row(c, r * (digamma_rise(r, c.x) + np.log(alpha)), r))

    def _gone(self, p: Parameters, c: Customers) -> Part:
        """Nobody leaves."""
        return Part(np.full(len(c), -np.inf), per_row(c, 0.0, 0.0))

    def _still(self, p: Parameters, c: Customers) -> Part:
        """Silence from t_x to T adds nothing to x purchases in T: (alpha + T)^-(r + x)."""
        r, alpha = p
        log_age = np.log(alpha + c.T)
        slopes = (-r * log_age, -(r + c.x) * alpha / (alpha + c.T))
        return Part(-(r + c.x) * log_age, per_row(c, *slopes))

    def _alive(self, p: Parameters, c: Customers) -> Floats:
        return np.ones(len(c))

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        r, alpha = p
        return np.asarray((r + c.x) / (alpha + c.T) * horizon)

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """Negative binomial with the posterior of the rate."""
        r, alpha = p
        m, z = r + c.x, horizon / (alpha + c.T + horizon)
        ways = log_rising(m, n) - special.gammaln(n + 1)
        return np.asarray(np.exp(ways + special.xlogy(n, z) + special.xlog1py(m, -z)))

    def _wait(self, p: Parameters, c: Customers, drop: Floats) -> Floats:
        r, alpha = p
        return np.asarray((alpha + c.T) * np.expm1(drop / (r + c.x)))

    def _draw(
        self, rng: np.random.Generator, p: Parameters, T: Floats, horizon: float
    ) -> Histories:
        r, alpha = p
        return until_death(rng, rng.gamma(r) / alpha, np.full(len(T), np.inf), T, horizon)

    def _live_on(self, rng: np.random.Generator, c: Customers, ends: Floats) -> Floats:
        r, alpha = self._parameters(self.theta_, c)
        rate = rng.gamma(r + c.x) / (alpha + c.T)
        return over_periods(rng, rate, ends[:, None])
