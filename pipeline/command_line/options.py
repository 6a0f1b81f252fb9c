"""Options that several commands share, and the config that those of an order log add up to."""

import inspect
import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from features.errors import MappingError, SettingError, UserError

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
Full = Annotated[bool, typer.Option("--full", help="Show every contender, not only the best")]
AllowOtherLog = Annotated[
    bool, typer.Option("--allow-other-log", help="Go on where the model learned from another log")
]


def _day(words: str) -> Any:
    return typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help=words)


Day = Annotated[
    datetime | None,
    _day("Know nothing from this day on; default: the day after the last order"),
]
Today = Annotated[
    datetime | None,
    _day("The day by which the last order's age is told; default: the clock's"),
]
Start = Annotated[
    datetime | None,
    _day("First day of the campaign; default: the scores' day, or the one after the log"),
]
Until = Annotated[
    datetime | None,
    _day("Measure nothing from this day on; default: the end of the horizon, or of the log"),
]
TrackingConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="Config with the tracking section")
]

Configured = Annotated[
    Path | None, typer.Option("--config", "-c", help="YAML file, see configs/template.yaml")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any key of the config; repeatable"),
]

FIRST = ("plan", "customer")
"""What a command is about; it is named before the log."""

DAYS = {"d": 1, "w": 7, "m": 30.4375, "y": 365.25}


def options(
    log: Annotated[
        str | None, typer.Argument(help="Order log: a file, a folder or a pattern")
    ] = None,
    config: Configured = None,
    customer_id: Annotated[str | None, typer.Option(help="Column: the customer's id")] = None,
    transacted_at: Annotated[str | None, typer.Option(help="Column: day or moment")] = None,
    amount: Annotated[str | None, typer.Option(help="Column: money of the row")] = None,
    order_id: Annotated[str | None, typer.Option(help="Column: the order's number")] = None,
    unit_price: Annotated[
        str | None, typer.Option(help="Column: price of a piece, in place of the amount")
    ] = None,
    quantity: Annotated[str | None, typer.Option(help="Column: pieces in the row")] = None,
    attributes: Annotated[
        list[str] | None, typer.Option(help="Column to learn from, such as country; repeatable")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Sign or code written beside each amount")
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Such as %d/%m/%Y, or unix_seconds")
    ] = None,
    until: Annotated[datetime | None, _day("No rows from this day on")] = None,
    profile: Annotated[
        str | None, typer.Option(help="A known export: shopify, stripe, amazon, ...")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text files, such as latin-1")] = None,
    horizon: Annotated[
        str | None, typer.Option(help="Churned = no purchase in so long: 90d, 13w, 6m")
    ] = None,
    set_: Settings = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Take what `churn check` would propose for the log")
    ] = False,
) -> tuple[Path | None, dict[str, Any]]:
    """The config file, and what lies over it: dotted key -> value."""
    given = {
        "log.source": log,
        "log.columns.customer_id": customer_id,
        "log.columns.transacted_at": transacted_at,
        "log.columns.amount": amount,
        "log.columns.order_id": order_id,
        "log.columns.unit_price": unit_price,
        "log.columns.quantity": quantity,
        "log.columns.attributes": attributes or None,
        "log.currency": currency,
        "log.date_format": date_format,
        "log.until": until.date() if until else None,
        "log.profile": profile,
        "log.encoding": encoding,
        "horizon_days": days(horizon) if horizon is not None else None,
    }
    overrides = overridden(set_, given)
    return config, {**_taken(config, overrides), **overrides} if guess else overrides


def _taken(config: Path | None, overrides: dict[str, Any]) -> dict[str, Any]:
    """What `churn check` would propose, told and taken."""
    from pipeline.config_options import as_options
    from pipeline.console import Progress
    from pipeline.intake.proposal import guessed

    progress = Progress(quiet=True)
    found = guessed(config, overrides, progress)
    progress.note(f"Guessed: {as_options(found) or 'nothing was left open'}")
    return found


def overridden(settings: list[str] | None, flags: dict[str, Any]) -> dict[str, Any]:
    """What lies over the config file: dotted key -> value; a flag comes before `--set`."""
    from pipeline.config_options import parse_overrides

    given = {key: value for key, value in flags.items() if value is not None}
    return {**parse_overrides(settings or ()), **given}


def days(text: str) -> int:
    """Read a length of time as days: a number of days, weeks, months or years.

    >>> days("90d"), days("13 weeks"), days("6m"), days("45")
    (90, 91, 183, 45)
    """
    found = re.fullmatch(
        r"(\d{1,5}) ?(d|days?|w|weeks?|m|months?|y|years?)?", text.strip().lower(), re.ASCII
    )
    if not found or not int(found[1]):
        raise UserError("--horizon takes a length such as 90d, 13w, 6m or 1y.")
    return round(int(found[1]) * DAYS[(found[2] or "d")[0]])


def takes_a_log(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it receives them as `path` and `overrides`."""
    own = {
        name: parameter
        for name, parameter in inspect.signature(command).parameters.items()
        if name not in ("path", "overrides")
    }
    # A command's own option comes before the shared one of its name.
    listed = inspect.signature(options).parameters.items()
    shared = {name: parameter for name, parameter in listed if name not in own}

    @wraps(command)
    def with_options(**values: Any) -> None:
        path, overrides = options(**{name: values.pop(name) for name in shared})
        try:
            command(path, overrides, **values)
        except MappingError:
            from pipeline.console import Progress
            from pipeline.intake.proposal import offer

            raise UserError(offer(path, overrides, Progress(quiet=True))) from None
        except SettingError as error:
            raise UserError(f"{path}: {error}" if path else str(error)) from None

    # Keyword-only parameters may stand in any order, required ones behind defaults too; what a
    # command is about, such as a plan, is named before the log.
    first = [p for name, p in own.items() if name in FIRST]
    rest = [p for name, p in own.items() if name not in FIRST]
    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*first, *shared.values(), *rest)]
    vars(with_options)["__signature__"] = inspect.Signature(parameters)
    hints = get_type_hints(command, include_extras=True)
    with_options.__annotations__ = {**get_type_hints(options, include_extras=True), **hints}
    return with_options
