"""What the board means, in words: better than a naive rule or not, for whom, and where not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.contenders import BASELINES
from models.evaluation.bootstrap import customer_log_loss, grade, paired_difference
from models.evaluation.groups import (
    Group,
    activity_groups,
    attribute_groups,
    compare_groups,
    tenure_groups,
)
from pipeline import verdict
from pipeline.backtest import Backtest
from pipeline.markup import words

LIFETIMES = (
    "lifetimes_bg_nbd answers 1 - P(alive), the only probability lifetimes has: 0 for everybody "
    "who bought once. bg_nbd is the same model asked for no purchase in the horizon."
)

SMALLEST_GROUP = 100
"""Cases (customers at a cutoff) below which a group's figures say nothing."""

FEWEST_OUTCOMES = 10
"""So many of a group must have left, and so many have stayed."""

TELLING = 0.02
"""A wrong level of a group's probabilities smaller than this changes no decision."""


@dataclass(frozen=True)
class Judgement:
    """The board in words, and the tables it rests on.

    `races` says how the answer fares against the best naive rule, for everybody and for
    groups by activity; `by_cutoff` the differences in log loss at each cutoff (columns are
    the groups of `races`). `groups` is as `compare_groups`, with a `remark`, and `astray`, by
    how much a group's probabilities are too high beyond chance (0: they are not); `left_out`
    groups were too small for it, and `pooled` counts the values of each attribute that stand
    together as `all others`.
    """

    rule: str
    races: pd.DataFrame
    by_cutoff: pd.DataFrame
    groups: pd.DataFrame
    left_out: int
    pooled: dict[str, int]
    sentences: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


def judge(result: Backtest) -> Judgement:
    """Hold the answer against the naive rules: everywhere, by group, and at each cutoff."""
    races, by_cutoff = _races(result)
    groups, left_out, pooled = _served(result)
    rule = baseline(result)
    sentences = tuple(verdict.sentences(result, rule, races, groups))
    return Judgement(rule, races, by_cutoff, groups, left_out, pooled, sentences)


def baseline(result: Backtest) -> str:
    """The naive rule with the best log loss; the chosen contender where no rule is on the board."""
    means = result.means
    rules = means.loc[means.index.isin(BASELINES), "log_loss"].dropna()
    return str(rules.idxmin()) if len(rules) else result.chosen


def _rules(result: Backtest) -> list[str]:
    """Naive rules that answered wherever the chosen contender did, other than itself."""
    means = result.means
    complete = means.index[means["log_loss"].notna()]
    return [name for name in BASELINES if name in complete and name != result.chosen]


def _answered(result: Backtest) -> np.ndarray:
    return result.answers[result.chosen]["p_churn"].notna().to_numpy()


def _races(result: Backtest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the answer with the best naive rule at each cutoff, by activity."""
    outcomes, answered = result.outcomes, _answered(result)
    groups = [
        Group("activity", "everybody", np.full(len(outcomes), True)),
        *activity_groups(outcomes, result.horizon_days),
    ]
    rules = _rules(result)
    rows, gaps = [], {}
    for group in groups if rules else ():
        cutoffs = outcomes["cutoff"].where(pd.Series(group.mask & answered, index=outcomes.index))
        parts = [rows.index for _, rows in outcomes.groupby(cutoffs, sort=True)]
        if not parts:
            continue
        losses = {name: _losses(result, name, parts) for name in (result.chosen, *rules)}
        weight = [outcomes.loc[part, "weight"].to_numpy(float) for part in parts]
        means = {
            name: [float(np.average(x, weights=w)) for x, w in zip(each, weight, strict=True)]
            for name, each in losses.items()
        }
        rule = min(rules, key=lambda name: np.mean(means[name]))
        gap = paired_difference(losses[result.chosen], losses[rule], weight, repeats=400)
        rows.append(
            {
                "group": group.value,
                "n_customers": sum(w.sum() for w in weight),
                "log_loss": np.mean(means[result.chosen]),
                "rule": rule,
                "rule_log_loss": np.mean(means[rule]),
                **gap._asdict(),
                "grade": grade(gap, rule),
            }
        )
        days = [outcomes.loc[part[0], "cutoff"] for part in parts]
        pairs = zip(means[result.chosen], means[rule], strict=True)
        gaps[group.value] = pd.Series([own - other for own, other in pairs], index=days)
    return pd.DataFrame(rows), pd.DataFrame(gaps).rename_axis("cutoff").sort_index()


def _losses(result: Backtest, name: str, parts: list[pd.Index]) -> list[np.ndarray]:
    churned, said = result.outcomes["churned"], result.answers[name]["p_churn"]
    return [customer_log_loss(churned[part], said[part]) for part in parts]


def _served(result: Backtest) -> tuple[pd.DataFrame, int, dict[str, int]]:
    """How each group is served, how many were too small, and how many values were pooled."""
    rows = _answered(result)
    outcomes = result.outcomes[rows].reset_index(drop=True)
    churned = outcomes["churned"].to_numpy(float)
    groups, pooled = _groups(outcomes, result)
    large = [group for group in groups if _is_large(churned[group.mask])]
    p_churn = {
        name: result.answers[name]["p_churn"].to_numpy()[rows]
        for name in (result.chosen, *_rules(result))
    }
    own = p_churn.pop(result.chosen)
    if not large or not p_churn:
        return pd.DataFrame(), len(groups), pooled
    weight, cutoff = outcomes["weight"].to_numpy(float), outcomes["cutoff"].to_numpy()
    table = compare_groups(churned, own, p_churn, large, weight, cutoff)
    table["astray"] = [_astray(row) for _, row in table.iterrows()]
    table["remark"] = [_remark(row) for _, row in table.iterrows()]
    return table, len(groups) - len(large), pooled


def _is_large(churned: np.ndarray) -> bool:
    left = churned.sum()
    rarer = min(left, len(churned) - left)
    return len(churned) >= SMALLEST_GROUP and bool(rarer >= FEWEST_OUTCOMES)


def _groups(outcomes: pd.DataFrame, result: Backtest) -> tuple[list[Group], dict[str, int]]:
    horizon = result.horizon_days
    groups = [*activity_groups(outcomes, horizon), *tenure_groups(outcomes, horizon)]
    pooled = {}
    for column in result.attributes:
        found, rest = attribute_groups(outcomes[column], SMALLEST_GROUP)
        groups += found
        pooled[column] = rest
    return [group for group in groups if group.mask.any()], {k: n for k, n in pooled.items() if n}


def _astray(row: pd.Series) -> float:
    """By how much a group's p_churn is too high by itself and beside everybody's; 0 if by chance.

    Where one group is far off, everybody's level is off: that is not the other groups' fault.
    """
    gap, excess = row["p_churn"] - row["churn_rate"], row["excess"]
    least = min(abs(gap), abs(excess))
    if not row["off"] or least < TELLING or gap * excess < 0:
        return 0.0
    return float(np.copysign(least, gap))


def _remark(row: pd.Series) -> str:
    """Say in plain words how a group is served; only what chance does not explain."""
    rule = words(row["rule"])
    if row["loses"] or row["gains"]:
        said = f"{'worse' if row['loses'] else 'better'} than {rule}"
    else:
        said = f"{'behind' if row['difference'] > 0 else 'ahead of'} {rule}, within chance"
    if row["astray"]:
        many = "many" if row["astray"] > 0 else "few"
        much = f"{abs(row['astray']) * 100:.0f} points"
        said += f"; compared with everybody, {much} too {many} expected to leave"
    return said
