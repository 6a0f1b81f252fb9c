"""Reads a config: file, environment and flags, laid over one another and checked key by key.

Precedence: command-line flag, environment, file, default.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from features.errors import UserError
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.config import Config, OutputConfig, TrackingConfig
from pipeline.config_problems import validated
from pipeline.plain_yaml import OPEN, Open, plain
from pipeline.profiles import known_export

LARGEST_FILE = 1_000_000

EMPTY: Mapping[str, Any] = MappingProxyType({})


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] = EMPTY,
    defaults: Mapping[str, Any] = EMPTY,
) -> Config:
    """Read a config file; `overrides` (dotted key -> value) lie over it, `defaults` under it.

    Raises
    ------
    UserError
        Naming every wrong key at once.
    """
    return validated(Config, values(path, overrides, defaults), path)


def load_tracking(path: Path | None = None, overrides: Mapping[str, Any] = EMPTY) -> TrackingConfig:
    """Read only the `tracking` section: all that a command without a log needs."""
    section = values(path, overrides).get("tracking") or {}
    return validated(TrackingConfig, section, path, "tracking")


def load_output(path: Path | None = None, overrides: Mapping[str, Any] = EMPTY) -> OutputConfig:
    """Read only the `output` section."""
    section = values(path, overrides).get("output") or {}
    return validated(OutputConfig, section, path, "output")


def load_campaign(
    name: str, path: Path | None = None, overrides: Mapping[str, Any] = EMPTY
) -> tuple[CampaignConfig, ControlConfig]:
    """Read one of the `campaigns`, and `control`: all that a plan needs of a config.

    Raises
    ------
    UserError
        When a config has campaigns, but none of this name.
    """
    known = values(path).get("campaigns") or {}
    if not isinstance(known, dict) or (known and name not in known):
        raise UserError(f"{path}: has no campaign of this name, but {', '.join(map(str, known))}.")
    asked = values(path, overrides)
    section = (asked.get("campaigns") or {}).get(name) or {}
    return (
        validated(CampaignConfig, section, path, f"campaigns.{name}"),
        validated(ControlConfig, asked.get("control") or {}, path, "control"),
    )


def values(
    path: Path | None,
    overrides: Mapping[str, Any] = EMPTY,
    defaults: Mapping[str, Any] = EMPTY,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """What is asked for, unchecked: overrides over environment over file over defaults."""
    file = read_yaml(path) if path else {}
    if path:
        _refuse_outside(file, path, overrides)
    asked = under(with_profile(dict(defaults), file, overrides), file)
    if uri := environment.get("MLFLOW_TRACKING_URI"):
        asked = _put(asked, "tracking.uri", uri)
    for key, value in overrides.items():
        asked = _put(asked, key, value)
    if isinstance(asked.get("log"), dict):
        asked["log"] = {key: value for key, value in asked["log"].items() if key != "profile"}
    if path:
        _refuse_open(asked, path)
    return asked


def _refuse_open(asked: Mapping[str, Any], path: Path) -> None:
    """Stop while a value that `churn check` left to a person is open; an override decides it."""
    log = asked.get("log")
    log = log if isinstance(log, dict) else {}
    columns = log.get("columns")
    sections = (asked, log, columns if isinstance(columns, dict) else {})
    places = [one.line for section in sections for one in section.values() if isinstance(one, Open)]
    if places:
        text = path.read_text(encoding="utf-8-sig").splitlines()
        told = "\n".join(f"  line {n}: {text[n - 1].strip()}" for n in sorted(places))
        raise UserError(
            f"{path}: not all is decided. Put the answer in the place of {OPEN}; behind it stands "
            f"what is proposed, above it what was seen.\n{told}"
        )


WRITTEN = ("output.folder", "cache.folder", "engine.scratch")
"""Keys that name where files are made and replaced; a tracking store is only ever added to."""


def _refuse_outside(file: Mapping[str, Any], path: Path, overrides: Mapping[str, Any]) -> None:
    """Keep a config, which may be a stranger's, from writing beyond its folder and the working one.

    On the command line, and in the environment, a person may name any place.
    """
    homes = [Path.cwd().resolve(), path.resolve().parent]
    for key in WRITTEN:
        section, _, name = key.partition(".")
        place = file.get(section)
        place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, str) or key in overrides:
            continue
        if "\0" in place:
            raise UserError(f"{path}: {key} holds a character that no path may have.")
        if not any(Path(place).expanduser().resolve().is_relative_to(home) for home in homes):
            raise UserError(
                f"{path}: {key} leads out of this folder. A config names places in the folder "
                f"you are in, or in its own; name another one yourself: --set {key}=..."
            )


def with_profile(
    defaults: dict[str, Any], file: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """The defaults below the keys of the known export that `log.profile` names, if it does."""
    section = file.get("log")
    own = section if isinstance(section, dict) else {}
    name = overrides.get("log.profile", own.get("profile"))
    if name is None:
        return defaults
    log = dict(known_export(name).log)
    # Values and exceptions of one column exclude one another: a rule of one's own stands alone.
    if "sales" in own or any(key.startswith("log.sales") for key in overrides):
        log.pop("sales", None)
    return under(defaults, {"log": log})


def under(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, key by key at every depth."""
    both = {
        key: under(below[key], value)
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict)
    }
    return {**below, **above, **both}


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping of a YAML file; plain data only, no tag builds an object."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path} is larger than {LARGEST_FILE:,} bytes: no config file.")
        values = plain(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"There is no config file {path}. `churn check LOG --write-config {path}` writes one."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as UTF-8 text ({type(error).__name__}).") from None
    except ValueError:  # 2024-02-31 looks like a date and is none
        raise UserError(f"{path}: holds a date that is not in the calendar.") from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(
            f"{path}{line}: not plain YAML. A value that begins with a sign, such as '*.csv', "
            "stands in quotes; tags such as !!python/object are refused."
        ) from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no keys; start from configs/template.yaml.")
    return values


def _put(values: dict[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    key, _, rest = dotted.partition(".")
    if not rest:
        return {**values, key: value}
    inner = values.get(key)
    return {**values, key: _put(inner if isinstance(inner, dict) else {}, rest, value)}
