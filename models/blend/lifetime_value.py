"""CLV over months: a buy-till-you-die model's course over time, at the blend's height."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from models.blend.base_learners import BTYD
from models.blend.base_predictions import BasePredictions
from models.blend.extrapolation import Extrapolation
from models.btyd.lifetime_value import month_ends
from models.contenders.btyd import BtydContender
from models.contenders.protocol import Contender


class Months(NamedTuple):
    """Months from `start` on, whose money is discounted."""

    number: int
    monthly_discount_rate: float
    start: date

    @property
    def days(self) -> float:
        """Their length in days."""
        return float(month_ends(self.number, start=self.start)[-1])


def btyd_models(learners: dict[str, Contender]) -> list[BtydContender]:
    """The buy-till-you-die models that could be fitted; the first knows the course over time."""
    return [p for name in BTYD if isinstance(p := learners.get(name), BtydContender)]


def regular_model(learners: dict[str, Contender]) -> BtydContender | None:
    """The model of regular customers, MBG/CNBD-k, where it could be fitted."""
    found = learners.get("mbg_cnbd_k")
    return found if isinstance(found, BtydContender) else None


def lifetime_value(
    base: BasePredictions,
    predicted: pd.DataFrame,
    months: Months,
    extrapolation: Extrapolation,
) -> np.ndarray:
    """Expected spend of the months, discounted; shape (n_customers,), money.

    The buy-till-you-die models' value over their expected spend in the horizon says how many
    horizons the months make. Times the blend's expected spend, what comes after the horizon
    corrected by `extrapolation`. A season does not outlast the horizon.

    Parameters
    ----------
    base, predicted
        What the base learners, and what the blend, predict for the horizon.
    """
    histories, models = base.histories, btyd_models(base.learners)
    each = [base[model.name]["expected_spend"].to_numpy(float) for model in models]
    btyd_spend: np.ndarray = np.add.reduce(each)
    rate, start = months.monthly_discount_rate, months.start
    worth = sum(model.clv(histories, months.number, rate, start) for model in models)
    own = predicted["expected_spend"].to_numpy()
    # Who expects nothing in the horizon expects nothing later either.
    length = np.divide(worth, btyd_spend, out=np.zeros_like(own), where=btyd_spend > 0)
    corrected = extrapolation.money_lengths(models[0], histories, months.days)
    _, uncorrected = extrapolation.lengths(models[0], histories, months.days)
    left = np.divide(corrected - 1, uncorrected - 1, out=np.ones_like(own), where=uncorrected > 1)
    p_churn = predicted["p_churn"].to_numpy(float)
    asked = models, histories, p_churn, own, btyd_spend, regular_model(base.learners)
    later = extrapolation.later_spend(*asked)
    return own * np.minimum(length, 1.0) + later * np.maximum(length - 1.0, 0.0) * left
