"""Maximum likelihood that says so when it is not one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from models.btyd.fit_warnings import warn

Floats = NDArray[np.float64]

#: theta -> (log-likelihood, its gradient).
Objective = Callable[[Floats], tuple[float, Floats]]


class FitError(ValueError):
    """The search for the maximum failed; nothing was estimated."""


class Maximum(NamedTuple):
    """Where the objective is largest, and how curved it is there."""

    theta: Floats
    covariance: Floats
    converged: bool


#: What a further Newton step could still gain in log-likelihood when we call it converged.
_GAIN_LEFT = 1e-4
#: The climb stops where a further step would gain less than this, or than rounding hides.
_TOP_GAIN = 1e-10
_ROUNDING = 1e-14
#: What the gradient of a sum over many customers may be off by, as a share of the sum.
_NOISE = 1e-10
#: Step of the central differences that turn analytic gradients into the Hessian.
_HESSIAN_STEP = 1e-3
#: A direction in which a logarithm's standard error exceeds 5 says nothing: it is flat.
_FLAT_CURVATURE = 1 / 5.0**2
#: A parameter takes part in a flat direction with more than this.
_LOADING = 0.05

_WAY_OUT = (
    "Use more customers or a longer calibration period, or pass prior_scale=2.0 for a weak prior "
    "on the log parameters."
)


def hessian(objective: Objective, theta: Floats, step: float = _HESSIAN_STEP) -> Floats:
    """Second derivatives by central differences of the analytic gradient, made symmetric."""
    rows = []
    for k in range(len(theta)):
        shift = np.zeros_like(theta)
        shift[k] = step
        rows.append((objective(theta + shift)[1] - objective(theta - shift)[1]) / (2 * step))
    square = np.array(rows)
    return (square + square.T) / 2


class Stage(NamedTuple):
    """A sample of the log-likelihood, and the share of the whole that it holds."""

    objective: Objective
    share: float


def maximise(
    stages: Sequence[Stage],
    starts: Sequence[Floats],
    bounds: tuple[Floats, Floats],
    names: Sequence[str],
) -> Maximum:
    """Climb from several starts on a small sample, then to the top of ever larger ones.

    Parameters
    ----------
    stages : sequence of Stage
        Ascending; the last is the whole log-likelihood.
    starts : sequence of arrays
    bounds : pair of arrays
        A search that ends here is reported, with a warning.
    names : sequence of str
        Parameter names, for the messages.

    Raises
    ------
    FitError
        When no start leads to a maximum, or the search did not leave its start.

    Warns
    -----
    FitWarning
        When a parameter ends on a bound or the likelihood is flat in it.
    """
    lower, upper = bounds
    theta = _best_climb(stages[0].objective, starts, lower, upper)
    for small, large in pairwise([stages[0], *stages]):
        if _inside(theta, lower, upper).all():
            theta = _polish(large.objective, small, theta, lower, upper)
        else:
            # What is flat in a sample need not be flat in the whole.
            theta = _best_climb(large.objective, [*starts, theta], lower, upper)
    if any(np.array_equal(theta, start) for start in starts):
        raise FitError(f"The search did not leave its start values. {_WAY_OUT}")
    return _judge(stages[-1].objective, theta, lower, upper, names)


def _best_climb(
    objective: Objective, starts: Sequence[Floats], lower: Floats, upper: Floats
) -> Floats:
    """The highest point reached from any of the starts."""
    ends = [_climb(objective, start, lower, upper, 1e-5) for start in starts]
    finite = [theta for theta in ends if np.isfinite(objective(theta)[0])]
    if not finite:
        raise FitError(f"The likelihood is not finite from any start. {_WAY_OUT}")
    return max(finite, key=lambda theta: objective(theta)[0])


def _climb(
    objective: Objective, start: Floats, lower: Floats, upper: Floats, tolerance: float
) -> Floats:
    """L-BFGS-B on the objective per unit of its size at the start."""
    size = max(abs(objective(start)[0]), 1.0)

    def down(theta: Floats) -> tuple[float, Floats]:
        value, gradient = objective(theta)
        return -value / size, -gradient / size

    found = optimize.minimize(
        down,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack([lower, upper]),
        options={"maxiter": 500, "maxfun": 2000, "ftol": tolerance, "gtol": 1e-8},
    )
    return np.asarray(found.x)


def _polish(
    objective: Objective, sample: Stage, theta: Floats, lower: Floats, upper: Floats
) -> Floats:
    """From near the top to the top: quasi-Newton steps that start with the sample's curvature.

    Where that is no maximum's, or a step leads nowhere, the bounded search goes on instead.
    """
    curvature = -hessian(sample.objective, theta) / sample.share
    if np.isfinite(curvature).all() and np.linalg.eigvalsh(curvature)[0] > 0:
        inverse = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
        for _ in range(_POLISHING_STEPS):
            value, gradient = objective(theta)
            step = np.asarray(inverse @ gradient)
            if step @ gradient / 2 < _TOP_GAIN + _ROUNDING * abs(value):
                return theta
            found = _line_search(objective, theta, value, gradient, step, lower, upper)
            if found is None:
                break
            new, new_gradient = found
            inverse = _updated(inverse, new - theta, gradient - new_gradient)
            theta = new
    return _climb(objective, theta, lower, upper, 1e-13)


_POLISHING_STEPS = 30


def _line_search(
    objective: Objective,
    theta: Floats,
    value: float,
    gradient: Floats,
    step: Floats,
    lower: Floats,
    upper: Floats,
) -> tuple[Floats, Floats] | None:
    """The first halving of the step that climbs enough (Armijo), or None."""
    for halving in range(12):
        new = theta + step / 2**halving
        if ((new >= lower) & (new <= upper)).all():
            new_value, new_gradient = objective(new)
            slack = _ROUNDING * abs(value)
            if new_value >= value + 1e-4 * (gradient @ step) / 2**halving - slack:
                return new, new_gradient
    return None


def _updated(inverse: Floats, moved: Floats, fell: Floats) -> Floats:
    """The BFGS update of an inverse curvature (Nocedal & Wright 2006, eq. 6.17)."""
    product = float(moved @ fell)
    if product <= 0:
        return inverse
    left = np.eye(len(moved)) - np.outer(moved, fell) / product
    return np.asarray(left @ inverse @ left.T + np.outer(moved, moved) / product)


def _inside(theta: Floats, lower: Floats, upper: Floats) -> NDArray[np.bool_]:
    return np.asarray((theta > lower + 1e-3) & (theta < upper - 1e-3))


class _Top(NamedTuple):
    """The end of the climb: the directions of the curvature there, and what is left to gain.

    Curvatures below `flat`, and a gain below `enough`, are rounding.
    """

    theta: Floats
    free: NDArray[np.bool_]
    curvatures: Floats
    directions: Floats
    gain: float
    flat: float
    enough: float


def _settle(objective: Objective, theta: Floats, lower: Floats, upper: Floats) -> _Top:
    """Newton steps with exact curvature, until none would gain; usually that is at once.

    Flat and convex directions are climbed by the size of their curvature, in steps of at most one
    (Nocedal & Wright 2006, section 3.4, modified by eigenvalues).
    """
    for _ in range(_SETTLING_STEPS):
        free = _inside(theta, lower, upper)
        value, gradient = objective(theta)
        square = -hessian(objective, theta)[np.ix_(free, free)]
        if not np.isfinite(square).all():
            raise FitError(f"The likelihood is not finite near its top. {_WAY_OUT}")
        curvatures, directions = np.linalg.eigh(square)
        along = directions.T @ gradient[free]
        noise = _NOISE * abs(value)
        # On a flat ridge a step multiplies the noise: nearer to its top is by chance only.
        flat, enough = max(_FLAT_CURVATURE, noise / _HESSIAN_STEP), max(_GAIN_LEFT, 10 * noise)
        climb = directions @ (along / np.maximum(np.abs(curvatures), flat))
        gain = float(climb @ gradient[free]) / 2
        top = _Top(theta, free, curvatures, directions, gain, flat, enough)
        if gain < enough:
            return top
        step = np.zeros_like(theta)
        step[free] = climb / max(1.0, float(np.abs(climb).max()))
        found = _line_search(objective, theta, value, gradient, step, lower, upper)
        if found is None:
            return top
        theta = found[0]
    return top


_SETTLING_STEPS = 20


def _judge(
    objective: Objective, theta: Floats, lower: Floats, upper: Floats, names: Sequence[str]
) -> Maximum:
    """Is this a maximum? Covariance where it is; a warning or an error where it is not."""
    top = _settle(objective, theta, lower, upper)
    if top.gain > top.enough:
        raise FitError(f"The search did not converge. {_WAY_OUT}")
    if (top.curvatures < -top.flat).any():
        raise FitError(f"The search stopped where the likelihood has no maximum. {_WAY_OUT}")
    flat = top.curvatures < top.flat
    steep = top.directions[:, ~flat]
    known = steep @ np.diag(1 / top.curvatures[~flat]) @ steep.T
    unknown = ~top.free
    unknown[top.free] = (np.abs(top.directions[:, flat]) > _LOADING).any(axis=1)
    covariance = np.full((len(theta), len(theta)), np.nan)
    covariance[np.ix_(top.free, top.free)] = known
    covariance[unknown, :] = covariance[:, unknown] = np.nan
    if unknown.any():
        which = ", ".join(name for name, bad in zip(names, unknown, strict=True) if bad)
        warn(
            f"The data do not determine {which}: the likelihood is flat or still rises at the "
            f"bound. Predictions stand; their standard errors are missing. {_WAY_OUT}",
            stacklevel=5,
        )
    return Maximum(top.theta, covariance, not unknown.any())
