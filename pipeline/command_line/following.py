"""Commands that come next, with the files and terms that are known: each can be pasted."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.acting.plan_file import Terms
    from pipeline.campaign_config import CampaignConfig
    from pipeline.config import Config

EXAMPLE = 0.5
"""Money per contact where none is told: written out, so that it is seen and changed."""

CHEAPEST = 0.0001
"""And at least so much."""


def training(path: Path | None, overrides: Mapping[str, Any]) -> str:
    """Train on the log that was looked at."""
    from pipeline.config_options import as_options

    return _line("churn train", _config(path), as_options(overrides))


def scoring(
    path: Path | None, overrides: Mapping[str, Any], config: "Config", model: Path | None = None
) -> str:
    """Score the log that was trained on, by the model that was registered or lies in a folder."""
    by = f"--model {shlex.quote(str(model))}" if model else ""
    return _line(
        "churn score",
        log_of(path, overrides, config),
        by,
        _tracking(overrides),
        "--out scores.parquet",
    )


def log_of(path: Path | None, overrides: Mapping[str, Any], config: "Config") -> str:
    """The log that was read: its config, and its name where that is not the config's."""
    from pipeline.config_options import as_options

    where = {"log.source": config.log.source, "log.table": config.log.table}
    named = {k: v for k, v in where.items() if v and (k in overrides or not path)}
    return _line(as_options(named), _config(path))


def stored(command: str, path: Path | None, overrides: Mapping[str, Any]) -> str:
    """A command on the tracking store that was written to."""
    return _line(f"churn {command}", _config(path), _tracking(overrides))


def plan(scores: Path, path: Path | None, overrides: Mapping[str, Any], config: "Config") -> str:
    """Plan the config's first campaign, or one of the scores' day whose cost is to be changed."""
    from pipeline.campaign_config import CampaignConfig
    from pipeline.config_options import as_options
    from pipeline.scoring.scores_file import read_columns

    name, known = next(iter(config.campaigns.items()), ("", CampaignConfig()))
    if not name:
        name = f"campaign_{read_columns(scores, ('as_of',))['as_of'].iloc[0]:%Y%m%d}"
    kept = {k: v for k, v in overrides.items() if k.startswith(("campaigns.", "tracking."))}
    if not known.priced:
        kept[f"campaigns.{name}.contact_cost"] = _example_cost(scores, known)
    start = f"churn plan {shlex.quote(str(scores))} --campaign {name}"
    return _line(start, _config(path), as_options(kept), "--out plan.parquet")


def example_told(config: "Config") -> str:
    """That the cost of a contact in the line of `plan` is made up, where the config has none."""
    priced = next(iter(config.campaigns.values())).priced if config.campaigns else False
    return "" if priced else "The contact_cost of the next line is an example: put in your own."


def _example_cost(scores: Path, terms: "CampaignConfig") -> float:
    """A cost at which a campaign by these scores can be planned: at most `EXAMPLE`, one digit."""
    import numpy as np

    from models.campaign.profit import at_stake
    from pipeline.acting.plan import VALUES
    from pipeline.acting.too_few import fewest_needed
    from pipeline.scoring.scores_file import read_columns

    value = VALUES[terms.value]
    read = read_columns(scores, ("p_churn", value))
    gains = np.sort(terms.margin * terms.effect * at_stake(read["p_churn"], read[value]))[::-1]
    enough = min(max(2 * fewest_needed(terms), len(gains) // 10), len(gains))
    cost = min(EXAMPLE, max(gains[enough - 1], CHEAPEST))
    digit = 10.0 ** np.floor(np.log10(cost))
    return float(f"{np.floor(cost / digit + 1e-9) * digit:.1g}")


def measuring(plan: Path, path: Path | None, overrides: Mapping[str, Any]) -> str:
    """Measure a campaign when its days are over, in the store that its plan is recorded in."""
    log = _config(path) or "LOG"
    start = f"churn measure {shlex.quote(str(plan))}"
    return _line(start, log, _tracking(overrides), "--out measured.json")


def next_campaign(
    terms: "Terms",
    path: Path | None,
    overrides: Mapping[str, Any],
    config: "Config",
    measured: Path,
) -> str:
    """Score again and plan the next campaign, by cost, kind, margin, value and effect of this one.

    The cost of an offer is part of that of a contact here.
    """
    from pipeline.campaign_config import CampaignConfig
    from pipeline.config_options import as_options

    name = f"{terms.campaign}_next"
    cost = sum(arm["share"] * arm["cost"] for arm in terms.arms.values())
    settings = {"contact_cost": round(cost, 6), "kind": terms.kind, "margin": terms.margin}
    settings["effect"] = terms.effect["assumed"]
    if terms.value != CampaignConfig().value:
        settings["value"] = terms.value
    told = as_options({f"campaigns.{name}.{key}": value for key, value in settings.items()})
    store = _tracking(overrides)
    first = _line(
        "churn score", log_of(path, overrides, config), store, "--out next_scores.parquet"
    )
    second = _line(
        f"churn plan next_scores.parquet --campaign {name} {told}",
        store,
        f"--measured {shlex.quote(str(measured))} --out next.parquet",
    )
    return f"{first} && {second}"


def _tracking(overrides: Mapping[str, Any]) -> str:
    from pipeline.config_options import as_options

    return as_options(
        {k: v for k, v in overrides.items() if k.startswith(("tracking.", "output."))}
    )


def _config(path: Path | None) -> str:
    return f"--config {shlex.quote(str(path))}" if path else ""


def _line(*words: str) -> str:
    return " ".join(word for word in words if word)
