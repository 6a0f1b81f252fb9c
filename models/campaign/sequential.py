"""Intervals that hold however often one looks before a campaign's horizon is over."""

from __future__ import annotations

from math import log, sqrt

TIGHTEST_AT = 0.5
"""Share of the horizon at which the interval is made to be narrowest."""


def reach(elapsed: float, alpha: float = 0.05) -> float:
    """Standard errors to each side of an interim estimate, for all looks together.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024),
    "Time-uniform central limit theory and asymptotic confidence sequences" (2021 on arXiv),
    equation 1.5, which goes back to Robbins (1970). Time is the share of the horizon that is
    over. A sum of independent increments leaves this boundary with probability `alpha` at most,
    however many looks there are. The increments of one customer are positively correlated, so
    that the looks are alike more than that, and by Slepian's inequality leave it less often.

    Parameters
    ----------
    elapsed : float
        Share of the horizon that is over, in (0, 1].

    Examples
    --------
    >>> [round(reach(share), 2) for share in (0.1, 0.5, 1.0)]
    [3.32, 3.04, 3.07]
    """
    rho_squared = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / TIGHTEST_AT
    time = elapsed * rho_squared
    return sqrt((1 + 1 / time) * log((time + 1) / alpha**2))
