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
from models.btyd.special import digamma_rise, expected_count, log_rising
from models.btyd.transactions import Part, Transactions, rows

Floats = NDArray[np.float64]


class BetaGeoModel(Transactions):
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
    covariate_effects = {  # noqa: RUF012
        "alpha": ("purchase", -1),
        "a": ("dropout", 1),
        "b": ("dropout", 1),
    }

    #: Chances to leave beyond the repeat purchases: 0 here; 1 when the first purchase is one too.
    extra_chances: ClassVar[int] = 0

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.5, 0.2, 0.8, 2.0), (0.2, 0.1, 0.5, 5.0), (1.5, 1.0, 1.5, 3.0)]

    def _common(self, p: tuple[Floats, ...], x: Floats) -> Part:
        """Gamma(r + x) alpha^r / Gamma(r) * B(a, b + n) / B(a, b); FHL (6), n chances survived."""
        r, alpha, a, b = p
        n = x + self.extra_chances
        value = log_rising(r, x) + r * np.log(alpha) + log_rising(b, n) - log_rising(a + b, n)
        kept = digamma_rise(a + b, n)
        slopes = (
            r * (digamma_rise(r, x) + np.log(alpha)),
            r,
            -a * kept,
            b * (digamma_rise(b, n) - kept),
        )
        return Part(value, rows(x, *slopes))

    def _gone(self, p: tuple[Floats, ...], x: Floats, t_x: Floats) -> Part:
        """Left at the last chance, at t_x: a / (b + n - 1) (alpha + t_x)^-(r + x)."""
        r, alpha, a, b = p
        chance = x + self.extra_chances > 0
        others = np.where(chance, b + x + self.extra_chances - 1, 1.0)
        value = np.log(a) - np.log(others) - (r + x) * np.log(alpha + t_x)
        slopes = (
            -r * np.log(alpha + t_x),
            -(r + x) * alpha / (alpha + t_x),
            np.ones_like(value),
            -b / others,
        )
        return Part(
            np.where(chance, value, -np.inf), tuple(np.where(chance, s, 0.0) for s in slopes)
        )

    def _still(self, p: tuple[Floats, ...], x: Floats, T: Floats) -> Part:
        """Alive, and silent from t_x to T: (alpha + T)^-(r + x)."""
        r, alpha, _, _ = p
        value = -(r + x) * np.log(alpha + T)
        slopes = (-r * np.log(alpha + T), -(r + x) * alpha / (alpha + T), 0.0, 0.0)
        return Part(value, rows(x, *slopes))

    def _alive(self, p: tuple[Floats, ...], c: Customers) -> Floats:
        """1 / (1 + a / (b + n - 1) ((alpha + T) / (alpha + t_x))^(r + x)).

        Fader & Hardie (2008), "Computing P(alive) using the BG/NBD model".
        """
        r, alpha, a, b = self._at(p, c.pattern.astype(float))
        n = c.x + self.extra_chances
        silence = np.log((alpha + c.T) / (alpha + c.t_x))
        log_odds = np.log(a / np.maximum(b + n - 1, 1e-300)) + (r + c.x) * silence
        return np.where(n > 0, special.expit(-log_odds), 1.0)

    def _expected_if_alive(
        self, p: tuple[Floats, ...], x: Floats, T: Floats, horizon: Floats
    ) -> Floats:
        """FHL (10) given alive; the dropout probability is then Beta(a, b + n)."""
        r, alpha, a, b = p
        return expected_count(r + x, a, b + x + self.extra_chances, horizon / (alpha + T))
