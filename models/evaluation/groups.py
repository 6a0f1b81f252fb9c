"""Groups of customers, and how well each is served, so that nobody is served badly unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from models.evaluation.bootstrap import customer_log_loss

FALSE_ALARMS = 0.05
"""Where every group is served alike, at most this share of logs has one that is called out."""

FEW_VALUES = 8
"""An attribute of numbers with more distinct values than this is cut into quarters."""

Z95 = 1.96


class Group(NamedTuple):
    """Some of the customers: `kind` is an attribute or a trait, `value` what they share."""

    kind: str
    value: str
    mask: np.ndarray


def activity_groups(customers: pd.DataFrame, horizon_days: int) -> list[Group]:
    """Groups in which a good overall score can hide a bad one; they overlap.

    Examples
    --------
    >>> rfm = pd.DataFrame({"frequency": [0, 3], "recency": [0, 90], "T": [95, 95]})
    >>> for group in activity_groups(rfm, horizon_days=30):
    ...     print(group.value, group.mask.tolist())
    bought once [True, False]
    bought within the last horizon [False, True]
    silent for longer [True, False]
    """
    silent = (customers["T"] - customers["recency"]).to_numpy(float)
    return [
        Group("activity", "bought once", customers["frequency"].to_numpy() == 0),
        Group("activity", "bought within the last horizon", silent <= horizon_days),
        Group("activity", "silent for longer", silent > horizon_days),
    ]


def tenure_groups(customers: pd.DataFrame, horizon_days: int) -> list[Group]:
    """Groups by the time since the first purchase, in horizons.

    Examples
    --------
    >>> for group in tenure_groups(pd.DataFrame({"T": [10, 40, 400]}), horizon_days=30):
    ...     print(group.value, group.mask.tolist())
    up to 30 days ago [True, False, False]
    31 to 90 days ago [False, True, False]
    91 to 180 days ago [False, False, False]
    more than 180 days ago [False, False, True]
    """
    age = customers["T"].to_numpy(float)
    ends = [horizon_days, 3 * horizon_days, 6 * horizon_days]
    words = [
        f"up to {ends[0]:,} days ago",
        *(f"{low + 1:,} to {high:,} days ago" for low, high in pairwise(ends)),
        f"more than {ends[-1]:,} days ago",
    ]
    place = np.searchsorted(ends, age, side="left")
    return [Group("first purchase", word, place == n) for n, word in enumerate(words)]


def attribute_groups(
    values: pd.Series, smallest: int = 100, most: int = 12
) -> tuple[list[Group], int]:
    """One group for each frequent value of an attribute, the largest first; the rest together.

    Numbers of many distinct values are cut into quarters. A missing value is `not known`.

    Returns
    -------
    groups, n_pooled
        `n_pooled` values are in the last group, `all others`.

    Examples
    --------
    >>> country = pd.Series(["DE", "GB", "GB", "FR", None], name="country")
    >>> groups, pooled = attribute_groups(country, smallest=2)
    >>> [(group.value, int(group.mask.sum())) for group in groups], pooled
    ([('GB', 2), ('not known', 1), ('all others', 2)], 2)
    """
    kind = str(values.name)
    missing = values.isna().to_numpy()
    shown = _quarters(values).astype(object).map(str).to_numpy(dtype=object)
    counts = pd.Series(shown[~missing]).value_counts()
    # By size, then by name: equal counts must not make the order random.
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
    named = [value for value in ordered if counts[value] >= smallest][:most]
    groups = [Group(kind, value, (shown == value) & ~missing) for value in named]
    if missing.any():
        groups.append(Group(kind, "not known", missing))
    if len(named) < len(ordered):
        groups.append(Group(kind, "all others", ~np.isin(shown, named) & ~missing))
    return groups, len(ordered) - len(named)


def _quarters(values: pd.Series) -> pd.Series:
    """Numbers of many values as ranges that hold a quarter each; everything else as it is."""
    numbers = pd.to_numeric(values, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if (numbers.isna() & values.notna()).any() or numbers.nunique() <= FEW_VALUES:
        return values
    edges = np.unique(np.nanquantile(numbers, [0.25, 0.5, 0.75]))
    place = np.searchsorted(edges, numbers, side="left")
    ranges = [f"up to {edges[0]:,.4g}"]
    ranges += [f"{a:,.4g} to {b:,.4g}" for a, b in pairwise(edges)]
    ranges.append(f"above {edges[-1]:,.4g}")
    return pd.Series(np.array(ranges, dtype=object)[place], index=values.index, name=values.name)


def compare_groups(
    churned: np.ndarray,
    p_churn: np.ndarray,
    rivals: Mapping[str, np.ndarray],
    groups: Sequence[Group],
    weight: np.ndarray,
    cutoff: np.ndarray,
) -> pd.DataFrame:
    """How each group is served: predicted against observed churn, and against simple rules.

    Parameters
    ----------
    churned, p_churn, weight, cutoff : arrays, shape (n_rows,)
        What came, what was predicted, how many customers a row stands for, and when.
    rivals : mapping
        `p_churn` of the simple rules, NaN where one gave no answer; a group is held against
        the one that is hardest to beat in it. Each row needs one that answered.

    Returns
    -------
    DataFrame
        `kind`, `value`, `n_customers`, `churn_rate`, `p_churn`; `log_loss`, `rule` (the hardest
        to beat), `rule_log_loss`, `difference` of the two (below 0 is better) and its 95 %
        limits `low`, `high`, on the rows that both answered; `excess`, by how much the
        group's p_churn less churn_rate exceeds everybody's at the same cutoffs. `loses` and
        `gains`: the difference is beyond chance; `off`: the excess is.

    Notes
    -----
    Chance is excluded for all groups at once: each comparison, of every group with every rule
    and with everybody, has a share of `FALSE_ALARMS` (Bonferroni), in a normal
    approximation of the mean over rows.

    Examples
    --------
    >>> churned = np.tile([1.0, 1.0, 1.0, 0.0], 100)
    >>> everybody = Group("all", "customers", np.full(400, True))
    >>> flat, sharp = np.full(400, 0.75), np.where(churned == 1, 0.9, 0.3)
    >>> one = np.ones(400)
    >>> table = compare_groups(churned, flat, {"rule": sharp}, [everybody], one, one)
    >>> table[["rule", "loses", "gains"]].to_numpy().tolist()
    [['rule', True, False]]
    """
    own = customer_log_loss(churned, p_churn)
    behind = {name: own - customer_log_loss(churned, p) for name, p in rivals.items()}
    comparisons = max(len(groups) * (len(rivals) + 1), 1)
    z = NormalDist().inv_cdf(1 - FALSE_ALARMS / (2 * comparisons))
    gap = p_churn - churned
    when = pd.factorize(cutoff, sort=True)[0]
    rows = []
    for group in groups:
        w = np.where(group.mask, weight, 0.0)
        inside = {name: np.where(np.isnan(x), 0.0, w) for name, x in behind.items()}
        found = {n: _mean_and_error(behind[n], both) for n, both in inside.items() if both.any()}
        rule = max(found, key=lambda name: found[name][0])
        worse, error = found[rule]
        loss = float(np.average(own, weights=inside[rule]))
        excess, blur = _excess(gap, w, weight, when)
        rows.append(
            {
                "kind": group.kind,
                "value": group.value,
                "n_customers": w.sum(),
                "churn_rate": np.average(churned, weights=w),
                "p_churn": np.average(p_churn, weights=w),
                "log_loss": loss,
                "rule": rule,
                "rule_log_loss": loss - worse,
                "difference": worse,
                "low": worse - Z95 * error,
                "high": worse + Z95 * error,
                "excess": excess,
                "loses": worse > z * error,
                "gains": worse < -z * error,
                "off": abs(excess) > z * blur,
            }
        )
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["kind", "value"])


def _excess(
    gap: np.ndarray, inside: np.ndarray, weight: np.ndarray, when: np.ndarray
) -> tuple[float, float]:
    """Mean gap of a group less everybody's at the same cutoffs, and its standard error.

    A bad season is everybody's; only what is the group's own is told.
    """
    everybody = np.bincount(when, weights=weight)
    share = np.bincount(when, weights=inside) / everybody
    around = gap - (np.bincount(when, weights=weight * gap) / everybody)[when]
    pull = (inside - weight * share[when]) * around
    return float(pull.sum() / inside.sum()), float(np.sqrt((pull**2).sum()) / inside.sum())


def _mean_and_error(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Weighted mean and its standard error; rows are drawn, their weights are given."""
    values = np.where(weight > 0, values, 0.0)
    mean = float(np.average(values, weights=weight))
    return mean, float(np.sqrt((weight**2 * (values - mean) ** 2).sum()) / weight.sum())
