"""Buy-till-you-die models: maximum likelihood with uncertainty, as scikit-learn estimators.

A library of its own: no panel, no cutoff, no other room of models is known here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.btyd.beta_geo import BetaGeoModel
    from models.btyd.beta_geo_beta_binom import BetaGeoBetaBinomModel
    from models.btyd.fit_warnings import FitWarning
    from models.btyd.from_orders import rfm_summary
    from models.btyd.gamma_gamma import GammaGammaModel
    from models.btyd.modified_beta_geo import ModifiedBetaGeoModel
    from models.btyd.modified_beta_geo_erlang import ModifiedBetaGeoErlangModel
    from models.btyd.nbd import NBDModel
    from models.btyd.optimise import FitError
    from models.btyd.pareto_nbd import ParetoNBDModel

__all__ = [
    "BetaGeoBetaBinomModel",
    "BetaGeoModel",
    "FitError",
    "FitWarning",
    "GammaGammaModel",
    "ModifiedBetaGeoErlangModel",
    "ModifiedBetaGeoModel",
    "NBDModel",
    "ParetoNBDModel",
    "rfm_summary",
]

_HOMES = {
    "BetaGeoBetaBinomModel": "beta_geo_beta_binom",
    "BetaGeoModel": "beta_geo",
    "FitError": "optimise",
    "FitWarning": "fit_warnings",
    "GammaGammaModel": "gamma_gamma",
    "ModifiedBetaGeoErlangModel": "modified_beta_geo_erlang",
    "ModifiedBetaGeoModel": "modified_beta_geo",
    "NBDModel": "nbd",
    "ParetoNBDModel": "pareto_nbd",
    "rfm_summary": "from_orders",
}
"""Each model is loaded when it is asked for: they need scipy.stats, which takes a second."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
