"""Profit of the plan that follows one measured campaign, by what that plan makes of it.

The effect is measured with an error; the plan contacts whoever is worth it by the assumption, by
the measured effect alone, or, like `churn plan`, by the assumption corrected by what was measured.
"""

import numpy as np
import pandas as pd

from benchmarks.campaign_loop import ASSUMED, COST, MARGIN, shop
from models.campaign.pooling import corrected

SHOPS = 4000
TRUTHS = {
    "drawn around the assumption": (1.0, 1.0),
    "as assumed": (1.0, 0.0),
    "a third of it": (1 / 3, 0.0),
    "three times it": (3.0, 0.0),
    "none": (0.0, 0.0),
    "the opposite": (-1.0, 0.0),
}
"""Mean and spread of the true effects over the shops, as multiples of the assumed one."""


def following(se, seed=0):
    """A row per truth: mean profit by each rule, and by who knows the truth."""
    rng, rows = np.random.default_rng(seed), []
    customers = shop(rng, 10_000)
    staked = np.sort(customers["p_churn"] * customers["expected_spend"])[::-1]
    for name, (mean, spread) in TRUTHS.items():
        truth = ASSUMED * (mean + spread * rng.normal(size=SHOPS))
        measured = truth + se * rng.normal(size=SHOPS)
        rules = {
            "oracle": truth,
            "corrected": [corrected(ASSUMED, one, se) for one in measured],
            "measured alone": measured,
            "assumed": np.full(SHOPS, ASSUMED),
        }
        earned = {rule: _profit(staked, np.array(e), truth).mean() for rule, e in rules.items()}
        rows.append({"true effect": name, **earned})
    return pd.DataFrame(rows).set_index("true effect")


def _profit(staked, effect, truth):
    """Of contacting, in each shop, everybody who is worth it by `effect`."""
    least = np.where(effect > 0, COST / (MARGIN * np.maximum(effect, 1e-9)), np.inf)
    n = np.searchsorted(-staked, -least)
    return MARGIN * truth * np.concatenate([[0], np.cumsum(staked)])[n] - COST * n


def report():
    """Print a table for each standard error of the measured effect."""
    for se in (0.05, 0.15, 0.4):
        print(f"\nassumed {ASSUMED:.0%}, measured with a standard error of {se:.0%}; profit")
        print(following(se).round(0).astype(int).to_string())


if __name__ == "__main__":
    report()
