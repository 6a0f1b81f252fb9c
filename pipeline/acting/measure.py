"""From a plan and the log after it to evidence: what contacts changed, by intention to treat."""

from dataclasses import replace
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from features.customer.outcomes import outcomes
from features.errors import UserError
from models.campaign import sequential
from models.campaign.estimation import (
    Difference,
    adjusted_differences,
    blocked_difference,
    complier_difference,
    winsorised,
)
from models.campaign.profit import at_stake
from pipeline.acting import verdict
from pipeline.acting.checks import checked
from pipeline.acting.measured import Comparison, Estimate, Measurement
from pipeline.acting.plan_file import PlanFile, Terms, is_control
from pipeline.acting.segments import by_segment
from pipeline.campaign_config import CONTROL
from pipeline.intake.orders import Orders

ALL = "all treatments"
OUTCOMES = ("purchase_rate", "orders", "spend", "spend_winsorised", "profit")


def measure(
    plan: PlanFile, orders: Orders, sent: ir.Table | None = None, until: date | None = None
) -> Measurement:
    """Compare the groups of a plan over the days of its horizon that are over.

    Parameters
    ----------
    sent
        One column `customer_id`: who was contacted in fact.
    until
        Rows on or after it are not read; default: the end of the horizon, or of the log.

    Raises
    ------
    UserError
        When the log does not reach the campaign's start.
    """
    last = _last(plan.terms, orders, until)
    rows = _outcomes(plan, orders, sent, last)
    n_sent = None if sent is None else int(sent.count().to_pyarrow().as_py())
    doubts, notes = checked(rows, n_sent)
    arms = plan.treatments if len(plan.treatments) > 1 else []
    length = plan.terms.horizon_days
    elapsed = (last - plan.terms.start).days / length
    reach = sequential.reach(elapsed) if last < plan.terms.end else None
    compared = [_compared(rows, arm, reach, sent is not None) for arm in (*arms, ALL)]
    found = Measurement(
        campaign=plan.terms.campaign,
        kind=plan.terms.kind,
        fingerprint=plan.fingerprint,
        start=plan.terms.start,
        until=last,
        end=plan.terms.end,
        comparisons=tuple(compared),
        segments=by_segment(rows, compared[-1].effect),
        doubts=tuple(doubts),
        notes=tuple(notes),
    )
    return replace(found, verdict=tuple(verdict.sentences(found, len(rows))))


def _last(terms: Terms, orders: Orders, until: date | None) -> date:
    """The first day that is not measured any more."""
    last = min(terms.end, orders.end, until or terms.end)
    if last > terms.start:
        return last
    if until and until <= terms.start:
        raise UserError(f"--until {until}: the campaign begins on {terms.start} only.")
    raise UserError(
        f"The log ends on {orders.last_day}, and the campaign begins on {terms.start}: its "
        "horizon has not begun there. Bring the log up to date."
    )


def _outcomes(plan: PlanFile, orders: Orders, sent: ir.Table | None, last: date) -> pd.DataFrame:
    """The plan's members with what came of them, and what a contact of them did cost."""
    members, terms = plan.members, plan.terms
    ids = pa.table({"customer_id": members["customer_id"], "place": np.arange(len(members))})
    listed = orders.engine.create_table("members", ids)
    length = (last - terms.start).days
    table = outcomes(orders.days, listed, terms.as_of, terms.start, length)
    names = [name for name in table.columns if name != "customer_id"]
    if sent is not None:
        contacted = sent.distinct().mutate(received=1)
        table = table.left_join(contacted, "customer_id").select(*table.columns, "received")
        names.append("received")
    came = table.order_by("place").select(*names).to_pyarrow().to_pandas()
    rows = pd.concat([members, came.drop(columns="place")], axis=1)
    treated = ~is_control(rows["arm"])
    rows["received"] = rows["received"].fillna(0) if sent is not None else treated.astype(float)
    rows["treated"] = treated.astype(int)
    rows["purchase_rate"] = (rows["purchases"] > 0).astype(float)
    rows["spend_winsorised"] = winsorised(rows["spend"])
    rows["profit"] = terms.margin * rows["spend"] - rows["cost"] * rows["received"]
    return rows


def _compared(rows: pd.DataFrame, arm: str, reach: float | None, sent: bool) -> Comparison:
    """One arm, or all, against the control."""
    here = rows if arm == ALL else rows[rows["arm"].isin([arm, CONTROL])]
    treated = here["treated"].to_numpy()
    measured = here[list(OUTCOMES)].to_numpy(float)
    adjusted = adjusted_differences(measured, treated, within_block(here), _covariates(here))
    found = {
        name: Estimate(
            _reaching(blocked_difference(measured[:, n], treated, here["block"]), reach),
            _reaching(adjusted[n], reach),
            blocked_difference(measured[:, n], treated, np.zeros(len(here), int)).se,
        )
        for n, name in enumerate(OUTCOMES)
    }
    n_treated = int(treated.sum())
    complier = None
    if sent:
        complier = complier_difference(here["spend"], here["received"], treated, here["block"])
    staked = at_stake(here["p_churn"], here["expected_spend"]).mean()
    return Comparison(
        arm=arm,
        n_treated=n_treated,
        n_control=len(here) - n_treated,
        outcomes=found,
        profit=found["profit"].adjusted.scaled(n_treated),
        effect=found["spend"].adjusted.scaled(1 / max(float(staked), 1e-12)),
        complier=_reaching(complier, reach) if complier else None,
    )


def within_block(rows: pd.DataFrame) -> np.ndarray:
    """Probability of each customer's group, treated or not, among these rows' groups."""
    block, treated = rows["block"].to_numpy(int), rows["treated"].to_numpy(int)
    cell = block * 2 + treated
    sizes = np.bincount(cell, minlength=2 * (block.max() + 1)).reshape(-1, 2)
    probability: np.ndarray = sizes[block, treated] / sizes.sum(axis=1)[block]
    return probability


def _covariates(rows: pd.DataFrame) -> np.ndarray:
    known: np.ndarray = rows[["p_churn", "expected_spend"]].fillna(0.0).to_numpy(float)
    return known


def _reaching(one: Difference, reach: float | None) -> Difference:
    return one if reach is None else one.reaching(reach)
