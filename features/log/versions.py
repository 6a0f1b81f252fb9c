"""What stands again: versions of an order, of which the last one counts, and equal rows."""

from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from features.log.spec import LogSpec


def without_superseded(checked: ir.Table, spec: LogSpec) -> ir.Table:
    """Earlier versions of an order get their reason; an order is a number of one customer.

    The later file is the one whose rows go on longest, not the one whose name comes last:
    feb.csv stands before jan.csv. With `log.versions: last_row` one row of each order stands.
    """
    file = _file_rank(checked)
    numbered = checked.order_id.notnull() & checked.customer_id.notnull()
    order = [checked.customer_id, checked.order_id]
    if spec.versions == "last":
        earlier = numbered & (file < file.max().over(ibis.window(group_by=order)))
    else:
        latest = [key.desc() for key in (*_said(checked, spec), checked.transacted_at, checked.row)]
        nth = ibis.row_number().over(ibis.window(group_by=order, order_by=[file.desc(), *latest]))
        earlier = numbered & (nth > 0)
    return checked.mutate(reason=earlier.ifelse("superseded", checked.reason))


def without_duplicates(checked: ir.Table) -> ir.Table:
    """Rows equal to an earlier one get their reason."""
    # The values stand beside the digest so that no two different rows can be taken for equal.
    same = [
        checked[name] for name in ("reason", "digest", "customer_id", "transacted_at", "amount")
    ]
    nth = ibis.row_number().over(ibis.window(group_by=same, order_by=checked.row))
    again = checked.reason.isnull() & (nth > 0)
    return checked.mutate(reason=again.ifelse("duplicate", checked.reason))


def version_number(cells: Any) -> Any:
    """A cell that tells versions apart as a number: a count, or a moment of ISO 8601."""
    if cells.type().is_temporal():
        return cells.cast("timestamp").epoch_seconds().cast("float64")
    if not cells.type().is_string():
        return cells.cast("float64")
    moment = cells[:19].try_cast("timestamp").epoch_seconds().cast("float64")
    return ibis.coalesce(cells.try_cast("float64"), moment)


def _said(checked: ir.Table, spec: LogSpec) -> list[Any]:
    """What the column of versions says, where one is declared; a row without it is the first."""
    if not spec.version_column:
        return []
    return [ibis.coalesce(version_number(checked.version), -1e18)]


def _file_rank(checked: ir.Table) -> Any:
    ends = checked.group_by("file").aggregate(end=checked.transacted_at.max()).to_pyarrow()
    listed = [(row["end"] or datetime.min, row["file"]) for row in ends.to_pylist()]
    ranks = {file: rank for rank, (_, file) in enumerate(sorted(listed))}
    return ibis.cases(*((checked.file == file, place) for file, place in ranks.items()), else_=0)
