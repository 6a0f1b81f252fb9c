"""Cohorts as triangles: what each did in the periods since it began, blank where not over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.business.periods import Period, end_of, label
from features.errors import UserError
from models.evaluation.shares import difference_of_shares


@dataclass(frozen=True)
class Cohorts:
    """Triangles by cohort (its first day) and age (periods since its own).

    `size` is how many customers began in the cohort. `buyers`, `orders` and `revenue` are
    totals of a cell, 0 where nothing happened and NaN where the period is not over.
    """

    period: Period
    size: pd.Series
    buyers: pd.DataFrame
    orders: pd.DataFrame
    revenue: pd.DataFrame

    @property
    def share(self) -> pd.DataFrame:
        """Share of the cohort that bought in each period; 1 at age 0."""
        return self.buyers.div(self.size, axis=0)

    @property
    def value(self) -> pd.DataFrame:
        """Cumulative net revenue per customer of the cohort."""
        return self.revenue.cumsum(axis=1, skipna=False).div(self.size, axis=0)

    def label(self, cohort: date) -> str:
        """How people write the cohort's period."""
        return label(cohort, self.period)

    def together(self, cohorts: Sequence[date], age: int) -> tuple[float, float]:
        """Buyers at an age, and customers, of several cohorts whose period is over."""
        rows = self.size.index.isin([day for day in cohorts if self.is_over(day, age)])
        return float(self.buyers.loc[rows, age].sum()), float(self.size[rows].sum())

    def is_over(self, cohort: date, age: int) -> bool:
        """Whether the cohort's period of that age has ended."""
        return age in self.buyers.columns and bool(self.buyers[age].notna()[cohort])


def cohorts(cells: pd.DataFrame, sizes: pd.Series, period: Period, as_of: date) -> Cohorts:
    """Triangles of the cells that something happened in, and the sizes by cohort.

    Both come from `features.business.cohorts`.
    """
    sizes = sizes.sort_index()
    last = max((_age(day, as_of, period) for day in sizes.index), default=0)
    ages = pd.RangeIndex(max(last, 0) + 1, name="age")
    over = pd.DataFrame(
        [[age <= _age(day, as_of, period) for age in ages] for day in sizes.index],
        index=sizes.index,
        columns=ages,
    )
    triangles = {
        name: cells.pivot_table(name, "cohort", "age", aggfunc="sum")
        .reindex(index=sizes.index, columns=ages)
        .fillna(0.0)
        for name in ("buyers", "orders", "revenue")
    }
    return Cohorts(period, sizes, **{name: t.where(over) for name, t in triangles.items()})


def _age(cohort: date, as_of: date, period: Period) -> int:
    """The last age of a cohort whose period is over; -1 when not even its own is."""
    age, end = -1, end_of(cohort, period)
    while end <= as_of:
        age, end = age + 1, end_of(end, period)
    return age


@dataclass(frozen=True)
class Comparison:
    """One cohort beside others at the same age: shares that bought, their difference and its ends.

    `difference`, `low` and `high` are shares, not percent; the interval is of 95 %.
    """

    cohort: str
    others: str
    age: int
    share: float
    other_share: float
    difference: float
    low: float
    high: float

    def sentence(self, period: Period) -> str:
        """What the comparison says, with its interval in points."""
        points = [round(100 * x, 1) for x in (self.difference, self.low, self.high)]
        told = f"{points[0]:+.1f} points, {points[1]:+.1f} to {points[2]:+.1f}".replace("-", "−")
        if self.low <= 0 <= self.high:
            told += ", which may be chance"
        how, beside = f"{'less' if points[0] < 0 else 'more'} often", "than"
        if not points[0]:
            how, beside = "as often", "as"
        return (
            f"The cohort of {self.cohort} came back {how} in {period} {self.age} after its first "
            f"{beside} {self.others}: {told}."
        )


def compare(found: Cohorts, cohort: date, others: Sequence[date], age: int) -> Comparison:
    """One cohort's share of buyers at an age, beside that of others together."""
    hits, of = found.together([cohort], age)
    other_hits, other_of = found.together(others, age)
    difference, low, high = difference_of_shares(hits, of, other_hits, other_of)
    names = [found.label(day) for day in others]
    named = names[0] if len(names) == 1 else f"the {len(names)} before it"
    return Comparison(
        found.label(cohort),
        named,
        age,
        hits / of if of else np.nan,
        other_hits / other_of if other_of else np.nan,
        difference,
        low,
        high,
    )


def named_pair(
    cohorts: Sequence[date], names: Sequence[str], period: Period, as_of: date
) -> tuple[date, date]:
    """The two cohorts of these names.

    Raises
    ------
    UserError
        When there are not two, one has nobody, or no later period of both is over.
    """
    known = {label(day, period): day for day in sorted(cohorts)}
    found = [known[name] for name in names if name in known]
    if len(found) != 2 or len(names) != 2:
        raise UserError(
            f"--compare takes two cohorts, {period}s in which customers began, written as from "
            f"{min(known)} to {max(known)}; {len(found)} of {len(names)} is one."
        )
    if _age(max(found), as_of, period) < 1:
        raise UserError(f"--compare: the {period} after that of the later cohort is not over.")
    return found[0], found[1]


def comparison(
    found: Cohorts, pair: tuple[date, date] | None, since: date, most: int = 3
) -> Comparison | None:
    """Two cohorts in the latest period that is over for both, at most the third; else `latest`."""
    if pair is None:
        return latest(found, since)
    age = max(age for age in range(1, most + 1) if all(found.is_over(day, age) for day in pair))
    return compare(found, pair[0], pair[1:], age)


def latest(found: Cohorts, since: date, age: int = 3, least: int = 30) -> Comparison | None:
    """The latest cohort of enough customers that reached an age, beside all such before it.

    None where nobody of either came back. Chosen by date alone: choosing the largest difference
    would find one in any noise. Cohorts that began before `since` hold customers older than the
    log, who come back more often than new ones.
    """
    reached = [
        day
        for day in found.size.index
        if day >= since and found.is_over(day, age) and found.size[day] >= least
    ]
    if len(reached) < 2:
        return None
    compared = compare(found, reached[-1], reached[:-1], age)
    return compared if compared.share or compared.other_share else None
