"""Keys of the config as options of the command line, there and back."""

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from features.errors import UserError
from pipeline.config import without_secret
from pipeline.plain_yaml import plain


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
            # A mark alone is meant as it stands: to YAML | is a text to come, - a list, ~ nothing.
            mark = text.isspace() or (len(text) == 1 and not text.isalnum())
            values[key.strip()] = text if mark else plain(text)
        except (yaml.YAMLError, ValueError):  # a comma, %Y%m%d, 2024-02-31: text
            values[key.strip()] = text
    return values


FLAGS = {
    **{f"log.columns.{key}": key for key in ("customer_id", "transacted_at", "amount")},
    **{f"log.columns.{key}": key for key in ("unit_price", "quantity", "order_id")},
    **{f"log.{key}": key for key in ("profile", "currency", "date_format", "encoding")},
}
"""Keys that have a flag of their own, and its name."""


def as_options(overrides: Mapping[str, Any]) -> str:
    """What a shell takes to ask for these overrides again; passwords are hidden.

    >>> from datetime import date
    >>> as_options({"training.first_cutoff": date(2020, 1, 31), "horizon_days": 90})
    '--set training.first_cutoff=2020-01-31 --horizon 90d'
    >>> as_options({"log.source": "orders.csv", "contenders": ["base_rate", "blend"]})
    "orders.csv --set 'contenders=[base_rate, blend]'"
    """
    return " ".join(_option(key, value) for key, value in overrides.items())


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
