"""The identity of an open log: what its models are known by."""

from typing import Any

import ibis.expr.types as ir

from features.log.sketch import sketch
from features.log.transactions import LogSpec
from pipeline.intake.orders import Orders
from pipeline.model_files.identity import LogIdentity


def identify(orders: Orders, spec: LogSpec, beside: LogIdentity | None = None) -> LogIdentity:
    """What a log is called and what it holds, as far as it can be told of a log of its own.

    Parameters
    ----------
    beside : LogIdentity, optional
        The identity to hold it against: what came after that log's end is left out.
    """
    drawn = sketch(orders.days, orders.end, beside.content if beside else None)
    bought = orders.netted.filter(orders.netted.amount > 0)
    early = bought.transacted_at < drawn.until
    return LogIdentity(
        name=orders.name,
        named=spec.name is not None,
        purchase_days=orders.n_purchase_days,
        sketch=drawn.to_text(),
        usual_amount=_usual(bought.filter(early)),
        later_amount=_usual(bought.filter(~early)),
    )


def _usual(bought: ir.Table) -> float | None:
    """The median amount. Of filtered rows: Spark has no median of some of them."""
    amount: Any = bought.amount.cast("float64")
    found: float | None = bought.aggregate(usual=amount.median()).to_pyarrow()["usual"][0].as_py()
    return found
