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

NORMAL_REACH = float(stats.norm.ppf(0.975))


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


def pool(estimates: ArrayLike, standard_errors: ArrayLike, reach: float = NORMAL_REACH) -> Pooled:
    """Random-effects mean of independent estimates of one kind.

    Parameters
    ----------
    reach : float
        How many of its errors the interval of one estimate alone goes to each side.

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
        half = reach * se[0]
        return Pooled(effect[0], se[0], effect[0] - half, effect[0] + half, 0.0, 1.0, effect, se)
    tau2 = _between(effect, se**2)
    weight = 1 / (se**2 + tau2)
    mean = float(weight @ effect / weight.sum())
    plain = float(weight.sum() ** -0.5)
    hartung_knapp = float(weight @ (effect - mean) ** 2 / (len(effect) - 1)) ** 0.5 * plain
    # Knapp and Hartung's own rule: never narrower than without their correction.
    error = max(hartung_knapp, plain)
    half = float(stats.t.ppf(0.975, len(effect) - 1)) * error
    own = tau2 / (tau2 + se**2)
    shrunk_se = np.sqrt(own * se**2 + (1 - own) ** 2 * plain**2)
    shrunk = own * effect + (1 - own) * mean
    differ_p = float(stats.chi2.sf(_q(effect, se**2), len(effect) - 1))
    return Pooled(mean, error, mean - half, mean + half, tau2**0.5, differ_p, shrunk, shrunk_se)


def corrected(assumed: float, measured: float, se: float) -> float:
    """What to expect of the next campaign: the assumption, corrected by what was measured.

    The posterior mean of a normal prior and a normal estimate. The prior's standard deviation is
    the assumed effect itself, so that none, and twice as much, are as far away as one deviation.
    Where the measurement lies further from it than both explain, the assumption was worse than
    that: its deviation is then the one that makes the measurement most likely (type II maximum
    likelihood, as in the empirical Bayes of Morris 1983). One uncertain campaign hardly moves the
    assumption; as campaigns add up, nothing is left of it.

    Examples
    --------
    >>> [round(corrected(0.1, measured, 0.1), 3) for measured in (-0.1, 0.1, 0.3, 0.6)]
    [-0.05, 0.1, 0.25, 0.58]
    >>> round(corrected(0.1, 0.3, se=1.0), 2), round(corrected(0.1, 0.3, se=0.01), 2)
    (0.1, 0.3)
    """
    distance = measured - assumed
    spread = max(assumed**2, distance**2 - se**2)
    return assumed + spread / (spread + se**2) * distance


def _between(effect: np.ndarray, variance: np.ndarray) -> float:
    """Variance of the true effects (tau squared), DerSimonian and Laird's moments; at least 0."""
    weight = 1 / variance
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, (_q(effect, variance) - (len(effect) - 1)) / float(scale))


def _q(effect: np.ndarray, variance: np.ndarray) -> float:
    """Cochran's Q: squared distances from the common mean, each over its variance."""
    return float((effect - effect @ (1 / variance) / (1 / variance).sum()) ** 2 @ (1 / variance))
