"""RFM scores from 1 to 5, the groups named by them, and tiers by value.

Ranks decide: how many bought strictly later, strictly less often, brought strictly less. Equal
customers share them, whatever their ids or the order of the log. Who shares the latest day with
many has bought lately, and who bought once as many have has not bought often.
"""

from datetime import date, timedelta

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
"""Name -> the recency and the frequency scores that it is for; each pair has one name. For its name
a customer's recency is at least 3 where the customer is active, at most 2 otherwise."""

TIERS = {"VIP": 99, "high": 80, "middle": 50, "low": 0}
"""Name -> the least percentage of customers who have brought strictly less."""


def scored(customers: ir.Table, as_of: date, window: int) -> ir.Table:
    """The customers with their scores.

    Parameters
    ----------
    customers
        From `features.business.customers.customers`, at `as_of`.
    window
        A customer is active after a purchase within so many days before `as_of`.

    Returns
    -------
    The table with ``recency_score`` (1 to 5: less than (6 - s) / 5 of the customers have a
    strictly later last purchase day), ``frequency_score`` and ``monetary_score`` (at least
    (s - 1) / 5 have strictly fewer purchase days, strictly less net revenue); ``rfm_group``, see
    `GROUPS`; ``percentile`` (0 to 99, whole percent of the customers with strictly less revenue)
    and ``tier``, see `TIERS`.
    """
    found = _with_percent(customers, "later", "last_day", latest_first=True)
    found = _with_percent(found, "rarer", "purchases")
    found = _with_percent(found, "percentile", "revenue")
    found = found.mutate(
        recency_score=5 - found.later // 20,
        frequency_score=1 + found.rarer // 20,
        monetary_score=1 + found.percentile // 20,
        active=found.last_day >= as_of - timedelta(days=window),
    )
    found = found.mutate(rfm_group=_group(found), tier=_tier(found))
    return found.drop("active", "later", "rarer")


def _with_percent(
    customers: ir.Table, name: str, measure: str, latest_first: bool = False
) -> ir.Table:
    """Add how many whole percent of the customers come strictly before each by a measure."""
    # By way of its values, which are few: ranks would sort all customers.
    counts = customers.group_by(value=customers[measure]).aggregate(n=customers.count())
    order = counts.value.desc() if latest_first else counts.value
    upto = counts.n.sum().over(ibis.cumulative_window(order_by=order))
    everybody = counts.n.sum().over(ibis.window())
    percent = ((upto - counts.n) * 100 // everybody).cast("int64")
    ranked = counts.select("value", percent=percent)
    joined = customers.inner_join(ranked, customers[measure] == ranked.value)
    return joined.select(*customers.columns, **{name: joined.percent})


def _group(scores: ir.Table) -> ir.StringValue:
    near = ibis.greatest(scores.recency_score, 3)
    far = ibis.least(scores.recency_score, 2)
    lately = scores.active.ifelse(near, far)
    cases = [
        (lately.isin(recency) & scores.frequency_score.isin(frequency), name)
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
    ``days_silent`` (summed days since the last purchase): at most 2,500 rows, in order, so that
    sums of them are the same to the bit each time.
    """
    keys = ("recency_score", "frequency_score", "rfm_group", "percentile", "tier")
    silent = ibis.literal(as_of).delta(scores.last_day, unit="day").cast("int64")
    table = scores.group_by(*keys).aggregate(
        customers=scores.count(),
        orders=scores.orders.sum().cast("int64"),
        purchases=scores.purchases.sum().cast("int64"),
        revenue=scores.revenue.sum().cast("float64"),
        least=scores.revenue.min().cast("float64"),
        days_silent=silent.sum().cast("int64"),
    )
    return table.order_by(*keys)


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
