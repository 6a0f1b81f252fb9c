"""One row per customer: first and last purchase, orders and net money so far."""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from features.timeline import before

NONE, OTHERS = "(none)", "(all others)"
"""What customers without a value of an attribute are called, and those of its rarer values."""


FIGURES = ("first_day", "last_day", "purchases", "orders", "revenue")
"""What is told of each customer: names that no attribute can have here."""


def needed(days: ir.Table, attributes: Sequence[str] = ()) -> ir.Table:
    """The columns of purchase days that this room asks for, which are half of their bytes."""
    return days.select(
        "customer_id", "transacted_at", "amount", "orders", "ordinal", "gap", *attributes
    )


def customers(days: ir.Table, as_of: date, attributes: Sequence[str] = ()) -> ir.Table:
    """Customers with a purchase before `as_of`.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days`, carrying `attributes`.

    Returns
    -------
    Table with ``customer_id``; ``first_day`` and ``last_day`` of purchase (dates); ``purchases``
    (purchase days) and ``orders``; ``revenue`` (net, decimal: returns are taken off); for each
    attribute its value on the first purchase day (text), so that a customer stays in one group.
    """
    known = before(days, as_of)
    bought = known.amount > 0
    found = known.group_by("customer_id").aggregate(
        first_day=known.transacted_at.min(where=bought),
        last_day=known.transacted_at.max(where=bought),
        purchases=bought.sum().cast("int64"),
        orders=known.orders.sum().cast("int64"),
        revenue=known.amount.sum(),
        # At most one row of a customer has the ordinal 1, so this is that row's value.
        **{
            name: ibis.coalesce(known[name].max(where=known.ordinal == 1), NONE)
            for name in attributes
        },
    )
    return found.filter(found.purchases > 0)


def in_groups(customers: ir.Table, attribute: str, shown: Sequence[str]) -> ir.Table:
    """The customers with ``group``: the value of an attribute if it is `shown`, else all others."""
    value = customers[attribute]
    return customers.mutate(group=value.isin(list(shown)).ifelse(value, OTHERS))


def largest_values(customers: ir.Table, attribute: str, n: int) -> ir.Table:
    """The `n` values of an attribute that most customers have: ``value``, ``customers``.

    Of values that are equally frequent the first in the alphabet comes first.
    """
    counted = customers.group_by(value=customers[attribute]).aggregate(customers=customers.count())
    return counted.order_by(counted.customers.desc(), counted.value).limit(n)


def of_customers(days: ir.Table, customers: ir.Table, as_of: date, *columns: str) -> ir.Table:
    """The days of these customers from their first purchase on, with some of their columns."""
    known = before(days, as_of)
    own = customers.select("customer_id", **{f"own_{name}": customers[name] for name in columns})
    joined = known.inner_join(own, "customer_id")
    return joined.select(*known.columns, *(f"own_{name}" for name in columns))
