"""MBG/NBD: the BG/NBD with a chance to drop out at the first purchase too.

Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer
base analysis", International Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from collections.abc import Sequence

from models.btyd.beta_geo import BetaGeoModel


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD: a customer may leave after each purchase, the first included.

    So one-time buyers can be gone, which the BG/NBD rules out. Parameters as in `BetaGeoModel`.

    Notes
    -----
    The equations are those of `BetaGeoModel` with one chance to leave more; Wagner & Hoppe
    (2008), "Erratum on the MBG/NBD model", International Journal of Research in Marketing 25(3).

    Examples
    --------
    >>> import pandas as pd
    >>> model = ModifiedBetaGeoModel.from_params({"r": 0.525, "alpha": 6.183, "a": 0.891,
    ...                                           "b": 1.614})
    >>> X = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [38.86]})
    >>> bool(model.probability_alive(X)[0] < 0.5)
    True
    """

    extra_chances = 1

    def _starts(self) -> Sequence[Sequence[float]]:
        return [(0.6, 0.2, 0.8, 1.5), (0.3, 0.1, 0.5, 3.0), (1.5, 1.0, 1.0, 1.5)]
