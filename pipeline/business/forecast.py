"""The forecast of `churn describe`: both ways at past origins, the better one for what comes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from models.btyd import FitError
from models.forecast.bottom_up import Recent, bottom_up
from models.forecast.rolling import Record, apart, band, origins, scoreboard
from models.forecast.top_down import OF_COUNTS, TOP_DOWN

MEASURES = ("revenue", "orders", "active")
BOTTOM_UP = "customer by customer"
YARDSTICK = "seasonal naive"

LEAST = 30
"""Customers below which what comes is the whim of a few."""

WIDE = 2.5
"""A range of more than so many mean errors either way is explained."""

Histograms = Callable[[date], pd.DataFrame]
"""Frequency, recency, T and n_customers of the customers known before a day, or a sample of them.
"""


@dataclass(frozen=True)
class Outlook:
    """The coming steps of one measure.

    `past` is the series by the first day of each step; `coming` has ``expected``, ``low`` and
    ``high`` by the same; `total` the sum of the coming steps (of ``active``: the last step) with
    its ends. `board` is of `models.forecast.rolling.scoreboard`, its first row is `method`.
    """

    measure: str
    method: str
    past: pd.Series
    coming: pd.DataFrame
    total: tuple[float, float, float]
    board: pd.DataFrame


@dataclass(frozen=True)
class Forecast:
    """Forecasts of the coming `steps` of `step_days`; `customers` splits them bottom-up."""

    step_days: int
    steps: int
    outlooks: dict[str, Outlook]
    customers: pd.DataFrame | None

    @property
    def end(self) -> date:
        """The day after the last one that is forecast."""
        last: date = self.outlooks["revenue"].coming.index[-1]
        return last + timedelta(days=self.step_days)


def a_year_ago(found: Outlook) -> tuple[float | None, bool]:
    """What the same steps a year ago came to, and whether any past forecast was of them.

    A year is 364 days, so that a step begins on the same day of the week. None where the log does
    not hold all of them. A peak that no past forecast was of is in no error and in no band.
    """
    then = [day - timedelta(days=364) for day in found.coming.index]
    if not set(then) <= set(found.past.index):
        return None, False
    begins = list(found.past.index).index(then[0])
    tried = begins in origins(len(found.past), len(then), len(found.past) - begins)
    return float(found.past[then].sum()), tried


def why_wide(ahead: Forecast) -> str:
    """Why the range is wider than past errors seem to ask for, where it is."""
    revenue = ahead.outlooks["revenue"]
    expected, _, high = revenue.total
    if high - expected <= WIDE * revenue.board["error_of_total"].iloc[0] * expected:
        return ""
    begun = origins(len(revenue.past), ahead.steps, 364 // ahead.step_days)
    n = apart(begun, ahead.steps)
    some = f"only {n} of them do not overlap" if n > 1 else "all of them overlap"
    return f" The range is wider, for {some}."


def step_of(window: int) -> tuple[int, int]:
    """Days of a step, and how many steps fit in a window: weeks, or days below two weeks.

    >>> step_of(91), step_of(30), step_of(10), step_of(730)
    ((7, 13), (7, 4), (1, 10), (7, 52))
    """
    days = 7 if window >= 14 else 1
    return days, min(window // days, 52)


def forecast(
    daily: pd.DataFrame, as_of: date, window: int, histograms: Histograms
) -> Forecast | None:
    """Forecast revenue, orders and active customers until the window after `as_of` ends.

    None where the log is too short for a single past forecast to be checked, has fewer than
    `LEAST` customers, or nothing came in the last three windows. A sample counts for as many
    customers as had bought what all had: its share of the purchases until then, not of the heads.
    """
    step_days, steps = step_of(window)
    series = in_steps(daily, as_of, step_days)
    starts = origins(len(series), steps, 364 // step_days)
    lately = series["purchases"].iloc[-3 * steps :]
    if not starts or daily["new"].sum() < LEAST or not lately.any():
        return None
    season = 52 if step_days == 7 else 7

    def customers(at: int) -> pd.DataFrame | None:
        day = series.index[at] if at < len(series) else as_of
        recent = _recent(series.iloc[max(0, at - steps) : at])
        try:
            known = _for_all(histograms(day), float(daily["purchases"][daily.index < day].sum()))
            return bottom_up(known, recent, steps, step_days, window)
        except (FitError, ValueError):
            return None

    # Matrices of a few numbers: threads would only wait for each other.
    with threadpool_limits(1):
        by_customer = {at: customers(at) for at in (*starts, len(series))}
        outlooks = {
            name: _outlook(name, series[name], starts, steps, season, by_customer, as_of, step_days)
            for name in MEASURES
        }
    split = by_customer[len(series)]
    if split is not None:
        split = split.set_index(outlooks["revenue"].coming.index)
    return Forecast(step_days, steps, outlooks, split)


def in_steps(daily: pd.DataFrame, as_of: date, step_days: int) -> pd.DataFrame:
    """Sums of whole steps that end with the day before `as_of`; ``active`` is of the last day.

    Days of an incomplete first step are left out, so that no step is partial.
    """
    rows = daily.tail(len(daily) // step_days * step_days)
    group = np.arange(len(rows)) // step_days
    sums = rows[["new", "purchases", "orders", "revenue"]].groupby(group).sum().astype(float)
    sums["active"] = rows["active"].groupby(group).last().astype(float)
    sums.index = pd.Index(list(rows.index[::step_days]), name="start")
    return sums


def _for_all(drawn: pd.DataFrame, purchases: float) -> pd.DataFrame:
    """A sample's histogram, its customers as many as had bought what all had."""
    bought = float((drawn["n_customers"] * (drawn["frequency"] + 1)).sum())
    scale = purchases / bought if bought else 1.0
    return drawn.assign(n_customers=drawn["n_customers"] * scale)


def _recent(rows: pd.DataFrame) -> Recent:
    purchases = max(float(rows["purchases"].sum()), 1.0)
    return Recent(
        arrivals=float(rows["new"].mean()),
        revenue=float(rows["revenue"].sum()) / purchases,
        orders=float(rows["orders"].sum()) / purchases,
    )


def _outlook(
    name: str,
    past: pd.Series,
    starts: list[int],
    steps: int,
    season: int,
    by_customer: dict[int, pd.DataFrame | None],
    as_of: date,
    step_days: int,
) -> Outlook:
    values = past.to_numpy(float)
    ways = dict(OF_COUNTS if name == "active" else TOP_DOWN)
    # Before a season is over its errors are another method's, and say nothing of it.
    if 2 * sum(at >= season for at in starts) <= len(starts):
        del ways[YARDSTICK]
    said = {
        method: [ahead(values[:at], steps, season) for at in (*starts, len(values))]
        for method, ahead in ways.items()
    }
    if all(table is not None for table in by_customer.values()):
        said[BOTTOM_UP] = [
            table[name].to_numpy(float) for table in by_customer.values() if table is not None
        ]
    came = np.array([values[at : at + steps] for at in starts])
    # No count and no net spend of all customers is expected below nothing.
    answers = {method: np.maximum(np.array(rows), 0.0) for method, rows in said.items()}
    records = {
        method: Record(np.array(starts), rows[:-1], came) for method, rows in answers.items()
    }
    board = scoreboard(records)
    method = str(board.index[0])
    days = [as_of + timedelta(days=step_days * n) for n in range(steps)]
    coming, total = _coming(answers[method][-1], records[method], days)
    if name == "active":
        expected, low, high = (float(x) for x in coming.iloc[-1])
        total = (expected, low, high)
    return Outlook(name, method, past, coming, total, board)


def _coming(
    expected: np.ndarray, record: Record, days: list[date]
) -> tuple[pd.DataFrame, tuple[float, float, float]]:
    """The coming steps with their band, and their sum with its own."""
    around, level = band(record), record.level(expected)
    coming = pd.DataFrame(
        {
            "expected": expected,
            "low": np.maximum(expected - around.steps * level, 0.0),
            "high": expected + around.steps * level,
        },
        index=pd.Index(days, name="start"),
    )
    total, half = float(expected.sum()), around.total * level * len(expected)
    return coming, (total, max(total - half, 0.0), total + half)
