"""Fits of buy-till-you-die models that are needed again: of the same counts, the same fit.

A training asks for the same population several times: for its level, at a cutoff of the backtest,
and as an earlier cutoff of a later one. No other model is kept here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from threading import RLock
from typing import Any

import numpy as np
import pandas as pd

from models.btyd import FitError
from models.btyd.fit_warnings import heard

PRIOR_SCALE = 2.0
"""Standard deviation of the log parameters where the likelihood alone decides nothing."""

MOST_KEPT = 200
"""So many fits are kept, a few kilobytes each; the oldest goes first."""


class SharedFits:
    """Fitted models by what they were fitted to."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = RLock()

    def get(self, name: str, data: tuple[np.ndarray, ...], fit: Callable[[], Any]) -> Any:
        """Answer `fit()`, unless the model of this name was fitted to equal arrays before."""
        digest = blake2b(name.encode())
        for array in data:
            digest.update(np.ascontiguousarray(array).tobytes())
        key = digest.digest()
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = fit()
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found


FITS = SharedFits()
"""Those of this process."""


def steadied_fit(model: Any, customers: pd.DataFrame, n_customers: np.ndarray) -> Any:
    """Maximum likelihood; where it has no maximum, the same with a weak prior.

    A base that nobody leaves has no dropout rate to estimate, one of equals no spread.
    The prior (standard deviation 2 on log parameters) only decides what the data cannot.
    """
    with heard():
        with suppress(FitError):
            found = model().fit(customers, sample_weight=n_customers)
            if found.converged_:
                return found
        return model(prior_scale=PRIOR_SCALE).fit(customers, sample_weight=n_customers)
