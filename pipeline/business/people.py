"""Personas of today's customers, and rules of who left; a sample of snapshots is enough."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from threadpoolctl import threadpool_limits

from features.customer.panel import panel
from features.customer.purchase_days import with_gaps
from features.customer.snapshot import snapshot
from features.timeline import before
from models.explain.personas import Personas, personas
from models.explain.rules import rules
from pipeline.business.course import Base
from pipeline.intake.orders import Orders

LARGEST = 20_000
"""Customers that are looked at, the same ones at every cutoff."""


@dataclass(frozen=True)
class People:
    """Personas; and the rules, learned at `learned_at` and counted at `counted_at`.

    `rules` is of `models.explain.rules.rules`, None where the log has no two horizons to tell.
    `share` is the share of the customers that was looked at.
    """

    personas: Personas
    rules: pd.DataFrame | None
    learned_at: date
    counted_at: date
    share: float


def people(orders: Orders, base: Base, as_of: date, horizon_days: int) -> People:
    """Ask a sample of the customers how they buy, and which of them left at past cutoffs."""
    drawn, share = base.drawn(LARGEST)
    days = with_gaps(before(orders.netted, as_of).semi_join(drawn, "customer_id"))
    some = orders.engine.create_table(orders.engine.fresh("drawn"), days)
    now = snapshot(some, as_of).order_by("customer_id").to_pyarrow().to_pandas()
    horizon = timedelta(days=horizon_days)
    earlier, later = as_of - 2 * horizon, as_of - horizon
    found = None
    if earlier > base.first:
        labelled = (
            panel(some, {cutoff: horizon_days}, as_of).order_by("customer_id")
            for cutoff in (earlier, later)
        )
        found = rules(*(rows.to_pyarrow().to_pandas() for rows in labelled))
    # Few customers: threads would only wait for each other.
    with threadpool_limits(1):
        groups = personas(now)
    return People(groups, found, earlier, later, share)
