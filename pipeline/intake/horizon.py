"""How long without a purchase means churned: what was asked for, or what customers' rhythm says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import ibis
import ibis.expr.types as ir

from features.errors import UserError
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.cutoffs import plan
from pipeline.intake.billing import Fit, fitted

HORIZONS = (7, 14, 30, 60, 90, 120, 180, 270, 365)
"""Days that a proposal is rounded to: a week, two, one to nine months, a year."""

COVERED = 0.8
"""Share of the repeat customers whose own usual gap a horizon should be longer than."""

HALF = 0.5
"""Where more of the repeat customers take longer than the horizon, most are not due within it."""

FITTING = 5
"""So many horizons must fit in the log: one to know customers, one to learn, three to judge."""


class PurchaseHistory(Protocol):
    """Purchase days of a log, and the days from the first purchase to the log's end."""

    @property
    def netted(self) -> ir.Table:
        """From `features.customer.purchase_days.netted_days`."""

    @property
    def first_day(self) -> date:
        """The day of the first purchase."""

    @property
    def end(self) -> date:
        """The day after the last row."""


@dataclass(frozen=True)
class Choice:
    """A horizon and what would follow from it.

    `slower` is the share of the repeat customers whose own usual gap is longer: they would often
    count as churned and come back. `churned` is the share of all customers known a horizon before
    the log's end who did not buy again; None where nobody was known. `judged` is how many
    horizons, one after the other, are left to judge by when two are kept to know customers by
    and to learn from.
    """

    days: int
    slower: float
    churned: float | None
    judged: int

    def __str__(self) -> str:
        """One line for a person."""
        churned = "nobody was known then" if self.churned is None else f"{self.churned:.0%}"
        return (
            f"{self.days} days: {self.slower:.0%} of repeat customers usually take longer; "
            f"churn in the last {self.days} days {churned}; "
            f"{self.judged} {'horizon' if self.judged == 1 else 'horizons'} to judge by"
        )


@dataclass(frozen=True)
class Horizon:
    """A proposed horizon, in words why it is this one, and its neighbours with it."""

    days: int
    reason: str
    choices: tuple[Choice, ...] = ()


def horizon_of(history: PurchaseHistory, config: Config, progress: Progress) -> int:
    """The config's horizon in days, or the one that `churn check` proposes, said aloud."""
    if config.horizon_days:
        if told := uneven(history, config, config.horizon_days):
            progress.note(told)
        return config.horizon_days
    proposed = propose_horizon(history, config)
    progress.note(f"Horizon: {proposed.days} days. {proposed.reason} Set it with --horizon.")
    return proposed.days


def uneven(history: PurchaseHistory, config: Config, horizon_days: int) -> str:
    """Why another horizon suits the days on which most purchases fall, and its line; or nothing."""
    fit = _for_calendar(history, config, horizon_days)
    if fit is None:
        return ""
    return fit.words + (f" Set horizon_days: {fit.days}" if fit.days != horizon_days else "")


def _for_calendar(history: PurchaseHistory, config: Config, horizon_days: int) -> Fit | None:
    def starts(length: int) -> list[date]:
        try:
            days = plan(config, length, history.first_day, history.end)
        except UserError:  # told where the cutoffs are laid out
            return []
        return [*days.labelled, days.as_of]

    return fitted(history.netted, horizon_days, starts)


def propose_horizon(history: PurchaseHistory, config: Config) -> Horizon:
    """The calendar length that four in five repeat customers usually stay below, if it fits.

    A customer's usual gap is the mean of the days between their purchases. Each customer counts
    once: pooled over purchases, the few who buy most would decide for all. Where most purchases
    fall on certain days of the quarter, month or week, it is the nearest length that suits these.
    """
    span = (history.end - history.first_day).days
    room = [length for length in HORIZONS if FITTING * length <= span] or [HORIZONS[0]]
    customers = _customers(history.netted)
    usual = customers.aggregate(
        n=customers.usual_gap.count(), most=customers.usual_gap.quantile(COVERED)
    )
    row = usual.to_pyarrow().to_pylist()[0]
    if not row["n"]:
        middle = min(90, room[-1])
        return Horizon(
            middle,
            "No customer bought on two days, so no gap could be measured.",
            _choices(customers, [middle], history),
        )
    most = float(row["most"])
    wanted = next((length for length in HORIZONS if length >= most), HORIZONS[-1])
    chosen = min(wanted, room[-1])
    fit = _for_calendar(history, config, chosen)
    days = fit.days if fit else chosen
    near = [days if length == chosen else length for length in _neighbours(chosen, room)]
    choices = _choices(customers, near, history)
    reason = f"{COVERED:.0%} of repeat customers usually buy again within {most:.0f} days"
    if most > chosen:
        slower = next(choice.slower for choice in choices if choice.days == days)
        room_for = f"the log covers {span} days and five horizons must fit in it"
        reason += f", but {room_for if wanted > chosen else 'no longer horizon is proposed'}; "
        reason += f"{slower:.0%} usually take longer than this one"
        if slower > HALF:
            reason += ", so a high p_churn will mostly mean not due yet, not gone"
    return Horizon(days, f"{reason}. {fit.words}" if fit else f"{reason}.", choices)


def _neighbours(chosen: int, room: Sequence[int]) -> list[int]:
    """The horizon, the next shorter one and, where the log has room for it, the next longer."""
    place = HORIZONS.index(chosen)
    near = HORIZONS[max(place - 1, 0) : place + 2]
    return [length for length in near if length <= max(chosen, room[-1])]


def _customers(netted: ir.Table) -> ir.Table:
    """One row per customer who has bought: first and last purchase day, usual gap (days)."""
    bought = netted.filter(netted.amount > 0)
    found = bought.group_by("customer_id").aggregate(
        first=bought.transacted_at.min(), last=bought.transacted_at.max(), n=bought.count()
    )
    # What lies between first and last is the sum of the gaps: nothing has to be sorted.
    spell = found["last"].delta(found["first"], unit="day").cast("float64")
    return found.mutate(usual_gap=spell / (found.n - 1).nullif(0)).drop("n")


def _choices(
    customers: ir.Table, lengths: Sequence[int], history: PurchaseHistory
) -> tuple[Choice, ...]:
    """What follows from each length, in one pass over the customers."""
    span = (history.end - history.first_day).days
    counts: dict[str, ir.Value] = {"repeat": customers.usual_gap.count()}
    for length in lengths:
        start = ibis.literal(history.end - timedelta(days=length))
        known = customers["first"] < start
        counts[f"slower_{length}"] = (customers.usual_gap > length).sum()
        counts[f"known_{length}"] = known.sum()
        counts[f"gone_{length}"] = (known & (customers["last"] < start)).sum()
    row = customers.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return tuple(
        Choice(
            length,
            (row[f"slower_{length}"] or 0) / max(row["repeat"], 1),
            row[f"gone_{length}"] / row[f"known_{length}"] if row[f"known_{length}"] else None,
            max(span // length - 2, 0),
        )
        for length in lengths
    )
