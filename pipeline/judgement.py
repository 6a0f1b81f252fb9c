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
from models.evaluation.groups import category_groups, customer_groups, evaluate_groups
from pipeline.backtest import Backtest

GROUP_WORDS = {
    "one_time_buyers": "bought once",
    "recently_active": "bought within the last horizon",
    "lapsing": "silent for longer",
}

LIFETIMES = (
    "lifetimes_bg_nbd answers 1 - P(alive), the only probability lifetimes has: 0 for everybody "
    "who bought once. bg_nbd is the same model asked for no purchase in the horizon."
)

POOR_COVERAGE = 0.76

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
    return paired_difference(losses(result.chosen), losses(rival), weight, repeats=400)


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
    lost = table.loc[table["log_loss"] > table["rule_log_loss"], "group"]
    sentences += [f"It loses to {rule} among customers of group {group}." for group in lost]
    sentences += _level(result)
    return " ".join(sentences)


def _level(result: Backtest) -> list[str]:
    """How far totals and intervals were off, cutoff by cutoff: a mean would hide it."""
    rows = result.leaderboard[result.leaderboard["chosen"]].sort_values("cutoff")
    bias, held = rows["spend_bias"].dropna(), rows["spend_coverage"].dropna()
    sentences = []
    if len(bias):
        sentences.append(
            f"Expected total spend was off by {bias.min():+.0%} to {bias.max():+.0%}, "
            f"{bias.iloc[-1]:+.0%} at the latest cutoff."
        )
    if len(held) and held.mean() < POOR_COVERAGE:
        sentences.append(f"Its 80 % intervals held {held.mean():.0%} of the customers: too few.")
    return sentences


def by_group(result: Backtest, rule: str) -> pd.DataFrame:
    """Scores of the chosen contender and log loss of a rule, by group and attribute value.

    Returns
    -------
    DataFrame
        As `evaluate_groups`, and `rule_log_loss`. Groups of one outcome only, or of fewer
        than 50 customers, are left out: their figures say nothing.
    """
    own, other = (result.answers[name] for name in (result.chosen, rule))
    answered = (own["p_churn"].notna() & other["p_churn"].notna()).to_numpy()
    churned = result.outcomes["churned"].to_numpy()
    groups = {
        name: mask
        for name, mask in ((n, m & answered) for n, m in _groups(result).items())
        if mask.sum() >= SMALLEST_GROUP and len(np.unique(churned[mask])) == 2
    }
    table = evaluate_groups(result.outcomes, own, groups)
    rivals = evaluate_groups(result.outcomes, other, groups)
    return table.assign(rule_log_loss=rivals["log_loss"])


def _groups(result: Backtest) -> dict[str, np.ndarray]:
    outcomes = result.outcomes
    groups = {
        GROUP_WORDS[name]: mask
        for name, mask in customer_groups(outcomes, result.horizon_days).items()
    }
    for column in result.attributes:
        for value, mask in category_groups(outcomes[column]).items():
            groups[f"{column} {value}"] = mask
    return groups
