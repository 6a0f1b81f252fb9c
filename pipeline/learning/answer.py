"""Which contender answers: the blend, or its mean with a part that was better beyond chance.

The rule was fixed before it was tried on any log. A part, one of the blend's learners of churn,
is better when

- at least two cutoffs were judged, and it has the lower log loss at each of them;
- the difference, all cutoffs together, is beyond chance: the 99 % interval of a paired bootstrap
  over customers lies above 0. Five parts are tried; each gets a fifth of the usual 5 %.

Then the mean of both in log odds answers, with the best such part. It keeps what only the blend
has (spend, intervals, value, reasons), and it is safe: log loss is convex in log odds, so that
the mean beats the blend wherever the part does, and a part that was only lucky costs half.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.all_contenders import DEFAULT
from models.blend.base_learners import PRIOR_WEIGHTS
from models.evaluation.bootstrap import customer_log_loss, paired_difference

CONFIDENCE = 1 - 0.05 / len(PRIOR_WEIGHTS)
"""Of the interval of one part's difference, so that all together are wrong in 5 % at most."""

FEWEST_CUTOFFS = 2
"""At one cutoff a season decides, and a bootstrap over customers does not see it."""

DRAWS = 2000
"""So many draws find the ends of a 99 % interval."""


def answer(leaderboard: pd.DataFrame) -> str:
    """The contender whose answers are published: the blend, or else the best in log loss.

    Only those are compared that answered at as many cutoffs as any: others' means are of
    other days.
    """
    losses = leaderboard.groupby("contender", sort=False)["log_loss"].agg(["count", "mean"])
    if DEFAULT in losses.index:
        return DEFAULT
    most = losses["count"] == losses["count"].max()
    return str(losses.loc[most, "mean"].fillna(np.inf).idxmin())


def better_part(outcomes: pd.DataFrame, p_churn: Mapping[str, pd.Series]) -> str | None:
    """The part of the blend that was better by the rule above, the best of several; or none.

    Parameters
    ----------
    outcomes : DataFrame
        One row per customer and cutoff: `cutoff`, `churned`, `weight`.
    p_churn : mapping
        Contender -> its answers for the same rows; NaN where it could not be fitted. Cutoffs
        at which the blend could not be fitted are not judged.
    """
    if DEFAULT not in p_churn:
        return None
    judged = p_churn[DEFAULT].notna().to_numpy()
    days = outcomes["cutoff"][judged].unique()
    rows = [(judged & (outcomes["cutoff"] == day).to_numpy()) for day in days]
    if len(rows) < FEWEST_CUTOFFS:
        return None
    weight = [outcomes["weight"].to_numpy(float)[here] for here in rows]

    def losses(name: str) -> list[np.ndarray]:
        found = customer_log_loss(outcomes["churned"], p_churn[name])
        return [found[here] for here in rows]

    own, gains = losses(DEFAULT), {}
    for name in PRIOR_WEIGHTS:
        if name not in p_churn or p_churn[name][judged].isna().any():
            continue
        theirs = losses(name)
        means = [np.average(a - b, weights=w) for a, b, w in zip(theirs, own, weight, strict=True)]
        if max(means) >= 0:  # drawn anew is only what is better at each cutoff
            continue
        gap = paired_difference(theirs, own, weight, DRAWS, confidence=CONFIDENCE)
        if gap.high < 0:
            gains[name] = gap.difference
    return min(gains, key=gains.__getitem__) if gains else None
