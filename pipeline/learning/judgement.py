"""What the board means, in words: better than a naive rule or not, for whom, and where not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.all_contenders import BASELINES
from models.evaluation.arrays import means_by_group
from models.evaluation.bootstrap import customer_log_loss, grade, paired_difference
from models.evaluation.grades import UNJUDGED, Grade, in_words
from models.evaluation.groups import (
    Group,
    activity_groups,
    attribute_groups,
    compare_groups,
    tenure_groups,
)
from pipeline.learning import grading, verdict
from pipeline.learning.backtest import Backtest
from pipeline.markup import words

LIFETIMES = (
    "BG/NBD by lifetimes answers 1 - P(alive), the only probability lifetimes has: 0 for everybody "
    "who bought once. BG/NBD is the same model asked for no purchase in the horizon."
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
    together as `all others`. `grades` are of ranking, level, money,
    value of months, order by clv and intervals.
    """

    rule: str
    races: pd.DataFrame
    by_cutoff: pd.DataFrame
    groups: pd.DataFrame
    left_out: int
    pooled: dict[str, int]
    sentences: tuple[str, ...]
    grades: tuple[Grade, ...] = ()

    @property
    def verdict(self) -> str:
        """The grades and the sentences as one text."""
        return " ".join((self.graded, *self.sentences))

    @property
    def graded(self) -> str:
        """The grades in one sentence."""
        return f"Grade: {in_words(self.grades)}."

    @property
    def unfit(self) -> str:
        """Why the answer should not become champion by itself; empty where nothing speaks so."""
        if self.races.empty:
            return "it could not be held against any naive rule"
        if self.grades[0].grade == UNJUDGED:
            return "all customers fared alike at its cutoffs, so nothing of it could be judged"
        whole = self.races.iloc[0]
        return f"it is {whole['grade']}, beyond chance" if whole["low"] > 0 else ""


def judge(result: Backtest, clv_months: int = 0) -> Judgement:
    """Hold the answer against the naive rules: everywhere, by group, and at each cutoff."""
    races, by_cutoff = _races(result)
    groups, left_out, pooled = _served(result)
    rule = baseline(result)
    sentences = tuple(verdict.sentences(result, rule, races, groups))
    grades = grading.grade(result, rule, races, clv_months)
    return Judgement(rule, races, by_cutoff, groups, left_out, pooled, sentences, grades)


def intervals(result: Backtest, rule: str) -> dict[str, tuple[float, float]]:
    """95 % interval of each contender's log loss less a rule's, where both answered."""
    theirs, found = _losses(result, rule), {}
    for name in result.answers:
        cases = _paired(result.outcomes, _losses(result, name), theirs)
        parts = [part for _, part in cases.groupby("cutoff", sort=True)]
        if name != rule and parts:
            own, other, weight = (
                [part[key].to_numpy(float) for part in parts] for key in ("own", "rule", "weight")
            )
            gap = paired_difference(own, other, weight, repeats=200)
            found[name] = (gap.low, gap.high)
    return found


def baseline(result: Backtest) -> str:
    """The naive rule that is hardest to beat where both answered; the chosen one without any."""
    rules = _gaps(result)["gap"]
    return str(rules.idxmin()) if len(rules) else result.chosen


def _rules(result: Backtest) -> list[str]:
    """Naive rules to hold the chosen contender against: all but itself."""
    return [str(name) for name in _gaps(result).index if name != result.chosen]


def _gaps(result: Backtest) -> pd.DataFrame:
    """`Backtest.gaps` of the naive rules.

    A rule with fewer than half as many cutoffs as another would tell of those days only.
    """
    rules = result.gaps.reindex(BASELINES).dropna()
    return rules[2 * rules["cutoffs"] >= rules["cutoffs"].max()]


def _races(result: Backtest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the answer with the best naive rule at each cutoff, by activity."""
    outcomes = result.outcomes
    losses = {name: _losses(result, name) for name in (result.chosen, *_rules(result))}
    own = losses.pop(result.chosen)
    groups = [
        Group("activity", "everybody", np.full(len(outcomes), True)),
        *activity_groups(outcomes, result.horizon_days),
    ]
    rows, gaps = [], {}
    for group in groups:
        paired = {rule: _paired(outcomes[group.mask], own, loss) for rule, loss in losses.items()}
        means = {rule: _cutoff_means(cases) for rule, cases in paired.items() if len(cases)}
        if not means:
            continue
        rule = min(means, key=lambda name: (means[name]["rule"] - means[name]["own"]).mean())
        parts = [cases for _, cases in paired[rule].groupby("cutoff", sort=True)]
        ours, theirs, weight = (
            [part[name].to_numpy(float) for part in parts] for name in ("own", "rule", "weight")
        )
        gap = paired_difference(ours, theirs, weight, repeats=400)
        rows.append(
            {
                "group": group.value,
                "n_customers": sum(w.sum() for w in weight),
                "log_loss": means[rule]["own"].mean(),
                "rule": rule,
                "rule_log_loss": means[rule]["rule"].mean(),
                **gap._asdict(),
                "grade": grade(gap, words(rule)),
            }
        )
        gaps[group.value] = means[rule]["own"] - means[rule]["rule"]
    return pd.DataFrame(rows), pd.DataFrame(gaps).rename_axis("cutoff").sort_index()


def _losses(result: Backtest, name: str) -> np.ndarray:
    """Log loss of each case; NaN where the contender gave no answer."""
    return customer_log_loss(result.outcomes["churned"], result.answers[name]["p_churn"])


def _paired(outcomes: pd.DataFrame, own: np.ndarray, rule: np.ndarray) -> pd.DataFrame:
    """Losses of the answer and of a rule on the cases that both answered."""
    cases = outcomes[["cutoff", "weight"]]
    return cases.assign(own=own[cases.index], rule=rule[cases.index]).dropna()


def _cutoff_means(cases: pd.DataFrame) -> pd.DataFrame:
    """Mean losses of `_paired` cases at each cutoff."""
    cutoff, weight, own, rule = (
        cases[name].to_numpy() for name in ("cutoff", "weight", "own", "rule")
    )
    return means_by_group(cutoff, weight, own=own, rule=rule)


def _served(result: Backtest) -> tuple[pd.DataFrame, int, dict[str, int]]:
    """How each group is served, how many were too small, and how many values were pooled."""
    p_churn = pd.DataFrame({name: said["p_churn"] for name, said in result.answers.items()})
    rules = _rules(result)
    rows = p_churn[result.chosen].notna() & p_churn[rules].notna().any(axis=1)
    outcomes = result.outcomes[rows].reset_index(drop=True)
    churned = outcomes["churned"].to_numpy(float)
    groups, pooled = _groups(outcomes, result)
    large = [group for group in groups if _is_large(churned[group.mask])]
    if not large:
        return pd.DataFrame(), len(groups), pooled
    own = p_churn.loc[rows, result.chosen].to_numpy()
    rivals = {name: p_churn.loc[rows, name].to_numpy() for name in rules}
    weight, cutoff = outcomes["weight"].to_numpy(float), outcomes["cutoff"].to_numpy()
    table = compare_groups(churned, own, rivals, large, weight, cutoff)
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
