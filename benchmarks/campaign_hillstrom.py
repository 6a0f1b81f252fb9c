"""A real randomised campaign: our estimates against statsmodels', and a plan judged on a half.

MineThatData's e-mail challenge (Hillstrom 2008): 64,000 customers, two e-mails and no e-mail.
The data are not part of the project: `--data` or `CHURN_BENCHMARK_DATA` names the folder of
hillstrom_rct.parquet.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from models.campaign.assignment import draws
from models.campaign.estimation import adjusted_differences, blocked_difference
from models.campaign.pooling import pool

OUTCOMES = ("visit", "conversion", "spend")
MARGIN, COST = 0.3, 0.10
GROUPS = ["newbie", "channel", "womens"]


def read(folder):
    """The challenge's customers, one row each."""
    return pd.read_parquet(Path(folder) / "hillstrom_rct.parquet")


def covariates(rows):
    """What was known before the e-mails."""
    columns = ["recency", "history", "mens", "womens", "newbie"]
    return rows[columns].to_numpy(float)


def estimates(rows, arm):
    """Each outcome's differences by our estimators, and by statsmodels, computed on their own."""
    import statsmodels.api as sm

    here = rows[rows["segment"].isin([arm, "No E-Mail"])]
    treated = (here["segment"] == arm).to_numpy(int)
    y, known = here[list(OUTCOMES)].to_numpy(float), covariates(here)
    share = treated.mean()
    ours = adjusted_differences(y, treated, np.where(treated == 1, share, 1 - share), known)
    centred = known - known.mean(axis=0)
    design = sm.add_constant(np.column_stack([treated, centred, centred * treated[:, None]]))
    weights = 1 / np.where(treated == 1, share, 1 - share)
    found = []
    for n, name in enumerate(OUTCOMES):
        plain = blocked_difference(y[:, n], treated, np.zeros(len(here), int))
        bare = sm.OLS(y[:, n], sm.add_constant(treated.astype(float))).fit(cov_type="HC2")
        lin = sm.WLS(y[:, n], design, weights=weights).fit(cov_type="HC3")
        found.append(
            {
                "arm": arm,
                "outcome": name,
                "plain": plain.estimate,
                "plain se": plain.se,
                "statsmodels": bare.params[1],
                "statsmodels se": bare.bse[1],
                "adjusted": ours[n].estimate,
                "adjusted se": ours[n].se,
                "statsmodels Lin": lin.params[1],
                "statsmodels Lin se": lin.bse[1],
            }
        )
    return pd.DataFrame(found)


def gap(table):
    """The largest relative difference between ours and statsmodels'."""
    pairs = (
        ("plain", "statsmodels"),
        ("plain se", "statsmodels se"),
        ("adjusted", "statsmodels Lin"),
        ("adjusted se", "statsmodels Lin se"),
    )
    return max((table[a] / table[b] - 1).abs().max() for a, b in pairs)


def judged(rows, arm):
    """Learn by group on one half, and judge the contacts on the other: profit per customer."""
    here = rows[rows["segment"].isin([arm, "No E-Mail"])].reset_index(drop=True)
    first = draws([str(i) for i in here.index], "hillstrom", 0) < 0.5
    learned, held = here[first], here[~first]
    each = {name: _profit(some, arm) for name, some in learned.groupby(GROUPS)}
    shrunk = pool([one.estimate for one in each.values()], [one.se for one in each.values()])
    good = {name for n, name in enumerate(each) if shrunk.shrunk[n] > 0}
    chosen = [name in good for name in held[GROUPS].itertuples(index=False, name=None)]
    plans = {"everybody": np.ones(len(held), bool), "the plan": np.array(chosen)}
    found = {
        name: (int(some.sum()), len(held), _profit(held[some], arm) if some.any() else None)
        for name, some in plans.items()
    }
    return found, len(each), shrunk.spread


def _profit(rows, arm):
    """Profit of a contact: margin of the spend gained, less its cost."""
    treated = (rows["segment"] == arm).to_numpy(int)
    found = blocked_difference(rows["spend"], treated, np.zeros(len(rows), int))
    return found.scaled(MARGIN, -COST)


def report(folder):
    """Print both tables, or that the data are not there."""
    if not folder or not (Path(folder) / "hillstrom_rct.parquet").exists():
        print("left out: hillstrom_rct.parquet is not there (see --data)")
        return
    rows = read(folder)
    arms = ("Mens E-Mail", "Womens E-Mail")
    table = pd.concat([estimates(rows, arm) for arm in arms]).set_index(["arm", "outcome"])
    shown = ["plain", "plain se", "adjusted", "adjusted se"]
    print(f"Hillstrom, {len(rows):,} customers\n{table[shown].round(5).to_string()}")
    print(f"largest relative difference to statsmodels: {gap(table):.1e}")
    for arm in arms:
        plans, n, spread = judged(rows, arm)
        print(
            f"\n{arm}: learned on one half in {n} groups (spread of effects {spread:.3f}), judged"
        )
        for name, (contacts, of, one) in plans.items():
            if one is None:
                print(f"  {name}: contacts nobody, profit 0")
                continue
            print(
                f"  {name}: {contacts:,} of {of:,}; profit of a contact {one.estimate:+.3f} "
                f"({one.low:+.3f} to {one.high:+.3f}), per customer "
                f"{one.estimate * contacts / of:+.3f}"
            )
