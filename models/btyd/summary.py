"""What a fit has found, as tables: parameters, standard errors, likelihood and criteria."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Floats = NDArray[np.float64]


class FittedSummary(BaseEstimator):
    """Summaries of a fitted model; nothing is estimated here."""

    #: Names of the positive parameters, in the order of the paper.
    parameter_names: ClassVar[tuple[str, ...]]

    params_: dict[str, float]
    theta_: Floats
    theta_covariance_: Floats
    log_likelihood_: float
    n_customers_: float
    converged_: bool

    def _names(self) -> tuple[str, ...]:
        """Names of all parameters; covariate coefficients follow the positive parameters."""
        return self.parameter_names

    def _lowest(self) -> Floats:
        """What each positive parameter exceeds; theta is the logarithm of the excess."""
        return np.zeros(len(self.parameter_names))

    def _natural(self, theta: Floats) -> Floats:
        """Parameters as the papers write them."""
        positive = len(self.parameter_names)
        return np.concatenate([np.exp(theta[:positive]) + self._lowest(), theta[positive:]])

    def summary(self) -> pd.DataFrame:
        """Each parameter with its standard error and 95 % interval, one row a parameter.

        The interval is made on the parameter's own scale (logarithms of what is positive), so it
        holds no impossible value. What belongs to the whole fit stands in the table's `attrs`:
        `log_likelihood`, `aic`, `bic`, `n_customers`, `converged`.

        Returns
        -------
        DataFrame indexed by parameter, with `estimate`, `standard_error`, `low` and `high`;
        NaN where the data do not determine the parameter

        Examples
        --------
        >>> from models.btyd import BetaGeoModel
        >>> truth = BetaGeoModel.from_params({"r": 0.5, "alpha": 5.0, "a": 0.8, "b": 2.5})
        >>> model = BetaGeoModel().fit(truth.simulate(4_000, T=52, seed=1))
        >>> found = model.summary()
        >>> bool(found.loc["a", "low"] < 0.8 < found.loc["a", "high"])
        True
        >>> sorted(found.attrs)
        ['aic', 'bic', 'converged', 'log_likelihood', 'n_customers']
        """
        check_is_fitted(self, "params_")
        spread = 1.96 * np.sqrt(np.diag(self.theta_covariance_))
        ends = {
            "low": self._natural(self.theta_ - spread),
            "high": self._natural(self.theta_ + spread),
        }
        table = pd.DataFrame(
            {"estimate": self.params_, "standard_error": self.standard_errors_}
        ).assign(**ends)
        table.attrs = {
            "log_likelihood": self.log_likelihood_,
            "aic": self.aic_,
            "bic": self.bic_,
            "n_customers": self.n_customers_,
            "converged": self.converged_,
        }
        return table

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """The model with its parameters, once it has any."""
        if not hasattr(self, "params_"):
            return str(super().__repr__(N_CHAR_MAX))
        parameters = ", ".join(f"{name} {value:.4g}" for name, value in self.params_.items())
        fit = (
            "" if np.isnan(self.log_likelihood_) else f"; log-likelihood {self.log_likelihood_:.2f}"
        )
        return f"<{type(self).__name__}: {parameters}{fit}>"

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of the estimates (delta method); NaN where the data do not determine them."""
        check_is_fitted(self, "theta_covariance_")
        positive = len(self.parameter_names)
        slope = np.ones(len(self.theta_))
        slope[:positive] = np.exp(self.theta_[:positive])
        names = list(self._names())
        values = self.theta_covariance_ * np.outer(slope, slope)
        return pd.DataFrame(values, index=names, columns=names)

    @property
    def standard_errors_(self) -> dict[str, float]:
        """Standard error of each parameter, by name; NaN where the data do not determine it."""
        covariance = self.covariance_
        spread = np.sqrt(np.diag(covariance.to_numpy()))
        return dict(zip(covariance.columns, spread.tolist(), strict=True))

    @property
    def aic_(self) -> float:
        """Akaike's criterion; smaller is better."""
        check_is_fitted(self, "params_")
        return 2 * len(self.params_) - 2 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion; smaller is better."""
        check_is_fitted(self, "params_")
        return len(self.params_) * float(np.log(self.n_customers_)) - 2 * self.log_likelihood_
