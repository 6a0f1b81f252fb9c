"""Every contender by the name that the config and the leaderboard use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator

from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.blend import WITH_PART, Blend
from models.contenders.baselines import BaseRate, LastHorizonRepeat, RecencyAlone, StatusQuoRate
from models.contenders.btyd import BtydContender
from models.contenders.classifiers import RFM, BoostedChurn, LogisticChurn
from models.contenders.hazard import BoostedHazard
from models.contenders.lifetimes import LifetimesBetaGeo
from models.contenders.own import OwnChurn
from models.contenders.protocol import Contender
from models.contenders.spend import BoostedSpend

CONTENDERS: dict[str, Callable[[], Contender]] = {
    "base_rate": BaseRate,
    "recency_alone": RecencyAlone,
    "status_quo_rate": StatusQuoRate,
    "last_horizon_repeat": LastHorizonRepeat,
    "logistic_rfm": lambda: LogisticChurn("logistic_rfm", RFM, latest_only=True),
    "logistic": lambda: LogisticChurn("logistic"),
    "hist_gradient_boosting_one_cutoff": lambda: BoostedChurn(
        "hist_gradient_boosting_one_cutoff", latest_only=True
    ),
    "hist_gradient_boosting": lambda: BoostedChurn("hist_gradient_boosting"),
    "boosted_hazard": BoostedHazard,
    "bg_nbd": lambda: BtydContender("bg_nbd"),
    "mbg_nbd": lambda: BtydContender("mbg_nbd"),
    "pareto_nbd": lambda: BtydContender("pareto_nbd"),
    "mbg_cnbd_k": lambda: BtydContender("mbg_cnbd_k"),
    "lifetimes_bg_nbd": LifetimesBetaGeo,
    "boosted_spend": BoostedSpend,
    "blend": Blend,
}
"""Name -> a new, unfitted contender."""

WITH_PARTS: dict[str, Callable[[], Contender]] = {
    f"{WITH_PART}{part}": partial(Blend, part) for part in PRIOR_WEIGHTS
}
"""Name -> the mean of the blend and one of its parts; compared where that part was better."""

BOARD = tuple(name for name in CONTENDERS if name != "lifetimes_bg_nbd")
"""Those that are compared unless the config names others. That of the lifetimes package, whose
probabilities are no answer to this question, stands beside them on the demo's board."""

BASELINES = ("base_rate", "recency_alone", "status_quo_rate", "last_horizon_repeat")
"""The naive rules that a model must beat to be worth its keep."""

DEFAULT = "blend"
"""The contender whose answers the product publishes unless the config names another."""


def create(name: str) -> Contender:
    """Make an unfitted contender.

    Raises
    ------
    ValueError
        When there is none of that name; the message lists them.

    Examples
    --------
    >>> create("base_rate").name
    'base_rate'
    """
    if name in WITH_PARTS:
        return WITH_PARTS[name]()
    if name not in CONTENDERS:
        raise ValueError(f"Unknown contender {name!r}; known: {', '.join(CONTENDERS)}.")
    return CONTENDERS[name]()


def restore(
    name: str, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]
) -> Contender:
    """Build a fitted contender again from its `parameters()` and `estimators()`.

    A name that is not on the list is that of a user's own classifier.
    """
    if name not in CONTENDERS and name not in WITH_PARTS:
        return OwnChurn.restore(parameters, estimators)
    return type(create(name)).restore(parameters, estimators)
