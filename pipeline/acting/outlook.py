"""What a plan's groups will be able to show, before any money is spent."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.campaign.power import control_needed, detectable, explained
from pipeline.acting.plan_file import PlanFile, is_control
from pipeline.scoring.scores_file import Scores


@dataclass(frozen=True)
class Power:
    """The smallest true difference per customer that 80 % of such campaigns would show.

    `plain`, and `adjusted` by the scores, which explain the share `r_squared` of the outcome;
    two-sided, 5 %.
    """

    outcome: str
    plain: float
    adjusted: float
    r_squared: float


@dataclass(frozen=True)
class Outlook:
    """Power of the treated against the control, and whether it is enough.

    `expected` is the mean spend that a contact is expected to gain within the horizon, `asked`
    the difference in spend that should be seen: the config's `detect`, or else the expected one.
    `control_needed`
    is the share of the control that would show it, None if no share can.
    """

    power: tuple[Power, ...]
    expected: float
    asked: float
    control_needed: float | None = None

    @property
    def can_tell(self) -> bool | None:
        """Whether the groups are likely to show the difference asked for; None if unknown."""
        found = {one.outcome: one.adjusted for one in self.power}
        return found["spend"] <= self.asked if "spend" in found else None


def doubts(scores: Scores, value: str) -> Iterator[str]:
    """What of the scores' model was poor at past cutoffs, and so is in doubt in a plan of them."""
    side = "money" if value == "horizon" else "value of months"
    poor = {name for name, grade in scores.grades.items() if grade == "poor"}
    if "ranking" in poor:
        yield (
            "The model's ranking is graded poor: whom it puts first is hardly likelier to leave "
            "than others."
        )
    if value != "horizon" and "order by clv" in poor:
        yield (
            "The model's order by clv is graded poor: what customers spent in the last year orders "
            "them better."
        )
    if side in poor:
        errors = scores.promised.get("spend", []) if value == "horizon" else []
        past = f" ({min(errors):+.0%} to {max(errors):+.0%} in total)" if errors else ""
        yield (
            f"The model's {side} is graded poor{past}: gains and profit can be as far off, "
            "whatever the effect."
        )


def outlook(file: PlanFile, spread: dict[str, list[float]], detect: float | None) -> Outlook:
    """Power for purchase rate, and for spend and profit where the past spread of spend is known."""
    members = file.members
    control = is_control(members["arm"])
    n_control, n_treated = int(control.sum()), int((~control).sum())
    expected = float(_gain_in_horizon(members, file)[~control].mean())
    asked = expected if detect is None else detect
    p = members["p_churn"].to_numpy(float)
    spreads = {"purchase rate": explained(1 - p, p * (1 - p))}
    if spread:
        sd, told = _spend(members["expected_spend"], spread)
        spreads["spend"] = sd, told
        spreads["profit"] = sd * file.terms.margin, told
    power = tuple(
        Power(
            name,
            plain=detectable(sd, n_treated, n_control),
            adjusted=detectable(sd, n_treated, n_control, told),
            r_squared=told,
        )
        for name, (sd, told) in spreads.items()
    )
    share = None
    if spread:
        share = control_needed(spreads["spend"][0], asked, len(members), spreads["spend"][1])
    return Outlook(power, expected, asked, share)


def _gain_in_horizon(members: pd.DataFrame, file: PlanFile) -> pd.Series:
    """What is measured of a gain: where `clv` is at stake, the part of it that comes so soon."""
    if file.terms.gains_in_horizon:
        return members["expected_gain"]
    soon = members["expected_spend"].clip(lower=0) / members["clv"].where(members["clv"] > 0)
    return members["expected_gain"] * soon.fillna(0.0)


def _spend(expected: pd.Series, spread: dict[str, list[float]]) -> tuple[float, float]:
    """Standard deviation of these customers' spend, and the share that the scores explain."""
    edges, variances = (np.asarray(spread[name]) for name in ("expected_spend", "spend_variance"))
    tenth = np.minimum(np.searchsorted(edges, expected.to_numpy(float)), len(edges) - 1)
    return explained(expected, variances[tenth])
