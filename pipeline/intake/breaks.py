"""What days say of how a log was made: dates that stand for none, imports, changed ids."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
import numpy as np

CROWDED = 5
"""An import has so many times the customers of the fifth fullest day: a sale lasts some days."""

SHARE = 0.05
"""And so large a share of all that days have."""

RETURNING = 50
"""So many customers who came back must stand before a day, and after it, for it to part them."""

PARTED = 0.02
"""And at most this share of the fewer of them may have bought on both sides of it."""

PAUSE = 180
"""Days without any purchase; what lies before such a pause may bear a date that stands for none."""

HOLE = 7
"""So many days without any purchase, and three times as many as ever else, may be lost orders."""


def breaks(days: ir.Table, customers: ir.Table) -> list[str]:
    """Remarks on days that are no trade's.

    `days` are `features.customer.purchase_days.netted_days`, `customers` their `spans`. Both are
    counted by day; what comes out of the engine is as long as the calendar.
    """
    bought = days.filter(days.amount > 0)
    full = _by_day(bought, "transacted_at")
    told = [*_paused(full), *_imported(full)]
    if sum(full.values()) < 4 * RETURNING:  # of two days each, on either side
        return told
    again = customers.filter(customers.purchases > 1)
    firsts, lasts = (_by_day(again, column) for column in ("first_bought", "last_bought"))
    return [*told, *_renamed(firsts, lasts)]


def _by_day(rows: ir.Table, column: str) -> dict[date, int]:
    counts = rows.group_by(day=rows[column]).aggregate(n=rows.count())
    found: list[dict[str, Any]] = counts.to_pyarrow().to_pylist()
    return {row["day"]: row["n"] for row in found}


def _paused(full: dict[date, int]) -> Iterator[str]:
    """The longest time in which nobody bought: with little before it, or unlike any other."""
    days = sorted(full)
    if len(days) < 3:
        return
    silent = [(later - day).days - 1 for day, later in pairwise(days)]
    i = int(np.argmax(silent))
    before, total = sum(full[day] for day in days[: i + 1]), sum(full.values())
    second = sorted(silent)[-2]
    seen = f"Nobody bought between {days[i]} and {days[i + 1]}, {silent[i] + 1:,} days"
    if before <= SHARE * total:
        if silent[i] + 1 >= PAUSE:
            yield (
                f"{seen}; {before:,} of {total:,} purchase days ({before / total:.1%}) lie before. "
                "If their dates stand for an unknown one, leave them out: the log is as long as it "
                "seems only by them."
            )
    elif len(days) >= 20 and silent[i] >= HOLE and silent[i] > 3 * second:
        rest = f"elsewhere for {second:,} at most" if second else "somebody did on all other days"
        yield (
            f"Nobody bought on the {silent[i]:,} days between {days[i]} and {days[i + 1]}; {rest}. "
            "If orders of that time are missing, add them: without them customers seem to have "
            "fallen silent, and to have left, at cutoffs around it. A shop that was closed has "
            "lost none."
        )


def _imported(full: dict[date, int]) -> Iterator[str]:
    """One day that towers over the fullest others."""
    ordered = sorted(full, key=lambda day: -full[day])
    if len(ordered) < 20:
        return
    day, fifth, total = ordered[0], full[ordered[4]], sum(full.values())
    if full[day] < max(CROWDED * fifth, SHARE * total):
        return
    yield (
        f"{day} has {full[day]:,} of {total:,} customers' purchase days ({full[day] / total:.0%}), "
        f"{full[day] / fifth:.0f} times those of the fifth fullest day. If older orders were "
        "imported under this date, recency and rhythm of these customers are wrong, and money "
        "seems to come all at once: give the orders their own dates, or leave them out."
    )


def _renamed(firsts: dict[date, int], lasts: dict[date, int]) -> Iterator[str]:
    """A day over which hardly anybody's purchases reach, though many came back on either side."""
    if not firsts:
        return
    days = sorted({*firsts, *lasts})
    begun = np.cumsum([firsts.get(day, 0) for day in days])
    ended = np.cumsum([lasts.get(day, 0) for day in days])
    # Between a day and the next: who began before it, who ended before it, who is yet to begin.
    fewer = np.minimum(ended, begun[-1] - begun)
    across = begun - ended
    parted = np.flatnonzero((fewer >= RETURNING) & (across <= PARTED * fewer))
    if len(parted) == 0:
        return
    i = parted[np.argmin(across[parted] / fewer[parted])]
    yield (
        f"Between {days[i]} and {days[i + 1]} customers change: {ended[i]:,} who bought more than "
        f"once did so before, {begun[-1] - begun[i]:,} after, and {across[i]:,} on both sides. If "
        "ids were changed then, everybody seems to have left, and to be new: map the old ids to "
        "the new ones, or leave out what is older."
    )
