"""Which past days the models learn from, are compared at, and are asked about."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil

import pandas as pd

from features.customer.panel import panel_cutoffs
from features.errors import SettingError, UserError
from models.btyd.lifetime_value import month_ends
from models.periods import AT_LEAST, STEPS, YEAR, step_days
from pipeline.config import Config

MONTH = 30.0
"""The level of all customers is looked at no oftener than so many days apart,"""

ALL_MONTHS = 1.25
"""All months that clv sums up tell of them if they are so many horizons long, fewer months only if
`AT_LEAST`: a year is 1.35 times the 270 days at which those who buy once a year are judged."""

LEVEL_YEARS = 3
"""and for so many years before each day of judgement."""

MOST_ALSO = 3
"""So many of the champion's cutoffs are judged at again, of which some are its predecessor's."""


def everywhere(day: date) -> bool:
    """Any day will do."""
    return True


@dataclass(frozen=True)
class Plan:
    """The days of a run.

    `panels` maps each backtest cutoff, and `as_of`, to the past cutoffs that are learned
    from: those whose labels were complete by then. `recent` maps them to cutoffs after those,
    of which only the first steps are known. `levels` are the cutoffs, over several years, at
    which only the level of all customers is looked at. `months` says how many months, more than
    a horizon, were over after a backtest cutoff, at most as many as clv sums up. `longer` maps
    each day of judgement to the cutoff so many months before it, where the log has one.
    """

    as_of: date
    horizon_days: int
    backtest: tuple[date, ...]
    panels: dict[date, tuple[date, ...]]
    recent: dict[date, tuple[date, ...]]
    levels: tuple[date, ...] = ()
    months: dict[date, int] = field(default_factory=dict)
    longer: dict[date, tuple[date, int]] = field(default_factory=dict)

    @property
    def labelled(self) -> list[date]:
        """Every cutoff whose snapshot is needed together with its labels, in time order."""
        return sorted({*self.backtest, *(c for panel in self.panels.values() for c in panel)})

    @property
    def unfinished(self) -> list[date]:
        """Every other cutoff whose snapshot is needed with what is known so far."""
        return sorted({c for recent in self.recent.values() for c in recent} - {*self.labelled})


def plan(
    config: Config,
    horizon_days: int,
    first_day: date,
    end: date,
    also: Sequence[date] = (),
    telling: Callable[[date], bool] = everywhere,
) -> Plan:
    """Lay out the cutoffs between the log's `first_day` and `end`, the day after its last.

    Unless the config says otherwise: panel cutoffs every third of a horizon, the first
    one a horizon (or a quarter of the log, if that is less) after the log's start, and
    backtest cutoffs a horizon apart, the latest one a horizon before `end`. The earliest lies
    as many months back as clv sums up, or half the log, if that is nearer: so clv is held
    against what came, and the year's season is seen again. It lies later where nothing could be
    learned before that day, or it is not `telling`. Of `also`, the latest are judged at as well
    that can be.

    Raises
    ------
    UserError
        When the log is too short for one backtest cutoff with a panel before it.
    """
    # Thirds of a horizon: cutoffs a horizon apart then share most of their panels.
    step = config.training.step_days or max(1, horizon_days / 3)
    span = (end - first_day).days
    asked_first = config.training.first_cutoff
    first = asked_first or first_day + timedelta(days=known_days(horizon_days, span))

    def panel(until: date) -> tuple[date, ...]:
        most = config.training.max_cutoffs
        return tuple(panel_cutoffs(until, horizon_days, step, first, most))

    asked = config.backtest.cutoffs
    if isinstance(asked, int):
        apart = timedelta(days=round(step * max(1, round(horizon_days / step))))
        latest = end - timedelta(days=horizon_days)
        judged = sorted(c for c in (latest - apart * k for k in range(asked)) if panel(c))
        if not judged:
            raise UserError(_too_short(horizon_days, first_day, first, end, bool(asked_first)))
        furthest = max(_ago(end, config.clv.months), first_day + timedelta(days=ceil(span / 2)))
        judged = _back(judged, furthest, lambda day: bool(panel(day)) and telling(day))
    else:
        judged = _checked(asked, horizon_days, end, panel)
    again = [c for c in also if c + timedelta(days=horizon_days) <= end and panel(c)]
    judged = sorted({*judged, *sorted(again)[-MOST_ALSO:]})
    panels = {c: panel(c) for c in (*judged, end)}
    over = {c: _months_over(c, end, config.clv.months) for c in judged}
    return Plan(
        end,
        horizon_days,
        tuple(judged),
        panels,
        {c: _recent(c, horizon_days, first) for c in panels},
        _levels(panels, horizon_days, first, (end - judged[0]).days),
        {c: n for c, n in over.items() if n and month_ends(n, start=c)[-1] > horizon_days},
        {
            c: found
            for c in panels
            if (found := _months_before(c, first, config.clv.months, horizon_days))
        },
    )


def _levels(
    judged: Collection[date], horizon_days: int, first: date, span: int
) -> tuple[date, ...]:
    """Where the level is looked at: so far back as any day of judgement, and its anniversaries."""
    most, step = _most_levels(horizon_days, span), max(horizon_days / 3, MONTH)
    levels = panel_cutoffs(max(judged), horizon_days, step, first, at_most=most)
    levels += [c for day in judged for c in _anniversaries(day, horizon_days, first)]
    return tuple(sorted(set(levels)))


def _back(judged: list[date], furthest: date, usable: Callable[[date], bool]) -> list[date]:
    """The cutoffs, the first of several a whole number of weeks after `furthest`, if one can be."""
    if len(judged) < 2:
        return judged
    weeks = (judged[0] - furthest).days // 7 + 1
    earlier = (furthest + timedelta(weeks=week) for week in range(weeks))
    return [next((c for c in earlier if c < judged[0] and usable(c)), judged[0]), *judged[1:]]


def _months_over(cutoff: date, end: date, at_most: int) -> int:
    """How many whole months after `cutoff` the log covers.

    >>> _months_over(date(2024, 1, 31), date(2024, 3, 31), 12)
    2
    """
    return int((month_ends(at_most, start=cutoff) <= (end - cutoff).days).sum())


def _months_before(
    day: date, first: date, at_most: int, horizon_days: int
) -> tuple[date, int] | None:
    """The cutoff as many months before `day` as the log allows, and how many these are.

    None where they would be hardly longer than a horizon.

    >>> _months_before(date(2024, 7, 1), date(2024, 1, 10), 12, 30)
    (datetime.date(2024, 2, 1), 5)
    >>> _months_before(date(2024, 7, 1), date(2021, 1, 10), 12, 270)
    (datetime.date(2023, 7, 1), 12)
    >>> _months_before(date(2024, 7, 1), date(2023, 8, 1), 12, 270)
    """
    months = next((n for n in range(at_most, 0, -1) if _ago(day, n) >= first), 0)
    cutoff = _ago(day, months)
    least = ALL_MONTHS if months == at_most else AT_LEAST
    return (cutoff, months) if (day - cutoff).days >= least * horizon_days else None


def _ago(day: date, months: int) -> date:
    moment: date = (pd.Timestamp(day) - pd.DateOffset(months=months)).date()
    return moment


def _recent(until: date, horizon_days: int, first: date) -> tuple[date, ...]:
    """Cutoffs of which a step or more is over at `until`, but not the horizon.

    They lie where a later day of judgement has its panel, so that their features serve twice.
    """
    ago = {round(horizon_days * number / STEPS) for number in range(1, STEPS)}
    over = (until - timedelta(days=days) for days in ago if step_days(horizon_days) <= days)
    return tuple(sorted(c for c in over if first <= c and until < c + timedelta(horizon_days)))


def _anniversaries(day: date, horizon_days: int, first: date) -> list[date]:
    """The same day of earlier years, as far as its horizon was over: there a season is the same."""
    past = [day - timedelta(days=round(YEAR * number)) for number in range(1, LEVEL_YEARS + 1)]
    return [c for c in past if first <= c and c + timedelta(days=horizon_days) <= day]


def _most_levels(horizon_days: int, judged_days: int) -> int:
    """So many that the first day of judgement, too, has some years before it."""
    span = LEVEL_YEARS * 366 + max(judged_days - horizon_days, 0)
    return ceil(span / max(horizon_days / 3, MONTH))


def known_days(horizon_days: int, span: int) -> int:
    """How long the log must run before customers are known well enough to learn from."""
    return max(1, min(horizon_days, span // 4))


def shortest_log(horizon_days: int) -> int:
    """Days that a log must run at least: to know customers, to learn from, to be judged by.

    >>> shortest_log(90), known_days(90, 239) + 2 * 90, known_days(90, 238) + 2 * 90
    (239, 239, 239)
    """
    return max((8 * horizon_days - 4) // 3, 2 * horizon_days) + 1


def _checked(
    asked: Sequence[date], horizon_days: int, end: date, panel: Callable[[date], tuple[date, ...]]
) -> list[date]:
    latest = end - timedelta(days=horizon_days)
    late = [c for c in asked if c > latest]
    early = [c for c in asked if c <= latest and not panel(c)]
    if late or early:
        raise SettingError(
            f"backtest.cutoffs: {len(late)} of {len(asked)} have a horizon of {horizon_days} days "
            f"that is not over (use dates up to {latest}), {len(early)} have no training cutoff "
            "with a finished horizon before them (use later dates, a shorter horizon_days, or an "
            "earlier training.first_cutoff)."
        )
    return sorted(set(asked))


def _too_short(
    horizon_days: int, first_day: date, first: date, end: date, first_is_asked: bool
) -> str:
    """What does not fit into the log, and the ways out that there are."""
    span = (end - first_day).days
    known = (first - first_day).days if first_is_asked else 0

    def needed(days: int) -> int:
        return max(shortest_log(days), known + 2 * days)

    ways = []
    if longest := max((days for days in range(1, span) if needed(days) <= span), default=0):
        ways.append(f"horizon_days up to {longest}")
    if first_is_asked and shortest_log(horizon_days) <= span:
        ways.append(f"training.first_cutoff up to {end - timedelta(days=2 * horizon_days)}")
    way_out = f"Use {' or '.join(ways)}, or bring" if ways else "Please bring"
    return (
        f"A horizon of {horizon_days} days does not fit twice between {first} and the end of the "
        f"log ({span} days from {first_day} to {end}): one to learn from, one to be judged by.\n"
        f"{way_out} {needed(horizon_days) - span} more days of history."
    )
