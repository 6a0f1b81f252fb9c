"""What an ordering of customers is worth: gain, lift, and spend by decile."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.evaluation.arrays import (
    checked,
    checked_probabilities,
    equal_groups,
    means_by_group,
    share_in_top,
)
from models.evaluation.spend import total_spend


def gain_table(
    churned: ArrayLike,
    p_churn: ArrayLike,
    sample_weight: ArrayLike | None = None,
    steps: int = 20,
) -> pd.DataFrame:
    """Which share of the churners, and of the buyers, the first customers of the order hold.

    Returns
    -------
    DataFrame
        One row per `share_contacted` (1/steps, ..., 1): `churn_gain` and `churn_lift`
        when the likeliest churners come first, `buyer_gain` and `buyer_lift` when the
        likeliest buyers do. Lift is gain over share contacted, 1 without skill.

    Examples
    --------
    >>> gain_table([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], steps=2)["churn_gain"].tolist()
    [1.0, 1.0]
    """
    observed, predicted, weight = checked_probabilities(churned, p_churn, sample_weight)
    shares = np.arange(1, steps + 1) / steps
    table = pd.DataFrame({"share_contacted": shares})
    for who, outcome, order in (
        ("churn", observed, predicted),
        ("buyer", 1 - observed, -predicted),
    ):
        total = (weight * outcome).sum()
        held = [(share_in_top(order, weight, s) * weight * outcome).sum() for s in shares]
        table[f"{who}_gain"] = np.array(held) / total if total else np.nan
        table[f"{who}_lift"] = table[f"{who}_gain"] / shares
    return table


def spend_by_decile(
    spend: ArrayLike,
    expected_spend: ArrayLike,
    sample_weight: ArrayLike | None = None,
    groups: int = 10,
) -> pd.DataFrame:
    """Mean predicted and mean observed spend, from the most to the least valuable tenth.

    Returns
    -------
    DataFrame
        `decile` (1 is the top), `n_customers`, `predicted` and `observed` (mean money per
        customer), `share_of_spend` (NaN without a `total_spend`). Equal predictions stay
        together, so a decile may be missing.

    Examples
    --------
    >>> spend_by_decile([9, 1], [8, 2], groups=2)[["predicted", "observed"]].to_numpy().tolist()
    [[8.0, 9.0], [2.0, 1.0]]
    """
    observed, predicted, weight = checked(spend, expected_spend, sample_weight)
    decile = equal_groups(-predicted, weight, groups) + 1
    table = means_by_group(decile, weight, predicted=predicted, observed=observed)
    spent = table["n_customers"] * table["observed"]
    table["share_of_spend"] = spent / total_spend(observed, weight)
    return table.rename_axis("decile").reset_index()
