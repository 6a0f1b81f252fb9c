"""Open orders that were made of a frame, without a file: days are merged by pandas."""

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from features.engines.duckdb import connect
from features.log.reasons import Counts
from pipeline.intake.kept import Account, Extent
from pipeline.intake.orders import Orders


@contextmanager
def made(log, attributes=()):
    """Orders of a frame of `who`, `day`, `amount` and attributes; who is missing is a guest."""
    known = log[log.who.notna()].copy()
    guests, doubles = len(log) - len(known), int(known.duplicated().sum())
    counts = Counts(len(log), len(known), {"customer_blank": guests}, {}, doubles, 0, 0, 0)
    days = merged(known, attributes)
    engine = connect([])
    bought = days[days.amount > 0]
    purchases = bought.groupby("customer_id").size()
    first, last = bought.transacted_at.min(), days.transacted_at.max()
    repeaters = int((purchases > 1).sum())
    counted = days.customer_id.nunique(), len(bought), len(purchases), repeaters
    extent = Extent(first, last, *counted)
    try:
        yield Orders(
            name="made",
            engine=engine,
            log=Account(counts, extent, "made", tuple(attributes), None, {}),
            quarantine=None,
            netted=engine.create_table("netted", as_arrow(days, attributes)),
            days_file=None,
            first_day=first,
            end=last + timedelta(days=1),
            n_customers=len(purchases),
            n_purchase_days=len(bought),
            n_repeat_customers=repeaters,
            n_without_purchase=0,
        )
    finally:
        engine.disconnect()


def merged(log, attributes=()):
    """The log's netted days, as `features.customer.purchase_days.netted_days` has them."""
    log = log.assign(sold=np.where(log.amount >= 0, 1, 0), back=(-log.amount).clip(lower=0))
    keys = ["who", "day"]
    days = log.groupby(keys, sort=True).agg(
        amount=("amount", "sum"), returned=("back", "sum"), lines=("sold", "sum"),
        **{name: (name, lambda column: column.iloc[-1]) for name in attributes},
    )  # fmt: skip
    days = days.reset_index().rename(columns={"who": "customer_id", "day": "transacted_at"})
    for name in attributes:
        first = ~days.duplicated(["customer_id", name]) & days[name].notna()
        days[f"new_{name}"] = first.astype(int)
    return days.assign(orders=days.lines, quantity=days.lines.astype(float))


def as_arrow(days, attributes):
    money = pa.decimal128(38, 4)
    schema = pa.schema(
        {
            "customer_id": pa.string(),
            "transacted_at": pa.date32(),
            "amount": money,
            "returned": money,
            "orders": pa.int64(),
            "lines": pa.int64(),
            "quantity": pa.float64(),
            **dict.fromkeys(attributes, pa.string()),
            **{f"new_{name}": pa.int64() for name in attributes},
        }
    )
    cents = {k: [Decimal(f"{v:.2f}") for v in days[k]] for k in ("amount", "returned")}
    text = {k: days[k].astype(object).where(days[k].notna(), None) for k in attributes}
    return pa.Table.from_pandas(
        pd.DataFrame(days.assign(**cents, **text)), schema=schema, preserve_index=False
    )
