"""What came of a plan's members, read from the log."""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from features.customer.outcomes import outcomes
from models.campaign.estimation import winsorised
from pipeline.acting.plan_file import PlanFile, is_control
from pipeline.intake.orders import Orders


def member_outcomes(
    plan: PlanFile, orders: Orders, last: date, sent: ir.Table | None = None
) -> pd.DataFrame:
    """The plan's members with what came of them before `last`, and what their contacts did cost."""
    members, terms = plan.members, plan.terms
    ids = pa.table({"customer_id": members["customer_id"], "place": np.arange(len(members))})
    listed = orders.engine.create_table("members", ids)
    length = (last - terms.start).days
    table = outcomes(orders.netted, listed, terms.as_of, terms.start, length)
    names = [name for name in table.columns if name != "customer_id"]
    if sent is not None:
        contacted = sent.distinct().mutate(received=1)
        table = table.left_join(contacted, "customer_id").select(*table.columns, "received")
        names.append("received")
    came = table.order_by("place").select(*names).to_pyarrow().to_pandas()
    return with_outcomes(plan, came.drop(columns="place"))


def with_outcomes(plan: PlanFile, came: pd.DataFrame) -> pd.DataFrame:
    """The plan's members beside what came of them, one row each in the same order.

    Parameters
    ----------
    came
        The columns of `features.customer.outcomes`, and `received`, missing or 1, where it is
        known who was contacted in fact.
    """
    rows = pd.concat([plan.members, came], axis=1)
    treated = ~is_control(rows["arm"])
    rows["received"] = rows["received"].fillna(0) if "received" in came else treated.astype(float)
    rows["treated"] = treated.astype(int)
    rows["purchase_rate"] = (rows["purchases"] > 0).astype(float)
    rows["spend_winsorised"] = winsorised(rows["spend"])
    rows["profit"] = plan.terms.margin * rows["spend"] - rows["cost"] * rows["received"]
    return rows


def within_block(rows: pd.DataFrame) -> np.ndarray:
    """Probability of each customer's group, treated or not, among these rows' groups."""
    block, treated = rows["block"].to_numpy(int), rows["treated"].to_numpy(int)
    cell = block * 2 + treated
    sizes = np.bincount(cell, minlength=2 * (block.max() + 1)).reshape(-1, 2)
    probability: np.ndarray = sizes[block, treated] / sizes.sum(axis=1)[block]
    return probability


def contact_probability(rows: pd.DataFrame) -> np.ndarray:
    """Probability of being treated, among these rows' groups, whatever group each is in."""
    own = within_block(rows)
    return np.where(rows["treated"] == 1, own, 1 - own)
