"""What a request may hold, and what it is told when it does not: never a value of it.

Limits are part of the schema, so that they stand in the OpenAPI document.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from features.customer.catalogue import CATALOGUE, NEVER_NULL
from features.customer.snapshot import categories
from features.errors import UserError
from pipeline.model_files.manifest import Manifest

MOST_CUSTOMERS, MOST_ROWS = 1_000, 50_000
MOST_BYTES = 16 * 2**20
LARGEST = 1e14
"""As of any amount of a log."""

Name = Annotated[str, Field(min_length=1, max_length=300)]
Text = Annotated[StrictStr, Field(max_length=10_000)]
Number = Annotated[StrictFloat, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Cell = Text | Whole | Number | StrictBool | None
Row = Annotated[dict[Name, Cell], Field(max_length=200)]
Value = Text | Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)] | None


class Asked(BaseModel):
    """Customers to be scored: by the rows of their orders, or by a summary each."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [{"required": ["orders"]}, {"required": ["customers"]}]},
    )

    as_of: Annotated[
        date | None,
        Field(
            ge=date(1970, 1, 2),
            le=date(2999, 12, 31),
            description="Nothing from this day on is known; default: tomorrow, so that today's "
            "orders count",
        ),
    ] = None
    orders: Annotated[
        list[Row],
        Field(
            min_length=1,
            max_length=MOST_ROWS,
            description="Rows of the log, in its own columns and notation: all orders of up to "
            "1,000 customers. Ids are texts or whole numbers",
        ),
    ] = []
    customers: Annotated[
        list[Annotated[dict[Name, Value], Field(max_length=2_000)]],
        Field(
            min_length=1,
            max_length=MOST_CUSTOMERS,
            description="One summary a customer: customer_id, and every feature that /model names",
        ),
    ] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.orders) == bool(self.customers):
            raise ValueError("give orders or customers, and not both")
        return self


class Told(BaseModel):
    """Where the rows of a request went: rows in = used + set aside."""

    rows: int
    used: int
    set_aside: dict[str, int]


class Answered(BaseModel):
    """One entry of `scores` per customer with a purchase before `as_of`, in order of id.

    Their columns are those of `churn score`.
    """

    model_version: str
    as_of: date
    horizon_days: int
    scores: list[dict[str, str | int | float | None]]
    orders: Told | None = None


class Refused(BaseModel):
    """Why a request was not answered; it holds none of its values."""

    detail: str


def refuse_missing(rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Stop where no row names a column of the log: its meaning would be left out, not blank.

    Raises
    ------
    UserError
        Naming them.
    """
    named = {name for row in rows for name in row}
    if missing := [name for name in columns if name not in named]:
        raise UserError(
            f"orders: no row has {', '.join(map(repr, missing))}. Send every column that /model "
            "names under columns_of_orders, null where a cell is blank."
        )


def texts(
    rows: Sequence[Mapping[str, Any]], ids: Iterable[str], decimal: str = "."
) -> list[dict[str, str | None]]:
    """Cells as a text file of the log would have them, numbers with its decimal mark.

    >>> texts([{"who": 7, "Betrag": 12.9}], ["who"], ",")
    [{'who': '7', 'Betrag': '12,9'}]

    Raises
    ------
    UserError
        For an id (in one of the columns `ids`) with a decimal point, or too many customers.
    """
    ids = list(ids)
    if any(isinstance(row.get(name), float) for row in rows for name in ids):
        raise UserError(f"{ids[0]}: an id is a text or a whole number.")
    found = [{name: _text(cell, decimal) for name, cell in row.items()} for row in rows]
    number = len({row.get(ids[0]) for row in found})
    if number > MOST_CUSTOMERS:
        raise UserError(f"orders: {number:,} customers are more than {MOST_CUSTOMERS:,}.")
    return found


def _text(cell: Any, decimal: str) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(cell).replace(".", decimal)
    return None if cell is None else str(cell)


def columns_of(manifest: Manifest) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Numbers of a summary, and whether each may be missing; and its texts, which all may."""
    nullable = {feature.name: feature.null_means != NEVER_NULL for feature in CATALOGUE}
    numbers = {name: nullable.get(name, True) for name in manifest.features}
    numbers |= {f"distinct_{name}": False for name in manifest.attributes}
    return numbers, categories(manifest.attributes)


def summaries(customers: Sequence[Mapping[str, Any]], manifest: Manifest) -> dict[str, list[Any]]:
    """The columns of a snapshot from one mapping a customer.

    Raises
    ------
    UserError
        Naming the columns that are missing, unknown, of the wrong kind or contradict each other.
    """
    numbers, named = columns_of(manifest)
    wanted = {"customer_id", *numbers, *named}
    for place, one in enumerate(customers):
        missing = sorted(wanted - set(one))
        if missing or len(one) > len(wanted):
            raise UserError(
                f"customers, {place}: {len(missing)} of {len(wanted)} columns are missing "
                f"({', '.join(missing[:5]) or 'none'}), {len(set(one) - wanted)} are unknown."
            )
        if problem := _wrong(one, numbers, named):
            raise UserError(f"customers, {place}: {problem}")
    columns: dict[str, list[Any]] = {"customer_id": [one["customer_id"] for one in customers]}
    for name in numbers:
        given = [one[name] for one in customers]
        columns[name] = [None if value is None else float(value) for value in given]
    return columns | {name: [one[name] for one in customers] for name in named}


def _wrong(one: Mapping[str, Any], numbers: Mapping[str, bool], named: Iterable[str]) -> str:
    """What is wrong with a summary, in words; empty where nothing is."""
    for name in ("customer_id", *named):
        if not isinstance(one[name], str) and (one[name] is not None or name == "customer_id"):
            return f"{name} is a text."
    for name, may_miss in numbers.items():
        if isinstance(one[name], str) or (one[name] is None and not may_miss):
            return f"{name} is a number{'' if may_miss else ', never missing'}."
    x, t_x, age = one["frequency"], one["recency"], one["T"]
    rules = {
        "frequency is a whole number from 0 to 1,000,000": x == int(x) and 0 <= x <= 1e6,
        "T is a number of days from 1 to 100,000": 1 <= age <= 1e5,
        "recency lies below T, and is 0 where frequency is": (
            0 <= t_x < age and (t_x == 0) == (x == 0)
        ),
        "days_since_last is T less recency": one["days_since_last"] == age - t_x,
        "orders is at least frequency + 1": one["orders"] >= x + 1,
        "amount_mean is above 0": one["amount_mean"] > 0,
        "amount_total is at most amount_mean times frequency + 1": (
            one["amount_total"] <= one["amount_mean"] * (x + 1) * (1 + 1e-9)
        ),
        "monetary_value is 0 where frequency is, and above it elsewhere": (
            one["monetary_value"] > 0 if x else one["monetary_value"] == 0
        ),
        "gap_mean is above 0, and missing where frequency is 0": (
            (one["gap_mean"] or 0) > 0 if x else one["gap_mean"] is None
        ),
    }
    return "; ".join(rule for rule, holds in rules.items() if not holds)
