"""What a run is asked to do: a YAML file, checked key by key before anything is opened.

An unknown key is an error, not a silent default. Precedence: command-line flag,
environment, file, default.
"""

import hashlib
import json
import math
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from features.errors import MappingError, UserError
from features.log.transactions import LogSpec
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.profiles import known_export
from pipeline.section import Section

LARGEST_FILE = 1_000_000
MISSING = {
    "log": "is missing; name the order log, and its columns",
    "log.columns": "is missing; name them by --customer-id, --transacted-at and --amount",
    "log.columns.customer_id": "is missing; name it by --customer-id",
    "log.columns.transacted_at": "is missing; name it by --transacted-at",
}
MAPPING = {("log", "columns")}
EMPTY: Mapping[str, Any] = MappingProxyType({})

Model = TypeVar("Model", bound=BaseModel)
CampaignName = Annotated[str, Field(pattern=r"^[a-zA-Z]\w*$")]

Segment = Literal["champion", "new", "loyal", "promising", "at risk", "slowing", "lost", "dormant"]
"""As in `models.explain.segments`, which a config must not import."""


class ClvConfig(Section):
    """How long, and at which rate, `clv` looks ahead."""

    months: Annotated[int, Field(ge=1, le=120, description="Calendar months that clv sums up")] = 12
    monthly_discount_rate: Annotated[
        float, Field(ge=0, lt=1, description="Discount per month: 0.01 is 12.7 % a year")
    ] = 0.01


class TrainingConfig(Section):
    """Which past cutoffs the models learn from."""

    max_cutoffs: Annotated[int, Field(ge=1, le=60, description="At most so many, latest first")] = 8
    step_days: Annotated[
        int | None,
        Field(ge=1, le=3660, description="Days between them; default: a third of the horizon"),
    ] = None
    first_cutoff: Annotated[
        date | None,
        Field(description="None before it; default: a horizon, or a quarter of the log, into it"),
    ] = None
    max_customers: Annotated[
        int,
        Field(ge=100, description="Trees learn from a hash sample of at most so many customers"),
    ] = 200_000


def _reading(cutoffs: Any) -> str:
    return "[int]" if isinstance(cutoffs, int) else "[dates]"


def _some(dates: tuple[date, ...]) -> tuple[date, ...]:
    if not dates:
        raise ValueError("name at least one date, or how many")
    return dates


class BacktestConfig(Section):
    """On which past cutoffs the contenders are compared."""

    cutoffs: Annotated[
        Annotated[int, Field(ge=1, le=24), Tag("[int]")]
        | Annotated[tuple[date, ...], AfterValidator(_some), Tag("[dates]")],
        Discriminator(_reading),
        Field(description="Dates, or how many: a horizon apart, the earliest clv.months back"),
    ] = 3


class SegmentConfig(Section):
    """Where segments part, and what they are called; docs/words.md says who is in each."""

    champions: Annotated[
        float, Field(gt=0, lt=1, description="Share of customers with the highest expected spend")
    ] = 0.1
    worth: Annotated[
        float, Field(gt=0, lt=1, description="Share who spent most: worth winning back")
    ] = 0.3
    late: Annotated[
        float, Field(ge=1, le=100, description="So many usual gaps of silence are late")
    ] = 2.0
    gone: Annotated[
        float, Field(ge=1, le=1000, description="After so many, who has a slim chance is lost")
    ] = 4.0
    slim: Annotated[
        float, Field(gt=0, lt=1, description="A slim chance to buy, as a share of the average one")
    ] = 0.25
    names: dict[Segment, Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        default_factory=dict, description="Own names, such as {champion: VIP}"
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.gone < self.late:
            raise ValueError("gone: at least as many usual gaps as late")
        if len({*self.names.values()}) < len(self.names):
            raise ValueError("names: two segments have the same name")
        if clash := sorted({*self.names.values()} & ({*get_args(Segment)} - {*self.names})):
            raise ValueError(f"names: {clash[0]} is the name of another segment")
        return self


class TrackingConfig(Section):
    """Where MLflow keeps the runs; MLFLOW_TRACKING_URI comes before `uri`."""

    uri: Annotated[str, Field(description="SQLite, PostgreSQL or http address of the store")] = (
        "sqlite:///mlflow.db"
    )
    experiment: Annotated[
        str, Field(min_length=1, description="Name under which MLflow gathers the runs")
    ] = "churn"
    registered_model: Annotated[
        str, Field(min_length=1, description="Name whose champion `churn score` asks")
    ] = "churn"


class EngineConfig(Section):
    """What runs the features, and how much of the machine it may take."""

    kind: Annotated[
        Literal["duckdb"], Field(description="duckdb: on this machine, out of core")
    ] = "duckdb"
    memory_limit: Annotated[
        str | None,
        Field(
            pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
            description="Such as 4GB; default: 60 % of what is free",
        ),
    ] = None
    threads: Annotated[int | None, Field(ge=1, description="Processor threads; default: all")] = (
        None
    )
    scratch: Annotated[
        Path | None, Field(description="Folder for what exceeds memory; default: the system's")
    ] = None


class CacheConfig(Section):
    """Where purchase days are kept that were read before; the folder may be deleted at any time."""

    folder: Annotated[
        Path | None, Field(description="Made when it is not there; null: nothing is kept")
    ] = Path("out/cache")
    limit_gb: Annotated[
        float, Field(ge=0, description="Above it, what was not used for longest is dropped")
    ] = 10.0


class OutputConfig(Section):
    """Where the results go."""

    folder: Annotated[Path, Field(description="Made when it is not there")] = Path("out")


class Config(Section):
    """Everything a run needs; see configs/template.yaml for each key in words."""

    version: Literal[1] = 1
    log: LogSpec
    horizon_days: Annotated[
        int | None,
        Field(
            strict=True,
            ge=1,
            le=3660,
            description="Churned = no purchase in so many days; default: proposed from the log",
        ),
    ] = None
    clv: ClvConfig = ClvConfig()
    training: TrainingConfig = TrainingConfig()
    backtest: BacktestConfig = BacktestConfig()
    segments: SegmentConfig = SegmentConfig()
    campaigns: dict[CampaignName, CampaignConfig] = Field(
        default_factory=dict, description="By name; see docs/campaigns.md"
    )
    control: ControlConfig = ControlConfig()
    contenders: Annotated[
        tuple[str, ...] | None, Field(min_length=1, description="Names of the board; default: all")
    ] = None
    tracking: TrackingConfig = TrackingConfig()
    engine: EngineConfig = EngineConfig()
    cache: CacheConfig = CacheConfig()
    output: OutputConfig = OutputConfig()
    seed: Annotated[int, Field(ge=0, lt=2**32, description="For models that draw")] = 0

    @property
    def replayed(self) -> CampaignConfig:
        """The campaign of the report's profit curve: the first one, or the defaults."""
        return next(iter(self.campaigns.values()), CampaignConfig())

    @field_validator("contenders")
    @classmethod
    def _named_once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = sorted({name for name in names or () if (names or ()).count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice")
        return names


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
    asked = under(with_profile(dict(defaults), file, overrides), file)
    if uri := environment.get("MLFLOW_TRACKING_URI"):
        asked = _put(asked, "tracking.uri", uri)
    for key, value in overrides.items():
        asked = _put(asked, key, value)
    if isinstance(asked.get("log"), dict):
        asked["log"] = {key: value for key, value in asked["log"].items() if key != "profile"}
    return asked


def with_profile(
    defaults: dict[str, Any], file: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """The defaults below the keys of the known export that `log.profile` names, if it does."""
    section = file.get("log")
    own = section if isinstance(section, dict) else {}
    name = overrides.get("log.profile", own.get("profile"))
    if not name:
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


def validated(
    model: type[Model], values: Mapping[str, Any], path: Path | None, below: str = ""
) -> Model:
    """The values as a model; `path` is the file to name, `below` the key that they stand under.

    Raises
    ------
    UserError
        Naming every wrong key at once.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = problems_of(error)
        text = explain(problems, model, path, below)
        unmapped = all(p["type"] == "missing" and p["loc"][:2] in MAPPING for p in problems)
        if unmapped and (values.get("log") or {}).get("source"):
            raise MappingError(text) from None
        raise UserError(text) from None


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong, key by key, and never the value itself."""
    return error.errors(include_url=False, include_input=False, include_context=False)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping of a YAML file; plain data only, no tag builds an object."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path} is larger than {LARGEST_FILE:,} bytes: no config file.")
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
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
            f"{path}{line}: not plain YAML. Tags such as !!python/object are refused."
        ) from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no keys; start from configs/template.yaml.")
    return values


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """Read `--set key.path=value`; the value is YAML, or else text.

    >>> parse_overrides(["horizon_days=90", "backtest.cutoffs=[1997-10-02]"])
    {'horizon_days': 90, 'backtest.cutoffs': [datetime.date(1997, 10, 2)]}
    """
    values = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not re.fullmatch(r"[a-zA-Z_]\w*(\.\w+)*", key.strip()):
            raise UserError(
                "--set takes key.path=value, for instance --set training.max_cutoffs=6."
            )
        try:
            # A blank is a value of its own: log.thousands may be one.
            values[key.strip()] = text if text.isspace() else yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):  # a comma, %Y%m%d, 2024-02-31: text
            values[key.strip()] = text
    return values


def as_options(overrides: Mapping[str, Any]) -> str:
    """What a shell takes to ask for these overrides again; passwords are hidden.

    >>> as_options({"training.first_cutoff": date(2020, 1, 31), "horizon_days": 90})
    '--set training.first_cutoff=2020-01-31 --horizon 90d'
    >>> as_options({"log.source": "orders.csv", "contenders": ["base_rate", "blend"]})
    "orders.csv --set 'contenders=[base_rate, blend]'"
    """
    return " ".join(_option(key, value) for key, value in overrides.items())


FLAGS = {
    **{f"log.columns.{key}": key for key in ("customer_id", "transacted_at", "amount")},
    **{f"log.columns.{key}": key for key in ("unit_price", "quantity", "order_id")},
    **{f"log.{key}": key for key in ("profile", "currency", "date_format", "encoding")},
}
"""Keys that have a flag of their own, and its name."""


def _option(key: str, value: Any) -> str:
    if key == "log.source":
        # The user of a database is part of its address; a password in it is refused anyway.
        return shlex.quote(re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", value))
    if key == "horizon_days":
        return f"--horizon {value}d"
    if key in FLAGS and isinstance(value, str):
        return f"--{FLAGS[key].replace('_', '-')} {shlex.quote(value)}"
    return f"--set {shlex.quote(f'{key}={without_secret(_on_a_line(value))}')}"


def _on_a_line(value: Any) -> str:
    """A value as YAML on one line; the quotes that it needs are double ones."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=math.inf, allow_unicode=True, sort_keys=False
    ).splitlines()[0]
    return json.dumps(value, ensure_ascii=False, default=str) if "'" in text else text


def _put(values: dict[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    key, _, rest = dotted.partition(".")
    if not rest:
        return {**values, key: value}
    inner = values.get(key)
    return {**values, key: _put(inner if isinstance(inner, dict) else {}, rest, value)}


def explain(
    problems: Sequence[ErrorDetails], model: type[BaseModel], path: Path | None, under: str = ""
) -> str:
    """The wrong keys of a config in words: the file, each key, and the way out."""
    where = str(path) if path else "The request"
    lines = [f"{where}: {len(problems)} key{'s' * (len(problems) > 1)} cannot be used."]
    for problem in problems:
        # pydantic adds which reading of a key it tried; no user wrote that.
        parts = [str(part) for part in problem["loc"]]
        named = [part for part in (under, *parts) if part and "[" not in part]
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            reason = f"no such key{_nearest(model, problem['loc'])}"
        elif problem["type"] == "missing":
            reason = MISSING.get(".".join(named), "is missing")
        elif problem["type"] == "tuple_type":
            reason = "takes a list, such as [a, b]"
        elif problem["type"].startswith("date"):
            reason = "takes a day, such as 2024-01-31"
        lines.append(f"  {'.'.join(named)}: {reason}")
    lines.append(
        "`churn check LOG --write-config churn.yaml` writes one that fits a log; "
        "`churn config schema` lists every key."
    )
    return "\n".join(lines)


def _nearest(model: Any, location: tuple[int | str, ...]) -> str:
    for part in location[:-1]:
        field = model.model_fields.get(part)
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ""
    close = get_close_matches(str(location[-1]), model.model_fields, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def redacted(config: Config) -> dict[str, Any]:
    """The config as plain data, without the passwords of its addresses."""
    values = config.model_dump(mode="json")
    for section, key in (("tracking", "uri"), ("log", "source")):
        values[section][key] = without_secret(values[section][key])
    return values


def without_secret(uri: str) -> str:
    """Hide the user and password of an address, and what its query calls a secret.

    >>> without_secret("postgresql://me:secret@host/db?password=secret&sslmode=require")
    'postgresql://***@host/db?password=***&sslmode=require'
    """
    uri = re.sub(r"(?<=://)[^/]*@", "***@", uri)
    return re.sub(r"(?i)((?:password|passwd|pwd|token|secret|key)=)[^&]*", r"\1***", uri)


def digest(config: Config) -> str:
    """Short hash of the whole request, for telling runs apart."""
    text = json.dumps(redacted(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
