"""What the models of purchase histories (x, t_x, T) share: likelihood, answers, lifetime value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.base import MaximumLikelihoodModel
from models.btyd.customers import Customers, Distinct, read_customers
from models.btyd.lifetime_value import month_discounts, month_ends, spend_per_purchase

Floats = NDArray[np.float64]


class Part(NamedTuple):
    """A term of the log-likelihood per row, and its derivative in each log parameter."""

    value: Floats
    slopes: tuple[Floats, ...]


#: Rows predicted at once: bounds the memory, and keeps the distinct histories shared.
BATCH_ROWS = 1 << 20


class Transactions(MaximumLikelihoodModel):
    """A customer purchases at a rate of his own until, unseen, he drops out.

    Each likelihood of the family is common(x) * [gone(x, t_x) + still(x, T)]: the customer
    dropped out at or after the last purchase, or his next event, unseen, comes after T. So the
    costly terms are computed once per distinct (x, t_x) and (x, T), however many customers.
    """

    #: Which covariates move which parameter: name -> ("purchase" | "dropout", sign).
    covariate_effects: ClassVar[dict[str, tuple[str, int]]]

    purchase_covariates: Sequence[str]
    dropout_covariates: Sequence[str]
    prior_scale: float | None

    def __init__(
        self,
        purchase_covariates: Sequence[str] = (),
        dropout_covariates: Sequence[str] = (),
        prior_scale: float | None = None,
    ) -> None:
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates
        self.prior_scale = prior_scale

    # -- what a model provides; `p` holds its parameters, one entry per row or scalars -------

    def _common(self, p: tuple[Floats, ...], x: Floats) -> Part:
        raise NotImplementedError

    def _gone(self, p: tuple[Floats, ...], x: Floats, t_x: Floats) -> Part:
        raise NotImplementedError

    def _still(self, p: tuple[Floats, ...], x: Floats, T: Floats) -> Part:
        raise NotImplementedError

    def _alive(self, p: tuple[Floats, ...], c: Customers) -> Floats:
        """P(alive at T | history), per row."""
        raise NotImplementedError

    def _expected_if_alive(
        self, p: tuple[Floats, ...], x: Floats, T: Floats, horizon: Floats
    ) -> Floats:
        """E[purchases in (T, T + horizon] | alive at T], per row."""
        raise NotImplementedError

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

    def _by_pattern(self, theta: Floats, patterns: Floats) -> tuple[Floats, ...]:
        """Each parameter for each covariate pattern: base * exp(sign * coefficient * z)."""
        logs = np.repeat(theta[: len(self.parameter_names), None], len(patterns), axis=1)
        for (parameter, column, sign, _), coefficient in zip(
            self._effects(), theta[len(logs) :], strict=True
        ):
            logs[parameter] += sign * coefficient * patterns[:, column]
        return tuple(np.exp(logs))

    @staticmethod
    def _at(parameters: tuple[Floats, ...], pattern: Floats) -> tuple[Floats, ...]:
        """Parameters per row; scalars when all customers share them."""
        if len(parameters[0]) == 1:
            return tuple(values[0] for values in parameters)
        return tuple(values[pattern.astype(np.int64)] for values in parameters)

    def _of(self, c: Customers) -> tuple[Floats, ...]:
        check_is_fitted(self, "params_")
        return self._by_pattern(self.theta_, c.patterns)

    # -- likelihood -----------------------------------------------------------------------

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Customers:
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

    def _parts(
        self, theta: Floats, c: Customers
    ) -> tuple[tuple[tuple[Distinct, Part], ...], tuple[Floats, ...]]:
        """The three terms on their distinct rows."""
        parameters = self._by_pattern(theta, c.patterns)
        counts, recencies, ages = c.by_count, c.by_recency, c.by_age
        common = self._common(self._at(parameters, counts.columns[-1]), *counts.columns[:-1])
        gone = self._gone(self._at(parameters, recencies.columns[-1]), *recencies.columns[:-1])
        still = self._still(self._at(parameters, ages.columns[-1]), *ages.columns[:-1])
        return ((counts, common), (recencies, gone), (ages, still)), parameters

    def customer_log_likelihood(self, X: Any) -> Floats:
        """Log-likelihood of each row's history under the fitted parameters, shape (n_rows,)."""
        check_is_fitted(self, "params_")
        c = self._read(X)
        return self._row_log_likelihood(self.theta_, c)

    def _row_log_likelihood(self, theta: Floats, c: Customers) -> Floats:
        (counts, common), (recencies, gone), (ages, still) = self._parts(theta, c)[0]
        either = np.logaddexp(recencies.spread(gone.value), ages.spread(still.value))
        return counts.spread(common.value) + either

    def _total_log_likelihood(self, theta: Floats, data: Customers) -> tuple[float, Floats]:
        terms, _ = self._parts(theta, data)
        (counts, common), (recencies, gone), (ages, still) = terms
        gone_value, still_value = recencies.spread(gone.value), ages.spread(still.value)
        either = np.logaddexp(gone_value, still_value)
        total = float(data.weight @ (counts.spread(common.value) + either))
        shares = (
            data.weight,
            data.weight * np.exp(gone_value - either),
            data.weight * np.exp(still_value - either),
        )
        by_pattern = np.zeros((len(self.parameter_names), len(data.patterns)))
        for (rows, part), share in zip(terms, shares, strict=True):
            mass = np.bincount(rows.codes, share, len(rows.columns[0]))
            pattern = rows.columns[-1].astype(np.int64)
            for k, slope in enumerate(part.slopes):
                by_pattern[k] += np.bincount(pattern, mass * slope, len(data.patterns))
        coefficients = [
            sign * (by_pattern[parameter] @ data.patterns[:, column])
            for parameter, column, sign, _ in self._effects()
        ]
        return total, np.concatenate([by_pattern.sum(axis=1), coefficients])

    # -- answers --------------------------------------------------------------------------

    def probability_alive(self, X: Any) -> Floats:
        """Probability that the customer has not dropped out, shape (n_rows,), in [0, 1].

        Not the probability of a purchase within a horizon: see `probability_no_purchase`.
        """
        c = self._read(X)
        return self._alive(self._of(c), c)

    def probability_no_purchase(self, X: Any, horizon: ArrayLike) -> Floats:
        """P(no purchase in (T, T + horizon]), shape (n_rows,), in [0, 1].

        For any model of the family exp(l(x, t_x, T + H) - l(x, t_x, T)): the history extended by
        a silence of H, given the history.

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        """
        c = self._read(X)
        return self._silence(self._of(c), c, read_horizon(horizon, len(c)))

    def _silence(self, parameters: tuple[Floats, ...], c: Customers, horizon: Floats) -> Floats:
        recencies, ages = c.by_recency, c.by_age
        gone = recencies.spread(
            self._gone(self._at(parameters, recencies.columns[-1]), *recencies.columns[:-1]).value
        )
        x, T, pattern = ages.columns
        now = ages.spread(self._still(self._at(parameters, pattern), x, T).value)
        later = self._later(parameters, c, horizon)
        with np.errstate(under="ignore"):
            silent = np.exp(np.logaddexp(gone, later) - np.logaddexp(gone, now))
        return np.clip(silent, 0.0, 1.0)

    def _later(self, parameters: tuple[Floats, ...], c: Customers, horizon: Floats) -> Floats:
        """The `still` term with T moved on by the horizon."""
        if horizon.ndim == 0:
            x, T, pattern = c.by_age.columns
            return c.by_age.spread(self._still(self._at(parameters, pattern), x, T + horizon).value)
        p = self._at(parameters, c.pattern.astype(float))
        return self._still(p, c.x, c.T + horizon).value

    def expected_purchases(self, X: Any, horizon: ArrayLike) -> Floats:
        """E[number of purchases in (T, T + horizon] | history], shape (n_rows,).

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        """
        c = self._read(X)
        parameters = self._of(c)
        return self._alive(parameters, c) * self._expected(
            parameters, c, read_horizon(horizon, len(c))
        )

    def _expected(self, parameters: tuple[Floats, ...], c: Customers, horizon: Floats) -> Floats:
        """E[purchases | alive at T], per row."""
        if horizon.ndim == 0:
            x, T, pattern = c.by_age.columns
            p = self._at(parameters, pattern)
            return c.by_age.spread(
                self._expected_if_alive(p, x, T, np.full(x.shape, float(horizon)))
            )
        p = self._at(parameters, c.pattern.astype(float))
        return self._expected_if_alive(p, c.x, c.T, horizon)

    def expected_purchases_new_customer(self, t: ArrayLike) -> Floats:
        """E[number of purchases in (0, t]] of a customer just acquired, shape of t.

        For a model with covariates: of a customer whose covariates are all zero.
        """
        check_is_fitted(self, "params_")
        length = np.atleast_1d(np.asarray(t, dtype=float))
        horizon = read_horizon(length, len(length))
        zeros = np.zeros(len(length))
        new = Customers(zeros, zeros, zeros, zeros, np.zeros((len(zeros), 0)), zeros)
        parameters = self._by_pattern(self.theta_, np.zeros((1, len(self._covariates()))))
        expected = self._alive(parameters, new) * self._expected(parameters, new, horizon)
        return expected.reshape(np.shape(t))

    def clv(
        self,
        X: Any,
        spend_model: Any,
        months: int = 12,
        monthly_discount_rate: float = 0.01,
        *,
        days_per_unit: float = 1.0,
        start: dt.date | str | None = None,
    ) -> Floats:
        """Customer lifetime value: expected discounted spend over the coming months.

        The purchases expected in each month, times the expected spend per purchase, discounted
        from the month's end (Fader, Hardie & Lee 2005, "RFM and CLV").

        Parameters
        ----------
        X : frame
            frequency, recency, T, and what the spend model needs.
        spend_model : GammaGammaModel
            Or anything with `expected_spend(X)`.
        months : int
        monthly_discount_rate : float
            0.01 is 12.7 % a year.
        days_per_unit : float
            Days in one unit of T: 1 for days, 7 for weeks.
        start : date, optional
            The cutoff; months then follow the calendar, else each has 30.44 days.

        Returns
        -------
        array, shape (n_rows,), in the unit of money
        """
        c = self._read(X)
        parameters = self._of(c)
        ends = month_ends(months, days_per_unit, start)
        worth = month_discounts(months, monthly_discount_rate)
        # By parts: the sum of worth_k (E_k - E_{k-1}) holds each E_k once.
        falls = worth - np.append(worth[1:], 0.0)
        purchases = np.zeros(len(c))
        for end, fall in zip(ends, falls, strict=True):
            purchases += fall * self._expected(parameters, c, np.asarray(end))
        return purchases * self._alive(parameters, c) * spend_per_purchase(spend_model, X)


def rows(like: Floats, *slopes: Floats | float) -> tuple[Floats, ...]:
    """Slopes as one array per parameter, one entry per row."""
    return tuple(np.broadcast_to(np.asarray(slope), like.shape) for slope in slopes)


def read_horizon(horizon: ArrayLike, n_rows: int) -> Floats:
    """The horizon as one number or one per row; finite and not negative."""
    length = np.asarray(horizon, dtype=float)
    if length.ndim and length.shape != (n_rows,):
        raise ValueError(f"horizon has shape {length.shape}; expected one number or ({n_rows},).")
    if not (np.isfinite(length).all() and (length >= 0).all()):
        count = int(np.sum(~(np.isfinite(length) & (length >= 0))))
        raise ValueError(f"{count:,} of {length.size:,} horizons are negative or not finite.")
    return length
