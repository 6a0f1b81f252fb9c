"""From scores to a decision: whom a campaign contacts, whom it leaves for comparison, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import UserError
from models.campaign import assignment
from models.campaign.profit import (
    at_stake,
    break_even_effect,
    choose,
    expected_profit,
    profit_by_contacts,
)
from pipeline.acting import beside, plan_file
from pipeline.acting.effect import Effect
from pipeline.acting.eligible import ineligible, nobodys
from pipeline.acting.outlook import Outlook, doubts, outlook
from pipeline.acting.plan_file import CHOSEN, PlanFile, Terms
from pipeline.acting.too_few import refuse_few, told_in_orders
from pipeline.campaign_config import CONTROL, CampaignConfig, ControlConfig
from pipeline.scoring.scores_file import Scores, read_scores

VALUES = {"horizon": "expected_spend", "clv": "clv"}


@dataclass(frozen=True)
class Plan:
    """A plan, and what it expects.

    `left_out` counts the scored customers who are not part of it, by reason; `curve` is the
    expected profit by number of contacts among all who may be contacted, `notes` what of the
    conditions to look at, `beside` the campaigns that run meanwhile, whose customers are left out.
    """

    file: PlanFile
    outlook: Outlook
    left_out: dict[str, int]
    curve: pd.DataFrame
    break_even: float
    notes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[str, int]:
        """Customers of each arm, the control first."""
        counts = self.file.members["arm"].value_counts()
        return {arm: int(counts[arm]) for arm in (CONTROL, *self.file.treatments)}

    @property
    def contacted(self) -> pd.DataFrame:
        """The rows of those who are contacted."""
        members = self.file.members
        return members[~plan_file.is_control(members["arm"])]


def check_names(name: str, out: Path) -> None:
    """Refuse names that cannot be kept, before any work is done."""
    if not re.fullmatch(r"[a-zA-Z]\w*", name):
        raise UserError("--campaign takes letters, digits and _, such as spring_2027.")
    if out.suffix != ".parquet":
        raise UserError(f"--out {out.name}: the name of a plan must end in .parquet.")


def plan(
    scores: Path,
    name: str,
    config: CampaignConfig,
    control: ControlConfig,
    effect: Effect,
    start: date | None = None,
    others: Sequence[Path] = (),
) -> Plan:
    """Choose the customers worth a contact, and draw the groups.

    Parameters
    ----------
    start
        First day of the campaign, on which the horizon begins; default the scores' `as_of`, or
        the day after the log's end, before which nobody can be contacted any more.
    others
        Plans of other campaigns: who takes part in one that still runs is left out of this one.

    Raises
    ------
    UserError
        When the scores do not carry such a campaign; nothing is written then.
    """
    _refuse_costless(name, config)
    read = read_scores(scores, tuple(config.eligible))
    begin = start or max(read.as_of, read.log_end or read.as_of)
    _refuse_old(read, begin, config.max_age_days)
    _refuse_unvalued(read, config)
    running = beside.running(others, name, begin, read.horizon_days)
    elsewhere = beside.taking_part(read.customers["customer_id"], running)
    customers = _valued(read.customers, config, effect).assign(elsewhere=elsewhere)
    terms = _terms(name, read, begin, config, effect)
    with told_in_orders(terms):
        rows = _affordable(customers, name, config, control, begin)
    told = _told(plan_file.seal(rows, terms), read, config)
    return replace(told, beside=tuple(file.terms.campaign for file in running))


def _refuse_costless(name: str, config: CampaignConfig) -> None:
    if not config.priced:
        raise UserError(
            f"What does a contact cost? Say --set campaigns.{name}.contact_cost=0.50, or in the "
            "config; 0 is an answer."
        )


def _refuse_old(read: Scores, start: date, most: int) -> None:
    """Scores answer for the days after `as_of`: later campaigns need new ones."""
    if start < read.as_of:
        raise UserError(
            f"--start {start} is before the scores' as_of ({read.as_of}): they know what came then."
        )
    for day, what in ((start, "the start"), (read.log_end, "the log's end")):
        if day and (day - read.as_of).days > most:
            raise UserError(
                f"The scores are of {read.as_of}, {(day - read.as_of).days} days before {what} "
                f"({day}), more than max_age_days ({most}). Score again: "
                "`churn score LOG --out scores.parquet`."
            )


def _refuse_unvalued(read: Scores, config: CampaignConfig) -> None:
    """Conditions on what is the same for all, and scores without the money that is at stake."""
    alike = [name for name in config.eligible if name not in read.customers]
    if alike:
        raise UserError(f"eligible.{alike[0]}: holds one value for all customers of the scores.")
    value = VALUES[config.value]
    if read.customers[value].isna().all():
        raise UserError(
            f"The scores hold no {value}, so nothing is known to be at stake: the model that made "
            "them answers for no money. Score with one that does."
        )


def _valued(customers: pd.DataFrame, config: CampaignConfig, effect: Effect) -> pd.DataFrame:
    """The customers with what is at stake, and what a contact is expected to bring."""
    staked = at_stake(customers["p_churn"], customers[VALUES[config.value]])
    gain = effect.gain(customers, staked)
    profit = expected_profit(gain, config.margin, config.mean_cost)
    return customers.assign(at_stake=staked, expected_gain=gain, expected_profit=profit)


def _affordable(
    customers: pd.DataFrame, name: str, config: CampaignConfig, control: ControlConfig, start: date
) -> pd.DataFrame:
    """The customers with their groups, no more contacts or money than the config allows.

    Blocks leave over a customer each, and arms differ in cost: where the draw took more, fewer
    are chosen.
    """
    allowed = config
    while True:
        reason = _reasons(customers, name, config, control, start, allowed)
        rows = _drawn(customers.assign(campaign=name, reason=reason), name, config)
        cost = rows["cost"][rows["arm"].notna() & (rows["arm"] != CONTROL)]
        beyond: dict[str, float] = {}
        if config.budget is not None and cost.sum() > config.budget + 1e-9:
            more = max(float(cost.sum()) - config.budget, config.mean_cost)
            beyond["budget"] = (allowed.budget or 0.0) - more
        if config.max_contacts is not None and len(cost) > config.max_contacts:
            beyond["max_contacts"] = (allowed.max_contacts or 0) - len(cost) + config.max_contacts
        if not beyond:
            return rows
        allowed = allowed.model_copy(update=beyond)


def _reasons(
    customers: pd.DataFrame,
    name: str,
    config: CampaignConfig,
    control: ControlConfig,
    start: date,
    allowed: CampaignConfig,
) -> np.ndarray:
    """Why each customer is part of the campaign, or is not; `allowed` holds the budget."""
    profit = customers["expected_profit"].to_numpy()
    worth = expected_profit(customers["expected_gain"], config.margin, config.highest_cost) > 0
    reason = np.where(worth, "beyond the budget", "no profit expected").astype(object)
    reason[np.isnan(profit)] = "no money expected by the scores"
    unmet = ineligible(customers, config.eligible)
    reason[unmet != ""] = "not eligible: " + unmet[unmet != ""]
    elsewhere = customers["elsewhere"].to_numpy()
    reason[elsewhere != ""] = elsewhere[elsewhere != ""]
    reason[globally_left_out(customers["customer_id"], control, start)] = "global control"
    open_to = reason == "beyond the budget"
    _refuse_budget(name, config)
    chosen = choose(
        np.where(open_to, profit, -1.0),
        config.mean_cost,
        treated_share=1 - config.control_share,
        budget=allowed.budget,
        most=allowed.max_contacts,
    )
    reason[chosen] = CHOSEN
    free = (unmet == "") & (elsewhere == "") & (reason != "global control")
    reachable = customers[free & ~np.isnan(profit)]
    if allowed is config:  # a few less for the draw's sake are not too few
        refuse_few(chosen, open_to, reachable, name, config)
    return reason


def globally_left_out(customer_id: pd.Series, control: ControlConfig, start: date) -> np.ndarray:
    """The global control of the period that `start` lies in: whom no campaign contacts."""
    if not control.global_share:
        return np.zeros(len(customer_id), bool)
    period = {
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year}-Q{(start.month + 2) // 3}",
        "year": f"{start.year}",
    }[control.period]
    drawn = assignment.draws(customer_id.tolist(), "global control", control.seed, period)
    return np.asarray(drawn < control.global_share)


def _refuse_budget(name: str, config: CampaignConfig) -> None:
    if config.budget is not None and config.budget < config.mean_cost:
        raise UserError(
            f"A budget of {config.budget:,.2f} does not pay for one contact, which costs "
            f"{config.mean_cost:,.2f} (campaigns.{name}.contact_cost and offer_cost)."
        )


def _drawn(customers: pd.DataFrame, name: str, config: CampaignConfig) -> pd.DataFrame:
    """Add arm, block, probability and cost."""
    members = customers[customers["reason"] == CHOSEN].sort_values("customer_id")
    block = assignment.blocks(members["p_churn"], members["expected_spend"], min(config.shares))
    ids = members["customer_id"].tolist()
    groups = assignment.assign(ids, block, config.shares, name, config.seed)
    names = np.array([CONTROL, *config.arms], object)
    costs = np.array([config.mean_cost, *(config.cost(arm) for arm in config.arms.values())])
    group = groups["group"].to_numpy()
    drawn = pd.DataFrame(
        {
            "arm": names[group],
            "probability": groups["probability"].to_numpy(),
            "block": block,
            "cost": costs[group],
        },
        index=members.index,
    )
    rows = customers.join(drawn)
    rows["block"] = rows["block"].astype("Int32")
    cost = rows["cost"].fillna(config.mean_cost)
    profit = expected_profit(rows["expected_gain"], config.margin, cost)
    return rows.assign(cost=cost, expected_profit=profit)


def _terms(name: str, read: Scores, start: date, config: CampaignConfig, effect: Effect) -> Terms:
    return Terms(
        campaign=name,
        kind=config.kind or name,
        as_of=read.as_of,
        start=start,
        horizon_days=read.horizon_days,
        margin=config.margin,
        value=config.value,
        arms={
            arm: {"share": one.share, "cost": config.cost(one)} for arm, one in config.arms.items()
        },
        control_share=config.control_share,
        effect=effect.told(),
        seed=config.seed,
        model_version=read.model_version,
        log=read.log,
    )


def _told(file: PlanFile, read: Scores, config: CampaignConfig) -> Plan:
    rows, members = file.customers, file.members
    contacted = members[~plan_file.is_control(members["arm"])]
    left_out = rows["reason"][rows["arm"].isna()].value_counts().to_dict()
    worth = rows[
        ~rows["reason"].str.startswith(("not eligible", "in campaign", "global", "no money"))
    ]
    return Plan(
        file,
        outlook(file, read.spread, config.detect),
        {str(reason): int(n) for reason, n in left_out.items()},
        profit_by_contacts(
            expected_profit(worth["expected_gain"], config.margin, config.mean_cost)
        ),
        break_even_effect(contacted["at_stake"], config.margin, float(contacted["cost"].mean())),
        (*nobodys(read.customers, config.eligible), *doubts(read, config.value)),
    )


def horizon(terms: Terms) -> str:
    """The days that a campaign is measured over, in words."""
    return f"{terms.start} to {terms.end - timedelta(days=1)}"
