"""What a purchase of each customer is worth: Gamma-Gamma, and what he spent at a time lately.

Gamma-Gamma takes a customer's purchases for draws from one distribution, the first like the last.
Where amounts grow or shrink as customers stay, past cutoffs show it, and recent purchases count
for more; where they do not, nothing is moved.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from models.btyd import GammaGammaModel
from models.contenders.shared_fits import FITS, steadied_fit
from models.history import History, weights

HALF_LIFE = 90
"""Days after which a purchase counts half as a recent one: a feature of the snapshot."""

RECENT = f"decayed_spend_{HALF_LIFE}d"
"""Money of recent purchases."""

FURTHEST = 1.0
"""Recent amounts differ from all by no more (logarithm): a factor of e."""

FADED = 1e-6
"""Purchases that count for less are so old that their decayed sums are rounded."""

DOUBT = 0.1
"""Standard deviation of a slope by chance of the times, however many customers show it."""

MOST_ROWS = 50_000
"""So many rows of the panel are looked at."""


class SpendPerPurchase:
    """Expected money per purchase: Gamma-Gamma, or the mean where it cannot be fitted.

    One-time buyers, whose first basket Gamma-Gamma leaves out, have the mean of its base; where
    the data do not bound that, the mean that was seen.

    Parameters
    ----------
    recent_weight : float
        How far `predict_from_all` follows what a customer spent at a time lately: 0 not at all,
        1 fully, above 1 as far as to expect that the change goes on.
    """

    def __init__(self, mean: float, model: GammaGammaModel | None, recent_weight: float = 0.0):
        self._mean = mean
        self._model = model
        self.recent_weight = recent_weight

    def following(self, recent_weight: float) -> Self:
        """The same, following recent purchases so far."""
        return type(self)(self._mean, self._model, recent_weight)

    @classmethod
    def fit(cls, population: pd.DataFrame) -> Self:
        """Fit on the repeat customers of a (grouped) population."""
        repeat = population[(population["frequency"] > 0) & (population["monetary_value"] > 0)]
        n = repeat["n_customers"].to_numpy(float)
        if n.sum() == 0:
            return cls(1.0, None)
        mean = float(np.average(repeat["monetary_value"], weights=n * repeat["frequency"]))
        if n.sum() < 50 or np.ptp(repeat["monetary_value"]) < 1e-9 * mean:
            return cls(mean, None)
        data = (repeat["frequency"].to_numpy(float), repeat["monetary_value"].to_numpy(float), n)
        return cls(
            mean,
            FITS.get("gamma_gamma", data, lambda: steadied_fit(GammaGammaModel, repeat, n)),
        )

    def predict(self, customers: pd.DataFrame) -> np.ndarray:
        """Expected money per purchase, shape (n_customers,)."""
        if self._model is None or customers.empty:
            return np.full(len(customers), self._mean)
        spend = np.asarray(self._model.expected_spend(customers), dtype=float)
        if self._model.prior_scale is None and self._model.base_has_mean:
            return spend
        # A prior steadied the fit: how long the tail is, and so the base's mean, is its say.
        return np.where(customers["frequency"].to_numpy(float) > 0, spend, self._mean)

    def predict_from_all(self, customers: pd.DataFrame) -> np.ndarray:
        """Expected money per purchase from all purchases, the first among them.

        Gamma-Gamma's parameters hold for any purchase; the first basket, which the paper
        sets aside, is all that is known of most customers. Needs `amount_mean`.
        """
        value = self.predict(
            pd.DataFrame(
                {
                    "frequency": customers["frequency"].to_numpy(float) + 1,
                    "monetary_value": customers["amount_mean"].to_numpy(float),
                },
                index=customers.index,
            )
        )
        if self.recent_weight:
            value = value * np.exp(self.recent_weight * lately(customers))
        return value

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        return {
            "mean": self._mean,
            "model": self._model.to_dict() if self._model else None,
            "recent_weight": self.recent_weight,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build the fitted model again from `to_dict`."""
        model = state["model"]
        fitted = GammaGammaModel.from_dict(model) if model else None
        return cls(float(state["mean"]), fitted, float(state["recent_weight"]))


def lately(customers: pd.DataFrame) -> np.ndarray:
    """Logarithm of a recent purchase's money over that of all; shape (n_customers,).

    0 of a snapshot that does not hold recent money.

    Examples
    --------
    >>> one = {"amount_mean": [10.0], "decayed_spend_90d": [30.0], "decayed_purchases_90d": [1.5]}
    >>> lately(pd.DataFrame(one)).round(2).tolist()
    [0.69]
    """
    if RECENT not in customers:
        return np.zeros(len(customers))
    number = customers[f"decayed_purchases_{HALF_LIFE}d"].to_numpy(float)
    spent = customers[RECENT].to_numpy(float)
    mean = customers["amount_mean"].to_numpy(float)
    known = (number > FADED) & (spent > 0) & (mean > 0)
    ratio = np.divide(spent, number * mean, out=np.ones(len(mean)), where=known)
    return np.asarray(np.clip(np.log(ratio), -FURTHEST, FURTHEST))


def panel_sample(panel: pd.DataFrame) -> pd.DataFrame:
    """Rows of the panel at even distances, at most `MOST_ROWS`."""
    return panel.iloc[:: len(panel) // MOST_ROWS + 1]


def spend_per_purchase(history: History) -> SpendPerPurchase:
    """Fit on the population, and follow recent amounts as far as the panel speaks for it."""
    value = SpendPerPurchase.fit(history.population)
    return value.following(recent_weight(history))


def promised_values(history: History) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the panel, and what a purchase was worth as seen from each cutoff; 0 if unknown."""

    def values() -> tuple[pd.DataFrame, np.ndarray]:
        panel = panel_sample(history.panel)
        found = np.zeros(len(panel))
        for cutoff in history.cutoffs:
            here = (pd.to_datetime(panel["cutoff"]) == pd.Timestamp(cutoff)).to_numpy()
            try:
                known = SpendPerPurchase.fit(history.populations[cutoff])
            except ValueError:
                continue
            found[here] = known.predict_from_all(panel[here])
        return panel, found

    found: tuple[pd.DataFrame, np.ndarray] = history.once("promised values", values)
    return found


class Slope(NamedTuple):
    """A regression's slope, and the variance that it has by chance."""

    value: float
    variance: float


def slope_of(change: np.ndarray, recent: np.ndarray, weight: np.ndarray) -> Slope | None:
    """Weighted least squares of a change on `lately`; None where nothing varies.

    The variance is that of White (1980): it does not take all customers for equally uneven.
    """
    if not len(change):
        return None
    apart = recent - np.average(recent, weights=weight)
    square = weight @ apart**2
    if square <= 1e-9 * weight.sum():
        return None
    slope = float(weight @ (apart * change) / square)
    missed = change - np.average(change, weights=weight) - slope * apart
    return Slope(slope, float((weight * apart * missed) @ (weight * apart * missed) / square**2))


def recent_weight(history: History) -> float:
    """How much of `lately` a purchase of the horizon kept, at the panel's cutoffs.

    The mean of the slopes, one a horizon older counts 1 / e; shrunk to 0 by as much as chance and
    cutoffs differ (the positive-part estimator of James & Stein 1961).
    """
    if history.panel.empty or RECENT not in history.panel:
        return 0.0
    panel, value = promised_values(history)
    number, spend = panel["purchases"].to_numpy(float), panel["spend"].to_numpy(float)
    told = (number > 0) & (spend > 0) & (value > 0)
    change = np.log(spend[told] / (number * value)[told])
    recent, w = lately(panel)[told], weights(panel)[told]
    day = pd.to_datetime(panel["cutoff"]).to_numpy()[told]
    ages, slopes = [], []
    for cutoff in np.unique(day):
        here = day == cutoff
        found = slope_of(change[here], recent[here], w[here])
        if found:
            slopes.append(found)
            ages.append((day.max() - cutoff) / np.timedelta64(1, "D") / history.horizon_days)
    if not slopes:
        return 0.0
    late = np.exp(-np.array(ages))
    each, chance = np.array(slopes).T
    mean = float(np.average(each, weights=late))
    doubt = np.average((each - mean) ** 2 + chance, weights=late) + DOUBT**2
    return shrunk(mean, float(doubt))


def shrunk(mean: float, doubt: float) -> float:
    """The positive-part estimator of James & Stein (1961) of a mean with so much variance.

    >>> shrunk(0.1, 0.02), shrunk(1.0, 0.02)
    (0.0, 0.98)
    """
    return mean * max(0.0, 1 - doubt / mean**2) if mean else 0.0
