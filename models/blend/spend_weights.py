"""How much each spend estimator counts in the mean: learned out of time, as stacking weights are.

The weights minimise the Poisson deviance of spend, a loss whose minimum is the mean and that counts
a customer of a thousand times the money as a thousand customers, not a million (Gneiting 2011). The
largest outcomes are cut. Where there is little evidence the weights stay near their prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from models.blend.spend_estimators import WEIGHTS
from models.blend.stacking import SHRINKAGE
from models.contenders.spend import TOP_SHARE

LEAST = 1e-6
"""Nobody is expected to spend less than this share of the mean."""


@dataclass(frozen=True)
class SpendData:
    """Out-of-time spend by estimator at one cutoff, at the total that came; and what came.

    `expected` has an array of shape (n_customers,) by estimator; so have `spend` and `weight`.
    """

    expected: dict[str, np.ndarray]
    spend: np.ndarray
    weight: np.ndarray


def spend_weights(data: Sequence[SpendData]) -> dict[str, float]:
    """Weight of each spend estimator; they are not negative and sum to 1.

    Examples
    --------
    >>> came, flat = np.tile([0.0, 0.0, 0.0, 8.0], 500), np.full(2000, 2.0)
    >>> seen = SpendData({"likely": came + 0.1, "boosted": flat}, came, np.ones(2000))
    >>> spend_weights([])
    {'likely': 0.5, 'boosted': 0.25, 'boosted_purchases': 0.25}
    >>> spend_weights([seen])["likely"] > 0.95
    True
    """
    data = [one for one in data if (one.spend > 0).any()]  # a shop closed all horizon tells nothing
    known = data[0].expected if data else WEIGHTS
    names = [name for name in WEIGHTS if WEIGHTS[name] > 0 and name in known]
    prior = np.array([WEIGHTS[name] for name in names])
    prior = prior / prior.sum()
    if not data or len(names) < 2:
        return dict(zip(names, prior.tolist(), strict=True))
    cutoffs = [_scaled(one, names) for one in data]
    # As of churn, times how far spend scatters: in units of the mean, that of churn is about 1.
    scatter = np.mean([np.sqrt(share @ (spend - 1) ** 2) for _, spend, share in cutoffs])
    penalty = SHRINKAGE * scatter / np.sqrt(sum(len(spend) for _, spend, _ in cutoffs))

    def objective(theta: np.ndarray) -> float:
        shares = _softmax(theta)
        value = penalty * float(((shares - prior) ** 2).sum()) + 1e-6 * float(theta @ theta)
        for expected, spend, share in cutoffs:
            mean = expected @ shares
            value += float(share @ (mean - spend * np.log(mean))) / len(cutoffs)
        return value

    found = minimize(objective, np.log(prior), method="L-BFGS-B")
    return dict(zip(names, _softmax(found.x).tolist(), strict=True))


def _scaled(one: SpendData, names: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected spend and cut spend in units of the mean, and each row's share of the customers."""
    spend = np.maximum(one.spend, 0.0)
    spend = np.minimum(spend, np.quantile(spend[spend > 0], 1 - TOP_SHARE))
    share = one.weight / one.weight.sum()
    unit = float(share @ spend)
    expected = np.column_stack([one.expected[name] for name in names])
    return np.maximum(expected / unit, LEAST), spend / unit, share


def _softmax(theta: np.ndarray) -> np.ndarray:
    shares = np.exp(theta - theta.max())
    return shares / shares.sum()
