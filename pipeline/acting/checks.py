"""What keeps a comparison from being fair, looked for before anything is believed."""

import numpy as np
import pandas as pd
from scipy import stats

from models.campaign.estimation import Difference, blocked_difference, sample_ratio_p
from pipeline.acting.plan_file import is_control

NO_VERDICT, WORTH_A_WORD = 0.001, 0.01
"""Probabilities below which chance is not believed, and below which it is mentioned."""

MOST_MISSING = 0.1
"""Share of the customers above which a log is another one, or a part, and not a few deletions."""


def checked(rows: pd.DataFrame, n_sent: int | None) -> tuple[list[str], list[str]]:
    """Doubts, each of which forbids a verdict, and notes; `n_sent` counts a list of contacts."""
    doubts: list[str] = []
    notes: list[str] = []
    for look in (_idle, _lost, _different_before):
        for words, p in look(rows):
            (doubts if p < NO_VERDICT else notes).append(words)
    if n_sent is not None:
        notes += _contacts(rows, n_sent)
        doubts += _uncontrolled(rows)
    return doubts, notes


def _idle(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Nothing to compare where nobody bought: no interval would have any width."""
    if rows["purchases"].any() or rows["spend"].any():
        return []
    cost = (rows["cost"] * rows["received"]).sum()
    words = f"Nobody of the {len(rows):,} customers bought anything in these days"
    return [(f"{words}: there is nothing to compare. The contacts cost {cost:,.2f}.", 0.0)]


def _lost(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Customers of the plan whom the log does not know, and whether one group lost more."""
    missing = rows["known"] == 0
    if not missing.any():
        return []
    drawn = rows["arm"].value_counts()
    found = rows["arm"][~missing].value_counts().reindex(drawn.index, fill_value=0)
    p = sample_ratio_p(found, drawn)
    by_arm = ", ".join(f"{drawn[arm] - found[arm]:,} of {arm}" for arm in drawn.index)
    words = f"{missing.sum():,} of {len(rows):,} customers are missing from the log ({by_arm})"
    if p < NO_VERDICT:
        return [
            (
                f"Sample ratio mismatch: {words}; that groups shrink so unequally by chance has "
                f"p = {p:.1g}. Whoever is missing is missing because of the campaign or of how "
                "the log was made: find out before comparing anything.",
                p,
            )
        ]
    if missing.mean() > MOST_MISSING:
        words += ", with no row from before the scores: what they bought is not known. Are the ids "
        return [(f"{words}those of the scores' log, and does it reach as far back?", 0.0)]
    return [(f"{words}; they count as having bought no more than it says.", 1.0)]


def _different_before(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """The same figures over as many days before the campaign, when it cannot have worked yet."""
    found = []
    figures = {
        "bought": (rows["purchases_before"] > 0).astype(float),
        "spent": rows["spend_before"],
    }
    for what, values in figures.items():
        if np.ptp(values) == 0:
            continue
        gap = blocked_difference(values, rows["treated"], rows["block"])
        p = _chance(gap)
        if p < WORTH_A_WORD:
            words = (
                f"{_apart(what, gap.estimate)} over the same length before the campaign "
                f"(p = {p:.1g}): the groups were not alike."
            )
            found.append((words, p))
    return found


def _apart(what: str, gap: float) -> str:
    if what == "bought":
        more = "more" if gap > 0 else "fewer"
        return f"{100 * abs(gap):.1f} points {more} of the treated bought than of the control"
    more = "more" if gap > 0 else "less"
    return f"The treated spent {abs(gap):,.2f} {more} each than the control"


def _chance(gap: Difference) -> float:
    """Probability of so large a gap by chance, two-sided."""
    if gap.se == 0:
        return 1.0 if gap.estimate == 0 else 0.0
    return float(2 * stats.norm.sf(abs(gap.estimate) / gap.se))


def _uncontrolled(rows: pd.DataFrame) -> list[str]:
    """The groups cannot tell what a contact changes where the control was contacted as much."""
    control = is_control(rows["arm"])
    theirs, ours = rows["received"][control].mean(), rows["received"][~control].mean()
    if ours > theirs:
        return []
    return [
        f"{theirs:.0%} of the control were contacted and {ours:.0%} of those to be contacted: the "
        "groups do not differ by a contact."
    ]


def _contacts(rows: pd.DataFrame, n_sent: int) -> list[str]:
    """How many of each group were contacted in fact."""
    control = is_control(rows["arm"])
    wrong, missed = rows["received"][control].sum(), (1 - rows["received"][~control]).sum()
    return [
        f"{wrong:,.0f} of {control.sum():,} in the control were contacted, {missed:,.0f} of "
        f"{(~control).sum():,} to be contacted were not; {n_sent - rows['received'].sum():,.0f} of "
        f"{n_sent:,} contacts went to people outside of the campaign."
    ]
