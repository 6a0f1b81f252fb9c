"""RFM scores from 1 to 5, the groups named by them, and tiers by value.

One rule places a customer in each measure: the share of customers who have strictly less.
Equal customers share it, whatever their ids or the order of the log.
"""

from datetime import date

import ibis
import ibis.expr.types as ir

GROUPS = {
    "champions": ((5,), (4, 5)),
    "loyal": ((3, 4), (4, 5)),
    "potential loyalists": ((4, 5), (2, 3)),
    "new": ((5,), (1,)),
    "promising": ((4,), (1,)),
    "need attention": ((3,), (3,)),
    "about to sleep": ((3,), (1, 2)),
    "cannot lose": ((1, 2), (5,)),
    "at risk": ((1, 2), (3, 4)),
    "hibernating": ((1, 2), (1, 2)),
}
"""Name -> the recency and the frequency scores that it is for; each pair has one name."""

TIERS = {"VIP": 99, "high": 80, "middle": 50, "low": 0}
"""Name -> the least percentage of customers who have brought strictly less."""


def scored(customers: ir.Table) -> ir.Table:
    """The customers with their scores.

    Parameters
    ----------
    customers
        From `features.business.customers.customers`.

    Returns
    -------
    The table with ``recency_score``, ``frequency_score`` and ``monetary_score`` (1 to 5, 5 best:
    a score of s needs (s - 1) / 5 of the customers to have strictly less; recency counts the
    last purchase day, frequency purchase days, money net revenue); ``rfm_group``, see `GROUPS`;
    ``percentile`` (0 to 99, whole percent of the customers with strictly less revenue) and
    ``tier``, see `TIERS`.
    """
    below = {
        "recency_score": _below(customers, "last_day"),
        "frequency_score": _below(customers, "purchases"),
    }
    found = customers.mutate(
        percentile=_below(customers, "revenue") * 100 // _everybody(customers),
        **{name: 1 + rank * 5 // _everybody(customers) for name, rank in below.items()},
    )
    found = found.mutate(monetary_score=1 + found.percentile // 20)
    return found.mutate(rfm_group=_group(found), tier=_tier(found))


def _below(customers: ir.Table, measure: str) -> ir.IntegerColumn:
    """How many customers have strictly less."""
    return ibis.rank().over(ibis.window(order_by=customers[measure])).cast("int64")


def _everybody(customers: ir.Table) -> ir.IntegerColumn:
    return customers.count().over(ibis.window())


def _group(scores: ir.Table) -> ir.StringValue:
    cases = [
        (scores.recency_score.isin(recency) & scores.frequency_score.isin(frequency), name)
        for name, (recency, frequency) in GROUPS.items()
    ]
    return ibis.cases(*cases)


def _tier(scores: ir.Table) -> ir.StringValue:
    return ibis.cases(*((scores.percentile >= least, name) for name, least in TIERS.items()))


def segments(scores: ir.Table, as_of: date) -> ir.Table:
    """Customers by recency, frequency and percentile of value: the table behind every segment.

    Returns
    -------
    Table with ``recency_score``, ``frequency_score``, ``rfm_group``, ``percentile``, ``tier``,
    and ``customers``, ``orders``, ``purchases``, ``revenue``, ``least`` (the smallest revenue) and
    ``days_silent`` (summed days since the last purchase): at most 2,500 rows.
    """
    keys = ("recency_score", "frequency_score", "rfm_group", "percentile", "tier")
    silent = ibis.literal(as_of).delta(scores.last_day, unit="day").cast("int64")
    return scores.group_by(*keys).aggregate(
        customers=scores.count(),
        orders=scores.orders.sum().cast("int64"),
        purchases=scores.purchases.sum().cast("int64"),
        revenue=scores.revenue.sum().cast("float64"),
        least=scores.revenue.min().cast("float64"),
        days_silent=silent.sum().cast("int64"),
    )


def movements(earlier: ir.Table, later: ir.Table) -> ir.Table:
    """How many went from which group to which between two days; both tables are `scored`.

    Returns
    -------
    Table with ``before`` (null: not yet a customer), ``after`` and ``customers``.
    """
    then = earlier.select("customer_id", before=earlier.rfm_group)
    joined = later.left_join(then, "customer_id")
    return joined.group_by(before=joined.before, after=joined.rfm_group).aggregate(
        customers=joined.count()
    )
