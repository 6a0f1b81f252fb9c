"""What a run is asked to do: the sections of a config and their defaults, as pydantic models.

An unknown key is an error, not a silent default. How a config is read belongs to
`pipeline.config_file`.
"""

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from features.log.transactions import LogSpec
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.section import Section
from pipeline.watching_config import MonitoringConfig, ScheduleConfig

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
    ] = 100_000


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
        float, Field(gt=0, lt=1, description="A slim chance to buy, as a share of a fair one")
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


NO_NAME = "/:@'"
"""Characters that MLflow refuses in a model's name, or that end the name in an address."""

LONGEST_NAME = 200
"""Bytes of a model's name, which is also the name of a folder."""


def _name_of_model(name: str) -> str:
    odd = not name.strip() or name == "." or name.startswith("..") or set(name) & set(NO_NAME)
    if odd or len(name.encode()) > LONGEST_NAME:
        raise ValueError(
            "cannot be a model's name: it must not be empty, begin with '..', hold one of "
            f"{' '.join(NO_NAME)} or be longer than {LONGEST_NAME} bytes. Choose a plain name "
            "such as churn"
        )
    return name


class TrackingConfig(Section):
    """Where MLflow keeps the runs; MLFLOW_TRACKING_URI comes before `uri`."""

    uri: Annotated[str, Field(description="SQLite, PostgreSQL or http address of the store")] = (
        "sqlite:///mlflow.db"
    )
    experiment: Annotated[
        str, Field(min_length=1, description="Name under which MLflow gathers the runs")
    ] = "churn"
    registered_model: Annotated[
        str,
        AfterValidator(_name_of_model),
        Field(description="Name whose champion `churn score` asks"),
    ] = "churn"


class EngineConfig(Section):
    """What runs the features, and how much of the machine it may take."""

    kind: Annotated[
        Literal["duckdb", "postgres", "spark"],
        Field(
            description="duckdb: on this machine, out of core; postgres: purchase days are made in "
            "the database; spark: on a cluster; see docs/engines.md"
        ),
    ] = "duckdb"
    master: Annotated[
        str | None,
        Field(
            pattern=r"^(local(\[.+\])?|yarn|(spark|k8s)://.+)$",
            description="Of Spark; default: what spark-submit says, else local[*]",
        ),
    ] = None
    memory_limit: Annotated[
        str | None,
        Field(
            pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
            description="Such as 4GB; default: 512 MiB a thread, see docs/engines.md",
        ),
    ] = None
    threads: Annotated[
        int | None, Field(ge=1, le=1024, description="Processor threads; default: all")
    ] = None
    scratch: Annotated[
        Path | None, Field(description="Folder for what exceeds memory; default: the system's")
    ] = None


class CacheConfig(Section):
    """Where the days of logs that were read, and their last scores, are kept; may be deleted."""

    folder: Annotated[
        Path | None, Field(description="Made when it is not there; null: nothing is kept")
    ] = Path("out/cache")
    limit_gb: Annotated[
        float, Field(ge=0, le=1e6, description="Above it, what was not used for longest is dropped")
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
    monitoring: MonitoringConfig = MonitoringConfig()
    schedule: ScheduleConfig = ScheduleConfig()
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


def redacted(config: Config) -> dict[str, Any]:
    """The config as plain data, without the passwords of its addresses."""
    values = config.model_dump(mode="json")
    for section, key in (("tracking", "uri"), ("log", "source")):
        values[section][key] = without_secret(values[section][key])
    return values


HIDDEN = "***"
ELSEWHERE = ("tracking", "cache", "output")
"""Sections that say where files lie; the answer does not depend on them."""


def as_recorded(config: Config, **known: Any) -> str:
    """The config as the tracking store keeps it, as YAML: no address, and no customer's value.

    `known` are keys of the top level and of the log that the training itself settled.
    """
    values = {k: v for k, v in redacted(config).items() if k not in ELSEWHERE}
    log = values["log"]
    log["source"] = Path(log["source"]).name
    values["engine"].pop("scratch")
    for name, value in known.items():
        (log if name in log else values)[name] = value
    log["anonymous_ids"] = [HIDDEN] * len(log["anonymous_ids"])
    people = {log["columns"]["customer_id"], log["columns"]["refund_customer"]}
    for rule in log["where"]:
        if rule["column"] in people or "@" in str(rule["value"]):
            rule["value"] = HIDDEN
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def without_secret(uri: str) -> str:
    """Hide the password of an address, and what its query calls a secret.

    The user of a database is none; that of a web address may be a token, and goes with it.

    >>> without_secret("postgresql://me:secret@host/db?password=secret&sslmode=require")
    'postgresql://***@host/db?password=***&sslmode=require'
    >>> without_secret("postgresql://me@host/db"), without_secret("https://token@host")
    ('postgresql://me@host/db', 'https://***@host')
    """
    if not re.fullmatch(r"postgresql[+\w]*://[^/:@]*@[^@]*", uri):
        uri = re.sub(r"(?<=://)[^/]*@", "***@", uri)
    return re.sub(r"(?i)((?:password|passwd|pwd|token|secret|key)=)[^&]*", r"\1***", uri)


def digest(config: Config) -> str:
    """Short hash of the whole request, for telling runs apart."""
    text = json.dumps(redacted(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
