"""The level: how many of all customers churn, how much they buy and spend together.

The stack ranks customers; this sets its mean. MBG/NBD's level, freed of its forecast error, is
combined with the level that the supervised learners were taught.

Above a constant stands what its half and its double change: log loss in ten-thousandths (below 0
is better) of the simulated `reorders | fashion`. `python -m benchmarks.constants --kind NAME`
prints it, and the spend Gini, which none of them moves by more than .0002.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from models.blend.base_learners import BTYD, SUPERVISED
from models.blend.base_predictions import BasePredictions
from models.blend.forecast_combination import TaughtLevel, combined_mean
from models.blend.level_error import LevelErrorForecast, forecast_level_error
from models.blend.mean_shift import shift_to_mean
from models.blend.realised_spend import promised_spend, realised_factor
from models.blend.spend_estimators import before_floor, estimates, log_totals, weighted_mean
from models.blend.stack import Stack
from models.contenders.encoding import expit, logit
from models.contenders.spend_per_purchase import panel_sample, recent_weight
from models.history import History, weights

FURTHEST = 0.7
"""Trees move the total of purchases, in logarithms, as if they were no further off than this: a
factor of two. Where they contradict by more, they have not seen the like."""

WORTH_A_NOTE = 0.01
"""A correction that moves totals by less than this share is not worth a note."""


@dataclass(frozen=True)
class Level:
    """What brings the stack, and each estimator of purchases and spend, to the level.

    Attributes
    ----------
    shifts : dict
        Constants in log odds: by learner of churn, and `blend` of their mean.
    factors : dict
        `expected_purchases` and `expected_spend` -> estimator -> factor.
    transient : float
        The factor in the horizon's purchases that ends with it, such as a season's.
    lasting : float
        Logarithm of MBG/NBD's purchases over those expected here, of what does not end with it.
    notes : list of str
        What moved the level, in sentences.
    """

    shifts: dict[str, float] = field(default_factory=dict)
    factors: dict[str, dict[str, float]] = field(default_factory=dict)
    transient: float = 1.0
    lasting: float = 0.0
    notes: list[str] = field(default_factory=list)


def fit_level(history: History, today: BasePredictions, stack: Stack) -> Level:
    """Set the level of today's customers.

    Parameters
    ----------
    today : BasePredictions
        Of the history's own customers.
    """
    forecast, taught = forecast_level_error(history), _taught_level(history, today, stack)
    w, odds = weights(today.customers), stack.log_odds(today)
    knowing = next((today[name]["p_churn"].to_numpy() for name in BTYD if name in today), None)
    mean = mean_churn(stack, odds, knowing, w, forecast, taught)
    shifts = {name: shift_to_mean(x, w, mean) for name, x in odds.items()}
    mixed = stack.mean(odds, shifts)
    shifts["blend"] = shift_to_mean(mixed, w, mean)
    p_churn = expit(mixed + shifts["blend"])
    both = estimates(today.learners, today, today.customers, p_churn, stack.supervised)
    totals = {column: log_totals(by_estimator, w) for column, by_estimator in both.items()}
    purchases = total_of_purchases(totals["expected_purchases"], forecast, taught)
    realised, note = spend_correction(history, "btyd" in totals["expected_spend"])
    moved = {
        "expected_purchases": purchases.moved,
        "expected_spend": purchases.moved + realised,
    }
    factors = {}
    for column, own in totals.items():
        total = own["btyd"] + moved[column] if "btyd" in own else np.mean(list(own.values()))
        factors[column] = {name: float(np.exp(total - t)) for name, t in own.items()}
    number = weighted_mean(both["expected_purchases"], factors["expected_purchases"])
    left = before_floor(number, 1 - p_churn, w)
    factors["expected_purchases"] = {
        name: left * f for name, f in factors["expected_purchases"].items()
    }
    lasting = float(np.log(purchases.transient)) - purchases.moved
    return Level(shifts, factors, purchases.transient, lasting, [*purchases.notes, *note])


def mean_churn(
    stack: Stack,
    odds: dict[str, np.ndarray],
    knowing: np.ndarray | None,
    weight: np.ndarray,
    forecast: LevelErrorForecast,
    taught: TaughtLevel | None,
) -> float:
    """Mean probability of churn of all customers.

    Parameters
    ----------
    odds : dict of ndarray, shape (n_customers,)
        Log odds by learner of churn.
    knowing : ndarray, shape (n_customers,), optional
        `p_churn` by the buy-till-you-die model that sets the level; without one, the level is the
        taught one.
    """
    if knowing is None:
        return float(np.average(expit(stack.taught(odds)), weights=weight))
    level = float(logit(np.average(knowing, weights=weight))) - forecast.churn
    if taught is None:
        return float(expit(np.asarray(level)))
    repeated = stack.taught(odds) - forecast.unseen_churn
    return combined_mean(repeated, weight, taught.churn_variance, level, forecast.churn_variance)


class Total(NamedTuple):
    """What to add to the logarithm of the buy-till-you-die models' total of purchases.

    `transient` is the factor of it that ends with the horizon.
    """

    moved: float
    transient: float
    notes: list[str]


def total_of_purchases(
    totals: dict[str, float], forecast: LevelErrorForecast, taught: TaughtLevel | None
) -> Total:
    """Combine the corrected total of the buy-till-you-die models with that of the trees.

    Parameters
    ----------
    totals : dict
        Logarithm of the total by estimator, see `spend_estimators.log_totals`.
    """
    if "btyd" not in totals:
        return Total(0.0, 1.0, [])
    share = taught.weight_beside(forecast.purchases_variance) if taught else 0.0
    ends = (1 - share) * (forecast.purchases - forecast.lasting)
    ends += share * forecast.unseen_purchases
    transient = float(np.exp(-ends))
    little = "little" if forecast.purchases < 0 else "much"
    notes = noted(
        -forecast.purchases,
        f"A buy-till-you-die model expected too {little} "
        "at earlier cutoffs like this one (lately, or in the same weeks of earlier years): "
        "that moves expected purchases and spend by {}.",
    )
    if not share:
        return Total(-forecast.purchases, transient, notes)
    corrected = totals["btyd"] - forecast.purchases
    apart = totals["boosted"] - forecast.unseen_purchases - corrected
    agreed = share * float(np.clip(apart, -FURTHEST, FURTHEST))
    notes += noted(
        agreed,
        "Boosted trees, which fitted the totals of past cutoffs, have a say of "
        f"{share:.0%} in how much all customers together buy: it moves expected purchases and "
        "spend by {}.",
    )
    return Total(agreed - forecast.purchases, transient, notes)


def noted(moved: float, sentence: str) -> list[str]:
    """The sentence with the share by which `moved`, a logarithm, changes totals; if it matters."""
    share = float(np.exp(moved)) - 1
    return [sentence.format(f"{share:+.0%}")] if abs(share) >= WORTH_A_NOTE else []


def spend_correction(history: History, btyd: bool) -> tuple[float, list[str]]:
    """Logarithm of what past purchases brought in the end, over what they promised."""
    if history.panel.empty or not btyd:
        return 0.0, []
    factor = realised_factor(*promised_spend(history), history.horizon_days)
    realised = float(np.log(factor))
    # A tenth is often seen; twice as much would be told of customers that no log has.
    recent = noted(
        np.log(1.1) * recent_weight(history),
        "What a customer spent at a time lately goes on: of one who spent a tenth more than on "
        "average that moves expected spend by {}.",
    )
    sentence = (
        "Purchases of earlier horizons did not bring what a purchase was worth until then "
        "(returns come later, prices change): that moves expected spend by {}."
    )
    return realised, [*recent, *noted(realised, sentence)]


def _taught_level(history: History, today: BasePredictions, stack: Stack) -> TaughtLevel | None:
    """How wrong the taught level is at the cutoffs that it was taught at."""
    if "boosted_spend" not in today or not stack.supervised:
        return None
    panel = panel_sample(history.panel)
    predictions = BasePredictions(today.learners, panel)
    odds = {name: logit(predictions[name]["p_churn"].to_numpy()) for name in stack.used(SUPERVISED)}
    purchases = predictions["boosted_spend"]["expected_purchases"].to_numpy()
    return TaughtLevel.measured(panel, history.horizon_days, stack.taught(odds), purchases)
