"""A fitted model as plain values, from published parameters, and to and from lifetimes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd import interop
from models.btyd.summary import FittedSummary

Floats = NDArray[np.float64]

STATE = (
    "hyperparameters",
    "theta",
    "theta_covariance",
    "log_likelihood",
    "n_customers",
    "converged",
)
"""What `to_dict` writes of every model, beside its name."""


class Saved(FittedSummary):
    """Ways to carry a fitted model over: JSON, known parameters, lifetimes."""

    def _set_theta(self, theta: Floats) -> None:
        self.theta_ = theta
        self.params_ = dict(zip(self._names(), self._natural(theta).tolist(), strict=True))

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
        """The model that `to_dict` wrote.

        Raises
        ------
        ValueError
            For the state of another model, or one that lacks a part.
        """
        if state.get("model") != cls.__name__:
            named = state.get("model", "model without a name")
            raise ValueError(f"The state is of a {named}; expected {cls.__name__}.")
        if missing := [key for key in STATE if key not in state]:
            raise ValueError(f"The state lacks {', '.join(missing)}; `to_dict` writes it whole.")
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
