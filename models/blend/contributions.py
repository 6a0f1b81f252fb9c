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
    base: BasePredictions,
    stack: Stack,
    reference: dict[str, float],
    offset: float,
    part: str | None = None,
) -> pd.DataFrame:
    """Parts of the log odds by theme, one row per customer; positive raises churn.

    Parameters
    ----------
    reference : dict
        The customer that buy-till-you-die models compare with, see `explain.attribution`.
    offset : float
        What leads from the learners' own typical customers to the average probability, see
        `beside_average`.
    part : str, optional
        The learner that counts as much as the whole stack; as it is, not clipped.
    """
    customers, clipped = base.customers, stack.log_odds(base)
    total: dict[str, np.ndarray] = {SILENCE: np.full(len(customers), offset)}
    whole = 0.5 if part else 1.0
    shares = {name: whole * stack.weights[name] for name in stack.used(tuple(PRIOR_WEIGHTS))}
    for name in dict.fromkeys((*shares, *([part] if part else []))):
        # What is clipped is of silence: a buy-till-you-die model goes that far for nothing else.
        if name in shares:
            beyond = clipped[name] - logit(base[name]["p_churn"].to_numpy())
            total[SILENCE] = total[SILENCE] + shares[name] * beyond
        share = shares.get(name, 0.0) + (0.5 if name == part else 0.0)
        themes = by_theme(contributions(base.learners[name], base.terms(name), reference))
        for theme, moved in themes.items():
            own = share * moved
            total[theme] = total[theme] + own if theme in total else own
    return pd.DataFrame({theme: total[theme] for theme in sorted(total)}, index=customers.index)


def beside_average(today: pd.DataFrame, p_churn: np.ndarray, contributed: pd.DataFrame) -> float:
    """What to add so that contributions, on average, lead from the average probability.

    They begin at each learner's own typical customer. Where most have long left, that one is all
    but lost, and whoever is a little better would be said to stay.
    """
    w = weights(today)
    moved = logit(p_churn) - float(logit(np.average(p_churn, weights=w)))
    return float(np.average(moved - contributed.sum(axis=1), weights=w))
