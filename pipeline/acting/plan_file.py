"""The plan as a file: one row per scored customer, its terms, and a fingerprint over both.

Whoever edits a row, or the terms, changes the fingerprint: the plan is refused from then on.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from features.errors import UserError
from features.writing import atomic
from models.campaign.uplift import FEATURES
from pipeline.campaign_config import CONTROL
from pipeline.scoring.scores_file import WINDOW

_NO_PLAN = (pa.ArrowException, KeyError, ValueError, TypeError)
"""What goes wrong in reading a file that is no plan."""

SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "campaign": pa.string(),
        "arm": pa.string(),
        "probability": pa.float64(),
        "block": pa.int32(),
        "reason": pa.string(),
        "at_stake": pa.float64(),
        "expected_gain": pa.float64(),
        "expected_profit": pa.float64(),
        "cost": pa.float64(),
        "segment": pa.string(),
        **dict.fromkeys(WINDOW, pa.date32()),
        **dict.fromkeys(FEATURES, pa.float64()),
    }
)
"""`arm` is null for who is not part of the campaign, and `reason` says why. `probability` is that
of the arm in the customer's `block`. `expected_gain` (spend), `expected_profit` and `cost` are of
a contact; the control's are what a contact would have been."""

TERMS, FINGERPRINT = b"churn.terms", b"churn.fingerprint"
CHOSEN = "chosen"
"""Reason of everybody who is part of the campaign, the control included."""


@dataclass(frozen=True)
class Terms:
    """What a plan holds for all its customers.

    `arms` maps each treatment to its `share` of those contacted and its `cost` of a contact;
    `log` is how the scored log was read, so that a measurement reads it alike.
    """

    campaign: str
    kind: str
    as_of: date
    start: date
    horizon_days: int
    margin: float
    value: str
    arms: Mapping[str, Mapping[str, float]]
    control_share: float
    effect: Mapping[str, Any]
    seed: int
    model_version: str
    log: Mapping[str, Any]

    @property
    def end(self) -> date:
        """The first day after the horizon."""
        return self.start + timedelta(days=self.horizon_days)

    @property
    def gains_in_horizon(self) -> bool:
        """Whether a gain is of the horizon: where `clv` is at stake it is of the CLV's months.

        An uplift model learned from spend of a horizon, whatever is at stake.
        """
        return self.value == "horizon" or self.effect["source"] == "uplift"

    @property
    def counts_orders(self) -> bool:
        """Whether the scored log has no amounts, so that an order counts as 1 of money."""
        columns = self.log.get("columns", {})
        return bool(columns) and not (columns.get("amount") or columns.get("unit_price"))

    def to_json(self) -> str:
        """The terms as text, keys in order."""
        return json.dumps(vars(self), sort_keys=True, default=str)

    @classmethod
    def from_json(cls, text: str) -> "Terms":
        """The terms that `to_json` wrote."""
        known = json.loads(text)
        days = {name: date.fromisoformat(known[name]) for name in ("as_of", "start")}
        return cls(**{**known, **days})


@dataclass(frozen=True)
class PlanFile:
    """A plan's rows, ordered by customer, its terms, and the fingerprint over both."""

    customers: pd.DataFrame
    terms: Terms
    fingerprint: str

    @cached_property
    def members(self) -> pd.DataFrame:
        """The customers who were drawn into a group."""
        return self.customers[self.customers["arm"].notna()].reset_index(drop=True)

    @property
    def treatments(self) -> list[str]:
        """The arms that are contacted."""
        return list(self.terms.arms)


def seal(customers: pd.DataFrame, terms: Terms) -> PlanFile:
    """Order the rows by customer and take the fingerprint."""
    rows = customers.sort_values("customer_id", ignore_index=True)[SCHEMA.names]
    return PlanFile(rows, terms, _fingerprint(_table(rows), terms.to_json()))


def write_plan(plan: PlanFile, path: Path) -> None:
    """Write a plan; one of the same name is left alone if it is the same, else refused.

    Raises
    ------
    UserError
        When `path` holds something else.
    """
    if path.exists():
        if read_plan(path).fingerprint == plan.fingerprint:
            return
        raise UserError(
            f"{path}: holds another plan of a campaign, whose groups may be in use. Give this one "
            "another campaign's name and file, or remove the old file first."
        )
    metadata = {TERMS: plan.terms.to_json(), FINGERPRINT: plan.fingerprint}
    with atomic(path) as draft:
        parquet.write_table(_table(plan.customers).replace_schema_metadata(metadata), draft)


def _missing(path: Path) -> UserError:
    return UserError(f"There is no plan {path}. `churn plan` writes one.")


def _no_plan(path: Path) -> UserError:
    return UserError(f"{path}: is no plan of `churn plan`, or was edited.")


def read_terms(path: Path) -> Terms:
    """The terms of a plan, without its customers; that nobody edited them is not looked at.

    Raises
    ------
    UserError
        When it is no plan.
    """
    try:
        return Terms.from_json((parquet.read_schema(path).metadata or {})[TERMS].decode())
    except FileNotFoundError:
        raise _missing(path) from None
    except _NO_PLAN:
        raise _no_plan(path) from None


def read_plan(path: Path) -> PlanFile:
    """Read a plan, and check that it is as it was written.

    Raises
    ------
    UserError
        When it is no plan, or was edited.
    """
    try:
        table = parquet.read_table(path)
        metadata = table.schema.metadata or {}
        text, told = metadata[TERMS].decode(), metadata[FINGERPRINT].decode()
        table = table.select(SCHEMA.names).cast(SCHEMA)
        terms = Terms.from_json(text)
    except FileNotFoundError:
        raise _missing(path) from None
    except _NO_PLAN:
        raise _no_plan(path) from None
    if _fingerprint(table, text) != told:
        raise UserError(
            f"{path}: was edited after it was planned: its fingerprint does not fit. Groups that "
            "were changed by hand are not random any more; use the file as `churn plan` wrote it."
        )
    return PlanFile(table.to_pandas(), terms, told)


def is_control(arm: pd.Series) -> pd.Series:
    """Who is not contacted, so that there is something to compare with."""
    return arm == CONTROL


def _table(customers: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(customers, schema=SCHEMA, preserve_index=False)


def _fingerprint(table: pa.Table, terms: str) -> str:
    """SHA-256 over the terms and every cell: column by column, rows in the order of the file."""
    digest = hashlib.sha256(terms.encode())
    for name in SCHEMA.names:
        column = pa.concat_arrays(table[name].chunks) if table.num_rows else pa.nulls(0)
        digest.update(f"\n{name} {table[name].type} {len(column)}\n".encode())
        digest.update(column.is_null().cast(pa.uint8()).to_numpy())
        digest.update(_letters(column) if pa.types.is_string(column.type) else _numbers(column))
    return digest.hexdigest()


def _letters(texts: pa.StringArray) -> bytes:
    """How long each text is, and all of them in a row."""
    filled = texts.fill_null("")
    _, places, letters = filled.buffers()
    ends = np.frombuffer(places, np.int32)[filled.offset : filled.offset + len(filled) + 1]
    return np.diff(ends).tobytes() + memoryview(letters or b"")[ends[0] : ends[-1]].tobytes()


def _numbers(values: pa.Array) -> bytes:
    """The values, and 0 where there is none."""
    plain = values.cast(pa.int32()) if pa.types.is_date(values.type) else values
    found: bytes = plain.fill_null(0).to_numpy().tobytes()
    return found
