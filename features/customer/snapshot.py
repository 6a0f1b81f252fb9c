"""One row per customer known before a cutoff: every feature of the catalogue."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from features.customer.behaviour import with_weights
from features.customer.catalogue import CATALOGUE, NAMES
from features.errors import SettingError
from features.timeline import before, before_each

TAKEN = {
    *("customer_id", "transacted_at", "amount", "order_id", "quantity", "row", "file", "reason"),
    *("returned", "orders", "lines", "ordinal", "gap"),
    *("digest", "moment", "money", "pieces", "numeral", "price"),  # while a log is read
    *("cutoff", "weight", "churned", "purchases", "spend", "next_purchase"),
    *("basket", "breadth", "returns", "weekday"),  # so reasons and the report call their themes
    *(name.lower() for name in NAMES),
}
"""Names that no attribute may have, in whatever case: some engines do not tell it apart."""

ALIKE = re.compile(r"(decayed_)?(purchases|spend)_\d+d|year_(co)?sine_\d+")
"""Nor any that looks like a feature of another span: models go by these names."""


def snapshot(days: ir.Table, cutoff: date, attributes: tuple[str, ...] = ()) -> ir.Table:
    """Features of every customer with a purchase before `cutoff`.

    Parameters
    ----------
    days
        Purchase days, see `features.customer.purchase_days`, carrying `attributes`.
    cutoff
        Rows on or after it are not read.
    attributes
        Names of the attribute columns.

    Returns
    -------
    Table with ``customer_id``, the catalogue's columns in its order (float64), then for
    each attribute its last known value and ``first_<attribute>``, its first (text), and
    ``distinct_<attribute>``, how many the customer has shown (float64).
    """
    return _features(before(days, cutoff), ibis.literal(cutoff), attributes, "customer_id")


def snapshots(
    days: ir.Table, cutoffs: Iterable[date], attributes: tuple[str, ...] = ()
) -> ir.Table:
    """`snapshot` at each of several cutoffs, in one pass: its rows stacked, with ``cutoff``."""
    return snapshots_of(before_each(days, cutoffs), attributes)


def snapshots_of(known: ir.Table, attributes: tuple[str, ...] = ()) -> ir.Table:
    """`snapshots` of days that each carry their own ``cutoff``, all of them before it."""
    return _features(known, known.cutoff, attributes, "customer_id", "cutoff")


def taken(attributes: Sequence[str]) -> list[str]:
    """Those of the names that another column has, or will have beside these attributes.

    Examples
    --------
    >>> taken(["country", "T", "first_country"])
    ['T', 'first_country']
    """
    made = {
        f"{kind}_{name}".lower() for name in attributes for kind in ("first", "distinct", "new")
    }
    return [
        name for name in attributes if name.lower() in TAKEN | made or ALIKE.fullmatch(name.lower())
    ]


def refuse_taken(attributes: Sequence[str]) -> None:
    """Stop before an attribute takes the name of another column.

    Raises
    ------
    UserError
        Naming each of them.
    """
    if names := taken(attributes):
        raise SettingError(
            f"log.columns.attributes: {', '.join(names)} cannot be the name of an attribute, churn "
            "has columns called so. Rename the column in the log, or leave it out."
        )


def first(attribute: str) -> str:
    """Name of the column that holds an attribute's first known value."""
    return f"first_{attribute}"


def categories(attributes: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the snapshot's text columns: each attribute's last and first known value."""
    return (*attributes, *map(first, attributes))


def _features(
    known: ir.Table, cutoff: ir.DateValue, attributes: tuple[str, ...], *keys: str
) -> ir.Table:
    """One row for each of the keys' values, from the days known at `cutoff`."""
    age = cutoff.delta(known.transacted_at, unit="day").cast("int64")
    purchases = with_weights(known.filter(known.amount > 0).mutate(age=age))
    measures = {f.name: f.aggregate(purchases) for f in CATALOGUE if f.aggregate is not None}
    measures["purchased"] = purchases.amount.sum()
    rows = _with_returns(purchases.group_by(keys).aggregate(**measures), known, keys)
    rows = rows.mutate(**{f.name: f.derive(rows) for f in CATALOGUE if f.derive is not None})
    columns = {f.name: rows[f.name].cast("float64") for f in CATALOGUE}
    rows = rows.select(*keys, **columns)
    if not attributes:
        return rows
    traits = _attributes(known, attributes, keys)
    joined = rows.left_join(traits, keys)
    return joined.select(*rows.columns, *(c for c in traits.columns if c not in keys))


def _with_returns(rows: ir.Table, known: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """Add `returned`, money given back on any day, and `undone`, what return days came to."""
    given_back = known.filter(known.returned > 0)
    returns = given_back.group_by(keys).aggregate(
        returned=given_back.returned.sum(),
        undone=given_back.amount.sum(where=given_back.amount <= 0),
    )
    joined = rows.left_join(returns, keys)
    return joined.select(
        *rows.columns,
        returned=ibis.coalesce(joined.returned, 0).cast("float64"),
        undone=ibis.coalesce(joined.undone, 0),
    )


def _attributes(known: ir.Table, attributes: tuple[str, ...], keys: tuple[str, ...]) -> ir.Table:
    """Last and first known value of each attribute, and how many the customer has shown."""
    measures = {}
    for name in attributes:
        value = known[name]
        measures[name] = value.argmax(known.transacted_at, where=value.notnull())
        measures[first(name)] = value.argmin(known.transacted_at, where=value.notnull())
        measures[f"distinct_{name}"] = ibis.coalesce(known[f"new_{name}"].sum(), 0).cast("float64")
    return known.group_by(keys).aggregate(**measures)
