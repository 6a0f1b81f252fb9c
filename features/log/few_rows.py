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
from features.log.parsing import parse
from features.log.spec import LogSpec
from features.log.transactions import used_rows
from features.log.versions import without_duplicates, without_superseded
from features.readers.reading import Raw

Writing = Literal["plain", "marked"]

SAMPLE: dict[Writing, tuple[str, str]] = {"plain": ("2024-01-31", "1.5"), "marked": ("?", "?")}
"""A date and a number of each kind: an expression that is made over such a row reads all of it."""

_DIGITS = re.compile(r"(%[Ymd])([-./ ]?)(?!\1)(%[Ymd])\2(?!\1|\3)%[Ymd]([ T]%H:%M(:%S)?)?")
"""Formats of digits at fixed places."""

_PLACES = {
    "%Y": r"(?P<Y>[12]\d{3})",
    "%m": r"(?P<m>\d\d)",
    "%d": r"(?P<d>\d\d)",
    "%H": r"(?P<time>([01]\d|2[0-3])",
    "%M": r"[0-5]\d",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,14}(\.\d{1,12})?", re.ASCII)
_WORD = re.compile(r"[^\W\d_]{3}")

NEVER = datetime(9000, 1, 1)
"""No moment is in the future here: whoever asks says which day it is."""


def writings(spec: LogSpec) -> tuple[Writing, ...]:
    """The kinds that rows of a log can be of: only `marked` where it is declared how it writes."""
    notation = Notation(spec.decimal, spec.thousands, spec.currency, spec.minus, spec.scale)
    return ("marked",) if notation.declared or not plain_days(spec) else ("plain", "marked")


def plain_days(spec: LogSpec) -> re.Pattern[str] | None:
    """What a date is like that is read plainly; None where none is.

    Of digits at fixed places it has groups, see `as_iso`.
    """
    form = spec.date_format
    if form is None:
        return _DAY
    if not _DIGITS.fullmatch(form):
        return None
    form = form.replace(".", r"\.").replace(":%S", r":[0-5]\d")
    for mark, place in _PLACES.items():
        form = form.replace(mark, place)
    return re.compile(form + ")" * ("time" in form), re.ASCII)


def as_iso(day: re.Pattern[str], cell: str | None) -> str | None:
    """A date of `plain_days` in ISO 8601, which the plain reading reads.

    Examples
    --------
    >>> columns = {"customer_id": "id", "transacted_at": "day", "amount": "money"}
    >>> spec = LogSpec(source="orders.csv", columns=columns, date_format="%d.%m.%Y %H:%M")
    >>> as_iso(plain_days(spec), "31.01.2024 09:05")
    '2024-01-31 09:05'
    """
    found = day.fullmatch(cell) if cell and day.groupindex else None
    if not found:
        return cell
    parts = found.groupdict()
    time = f" {parts['time']}" if "time" in parts else ""
    return f"{parts['Y']}-{parts['m']}-{parts['d']}{time}"


def writing(dates: Iterable[str], numbers: Iterable[str], spec: LogSpec) -> Writing:
    """The simplest reading that reads these cells as the whole log's would; it costs the least.

    Examples
    --------
    >>> columns = {"customer_id": "id", "transacted_at": "day", "amount": "money"}
    >>> spec = LogSpec(source="orders.csv", columns=columns)
    >>> writing(["2024-01-31"], ["9.90"], spec), writing(["31/1/2024"], ["9.90"], spec)
    ('plain', 'marked')
    """
    day = plain_days(spec) if "plain" in writings(spec) else None
    simple = day and all(map(day.fullmatch, dates)) and all(map(_NUMBER.fullmatch, numbers))
    return "plain" if simple else "marked"


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


def parsed(rows: ir.Table, spec: LogSpec, kind: Writing) -> ir.Table:
    """Cells as canonical columns with the first ``reason`` against each row, as an expression.

    `rows` hold a row of `SAMPLE` now, and what is asked when the expression is run; dates that are
    plain come `as_iso`. The number of the request stands before the ids, as in ``3:00017``:
    customers of two requests stay apart.
    """
    if kind == "plain":
        spec = spec.model_copy(update={"date_format": None})
    found, _, _ = parse(rows, spec, NEVER)
    apart = found.file.cast("string") + ":" + found.customer_id
    found = found.mutate(customer_id=apart)
    if spec.versions == "last_row":
        found = without_superseded(found, spec)
    return without_duplicates(found) if spec.duplicates == "drop" else found


def transactions(rows: ir.Table, spec: LogSpec) -> ir.Table:
    """Those of the `parsed` rows that no reason is against: see `transactions.Log`."""
    return used_rows(rows, spec)
