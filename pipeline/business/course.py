"""The course of a business: days, cohorts and what comes; every page begins with it."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from features.business import customers as base_table
from features.business.cohorts import cohort_cells, cohort_sizes
from features.business.periods import Period, calendar
from features.business.retention import period_counts
from features.customer.rfm import histogram, rfm
from features.customer.sample import sample
from features.errors import UserError
from features.log.spec import LogSpec
from features.timeline import before
from pipeline.business.cohorts import Cohorts, cohorts
from pipeline.business.forecast import Forecast, Histograms, forecast
from pipeline.business.scores import Scores
from pipeline.console import Progress
from pipeline.intake.orders import Orders

FORECAST = 100_000
"""Customers that the forecast is told of one by one; the others count with them."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How it went so far, and what comes.

    `window` is the days of silence after which a customer is not active any more; `daily` has one
    row per day: new customers, purchases, orders, revenue, and active customers at its end.
    """

    name: str
    as_of: date
    first_day: date
    period: Period
    window: int
    daily: pd.DataFrame
    cohorts: Cohorts
    forecast: Forecast | None
    currency: str = ""


@dataclass(frozen=True)
class Asked:
    """What the command was asked for; `window` is the days after which silence begins.

    `compare` names two cohorts.
    """

    as_of: date
    period: Period
    window: int
    by: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    months: int = 12
    currency: str = ""
    survey: Path | None = None
    scores: Scores | None = None


@dataclass(frozen=True)
class Base:
    """Purchase days before the day asked about, their first day, and one row per customer."""

    days: ir.Table
    first: date
    customers: ir.Table

    def drawn(self, most: int) -> tuple[ir.Table, float]:
        """The ids of about `most` customers, all where there are fewer, and their share."""
        share = min(1.0, most / max(self.customers.count().to_pyarrow().as_py(), 1))
        return sample(self.customers.select("customer_id"), share), share


def refuse_later_day(orders: Orders, as_of: date) -> None:
    """Stop before a day of which the log knows nothing."""
    if as_of > orders.end:
        raise UserError(
            f"The log ends on {orders.last_day}: after it everybody would seem to fall silent. "
            f"Ask about a day up to {orders.end}."
        )


def base_of(orders: Orders, asked: Asked) -> Base:
    """What everything is counted from, once in the engine."""
    engine = orders.engine
    # Kept: whoever asks lazy days sorts them all, to see from each to the one before.
    known = before(base_table.needed(orders.days, asked.by), asked.as_of)
    days = engine.create_table(engine.fresh("days"), known)
    first = min(orders.first_day, asked.as_of - timedelta(days=1))
    known = base_table.customers(days, asked.as_of, asked.by)
    return Base(days, first, engine.create_table(engine.fresh("customers"), known))


def of_log(
    orders: Orders,
    spec: LogSpec,
    as_of: date,
    window: int,
    progress: Progress,
    ahead: bool = False,
) -> Course:
    """The course of a log by month, to its end: for the pages of a model and of scores."""
    asked = Asked(min(as_of, orders.end), "month", window, currency=currency_of(spec))
    return course(orders, asked, base_of(orders, asked), progress, ahead)


def currency_of(spec: LogSpec) -> str:
    """What money is counted in: "" where it is not told, orders where the log has no amounts."""
    has_money = spec.columns.amount or spec.columns.unit_price
    return spec.currency or ("" if has_money else "orders")


def course(
    orders: Orders, asked: Asked, base: Base, progress: Progress, ahead: bool = True
) -> Course:
    """Count days and cohorts; `ahead` also forecasts, which takes the most time."""
    days, first = base.days, base.first
    with progress.step("Following the cohorts"):
        daily = _daily(days, base.customers, asked, first)
        triangle = _cohorts(days, base.customers, asked)
    found = None
    if ahead:
        with progress.step("Forecasting, and holding past forecasts against what came"):
            found = forecast(daily, asked.as_of, asked.window, _histograms(orders, base))
    return Course(
        name=orders.name,
        as_of=asked.as_of,
        first_day=first,
        period=asked.period,
        window=asked.window,
        daily=daily,
        cohorts=triangle,
        forecast=found,
        currency=asked.currency,
    )


def _histograms(orders: Orders, base: Base) -> Histograms:
    """Of so many customers as tell what more would: of all days they would take longer to count."""
    drawn, share = base.drawn(FORECAST)
    some, engine = base.days, orders.engine
    if share < 1:
        some = engine.create_table(engine.fresh("drawn"), some.semi_join(drawn, "customer_id"))
    return lambda day: histogram(rfm(some, day)).to_pyarrow().to_pandas()


def frame(table: ir.Table) -> pd.DataFrame:
    """A small table out of the engine, dates as Python's."""
    return pd.DataFrame(table.to_pyarrow().to_pylist(), columns=table.columns)


def _daily(days: ir.Table, base: ir.Table, asked: Asked, first: date) -> pd.DataFrame:
    """One row per day from the first: ``new``, ``purchases``, ``orders``, ``revenue``, ``active``.

    ``active`` counts the customers at the day's end who bought within the window before it.
    """
    counts = frame(period_counts(days, base, asked.as_of, "day", asked.window)).set_index("period")
    counts = counts.reindex(calendar(first, asked.as_of, "day"), fill_value=0)
    active = (counts["spells_begun"] - counts["spells_ended"]).cumsum()
    return counts[["new", "purchases", "orders", "revenue"]].assign(active=active)


def _cohorts(days: ir.Table, base: ir.Table, asked: Asked) -> Cohorts:
    cells = frame(cohort_cells(days, base, asked.as_of, asked.period))
    sizes = frame(cohort_sizes(base, asked.period)).set_index("cohort")["customers"]
    return cohorts(cells.set_index(["cohort", "age"]), sizes, asked.period, asked.as_of)
