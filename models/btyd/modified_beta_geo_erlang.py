"""MBG/CNBD-k: the MBG/NBD for customers who buy on a rhythm.

Platzer & Reutterer (2016), "Ticking away the moments: timing regularity helps to better predict
customer activity", Marketing Science 35(5); Reutterer, Platzer & Schroeder (2021), "Leveraging
purchase regularity for predicting customer behavior the easy way", International Journal of
Research in Marketing 38(1) (RPS below).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from models.btyd.customers import Customers, Groups, as_frame, number_column, refuse
from models.btyd.fit_warnings import heard, warn
from models.btyd.modified_beta_geo import ModifiedBetaGeoModel
from models.btyd.optimise import FitError
from models.btyd.parts import Parameters, Part, per_row
from models.btyd.purchase_model import PurchaseModel
from models.btyd.settings import whole
from models.btyd.simulate import Histories, over_periods, until_geometric
from models.btyd.special import digamma_rise, log_rising
from models.btyd.summation import surviving_purchases

Floats = NDArray[np.float64]

#: The regularity is searched up to here: beyond, customers buy like clockwork.
_LARGEST_K = 12


class ModifiedBetaGeoErlangModel(ModifiedBetaGeoModel):
    """MBG/CNBD-k: purchases come at every k-th tick of the customer's own random clock.

    The larger k, the more regular the times between purchases (Erlang-k, coefficient of variation
    1 / sqrt(k)); k = 1 is the MBG/NBD. A regular customer who is late is sooner given up.

    A column `log_intervals` (sum over the customer's repeat purchases of the logarithm of the time
    since the purchase before, 0 without one) brings all that is known about regularity. Without it
    k is judged by frequency, recency and T alone: the likelihood is that of the last purchase's
    time, with the purchases between taken as spread at random, so at k = 1 both agree.

    Parameters
    ----------
    k : int, optional
        Regularity; chosen by the likelihood when not given.
    prior_scale : float, optional
        As in `BetaGeoModel`.

    Attributes
    ----------
    k_ : int
        The regularity used.
    params_ : dict
        r, alpha, a, b as in `BetaGeoModel`, the rate being that of the ticks.

    Notes
    -----
    The equations: likelihood RPS (6), spacing of the purchases RPS (5); `probability_alive` RPS
    (8); `expected_purchases` exact where RPS (12) approximate; the other answers from the same
    posterior of rate, chance and ticks since the last purchase.

    Examples
    --------
    >>> import pandas as pd
    >>> model = ModifiedBetaGeoErlangModel.from_params(
    ...     {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}, k=2)
    >>> X = pd.DataFrame({"frequency": [8, 8], "recency": [30.0, 20.0], "T": [31.0, 31.0]})
    >>> model.probability_alive(X).round(2).tolist()
    [0.91, 0.16]
    """

    def __init__(self, k: int | None = None, prior_scale: float | None = None) -> None:
        super().__init__(prior_scale=prior_scale)
        self.k = k

    k_: int

    # -- fit ------------------------------------------------------------------------------

    def fit(self, X: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the parameters, for each regularity in turn until the likelihood falls.

        Reads `log_intervals` when the frame has it. Otherwise as in `BetaGeoModel.fit`.
        """
        data = self._read(X, sample_weight).counted()
        if self.k is not None:
            self.k_ = _checked(self.k)
            return self._fit(data)
        best: dict[str, Any] = {}
        said: list[str] = []
        for k in range(1, _LARGEST_K + 1):
            self.k_ = k
            with heard() as caught:
                try:
                    self._fit(data)
                except FitError:
                    if k == 1:
                        raise
                    break  # so regular is nobody here
            if best and self.log_likelihood_ <= best["log_likelihood_"]:
                break
            best, said = dict(self.__dict__), caught
        self.__dict__.update(best)
        for message in said:
            warn(message, stacklevel=2)
        return self

    def _read(self, X: Any, sample_weight: ArrayLike | None = None) -> Customers:
        if isinstance(X, Customers):
            return X
        frame = as_frame(X, ("frequency", "recency", "T"))
        customers = super()._read(frame, sample_weight)
        if "log_intervals" not in frame.columns:
            return customers
        sums = number_column(frame, "log_intervals")
        rule = "log_intervals is finite, and 0 where frequency is 0"
        wrong = ~np.isfinite(sums) | ((customers.x == 0) & (sums != 0))
        refuse({rule: lambda: wrong}, len(customers))
        return replace(customers, log_intervals=sums)

    def _constant(self, c: Customers) -> Floats:
        """What k contributes beyond the ticks' likelihood: RPS (5), the spacing of purchases.

        Density of the intervals given their number of ticks when they are known; otherwise of
        the time of the last purchase, relative to purchases spread at random before it.
        """
        k, some = self.k_, c.x > 0
        if c.log_intervals.size:
            return (k - 1) * c.log_intervals - c.x * special.gammaln(k)
        x = np.where(some, c.x, 1.0)
        spread = special.xlogy((k - 1) * x, np.where(some, c.t_x, 1.0))
        return np.where(some, spread + special.gammaln(x) - special.gammaln(k * x), 0.0)

    # -- the terms of the likelihood, RPS (6), in ticks -----------------------------------

    def _ticks(self, c: Customers) -> Floats:
        return self.k_ * c.x

    def _still_groups(self, c: Customers) -> Groups:
        """How far the clock has ticked since the last purchase depends on t_x too."""
        return c.by_history

    def _phases(self, p: Parameters, c: Customers) -> Floats:
        """(m)_j / j! y^j for j = 0 .. k - 1 ticks since the last purchase, shape (k, n).

        m = r + k x, y = (T - t_x) / (alpha + T).
        """
        r, alpha, _, _ = p
        m, y = r + self._ticks(c), (c.T - c.t_x) / (alpha + c.T)
        terms = [np.ones(len(c))]
        for j in range(1, self.k_):
            terms.append(terms[-1] * (m + j - 1) / j * y)
        return np.stack(terms)

    def _still(self, p: Parameters, c: Customers) -> Part:
        """Alive, and fewer than k ticks from t_x to T."""
        r, alpha, _, _ = p
        m, terms = r + self._ticks(c), self._phases(p, c)
        total = terms.sum(axis=0)
        j = np.arange(self.k_)[:, None]
        rise = (terms * digamma_rise(m, j)).sum(axis=0) / total
        mean_j = (terms * j).sum(axis=0) / total
        log_age = np.log(alpha + c.T)
        slopes = (r * (rise - log_age), -alpha / (alpha + c.T) * (m + mean_j), 0.0, 0.0)
        return Part(np.log(total) - m * log_age, per_row(c, *slopes))

    def _odds_gone(self, p: Parameters, c: Customers) -> Floats:
        """RPS (8): silence says less while fewer than k ticks may have passed."""
        return np.asarray(super()._odds_gone(p, c) / self._phases(p, c).sum(axis=0))

    # -- the future of the living ---------------------------------------------------------

    def _futures(self, p: Parameters, c: Customers) -> list[tuple[int, Floats, Floats]]:
        """For each phase j: j, its probability, and the shape m + j of the posterior tick rate."""
        terms = self._phases(p, c)
        weights = terms / terms.sum(axis=0)
        m = p[0] + self._ticks(c)
        return [(j, weights[j], m + j) for j in range(self.k_)]

    def _expected_if_alive(self, p: Parameters, c: Customers, horizon: Floats) -> Floats:
        """Sum over n of P(n purchases or more): n - 1 survived, and n k - j ticks in time.

        Exact; RPS (12) approximate it by the MBG/NBD's expectation, rescaled.
        """
        _, alpha, a, b = p
        survived, ratio = b + c.x + self.extra_chances, horizon / (alpha + c.T)
        return np.asarray(
            sum(
                weight * surviving_purchases(shape, a, survived, ratio, self.k_, j)
                for j, weight, shape in self._futures(p, c)
            )
        )

    def _count_if_alive(self, p: Parameters, c: Customers, horizon: Floats, n: float) -> Floats:
        """Exactly n k - j to n k - j + k - 1 ticks and alive, or dropout at the n-th purchase."""
        _, alpha, a, b = p
        z = horizon / (alpha + c.T + horizon)
        survived = b + c.x + self.extra_chances
        kept = np.exp(log_rising(survived, n) - log_rising(a + survived, n))
        leaving = kept * a / (survived + n - 1)
        chance = np.zeros(len(c))
        for j, weight, shape in self._futures(p, c):
            ticks = n * self.k_ - j
            exactly = sum(_ticks_pmf(ticks + i, shape, z) for i in range(self.k_))
            chance += weight * (kept * exactly + leaving * special.betainc(ticks, shape, z))
        return chance

    def _wait(self, p: Parameters, c: Customers, drop: Floats) -> Floats:
        """No closed form with several phases: the root of the falling term."""
        return PurchaseModel._wait(self, p, c, drop)

    def _draw(
        self, rng: np.random.Generator, p: Parameters, T: Floats, horizon: float
    ) -> Histories:
        r, alpha, a, b = p
        rate, dropout = rng.gamma(r) / alpha, np.asarray(rng.beta(a, b))
        return until_geometric(rng, rate, dropout, T, horizon, self.extra_chances, self.k_)

    def _live_on(self, rng: np.random.Generator, c: Customers, ends: Floats) -> Floats:
        """As in `BetaGeoModel`, in ticks, some of which have passed since the last purchase."""
        r, alpha, _, _ = p = self._parameters(self.theta_, c)
        terms = self._phases(p, c)
        below = np.cumsum(terms / terms.sum(axis=0), axis=0)
        phase = (rng.random(len(c)) > below[:-1]).sum(axis=0)
        rate = rng.gamma(r + self._ticks(c) + phase) / (alpha + c.T)
        ticks = np.cumsum(over_periods(rng, rate, ends[:, None]), axis=0)
        purchases = (ticks + phase) // self.k_
        return self._until_dropout(rng, c, purchases)

    # -- saving ---------------------------------------------------------------------------

    def _extra_state(self) -> dict[str, Any]:
        return {"k": self.k_}

    def _restore_extra(self, state: dict[str, Any]) -> None:
        self.k_ = _checked(state.get("k"))


def _ticks_pmf(count: float, shape: Floats, z: Floats) -> Floats:
    """P(count ticks), negative binomial."""
    ways = log_rising(shape, count) - special.gammaln(count + 1)
    return np.exp(ways + special.xlogy(count, z) + special.xlog1py(shape, -z))


def _checked(k: Any) -> int:
    return whole("k", k, 1, _LARGEST_K)
