"""Lines of a file that are no orders: totals at its foot, and headers of files put together."""

from collections.abc import Iterable
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.log.identity import filled
from features.log.spec import LogSpec
from features.log.words import footers
from features.readers.reading import Raw

BESIDE = r"^[\s\x{00A0}]+|[\x00-@\[-`{-\x{00BF}\x{2000}-\x{2BFF}]+$"
"""What may stand before and behind the word for a total: blanks, numbers, signs of money."""


def stray(table: ir.Table, raw: Raw, spec: LogSpec) -> ir.StringValue:
    """Why a row is no order: ``header_again``, ``footer``, or null for all others.

    A footer names itself in the customer's cell; or, where customer or day are missing, in
    its first filled cell.
    """
    names = (spec.columns.customer_id, spec.columns.transacted_at)
    owner, day = (filled(table[raw.columns[name]]) for name in names)
    texts = [isinstance(cell.type(), dt.String) for cell in (owner, day)]
    cases: list[tuple[Any, Any]] = []
    if all(texts):
        cases.append(((owner == names[0]) & (day == names[1]), "header_again"))
    if texts[0]:
        spelled = (f"{word}{end}" for word in footers() for end in ("", ":", " :"))
        # No word begins with a digit, as most ids do; see below for why they are null.
        some = (owner >= "A").ifelse(owner, ibis.null("string"))
        cases.append((_one_of(some, spelled), "footer"))
    lacking = owner.isnull() | day.isnull()
    if texts[1]:
        # Most days begin with a digit and need no closer look.
        digit = (day >= "0") & (day < ":")
        lacking |= ibis.cases((digit, False), else_=~day.re_search(r"\d"))
    if (label := _first_text(table, raw)) is not None:
        # The label of other rows is null before it is looked at: an engine that joins the words of
        # a list looks at every row, whatever condition stands around it.
        some = ibis.cases((ibis.coalesce(lacking, True), label), else_=ibis.null("string"))
        cases.append((ibis.coalesce(names_total(some), False), "footer"))
    return ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string")


def names_total(cells: ir.StringValue) -> ir.BooleanValue:
    """Whether each cell is a word for a total, and no further word."""
    return _one_of(cells.re_replace(BESIDE, ""), footers())


def without_totals(table: ir.Table, raw: Raw) -> ir.Table:
    """The rows of a raw table whose first filled cell is no word for a total."""
    label = _first_text(table, raw)
    return table if label is None else table.filter(~ibis.coalesce(names_total(label), False))


def _first_text(table: ir.Table, raw: Raw) -> ir.StringValue | None:
    cells = [filled(table[place]) for place in {**raw.columns, **raw.written}.values()]
    texts = [cell for cell in cells if isinstance(cell.type(), dt.String)]
    return ibis.coalesce(*texts) if texts else None


def _one_of(cells: ir.StringValue, words: Iterable[str]) -> ir.BooleanValue:
    """Whether each cell is one of the words, in whatever case."""
    # An array, and no pattern: one of so many words takes longer to build than a log of few rows.
    return ibis.array(sorted(words)).contains(cells.lower())
