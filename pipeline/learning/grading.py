"""Grades of a backtest's answer: what `models.evaluation.grades` says of its past cutoffs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from models.evaluation import grades
from models.evaluation.grades import Grade
from pipeline.learning.backtest import Backtest
from pipeline.markup import words


def grade(
    result: Backtest, rule: str, races: pd.DataFrame, clv_months: int = 0
) -> tuple[Grade, ...]:
    """Ranking, level, money, value of months, order by clv and intervals, in this order.

    Parameters
    ----------
    rule, races
        The best naive rule, and how the answer fares against it; see `learning.judgement`.
    clv_months
        Months that clv sums up.
    """
    rows = result.leaderboard[result.leaderboard["chosen"]].sort_values("cutoff")
    rows = rows[rows["cutoff"].isin(result.judged)]
    whole = None if races.empty else (races.iloc[0]["low"], races.iloc[0]["high"])
    valued = rows.dropna(subset=["clv_bias"])
    longest = valued[valued["clv_months"] == valued["clv_months"].max()]
    months = int(longest["clv_months"].max()) if len(longest) else 0
    gini, last_year, gini_error = (
        float(longest[name].mean()) for name in ("clv_gini", "clv_gini_last_year", "clv_gini_error")
    )
    found = (
        grades.ranking(float(rows["roc_auc"].mean()), whole, words(rule), _auc(result, rule)),
        grades.level(level_gaps(result), level_by_chance(result)),
        grades.money(rows["spend_bias"].tolist()),
        _value(longest["clv_bias"].tolist(), months, clv_months, rows["spend_bias"].tolist()),
        grades.order(gini, last_year, gini_error, months),
        grades.intervals(
            rows["spend_coverage_pit"].tolist(),
            longest["clv_coverage_pit"].tolist(),
            months,
            rows["next_purchase_coverage"].tolist(),
        ),
    )
    level, money = unjudged(result)
    errors = {"level": level, "money": money, "value of months": money}
    told = result.change.words if result.change else ""
    return tuple(
        grades.changed(one, errors[one.side][0], told) if errors.get(one.side) else one
        for one in found
    )


def _auc(result: Backtest, rule: str) -> float:
    """Mean AUC of a rule over the judged cutoffs."""
    board = result.leaderboard
    rows = board[(board["contender"] == rule) & board["cutoff"].isin(result.judged)]
    return float(rows["roc_auc"].mean())


def _value(errors: list[float], months: int, clv_months: int, money: list[float]) -> Grade:
    """The grade of the value of months, lower where more is known than the periods that are over.

    Of less than half of clv's months it is not good, and of a single period it is no better than
    `money`, the errors of the horizons' totals. It is one lower where the latest of these, which
    clv extends, was poor: the periods began long before it.
    """
    value, horizons = grades.value(errors, months), grades.money(money)
    lower = {grades.GOOD: grades.FAIR, grades.FAIR: grades.POOR}
    if value.grade not in lower:
        return value
    told, worst = "", lower[value.grade]
    unseen = f"clv is of {clv_months} months, most of which no past cutoff could show"
    if abs(money[-1]) > grades.TOTAL[1]:
        told = f"the latest total of a horizon, which clv extends, was off by {money[-1]:+.0%}"
    elif value.grade == grades.GOOD and 2 * months < clv_months:
        told = unseen
    elif len(errors) == 1 and horizons.grade in (worst, grades.POOR):
        told, worst = f"of horizons, which are more, {horizons.reason}", horizons.grade
    elif 2 * months < clv_months:
        told, worst = unseen, value.grade
    if not told:
        return value
    return replace(
        value,
        grade=worst,
        reason=f"{value.reason}; {told}",
        advice=grades.ADVICE[value.side],
    )


def unjudged(result: Backtest) -> tuple[list[float], list[float]]:
    """What a change of the last days, if there is one, adds to `level_gaps` and errors of money.

    As though the horizon at the latest judged cutoff had seen it.
    """
    if result.change is None or not result.judged:
        return [], []
    last = result.outcomes[result.outcomes["cutoff"] == result.judged[-1]]
    left = float(np.average(last["churned"], weights=last["weight"]))
    odds = left / max(1 - left, 1e-9) * np.exp(result.change.silence)
    return [left - float(odds / (1 + odds))], [float(np.expm1(-result.change.spend))]


def level_gaps(result: Backtest) -> list[float]:
    """Share that the answer expected to leave less the share that left, at each judged cutoff."""
    found = []
    for p, churned, share in _by_cutoff(result):
        found.append(float((share * (p - churned)).sum()))
    return found


def level_by_chance(result: Backtest) -> list[float]:
    """How far chance alone moves each of `level_gaps` where every probability is right.

    1.96 standard deviations of the share that leaves.
    """
    return [
        float(grades.NORMAL_95 * np.sqrt((share**2 * p * (1 - p)).sum()))
        for p, _, share in _by_cutoff(result)
    ]


def _by_cutoff(result: Backtest) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """`p_churn`, `churned` and each row's share of all customers, at each judged cutoff."""
    known = result.outcomes
    p_churn = result.answers[result.chosen]["p_churn"]
    for day in result.judged:
        here = (known["cutoff"] == day) & p_churn.notna()
        if here.any():
            weight = known.loc[here, "weight"].to_numpy(float)
            churned = known.loc[here, "churned"].to_numpy(float)
            yield p_churn[here].to_numpy(float), churned, weight / weight.sum()
