"""What a contact is taken to change: assumed, until campaigns of the same kind were measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from features.errors import UserError
from models.campaign.pooling import Pooled, corrected, pool
from models.campaign.uplift import UpliftModel
from pipeline.acting.measured import read_measured
from pipeline.campaign_config import CampaignConfig

DIFFER = 0.05
"""Segments have effects of their own if they lie this unlikely far apart by chance alone."""


@dataclass(frozen=True)
class Effect:
    """Spend gained by a contact, as a share of what is at stake.

    A plan goes by `share`: what was `assumed`, corrected by what was `measured` in `n_campaigns`
    campaigns, whose 95 % interval is `low` to `high`. `by_segment` holds the segments whose effect
    is another one. A `model` says each customer's own gain instead.
    """

    source: str
    share: float
    assumed: float
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    n_campaigns: int = 0
    by_segment: Mapping[str, float] = field(default_factory=dict)
    model: UpliftModel | None = None

    def gain(self, customers: pd.DataFrame, at_stake: np.ndarray) -> np.ndarray:
        """Spend gained by contacting each customer."""
        if self.model:
            return self.model.predict(customers)
        share = customers["segment"].map(self.by_segment).fillna(self.share).to_numpy(float)
        return np.asarray(share * at_stake)

    def told(self) -> dict[str, Any]:
        """What a plan keeps of it."""
        plain = {name: value for name, value in vars(self).items() if name != "model"}
        return {**plain, "by_segment": dict(self.by_segment)}


def effect_of(name: str, config: CampaignConfig) -> tuple[Effect, list[str]]:
    """The effect a campaign is planned by, and what was set aside of the measured ones.

    An uplift model comes first, then measured campaigns of the same kind, then the assumption.
    """
    used, notes = _used(name, config.kind or name, config.measured)
    found = pooled(used, config.effect) if used else assumed(config.effect)
    if config.uplift:
        model = _model(Path(config.uplift))
        found = Effect("uplift", found.share, config.effect, model=model)
    return found, notes


def assumed(share: float) -> Effect:
    """The share of those leaving who stay, as the config takes it for granted."""
    return Effect("assumed", share, share)


def _used(name: str, kind: str, patterns: Iterable[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The measured campaigns to learn from, and why not from others."""
    files = {pattern: _files(pattern) for pattern in patterns}
    paths = dict.fromkeys(path for some in files.values() for path in some)
    told = [read_measured(path) for path in paths]
    # A campaign that was measured twice counts once, as it was measured last.
    latest = {one["fingerprint"]: one for one in sorted(told, key=lambda one: one["until"])}
    used = []
    notes = [
        f"{name}: no result of `churn measure` yet." for name, some in files.items() if not some
    ]
    reasons = {
        "of another kind": lambda one: one["kind"] != kind,
        "interim": lambda one: one["interim"],
        "without a verdict": lambda one: one["doubts"],
    }
    for one in latest.values():
        why = next((words for words, holds in reasons.items() if holds(one)), None)
        if why == "of another kind":
            why += (
                f", {one['kind']} and not {kind}; if {name} is of that kind too: "
                f"--set campaigns.{name}.kind={one['kind']}"
            )
        if why:
            notes.append(f"Not learned from {one['campaign']}: {why}.")
        else:
            used.append(one)
    return used, notes


def pooled(measured: list[dict[str, Any]], assumed_share: float) -> Effect:
    """The assumption corrected by the random-effects mean of measured campaigns.

    Segments are shrunk to all of them as far as they agree.

    Parameters
    ----------
    measured
        What `read_measured` gave, each a whole campaign of one kind.
    """
    whole = [one["comparisons"][-1]["effect"] for one in measured]
    alone = (whole[0]["high"] - whole[0]["estimate"]) / whole[0]["se"]
    mean = pool([one["estimate"] for one in whole], [one["se"] for one in whole], alone)
    return Effect(
        "measured",
        corrected(assumed_share, mean.mean, mean.se),
        assumed_share,
        mean.mean,
        mean.low,
        mean.high,
        len(measured),
        _segments([one["segments"] for one in measured]),
    )


def _segments(measured: list[Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """The effect of each segment over the campaigns, shrunk to that of all segments.

    Empty unless they differ beyond chance.
    """
    each: dict[str, Pooled] = {}
    for name in sorted({name for one in measured for name in one}):
        here = [one[name] for one in measured if name in one]
        each[name] = pool([one["effect"] for one in here], [one["se"] for one in here])
    if len(each) < 2:
        return {}
    across = pool([one.mean for one in each.values()], [one.se for one in each.values()])
    # Without the test the one that did best by chance is contacted, and the others never again.
    if across.differ_p > DIFFER:
        return {}
    return {name: float(across.shrunk[place]) for place, name in enumerate(each)}


def _files(pattern: str) -> list[Path]:
    """What a pattern names, which may be nothing yet; a file that is named has to be there."""
    found = [Path(path) for path in sorted(glob(pattern, recursive=True))]
    if not found and not has_magic(pattern):
        raise UserError(f"{pattern}: there is no such result of `churn measure`.")
    return found


def _model(folder: Path) -> UpliftModel:
    from pipeline.model_files import artifact

    if not folder.is_dir():
        raise UserError(
            f"There is no uplift model {folder}: `churn measure --uplift {folder}` writes one, "
            "where it beats simpler orders. Leave --uplift out, or campaigns.….uplift."
        )
    restore: Any = UpliftModel.restore  # it is kept like a contender, and is none
    model: Any = artifact.load(folder, restore).contender
    return cast(UpliftModel, model)
