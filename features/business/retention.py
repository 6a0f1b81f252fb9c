"""How many customers come, return and fall silent in each period, and what they spend.

A customer is active on a day when they bought within the `window` days before it: a shop
without contracts has no other sign that somebody is still a customer.
"""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.business.periods import LONGEST, Period, days_into, each_day, start_of
from features.timeline import before

COUNTS = (
    *("new", "came_back", "fell_silent", "joined", "spells_begun", "spells_ended"),
    *("buyers", "one_time", "purchases", "orders"),
)


def period_counts(
    days: ir.Table,
    customers: ir.Table,
    as_of: date,
    period: Period,
    window: int,
    by: str | None = None,
) -> ir.Table:
    """One row per period (and value of `by`) in which anything happened.

    Parameters
    ----------
    days, customers
        See `features.customer.purchase_days` and `features.business.customers`; both carry `by`.
    as_of
        Nothing is known from this day on; the period it lies in ends the day before.
    window
        A customer is active on a day after a purchase within so many days before it.

    Returns
    -------
    Table with ``period`` (its first day), `by`, and

    - ``new``: customers whose first purchase lies in it;
    - ``came_back``: earlier customers not active at its start who bought in it;
    - ``fell_silent``: customers active at its start or buying in it, not active at its end;
    - ``joined``: customers active at its end, not at its start;
    - ``spells_begun``, ``spells_ended``: a spell lasts from a purchase until `window` days pass
      without another. Begun less ended, summed up to a period, are the customers active at its end;
    - ``buyers``: customers who bought in it; ``one_time``: those of them who, at its end, have
      bought on one day only;
    - ``purchases`` (purchase days), ``orders``, and ``revenue`` (net of returns).
    """
    keys = (by,) if by else ()
    parts = [
        _happened(before(days, as_of), period, window, keys),
        _pauses(before(days, as_of), period, window, keys),
        _ended(customers, as_of, period, window, keys),
    ]
    if window < LONGEST[period]:
        parts.append(_joined(before(days, as_of), as_of, period, window, keys))
    together = ibis.union(*parts)
    totals = {name: together[name].sum().cast("int64") for name in COUNTS}
    return together.group_by("period", *keys).aggregate(
        **totals, revenue=together.revenue.sum().cast("float64")
    )


def _happened(known: ir.Table, period: Period, window: int, keys: tuple[str, ...]) -> ir.Table:
    """What is told by the day itself and the gap before it."""
    calendar = each_day(known, period)
    known = known.inner_join(calendar, known.transacted_at == calendar.day)
    into = known.into
    first, again = known.ordinal == 1, known.gap.notnull()
    # The purchase before lies before the days that count at the period's start.
    back = again & (known.gap > into + window)
    stay = {"joined": first | back} if window >= LONGEST[period] else {}
    return _aggregated(
        known,
        known.start,
        keys,
        **stay,
        new=first,
        came_back=back,
        spells_begun=first | (again & (known.gap > window)),
        buyers=first | (again & (known.gap > into)),
        # The second purchase in the period of the first takes that customer off again.
        one_time=first.ifelse(1, 0) - ((known.ordinal == 2) & (known.gap <= into)).ifelse(1, 0),
        purchases=known.amount > 0,
        orders=known.orders,
        revenue=known.amount,
    )


def _pauses(known: ir.Table, period: Period, window: int, keys: tuple[str, ...]) -> ir.Table:
    """Silences that a later purchase ended, booked on the day that was one too many."""
    rows = known.filter(known.gap > window)
    silent = (rows.transacted_at + (window - rows.gap).as_interval("D")).cast("date")
    later = start_of(rows.transacted_at, period) > start_of(silent, period)
    return _aggregated(
        rows,
        start_of(silent, period),
        keys,
        fell_silent=later,
        spells_ended=rows.gap.notnull(),
    )


def _joined(
    known: ir.Table, as_of: date, period: Period, window: int, keys: tuple[str, ...]
) -> ir.Table:
    """Who came and is there at the end, where the window may end before the period does."""
    bought = known.filter(known.amount > 0)
    came = (bought.ordinal == 1) | (
        bought.gap.notnull() & (bought.gap > days_into(bought.transacted_at, period) + window)
    )
    begun = start_of(bought.transacted_at, period).cast("date")
    each = bought.group_by("customer_id", *keys, begun=begun).aggregate(
        came=came.sum(), last=bought.transacted_at.max()
    )
    silent = (each.last + ibis.interval(days=window)).cast("date")
    there = (silent >= as_of) | (start_of(silent, period) > each.begun)
    rows = each.filter((each.came > 0) & there)
    return _aggregated(rows, rows.begun, keys, joined=rows.last.notnull())


def _ended(
    customers: ir.Table, as_of: date, period: Period, window: int, keys: tuple[str, ...]
) -> ir.Table:
    """Silences that still last."""
    last = customers.group_by("last_day", *keys).aggregate(gone=customers.count())
    silent = (last.last_day + ibis.interval(days=window)).cast("date")
    rows = last.mutate(silent=silent).filter(silent < as_of)
    begun = start_of(rows.silent, period)
    return _aggregated(rows, begun, keys, fell_silent=rows.gone, spells_ended=rows.gone)


def _aggregated(
    rows: ir.Table, period: ir.DateValue, keys: tuple[str, ...], **measures: ir.Value
) -> ir.Table:
    """Sums by period and group, with the measures that are not told here as 0."""
    sums = {name: _total(rows, measures.get(name)).cast("int64") for name in COUNTS}
    revenue = _total(rows, measures.get("revenue")).cast("decimal(38, 4)")
    grouped = rows.group_by(period=period.cast("date"), **{key: rows[key] for key in keys})
    return grouped.aggregate(**sums, revenue=revenue)


def _total(rows: ir.Table, measure: ir.Value | None) -> ir.Value:
    if measure is None:
        return ibis.literal(0)
    return ibis.coalesce(measure.sum(), 0)
