"""Commands that come next, with the files and terms that are known: each can be pasted."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.acting.plan_file import Terms
    from pipeline.campaign_config import CampaignConfig
    from pipeline.config import Config
    from pipeline.scoring.champion import Found
    from pipeline.watching.monitor import Monitored

EXAMPLE = 0.5
"""Money per contact where none is told: written out, so that it is seen and changed."""

CHEAPEST = 0.0001
"""And at least so much."""


def training(path: Path | None, overrides: Mapping[str, Any]) -> str:
    """Train on the log that was looked at."""
    from pipeline.config_options import as_options

    return _line("churn train", _config(path), as_options(overrides))


def scoring(
    path: Path | None,
    overrides: Mapping[str, Any],
    config: "Config",
    model: Path | str | None = None,
    out: str = "scores.parquet",
) -> str:
    """Score the log that was trained on, by the model that was registered or is named."""
    by = f"--model {shlex.quote(str(model))}" if model else ""
    log = log_of(path, overrides, config)
    return _line("churn score", log, by, _tracking(overrides), f"--out {out}")


def learning(
    command: str,
    path: Path | None,
    overrides: Mapping[str, Any],
    config: "Config",
    horizon_days: int,
    *words: str,
) -> str:
    """Look at a log, or learn from it, that was read as the model's log was."""
    from pipeline.config_options import as_options

    read = {} if path else {**_reading(config), "horizon_days": horizon_days}
    return _line(f"churn {command}", _config(path), as_options({**read, **overrides}), *words)


def watching(
    found: "Monitored",
    path: Path | None,
    overrides: Mapping[str, Any],
    config: "Config",
    by: "Found",
    model: str | None,
) -> str:
    """What the verdict of a watch asks for; `model` is the one that was named, if any."""
    from pipeline.watching.signals import LOOK, TRAIN

    if found.verdict in (TRAIN, LOOK):
        days = by.model.manifest.horizon_days
        command, *words = ("train", "--promote") if found.verdict == TRAIN else ("check",)
        return learning(command, path, overrides, config, days, *words)
    # A name of its own: the scores that were watched are evidence, and stay.
    return scoring(path, overrides, config, model, f"scores_{found.day}.parquet")


def _reading(config: "Config") -> dict[str, Any]:
    """The keys that say how a log is read, as far as they are not the defaults."""
    said = config.log.model_dump(mode="json", exclude_defaults=True)
    columns = said.pop("columns")
    known = {f"log.{name}": value for name, value in said.items()}
    return known | {f"log.columns.{name}": value for name, value in columns.items()}


def log_of(path: Path | None, overrides: Mapping[str, Any], config: "Config") -> str:
    """The log that was read: its config, and its name where that is not the config's."""
    from pipeline.config_options import as_options

    where = {"log.source": config.log.source, "log.table": config.log.table}
    named = {k: v for k, v in where.items() if v and (k in overrides or not path)}
    return _line(as_options(named), _config(path))


def stored(command: str, path: Path | None, overrides: Mapping[str, Any]) -> str:
    """A command on the tracking store that was written to."""
    return _line(f"churn {command}", _config(path), _tracking(overrides))


def acting(
    scores: Path,
    path: Path | None,
    overrides: Mapping[str, Any],
    config: "Config",
    model: str | None = None,
) -> tuple[str, str]:
    """What follows scores, and a sentence on it: a plan, or newer scores where it would refuse."""
    from pipeline.campaign_config import CampaignConfig
    from pipeline.scoring.scores_file import read_days

    as_of, end = read_days(scores)
    known = next(iter(config.campaigns.values()), CampaignConfig())
    if end and (end - as_of).days > known.max_age_days:
        told = f"No campaign is planned by scores of {as_of}: the log goes on after them."
        newer = f"scores_{end}.parquet"
        return told, scoring(path, overrides, config, model, newer)
    example = "The contact_cost of the next line is an example: put in your own."
    return "" if known.priced else example, plan(scores, path, overrides, config)


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
    return _line(start, _config(path), as_options(kept), f"--out {unused('plan.parquet')}")


def unused(name: str) -> str:
    """A name of this folder that no file has yet: what follows would refuse, or lose what is there.

    >>> unused("no such file.parquet")
    'no such file.parquet'
    """
    file = Path(name)
    others = (f"{file.stem}_{n}{file.suffix}" for n in count(2))
    return (
        name if not file.exists() else next(other for other in others if not Path(other).exists())
    )


def exporting(plan: Path, arms: Sequence[str]) -> list[str]:
    """Write the audience of each arm of a plan."""
    start = f"churn export {shlex.quote(str(plan))} --to csv --contacts contacts.csv"
    if len(arms) == 1:
        return [f"{start} --out audience.csv"]
    return [f"{start} --arm {arm} --out audience_{arm}.csv" for arm in map(shlex.quote, arms)]


def log_told(start: date, line: str) -> str:
    """What the word LOG of a line that measures stands for, and from when on it can be run."""
    where = "in the place of LOG, " if " LOG " in line else ""
    return f"Once the log, {where}holds orders of {start} and later: {line}"


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
    return _line(start, log, _tracking(overrides), f"--out {unused('measured.json')}")


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
        f"churn plan next_scores.parquet --campaign {name}",
        _config(path),
        told,
        store,
        f"--measured {shlex.quote(str(measured))} --out {unused('next.parquet')}",
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
