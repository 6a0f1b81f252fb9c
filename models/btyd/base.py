"""What every BTYD estimator shares: the fit by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.btyd.optimise import Maximum, Stage, maximise
from models.btyd.saving import Saved
from models.btyd.settings import number

Floats = NDArray[np.float64]

#: Cells of the sample that the several starts climb on, before the whole histogram.
_SAMPLE_CELLS = (2_000,)
#: Log parameters stay within this distance of their natural scale: factors of 1/60,000 to 60,000.
_REACH = 11.0


class MaximumLikelihoodModel(Saved):
    """An estimator whose parameters are those under which its data are most likely.

    Subclasses say how to read a frame, what the likelihood is in `theta` (the parameters on a
    scale without limits, mostly logarithms), and where to start.
    """

    #: Those of them that carry the unit of the data (time or money).
    scaled_parameters: ClassVar[tuple[str, ...]] = ()

    prior_scale: float | None
    n_features_in_: int

    # -- what a subclass provides ---------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Any:
        """Checked rows; has `weight`, `take`, `counted` and a length."""
        raise NotImplementedError

    def _scale(self, data: Any) -> float:
        """A typical size of the data in its unit; start values and bounds follow it."""
        raise NotImplementedError

    def _starts(self) -> Sequence[Sequence[float]]:
        """Start values of the positive parameters for data of scale 1."""
        raise NotImplementedError

    def _total_log_likelihood(self, theta: Floats, data: Any) -> tuple[float, Floats]:
        """Weighted sum of the log-likelihoods, and its gradient in theta."""
        raise NotImplementedError

    # -- fit ------------------------------------------------------------------------------

    def fit(self, X: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the parameters by maximum likelihood.

        Parameters
        ----------
        X : frame
            One row per customer, or per group of customers who share their history.
        sample_weight : array_like, shape (n_rows,), optional
            Number of customers behind each row; ones when not given.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For rows that break a rule (counted, named), and for data no estimate can rest on.
        FitError
            A ValueError: the search did not converge, or did not leave its start.

        Warns
        -----
        FitWarning
            A parameter ended on its bound, or the likelihood is flat in it: `converged_` is
            False and its standard error NaN. A weak prior (`prior_scale`) is the way out.
        """
        return self._fit(self._read(X, sample_weight).counted())

    def _fit(self, data: Any) -> Self:
        self._check_enough(data)
        scale = self._scale(data)
        starts = [self._start(values, scale) for values in self._starts()]
        centre = starts[0]
        reach = np.full(len(centre), _REACH)

        def stage(cells: int) -> Stage:
            step = max(len(data) // cells, 1)
            sample = data.take(slice(step // 2, None, step)) if step > 1 else data

            def objective(theta: Floats) -> tuple[float, Floats]:
                return self._with_prior(theta, centre, self._total_log_likelihood(theta, sample))

            return Stage(objective, float(sample.weight.sum() / data.weight.sum()))

        sizes = [size for size in _SAMPLE_CELLS if size < len(data) // 2]
        stages = [stage(size) for size in (*sizes, len(data))]
        bounds = (centre - reach, centre + reach)
        found = maximise(stages, starts, bounds, self._names())
        self._adopt(found, data)
        return self

    def _check_enough(self, data: Any) -> None:
        """Refuse data in which the parameters leave no trace."""
        if len(data) <= len(self.parameter_names):
            raise ValueError(
                f"Only {len(data)} distinct customer histories: too few for the "
                f"{len(self.parameter_names)} parameters of {type(self).__name__}. Use more "
                "customers, or a fixed repurchase rate."
            )

    def _start(self, values: Sequence[float], scale: float) -> Floats:
        scaled = [
            value * scale if name in self.scaled_parameters else value
            for name, value in zip(self.parameter_names, values, strict=True)
        ]
        logs = np.log(np.array(scaled) - self._lowest())
        return np.concatenate([logs, np.zeros(len(self._names()) - len(logs))])

    def _with_prior(
        self, theta: Floats, centre: Floats, likelihood: tuple[float, Floats]
    ) -> tuple[float, Floats]:
        """Add the weak normal prior on theta; nothing when `prior_scale` is None."""
        value, gradient = likelihood
        if self.prior_scale is None:
            return value, gradient
        prior_scale = number("prior_scale", self.prior_scale, above=0)
        away = (theta - centre) / prior_scale
        return value - float(away @ away) / 2, gradient - away / prior_scale

    def _adopt(self, found: Maximum, data: Any) -> None:
        self._set_theta(found.theta)
        self.theta_covariance_ = found.covariance
        self.converged_ = found.converged
        self.log_likelihood_ = self._total_log_likelihood(found.theta, data)[0]
        self.n_customers_ = float(data.weight.sum())

    def _with(self, theta: Floats) -> Self:
        """The same model at other parameters."""
        other = copy(self)
        other._set_theta(theta)
        return other

    def _theta_draws(self, n: int, rng: np.random.Generator) -> Floats:
        """Parameters drawn from the sampling distribution of the estimates, shape (n, k).

        Normal in theta, in opposite pairs; a parameter without a standard error stays put.
        """
        known = ~np.isnan(np.diag(self.theta_covariance_))
        if not known.any():
            return np.tile(self.theta_, (n, 1))
        covariance = self.theta_covariance_[np.ix_(known, known)]
        half = rng.multivariate_normal(np.zeros(int(known.sum())), covariance, (n + 1) // 2)
        draws = np.tile(self.theta_, (n, 1))
        draws[:, known] += np.concatenate([half, -half])[:n]
        return draws
