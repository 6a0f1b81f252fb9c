"""What every BTYD estimator shares: fit by maximum likelihood, the fitted summary, saving."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.btyd import interop
from models.btyd.optimise import Maximum, Stage, maximise
from models.btyd.settings import number

Floats = NDArray[np.float64]

#: Cells of the sample that the several starts climb on, before the whole histogram.
_SAMPLE_CELLS = (2_000,)
#: Log parameters stay within this distance of their natural scale: factors of 1/60,000 to 60,000.
_REACH = 11.0


class MaximumLikelihoodModel(BaseEstimator):
    """An estimator whose parameters are those under which its data are most likely.

    Subclasses say how to read a frame, what the likelihood is in `theta` (the parameters on a
    scale without limits, mostly logarithms), and where to start.
    """

    #: Names of the positive parameters, in the order of the paper.
    parameter_names: ClassVar[tuple[str, ...]]
    #: Those of them that carry the unit of the data (time or money).
    scaled_parameters: ClassVar[tuple[str, ...]] = ()

    prior_scale: float | None
    params_: dict[str, float]
    theta_: Floats
    theta_covariance_: Floats
    log_likelihood_: float
    n_customers_: float
    converged_: bool
    n_features_in_: int

    # -- what a subclass provides ---------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Any:
        """Checked rows; has `weight`, `take`, `counted` and a length."""
        raise NotImplementedError

    def _scale(self, data: Any) -> float:
        """A typical size of the data in its unit; start values and bounds follow it."""
        raise NotImplementedError

    def _starts(self) -> Sequence[Sequence[float]]:
        """Start values of the positive parameters for data of scale 1."""
        raise NotImplementedError

    def _total_log_likelihood(self, theta: Floats, data: Any) -> tuple[float, Floats]:
        """Weighted sum of the log-likelihoods, and its gradient in theta."""
        raise NotImplementedError

    def _names(self) -> tuple[str, ...]:
        """Names of all parameters; covariate coefficients follow the positive parameters."""
        return self.parameter_names

    def _lowest(self) -> Floats:
        """What each positive parameter exceeds; theta is the logarithm of the excess."""
        return np.zeros(len(self.parameter_names))

    # -- fit ------------------------------------------------------------------------------

    def fit(self, X: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the parameters by maximum likelihood.

        Parameters
        ----------
        X : frame
            One row per customer, or per group of customers who share their history.
        sample_weight : array_like, shape (n_rows,), optional
            Number of customers behind each row; ones when not given.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For rows that break a rule (counted, named), and for data no estimate can rest on.
        FitError
            A ValueError: the search did not converge, or did not leave its start.

        Warns
        -----
        FitWarning
            A parameter ended on its bound, or the likelihood is flat in it: `converged_` is
            False and its standard error NaN. A weak prior (`prior_scale`) is the way out.
        """
        return self._fit(self._read(X, sample_weight).counted())

    def _fit(self, data: Any) -> Self:
        self._check_enough(data)
        scale = self._scale(data)
        starts = [self._start(values, scale) for values in self._starts()]
        centre = starts[0]
        reach = np.full(len(centre), _REACH)

        def stage(cells: int) -> Stage:
            step = max(len(data) // cells, 1)
            sample = data.take(slice(step // 2, None, step)) if step > 1 else data

            def objective(theta: Floats) -> tuple[float, Floats]:
                return self._with_prior(theta, centre, self._total_log_likelihood(theta, sample))

            return Stage(objective, float(sample.weight.sum() / data.weight.sum()))

        sizes = [size for size in _SAMPLE_CELLS if size < len(data) // 2]
        stages = [stage(size) for size in (*sizes, len(data))]
        bounds = (centre - reach, centre + reach)
        found = maximise(stages, starts, bounds, self._names())
        self._adopt(found, data)
        return self

    def _check_enough(self, data: Any) -> None:
        """Refuse data in which the parameters leave no trace."""
        if len(data) <= len(self.parameter_names):
            raise ValueError(
                f"Only {len(data)} distinct customer histories: too few for the "
                f"{len(self.parameter_names)} parameters of {type(self).__name__}. Use more "
                "customers, or a fixed repurchase rate."
            )

    def _start(self, values: Sequence[float], scale: float) -> Floats:
        scaled = [
            value * scale if name in self.scaled_parameters else value
            for name, value in zip(self.parameter_names, values, strict=True)
        ]
        logs = np.log(np.array(scaled) - self._lowest())
        return np.concatenate([logs, np.zeros(len(self._names()) - len(logs))])

    def _with_prior(
        self, theta: Floats, centre: Floats, likelihood: tuple[float, Floats]
    ) -> tuple[float, Floats]:
        """Add the weak normal prior on theta; nothing when `prior_scale` is None."""
        value, gradient = likelihood
        if self.prior_scale is None:
            return value, gradient
        prior_scale = number("prior_scale", self.prior_scale, above=0)
        away = (theta - centre) / prior_scale
        return value - float(away @ away) / 2, gradient - away / prior_scale

    def _adopt(self, found: Maximum, data: Any) -> None:
        self._set_theta(found.theta)
        self.theta_covariance_ = found.covariance
        self.converged_ = found.converged
        self.log_likelihood_ = self._total_log_likelihood(found.theta, data)[0]
        self.n_customers_ = float(data.weight.sum())

    def _set_theta(self, theta: Floats) -> None:
        self.theta_ = theta
        self.params_ = dict(zip(self._names(), self._natural(theta).tolist(), strict=True))

    def _with(self, theta: Floats) -> Self:
        """The same model at other parameters."""
        other = copy(self)
        other._set_theta(theta)
        return other

    def _theta_draws(self, n: int, rng: np.random.Generator) -> Floats:
        """Parameters drawn from the sampling distribution of the estimates, shape (n, k).

        Normal in theta, in opposite pairs; a parameter without a standard error stays put.
        """
        known = ~np.isnan(np.diag(self.theta_covariance_))
        if not known.any():
            return np.tile(self.theta_, (n, 1))
        covariance = self.theta_covariance_[np.ix_(known, known)]
        half = rng.multivariate_normal(np.zeros(int(known.sum())), covariance, (n + 1) // 2)
        draws = np.tile(self.theta_, (n, 1))
        draws[:, known] += np.concatenate([half, -half])[:n]
        return draws

    def _natural(self, theta: Floats) -> Floats:
        """Parameters as the papers write them."""
        positive = len(self.parameter_names)
        return np.concatenate([np.exp(theta[:positive]) + self._lowest(), theta[positive:]])

    # -- summary --------------------------------------------------------------------------

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

    # -- saving ---------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The fitted model as plain values for JSON; `from_dict` needs no fit."""
        check_is_fitted(self, "params_")
        return {
            "model": type(self).__name__,
            "hyperparameters": {k: _plain(v) for k, v in self.get_params().items()},
            "theta": self.theta_.tolist(),
            "theta_covariance": [[_plain(v) for v in row] for row in self.theta_covariance_],
            "log_likelihood": _plain(self.log_likelihood_),
            "n_customers": _plain(self.n_customers_),
            "converged": self.converged_,
            **self._extra_state(),
        }

    def _extra_state(self) -> dict[str, Any]:
        """What a model learned beyond its parameters."""
        return {}

    def _restore_extra(self, state: dict[str, Any]) -> None:
        """Take back what `_extra_state` wrote."""

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote."""
        if state["model"] != cls.__name__:
            raise ValueError(f"The state is of a {state['model']}; expected {cls.__name__}.")
        model = cls(**state["hyperparameters"])
        model._restore_extra(state)
        model._set_theta(np.array(state["theta"], dtype=float))
        model.theta_covariance_ = np.array(state["theta_covariance"], dtype=float)
        model.log_likelihood_ = _number(state["log_likelihood"])
        model.n_customers_ = _number(state["n_customers"])
        model.converged_ = bool(state["converged"])
        return model

    @classmethod
    def from_params(cls, params: dict[str, float], **hyperparameters: Any) -> Self:
        """A model with known parameters, as from a paper; it has predictions but no fit."""
        model = cls(**hyperparameters)
        names = model._names()
        if set(params) != set(names):
            raise ValueError(f"Expected the parameters {', '.join(names)}.")
        model._restore_extra(hyperparameters)
        values = np.array([params[name] for name in names], dtype=float)
        positive = len(cls.parameter_names)
        excess = values[:positive] - model._lowest()
        if not (np.isfinite(values).all() and (excess > 0).all()):
            raise ValueError(f"The parameters {', '.join(cls.parameter_names)} are too small.")
        model._set_theta(np.concatenate([np.log(excess), values[positive:]]))
        model.theta_covariance_ = np.full((len(names), len(names)), np.nan)
        model.log_likelihood_, model.n_customers_, model.converged_ = np.nan, np.nan, False
        return model

    def to_lifetimes(self) -> Any:
        """The lifetimes fitter with these parameters, for notebooks written for lifetimes.

        Raises
        ------
        ValueError
            lifetimes has no such model, or no covariates.
        """
        check_is_fitted(self, "params_")
        mean = self.log_likelihood_ / self.n_customers_
        return interop.to_lifetimes(type(self).__name__, self.params_, self.covariance_, mean)

    @classmethod
    def from_lifetimes(cls, fitter: Any) -> Self:
        """The model with the parameters of a fitted lifetimes fitter; it predicts, unfitted."""
        return cls.from_params(interop.params_of(cls.__name__, fitter))


def _plain(value: Any) -> Any:
    """A value JSON knows: NaN becomes null, a tuple a list."""
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return list(value) if isinstance(value, tuple) else value


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
