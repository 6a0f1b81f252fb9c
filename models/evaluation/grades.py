"""A backtest as six school grades: good, fair or poor, by bounds that were fixed beforehand.

A model that ranks well may still misjudge how many leave, and one that knows both may misjudge
the money. So each is graded by itself, at the worst of the past cutoffs: a mean would let two
errors in opposite directions pass for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

GOOD, FAIR, POOR, UNJUDGED = "good", "fair", "poor", "not judged"

AUC = (0.70, 0.60)
"""Ranking is good from the first on, poor below the second."""

LEVEL = (0.03, 0.06)
"""Share expected to leave less the share that left, beyond chance: good up to the first, poor
beyond the second; a share of all customers."""

TOTAL = (0.10, 0.25)
"""The same of a total of money, as a share of what came."""

COVERAGE = (0.04, 0.10)
"""The same of the share of outcomes that the 80 % intervals held, less 80 %."""
NORMAL_95 = 1.96
"""Standard deviations of a normal distribution that hold 95 %."""

ADVICE = {
    "level": "Trust the order of customers more than how many are to leave.",
    "money": "Do not budget by the total; its range says how far it has been off.",
    "value of months": "Do not add clv up.",
    "order by clv": "It may order customers no better than what they spent in the last year.",
    "poor order by clv": "What customers spent in the last year orders them better.",
}
"""What a grade below good means for the use of the answer, whatever brought it about."""


@dataclass(frozen=True)
class Grade:
    """One side of an answer: how good it is, by what, and what that means for its use.

    `grade` is `good`, `fair`, `poor` or `not judged`; `advice` is empty where nothing is to be
    done.
    """

    side: str
    grade: str
    reason: str
    advice: str = ""


def ranking(auc: float, gap: tuple[float, float] | None, rule: str, rule_auc: float) -> Grade:
    """Who leaves rather than whom: AUC, and log loss against the best naive rule.

    Good: an AUC from 0.70 on and a log loss below the rule's, beyond chance. Poor: an AUC below
    0.60, or a log loss above the rule's, beyond chance.

    Parameters
    ----------
    auc, rule_auc : float
        Means over the cutoffs; NaN where all customers fared alike.
    gap : (low, high), optional
        95 % interval of log loss less the rule's, below 0 where it is better; None where no rule
        could be raced.

    Examples
    --------
    >>> ranking(0.8, (0.01, 0.02), "average customer", 0.5).advice
    'Go by its order: its probabilities are worse than those of average customer.'
    """
    if gap is None or np.isnan(auc):
        return Grade("ranking", UNJUDGED, "there was nothing to hold it against")
    low, high = gap
    against = "better than" if high < 0 else "worse than" if low > 0 else "no better than"
    reason = f"AUC {auc:.2f}, log loss {against} the rule's ({rule})"
    by_order = f"Go by its order: its probabilities are {against} those of {rule}."
    if low > 0 and (auc < AUC[0] or not rule_auc < auc):
        return Grade("ranking", POOR, reason, f"Use {rule} instead.")
    if auc < AUC[1]:
        return Grade("ranking", POOR, reason, "Do not choose customers by it.")
    if auc < AUC[0]:
        return Grade("ranking", FAIR, reason, "It tells who leaves from who stays only a little.")
    if high >= 0:
        return Grade("ranking", POOR if low > 0 else FAIR, reason, by_order)
    return Grade("ranking", GOOD, reason)


def level(gaps: Sequence[float], chance: Sequence[float] | None = None) -> Grade:
    """How many leave: the share expected to, less the share that did, at each cutoff.

    Parameters
    ----------
    gaps : sequence of float
        One a cutoff; NaN where none is known.
    chance : sequence of float, optional
        By how much each lies off by chance alone, with every probability right: half the width
        of a 95 % interval. Only what is beyond counts; where chance alone reaches past the bound
        of `poor` at each cutoff, a gap within it says nothing, and the level is not judged.

    Examples
    --------
    >>> level([0.01, -0.04]).grade, level([0.01, -0.04]).reason
    ('fair', 'of 100 customers expected 1.0 too many, 4.0 too few to leave')
    >>> level([0.01, -0.04], [0.02, 0.02]).grade, level([-0.04], [0.09]).grade
    ('good', 'not judged')
    """
    allowed = np.zeros(len(gaps)) if chance is None else np.asarray(chance, dtype=float)
    pairs = [(gap, float(by)) for gap, by in zip(gaps, allowed, strict=True) if np.isfinite(gap)]
    beyond = [max(abs(gap) - by, 0.0) for gap, by in pairs]
    most = max((by for _, by in pairs), default=0.0)
    least = min((by for _, by in pairs), default=0.0)
    told = ", ".join(
        f"{abs(100 * gap):.1f} too {'many' if gap >= 0 else 'few'}" for gap, _ in pairs
    )
    within = f" (chance alone: up to {100 * most:.1f})" if most else ""
    reason = f"of 100 customers expected {told} to leave{within}"
    if least > LEVEL[1] and max(beyond) <= LEVEL[0]:
        advice = "So few customers do not show whether the level is right."
        return Grade("level", UNJUDGED, reason, advice)
    return _by_bounds("level", beyond, LEVEL, reason, ADVICE["level"])


def money(errors: Sequence[float]) -> Grade:
    """What comes in within the horizon: the expected total over what came, minus 1, by cutoff.

    Examples
    --------
    >>> money([0.08, -0.3]).grade, money([float("nan")]).grade
    ('poor', 'not judged')
    """
    return _by_bounds("money", errors, TOTAL, f"total off by {_percent(errors)}", ADVICE["money"])


def value(errors: Sequence[float], months: int) -> Grade:
    """What comes in within the longest period that is over (`clv`), in the same way.

    Examples
    --------
    >>> value([0.05], 11).reason, value([0.05, -0.02], 11).reason
    ('total of 11 months off by +5%, judged once', 'total of 11 months off by +5%, -2%')
    """
    once = ", judged once" if len(_known(errors)) == 1 else ""
    reason = f"total of {months} months off by {_percent(errors)}{once}"
    return _by_bounds("value of months", errors, TOTAL, reason, ADVICE["value of months"])


def order(gini: float, last_year: float, error: float, months: int) -> Grade:
    """Who is worth more than whom: the order by clv against that by what customers spent.

    Good: a Gini coefficient, over the longest period that is over, above that of the order by
    spend in the year before it, beyond chance. Poor: below it, beyond chance.

    Parameters
    ----------
    gini, last_year, error : float
        Of either order, and the standard error of the difference; NaN where nothing is known.

    Examples
    --------
    >>> order(0.74, 0.7, 0.01, 9).grade, order(0.71, 0.7, 0.01, 9).grade
    ('good', 'fair')
    >>> order(0.66, 0.7, 0.01, 9).reason
    "Gini 0.66 over 9 months, worse than by last year's spend (0.70)"
    """
    side, gap, chance = "order by clv", gini - last_year, NORMAL_95 * error
    if not np.isfinite([gap, chance]).all():
        return Grade(side, UNJUDGED, "nothing came that it could be held against")
    grade = GOOD if gap > chance else POOR if gap < -chance else FAIR
    against = {GOOD: "better than", FAIR: "within chance of that", POOR: "worse than"}[grade]
    told = f"over {months} months, {against} by last year's spend ({last_year:.2f})"
    return Grade(side, grade, f"Gini {gini:.2f} {told}", "".join(advice_of({side: grade})))


def intervals(
    shares: Sequence[float],
    of_months: Sequence[float] = (),
    months: int = 0,
    windows: Sequence[float] = (),
) -> Grade:
    """How often the 80 % intervals held, mean over the cutoffs.

    Those of spend, of `clv`, and the windows of the next purchase: the worst of them decides.

    Parameters
    ----------
    shares : sequence of float
        Share of outcomes within the intervals of spend, one a cutoff; NaN where none is known.
    of_months : sequence of float, optional
        The same of `clv` over the longest period that is over, `months` long.
    windows : sequence of float, optional
        Share of buyers whose next purchase lay in its window. A window has whole days, so it may
        hold more than it has to: only what it lacks counts.

    Examples
    --------
    >>> one = intervals([0.82], [0.68], 9)
    >>> one.grade, one.reason
    ('poor', '80 % intervals held 82% of outcomes, those of 9 months 68%')
    >>> intervals([0.82, 0.8], [float("nan")]).reason
    '80 % intervals held 81% of outcomes'
    >>> intervals([0.82], windows=[0.72]).advice, intervals([0.82], windows=[0.95]).grade
    ('Read windows of the next purchase as narrower than they should be.', 'good')
    """
    held, later, window = (
        float(np.mean(_known(ones))) if _known(ones) else float("nan")
        for ones in (shares, of_months, windows)
    )
    off = {
        "those of spend": held - 0.8,
        f"those of {months} months": later - 0.8,
        "windows of the next purchase": min(window - 0.8, 0.0),
    }
    known = {which: error for which, error in off.items() if np.isfinite(error)}
    which = max(known, key=lambda name: abs(known[name]), default="")
    told = {"held {:.0%} of outcomes": held, f"those of {months} months {{:.0%}}": later}
    told["windows of the next purchase {:.0%}"] = window
    parts = ", ".join(words.format(x) for words, x in told.items() if np.isfinite(x))
    size = "narrower" if known.get(which, 0) < 0 else "wider"
    advice = f"Read {which} as {size} than they should be."
    reason, errors = f"80 % intervals {parts}", list(known.values())
    return _by_bounds("intervals", errors, COVERAGE, reason, advice)


def changed(grade: Grade, error: float, told: str) -> Grade:
    """A grade, lower where a change that past cutoffs show little of brings an error as large.

    Parameters
    ----------
    grade : Grade
        Of the level, the money or the value of months.
    error : float
        As those that the grade was made of: by how much too much is expected.

    Examples
    --------
    >>> found = changed(money([0.02]), -0.2, "in the last 9 days 25 % more purchases came")
    >>> found.grade, found.reason
    ('fair', 'total off by +2%; in the last 9 days 25 % more purchases came')
    >>> changed(money([0.02]), 0.05, "").grade
    'good'
    """
    bounds = LEVEL if grade.side == "level" else TOTAL
    reason = f"{grade.reason}; {told}"
    found = _by_bounds(grade.side, [error], bounds, reason, ADVICE[grade.side])
    order = (UNJUDGED, GOOD, FAIR, POOR)
    if found.grade == GOOD or order.index(found.grade) < order.index(grade.grade):
        return grade
    return found


def in_words(grades: Sequence[Grade]) -> str:
    """All grades as one line.

    >>> in_words([level([0.01]), money([0.2])])
    'level good, money fair'
    """
    return ", ".join(f"{one.side} {one.grade}" for one in grades)


def advice_of(grades: Mapping[str, str]) -> list[str]:
    """What to mind of an answer whose grades are known by side.

    >>> advice_of({"ranking": "good", "money": "poor"})
    ['Do not budget by the total; its range says how far it has been off.']
    """
    low = [side for side in ADVICE if grades.get(side) in (FAIR, POOR)]
    return [ADVICE.get(f"{grades[side]} {side}", ADVICE[side]) for side in low]


def worst(grades: Sequence[Grade]) -> str:
    """The lowest of the grades; sides that were not judged do not count.

    >>> worst([level([0.01]), money([0.2])]), worst([])
    ('fair', 'not judged')
    """
    found = {one.grade for one in grades}
    return next((grade for grade in (POOR, FAIR, GOOD) if grade in found), UNJUDGED)


def _by_bounds(
    side: str, errors: Sequence[float], bounds: tuple[float, float], reason: str, advice: str
) -> Grade:
    known = _known(errors)
    if not known:
        return Grade(side, UNJUDGED, "nothing came that it could be held against")
    most = round(max(abs(error) for error in known), 6)
    grade = GOOD if most <= bounds[0] else FAIR if most <= bounds[1] else POOR
    return Grade(side, grade, reason, "" if grade == GOOD else advice)


def _known(values: Sequence[float]) -> list[float]:
    return [float(one) for one in values if np.isfinite(one)]


def _percent(errors: Sequence[float]) -> str:
    return ", ".join(f"{error:+.0%}" for error in _known(errors))
