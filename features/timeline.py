"""The time rule: what is knowable at a cutoff, and what lies in the horizon behind it.

Every other module reads the log through these functions, so the rule is written,
and can be broken, in one place only.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir


def before(log: ir.Table, cutoff: date | ir.DateValue) -> ir.Table:
    """Rows knowable at `cutoff`: ``transacted_at < cutoff``, never equal."""
    return log.filter(log.transacted_at < cutoff)


def before_each(log: ir.Table, cutoffs: Iterable[date]) -> ir.Table:
    """Rows knowable at each of several cutoffs: every row once for each ``cutoff`` after it."""
    rows = _at_each(log, cutoffs)
    return before(rows, rows.cutoff)


def within(log: ir.Table, cutoff: date, horizon_days: int) -> ir.Table:
    """Rows of the horizon: ``cutoff <= transacted_at < cutoff + horizon_days``."""
    return log.filter(in_horizon(log, cutoff, horizon_days))


def in_horizon(log: ir.Table, cutoff: date, horizon_days: int) -> ir.BooleanColumn:
    """Whether each row lies in the horizon; for figures of several horizons in one pass."""
    end = cutoff + timedelta(days=horizon_days)
    return (log.transacted_at >= cutoff) & (log.transacted_at < end)


def within_each(log: ir.Table, horizons: Mapping[date, int]) -> ir.Table:
    """Rows of several horizons, cutoff -> its days: every row once for each it lies in."""
    rows = _at_each(log, horizons)
    ends = [
        (ibis.literal(cutoff), ibis.literal(cutoff + timedelta(days=days)))
        for cutoff, days in horizons.items()
    ]
    end = rows.cutoff.cases(*ends)
    return rows.filter((rows.transacted_at >= rows.cutoff) & (rows.transacted_at < end))


def _at_each(log: ir.Table, cutoffs: Iterable[date]) -> ir.Table:
    # An array in the query rather than a table beside it: engines differ in how those are lent.
    return log.mutate(cutoff=ibis.array([ibis.literal(day) for day in cutoffs]).unnest())
