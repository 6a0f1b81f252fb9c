"""Effects of several campaigns, or segments, as one: random effects, and each shrunk to it.

DerSimonian & Laird (1986) for how far the true effects lie apart; Hartung & Knapp (2001) for
an interval that holds with few of them. The figures are those of statsmodels' `combine_effects`,
which the tests ask where it has an answer: it lets the variance between effects go below 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Pooled:
    """The mean of the true effects with its 95 % interval, and each effect given all.

    `spread` is the standard deviation of the true effects (tau); `differ_p` how likely estimates
    lie so far apart when all true effects are one (Cochran's Q). `shrunk` and `shrunk_se`,
    shape (n,), are the empirical-Bayes estimates: near the mean where one alone is uncertain.
    """

    mean: float
    se: float
    low: float
    high: float
    spread: float
    differ_p: float
    shrunk: np.ndarray
    shrunk_se: np.ndarray


def pool(estimates: ArrayLike, standard_errors: ArrayLike) -> Pooled:
    """Random-effects mean of independent estimates of one kind.

    Raises
    ------
    ValueError
        When there is no estimate, or an error is not above 0.

    Examples
    --------
    >>> found = pool([0.1, 0.1, 0.1], [0.02, 0.02, 0.02])
    >>> round(found.mean, 3), found.spread, found.shrunk.round(3).tolist()
    (0.1, 0.0, [0.1, 0.1, 0.1])
    """
    effect, se = np.asarray(estimates, float), np.asarray(standard_errors, float)
    if not len(effect) or not (se > 0).all():
        raise ValueError("There is no estimate, or one without an error above 0.")
    if len(effect) == 1:
        reach = float(stats.norm.ppf(0.975)) * se[0]
        return Pooled(effect[0], se[0], effect[0] - reach, effect[0] + reach, 0.0, 1.0, effect, se)
    tau2 = _between(effect, se**2)
    weight = 1 / (se**2 + tau2)
    mean = float(weight @ effect / weight.sum())
    plain = float(weight.sum() ** -0.5)
    hartung_knapp = float(weight @ (effect - mean) ** 2 / (len(effect) - 1)) ** 0.5 * plain
    # Knapp and Hartung's own rule: never narrower than without their correction.
    error = max(hartung_knapp, plain)
    reach = float(stats.t.ppf(0.975, len(effect) - 1)) * error
    own = tau2 / (tau2 + se**2)
    shrunk_se = np.sqrt(own * se**2 + (1 - own) ** 2 * plain**2)
    shrunk = own * effect + (1 - own) * mean
    differ_p = float(stats.chi2.sf(_q(effect, se**2), len(effect) - 1))
    return Pooled(mean, error, mean - reach, mean + reach, tau2**0.5, differ_p, shrunk, shrunk_se)


def _between(effect: np.ndarray, variance: np.ndarray) -> float:
    """Variance of the true effects (tau squared), DerSimonian and Laird's moments; at least 0."""
    weight = 1 / variance
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, (_q(effect, variance) - (len(effect) - 1)) / float(scale))


def _q(effect: np.ndarray, variance: np.ndarray) -> float:
    """Cochran's Q: squared distances from the common mean, each over its variance."""
    return float((effect - effect @ (1 / variance) / (1 / variance).sum()) ** 2 @ (1 / variance))
