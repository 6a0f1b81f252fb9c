"""The training table: snapshots at several past cutoffs, stacked, with their labels."""

from collections.abc import Mapping
from datetime import date, timedelta

import ibis.expr.types as ir

from features.customer.labels import labels_at_each
from features.customer.snapshot import snapshots


def panel(
    days: ir.Table,
    horizons: Mapping[date, int],
    complete_until: date,
    attributes: tuple[str, ...] = (),
) -> ir.Table:
    """Snapshots at the cutoffs of `horizons`, with the outcomes of the days that each maps to.

    Columns are those of `features.customer.snapshot`, then those of `features.customer.labels`
    and ``cutoff``. Raises `UserError` when a horizon is not over before `complete_until`.
    """
    rows, keys = snapshots(days, horizons, attributes), ("customer_id", "cutoff")
    outcome = labels_at_each(days, horizons, complete_until)
    joined = rows.inner_join(outcome, keys)
    features = [name for name in rows.columns if name != "cutoff"]
    return joined.select(*features, *outcome.drop(keys).columns, "cutoff")


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
