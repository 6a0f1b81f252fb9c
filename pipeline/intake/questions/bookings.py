"""Tells what is booked for later: states whose days come after all others, days after the end."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from shlex import quote

import ibis
import ibis.expr.types as ir

from features.errors import UserError
from features.log.identity import filled
from features.log.moments import read_moments
from features.log.parsing import dated
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

SHORTEST = 14
"""Days that bookings reach ahead at least: orders of the last days may only be in process."""


SOME = 0.01
"""Share of the rows that are booked for later, from which on it is told."""


def ask(look: Look) -> Iterator[Question]:
    """A remark where what was booked is held after the log's end: it can still be cancelled."""
    booked = look.spec.columns.transacted_at
    last = None
    for name in (name for name in look.free if look.called(name, "held")):
        held = _days(look, name)
        last = last or _last(_days(look, booked))
        if held is None or last is None:
            continue
        later = held.day > last
        seen = first(held.aggregate(n=held.count(), later=later.sum(), end=held.day.max()))
        if (seen["later"] or 0) < SOME * seen["n"] or (seen["end"] - last).days < SHORTEST:
            continue
        way = f"--transacted-at {quote(name)} --until {last + timedelta(days=1)}"
        yield Question(
            name,
            f"{seen['later']:,} of {seen['n']:,} rows have a day in {name!r} after {last}, the "
            f"last one of {booked!r}. What is booked for later can still be cancelled, and counts "
            f"from the day it was booked. If it shall count when it is held: {way}.",
            pressing=False,
        )
        return


def _days(look: Look, name: str) -> ir.Table | None:
    """The days of a column in the first rows, as ``day``; None while they cannot be read."""
    rows = look.rows.select("row", moment=filled(look.rows[look.place(name)]))
    try:
        return rows.mutate(day=read_moments(rows, "moment", dated(look.spec), "").moment.date())
    except UserError:
        return None


def _last(days: ir.Table | None) -> date | None:
    found: date | None = None if days is None else first(days.aggregate(end=days.day.max()))["end"]
    return found


def booked_ahead(look: Look, name: str, values: Sequence[str]) -> list[str]:
    """Those of the values of a column that stand for bookings; none while dates cannot be read."""
    spans = _spans(look, name) if values else {}
    ahead = []
    for value in set(values) & set(spans):
        begins, until = spans[value]
        others = [last for one, (_, last) in spans.items() if one != value]
        if others and begins > max(others) and (until - begins).days >= SHORTEST:
            ahead.append(value)
    return ahead


def since_long(look: Look, name: str, values: Sequence[str]) -> bool:
    """Whether rows of any of the values begin in the first half of the log: none is in process."""
    spans = _spans(look, name) if values else {}
    if not spans:
        return False
    begins, ends = min(one for one, _ in spans.values()), max(one for _, one in spans.values())
    middle = begins + (ends - begins) / 2
    return any(spans[value][0] < middle for value in values if value in spans)


def moved_end(look: Look, name: str, kept: Sequence[str]) -> str:
    """What rows of other values than `kept` do that lie weeks after all of theirs; or nothing.

    The log would seem to reach so far, and everybody to have been silent since the last sale.
    """
    spans = _spans(look, name)
    sales = [last for value, (_, last) in spans.items() if value in kept]
    end = max((last for _, last in spans.values()), default=None)
    if not sales or not end or (end - max(sales)).days < SHORTEST:
        return ""
    return (
        f" They go on to {end}, and the last sale is of {max(sales)}: the log seems to end there."
    )


def _spans(look: Look, name: str) -> dict[str, tuple[date, date]]:
    """First and last day of each value's rows; nothing while dates cannot be read."""
    rows = look.raw.table.select(
        "row",
        moment=filled(look.raw.table[look.place(look.spec.columns.transacted_at)]),
        value=ibis.coalesce(look.text(look.raw.table, name).strip(), ""),
    )
    try:
        day = read_moments(rows, "moment", dated(look.spec), "").moment.cast("date")
    except UserError:
        return {}
    ends = rows.mutate(day=day).group_by("value").agg(first=ibis._.day.min(), last=ibis._.day.max())
    return {
        row["value"]: (row["first"], row["last"])
        for row in ends.to_pyarrow().to_pylist()
        if row["first"]
    }
