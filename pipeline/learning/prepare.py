"""Lays out the cutoffs of a run, refuses a log too small, and runs the features at each."""

from datetime import date
from functools import partial

import pandas as pd

from features.customer.purchase_days import daily
from features.errors import UserError
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import Plan, plan
from pipeline.intake.enough import judge
from pipeline.intake.horizon import horizon_of
from pipeline.intake.orders import Orders
from pipeline.learning.snapshots import Snapshots, collect

KNOWN, OPEN = 0.25, 0.25
"""A cutoff long ago tells something of today if by then so large a share of the customers had come,
and in the horizon after it so large a share of an average horizon's purchases did."""


def prepare(
    orders: Orders, config: Config, progress: Progress, also: tuple[date, ...] = ()
) -> Snapshots:
    """Refuse what cannot be compared, lay out the cutoffs, and run the features at each.

    `also` names further cutoffs to judge at, as far as this log and horizon carry them.

    Raises
    ------
    UserError
        For too few customers, a log too short for the horizon, or one outcome only.
    """
    horizon_days = horizon_of(orders, config, progress)
    days = planned(orders, config, horizon_days, also)
    refuse_too_few(orders, horizon_days)
    found = collect(orders, days, progress, config.training.max_customers, config.seed)
    refuse_one_outcome(found, horizon_days)
    return found


def planned(orders: Orders, config: Config, horizon_days: int, also: tuple[date, ...] = ()) -> Plan:
    """The cutoffs of a run on this log; see `pipeline.cutoffs.plan`."""
    counts = daily(orders.days).to_pyarrow().to_pandas()
    counts = counts.set_index(pd.to_datetime(counts["day"]))
    telling = partial(_telling, counts, orders, horizon_days)
    return plan(config, horizon_days, orders.first_day, orders.end, also, telling)


def _telling(counts: pd.DataFrame, orders: Orders, horizon_days: int, cutoff: date) -> bool:
    """Whether a day long ago is like today: enough customers known, and the shop open after it."""
    start, end = pd.Timestamp(cutoff), pd.Timestamp(cutoff) + pd.Timedelta(days=horizon_days)
    known = counts.loc[counts.index < start, "customers"].sum()
    came = counts.loc[(counts.index >= start) & (counts.index < end), "purchases"].sum()
    usual = counts["purchases"].sum() * horizon_days / (orders.end - orders.first_day).days
    return bool(known >= KNOWN * orders.n_customers and came >= OPEN * usual)


def refuse_too_few(orders: Orders, horizon_days: int) -> None:
    """Stop before a training on so few customers that no model can be told from chance."""
    facts = {
        "customers": orders.n_customers,
        "repeat_customers": orders.n_repeat_customers,
        "days": (orders.end - orders.first_day).days,
    }
    verdict, reasons = judge(facts, horizon_days)
    if verdict == "refuse":
        without = "Without a model, `churn describe` shows who fell silent, by rule."
        raise UserError("\n".join(["This log is not enough to train on:", *reasons, without]))


def refuse_one_outcome(snapshots: Snapshots, horizon_days: int) -> None:
    """Stop where nobody left, or nobody came back, at every cutoff that is over.

    Raises
    ------
    UserError
        Saying which horizons would part the customers.
    """
    churned = [rows["churned"] for rows in snapshots.labelled.values()]
    left, all_of_them = sum(int(c.sum()) for c in churned), sum(len(c) for c in churned)
    if 0 < left < all_of_them:
        return
    who, how = ("Nobody left", "shorter") if not left else ("Nobody came back", "longer")
    raise UserError(
        f"{who} within {horizon_days} days at any of {len(churned)} past cutoffs: with one "
        f"outcome there is nothing to learn. Ask for a {how} horizon, or look at the customers "
        "without a model: `churn describe`."
    )
