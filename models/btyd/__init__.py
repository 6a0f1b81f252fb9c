"""Buy-till-you-die models: maximum likelihood with uncertainty, as scikit-learn estimators.

A library of its own: no panel, no cutoff, no other room of models is known here.
"""

from models.btyd.beta_geo import BetaGeoModel
from models.btyd.beta_geo_beta_binom import BetaGeoBetaBinomModel
from models.btyd.from_orders import rfm_summary
from models.btyd.gamma_gamma import GammaGammaModel
from models.btyd.modified_beta_geo import ModifiedBetaGeoModel
from models.btyd.modified_beta_geo_erlang import ModifiedBetaGeoErlangModel
from models.btyd.nbd import NBDModel
from models.btyd.optimise import FitError, FitWarning
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
