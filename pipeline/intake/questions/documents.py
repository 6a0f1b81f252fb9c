"""Asks which rows of a ledger are sales: invoices are, credit notes take back, payments settle.

A ledger books a sale twice, as an invoice and as its payment. Only one of them is the sale. Words
say what a value names under a header of kinds; elsewhere rows that repeat others have to show it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ibis

from features.log.document_kinds import codes, document, is_act
from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look
from pipeline.intake.questions.mirrored import above, mirrored, repeated, repeating
from pipeline.intake.questions.outcomes import outcome
from pipeline.intake.questions.parts import PART_OF
from pipeline.intake.questions.question import Question, counted

MOST = 8
"""A ledger has so many kinds of rows at most."""

_OF_KINDS = ("kind", "paper")
"""What a header speaks of whose values are kinds of rows."""

_NOT_OF_ROWS = ("method", "funding", "origin", "place", "goods", "membership")
"""Paid by invoice or by card, found by a campaign of sales: all of these rows are sales."""

_TOLD = {
    "credit": "credit notes",
    "cancel": "cancellations",
    "payment": "payments of them",
    "offer": "papers without money",
    "supplier": "papers of suppliers",
}


def ask(look: Look) -> Iterator[Question]:
    """One question, for the first column whose values name documents, or whose rows repeat."""
    if look.spec.sales or look.spec.refunds:
        return
    names = [name for name in look.few if not look.called(name, *_NOT_OF_ROWS)]
    names = [name for name in names if not all(re.match(PART_OF, v) for v in look.few[name])]
    names.sort(key=lambda name: not look.called(name, *_OF_KINDS))
    for name in names:
        said = _documents(look, name, look.few[name])
        if said is not None:
            yield from _question(look, name, look.few[name], said)
            return
    yield from _by_number(look)
    yield from _by_echo(look, names)


def _by_echo(look: Look, names: Sequence[str]) -> Iterator[Question]:
    """Where rows of a kind that no word explains repeat those of the most frequent one."""
    few = {name: {v: n for v, n in look.few[name].items() if v} for name in names}
    names = [name for name in names if 2 <= len(few[name]) <= MOST and not _known(few[name])]
    names = [
        name for name in names if look.called(name, *_OF_KINDS) or not look.called(name, "payment")
    ]
    among = repeating(look, names)
    for i, name in enumerate(names):
        if among is None:
            return
        values, named = few[name], look.called(name, *_OF_KINDS)
        most, *others = sorted(values, key=lambda value: -values[value])
        some, sure = repeated(among, f"c{i}", [most, *others], named)
        again = sure or (some if named else [])
        if not again:
            continue
        seen = (
            f"Rows of column {name!r} repeat others of it, with the same customer and money or "
            f"number: {counted({value: values[value] for value in again})} those of "
            f"{counted({most: values[most]})}. If they are payments, leave them out (log.sales); "
            "if they give money back, name them in log.refunds."
        )
        kept = [value for value in values if value not in again]
        answer = {"log.sales.column": name, "log.sales.values": kept}
        yield Question(name, seen, answer if sure else {}, pressing=bool(sure), decided=not sure)
        if sure:
            return


def _known(values: Mapping[str, int]) -> bool:
    """Whether a word says what became of the orders."""
    return any(outcome(value) for value in values)


def _by_number(look: Look) -> Iterator[Question]:
    """A remark where numbers of orders begin as those of invoices and of credit notes do."""
    order = look.spec.columns.order_id or likely_order(look)
    if not order or look.gives_back:
        return
    begun = look.text(look.rows, order).re_extract(r"^([A-Z]{2,5})[-_ /]?\d", 1)
    found = look.rows.select(code=begun).group_by("code").agg(n=ibis._.count())
    found = found.filter(found.code != "").order_by(ibis.desc("n"), "code").limit(9)
    begins = {row["code"]: row["n"] for row in found.to_pyarrow().to_pylist()}
    back = [code for code, what in codes(begins).items() if what in ("credit", "cancel")]
    if back:
        yield Question(
            order,
            f"Numbers in {order!r} begin with {counted(begins)}. If {' and '.join(back)} are "
            "credit notes, their money counts as that of sales: add a column that says so, and "
            "name it in log.refunds.",
            pressing=False,
        )


def _documents(look: Look, name: str, values: Mapping[str, int]) -> dict[str, str | None] | None:
    """What each value names; None where there are no invoices, or nothing beside them.

    Payments are such only where they repeat what was invoiced; else they are sales themselves.
    A cancellation repeats what it turns around; else nobody knows what it does.
    """
    named = look.called(name, *_OF_KINDS)
    short = codes(values)
    said: dict[str, str | None] = {value: document(value, named) for value in values}
    if named or len(short) > 2:
        said |= {value: what for value, what in short.items() if said[value] is None or named}
    by = _by_kind(said)
    invoices = by.get("invoice", [])
    known = sum(n for value, n in values.items() if said[value])
    if not invoices or set(by) <= {"invoice", None} or known < 0.5 * sum(values.values()):
        return None
    back = [*by.get("credit", []), *by.get("cancel", [])]
    shown: dict[str, bool] = {
        str(kind): mirrored(look, name, by[kind], invoices)
        for kind in ("payment", "cancel")
        if kind in by
    }
    acts = all(is_act(value) for value in (*invoices, *back))
    if (acts or short) and not named and not any(shown.values()):
        shown["credit"] = bool(back) and mirrored(look, name, back, invoices, numbers=False)
        if not shown["credit"]:
            return None
    others = named and not {"advance", "offer"}.isdisjoint(by)
    if shown.get("payment") is False and not (back or others):
        return None
    unsure = [kind for kind, seen in shown.items() if not seen]
    if "cancel" in unsure and not above(look, name, by["cancel"]):
        unsure.remove("cancel")  # below 0 it nets its invoice as it stands
    for value in [value for kind in (*unsure, "advance") for value in by.get(kind, [])]:
        said[value] = None
    for value in [value for value in by.get(None, []) if value]:
        if outcome(value) == "no_sale":
            said[value] = "no_sale"
    return said


def _by_kind(said: Mapping[str, str | None]) -> dict[str | None, list[str]]:
    by: dict[str | None, list[str]] = {}
    for value, what in said.items():
        by.setdefault(what, []).append(value)
    return by


def _question(
    look: Look, name: str, values: Mapping[str, int], said: Mapping[str, str | None]
) -> Iterator[Question]:
    """The question; none where what is below 0 nets the rest as it stands."""
    by = {kind: {v: values[v] for v in listed} for kind, listed in _by_kind(said).items()}
    back = [*by.get("credit", {}), *by.get("cancel", {})]
    answer: dict[str, Any] = {
        "log.sales.column": name,
        "log.sales.values": [*by["invoice"], *back],
    }
    positive = bool(back) and above(look, name, back)
    unknown = {value: n for value, n in by.get(None, {}).items() if value}
    if not positive and not unknown and set(by) <= {"invoice", "credit", "cancel"}:
        return
    if positive:
        answer |= {"log.refunds.column": name, "log.refunds.values": back}
    text = f"Column {name!r} names documents: invoices ({counted(by['invoice'])})"
    text += "".join(f", {told} ({counted(by[kind])})" for kind, told in _TOLD.items() if kind in by)
    text += ". Invoices are the sales, credit notes take back, payments would count them twice."
    if unknown:
        text += (
            f" These are proposed as none, for no word explains them or a later invoice may hold "
            f"them again: {counted(unknown)}."
        )
    yield Question(name, text, answer, decided=not unknown)
