"""The effect by segment: each alone, and shrunk to the whole as far as it is uncertain."""

from collections.abc import Mapping

import pandas as pd

from models.campaign.estimation import Difference
from models.campaign.pooling import pool
from models.campaign.share import share_of_stake
from pipeline.acting.outcomes import contact_probability

NEEDED = ["segment", "block", "treated", "spend", "p_churn", "expected_spend"]

FEWEST = 50
"""Customers of each group below which a segment is not looked at alone."""


def by_segment(rows: pd.DataFrame, whole: Difference) -> Mapping[str, Mapping[str, float]]:
    """Spend gained as a share of what was at stake, in each segment with enough customers.

    Returns
    -------
    mapping
        Segment -> `n`, `effect` and `se` of it alone, `shrunk`, and `low` and `high` of that.
    """
    found: dict[str, tuple[int, Difference]] = {}
    for name, here in rows[NEEDED].groupby("segment"):
        if here["treated"].value_counts().reindex([0, 1], fill_value=0).min() < FEWEST:
            continue
        gap = share_of_stake(
            here["spend"],
            here["treated"],
            contact_probability(here),
            here["p_churn"],
            here["expected_spend"],
        )
        if gap:
            found[str(name)] = len(here), gap
    # One segment alone is told, too: later campaigns may be of it only.
    if not found:
        return {}
    pooled = pool([d.estimate for _, d in found.values()], [d.se for _, d in found.values()])
    return {
        name: {
            "n": n,
            "effect": one.estimate,
            "se": one.se,
            "shrunk": float(pooled.shrunk[place]),
            **_interval(pooled.shrunk[place], pooled.shrunk_se[place], max(whole.reach, one.reach)),
        }
        for place, (name, (n, one)) in enumerate(found.items())
    }


def _interval(estimate: float, se: float, reach: float) -> dict[str, float]:
    return {"low": float(estimate - reach * se), "high": float(estimate + reach * se)}
