"""The answers of a purchase-history model, each computed once per group of alike customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.customers import Customers, Groups, as_frame, read_customers
from models.btyd.horizons import Horizon, side_by_side
from models.btyd.lifetime_value import month_discounts, month_ends, spend_per_purchase
from models.btyd.likelihood import HistoryLikelihood
from models.btyd.parts import Parameters
from models.btyd.settings import lengths_of_time, whole

Floats = NDArray[np.float64]

#: Rows predicted at once: bounds the memory, and keeps the distinct histories shared.
BATCH_ROWS = 1 << 20


class Answers(HistoryLikelihood):
    """Probabilities, counts and money, asked of a fitted model of (x, t_x, T)."""

    #: Rows whose P(alive) is computed at once; None: as of any answer.
    _alive_rows: ClassVar[int | None] = None

    # -- what a model provides ------------------------------------------------------------

    def _alive(self, p: Parameters, c: Customers) -> Floats:
        """P(alive at T | history)."""
        raise NotImplementedError

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        """E[purchases in (T, T + horizon] | history, alive at T]."""
        raise NotImplementedError

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """P(n purchases in (T, T + horizon] | history, alive at T), n >= 1 (0 is not used)."""
        raise NotImplementedError

    def _alive_now(self, c: Customers) -> Floats:
        return self._alive(self._parameters(self.theta_, c), c)

    def _silence_now(self, c: Customers, horizon: float) -> Floats:
        return self._silence(c, np.asarray(horizon))

    # -- answers --------------------------------------------------------------------------

    def _in_batches(
        self, X: Any, answer: Callable[[Customers, slice], Floats], rows: int | None = None
    ) -> Floats:
        """An answer for all rows, computed on so many at a time that memory stays bounded."""
        check_is_fitted(self, "params_")
        c = self._read(X)
        size = rows or BATCH_ROWS
        if len(c) <= size:
            return answer(c, slice(None))
        batches = [slice(at, at + size) for at in range(0, len(c), size)]
        return np.concatenate([answer(c.take(batch), batch) for batch in batches])

    def probability_alive(self, X: Any) -> Floats:
        """Probability that the customer has not dropped out, shape (n_rows,), in [0, 1].

        Not the probability of a purchase within a horizon: see `probability_no_purchase`.

        Raises
        ------
        ValueError
            For rows that break a rule (counted, named), as in all that is asked of a frame.
        """
        return self._in_batches(X, lambda c, _: self._alive_now(c), self._alive_rows)

    def probability_no_purchase(self, X: Any, horizon: ArrayLike) -> Floats:
        """P(no purchase in (T, T + horizon]), shape (n_rows,), in [0, 1].

        For any model of the family exp(l(x, t_x, T + H) - l(x, t_x, T)): the history extended by
        a silence of H, given the history.

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T

        Raises
        ------
        ValueError
            For rows or horizons that break a rule, counted.
        """
        length = Horizon(horizon)
        return self._in_batches(X, lambda c, batch: self._silence(c, length.of(c, batch)))

    def no_purchase_by(self, X: Any, horizons: ArrayLike) -> Iterator[Floats]:
        """`probability_no_purchase` for one of some horizons after the other, each (n_rows,)."""
        c, lengths = self._read(X), lengths_of_time("horizons", horizons)
        now = self._terms(c)
        for some, length in side_by_side(c, lengths):
            yield from _silent(now, self._still_after(some, length).reshape(-1, len(c)))

    def purchases_by(self, X: Any, horizons: ArrayLike) -> Iterator[Floats]:
        """`expected_purchases` for one of some horizons after the other, each (n_rows,)."""
        c, lengths = self._read(X), lengths_of_time("horizons", horizons)
        alive, groups = self._alive(self._parameters(self.theta_, c), c), self._still_groups(c)
        for expected in self._at_each(groups.members, lengths):
            yield alive * groups.spread(expected)

    def _silence(self, c: Customers, horizon: Floats) -> Floats:
        return _silent(self._terms(c), self._still_after(c, horizon))

    def _terms(self, c: Customers) -> tuple[Floats, Floats]:
        """The two terms of the likelihood of each history: gone, and still there."""
        return (
            self._spread(self._gone_value, c.by_recency),
            self._spread(self._still_value, self._still_groups(c)),
        )

    def _still_after(self, c: Customers, horizon: Floats) -> Floats:
        """The second of `_terms`, after a further silence."""
        return self._future(
            c, horizon, lambda p, some, length: self._still_value(p, some.after(length))
        )

    def _spread(self, part: Callable[[Parameters, Customers], Floats], groups: Groups) -> Floats:
        """A part of the likelihood for every row, computed once per group."""
        return groups.spread(part(self._parameters(self.theta_, groups.members), groups.members))

    def _future(
        self,
        c: Customers,
        horizon: Floats,
        answer: Callable[[Parameters, Customers, Floats], Floats],
    ) -> Floats:
        """An answer on a horizon, once per group where all rows share the horizon."""
        if horizon.ndim:
            return answer(self._parameters(self.theta_, c), c, horizon)
        groups = self._still_groups(c)
        some = groups.members
        length = np.full(len(some), float(horizon))
        return groups.spread(answer(self._parameters(self.theta_, some), some, length))

    def expected_purchases(self, X: Any, horizon: ArrayLike) -> Floats:
        """E[number of purchases in (T, T + horizon] | history], shape (n_rows,).

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T

        Raises
        ------
        ValueError
            For rows or horizons that break a rule, counted.
        """
        length = Horizon(horizon)
        return self._in_batches(X, lambda c, batch: self._expected(c, length.of(c, batch)))

    def _expected(self, c: Customers, horizon: Floats) -> Floats:
        alive = self._alive(self._parameters(self.theta_, c), c)
        return alive * self._future(c, horizon, self._expected_if_alive)

    def expected_purchases_new_customer(self, t: ArrayLike) -> Floats:
        """E[number of purchases in (0, t]] of a customer just acquired, shape of t.

        For a model with covariates: of a customer whose covariates are all zero.
        """
        check_is_fitted(self, "params_")
        length = lengths_of_time("t", t)
        new = self._of_age(np.zeros(length.size))
        horizon = Horizon(length.ravel()).of(new, slice(None))
        return self._expected(new, horizon).reshape(length.shape)

    def purchase_count_pmf(self, X: Any, horizon: ArrayLike, n_max: int) -> Floats:
        """P(n purchases in (T, T + horizon] | history) for n = 0 .. n_max.

        Parameters
        ----------
        X : frame
        horizon : float or array_like, shape (n_rows,), >= 0, in the unit of T
        n_max : int, >= 0

        Returns
        -------
        array, shape (n_rows, n_max + 1); the missing mass of each row lies beyond n_max

        Raises
        ------
        ValueError
            For rows or horizons that break a rule, counted; for an n_max that is no count.
        """
        length = Horizon(horizon)
        counts = np.arange(whole("n_max", n_max, 0) + 1.0)
        return self._in_batches(X, lambda c, batch: self._pmf(c, length.of(c, batch), counts))

    def _pmf(self, c: Customers, horizon: Floats, counts: Floats) -> Floats:
        pmf = np.empty((len(c), len(counts)))
        pmf[:, 0] = self._silence(c, horizon)
        if len(counts) > 1:
            some = self._future(
                c,
                horizon,
                lambda p, some, length: np.column_stack(
                    [self._count_if_alive(p, some, length, n) for n in counts[1:]]
                ),
            )
            pmf[:, 1:] = some * self._alive(self._parameters(self.theta_, c), c)[:, None]
        return pmf

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
        months : int, from 1 to 1,200
        monthly_discount_rate : float, >= 0
            0.01 is 12.7 % a year.
        days_per_unit : float
            Days in one unit of T: 1 for days, 7 for weeks.
        start : date, optional
            The cutoff; months then follow the calendar, else each has 30.44 days.

        Returns
        -------
        array, shape (n_rows,), in the unit of money

        Raises
        ------
        ValueError
            For rows that break a rule, counted; for settings out of their range; for a spend
            model that has no `expected_spend`.
        """
        ends = month_ends(months, days_per_unit, start)
        worth = month_discounts(months, monthly_discount_rate)
        if not isinstance(X, Customers):
            X = as_frame(X, ())  # a reader of Arrow batches can be read but once
        purchases = self._in_batches(X, lambda c, _: self._discounted(c, ends, worth))
        return purchases * spend_per_purchase(spend_model, X)

    def _discounted(self, c: Customers, ends: Floats, worth: Floats) -> Floats:
        """Expected purchases, each weighed by the worth of the period it falls in."""
        groups = self._still_groups(c)
        some = groups.members
        # By parts: the sum of worth_k (E_k - E_{k-1}) holds each E_k once.
        falls = worth - np.append(worth[1:], 0.0)
        total = np.zeros(len(some))
        for expected, fall in zip(self._at_each(some, ends), falls, strict=True):
            total += fall * expected
        return groups.spread(total) * self._alive(self._parameters(self.theta_, c), c)

    def _at_each(self, c: Customers, horizons: Floats) -> Iterator[Floats]:
        """E[purchases in (T, T + horizon] | history, alive at T] for one horizon after another."""
        for some, length in side_by_side(c, horizons):
            p = self._parameters(self.theta_, some)
            length = np.broadcast_to(length, (len(some),))
            yield from self._expected_if_alive(p, some, length).reshape(-1, len(c))

    def _of_age(self, T: Floats, covariates: Any = None) -> Customers:
        """Customers who bought once, T ago; covariates zero when not given."""
        frame = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": T})
        for name in self._covariates():
            frame[name] = 0.0 if covariates is None else as_frame(covariates, [name])[name].array
        return read_customers(frame, self._covariates())


def _silent(now: tuple[Floats, Floats], later: Floats) -> Floats:
    """The likelihood after a silence, whose second term is `later`, over that before it."""
    gone, still = now
    return np.minimum(np.exp(np.logaddexp(gone, later) - np.logaddexp(gone, still)), 1.0)
