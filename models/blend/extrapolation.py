"""From the horizon to longer periods: a buy-till-you-die model's course, corrected.

The chance of any purchase and the money are carried on alike: what is expected of a customer over
that chance is what he spends if he buys at all, and has to be an amount that somebody spends.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from models.blend.by_silence import ALIKE, BySilence
from models.blend.money_growth import CONSTANT, MoneyGrowth
from models.contenders.btyd import BtydContender
from models.contenders.encoding import expit, logit
from models.contenders.histories import Histories
from models.periods import YEAR

EDGES = tuple(round(YEAR / 12 * months) for months in (1, 2, 3, 4, 6, 8, 12, 18, 24, 36))
"""Days at which what comes after the horizon is cut into pieces, each with its own correction."""

LEAST_CHANCE = 1e-9
"""No chance of a purchase counts as smaller."""

FURTHEST = 2.0
"""Beyond so many years the error does not grow: nobody has seen it."""


@dataclass(frozen=True)
class Extrapolation:
    """How purchases after the horizon differ from what a buy-till-you-die model expects.

    Attributes
    ----------
    transient : float
        A factor in the horizon's purchases, such as a season's, that ends with it.
    error_growth : float
        By how much more the logarithm of later purchases is overrated each year, see
        `models.blend.error_growth`.
    chance_trust, spend_trust : float, from 0 to 1
        How far the chance of any purchase within more than the horizon, and what is spent if there
        is any, follow what the blend expects of the horizon rather than buy-till-you-die models: a
        bill that is due in it says nothing of later ones.
    rescale : float
        Factor that keeps the total at what it is with full trust, whatever the silence.
    by_silence : BySilence
        What customers silent for so long differ by after the horizon.
    silent : float
        By how much, in log odds, more customers bought nothing in so long a period than expected.
    rhythm : bool
        Whether the chance goes on as the model of regular customers has it: who keeps a rhythm and
        misses it has left, and does not come in a later month.
    days : int
        Length of the period that these were learned from.
    money : MoneyGrowth
        How money per purchase goes on changing after the horizon.
    """

    transient: float = 1.0
    error_growth: float = 0.0
    chance_trust: float = 1.0
    spend_trust: float = 1.0
    rescale: float = 1.0
    by_silence: BySilence = ALIKE
    silent: float = 0.0
    rhythm: bool = False
    days: int = 0
    money: MoneyGrowth = CONSTANT

    @property
    def plain(self) -> Extrapolation:
        """The same with full trust, and without regard to silence."""
        return replace(self, chance_trust=1.0, spend_trust=1.0, rescale=1.0, by_silence=ALIKE)

    def later_spend(
        self,
        models: list[BtydContender],
        customers: Histories,
        p_churn: np.ndarray,
        blend: np.ndarray,
        btyd: np.ndarray,
        regular: BtydContender | None = None,
    ) -> np.ndarray:
        """Spend per later horizon, from that of the first one; shape (n_customers,), money.

        The chance of any purchase times what is spent if there is any. The chance is that of the
        period that was learned from, whatever the period asked for: more months are never worth
        less.

        Parameters
        ----------
        blend, btyd : ndarray, shape (n_customers,)
            Spend in the horizon as the blend, and as the `models`, expect it.
        """
        if self == self.plain:
            return blend
        none = [model.probability_no_purchase(customers, self.days) for model in models]
        asked = models[0], customers, p_churn, self.days, regular
        by_blend, by_models, here = (
            np.maximum(1 - one, LEAST_CHANCE)
            for one in (
                replace(self.plain, silent=0.0).none_within(*asked),
                np.mean(none, axis=0),
                self.none_within(*asked),
            )
        )
        if_any = (blend / by_blend) ** self.spend_trust * (btyd / by_models) ** (
            1 - self.spend_trust
        )
        spend: np.ndarray = self.rescale * here * if_any
        return spend * self.by_silence.factor(customers.customers)

    def none_within(
        self,
        btyd: BtydContender,
        customers: pd.DataFrame | Histories,
        p_churn: np.ndarray,
        days: float,
        regular: BtydContender | None = None,
    ) -> np.ndarray:
        """Probability of no purchase within `days`, shape (n_customers,).

        The blend's for the horizon, moved in log odds as a buy-till-you-die model moves from the
        horizon to `days`: on past logs nearer to what came than that model's own, which answers
        where there is no trust. The correction of the number of purchases is taken from the odds;
        what a longer period has shown is added, of customers by their silence and of all.

        Parameters
        ----------
        regular : BtydContender, optional
            The model of regular customers, which is asked where `rhythm` says so.
        """
        histories, horizon_days = Histories.of(customers), btyd.horizon_days
        models = [btyd, regular] if self.rhythm and regular else [btyd]
        longer, within = (
            [logit(model.probability_no_purchase(histories, length)) for model in models]
            for length in (days, horizon_days)
        )
        moved = np.max(np.subtract(longer, within), axis=0)
        corrected, uncorrected = self.lengths(btyd, histories, days)
        share = float(np.clip((days - horizon_days) / max(self.days - horizon_days, 1), 0.0, 1.0))
        odds = within[0] + moved - np.log(corrected / uncorrected)
        odds += self.silent * (days**2 > horizon_days * self.days)
        odds += (1 - share * (1 - self.chance_trust)) * (logit(p_churn) - within[0])
        odds += share * self.by_silence.shift(histories.customers)
        none: np.ndarray = expit(odds)
        return np.minimum(none, p_churn) if days >= horizon_days else none

    def to_dict(self) -> dict[str, Any]:
        """State as values that JSON can hold."""
        learned = asdict(self.by_silence) if self.by_silence != ALIKE else None
        return {**asdict(self), "by_silence": learned}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Build it again from `to_dict`."""
        learned = BySilence.from_dict(state["by_silence"]) if state["by_silence"] else ALIKE
        return cls(**{**state, "by_silence": learned, "money": MoneyGrowth(**state["money"])})

    def lengths(
        self, btyd: BtydContender, customers: pd.DataFrame | Histories, days: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """How many horizons, as high as today's, the purchases within `days` make.

        What comes after the horizon corrected, and as the buy-till-you-die model has it; each of
        shape (n_customers,).
        """
        histories = Histories.of(customers)
        asked = ("lengths", id(btyd), self.transient, self.error_growth, days)
        found: tuple[np.ndarray, np.ndarray] = histories.once(
            asked, lambda: self._lengths(btyd, histories, days)
        )
        return found

    def money_lengths(
        self, btyd: BtydContender, customers: pd.DataFrame | Histories, days: float
    ) -> np.ndarray:
        """The first of `lengths` in money: later purchases bring more or less."""
        if self.money == CONSTANT:
            return self.lengths(btyd, customers, days)[0]
        histories = Histories.of(customers)
        return self._lengths(btyd, histories, days, self.money.yearly(histories.customers))[0]

    def _lengths(
        self, btyd: BtydContender, customers: Histories, days: float, money: Any = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        horizon_days = btyd.horizon_days
        cut = self.error_growth or np.any(money)
        edges = [edge for edge in EDGES if horizon_days < edge < days] if cut else []
        ends = [horizon_days, days] if days <= horizon_days else [horizon_days, *edges, days]
        within, *later = btyd.purchases_by(customers, np.array(ends, dtype=float))
        seen = later if days <= horizon_days else [within, *later]
        left = seen[0]
        for before, after, first, last in zip(seen, seen[1:], ends, ends[1:], strict=False):
            lead = (first + last - horizon_days) / 2
            grown = np.exp(money * min(lead / YEAR, self.money.furthest))
            left = left + (after - before) * self._left(lead) * grown
        return _over(left, within), _over(seen[-1], within)

    def _left(self, lead: float) -> float:
        """Share that is left, of what is expected so many days after the horizon's middle."""
        growth = -self.error_growth * min(lead / YEAR, FURTHEST)
        return float(np.exp(growth)) / self.transient


def _over(number: np.ndarray, within: np.ndarray) -> np.ndarray:
    return np.divide(number, within, out=np.ones(len(within)), where=within > 0)
