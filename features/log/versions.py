"""Versions of an order: the same number in several files, of which the last one stands."""

from datetime import datetime

import ibis
import ibis.expr.types as ir


def without_superseded(checked: ir.Table) -> ir.Table:
    """Rows of an order that another file has too, and knows later, get their reason.

    The later file is the one whose rows go on longest, not the one whose name comes last:
    feb.csv stands before jan.csv. An order is a number of one customer.
    """
    ends = checked.group_by("file").aggregate(end=checked.transacted_at.max()).to_pyarrow()
    listed = [(row["end"] or datetime.min, row["file"]) for row in ends.to_pylist()]
    ranks = {file: rank for rank, (_, file) in enumerate(sorted(listed))}
    if len(ranks) < 2:
        return checked
    rank = ibis.cases(*((checked.file == file, place) for file, place in ranks.items()), else_=0)
    newest = rank.max().over(ibis.window(group_by=[checked.customer_id, checked.order_id]))
    earlier = checked.order_id.notnull() & checked.customer_id.notnull() & (rank < newest)
    return checked.mutate(reason=earlier.ifelse("superseded", checked.reason))
