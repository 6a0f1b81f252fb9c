"""Which tables of a database are checked inside it: those whose types leave nothing to be read."""

from collections.abc import Iterable, Mapping

from features.engines.postgres import UnableError
from features.engines.postgres_kinds import MOMENTS, NUMBERS, ZONED
from features.log.order_lines import FILLED
from features.log.spec import LogSpec

LONGEST_NAME = 58
"""Bytes; PostgreSQL cuts names off at 63, and some get a word before them."""

Typed = tuple[str, list[str]]
"""The column of moments, and those of numbers."""


def typed_columns(spec: LogSpec, kinds: Mapping[str, str]) -> Typed:
    """The columns that are read by their types, all others by their texts.

    Parameters
    ----------
    kinds
        The columns of the table, and what PostgreSQL calls their types.

    Raises
    ------
    UnableError
        Where a cell has to be read to know what it means, with the reason.

    Examples
    --------
    >>> columns = {"customer_id": "id", "transacted_at": "day", "amount": "money"}
    >>> spec = LogSpec(source="postgresql://host/shop", table="orders", columns=columns)
    >>> typed_columns(spec, {"id": "uuid", "day": "date", "money": "numeric"})
    ('day', ['money'])
    """
    columns = spec.columns
    moment = columns.transacted_at
    found = (columns.amount, columns.unit_price, columns.quantity, columns.refunded)
    numbers = list(dict.fromkeys(name for name in found if name))
    texts = _read_as_texts(spec)
    if missing := {moment, *numbers, *texts} - kinds.keys():
        raise UnableError(f"it has no column {sorted(missing)[0]!r}.")
    if twice := {moment, *numbers} & set(texts) or {moment} & set(numbers):
        raise UnableError(f"{sorted(twice)[0]!r} is read in two ways.")
    _refuse_other_types(moment, numbers, kinds)
    if kinds[moment] == ZONED and spec.timezone is None:
        raise UnableError(f"{moment!r} has a time zone; name the business's, log.timezone.")
    _refuse_declared(spec)
    if any(len(name.encode()) > LONGEST_NAME for name in kinds):
        raise UnableError("a column's name is too long.")
    return moment, numbers


def _refuse_other_types(moment: str, numbers: Iterable[str], kinds: Mapping[str, str]) -> None:
    if kinds[moment] not in MOMENTS:
        raise UnableError(f"{moment!r} is {kinds[moment]}, which has to be read as a date.")
    for name in numbers:
        if kinds[name] not in NUMBERS:
            raise UnableError(f"{name!r} is {kinds[name]}, which has to be read as a number.")


def _read_as_texts(spec: LogSpec) -> list[str]:
    columns = spec.columns
    names = [columns.customer_id, columns.order_id, columns.refund_customer, *columns.attributes]
    names += [rule.column for rule in (spec.sales, spec.refunds, *spec.where) if rule]
    return [name for name in names if name]


def _refuse_declared(spec: LogSpec) -> None:
    """Keys that say how cells are written, or compare them as more than texts."""
    keys = ("date_format", "swapped_dates", "decimal", "thousands", "currency", "minus", "scale")
    declared = [key for key in keys if getattr(spec, key) is not None]
    declared += ["lines"] if spec.lines in FILLED else []
    declared += ["versions"] if spec.versions in ("last", "last_row") else []
    values = [condition.value for condition in spec.where]
    listed = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    declared += [] if all(one is None or isinstance(one, str) for one in listed) else ["where"]
    if declared:
        raise UnableError(f"log.{declared[0]} has its cells read one by one.")
