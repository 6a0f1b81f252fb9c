"""The training table: snapshots at several past cutoffs, stacked, with their labels."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.customer.labels import labels
from features.customer.snapshot import snapshot


def labelled_snapshot(
    days: ir.Table,
    cutoff: date,
    horizon_days: int,
    complete_until: date,
    attributes: tuple[str, ...] = (),
) -> ir.Table:
    """The snapshot at `cutoff` with ``cutoff`` and the outcomes of `features.customer.labels`.

    Raises `UserError` when the horizon is not over before `complete_until`.
    """
    rows = snapshot(days, cutoff, attributes)
    outcome = labels(days, cutoff, horizon_days, complete_until)
    joined = rows.inner_join(outcome, "customer_id")
    known = [name for name in outcome.columns if name != "customer_id"]
    return joined.select(*rows.columns, *known, cutoff=ibis.literal(cutoff))


def panel_cutoffs(
    until: date, horizon_days: int, step_days: float, first: date, at_most: int
) -> list[date]:
    """Cutoffs whose labels are complete at `until`: the latest ones, in time order.

    >>> [str(c) for c in panel_cutoffs(date(2024, 7, 1), 91, 30, date(2024, 2, 20), 8)]
    ['2024-03-02', '2024-04-01']
    """
    latest = until - timedelta(days=horizon_days)
    cutoffs = (latest - timedelta(days=round(step_days * k)) for k in range(at_most))
    return sorted(c for c in cutoffs if c >= first)
