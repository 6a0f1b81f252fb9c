"""What came after a cutoff: churned, purchases, spend and the next purchase in the horizon."""

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.errors import UserError
from features.timeline import before_each, within_each


def labels(days: ir.Table, cutoff: date, horizon_days: int, complete_until: date) -> ir.Table:
    """Outcome of each customer known before `cutoff`.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days`.
    cutoff, horizon_days
        The outcome is read in ``[cutoff, cutoff + horizon_days)``.
    complete_until
        The first day that the log does not cover: the day after its last order.

    Returns
    -------
    Table with ``customer_id``; ``churned`` (1 if there is no purchase day in the
    horizon, else 0); ``purchases`` (purchase days); ``spend`` (net amount, below
    zero when returns outweigh purchases); ``next_purchase`` (days from `cutoff` to the first
    purchase day of the horizon, 0 for `cutoff` itself; null when churned).

    Raises
    ------
    UserError
        When the horizon is not over: a customer who has not come back *yet* is not
        a churned one.
    """
    return labels_at_each(days, {cutoff: horizon_days}, complete_until).drop("cutoff")


def labels_at_each(days: ir.Table, horizons: Mapping[date, int], complete_until: date) -> ir.Table:
    """`labels` at each of several cutoffs -> its days, in one pass: stacked, with ``cutoff``."""
    for cutoff, horizon_days in horizons.items():
        _refuse_unfinished(cutoff, horizon_days, complete_until)
    known, keys = before_each(days, horizons), ("customer_id", "cutoff")
    customers = known.filter(known.amount > 0).select(keys).distinct()
    later = within_each(days, horizons)
    outcome = later.group_by(keys).aggregate(
        purchases=(later.amount > 0).sum(),
        spend=later.amount.sum(),
        next_day=later.transacted_at.min(where=later.amount > 0),
    )
    joined = customers.left_join(outcome, keys)
    purchases = ibis.coalesce(joined.purchases, 0)
    return joined.select(
        *keys,
        churned=(purchases == 0).ifelse(1, 0).cast("int64"),
        purchases=purchases.cast("int64"),
        spend=ibis.coalesce(joined.spend.cast("float64"), 0.0),
        next_purchase=joined.next_day.delta(joined.cutoff, unit="day").cast("float64"),
    )


def _refuse_unfinished(cutoff: date, horizon_days: int, complete_until: date) -> None:
    end = cutoff + timedelta(days=horizon_days)
    if end > complete_until:
        raise UserError(
            f"The {horizon_days} days from cutoff {cutoff} end on {end}, but the log ends before "
            f"{complete_until}: its outcome is not known yet.\n"
            f"Take a cutoff no later than {complete_until - timedelta(days=horizon_days)}, "
            "or a shorter horizon."
        )


def purchases_by_day(days: ir.Table, customers: ir.Table, spans: Mapping[date, int]) -> ir.Table:
    """Count the purchases of these customers on each day after several cutoffs.

    Parameters
    ----------
    customers
        ``customer_id`` and the ``cutoff`` before which each was known.
    spans
        For each cutoff how many days are looked at, its own the first.

    Returns
    -------
    Table with ``cutoff``, ``day`` (0 for the cutoff itself; days without are absent) and
    ``purchases`` (customers who bought on it).
    """
    later = within_each(days, spans)
    theirs = later.filter(later.amount > 0).semi_join(customers, ("customer_id", "cutoff"))
    day = theirs.transacted_at.delta(theirs.cutoff, unit="day").cast("int64")
    return theirs.group_by("cutoff", day=day).aggregate(purchases=theirs.count())
