"""What moves each customer's log odds of churn, by theme: the stack's mean of its learners'."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.blend.base_learners import PRIOR_WEIGHTS
from models.blend.base_predictions import BasePredictions
from models.blend.stack import Stack
from models.contenders.encoding import logit
from models.explain.attribution import contributions
from models.explain.reasons import SILENCE, by_theme
from models.history import weights


def blended_contributions(
    base: BasePredictions, stack: Stack, reference: dict[str, float], offset: float
) -> pd.DataFrame:
    """Parts of the log odds by theme, one row per customer; positive raises churn.

    Parameters
    ----------
    reference : dict
        The customer that buy-till-you-die models compare with, see `explain.attribution`.
    offset : float
        What leads from the learners' own typical customers to the average probability, see
        `beside_average`.
    """
    customers, clipped = base.customers, stack.log_odds(base)
    total: dict[str, np.ndarray] = {SILENCE: np.full(len(customers), offset)}
    for name in stack.used(tuple(PRIOR_WEIGHTS)):
        # What is clipped is of silence: a buy-till-you-die model goes that far for nothing else.
        beyond = clipped[name] - logit(base[name]["p_churn"].to_numpy())
        total[SILENCE] = total[SILENCE] + stack.weights[name] * beyond
        themes = by_theme(contributions(base.learners[name], base.terms(name), reference))
        for theme in map(str, themes):
            own = stack.weights[name] * themes[theme].to_numpy()
            total[theme] = total[theme] + own if theme in total else own
    return pd.DataFrame(total, index=customers.index)[sorted(total)]


def beside_average(today: pd.DataFrame, p_churn: np.ndarray, contributed: pd.DataFrame) -> float:
    """What to add so that contributions, on average, lead from the average probability.

    They begin at each learner's own typical customer. Where most have long left, that one is all
    but lost, and whoever is a little better would be said to stay.
    """
    w = weights(today)
    moved = logit(p_churn) - float(logit(np.average(p_churn, weights=w)))
    return float(np.average(moved - contributed.sum(axis=1), weights=w))
