"""Rows of a log that come a few at a time, such as one customer's: read by the log's own rules.

What `transactions.validate` finds by looking at a whole log (how its dates are written, whether a
day stands apart, whether rows are too many to be faults) a few rows cannot tell. Here it is
settled: by the spec, and by how the rows at hand are written. Nothing is refused for a value.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import ibis.expr.types as ir

from features.log.cells import meaningful
from features.log.date_texts import tidy
from features.log.notations import Notation
from features.log.spec import LogSpec
from features.log.transactions import parse, used_rows
from features.log.versions import without_duplicates, without_superseded
from features.readers.reading import Raw

Writing = Literal["plain", "marked"]

SAMPLE: dict[Writing, tuple[str, str]] = {"plain": ("2024-01-31", "1.5"), "marked": ("?", "?")}
"""A date and a number of each kind: an expression that is made over such a row reads all of it."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,14}(\.\d{1,12})?", re.ASCII)
_WORD = re.compile(r"[^\W\d_]{3}")

NEVER = datetime(9000, 1, 1)
"""No moment is in the future here: whoever asks says which day it is."""


def writings(spec: LogSpec) -> tuple[Writing, ...]:
    """The kinds that rows of a log can be of: only `marked` where it is declared how it writes."""
    notation = Notation(spec.decimal, spec.thousands, spec.currency, spec.minus, spec.scale)
    return ("marked",) if spec.date_format or notation.declared else ("plain", "marked")


def writing(dates: Iterable[str], numbers: Iterable[str], spec: LogSpec) -> Writing:
    """The simplest reading that reads these cells as the whole log's would; it costs the least.

    Examples
    --------
    >>> columns = {"customer_id": "id", "transacted_at": "day", "amount": "money"}
    >>> spec = LogSpec(source="orders.csv", columns=columns)
    >>> writing(["2024-01-31"], ["9.90"], spec), writing(["31/1/2024"], ["9.90"], spec)
    ('plain', 'marked')
    """
    simple = all(map(_DAY.fullmatch, dates)) and all(map(_NUMBER.fullmatch, numbers))
    return "plain" if simple and "plain" in writings(spec) else "marked"


def worded(dates: Iterable[str], spec: LogSpec) -> bool:
    """Whether these dates hold words, such as names of months, that `tidied` has to read first."""
    return bool(spec.date_format) and any(map(_WORD.search, dates))


def cells(raw: Raw, spec: LogSpec) -> ir.Table:
    """The cells that mean something, see `log.cells`, as an expression.

    Each ``file`` of `raw` is a request of its own.
    """
    return meaningful(raw, spec)


def tidied(rows: ir.Table) -> ir.Table:
    """``row`` and the texts of dates with the words in them as a format knows them.

    `rows` are `cells` and hold a word as a date now. On its own, for within a whole reading it
    would be repeated without end.
    """
    return rows.select("row", text=tidy(rows, "moment"))


def parsed(rows: ir.Table, spec: LogSpec) -> ir.Table:
    """Cells as canonical columns with the first ``reason`` against each row, as an expression.

    `rows` hold a row of `SAMPLE` now, and what is asked when the expression is run. The number of
    the request stands before the ids, as in ``3:00017``: customers of two requests stay apart.
    """
    found, _, _ = parse(rows, spec, NEVER)
    apart = found.file.cast("string") + ":" + found.customer_id
    found = found.mutate(customer_id=apart)
    if spec.versions == "last_row":
        found = without_superseded(found, spec)
    return without_duplicates(found) if spec.duplicates == "drop" else found


def transactions(rows: ir.Table, spec: LogSpec) -> ir.Table:
    """Those of the `parsed` rows that no reason is against: see `transactions.Log`."""
    return used_rows(rows, spec)
