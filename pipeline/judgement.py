"""What the board means, in words: better than a naive rule or not, and for whom."""

import numpy as np
import pandas as pd

from models.contenders import BASELINES
from models.evaluation.bootstrap import (
    Difference,
    customer_log_loss,
    grade,
    paired_difference,
)
from models.evaluation.groups import customer_groups
from models.evaluation.scores import log_loss, roc_auc
from pipeline.backtest import Backtest

GROUP_WORDS = {
    "one_time_buyers": "bought once",
    "recently_active": "bought within the last horizon",
    "lapsing": "silent for longer",
}

SMALLEST_GROUP = 50
"""Customers below which a group's figures say nothing."""


def baseline(result: Backtest) -> str:
    """The naive rule with the best log loss; the chosen contender where no rule is on the board."""
    means = result.means
    rules = means.loc[means.index.isin(BASELINES), "log_loss"].dropna()
    return str(rules.idxmin()) if len(rules) else result.chosen


def difference(result: Backtest, rival: str) -> Difference:
    """Log loss of the chosen contender less a rival's, customers paired; below 0 is better."""
    cutoffs = [rows.index for _, rows in result.outcomes.groupby("cutoff", sort=True)]
    churned = result.outcomes["churned"]

    def losses(name: str) -> list[np.ndarray]:
        said = result.answers[name]["p_churn"]
        return [customer_log_loss(churned[rows], said[rows]) for rows in cutoffs]

    weight = [result.outcomes["weight"][rows].to_numpy() for rows in cutoffs]
    return paired_difference(losses(result.chosen), losses(rival), weight)


def verdict(result: Backtest) -> str:
    """Say in a few sentences what the board shows, and where the answer loses."""
    means, rule = result.means, baseline(result)
    best, floor = means.loc[result.chosen], means.loc[rule]
    lift = (
        f"The tenth of customers it thinks most likely to buy holds {best.buyer_lift_10:.1f} times "
        "the average share of buyers."
    )
    if rule == result.chosen or np.isnan(best.log_loss):
        return f"{result.chosen}: log loss {best.log_loss:.4f}, AUC {best.roc_auc:.3f}. {lift}"
    gap = difference(result, rule)
    sentences = [
        f"{result.chosen} is {grade(gap, rule)}: log loss {best.log_loss:.4f} against "
        f"{floor.log_loss:.4f} ({best.log_loss / floor.log_loss - 1:+.1%}, 95 % interval "
        f"{gap.low / floor.log_loss:+.1%} to {gap.high / floor.log_loss:+.1%}), "
        f"AUC {best.roc_auc:.3f} against {floor.roc_auc:.3f}.",
        lift,
    ]
    ahead = means.index[means["log_loss"] < best.log_loss]
    if len(ahead):
        sentences.append(f"On this log {ahead[0]} has a lower log loss still.")
    table = by_group(result, rule)
    lost = table[table["log_loss"] > table["rule_log_loss"]]
    sentences += [
        f"It loses to {rule} among customers of group {row.group}." for row in lost.itertuples()
    ]
    return " ".join(sentences)


def by_group(result: Backtest, rule: str) -> pd.DataFrame:
    """Scores of the chosen contender and of a rule, for groups and attribute values.

    Returns
    -------
    DataFrame
        `group`, `n_customers`, `churn_rate`, `predicted` (mean p_churn), `log_loss`,
        `roc_auc`, `rule_log_loss`; groups of fewer than 50 customers are left out.
    """
    outcomes = result.outcomes
    own, other = (result.answers[name]["p_churn"] for name in (result.chosen, rule))
    answered = (own.notna() & other.notna()).to_numpy()
    rows = []
    for name, mask in _groups(result).items():
        chosen = mask & answered
        if chosen.sum() < SMALLEST_GROUP or outcomes["churned"][chosen].nunique() < 2:
            continue
        y, w = outcomes["churned"][chosen], outcomes["weight"][chosen]
        rows.append(
            {
                "group": name,
                "n_customers": int(chosen.sum()),
                "churn_rate": np.average(y, weights=w),
                "predicted": np.average(own[chosen], weights=w),
                "log_loss": log_loss(y, own[chosen], w),
                "roc_auc": roc_auc(y, own[chosen], w),
                "rule_log_loss": log_loss(y, other[chosen], w),
            }
        )
    columns = ["group", "n_customers", "churn_rate", "predicted", "log_loss", "roc_auc"]
    return pd.DataFrame(rows, columns=[*columns, "rule_log_loss"])


def _groups(result: Backtest) -> dict[str, np.ndarray]:
    outcomes = result.outcomes
    groups = {
        GROUP_WORDS[name]: mask
        for name, mask in customer_groups(outcomes, result.horizon_days).items()
    }
    known = {"churned", "spend", "frequency", "recency", "T", "cutoff", "weight"}
    for column in (c for c in outcomes.columns if c not in known):
        common = outcomes[column].value_counts().index[:5]
        groups |= {f"{column} {value}": (outcomes[column] == value).to_numpy() for value in common}
    return groups
