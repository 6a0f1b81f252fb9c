"""Segments: groups of customers that want different treatment, each held to what its name says.

Silence is measured in a customer's own usual gaps, so that who buys twice a year is not called
late after a month. Chances are measured against the average customer's and against those of who
still buys at the usual gap, so that nobody is called loyal for being no worse than customers who
do not come back. A customer is in the first segment that fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

SEGMENTS = (
    "champion", "new", "loyal", "promising", "at risk", "slowing", "lost", "dormant",
)  # fmt: skip
"""In the order in which they are tried."""

FAIR = 0.5
"""A fair chance is at least so large a share of the chance of who buys at the usual gap: where
hardly anybody comes back, to be as likely to as the average customer promises nothing."""

RHYTHM = 1.0
"""Up to so large a variation (standard deviation over mean), two gaps or more are a rhythm."""

YEAR = 365
"""After so many days of silence each season came once without the customer."""


@dataclass(frozen=True)
class Rules:
    """What may be set: shares, and lengths of silence in a customer's own usual gaps.

    `champions` is the share of customers with the highest expected spend, `worth` the share who
    spent most; `late` and `gone` are usual gaps of silence; `slim` is a chance to buy, as a share
    of a fair one. `names` gives segments other names.
    """

    champions: float = 0.1
    worth: float = 0.3
    late: float = 2.0
    gone: float = 4.0
    slim: float = 0.25
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Thresholds:
    """Where the segments part: learned once, so that a customer's segment depends on nobody else.

    `mean_churn` is a probability; `high_expected` and `high_past` are money; `base_gap` is the
    usual gap, in days, of the middle one of those who came back. `patience` is how many times as
    long as in the rules the silence of the lost has to be, None where nobody is lost;
    `came_back` the share of them who bought within `months` of a past cutoff, see
    `models.explain.coming_back`.
    """

    horizon_days: int
    mean_churn: float
    high_expected: float
    high_past: float
    base_gap: float
    rules: Rules = field(default_factory=Rules)
    patience: float | None = 1.0
    came_back: float | None = None
    months: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Thresholds:
        """Build the thresholds again from `to_dict`."""
        return cls(**{**state, "rules": Rules(**state["rules"])})

    @property
    def fair(self) -> float:
        """A fair chance to buy within the horizon: the average customer's, or more, see `FAIR`.

        >>> round(Thresholds(180, 0.96, 50.0, 100.0, 199.0).fair, 2)
        0.3
        """
        return max(1 - self.mean_churn, FAIR * -float(np.expm1(-self.horizon_days / self.base_gap)))

    @property
    def slim(self) -> float:
        """Below it, a chance to buy within the horizon is slim."""
        return self.rules.slim * self.fair

    def name(self, segment: str) -> str:
        """What a segment is called here."""
        return self.rules.names.get(segment, segment)

    def described(self) -> dict[str, str]:
        """Name -> who is in it, in one line."""
        r, horizon = self.rules, f"{self.horizon_days} days"
        fair, slim = f"a chance to buy above {self.fair:.1%}", f"{self.slim:.1%}"
        in_time = f"the chance is at least {slim} or they are not due yet, or within {r.late:g}"
        who = {
            "champion": f"the {r.champions:.0%} with the highest expected spend, with {fair} and "
            f"twice the average odds, silent for at most {r.late:g} of their usual gaps",
            "new": f"first purchase within the last {horizon}",
            "loyal": "have come back, and are within their own usual gap, where "
            f"{in_time} of them, with {fair}",
            "promising": "bought once, and are within the usual gap of customers who came back, "
            f"where {in_time} of them, with {fair}",
            "at risk": f"among the {r.worth:.0%} who spent most; later than usual, with a chance "
            f"to buy of at least {slim}",
            "slowing": f"none of these, but bought within the last {horizon}, or silent for at "
            f"most {r.late:g} usual gaps and with a chance to buy of at least {slim}, or with "
            f"{fair}",
            "lost": self._lost(),
            "dormant": f"none of the others; silent for longer than {horizon}",
        }
        return {self.name(segment): who[segment] for segment in SEGMENTS}

    def _lost(self) -> str:
        """Who is lost, and what the past says of such customers."""
        r, back = self.rules, f"{self.came_back or 0:.0%} bought within {self.months} months"
        if self.patience is None:
            return f"nobody: of who was silent for very long at an earlier day {back}"
        late, gone = r.late * self.patience, r.gone * self.patience
        who = (
            f"a chance to buy below {self.slim:.1%}, and silent for longer than "
            f"{self.horizon_days} days and {gone:g} usual gaps, or than {YEAR} days and {late:g} "
            "of them"
        )
        if self.came_back is None:
            return f"{who}; who comes back later the log is too short to tell"
        return f"{who}; of those who were so at an earlier day {back}"


def thresholds(
    customers: pd.DataFrame, predicted: pd.DataFrame, horizon_days: int, rules: Rules | None = None
) -> Thresholds:
    """Learn the thresholds from a snapshot and what is predicted for it."""
    rules = rules or Rules()
    back = customers.loc[customers["frequency"] > 0, "gap_mean"]
    return Thresholds(
        horizon_days,
        float(predicted["p_churn"].mean()),
        float(predicted["expected_spend"].quantile(1 - rules.champions)),
        float(customers["amount_total"].quantile(1 - rules.worth)),
        float(back.median()) if len(back) else float(horizon_days),
        rules,
    )


def usual_gap(customers: pd.DataFrame, base_gap: float) -> np.ndarray:
    """Days that usually lie between a customer's purchases, shape (n_customers,).

    The own mean gap, with one gap of the base's length added to it where that is longer: two
    purchases on two days following are no rhythm. For one-time buyers the base's.

    Examples
    --------
    >>> customers = pd.DataFrame({"frequency": [0, 1, 9], "gap_mean": [np.nan, 1.0, 90.0]})
    >>> usual_gap(customers, 30.0).tolist()
    [30.0, 15.5, 90.0]
    """
    n = customers["frequency"].to_numpy(float)
    own = np.nan_to_num(customers["gap_mean"].to_numpy(float), nan=base_gap)
    return np.where(n > 0, np.maximum(own, (n * own + base_gap) / (n + 1)), base_gap)


def segments(customers: pd.DataFrame, predicted: pd.DataFrame, parting: Thresholds) -> np.ndarray:
    """Name each customer's segment, shape (n_customers,).

    Examples
    --------
    >>> customers = pd.DataFrame(
    ...     {"frequency": [9, 0], "T": [400, 900], "days_since_last": [20, 900],
    ...      "gap_mean": [40.0, np.nan], "gap_variation": [0.4, np.nan],
    ...      "amount_total": [900.0, 5.0]})
    >>> predicted = pd.DataFrame({"p_churn": [0.1, 0.99], "expected_spend": [80.0, 0.1]})
    >>> segments(customers, predicted, Thresholds(90, 0.8, 50.0, 100.0, 60.0)).tolist()
    ['champion', 'lost']
    """
    rules = parting.rules
    back = (customers["frequency"] > 0).to_numpy()
    silent = customers["days_since_last"].to_numpy(float)
    usual = usual_gap(customers, parting.base_gap)
    gaps = silent / usual
    chance, average = 1 - predicted["p_churn"].to_numpy(float), 1 - parting.mean_churn
    likely, slim = chance > parting.fair, chance < parting.slim
    # Nobody is expected to spend anything in a log whose money is all zero or given back.
    high = (predicted["expected_spend"] >= max(parting.high_expected, 1e-9)).to_numpy()
    worth = (customers["amount_total"] > parting.high_past).to_numpy()
    # Who is not due within the horizon has a slim chance in it, and may yet come. One gap is a
    # rhythm only where most customers do come back.
    regular = (customers["gap_variation"] <= RHYTHM).to_numpy()
    rhythm = np.where(customers["frequency"] > 1, regular, average >= parting.slim)
    not_due = rhythm & (silent + parting.horizon_days <= usual)
    in_time = ((gaps <= 1) & (not_due | ~slim)) | ((gaps <= rules.late) & likely)
    patience = np.inf if parting.patience is None else parting.patience
    late, gone = gaps > rules.late * patience, gaps > rules.gone * patience
    top = high & likely & (_odds(chance) >= 2 * _odds(average))
    choices = {
        "champion": top & (gaps <= rules.late),
        "new": (customers["T"] <= parting.horizon_days).to_numpy(),
        "loyal": back & in_time,
        "promising": ~back & in_time,
        "at risk": worth & (gaps > 1) & ~slim,
        "slowing": (silent <= parting.horizon_days) | ((gaps <= rules.late) & ~slim) | likely,
        "lost": slim & (gone | (late & (silent > YEAR))),
    }
    names = [parting.name(segment) for segment in choices]
    return np.select(list(choices.values()), names, default=parting.name("dormant"))


def _odds(probability: np.ndarray | float) -> np.ndarray:
    share = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.asarray(share / (1 - share))
