"""The stage behind `churn describe`: asks the engine for small tables and puts them together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.business import customers as base_table
from features.business.cohorts import cohort_cells, cohort_sizes
from features.business.periods import calendar, end_of
from features.business.retention import period_counts
from features.business.rfm_scores import movements, scored
from features.business.rfm_scores import segments as segment_table
from features.errors import UserError
from features.log.spec import LogSpec
from pipeline.business import segments
from pipeline.business.cohorts import Cohorts, Comparison, cohorts, comparison, named_pair
from pipeline.business.course import Asked, Course, base_of, course, frame, refuse_later_day
from pipeline.business.forecast import Forecast
from pipeline.business.people import People, people
from pipeline.business.retention import (
    formulas_told,
    growth,
    metrics,
    remarks,
    uneven,
    usual_formulas,
    with_share,
)
from pipeline.business.scores import Predicted, predicted
from pipeline.business.survey import Survey, survey
from pipeline.console import Progress
from pipeline.intake.billing import calendar_of
from pipeline.intake.orders import Orders

SHOWN_VALUES = 8
"""Values of an attribute that are told apart; the others go together."""


@dataclass(frozen=True, kw_only=True)
class Business(Course):
    """What `churn describe` found; every table is small, and no row is a customer.

    `periods` is of `pipeline.business.retention.metrics`, `overall` and `formulas` hold single
    figures, `formulas_told` says of which time the latter are, `growth` whether it grows or shrinks
    much, `few` who decide, if so few do, `by` has a table per attribute,
    `groups`, `tiers`, `lorenz` and `moved` are those of `pipeline.business.segments`, `remarks`
    what reading the log left open, `comparison` is of the cohorts that were asked for, or of the
    latest one.
    """

    overall: dict[str, float]
    formulas: dict[str, float]
    formulas_told: str
    growth: str
    periods: pd.DataFrame
    groups: pd.DataFrame
    tiers: pd.DataFrame
    lorenz: pd.DataFrame
    moved_since: date
    moved: pd.DataFrame
    few: segments.Few | None
    people: People
    by: dict[str, pd.DataFrame] = field(default_factory=dict)
    by_cohort: dict[str, dict[str, Cohorts]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    survey: Survey | None = None
    predicted: Predicted | None = None
    remarks: tuple[str, ...] = ()
    comparison: Comparison | None = None


def describe(orders: Orders, asked: Asked, spec: LogSpec, progress: Progress) -> Business:
    """Retention, cohorts and segments of a log.

    Raises
    ------
    UserError
        When nobody has bought before the day that is asked about, or the log ends before it.
    """
    refuse_later_day(orders, asked.as_of)
    _refuse_taken(asked.by)
    with progress.step("Counting who came, stayed and fell silent"):
        base = base_of(orders, asked)
        days, first = base.days, base.first
        flow = _flow(days, base.customers, asked, first)
        pair = _pair(base.customers, asked)
    with progress.step("Placing customers in segments"):
        groups = _by(days, base.customers, asked, first)
        ranked = scored(base.customers, asked.as_of, asked.window)
        now = orders.engine.create_table(orders.engine.fresh("scored"), ranked)
        placed = _placed(days, now, asked, first)
    # Refused before the long steps, where it cannot be used.
    answers = _survey(orders, asked, spec, now, progress)
    with progress.step("Looking for personas, and for rules of who leaves"):
        told = people(orders, base, asked.as_of, asked.window)
    went = course(orders, asked, base, progress)
    return Business(
        **vars(went),
        people=told,
        remarks=orders.log.remarks,
        **flow,
        **groups,
        **placed,
        survey=answers,
        comparison=comparison(went.cohorts, pair, first + timedelta(days=asked.window)),
        predicted=_predicted(orders, asked, now, went.forecast, progress),
    )


def _pair(base: ir.Table, asked: Asked) -> tuple[date, date] | None:
    if not asked.compare:
        return None
    begun = frame(cohort_sizes(base, asked.period))["cohort"].tolist()
    return named_pair(begun, asked.compare, asked.period, asked.as_of)


def _survey(
    orders: Orders, asked: Asked, spec: LogSpec, now: ir.Table, progress: Progress
) -> Survey | None:
    """What the survey says, where one is given."""
    if not asked.survey:
        return None
    with progress.step("Counting the answers of the survey"):
        return survey(orders, asked.survey, spec, now, asked.as_of, asked.period)


def _predicted(
    orders: Orders, asked: Asked, now: ir.Table, ahead: Forecast | None, progress: Progress
) -> Predicted | None:
    """What the scores say, where they are given."""
    if not asked.scores:
        return None
    with progress.step("Adding up the scores"):
        return predicted(orders, now, asked.scores, asked.as_of, ahead)


def _refuse_taken(attributes: Sequence[str]) -> None:
    """Stop before an attribute takes the name of a figure of each customer."""
    for name in attributes:
        if name.lower() in base_table.FIGURES or name.lower().startswith("own_"):
            raise UserError(
                f"--by {name}: describe has a column called so. Rename the column in the log."
            )


def _flow(days: ir.Table, base: ir.Table, asked: Asked, first: date) -> dict[str, Any]:
    """Single figures, periods and what to know of them."""
    overall = _overall(base, asked.as_of)
    if not overall["customers"]:
        raise UserError(f"Nobody has bought before {asked.as_of}; ask about a later day.")
    periods = _periods(days, base, asked, first)
    formulas = usual_formulas(periods, asked.period, first, asked.months)
    return {
        "overall": overall,
        "periods": periods,
        "formulas": formulas,
        "growth": growth(periods, asked.period, first, asked.window),
        "formulas_told": formulas_told(formulas, periods, asked.period, first),
        "notes": (
            *remarks(list(periods.index), asked.period, asked.window, first, asked.as_of),
            *uneven(calendar_of(days), [*periods.index[1:], asked.as_of], asked.window),
        ),
    }


def _placed(days: ir.Table, now: ir.Table, asked: Asked, first: date) -> dict[str, Any]:
    """Groups, tiers, the Lorenz curve, and the movements of the last window."""
    table = frame(segment_table(now, asked.as_of))
    since = max(asked.as_of - timedelta(days=asked.window), first)
    before = scored(base_table.customers(days, since), since, asked.window)
    most = frame(now.order_by(now.revenue.desc()).select("revenue").limit(segments.FEW))
    all_of_them = table[["customers", "revenue"]].sum()
    return {
        "few": segments.few(
            most["revenue"].to_numpy(float),
            int(all_of_them["customers"]),
            float(all_of_them["revenue"]),
        ),
        "groups": segments.groups(table),
        "tiers": segments.tiers(table),
        "lorenz": segments.lorenz(table),
        "moved_since": since,
        "moved": segments.movements(frame(movements(before, now))),
    }


def _overall(base: ir.Table, as_of: date) -> dict[str, float]:
    """Figures of all customers so far, each a single number."""
    lifetime = base.last_day.delta(base.first_day, unit="day").cast("int64")
    row = frame(
        base.aggregate(
            customers=base.count(),
            repeaters=(base.purchases > 1).sum().cast("int64"),
            orders=base.orders.sum().cast("int64"),
            revenue=base.revenue.sum().cast("float64"),
            lifetime=lifetime.sum().cast("int64"),
        )
    )
    return {str(name): value for name, value in _single_figures(row).iloc[0].items()}


def _single_figures(row: pd.DataFrame) -> pd.DataFrame:
    row = row.fillna(0)
    n, orders = (row[name].astype(float).replace(0, np.nan) for name in ("customers", "orders"))
    row = with_share(row, "repeat_rate", row["repeaters"], row["customers"])
    return row.assign(
        average_order_value=row["revenue"] / orders,
        frequency=row["orders"] / n,
        revenue_per_customer=row["revenue"] / n,
        lifetime_days=row["lifetime"] / n,
    ).drop(columns="lifetime")


def _periods(days: ir.Table, base: ir.Table, asked: Asked, first: date) -> pd.DataFrame:
    counts = period_counts(days, base, asked.as_of, asked.period, asked.window)
    listed = calendar(first, asked.as_of, asked.period)
    indexed = frame(counts).set_index("period")
    return metrics(indexed, listed, asked.period, asked.as_of)


def _by(days: ir.Table, base: ir.Table, asked: Asked, first: date) -> dict[str, Any]:
    """Single figures, the last complete period's retention, and cohorts, by each attribute."""
    tables, triangles = {}, {}
    listed = calendar(first, asked.as_of, asked.period)
    for name in asked.by:
        largest = frame(base_table.largest_values(base, name, SHOWN_VALUES))["value"]
        # A value of the log that is called like the others goes with them.
        values = [value for value in largest if value != base_table.OTHERS]
        grouped = base_table.in_groups(base, name, values)
        order = [*values, base_table.OTHERS]
        tables[name] = _by_group(days, grouped, asked, listed, order)
        triangles[name] = _cohorts_by_group(days, grouped, asked, order)
    return {"by": tables, "by_cohort": triangles}


def _by_group(
    days: ir.Table, grouped: ir.Table, asked: Asked, listed: Sequence[date], order: Sequence[str]
) -> pd.DataFrame:
    lifetime = grouped.last_day.delta(grouped.first_day, unit="day").cast("int64")
    table = grouped.group_by("group").aggregate(
        customers=grouped.count(),
        repeaters=(grouped.purchases > 1).sum().cast("int64"),
        orders=grouped.orders.sum().cast("int64"),
        revenue=grouped.revenue.sum().cast("float64"),
        lifetime=lifetime.sum().cast("int64"),
    )
    found = _single_figures(frame(table).set_index("group"))
    theirs = base_table.of_customers(days, grouped, asked.as_of, "group").rename(group="own_group")
    counts = frame(
        period_counts(theirs, grouped, asked.as_of, asked.period, asked.window, by="group")
    )
    complete = [day for day in listed if end_of(day, asked.period) <= asked.as_of]
    columns = ["retention", "retention_low", "retention_high"]
    for name in found.index:
        own = counts[counts["group"] == name].drop(columns="group").set_index("period")
        rates = metrics(own, listed, asked.period, asked.as_of)
        last = rates.loc[complete[-1], columns].to_numpy(float) if complete else np.nan
        found.loc[name, columns] = last
    return found.reindex([name for name in order if name in found.index])


def _cohorts_by_group(
    days: ir.Table, grouped: ir.Table, asked: Asked, order: Sequence[str]
) -> dict[str, Cohorts]:
    cells = frame(cohort_cells(days, grouped, asked.as_of, asked.period, ("group",)))
    sizes = frame(cohort_sizes(grouped, asked.period, ("group",)))
    found = {}
    for name in order:
        size = sizes[sizes["group"] == name].set_index("cohort")["customers"]
        own = cells[cells["group"] == name].set_index(["cohort", "age"]).drop(columns="group")
        if len(size):
            found[name] = cohorts(own, size, asked.period, asked.as_of)
    return found
