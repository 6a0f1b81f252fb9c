"""What keeps a comparison from being fair, looked for before anything is believed."""

import numpy as np
import pandas as pd
from scipy import stats

from models.campaign.estimation import Difference, blocked_difference, sample_ratio_p
from pipeline.acting.plan_file import is_control

NO_VERDICT, WORTH_A_WORD = 0.001, 0.01
"""Probabilities below which chance is not believed, and below which it is mentioned."""


def checked(rows: pd.DataFrame, n_sent: int | None) -> tuple[list[str], list[str]]:
    """Doubts, each of which forbids a verdict, and notes; `n_sent` counts a list of contacts."""
    doubts: list[str] = []
    notes: list[str] = []
    for look in (_lost, _different_before):
        for words, p in look(rows):
            (doubts if p < NO_VERDICT else notes).append(words)
    if n_sent is not None:
        notes += _contacts(rows, n_sent)
    return doubts, notes


def _lost(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Customers of the plan whom the log does not know, and whether one group lost more."""
    missing = rows["known"] == 0
    if not missing.any():
        return []
    planned = rows["arm"].value_counts()
    found = rows["arm"][~missing].value_counts().reindex(planned.index, fill_value=0)
    p = sample_ratio_p(found, planned)
    by_arm = ", ".join(f"{planned[arm] - found[arm]:,} of {arm}" for arm in planned.index)
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
    return [(f"{words}; they count as having bought nothing.", 1.0)]


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


def _contacts(rows: pd.DataFrame, n_sent: int) -> list[str]:
    """How many of each group were contacted in fact."""
    control = is_control(rows["arm"])
    wrong, missed = rows["received"][control].sum(), (1 - rows["received"][~control]).sum()
    return [
        f"{wrong:,.0f} of {control.sum():,} in the control were contacted, {missed:,.0f} of "
        f"{(~control).sum():,} to be contacted were not; {n_sent - rows['received'].sum():,.0f} of "
        f"{n_sent:,} contacts went to people outside of the campaign."
    ]
