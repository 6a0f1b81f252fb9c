"""The answer of the product: a super learner over buy-till-you-die models and machine learning.

Each base learner errs in its own way: a buy-till-you-die model knows no rhythm, trees learn last
season's level by heart. So their log odds of churn are averaged with stacking weights, learned
from out-of-time predictions (van der Laan, Polley & Hubbard 2007); the level is a combination of
forecasts (Bates & Granger 1969).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from models.blend.base_learners import BASE_LEARNERS, PRIOR_WEIGHTS, fit_base_learners
from models.blend.base_predictions import BasePredictions
from models.blend.contributions import beside_average
from models.blend.error_growth import error_growth, later_season
from models.blend.extrapolation import Extrapolation
from models.blend.level import Level, fit_level, noted
from models.blend.lifetime_value import btyd_models, regular_model
from models.blend.longer_period import learned_chance, learned_spend
from models.blend.money_growth import money_growth
from models.blend.out_of_time import out_of_time_predictions, validation_cutoffs
from models.blend.prediction_intervals import PredictionIntervals
from models.blend.predictions import BlendPredictions, Fitted
from models.blend.realised_spend import promised_spend, realised_factor
from models.blend.spend_estimators import value_per_purchase
from models.blend.spend_weights import spend_weights
from models.blend.stack import Stack
from models.blend.stacking import weights_or_btyd_alone
from models.contenders.histories import Histories
from models.contenders.protocol import Contender
from models.explain.attribution import reference_customer
from models.history import History, Longer, weights

WITH_PART = "blend_with_"
"""How the name begins of a blend of which one part makes half."""

MOST_COMPARED = 5_000
"""So many customers tell where contributions begin."""


class Blend:
    """A super learner of churn, with purchases, spend, intervals and value on the same base.

    Parameters
    ----------
    part : str, optional
        A base learner that was better than the blend: `p_churn` is then the mean of both in log
        odds, each at its own level. Log loss is convex in log odds, so that the mean loses no
        more than the two do on average.

    Attributes
    ----------
    base_learners : dict
        The fitted base learners by name.
    fitted : Fitted
        Stacking weights, level, prediction intervals and the extrapolation to longer periods.
    notes : list of str
        What was decided and why, in sentences: learners left out, small data.
    """

    def __init__(self, part: str | None = None) -> None:
        self._half(part)
        self.base_learners: dict[str, Contender] = {}
        self.notes: list[str] = []
        self._fitted: Fitted | None = None

    def _half(self, part: str | None) -> None:
        """Let a base learner make half of the answer; or none, as where it could not be fitted."""
        self.part = part
        self.name = f"{WITH_PART}{part}" if part else "blend"

    @property
    def fitted(self) -> Fitted:
        """The fitted parts.

        Raises
        ------
        ValueError
            Before `fit`.
        """
        if self._fitted is None:
            raise ValueError("The blend has not been fitted.")
        return self._fitted

    @property
    def weights(self) -> dict[str, float]:
        """What each learner of churn counts in the answer's log odds; they sum to 1."""
        weights, part = self.fitted.stack.weights, self.fitted.part
        if not part:
            return weights
        return {name: weight / 2 + (name == part) / 2 for name, weight in weights.items()}

    def fit(self, history: History) -> Self:
        """Fit the base learners, stack them, set the level, calibrate intervals."""
        validation = validation_cutoffs(history)
        # One thread each, two learners at a time: the sums must not depend on the machine.
        with threadpool_limits(limits=1):
            self.base_learners, notes = fit_base_learners(history, validation)
            names = [name for name in PRIOR_WEIGHTS if name in self.base_learners]
            past = out_of_time_predictions(history, validation, list(self.base_learners))
            shares, note = weights_or_btyd_alone(
                names,
                [one.level1_data(names) for one in past],
                [one.level1_data(names, clipped=False) for one in past],
                history.n_customers,
                history.n_taught,
            )
            stack = Stack(shares)
            today = BasePredictions(self.base_learners, history.todays_customers)
            level = fit_level(history, today, stack)
            extrapolation, growth_note = self._extrapolation(history, level)
            levelled = [one.at_true_level(shares, stack.supervised) for one in past]
            seen = [one for one in levelled if one]
            stack = Stack(shares, spend_weights([one.spend_data() for one in seen]))
            blended = [(one.rows, one.answers(stack.spend)) for one in seen]
            intervals = PredictionIntervals.fit(history, blended)
            self._half(self.part if self.part in self.base_learners else None)
            self.notes = [*notes, *([note] if note else []), *level.notes, *growth_note]
            reference = reference_customer(history.todays_customers)
            self._fitted = Fitted(stack, level, intervals, extrapolation, reference, part=self.part)
            self._lengthen(history)
            self._set_offset(history.todays_customers)
        return self

    def _extrapolation(self, history: History, level: Level) -> tuple[Extrapolation, list[str]]:
        """What ends with the horizon, and how the error grows after it; in a sentence, too."""
        if not btyd_models(self.base_learners):
            return Extrapolation(level.transient), []
        growth = error_growth(history)
        season = later_season(history, level.lasting, growth)
        less = "less" if growth > 0 else "more"
        note = noted(
            -growth,
            f"Customers came ever {less} often after "
            "earlier horizons than a buy-till-you-die model expects: that moves what clv holds of "
            "a month a year later by {}.",
        )
        return Extrapolation(level.transient * float(np.exp(season)), growth), note

    def _lengthen(self, history: History) -> None:
        """Learn from a longer period that is over how customers rank in it and what they spend."""
        models, fitted, longer = btyd_models(self.base_learners), self.fitted, history.longer
        if longer is None or not models:
            return
        past, rows = self.predictions(longer.rows), Histories(longer.rows)
        regular = regular_model(self.base_learners)
        valued = past.clv_by(longer.months, longer.cutoff)
        money = money_growth(longer, self._per_purchase(history, longer), history.horizon_days)
        chances = learned_chance(
            replace(fitted.extrapolation, days=longer.days, money=money),
            longer,
            lambda tried: tried.none_within(
                models[0], rows, past.answers["p_churn"].to_numpy(), longer.days, regular
            ),
        )
        horizon_spend = past.answers["expected_spend"].to_numpy()
        extrapolation = learned_spend(chances, longer, horizon_spend, valued)
        extrapolation = self._same_total(extrapolation, history)
        intervals = fitted.intervals.lengthened(
            longer, models[0], past.answers, valued(extrapolation), extrapolation, regular
        )
        self._fitted = replace(fitted, intervals=intervals, extrapolation=extrapolation)
        self.notes += noted(
            money.common,
            "After an earlier horizon purchases brought ever "
            f"{'more' if money.common > 0 else 'less'} at a time: that moves what clv holds of a "
            "month a year later by {}.",
        )

    def _per_purchase(self, history: History, longer: Longer) -> np.ndarray:
        """Money that a purchase of the horizon should bring, shape (n_customers,)."""
        realised = realised_factor(*promised_spend(history), history.horizon_days)
        return realised * value_per_purchase(self.base_learners, longer.rows)

    def _same_total(self, tried: Extrapolation, history: History) -> Extrapolation:
        """Let today's customers together be worth what they are with full trust."""
        customers, longer = history.todays_customers, history.longer
        if longer is None or tried == tried.plain:
            return tried
        some = customers.iloc[:: len(customers) // MOST_COMPARED + 1]
        today, w = self.predictions(some), weights(some)
        valued, horizon = today.clv_by(longer.months, history.cutoff), today.answers
        before, after = (
            w @ (valued(one) - horizon["expected_spend"].to_numpy()) for one in (tried.plain, tried)
        )
        by = float(before / after) if before > 0 and after > 0 else 1.0
        return replace(tried, rescale=tried.rescale * by)

    def _set_offset(self, today: pd.DataFrame) -> None:
        """Let contributions begin at the average probability of today's customers."""
        some = today.iloc[:: len(today) // MOST_COMPARED + 1]
        own = self.predictions(some)
        offset = beside_average(some, own.answers["p_churn"].to_numpy(), own.contributions)
        self._fitted = replace(self.fitted, offset=offset)

    def predictions(self, customers: pd.DataFrame) -> BlendPredictions:
        """Answers, reasons and lifetime value of a snapshot, on the same base predictions."""
        return BlendPredictions(self.fitted, BasePredictions(self.base_learners, customers))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer everything for each row of a snapshot; see `BlendPredictions.answers`."""
        return self.predictions(customers).answers

    # -- state -----------------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        fitted = self.fitted
        return {
            "base_learners": {name: part.parameters() for name, part in self.base_learners.items()},
            "stacking_weights": fitted.stack.weights,
            "spend_weights": fitted.stack.spend,
            "part": fitted.part,
            "shifts": fitted.level.shifts,
            "factors": fitted.level.factors,
            "prediction_intervals": fitted.intervals.to_dict(),
            "reference": fitted.reference,
            "extrapolation": fitted.extrapolation.to_dict(),
            "offset": fitted.offset,
            "notes": self.notes,
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of all base learners, named `learner.estimator`."""
        return {
            f"{name}.{key}": estimator
            for name, learner in self.base_learners.items()
            for key, estimator in learner.estimators().items()
        }

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted blend again."""
        blend = cls(parameters["part"])
        for name, state in parameters["base_learners"].items():
            own = {
                key.removeprefix(f"{name}."): estimator
                for key, estimator in estimators.items()
                if key.startswith(f"{name}.")
            }
            blend.base_learners[name] = type(BASE_LEARNERS[name]()).restore(state, own)
        extrapolation = Extrapolation.from_dict(parameters["extrapolation"])
        blend._fitted = Fitted(
            Stack(parameters["stacking_weights"], parameters["spend_weights"]),
            Level(parameters["shifts"], parameters["factors"], extrapolation.transient),
            PredictionIntervals.from_dict(parameters["prediction_intervals"]),
            extrapolation,
            parameters["reference"],
            parameters["offset"],
            parameters["part"],
        )
        blend.notes = parameters["notes"]
        return blend
