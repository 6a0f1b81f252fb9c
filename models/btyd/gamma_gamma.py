"""Gamma-Gamma: how much a customer spends per purchase.

Fader & Hardie (2013), "The Gamma-Gamma model of monetary value" (FH below); Colombo & Jiang (1999).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special
from sklearn.utils.validation import check_is_fitted

from models.btyd.base import MaximumLikelihoodModel
from models.btyd.customers import (
    LARGEST_COUNT,
    as_frame,
    distinct,
    number_column,
    read_weights,
    refuse,
)
from models.btyd.fit_warnings import warn
from models.btyd.optimise import Maximum
from models.btyd.simulate import simulated_ages

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spenders:
    """Repeat purchase days x, mean spend z per purchase day, customers per row."""

    x: Floats
    z: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Spenders:
        """Some of the rows."""
        return Spenders(self.x[rows], self.z[rows], self.weight[rows])

    def counted(self) -> Spenders:
        """Those with a repeat purchase, one row per distinct (x, z)."""
        some = self.take((self.x > 0) & (self.weight > 0))
        if not len(some):
            return some
        rows = distinct(some.x, some.z)
        weight = np.bincount(rows.codes, some.weight, len(rows.first)).astype(float)
        return Spenders(some.x[rows.first], some.z[rows.first], weight)


class GammaGammaModel(MaximumLikelihoodModel):
    """Gamma-Gamma: spend per purchase varies around a mean of the customer's own.

    Fitted on customers with a repeat purchase (the others carry no information on spread);
    assumes that spend does not go with frequency: check their correlation.

    Parameters
    ----------
    prior_scale : float, optional
        Standard deviation of a weak normal prior on log p, log(q - 1) and log v, the latter
        centred on the mean spend of the data: never on raw currency.

    Attributes
    ----------
    params_ : dict
        p, q, v: spend ~ Gamma(p, rate nu), nu ~ Gamma(q, rate v), v in the unit of money; q > 1,
        or the mean spend of the base would not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> model = GammaGammaModel.from_params({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> X = pd.DataFrame({"frequency": [2, 0], "monetary_value": [22.35, 0.0]})
    >>> model.expected_spend(X).round(1).tolist()
    [24.7, 35.2]
    """

    parameter_names = ("p", "q", "v")
    scaled_parameters = ("v",)

    def __init__(self, prior_scale: float | None = None) -> None:
        self.prior_scale = prior_scale

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Spenders:
        frame = as_frame(X, ("frequency", "monetary_value"))
        n = len(frame)
        if n == 0:
            raise ValueError("The frame has no rows: there is no customer to learn from.")
        x, z = number_column(frame, "frequency"), number_column(frame, "monetary_value")
        refuse(
            {
                f"frequency is a whole number from 0 to {LARGEST_COUNT:,}": lambda: (
                    ~((x >= 0) & (x <= LARGEST_COUNT) & (x == np.floor(x)))
                ),
                "monetary_value is finite and above 0 where frequency is above 0": lambda: (
                    (x > 0) & ~(np.isfinite(z) & (z > 0))
                ),
            },
            n,
        )
        return Spenders(x, np.where(x > 0, z, 0.0), read_weights(sample_weight, n))

    def _check_enough(self, data: Spenders) -> None:
        if not len(data):
            raise ValueError(
                "All customers bought once (frequency 0): their spend says nothing about how "
                "spend varies. Use a longer calibration period or the mean spend."
            )
        super()._check_enough(data)

    def _scale(self, data: Spenders) -> float:
        return float(np.average(data.z, weights=data.weight))

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(4.0, 4.0, 1.0), (1.0, 3.0, 2.0), (10.0, 2.0, 0.2)]

    def _lowest(self) -> Floats:
        return np.array([0.0, 1.0, 0.0])

    def _total_log_likelihood(self, theta: Floats, data: Spenders) -> tuple[float, Floats]:
        """FH (1a): log of the density of the mean spend z over x purchases."""
        p, q, v = np.exp(theta) + self._lowest()
        value, slopes = _log_density(p, q, v, data.x, data.z)
        gradient = np.array([data.weight @ slope for slope in slopes])
        return float(data.weight @ value), gradient * np.array([p, q - 1, v])

    def customer_log_likelihood(self, X: Any) -> Floats:
        """Log density of each row's mean spend; 0 where frequency is 0."""
        check_is_fitted(self, "params_")
        data = self._read(X)
        x, z = np.maximum(data.x, 1.0), np.where(data.x > 0, data.z, 1.0)
        p, q, v = self._natural(self.theta_)
        return np.where(data.x > 0, _log_density(p, q, v, x, z)[0], 0.0)

    @property
    def base_has_mean(self) -> bool:
        """Whether the data bound the mean spend of the base, p v / (q - 1).

        False when the likelihood still rises as q falls to 1: spend has so long a tail that
        the mean grows with q - 1 going to 0, and says nothing of a customer.
        """
        check_is_fitted(self, "params_")
        q = self.parameter_names.index("q")
        known = np.isnan(self.n_customers_) or not np.isnan(self.theta_covariance_[q, q])
        return bool(known or self.theta_[q] > 0)

    def _adopt(self, found: Maximum, data: Any) -> None:
        super()._adopt(found, data)
        if not self.base_has_mean:
            warn(
                "q fell to its bound, where the base has no mean spend: what is expected of "
                "customers without a repeat purchase is NaN. The others stand.",
                stacklevel=4,
            )

    def expected_spend(self, X: Any) -> Floats:
        """E[mean spend per purchase | x, z], shape (n_rows,), in the unit of money; FH (5).

        A customer without a repeat purchase gets the mean of the base; NaN where the data do
        not bound it (`base_has_mean`).

        Raises
        ------
        ValueError
            For rows that break a rule, counted.
        """
        check_is_fitted(self, "params_")
        data = self._read(X)
        p, q, v = self._natural(self.theta_)
        spend = p * (v + data.x * data.z) / (p * data.x + q - 1)
        return np.where((data.x > 0) | self.base_has_mean, spend, np.nan)

    def _spend(self, rng: np.random.Generator, some: Spenders, purchases: Floats) -> Floats:
        """Total spend of so many purchases, drawn for each customer; shape of `purchases`.

        The rate nu | x, z ~ Gamma(p x + q, v + x z), FH (4); n purchases ~ Gamma(p n, nu).
        """
        p, q, v = self._natural(self.theta_)
        rate = rng.gamma(p * some.x + q) / (v + some.x * some.z)
        return np.asarray(rng.gamma(p * purchases) / rate)

    def simulate(
        self, n: int, frequency: ArrayLike, seed: int | np.random.Generator | None = None
    ) -> pd.DataFrame:
        """Customers drawn from the fitted model: frequency and monetary_value, n rows.

        `frequency` is one number of repeat purchases for all, or one each.
        """
        check_is_fitted(self, "params_")
        x = simulated_ages(n, frequency)
        rng = np.random.default_rng(seed)
        nobody = Spenders(np.zeros(len(x)), np.zeros(len(x)), np.ones(len(x)))
        total = self._spend(rng, nobody, x)
        mean = np.divide(total, x, out=np.zeros_like(total), where=x > 0)
        return pd.DataFrame({"frequency": x, "monetary_value": mean})


def _log_density(
    p: float, q: float, v: float, x: Floats, z: Floats
) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """FH (1a) and its slopes in p, q and v; gamma terms once per distinct x."""
    counts = distinct(x)
    n = x[counts.first]

    def per_count(function: Callable[[Floats], Floats]) -> Floats:
        return function(n)[counts.codes]

    spent, log_all = x * z, np.log(v + x * z)
    px, total = p * x, p * x + q
    log_beta = per_count(lambda k: special.betaln(p * k, q))
    value = -log_beta + q * np.log(v) + px * np.log(spent) - np.log(z) - total * log_all
    psi_total = per_count(lambda k: special.digamma(p * k + q))
    psi_px = per_count(lambda k: special.digamma(p * k))
    slopes = (
        x * (psi_total - psi_px + np.log(spent) - log_all),
        psi_total - special.digamma(q) + np.log(v) - log_all,
        q / v - total / (v + spent),
    )
    return value, slopes
