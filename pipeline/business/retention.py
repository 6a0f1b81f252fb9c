"""Retention metrics by period: the flow of customers, and the rates made of it."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.business.periods import LONGEST, Period, end_of, label
from models.evaluation.calibration import wilson_interval
from pipeline.intake.billing import SWING, Calendar

YEAR = {"week": 52, "month": 12, "quarter": 4}
"""How many periods make a year."""

LARGE = 0.2
"""From so large a change of the active customers within a year on, a sentence says so."""

DEFINITIONS = {
    "start": "customers active at the start: they bought within the window before it",
    "new": "customers whose first purchase ever lies in the period",
    "came_back": "earlier customers, silent at its start, who bought in it",
    "fell_silent": "customers active at its start or buying in it, not active at its end",
    "end": "start + new + came back - fell silent, exactly",
    "retention": "share of the customers active at the start who are active at the end",
    "churn": "1 - retention",
    "repeat_rate": "share of the period's buyers who, by its end, have bought on two days or more",
    "average_order_value": "revenue / orders; revenue is net of returns",
    "frequency": "orders / buyers",
    "revenue_per_customer": "revenue / buyers = frequency x average order value",
}
"""What each column of the period table means."""


def metrics(
    counts: pd.DataFrame, calendar: Sequence[date], period: Period, as_of: date
) -> pd.DataFrame:
    """Rates of each period of the calendar.

    Parameters
    ----------
    counts
        From `features.business.retention.period_counts`, indexed by period.

    Returns
    -------
    DataFrame indexed by the period's first day, with the columns of `DEFINITIONS`, the counts,
    ``label``, ``complete`` (False for a period that `as_of` cuts off), and ``_low``, ``_high``
    of the shares.
    """
    found = counts.reindex(pd.Index(list(calendar), name="period"), fill_value=0)
    found.insert(0, "label", [label(day, period) for day in found.index])
    found.insert(1, "complete", [end_of(day, period) <= as_of for day in found.index])
    end = (found["spells_begun"] - found["spells_ended"]).cumsum()
    start = end.shift(fill_value=0)
    found = found.assign(start=start, end=end)
    found = with_share(found, "retention", end - found["joined"], start)
    found["churn"] = 1 - found["retention"]
    found = with_share(found, "repeat_rate", found["buyers"] - found["one_time"], found["buyers"])
    found["average_order_value"] = _ratio(found["revenue"], found["orders"])
    found["frequency"] = _ratio(found["orders"], found["buyers"])
    found["revenue_per_customer"] = _ratio(found["revenue"], found["buyers"])
    return found


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """A ratio that is NaN where there is nothing to divide by."""
    return part / whole.astype(float).where(whole != 0)


def with_share(
    table: pd.DataFrame, name: str, hits: pd.Series | float, of: pd.Series
) -> pd.DataFrame:
    """The table with a share and the ends of its 95 % Wilson interval."""
    share = _ratio(hits + pd.Series(0.0, of.index), of)
    known = share.notna().to_numpy()
    low, high = np.full(len(of), np.nan), np.full(len(of), np.nan)
    low[known], high[known] = wilson_interval(share.to_numpy()[known], of.to_numpy(float)[known])
    table = table.copy()
    table[name], table[f"{name}_low"], table[f"{name}_high"] = share, low, high
    return table


def last_year(periods: pd.DataFrame, period: Period, first: date) -> pd.DataFrame:
    """The last complete periods that make a year; fewer where the log, from `first`, has fewer."""
    whole = periods[periods["complete"] & (periods.index >= first)]
    return whole.tail(YEAR[period])


def usual_formulas(
    periods: pd.DataFrame, period: Period, first: date, months: int
) -> dict[str, float]:
    """CLTV and LTV as textbooks have them, from `last_year`.

    Returns
    -------
    ``average_order_value``; ``orders_per_month`` and ``revenue_per_month`` of an active customer;
    ``churn_per_month``; ``lifetime_months`` (1 / churn); ``cltv`` (average order value x orders
    per month x lifetime); ``ltv`` (revenue per month x `months`). NaN where nobody was active,
    or nobody left. The last three are NaN without a whole year: a part of one has its season.
    """
    rows = last_year(periods, period, first)
    span = sum((end_of(day, period) - day).days for day in rows.index) / (365.25 / 12)
    active = float(((rows["start"] + rows["end"]) / 2).mean()) if len(rows) else 0.0
    begun = float(rows["start"].sum())
    left = 1 - float((rows["end"] - rows["joined"]).sum()) / begun if begun else np.nan
    churn = 1 - (1 - left) ** (len(rows) / span) if left > 0 else np.nan
    orders = float(rows["orders"].sum()) / (active * span) if active else np.nan
    revenue = float(rows["revenue"].sum()) / (active * span) if active else np.nan
    value = revenue / orders if orders else np.nan
    year = 1.0 if len(rows) == YEAR[period] else np.nan
    return {
        "average_order_value": value,
        "orders_per_month": orders,
        "revenue_per_month": revenue,
        "churn_per_month": churn,
        "lifetime_months": year / churn,
        "cltv": year * value * orders / churn,
        "ltv": year * revenue * months,
    }


def formulas_told(
    formulas: dict[str, float], periods: pd.DataFrame, period: Period, first: date
) -> str:
    """CLTV and LTV with the year they are made of, or why there are none."""
    rows = last_year(periods, period, first)
    if len(rows) < YEAR[period]:
        return (
            f"No CLTV and no LTV by the usual formulas: they need {YEAR[period]} complete "
            f"{period}s, and the log has {len(rows)}."
        )
    values = (
        f"{name} {'unknown' if np.isnan(formulas[key]) else format(formulas[key], ',.2f')}"
        for name, key in (("CLTV", "cltv"), ("LTV", "ltv"))
    )
    return (
        f"An active customer by the usual formulas, {rows['label'].iloc[0]} to "
        f"{rows['label'].iloc[-1]}: {', '.join(values)}."
    )


def growth(periods: pd.DataFrame, period: Period, first: date, window: int) -> str:
    """Whether the business grows or shrinks much: the last quarter against that a year before.

    The same quarter, so that a season does not count as growth; of its periods that of the middle
    change, so that a sale in another month than last year does not either. Empty where the change
    is below `LARGE` or chance, or the log, from `first`, has no whole window before both quarters.
    """
    year = YEAR[period]
    known = periods.index >= first + timedelta(days=window)
    whole = periods[periods["complete"] & known]
    if len(whole) < year + year // 4:
        return ""
    now, before = whole.tail(year // 4), whole.iloc[-year - year // 4 : -year]
    changes = now["end"].to_numpy(float) / np.maximum(before["end"].to_numpy(float), 1.0) - 1
    middle = int(np.argsort(changes, kind="stable")[len(changes) // 2])
    active, earlier, change = now["end"].iloc[middle], before["end"].iloc[middle], changes[middle]
    if abs(change) < LARGE or abs(active - earlier) < 1.96 * np.sqrt(active + earlier):
        return ""
    return (
        f"The business {'grows' if change > 0 else 'shrinks'}: {active:,.0f} active customers at "
        f"the end of {now['label'].iloc[middle]} against {earlier:,.0f} a year before "
        f"({change:+.0%}). In the last quarter {now['new'].mean():,.0f} new ones came a {period}, "
        f"a year before {before['new'].mean():,.0f}."
    )


def remarks(
    calendar: Sequence[date], period: Period, window: int, first: date, as_of: date
) -> list[str]:
    """What a reader must know so as not to misread the figures."""
    notes = []
    if end_of(calendar[-1], period) > as_of:
        notes.append(
            f"The last {period} is not over on {as_of}: its buyers and revenue will still grow, "
            "its retention will fall."
        )
    if calendar[0] < first:
        notes.append(f"The first {period} begins before the log does, on {first}.")
    young = first + timedelta(days=window)
    notes.append(
        f"Until {young} not all active customers are known, and some who count as new may have "
        "bought before the log began."
    )
    if window < LONGEST[period]:
        notes.append(
            f"The window of {window} days is shorter than a {period}: who falls silent and comes "
            "back within one counts as retained."
        )
    if (as_of - first).days <= window:
        notes.append(
            f"The log is not longer than the {window} days of the window: nobody can have "
            "fallen silent yet."
        )
    return notes


def uneven(found: Calendar | None, moments: Sequence[date], window: int) -> list[str]:
    """Why customers seem to come and go with the calendar of billing, and which window is even.

    Parameters
    ----------
    moments
        The days before which the window lies: each start of a period, and the day asked about.
    """
    if found is None or found.share * _apart(held := _held(found, moments, window)) < SWING:
        return []
    note = (
        f"{found.share:.0%} of a usual {found.period}'s purchases fall on {found}. The window of "
        f"{window} days holds {min(held)} to {max(held)} of these, by the {found.period}: active "
        "customers and retention rise and fall with it."
    )
    for length in sorted(found.near(window), key=lambda n: abs(n - window)):
        other = set(_held(found, moments, length))
        if len(other) == 1 and other != {0}:
            told = f"For these figures --horizon {length}d always holds {other.pop()}"
            return [f"{note} {told}; a model looks ahead from other days, and keeps its own."]
    return [note]


def _held(found: Calendar, moments: Sequence[date], window: int) -> list[int]:
    """How many days of billing lie in the window before each moment."""
    return found.held([day - timedelta(days=window) for day in moments], window)


def _apart(held: Sequence[int]) -> float:
    """How far numbers lie apart, as a share of their mean."""
    return float(np.ptp(held) / max(np.mean(held), 1e-9))
