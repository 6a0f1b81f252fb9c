"""To and from the fitters of lifetimes, so that notebooks written for it keep working."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

#: Our model -> the lifetimes fitter with the same likelihood.
FITTERS = {
    "BetaGeoModel": "BetaGeoFitter",
    "ModifiedBetaGeoModel": "ModifiedBetaGeoFitter",
    "ParetoNBDModel": "ParetoNBDFitter",
    "BetaGeoBetaBinomModel": "BetaGeoBetaBinomFitter",
    "GammaGammaModel": "GammaGammaFitter",
}


def fitter_of(model_name: str, params: dict[str, float]) -> str:
    """Name of the lifetimes fitter for a model; a ValueError when there is none."""
    if model_name not in FITTERS:
        raise ValueError(f"lifetimes has no counterpart of {model_name}.")
    known = {"r", "alpha", "s", "beta", "a", "b", "gamma", "delta", "p", "q", "v"}
    if not set(params) <= known:
        raise ValueError("lifetimes has no covariates; fit the model without them.")
    return FITTERS[model_name]


def to_lifetimes(
    model_name: str,
    params: dict[str, float],
    covariance: pd.DataFrame,
    mean_log_likelihood: float,
) -> Any:
    """A lifetimes fitter that predicts from these parameters; lifetimes must be installed."""
    fitter = getattr(_lifetimes(), fitter_of(model_name, params))()
    fitter.params_ = pd.Series(params)
    fitter._scale = 1
    fitter._negative_log_likelihood_ = -mean_log_likelihood
    fitter.variance_matrix_ = covariance
    errors = pd.Series(np.sqrt(np.diag(covariance)), index=covariance.index)
    fitter.standard_errors_ = errors
    fitter.confidence_intervals_ = pd.DataFrame(
        {
            "lower 95% bound": fitter.params_ - 1.959964 * errors,
            "upper 95% bound": fitter.params_ + 1.959964 * errors,
        }
    )
    predict = "conditional_expected_number_of_purchases_up_to_time"
    if hasattr(fitter, predict):
        fitter.predict = getattr(fitter, predict)
    return fitter


def params_of(model_name: str, fitter: Any) -> dict[str, float]:
    """The parameters of a fitted lifetimes fitter, once its kind is known to match."""
    wanted = fitter_of(model_name, {})
    if type(fitter).__name__ != wanted:
        raise ValueError(f"Expected a fitted {wanted}; got {type(fitter).__name__}.")
    if not hasattr(fitter, "params_"):
        raise ValueError(f"The {wanted} has not been fitted.")
    return {str(name): float(value) for name, value in dict(fitter.params_).items()}


def _lifetimes() -> ModuleType:
    with warnings.catch_warnings():
        # lifetimes sets a pandas option that pandas 3 has retired.
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes
