"""Asks which rows of a ledger are sales: invoices are, credit notes take back, payments settle.

A ledger books a sale twice, as an invoice and as its payment. Only one of them is the sale.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import ibis

from features.log.document_kinds import document
from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look
from pipeline.intake.questions.mirrored import above, mirrored
from pipeline.intake.questions.question import Question, counted
from pipeline.intake.questions.statuses import outcome

MOST = 8
"""A ledger has so many kinds of rows at most."""


def ask(look: Look) -> Iterator[Question]:
    """One question, for the first column whose values name documents."""
    if look.spec.sales or look.spec.refunds:
        return
    for name, values in look.few.items():
        # Paid by invoice or by card: all of them are sales.
        said = None if look.called(name, "method", "funding") else _documents(look, name, values)
        if said is not None:
            yield from _question(look, name, values, said)
            return
    yield from _by_number(look)
    yield from _by_echo(look)


def _by_echo(look: Look) -> Iterator[Question]:
    """A remark where rows of a kind that no word explains repeat those of the most frequent one."""
    for name, values in look.few.items():
        known = any(document(value) or outcome(value) for value in values)
        if known or not look.called(name, "kind") or not 2 <= len(values) <= MOST:
            continue
        most, *others = sorted(values, key=lambda value: -values[value])
        again = [value for value in others if value and mirrored(look, name, [value], [most])]
        if most and again:
            yield Question(
                name,
                f"Rows of column {name!r} repeat others of it, with the same customer and money or "
                f"number: {counted({value: values[value] for value in again})} those of "
                f"{counted({most: values[most]})}. If they are payments, leave them out "
                "(log.sales); if they give money back, name them in log.refunds.",
                pressing=False,
            )


def _by_number(look: Look) -> Iterator[Question]:
    """A remark where numbers of orders begin as those of invoices and of credit notes do."""
    order = look.spec.columns.order_id or likely_order(look)
    if not order or look.gives_back:
        return
    begun = look.text(look.rows, order).re_extract(r"^([A-Z]{2,5})[-_ /]?\d", 1)
    found = look.rows.select(code=begun).group_by("code").agg(n=ibis._.count())
    found = found.filter(found.code != "").order_by(ibis.desc("n"), "code").limit(9)
    codes = {row["code"]: row["n"] for row in found.to_pyarrow().to_pylist()}
    said = {code: document(code, short=True) for code in codes}
    if {"invoice", "credit"} <= set(said.values()):
        back = " and ".join(code for code, what in said.items() if what == "credit")
        yield Question(
            order,
            f"Numbers in {order!r} begin with {counted(codes)}. If {back} are credit notes, their "
            "money counts as that of sales: add a column that says so, and name it in log.refunds.",
            pressing=False,
        )


def _documents(look: Look, name: str, values: Mapping[str, int]) -> dict[str, str | None] | None:
    """What each value names; None where there are no invoices, or nothing beside them.

    Payments are such only where they repeat what was invoiced; else they are sales themselves.
    """
    short = look.called(name, "kind") and not look.called(name, "place")
    said: dict[str, str | None] = {value: document(value, short) for value in values}
    kinds = {kind: [v for v, what in said.items() if what == kind] for kind in set(said.values())}
    invoices, payments = kinds.get("invoice", []), kinds.get("payment", [])
    if not invoices or not ("credit" in kinds or payments):
        return None
    if payments and not mirrored(look, name, payments, invoices):
        return None
    for value in [value for value in kinds.get(None, []) if value]:
        if outcome(value) == "no_sale":
            said[value] = "no_sale"
    known = sum(n for value, n in values.items() if said[value])
    return said if known >= 0.5 * sum(values.values()) else None


def _question(
    look: Look, name: str, values: Mapping[str, int], said: Mapping[str, str | None]
) -> Iterator[Question]:
    by: dict[str | None, dict[str, int]] = {}
    for value, what in said.items():
        by.setdefault(what, {})[value] = values[value]
    kept = [*by["invoice"], *by.get("credit", {})]
    answer: dict[str, Any] = {"log.sales.column": name, "log.sales.values": kept}
    back = list(by.get("credit", {}))
    positive = bool(back) and above(look, name, back)
    if not positive and set(by) <= {"invoice", "credit"}:
        return  # credit notes below 0 net the invoices as they stand
    text = f"Column {name!r} names documents: invoices ({counted(by['invoice'])})"
    if "credit" in by:
        text += f", credit notes ({counted(by['credit'])})"
    if positive:
        answer |= {"log.refunds.column": name, "log.refunds.values": back}
    if "payment" in by:
        text += f", payments of them ({counted(by['payment'])})"
    text += ". Invoices are the sales, credit notes take back, payments would count them twice."
    unknown = {value: n for value, n in by.get(None, {}).items() if value}
    if unknown:
        text += f" No word explains these, which are proposed as none: {counted(unknown)}."
    yield Question(name, text, answer, decided=not unknown)
