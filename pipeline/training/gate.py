"""Whether a challenger may take the champion's place."""

from datetime import date

import numpy as np

from pipeline.model_files.identity import relation, why
from pipeline.model_files.manifest import FORMAT
from pipeline.tracking.version import FORM, Version
from pipeline.training.card import UNFIT

NOISE = 5e-4
"""Late returns and corrected rows move a log's past a little; up to this is no difference."""

BETTER_IS = {"log_loss": -1, "spend_gini": 1}


def gate(challenger: Version, champion: Version | None) -> list[str]:
    """Reasons against the challenger; none is a yes.

    One that a naive rule beats beyond chance, or of which nothing could be judged, is none even
    where there is no champion yet.

    Both are compared at the cutoffs they share, pair by pair: a mean over other days says
    more about the days than about the model. A champion of an earlier format can no longer be
    asked: anything of its log takes its place.
    """
    if champion and champion.version == challenger.version:
        return []
    if not challenger.readable:
        return [
            f"the tracking store has no tag {FORM} {FORMAT} of it, which this `churn train` "
            "writes: it was made in an earlier format, or its tags were deleted. Train again"
        ]
    if unfit := challenger.tags.get(UNFIT):
        return [unfit]
    if champion is None:
        return []
    if apart := incomparable(challenger, champion):
        return [apart]
    if not champion.readable:
        return []
    shared = sorted(cutoffs(challenger) & cutoffs(champion))
    reasons = []
    for measure, sign in BETTER_IS.items():
        new, old = (version.by_cutoff.get(measure, {}) for version in (challenger, champion))
        both = [cutoff for cutoff in shared if cutoff in new and cutoff in old]
        if not both:
            continue
        mean_new, mean_old = (float(np.mean([v[c] for c in both])) for v in (new, old))
        if sign * (mean_new - mean_old) < -NOISE:
            wins = sum(sign * (new[c] - old[c]) > 0 for c in both)
            reasons.append(
                f"{measure} {mean_new:.4f} is worse than the champion's {mean_old:.4f} "
                f"(better at {wins} of {len(both)} shared cutoffs)"
            )
    return reasons


def incomparable(challenger: Version, champion: Version | None) -> str:
    """Why the two answer different questions, in a sentence; empty where they can be compared."""
    if champion is None:
        return ""
    if other := another_log(challenger, champion):
        return other
    if not champion.readable:
        return ""
    if challenger.horizon_days != champion.horizon_days:
        days = f"{challenger.horizon_days} days, the champion for {champion.horizon_days}"
        return f"it answers for {days}"
    if not cutoffs(challenger) & cutoffs(champion):
        return (
            "it was judged at other cutoffs than the champion; `churn train --promote` adds those "
            "of the champion at which it can be fitted"
        )
    return ""


def another_log(challenger: Version, champion: Version | None) -> str:
    """How the logs of the two differ, in a sentence; empty where they are of one business."""
    learned, new = champion and champion.log, challenger.log
    if not learned or not new or relation(learned, new) != "other":
        return ""
    return (
        f"it learned from {new.name}, the champion of {challenger.name} from {learned.name}, "
        f"another log. {why(learned, new)} Figures of two businesses cannot be compared"
    )


def compared(challenger: Version, champion: Version | None) -> list[str]:
    """What the gate looked at, measure by measure, in words."""
    if champion is None or champion.version == challenger.version:
        return []
    if not champion.readable:
        why_not = "was made in an earlier format"
        if FORM not in champion.tags:
            why_not = "has no tags of a format: it was made in an earlier one, or they were deleted"
        before = f"The champion before, version {champion.version},"
        return [f"{before} {why_not}. Nothing was compared."]
    if apart := incomparable(challenger, champion):
        return [f"Nothing was compared: {apart}."]
    said = []
    for measure in BETTER_IS:
        new, old = (version.by_cutoff.get(measure, {}) for version in (challenger, champion))
        both = sorted(set(new) & set(old))
        if both:
            means = [float(np.mean([values[c] for c in both])) for values in (new, old)]
            said.append(
                f"{measure} {means[0]:.4f}, the champion before {means[1]:.4f} "
                f"({len(both)} shared cutoffs; up to {NOISE} counts as no difference)"
            )
    return said


def cutoffs(version: Version) -> set[date]:
    """The days at which a version was judged."""
    return set(version.by_cutoff.get("log_loss", {}))
