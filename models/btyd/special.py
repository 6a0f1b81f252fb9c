"""The special functions behind the BTYD likelihoods, in forms that neither cancel nor overflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.optimize import elementwise

from models.btyd.summation import surviving_purchases

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


def _unit_interval_rule(step: float, last: float) -> tuple[Floats, Floats, Floats]:
    """Tanh-sinh nodes on (0, 1), their logarithms, and weights; Takahasi & Mori (1974)."""
    t = np.arange(-last, last + step / 2, step)
    bend = np.pi * np.sinh(t)
    nodes = special.expit(bend)
    weights = step * np.pi * np.cosh(t) * nodes * special.expit(-bend)
    return nodes, special.log_expit(bend), weights


#: For integrands that may rise or fall steeply towards either end.
UNIT_RULE = _unit_interval_rule(step=0.075, last=3.15)

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
    larger = a >= b
    if larger.all():
        return _power_tail(p, q, a, b)
    far = _power_tail(
        np.where(larger, p, q),
        np.where(larger, q, p),
        np.maximum(a, b),
        np.minimum(a, b),
    )
    return Tail(
        far.log_value,
        np.where(larger, far.mean_log_a, far.mean_log_b),
        np.where(larger, far.mean_log_b, far.mean_log_a),
        np.where(larger, far.mean_inverse_a, far.mean_inverse_b),
        np.where(larger, far.mean_inverse_b, far.mean_inverse_a),
    )


def log_power_tail(p: ArrayLike, q: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """The logarithm of the integral of `power_tail` alone, at half the price."""
    p, q, a, b = np.broadcast_arrays(*(np.asarray(v, float) for v in (p, q, a, b)))
    larger = a >= b
    far, near = np.maximum(a, b), np.minimum(a, b)
    fall, other = np.where(larger, p, q), np.where(larger, q, p)
    total = np.zeros(p.shape)
    for _, _, mass, _, _ in _tail_masses(fall, other, far / near):
        # In the order of the nodes: a sum of one row may not differ from many's.
        total = np.add.accumulate([total, *mass])[-1] if len(mass) > 1 else total + mass[0]
    return np.asarray(np.log(total / (p + q - 1)) - (fall - 1) * np.log(far) - other * np.log(near))


def _tail_masses(p: Floats, q: Floats, ratio: Floats) -> Iterator[tuple[Floats, ...]]:
    """At some nodes: log(1 + h / a), log(1 + h / b), the integrand's mass, h / a and h / b.

    For ratio = a / b >= 1; then c = a, and log(1 + h / a) is the node (first axis), scaled.
    """
    to_tail = 1 / (p + q - 1)
    at_once = max(1, 4096 // max(1, p.size))
    for first in range(0, len(_NODES), at_once):
        some = slice(first, first + at_once)
        node, weight = (x[some].reshape(-1, *[1] * p.ndim) for x in (_NODES, _WEIGHTS))
        rise_a = node * to_tail
        beyond = np.maximum(rise_a - _LARGEST_EXPONENT, 0.0)
        growth = np.expm1(rise_a - beyond)
        along_b = growth * ratio
        rise_b = np.log1p(along_b) + beyond
        mass = weight * np.exp((1 - p) * rise_a - q * rise_b)
        yield rise_a, rise_b, mass, growth, along_b


def _power_tail(p: Floats, q: Floats, a: Floats, b: Floats) -> Tail:
    """`power_tail` for a >= b."""
    total = np.zeros(p.shape)
    log_a, log_b, inverse_a, inverse_b = (np.zeros(p.shape) for _ in range(4))
    each = (one for some in _tail_masses(p, q, a / b) for one in zip(*some, strict=True))
    for rise_a, rise_b, mass, growth, along_b in each:
        total += mass
        log_a += mass * rise_a
        log_b += mass * rise_b
        inverse_a += mass / (1 + growth)
        inverse_b += mass / (1 + along_b)
    base_a, base_b = np.log(a), np.log(b)
    return Tail(
        np.log(total / (p + q - 1)) - (p - 1) * base_a - q * base_b,
        base_a + log_a / total,
        base_b + log_b / total,
        inverse_a / total / a,
        inverse_b / total / b,
    )


#: exp() of more overflows; far beyond it log1p(h / a) grows exactly as the exponent does.
_LARGEST_EXPONENT = 500.0


def expected_count(m: ArrayLike, a: ArrayLike, b: ArrayLike, ratio: ArrayLike) -> Floats:
    """E[(1 - (1 + p ratio)^-m) / p] for p ~ Beta(a, b): purchases of a customer who may drop out.

    One entry per row, at least one-dimensional.

    Purchases come at rate lambda ~ Gamma(m, rate A), each followed by dropout with chance p, over
    a time `ratio * A`. The textbook's (a + b - 1) / (a - 1) * (1 - (1 - z)^(a - 1) 2F1) divides
    zero by zero at a = 1, has a pole at a + b = 1 and cancels for a short time. With its first
    term split off and e = a - 1, L = log(1 + ratio), z = ratio / (1 + ratio), c = a + b - 1,

        c L exprel(-e L) - exp(-e L) * c * (2F1(c - m, e; c; z) - 1) / e

    where the last quotient is a series without e and without a pole (`_quotient`).
    """
    m, a, b, ratio = np.broadcast_arrays(*(np.atleast_1d(v) * 1.0 for v in (m, a, b, ratio)))
    # Where the series alternates and cancels, peaks late or overflows, the chances are summed.
    late = (a > _LARGE) & (a * ratio > _PEAK_UP_TO)
    far = (a + b > _OVERFLOWS) & (ratio > _SERIES_UP_TO / (1 - _SERIES_UP_TO))
    summed = (a + b - 1 - m < _ALTERNATES) | late | far
    expected = np.empty(m.shape)
    for rows, form in ((~summed, _closed_form), (summed, surviving_purchases)):
        if rows.any():
            expected[rows] = form(m[rows], a[rows], b[rows], ratio[rows])
    return expected


#: Below this the terms of the closed form's series outgrow its sum by more than 10^6.
_ALTERNATES = -20.0
#: Above this a the series peaks at term a ratio, not too late; above this a + b 2F1 overflows.
_LARGE, _PEAK_UP_TO, _OVERFLOWS = 20.0, 180.0, 50.0


def _closed_form(m: Floats, a: Floats, b: Floats, ratio: Floats) -> Floats:
    """The formula in the docstring of `expected_count`."""
    length = np.log1p(ratio)
    excess, c = a - 1, a + b - 1
    first = c * length * special.exprel(-excess * length)
    return np.asarray(first - np.exp(-excess * length) * _quotient(c - m, a, c, length))


#: Above this argument the power series gives way to the transformations inside scipy's 2F1.
_SERIES_UP_TO = 0.9
_SERIES_TERMS = 1_000
#: Closer to a = 1 than this, the quotient is interpolated between its values on both sides.
_NEAR_ONE = 1e-5


def _quotient(k: Floats, a: Floats, c: Floats, length: Floats) -> Floats:
    """The quotient c (2F1(k, a - 1; c; z) - 1) / (a - 1), finite for all a and c > -1.

    It is k z 3F2(k + 1, a, 1; c + 1, 2; z).
    """
    z = -np.expm1(-length)
    result = np.zeros(z.shape)
    near = z <= _SERIES_UP_TO
    result[near] = _quotient_series(k[near], a[near], c[near], z[near])
    far = np.flatnonzero(~near)
    if far.size:
        k, e, c, z = k[far], a[far] - 1, c[far], z[far]
        close = np.abs(e) < _NEAR_ONE
        upper = _quotient_far(k, np.where(close, _NEAR_ONE, e), c, z)
        lower = _quotient_far(k, np.where(close, -_NEAR_ONE, e), c, z)
        share = np.where(close, (1 + e / _NEAR_ONE) / 2, 1.0)
        result[far] = lower + share * (upper - lower)
    return result


def _quotient_far(k: Floats, e: Floats, c: Floats, z: Floats) -> Floats:
    """The quotient by Gauss's relation between 2F1 at c and at c + 1, which removes the pole."""
    upper = special.hyp2f1(k, e, c + 1, z)
    shifted = special.hyp2f1(k + 1, e + 1, c + 2, z)
    return np.asarray(c * (upper - 1) / e + k * z / (c + 1) * shifted)


def _quotient_series(k: Floats, a: Floats, c: Floats, z: Floats) -> Floats:
    """Sum over n >= 1 of (k)_n (a)_(n-1) z^n / ((c + 1)_(n-1) n!); done rows leave the loop."""
    term = k * z
    total = term.copy()
    active = np.flatnonzero(term)
    for n in range(1, _SERIES_TERMS):
        if not active.size:
            break
        k_, a_, c_ = k[active], a[active], c[active]
        term[active] *= (k_ + n) * (a_ + n - 1) / ((c_ + n) * (n + 1)) * z[active]
        total[active] += term[active]
        active = active[np.abs(term[active]) > 1e-17 * np.abs(total[active])]
    return total


def discounted_lifetime(shape: ArrayLike, rate: ArrayLike, discount: float) -> Floats:
    """Integral of exp(-discount u) (1 + u / rate)^-shape over u > 0: discounted time alive.

    rate * U(1, 2 - shape, discount * rate) in terms of Tricomi's function.
    """
    shape, rate = np.broadcast_arrays(np.asarray(shape, float), np.asarray(rate, float))
    total = np.zeros(rate.shape)
    for node, weight in zip(*_FINE_RULE, strict=True):
        total += weight * np.exp(-node - shape * np.log1p(node / (discount * rate)))
    return total / discount


#: Fine enough for a discount so small that all happens long before it bites.
_FINE_RULE = _half_line_rule(step=0.03, first=-3.6, last=3.8)


def increasing_root(
    function: Callable[[Floats, NDArray[np.int64]], Floats], size: int, guess: ArrayLike
) -> Floats:
    """Where each of `size` increasing functions that start below 0 at t = 0 crosses zero.

    `function(t, rows)` evaluates some of them. Chandrupatla's method between brackets found by
    doubling; inf where 2^200 guesses are not enough.
    """
    rows = np.arange(size)
    high = np.array(np.broadcast_to(np.asarray(guess, float), (size,)))
    low = np.zeros(size)
    open_ = rows
    for _ in range(_DOUBLINGS):
        open_ = open_[function(high[open_], open_) < 0]
        if not open_.size:
            break
        low[open_] = high[open_]
        high[open_] *= 4
    found = np.full(size, np.inf)
    closed = np.setdiff1d(rows, open_)
    if closed.size:
        bracket = (low[closed], high[closed])
        found[closed] = elementwise.find_root(function, bracket, args=(closed,)).x
    return found


_DOUBLINGS = 100
