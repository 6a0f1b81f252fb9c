"""The `log:` section of the config: which column means what, and how its values are written."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.log.date_formats import NUMBERS, split_formats
from features.log.sales import Condition, Sales
from features.readers.source import SourceSpec

CANONICAL = ("customer_id", "transacted_at", "amount", "order_id", "quantity")
"""Columns of every validated log, in this order; attribute columns follow."""

OPTIONAL = {"order_id": "string", "quantity": "float64"}
"""Those of them that a log need not have, and their types."""


class Columns(BaseModel):
    """Which column of the log means what; names as the file's header has them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    customer_id: Annotated[str, Field(description="Kept as exact text: 00123 is not 123")]
    transacted_at: Annotated[str, Field(description="Date, or date and time, of the order")]
    amount: Annotated[
        str | None,
        Field(description="Money of the row, returns negative; none: each order counts 1"),
    ] = None
    unit_price: Annotated[
        str | None, Field(description="In place of amount: the money is then quantity x unit_price")
    ] = None
    order_id: Annotated[
        str | None,
        Field(description="When rows are order lines: lines of one number are one order"),
    ] = None
    quantity: Annotated[str | None, Field(description="Pieces in the row")] = None
    refunded: Annotated[
        str | None,
        Field(description="Money of the row that was given back later, such as Amount Refunded"),
    ] = None
    refund_customer: Annotated[
        str | None,
        Field(
            description="Whose money rows below 0 give back, where customer_id names the shop then"
        ),
    ] = None
    attributes: Annotated[
        tuple[str, ...], Field(description="Columns to learn from as they stand, such as country")
    ] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.refunded and not (self.amount or self.unit_price):
            raise ValueError("refunded needs amount: it is taken off it")
        if self.unit_price and self.amount:
            raise ValueError("name amount or unit_price, not both")
        if self.unit_price and not self.quantity:
            raise ValueError("unit_price needs quantity: the money is their product")
        lowered = [name.lower() for name in self.attributes]
        if len(set(lowered)) < len(lowered):
            raise ValueError("attributes names a column twice (case is ignored)")
        return self


class LogSpec(SourceSpec):
    """The `log:` section of the config: what each column of the log means and how it is written."""

    columns: Columns
    name: Annotated[
        str | None,
        Field(max_length=100, description="What the business is called; default: the source's"),
    ] = None
    timezone: Annotated[
        str | None,
        Field(description="Zone of the business, such as Europe/London; days are its days"),
    ] = None
    date_format: Annotated[
        str | None,
        Field(
            description="Such as %d/%m/%Y %H:%M, unix_seconds or excel_serial; several with | "
            "between; default: found if unambiguous"
        ),
    ] = None
    swapped_dates: Annotated[
        bool | None,
        Field(description="Dates that a spreadsheet made of 05/01: exchange their day and month"),
    ] = None
    decimal: Annotated[
        Literal[".", ","] | None, Field(description="Decimal mark of amounts; default a point")
    ] = None
    thousands: Annotated[
        Literal[",", ".", "space", "apostrophe"] | None,
        Field(description="Mark between thousands, or lakhs; default none"),
    ] = None
    currency: Annotated[
        str | None,
        Field(max_length=5, description="Sign or code beside each amount; a code reads its signs"),
    ] = None
    minus: Annotated[
        Literal["brackets", "trailing"] | None,
        Field(description="Of amounts below 0: (30.00) or 30.00-; default in front"),
    ] = None
    scale: Annotated[
        float | None,
        Field(gt=0, le=1e12, description="Amounts are multiplied by it, where they are tiny"),
    ] = None
    returns: Annotated[
        Literal["negative", "quantity", "ignore"],
        Field(
            description="negative: amounts below 0 give money back and are netted; quantity: so do "
            "rows of a quantity below 0, whatever the sign of the amount; ignore: set aside"
        ),
    ] = "negative"
    sales: Annotated[
        Sales | None,
        Field(description="Which rows are sales: a column, and its values that are (or not: are)"),
    ] = None
    refunds: Annotated[
        Sales | None,
        Field(description="Rows that give money back though their amount is above 0, such as Type"),
    ] = None
    where: Annotated[
        tuple[Condition, ...],
        Field(description="Rows to use: each a column, an operator and a value; all must hold"),
    ] = ()
    lines: Annotated[
        Literal["each", "repeated_total", "first_line_total", "continued", "instalments"] | None,
        Field(
            description="Whose the money is in a log of order lines. each: the line's (default); "
            "repeated_total: the order's, on every line; first_line_total: the order's, on its "
            "first line; continued: the line's, but customer and day stand on the first line; "
            "instalments: the line's, on the day of the order's first line: paid in parts"
        ),
    ] = None
    versions: Annotated[
        Literal["all", "last", "last_row"] | None,
        Field(
            description="An order number of one customer that occurs again. all: each row counts "
            "(default); last: the rows of the file that goes on longest; last_row: one row, the "
            "last by version_column, day and place"
        ),
    ] = None
    version_column: Annotated[
        str | None,
        Field(description="With versions: last_row, the column that grows: version, updated_at"),
    ] = None
    customer_case: Annotated[
        Literal["exact", "ignore"],
        Field(description="ignore: ids apart only by case or blanks around them are one customer"),
    ] = "exact"
    customer_form: Annotated[
        Literal["exact", "number", "phone"],
        Field(
            description="number: 13085.0 is 13085; phone: +7 900 1234567 and 8 (900) 123-45-67 "
            "are one"
        ),
    ] = "exact"
    anonymous_ids: Annotated[
        tuple[str, ...],
        Field(
            description="Ids that many people share, such as 0 or guest: their rows are left out"
        ),
    ] = ()
    unused: Annotated[
        tuple[str, ...],
        Field(description="Columns that were looked at and play no part: nothing is asked of them"),
    ] = ()
    duplicates: Annotated[
        Literal["keep", "drop"] | None,
        Field(description="Rows equal in every column; default keep, unless all come twice"),
    ] = None
    until: Annotated[date | None, Field(description="Rows at or after this day are left out")] = (
        None
    )
    max_set_aside: Annotated[
        float,
        Field(ge=0, le=1, description="Share of unusable rows above which the log is refused"),
    ] = 0.05
    max_anonymous: Annotated[
        float, Field(ge=0, le=1, description="The same for rows without a customer (guest sales)")
    ] = 0.5

    @field_validator("anonymous_ids", mode="before")
    @classmethod
    def _ids_are_text(cls, value: Any) -> Any:
        listed = isinstance(value, (list, tuple))
        return tuple(str(one) for one in value) if listed else value

    @field_validator("thousands", mode="before")
    @classmethod
    def _marks_by_name(cls, value: Any) -> Any:
        named = {" ": "space", "\xa0": "space", "\u202f": "space"}
        return (named | {"'": "apostrophe", "\u2019": "apostrophe"}).get(value, value)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError("no such time zone; write it like Europe/London or UTC")
        return value

    @field_validator("date_format")
    @classmethod
    def _readable_format(cls, value: str | None) -> str | None:
        for form in split_formats(value):
            named = {part.removeprefix("-") for part in re.findall(r"%(-?.|$)", form)}
            years = named & {"Y", "y", "G"}
            # Without a day it is the first of the month, or the Monday of an ISO week.
            days = named & ({"V"} if "G" in years else {"j", "m", "b", "B"})
            known = named <= set("YymbBdjHIMSfnpzaA%GVu")
            if form not in NUMBERS and not (days and known and len(years) == 1):
                raise ValueError(
                    "is strptime's, with %Y, %m and %d, or %G and %V of ISO weeks, or one of "
                    f"{', '.join(NUMBERS)}"
                )
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError("thousands and decimal are the same mark")
        if self.returns == "quantity" and not self.columns.quantity:
            raise ValueError("returns: quantity needs columns.quantity")
        if self.versions in ("last", "last_row") and not self.columns.order_id:
            raise ValueError(f"versions: {self.versions} needs columns.order_id")
        if self.version_column and self.versions != "last_row":
            raise ValueError("version_column needs versions: last_row")
        if self.lines in ("first_line_total", "instalments") and not self.columns.order_id:
            raise ValueError(f"lines: {self.lines} needs columns.order_id")
        return self

    @property
    def known(self) -> tuple[str, ...]:
        """The optional columns that the log has."""
        return tuple(name for name in OPTIONAL if getattr(self.columns, name))
