"""From a plan and the log after it to evidence: what contacts changed, by intention to treat."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.errors import UserError
from features.log.transactions import LogSpec
from models.campaign import sequential
from models.campaign.estimation import (
    Difference,
    adjusted_differences,
    blocked_difference,
    complier_difference,
)
from models.campaign.share import share_of_stake
from pipeline.acting import verdict
from pipeline.acting.checks import checked
from pipeline.acting.learn import learn
from pipeline.acting.measured import Comparison, Estimate, Measurement
from pipeline.acting.outcomes import contact_probability, member_outcomes, within_block
from pipeline.acting.plan_file import PlanFile, Terms
from pipeline.acting.segments import by_segment
from pipeline.campaign_config import CONTROL
from pipeline.intake.identity import identify
from pipeline.intake.orders import Orders

ALL = "all treatments"
NOTHING_AT_STAKE = Difference(0.0, 1.0, 1.96)
"""The share gained where nothing was at stake, or spent: as good as unknown."""

OUTCOMES = ("purchase_rate", "orders", "spend", "spend_winsorised", "profit")


def measure(
    plan: PlanFile,
    orders: Orders,
    log: LogSpec,
    sent: ir.Table | None = None,
    until: date | None = None,
    uplift: Path | None = None,
) -> Measurement:
    """Compare the groups of a plan over the days of its horizon that are over.

    Parameters
    ----------
    log
        How `orders` were read.
    sent
        One column `customer_id`: who was contacted in fact.
    until
        Rows on or after it are not read; default: the end of the horizon, or of the log.
    uplift
        Folder for an uplift model, saved if it is better than simple orders beyond chance.

    Raises
    ------
    UserError
        When the log does not reach the campaign's start, or knows none of its customers, or the
        list of contacts names none of them.
    """
    last = _last(plan.terms, orders, until)
    rows = member_outcomes(plan, orders, last, sent)
    n_sent = None if sent is None else int(sent.count().to_pyarrow().as_py())
    _refuse_strangers(rows, orders, plan.terms, n_sent)
    found = compare(plan, rows, last, n_sent)
    if uplift is None:
        return found
    if found.interim or found.doubts:
        why = "the horizon is not over" if found.interim else "there is no verdict"
        return _saying(found, [f"No uplift model was tried: {why}."])
    return _saying(found, learn(plan, rows, identify(orders, log), uplift).sentences())


def compare(
    plan: PlanFile, rows: pd.DataFrame, last: date, n_sent: int | None = None
) -> Measurement:
    """Compare the groups by what came of their members before `last`.

    Parameters
    ----------
    rows
        See `outcomes.member_outcomes`.
    n_sent
        How many stand in the list of those contacted in fact; None without one.
    """
    doubts, notes = checked(rows, n_sent)
    terms, sent = plan.terms, n_sent is not None
    if terms.counts_orders:
        notes.append("The log has no amounts: an order counts as 1 of spend, cost and profit.")
    if not terms.gains_in_horizon:
        notes.append("The plan counted on the months of the CLV; what comes later is not in this.")
    arms = plan.treatments if len(plan.treatments) > 1 else []
    elapsed = (last - terms.start).days / terms.horizon_days
    reach = sequential.reach(elapsed) if last < terms.end else None
    compared = [_compared(rows, arm, reach, sent) for arm in (*arms, ALL)]
    found = Measurement(
        campaign=terms.campaign,
        kind=terms.kind,
        fingerprint=plan.fingerprint,
        start=terms.start,
        until=last,
        end=terms.end,
        comparisons=tuple(compared),
        segments=by_segment(rows, compared[-1].effect),
        doubts=tuple(doubts),
        notes=tuple(notes),
    )
    return _saying(found, verdict.sentences(found, len(rows)))


def _refuse_strangers(rows: pd.DataFrame, orders: Orders, terms: Terms, n_sent: int | None) -> None:
    """Without a customer in common every figure would be a zero of somebody else's log."""
    if not rows["known"].any():
        raise UserError(
            f"None of the {len(rows):,} customers of the plan has a row before {terms.as_of} in "
            f"{orders.name}. Are the ids those of the scores' log, and does it reach as far back?"
        )
    if n_sent and not rows["received"].any():
        raise UserError(
            f"None of the {n_sent:,} contacts of --sent is a customer of the plan. Are the ids "
            "those of the log?"
        )


def _saying(found: Measurement, more: list[str]) -> Measurement:
    return replace(found, verdict=(*found.verdict, *more))


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
    share = share_of_stake(
        here["spend"], treated, contact_probability(here), here["p_churn"], here["expected_spend"]
    )
    return Comparison(
        arm=arm,
        n_treated=n_treated,
        n_control=len(here) - n_treated,
        outcomes=found,
        profit=found["profit"].adjusted.scaled(n_treated),
        effect=_reaching(share or NOTHING_AT_STAKE, reach),
        complier=_reaching(complier, reach) if complier else None,
    )


def _covariates(rows: pd.DataFrame) -> np.ndarray:
    known: np.ndarray = rows[["p_churn", "expected_spend"]].fillna(0.0).to_numpy(float)
    return known


def _reaching(one: Difference, reach: float | None) -> Difference:
    return one if reach is None else one.reaching(max(reach, one.reach))
