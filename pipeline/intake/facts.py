"""Facts of a log: counts and quantiles, and no value of a single row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir

from features.customer.purchase_days import netted_days, spans, with_gaps
from features.engines.duckdb import Engine
from features.errors import UserError
from features.log.transactions import Log, LogSpec
from pipeline.intake.questions import Question, told
from pipeline.intake.questions.people import alike

MANY_ZEROS = 0.2
"""Share of rows of amount 0 that is remarked: packages, subscriptions, free deliveries."""

TOWERING = 50
"""So many times the 99 % quantile of the amounts is beyond what a shop sells."""


@dataclass(frozen=True)
class History:
    """Netted days, their spans by customer, the first purchase, and the day after the last row."""

    netted: ir.Table
    customers: ir.Table
    first_day: date
    end: date


def history_of(engine: Engine, log: Log) -> History:
    """Purchase days of a log, refused when there is none."""
    days = engine.create_table(engine.fresh("days"), netted_days(log.transactions, known=log.known))
    customers = engine.create_table(engine.fresh("customers"), spans(days))
    found = customers.aggregate(first=customers.first_bought.min(), last=customers.last.max())
    row = found.to_pyarrow().to_pylist()[0]
    if row["first"] is None:
        raise UserError(
            "No purchase: on no day does a customer's net amount exceed 0. Is the amount column "
            "the right one, and are returns written below 0?"
        )
    return History(days, customers, row["first"], row["last"] + timedelta(days=1))


def account(log: Log) -> dict[str, Any]:
    """Where the rows went."""
    counts = log.counts
    return {
        "rows_used": counts.used,
        "rows_set_aside": counts.rows - counts.used,
        "set_aside": dict(counts.set_aside),
        "duplicates": counts.duplicates,
        "returns": counts.negative_amounts,
        "amount_refunded": float(counts.refunded),
        "zero_amounts": counts.zero_amounts,
        "zero_quantities": counts.zero_quantities,
        "fingerprint": log.fingerprint,
    }


def shape(log: Log, history: History) -> dict[str, Any]:
    """Customers, time, money and rhythm, as counts and quantiles."""
    rows = log.transactions
    money, rhythm = _money(rows, amounts(log)), _rhythm(with_gaps(history.netted))
    return {
        "customers": rhythm["buyers"],
        "customers_without_purchase": money["customers"] - rhythm["buyers"],
        "repeat_customers": rhythm["repeaters"] or 0,
        "orders": money["orders"] or rows.count().to_pyarrow().as_py(),
        "purchase_days": rhythm["purchase_days"],
        "first_order": money["first"].date(),
        "last_order": money["last"].date(),
        "days": (history.end - history.first_day).days,
        "amount_total": float(money["total"]),
        "amount_returned": float(money["returned"] or 0) + float(log.counts.refunded),
        "amounts_of": "orders" if log.numbered else "rows",
        "amounts_of_zero": money["none"] or 0,
        "amount": {
            "min": float(money["least"]),
            **_named(money, "amount"),
            "max": float(money["most"]),
        },
        "gap_days": {"n": rhythm["gaps"], **_named(rhythm, "gap")},
    }


def _money(rows: ir.Table, sales: ir.Table) -> dict[str, Any]:
    """Sums over rows, and quantiles of what is counted as one amount."""
    found: dict[str, Any] = (
        rows.aggregate(
            customers=rows.customer_id.nunique(),
            orders=rows.order_id.nunique(),
            first=rows.transacted_at.min(),
            last=rows.transacted_at.max(),
            total=rows.amount.sum(),
            returned=(-rows.amount).sum(where=rows.amount < 0),
        )
        .cross_join(
            sales.aggregate(
                **_quantiles("amount", sales.amount.cast("float64"), (0.01, 0.25, 0.5, 0.75, 0.99)),
                least=sales.amount.min(),
                most=sales.amount.max(),
                none=(sales.amount == 0).sum(),
            )
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return found


def _rhythm(days: ir.Table) -> dict[str, Any]:
    """Purchase days, and quantiles of the gaps between them."""
    bought = days.filter(days.amount > 0)
    found: dict[str, Any] = (
        bought.aggregate(
            purchase_days=bought.count(),
            buyers=bought.customer_id.nunique(),
            repeaters=(bought.ordinal == 2).sum(),
            gaps=bought.gap.count(),
            **_quantiles("gap", bought.gap, (0.25, 0.5, 0.75, 0.9, 0.95)),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return found


def amounts(log: Log) -> ir.Table:
    """Amounts of orders where their numbers tell which lines are one, else of rows."""
    rows = log.transactions
    if not log.numbered:
        return rows.select("amount")
    marked = rows.filter(rows.order_id.notnull())
    day = marked.transacted_at.date()
    orders = marked.group_by("customer_id", "order_id", day=day).aggregate(
        amount=marked.amount.sum().cast(rows.amount.type())
    )
    return orders.select("amount").union(rows.filter(rows.order_id.isnull()).select("amount"))


def _quantiles(name: str, value: Any, shares: tuple[float, ...]) -> dict[str, Any]:
    return {f"{name}_{round(100 * share)}": value.quantile(share) for share in shares}


def _named(row: dict[str, Any], name: str) -> dict[str, float | None]:
    found = {key: value for key, value in row.items() if key.startswith(f"{name}_")}
    return {
        f"p{key.rsplit('_', 1)[1]}": None if v is None else float(v) for key, v in found.items()
    }


def towering(found: Mapping[str, Any]) -> list[str]:
    """A remark where one amount is a large part of all money; `found` is from `shape`.

    Examples
    --------
    >>> amount = {"p99": 120.0, "max": 9_999_999.0}
    >>> towering({"orders": 5705, "amount_total": 10_204_933.0, "amount": amount})[0][:52]
    'The largest amount is 98% of all money, 83,333 times'
    >>> towering({"orders": 5705, "amount_total": 204_934.0, "amount": {"p99": 120, "max": 169}})
    []
    >>> towering({"orders": 456, "amount_total": 0.0, "amount": {"p99": 0, "max": 1000}})
    []
    """
    amount, total = found["amount"], found["amount_total"]
    usual = amount["p99"] or 0
    if found["orders"] < 100 or total <= 0 or amount["max"] <= max(0.05 * total, TOWERING * usual):
        return []
    times = f", {amount['max'] / usual:,.0f} times what 99 in 100 stay below" if usual > 0 else ""
    return [
        f"The largest amount is {amount['max'] / total:.0%} of all money{times}. If it is a slip "
        "of typing, correct it: every sum and mean is made of it."
    ]


def remarks(
    log: Log, customers: ir.Table, spec: LogSpec, questions: Sequence[Question]
) -> list[str]:
    """What a person who knows the shop should look at, in `check`, `train` and `score` alike.

    `customers` are those of the rows that are used; `questions` are what the raw rows left open.
    """
    counts = log.counts
    people = customers.select("customer_id").union(log.ids_aside)
    found = [told(question) for question in questions if not question.pressing]
    found += [told(question) for question in alike(people, spec)]
    if counts.anonymous:
        found.append(
            f"{counts.anonymous:,} rows have no customer (guest sales). They are left out: nobody "
            "can be scored for them. Customers with an id are not affected."
        )
    if counts.duplicates:
        found.append(
            f"{counts.duplicates:,} rows equal an earlier one in every column and are "
            "kept. If they are the same order again: --set log.duplicates=drop."
        )
    if counts.used and counts.zero_amounts > MANY_ZEROS * counts.used:
        found.append(
            f"{counts.zero_amounts / counts.used:.0%} of the rows have the amount 0, and are no "
            "purchases. If they are visits or deliveries that were paid for beforehand, count "
            "every row as a purchase, without money: --set log.columns.amount=null."
        )
    if spec.columns.amount is None and spec.columns.unit_price is None:
        found.append("There is no amount, so money is counted in orders: each is worth 1.")
    return found


def assumptions(log: Log, spec: LogSpec, proposed: Sequence[str]) -> list[str]:
    """How dates and money were read, and on what evidence; for the screen and the config alike."""

    def how(*keys: str) -> str:
        return "guessed" if set(keys) & set(proposed) else "declared"

    columns = spec.columns
    dates = f"{spec.date_format}, {how('date_format')}" if spec.date_format else ""
    if not dates:
        only = f"{log.date_format}, the only order that fits all" if log.date_format else ""
        dates = only or "year first or months by name, as they stand"
    found = [f"dates: {dates}; days of {spec.timezone or 'the log as written'}"]
    if columns.unit_price:
        found.append(f"money: {columns.quantity!r} x {columns.unit_price!r}")
    elif columns.amount:
        found.append(f"money: {columns.amount!r}")
    else:
        return [*found, "money: none, each order counts 1"]
    if columns.refunded:
        found[-1] += f" less {columns.refunded!r}"
    marks = {"decimal": spec.decimal, "thousands": spec.thousands, "currency": spec.currency}
    named = [f"{key} {mark!r}, {how(key)}" for key, mark in marks.items() if mark]
    found[-1] += f" ({'; '.join(named) or 'plain digits and a point'})"
    return found
