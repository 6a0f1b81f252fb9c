"""Which rows are sales: conditions on columns that a config declares and nobody guesses.

A log of payments, orders or events holds rows that never brought money: failed, cancelled,
pending, a view, a cart. `Sales` says which values of one column are sales, `Condition` is a
plain comparison of one column with a value. Nothing in them is executed.
"""

from collections.abc import Iterable
from datetime import date
from math import isfinite
from typing import Annotated, Any, Literal, Self

import ibis
import ibis.expr.types as ir
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Operator = Literal["=", "!=", "in", "not in", "<", "<=", ">", ">=", "blank", "filled"]
Kind = Literal["number", "day", "word"]
_ORDERED = ("<", "<=", ">", ">=")
_YAML_TRUTH = {True: ("true", "yes", "on"), False: ("false", "no", "off")}


class Sales(BaseModel):
    """The values of one column whose rows are sales, or those whose rows are not."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=False
    )

    column: Annotated[str, Field(min_length=1, description="Such as Status")]
    values: Annotated[
        tuple[str, ...] | None,
        Field(description="Its values whose rows are sales; case is ignored, '' is a blank"),
    ] = None
    not_: Annotated[
        tuple[str, ...] | None,
        Field(alias="not", description="In place of values: all rows are sales but these"),
    ] = None

    @field_validator("values", "not_", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return tuple(_texts(value)) if isinstance(value, (list, tuple)) else value

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.values is None) == (self.not_ is None):
            raise ValueError("takes values or not, and one of them")
        return self

    def holds(self, cells: ir.StringValue) -> ir.BooleanValue:
        """Whether the row of each cell is a sale."""
        if self.values is not None:
            return is_one_of(cells, self.values)
        return ~is_one_of(cells, self.not_ or ())


class Condition(BaseModel):
    """A comparison that a row has to meet to be used: a column, an operator and a value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, Field(min_length=1)]
    operator: Operator = "="
    value: Annotated[
        bool | int | float | date | str | tuple[bool | int | float | date | str, ...] | None,
        Field(description="A list for `in` and `not in`; none for `blank` and `filled`"),
    ] = None

    @field_validator("value")
    @classmethod
    def _finite(cls, value: Any) -> Any:
        listed = value if isinstance(value, tuple) else (value,)
        if any(isinstance(one, float) and not isfinite(one) for one in listed):
            raise ValueError("nothing compares with a value that is no number")
        return value

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        many, alone = isinstance(self.value, tuple), self.operator in ("blank", "filled")
        if alone != (self.value is None):
            raise ValueError(f"{self.operator} takes {'no' if alone else 'a'} value")
        if not alone and many != (self.operator in ("in", "not in")):
            raise ValueError(f"{self.operator} takes {'one value' if many else 'a list'}")
        sized = isinstance(self.value, (int, float, date)) and not isinstance(self.value, bool)
        if self.ordered and not sized:
            raise ValueError(f"{self.operator} compares with a number or a day")
        return self

    def holds(self, cells: ir.StringValue) -> ir.BooleanValue:
        """Whether each cell meets the condition; a blank one meets no comparison of size."""
        if self.operator == "blank":
            return folded(cells) == ""
        if self.operator == "filled":
            return folded(cells) != ""
        if self.ordered:
            return ibis.coalesce(self._sized(cells), False)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        equal = is_one_of(cells, _texts(values))
        for number in (v for v in values if isinstance(v, (int, float))):
            equal |= ibis.coalesce(cells.try_cast("float64") == float(number), False)
        return ~equal if self.operator in ("!=", "not in") else equal

    @property
    def ordered(self) -> bool:
        """Whether it compares by size."""
        return self.operator in _ORDERED

    @property
    def kind(self) -> Kind | None:
        """What it compares with, where that is of one kind."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        kinds = {_kind(value) for value in values}
        return kinds.pop() if len(kinds) == 1 else None

    def _sized(self, cells: ir.StringValue) -> Any:
        """The comparison of size, null where the cell is no number, or no day."""
        other: Any = self.value
        kind = "timestamp" if isinstance(other, date) else "float64"
        mine = cells.try_cast(kind)
        return {
            "<": mine < other,
            "<=": mine <= other,
            ">": mine > other,
            ">=": mine >= other,
        }[self.operator]


def _kind(value: Any) -> Kind | None:
    if isinstance(value, str):
        return None if value.strip()[:1] in "0123456789+-.,(" else "word"
    if isinstance(value, bool) or value is None:
        return None
    return "day" if isinstance(value, date) else "number"


def folded(cells: Any) -> ir.StringValue:
    """Cells as they are compared: without case and blanks around them, nothing as ''."""
    return ibis.coalesce(cells.re_replace(r"^[\s\x{00A0}]+|[\s\x{00A0}]+$", "").lower(), "")


def is_one_of(cells: Any, values: Iterable[str]) -> ir.BooleanValue:
    """Whether each cell is one of the values, without case and blanks around them.

    The engine folds both: its lower case of İ, or of a final Σ, is not Python's.
    """
    return folded(cells).isin([ibis.literal(value.strip()).lower() for value in values])


def _texts(values: Any) -> list[str]:
    """Values as text; YAML reads yes, on and true alike, so each of them is meant."""
    texts: list[str] = []
    for value in values:
        texts += _YAML_TRUTH[value] if isinstance(value, bool) else [str(value)]
    return texts
