"""The likelihood of purchase histories (x, t_x, T), once per group of alike customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.base import MaximumLikelihoodModel
from models.btyd.customers import Customers, Groups, read_customers
from models.btyd.parts import Parameters, Part

Floats = NDArray[np.float64]


class HistoryLikelihood(MaximumLikelihoodModel):
    """A customer purchases at a rate of his own until, unseen, he drops out.

    Each likelihood of the family is common(x) * [gone(x, t_x) + still(x, T)]: the customer
    dropped out at or after the last purchase, or his next event, unseen, comes after T. So the
    costly terms are computed once per distinct (x, t_x) and (x, T), however many customers.
    """

    #: Which covariates move which parameter: name -> ("purchase" | "dropout", sign).
    covariate_effects: ClassVar[dict[str, tuple[str, int]]]

    purchase_covariates: Sequence[str]
    dropout_covariates: Sequence[str]

    def __init__(
        self,
        purchase_covariates: Sequence[str] = (),
        dropout_covariates: Sequence[str] = (),
        prior_scale: float | None = None,
    ) -> None:
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates
        self.prior_scale = prior_scale

    # -- what a model provides; `p` holds its parameters, one entry per customer or scalars --

    def _common(self, p: Parameters, c: Customers) -> Part:
        """The factor that depends on x alone."""
        raise NotImplementedError

    def _gone(self, p: Parameters, c: Customers) -> Part:
        """The term of those who dropped out; depends on x and t_x."""
        raise NotImplementedError

    def _still(self, p: Parameters, c: Customers) -> Part:
        """The term that vanishes as T grows; depends on x and T."""
        raise NotImplementedError

    def _gone_value(self, p: Parameters, c: Customers) -> Floats:
        """`_gone` without its slopes."""
        return self._gone(p, c).value

    def _still_value(self, p: Parameters, c: Customers) -> Floats:
        """`_still` without its slopes."""
        return self._still(p, c).value

    def _still_groups(self, c: Customers) -> Groups:
        """Customers alike in `_still` and in their future, given that they are alive."""
        return c.by_age

    # -- parameters and covariates --------------------------------------------------------

    def _effects(self) -> list[tuple[int, int, int, str]]:
        """(parameter, covariate column, sign, name) of each covariate coefficient."""
        columns = {name: k for k, name in enumerate(self._covariates())}
        effects = []
        for parameter, (kind, sign) in self.covariate_effects.items():
            chosen = self.purchase_covariates if kind == "purchase" else self.dropout_covariates
            several = sum(k == kind for k, _ in self.covariate_effects.values()) > 1
            label = f"{kind}_{parameter}" if several else kind
            effects += [
                (self.parameter_names.index(parameter), columns[name], sign, f"{label}_{name}")
                for name in chosen
            ]
        return effects

    def _covariates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.purchase_covariates, *self.dropout_covariates)))

    def _names(self) -> tuple[str, ...]:
        return (*self.parameter_names, *(name for *_, name in self._effects()))

    def _by_pattern(self, theta: Floats, patterns: Floats) -> Parameters:
        """Each parameter for each covariate pattern: base * exp(sign * coefficient * z)."""
        logs = np.repeat(theta[: len(self.parameter_names), None], len(patterns), axis=1)
        for (parameter, column, sign, _), coefficient in zip(
            self._effects(), theta[len(logs) :], strict=True
        ):
            logs[parameter] += sign * coefficient * patterns[:, column]
        return tuple(np.exp(logs))

    def _parameters(self, theta: Floats, c: Customers) -> Parameters:
        """Parameters per customer; scalars when all share them."""
        by_pattern = self._by_pattern(theta, c.patterns)
        if len(c.patterns) == 1:
            return tuple(values[0] for values in by_pattern)
        return tuple(values[c.pattern] for values in by_pattern)

    # -- likelihood -----------------------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Customers:
        if isinstance(X, Customers):  # checked, and grouped, before
            return X
        return read_customers(X, self._covariates(), sample_weight)

    def _scale(self, data: Customers) -> float:
        return float(np.average(data.T, weights=data.weight))

    def _check_enough(self, data: Customers) -> None:
        if not data.T.any():
            raise ValueError("T is 0 for every customer: no time has passed to learn from.")
        if not data.x.any():
            raise ValueError(
                f"All {data.weight.sum():,.0f} customers bought once (frequency 0): the data say "
                "nothing about repeat purchases. Use a longer calibration period."
            )
        super()._check_enough(data)

    def _parts(self, theta: Floats, c: Customers) -> tuple[tuple[Groups, Part], ...]:
        """The three terms, each once per group of customers alike in it."""
        return tuple(
            (groups, part(self._parameters(theta, groups.members), groups.members))
            for groups, part in (
                (c.by_count, self._common),
                (c.by_recency, self._gone),
                (self._still_groups(c), self._still),
            )
        )

    def customer_log_likelihood(self, X: Any) -> Floats:
        """Log-likelihood of each row's history under the fitted parameters, shape (n_rows,)."""
        check_is_fitted(self, "params_")
        c = self._read(X)
        common, gone, still = (
            groups.spread(part.value) for groups, part in self._parts(self.theta_, c)
        )
        return common + np.logaddexp(gone, still) + self._constant(c)

    def _constant(self, c: Customers) -> Floats:
        """What the parameters leave alone but the likelihood counts."""
        return np.zeros(len(c))

    def _total_log_likelihood(self, theta: Floats, data: Customers) -> tuple[float, Floats]:
        parts = self._parts(theta, data)
        (counts, common), (recencies, gone), (ages, still) = parts
        either, gone_share = _log_sum(recencies.spread(gone.value), ages.spread(still.value))
        total = counts.total(data.weight) @ common.value + data.weight @ either
        total += data.weight @ self._constant(data)
        # The gradient of log(e^f + e^g) weighs those of f and g by their shares.
        leaving = data.weight * gone_share
        shares = (data.weight, leaving, data.weight - leaving)
        by_pattern = np.zeros((len(self.parameter_names), len(data.patterns)))
        for (groups, part), share in zip(parts, shares, strict=True):
            mass = groups.total(share)
            for k, slope in enumerate(part.slopes):
                pattern = groups.members.pattern
                by_pattern[k] += np.bincount(pattern, mass * slope, len(data.patterns))
        coefficients = [
            sign * (by_pattern[parameter] @ data.patterns[:, column])
            for parameter, column, sign, _ in self._effects()
        ]
        return float(total), np.concatenate([by_pattern.sum(axis=1), coefficients])


def _log_sum(f: Floats, g: Floats) -> tuple[Floats, Floats]:
    """log(e^f + e^g), and the share of e^f in the sum; with one exponential for both."""
    ahead = f - g
    less = np.exp(-np.abs(ahead))
    more_share = 1 / (1 + less)
    return np.maximum(f, g) + np.log1p(less), np.where(ahead > 0, more_share, less * more_share)
