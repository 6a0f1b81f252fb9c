"""The models that the blend mixes, and what they weigh where the past says nothing."""

from __future__ import annotations

from typing import Any

from models.contenders.btyd import BtydContender
from models.contenders.classifiers import BoostedChurn, LogisticChurn
from models.contenders.hazard import BoostedHazard
from models.contenders.spend import BoostedSpend
from models.history import History

PARTS: dict[str, Any] = {
    "mbg_nbd": lambda: BtydContender("mbg_nbd"),
    "pareto_nbd": lambda: BtydContender("pareto_nbd"),
    "mbg_cnbd_k": lambda: BtydContender("mbg_cnbd_k"),
    "logistic": LogisticChurn,
    "hist_gradient_boosting": BoostedChurn,
    "boosted_hazard": BoostedHazard,
    "boosted_spend": BoostedSpend,
}
LEARNED = ("logistic", "hist_gradient_boosting", "boosted_hazard")
UNLEARNED = ("mbg_nbd", "pareto_nbd", "mbg_cnbd_k")
"""What needs no labels: the first knows the level, the others who is before whom."""

PRIOR = {
    "mbg_cnbd_k": 0.05,
    "pareto_nbd": 0.10,
    "logistic": 0.15,
    "hist_gradient_boosting": 0.30,
    "boosted_hazard": 0.40,
}
"""Weights where the past says nothing: what was best on average over many logs."""


def fitted(name: str, history: History) -> Any:
    """Fit a part, or the ValueError with which it refuses; at most once for a history."""

    def attempt() -> Any:
        try:
            return PARTS[name]().fit(history)
        except ValueError as refusal:
            return refusal

    return history.once(("blend", name), attempt)
