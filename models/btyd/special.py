"""The special functions behind the BTYD likelihoods, in forms that neither cancel nor overflow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


def log_rising(a: ArrayLike, n: ArrayLike) -> Floats:
    """Logarithm of the rising factorial (a)_n = Gamma(a + n) / Gamma(a).

    >>> round(float(log_rising(2.0, 3)), 6) == round(float(np.log(2 * 3 * 4)), 6)
    True
    """
    a, n = np.asarray(a, float), np.asarray(n, float)
    return np.asarray(special.gammaln(a + n) - special.gammaln(a))


def digamma_rise(a: ArrayLike, n: ArrayLike) -> Floats:
    """Derivative of `log_rising(a, n)` in `a`: psi(a + n) - psi(a)."""
    a, n = np.asarray(a, float), np.asarray(n, float)
    return np.asarray(special.digamma(a + n) - special.digamma(a))


class Tail(NamedTuple):
    """Logarithm of a `power_tail` and the means under its integrand that make its gradient."""

    log_value: Floats
    mean_log_a: Floats
    mean_log_b: Floats
    mean_inverse_a: Floats
    mean_inverse_b: Floats


def _half_line_rule(step: float, first: float, last: float) -> tuple[Floats, Floats]:
    """Double-exponential nodes and weights on (0, inf) for integrands that decay like exp(-w).

    Takahasi & Mori (1974): w = exp(t - exp(-t)), trapezoidal in t.
    """
    t = np.arange(first, last + step / 2, step)
    nodes = np.exp(t - np.exp(-t))
    return nodes, step * nodes * (1 + np.exp(-t))


#: 1e-13 relative on the integrands of `power_tail`; measured against mpmath in the tests.
_NODES, _WEIGHTS = _half_line_rule(step=0.1, first=-3.5, last=3.75)


def power_tail(p: ArrayLike, q: ArrayLike, a: ArrayLike, b: ArrayLike) -> Tail:
    """Integral of (a + h)^-p (b + h)^-q over h > 0, with the means its gradient needs.

    Every term of the Pareto/NBD likelihood is such an integral; the textbook writes it as
    2F1(1, p; p + q; 1 - b / a), which loses all digits where b / a is small and has one form for
    a > b and another for a < b.

    The integral is taken in S = (1 + h / c)^-(p + q - 1), the survival function of the Lomax
    law with the same decay in the tail, c = max(a, b): what is left under the integral is bounded
    and smooth whatever the parameters.

    Parameters
    ----------
    p, q : array_like, p + q > 1
    a, b : array_like, > 0

    Returns
    -------
    Tail
        The logarithm of the integral, and the means of log(a + h), log(b + h), 1 / (a + h) and
        1 / (b + h) under the normalised integrand.
    """
    p, q, a, b = np.broadcast_arrays(*(np.asarray(v, float) for v in (p, q, a, b)))
    tail = p + q - 1
    scale = np.maximum(a, b)
    to_a, to_b, to_tail = scale / a, scale / b, 1 / tail
    total = np.zeros(p.shape)
    log_a, log_b, inverse_a, inverse_b = (np.zeros(p.shape) for _ in range(4))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        step = node * to_tail
        beyond = np.maximum(step - _LARGEST_EXPONENT, 0.0)
        h = np.expm1(step - beyond)
        rise_a, rise_b = np.log1p(h * to_a) + beyond, np.log1p(h * to_b) + beyond
        mass = weight * np.exp(step - p * rise_a - q * rise_b)
        total += mass
        log_a += mass * rise_a
        log_b += mass * rise_b
        inverse_a += mass / (1 + h * to_a)
        inverse_b += mass / (1 + h * to_b)
    base_a, base_b = np.log(a), np.log(b)
    return Tail(
        np.log(total * scale * to_tail) - p * base_a - q * base_b,
        base_a + log_a / total,
        base_b + log_b / total,
        inverse_a / total / a,
        inverse_b / total / b,
    )


#: exp() of more overflows; far beyond it log1p(h / a) grows exactly as the exponent does.
_LARGEST_EXPONENT = 500.0


def expected_count(m: ArrayLike, a: ArrayLike, b: ArrayLike, ratio: ArrayLike) -> Floats:
    """E[(1 - (1 + p ratio)^-m) / p] for p ~ Beta(a, b): purchases of a customer who may drop out.

    Purchases come at rate lambda ~ Gamma(m, rate A), each followed by dropout with chance p, over
    a time `ratio * A`. In closed form (a + b - 1) / (a - 1) * (1 - 2F1(m, a - 1; a + b - 1;
    -ratio)), which divides zero by zero at a = 1, has a pole at a + b = 1 and cancels for a small
    ratio.
    """
    m, a, b, ratio = np.broadcast_arrays(*(np.asarray(v, float) for v in (m, a, b, ratio)))
    z = ratio / (1 + ratio)
    c = a + b - 1
    bracket = 1 - np.exp(-(a - 1) * np.log1p(ratio)) * special.hyp2f1(c - m, a - 1, c, z)
    return np.asarray(c / (a - 1) * bracket)
