"""Intervals that carry a customer's own randomness and the uncertainty of the parameters.

Posterior predictive draws: parameters from the estimated sampling distribution, then the
customer's hidden state given his history, then his future. Discrete counts have atoms, above all
at zero, so an interval of whole purchases covers at least its nominal level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from models.btyd.customers import as_frame
from models.btyd.distinct import distinct
from models.btyd.gamma_gamma import GammaGammaModel, Spenders
from models.btyd.settings import number, whole

Floats = NDArray[np.float64]

#: Sets of parameters among the draws; each customer sees all of them.
_PARAMETER_SETS = 16
#: Draws held in memory at once, per period.
_DRAWS_AT_ONCE = 1 << 21
#: Above the upper level by this much, a chance of no purchase makes the interval [0, 0].
_SURELY_ZERO = 0.03


class Predictive(Protocol):
    """What the draws need of a model."""

    theta_: Floats

    def _read(self, X: Any) -> Any: ...
    def _with(self, theta: Floats) -> Any: ...
    def _theta_draws(self, n: int, rng: np.random.Generator) -> Floats: ...
    def _alive_now(self, c: Any) -> Floats: ...
    def _silence_now(self, c: Any, horizon: float) -> Floats: ...
    def _live_on(self, rng: np.random.Generator, c: Any, ends: Floats) -> Floats: ...


#: Turns the purchases of alive draws into what the interval is of: (purchases per period and
#: draw, row of each draw, number of the parameter set) -> value per draw.
Worth = Callable[[Floats, NDArray[np.int64], int], Floats]


def futures(
    model: Predictive, c: Any, ends: Floats, worth: Worth, n_draws: int, rng: np.random.Generator
) -> Floats:
    """Draws of a customer's future worth, shape (n_rows, n_draws)."""
    sets = min(_PARAMETER_SETS, n_draws)
    drawn = np.zeros((len(c), n_draws))
    for k, theta in enumerate(model._theta_draws(sets, rng)):
        columns = np.arange(k, n_draws, sets)
        variant = model._with(theta)
        alive = rng.random((len(c), len(columns))) < variant._alive_now(c)[:, None]
        rows, places = np.nonzero(alive)
        if rows.size:
            purchases = variant._live_on(rng, c.take(rows), ends)
            drawn[rows, columns[places]] = worth(purchases, rows, k)
    return drawn


def _batches(n_rows: int, n_draws: int, n_ends: int) -> Iterator[slice]:
    size = max(_DRAWS_AT_ONCE // (n_draws * n_ends), 1)
    return (slice(at, at + size) for at in range(0, n_rows, size))


def intervals(
    model: Any,
    X: Any,
    ends: Floats,
    discounts: Floats,
    spend_model: GammaGammaModel | None,
    level: float,
    n_draws: int,
    seed: int | np.random.Generator,
) -> pd.DataFrame:
    """Lower and upper quantile of the discounted purchases, or of the spend when a model is given.

    Customers whose chance of no purchase exceeds the upper level get [0, 0] without a draw.
    """
    check_is_fitted(model, "params_")
    number("level", level, above=0, below=1)
    n_draws = whole("n_draws", n_draws, 2 * _PARAMETER_SETS)
    rng = np.random.default_rng(seed)
    X = as_frame(X, ())  # a reader of Arrow batches can be read but once
    customers, spenders, codes = _alike(model, X, spend_model)
    tails = [(1 - level) / 2, (1 + level) / 2]
    bounds = np.zeros((len(customers), 2))
    silence = _in_parts(lambda c: model._silence_now(c, float(ends[-1])), customers)
    open_ = np.flatnonzero(silence < tails[1] + _SURELY_ZERO)
    spending, method = None, "inverted_cdf"
    if spend_model is not None:
        spending, method = _Spending(spend_model, spenders, discounts, rng), "linear"
    for batch in _batches(len(open_), n_draws, len(ends)):
        rows = open_[batch]
        worth: Worth = _count if spending is None else spending.of(rows)
        drawn = futures(model, customers.take(rows), ends, worth, n_draws, rng)
        how: Any = method  # the stubs want it as a literal
        bounds[rows] = np.quantile(drawn, tails, axis=1, method=how).T
    return pd.DataFrame(bounds[codes], columns=["low", "high"], index=X.index)


def _alike(
    model: Any, X: pd.DataFrame, spend_model: GammaGammaModel | None
) -> tuple[Any, Any, NDArray[np.int64]]:
    """One customer, as buyer and as spender, of those whose future is the same; each row's place.

    They share their history and, where spend is asked for, its mean: drawn once for all of them.
    """
    customers, codes = model._read(X).histories()
    if spend_model is None:
        return customers, None, codes
    if not isinstance(spend_model, GammaGammaModel):
        raise ValueError("Intervals of spend need a fitted GammaGammaModel.")
    check_is_fitted(spend_model, "params_")
    spenders = spend_model._read(X)
    rows = distinct(codes.astype(float), spenders.z)
    return customers.take(codes[rows.first]), spenders.take(rows.first), rows.codes


def _in_parts(answer: Callable[[Any], Floats], customers: Any, size: int = 1 << 20) -> Floats:
    parts = (customers.take(slice(at, at + size)) for at in range(0, len(customers), size))
    return np.concatenate([answer(part) for part in parts])


def _count(purchases: Floats, rows: NDArray[np.int64], k: int) -> Floats:
    return purchases.sum(axis=0)


class _Spending:
    """Discounted spend of drawn purchases, under draws of the spend model's parameters."""

    def __init__(
        self,
        model: GammaGammaModel,
        spenders: Spenders,
        discounts: Floats,
        rng: np.random.Generator,
    ) -> None:
        thetas = model._theta_draws(_PARAMETER_SETS, rng)
        self.unbounded = not model.base_has_mean
        self.models = [model._with(theta) for theta in rng.permutation(thetas)]
        self.spenders, self.discounts, self.rng = spenders, discounts, rng

    def of(self, some: NDArray[np.int64]) -> Worth:
        """The worth of draws for these customers."""
        here = self.spenders.take(some)

        def worth(purchases: Floats, rows: NDArray[np.int64], k: int) -> Floats:
            spend = np.zeros(len(rows))
            buying = np.flatnonzero(purchases.any(axis=0))
            each: Spenders = here.take(rows[buying])
            totals = self.models[k]._spend(self.rng, each, purchases[:, buying])
            spend[buying] = self.discounts @ totals
            if self.unbounded:  # no mean, so no interval around one
                spend[here.x[rows] == 0] = np.nan
            return spend

        return worth


class Intervals:
    """Intervals of purchases and spend, of any model that can draw futures."""

    def _ends(self, horizon: float) -> Floats:
        """The horizon, checked, as the one end of one period."""
        raise NotImplementedError

    def purchase_intervals(
        self,
        X: Any,
        horizon: float,
        *,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for each customer's number of purchases in (T, T + horizon].

        Carries both the customer's own randomness and the parameters'. Counts are discrete: the
        interval of whole numbers covers at least `level`.

        Parameters
        ----------
        X : frame
        horizon : float, >= 0, in the unit of T
        level : float, in (0, 1)
            Nominal coverage.
        n_draws : int, >= 32
            Futures drawn per customer.
        seed : int or Generator

        Returns
        -------
        DataFrame with low and high, indexed as X

        Raises
        ------
        ValueError
            For rows that break a rule, counted; for settings out of their range.
        """
        return intervals(self, X, self._ends(horizon), np.ones(1), None, level, n_draws, seed)

    def spend_intervals(
        self,
        X: Any,
        spend_model: GammaGammaModel,
        horizon: float,
        *,
        level: float = 0.8,
        n_draws: int = 400,
        seed: int | np.random.Generator = 0,
    ) -> pd.DataFrame:
        """Interval for each customer's spend in (T, T + horizon]; as `purchase_intervals`."""
        return intervals(
            self, X, self._ends(horizon), np.ones(1), spend_model, level, n_draws, seed
        )
