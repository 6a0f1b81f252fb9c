"""An uplift model from a measured campaign: tried against simple orders, kept only if better."""

from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import pandas as pd

from models.campaign.uplift import FEATURES, Contest, Trial, UpliftModel, contest
from pipeline.acting.outcomes import within_block
from pipeline.acting.plan_file import PlanFile
from pipeline.model_files import artifact
from pipeline.model_files.identity import LogIdentity

FEWEST, FEWEST_IN_GROUP = 2000, 500
"""Customers of a campaign, and of its smaller group, below which no model is tried."""

LARGEST = 100_000
"""So many customers, evenly spaced, are enough to learn from."""


@dataclass(frozen=True)
class Learned:
    """How the uplift model did; `contest` is None where the campaign was too small to try.

    `set_aside` is where an earlier model went that this campaign does not confirm.
    """

    contest: Contest | None
    saved: Path | None
    set_aside: Path | None = None

    def sentences(self) -> list[str]:
        """What came of it."""
        if self.contest is None:
            return [
                f"Too few customers for an uplift model: it takes {FEWEST:,}, and "
                f"{FEWEST_IN_GROUP:,} in the smaller group."
            ]
        figures = ", ".join(
            f"{name} {one.estimate:+,.2f} ({one.low:+,.2f} to {one.high:+,.2f})"
            for name, one in self.contest.qini.items()
        )
        said = [f"Qini, spend per customer, on customers who took no part: {figures}."]
        if self.saved:
            return [*said, f"The uplift model is better than each beyond chance: {self.saved}"]
        said += ["The uplift model is not better than each beyond chance: it is not kept."]
        if self.set_aside:
            said += [
                "This campaign does not confirm the earlier model either: it was moved to "
                f"{self.set_aside}. Plan the next one by measured effects, without --uplift."
            ]
        return said


def learn(plan: PlanFile, rows: pd.DataFrame, log: LogIdentity, folder: Path) -> Learned:
    """Let an uplift model compete on a whole campaign; save it to `folder` only if it wins.

    The last campaign decides: of many trials without any effect one is won by chance.

    Parameters
    ----------
    rows
        The plan's members with their outcomes, see `outcomes.member_outcomes`.
    """
    if len(rows) < FEWEST or rows["treated"].value_counts().min() < FEWEST_IN_GROUP:
        return Learned(None, None)
    probability = pd.Series(within_block(rows))
    step = -(-len(rows) // LARGEST)
    taken, drawn = rows.iloc[::step], probability.iloc[::step]
    trial = Trial(
        taken[list(FEATURES)],
        taken["spend"].to_numpy(float),
        taken["treated"].to_numpy(),
        drawn.to_numpy(),
    )
    found = contest(trial, plan.terms.seed)
    if not found.wins:
        return Learned(found, None, _set_aside(folder, plan.terms.campaign))
    artifact.save(
        folder,
        UpliftModel.fit(trial, plan.terms.seed),
        horizon_days=plan.terms.horizon_days,
        cutoffs=(plan.terms.as_of,),
        features=FEATURES,
        data_digest=plan.fingerprint,
        log=log,
        settings={"campaign": plan.terms.campaign, "kind": plan.terms.kind},
    )
    return Learned(found, folder)


def _set_aside(folder: Path, campaign: str) -> Path | None:
    """Move an earlier model away, so that no plan goes by it; None when there is none."""
    if not folder.exists():
        return None
    artifact.verify(folder)  # a folder of anything else is left alone
    name = f"{folder.name}-until-{campaign}"
    free = (
        folder.with_name(f"{name}{suffix}") for suffix in chain([""], (f"-{n}" for n in count(2)))
    )
    return folder.rename(next(path for path in free if not path.exists()))
