"""Asks which rows are sales: columns of status, type or event, by their values.

Words in many languages say what a value means (`features.log.words`); a column is one of
outcomes when its values are known ones, whatever its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis

from features.log import words
from features.log.document_kinds import is_act
from features.log.order_lines import FILLED
from pipeline.intake.questions.bookings import booked_ahead, moved_end, since_long
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.mirrored import mirrored
from pipeline.intake.questions.outcomes import outcome, owed
from pipeline.intake.questions.question import Question, counted

_YES = {
    "true", "yes", "y", "1", "t", "ja", "oui", "si", "sí", "sim", "да", "так", "tak", "evet", "x",
}  # fmt: skip
_NO = {"false", "no", "n", "0", "f", "nein", "non", "nao", "não", "нет", "ні", "nie", "hayir", ""}


def ask(look: Look) -> Iterator[Question]:
    """One question for each column that tells sales from other rows."""
    taken = look.spec.sales is not None
    status_first = sorted(look.few, key=lambda name: not look.called(name, "status"))
    payments = [name for name in status_first if _of_payments(look, name)]
    for name in status_first:
        values = look.few[name]
        if look.called(name, "membership", "customer_id", "origin", "goods"):
            continue  # of the customer, or of the marketplace's debt: not of the order
        if _of_parcels(look, name) or (payments and name not in payments):
            said = _given_up(look, name, values)
            if said is None:
                continue
        else:
            said = _flagged(look, name, values) or _outcomes(look, name, values)
        if said is None:
            if look.called(name, "status") and len(values) >= 2 and not taken:
                yield _open_states(name, values)
            continue
        sold = any(what == "sale" for value, what in said.items() if value)
        blank_is_open = sold and look.spec.lines not in FILLED and not _of_the_cancelled(name)
        unknown = [v for v in values if (v or blank_is_open) and said[v] is None]
        good = ("sale", "owed")
        kept = [v for v in values if said[v] in good or not (v or said[v] or blank_is_open)]
        kept = kept if any(kept) else [*kept, *unknown]
        if said == dict.fromkeys(values) or not kept:
            if len(values) >= 2 and not taken and any(said.values()):
                yield _open_states(name, values)
            continue
        back = [] if _of_the_cancelled(name) else _refund_rows(look, name, said)
        answer = _answer(look, name, [*kept, *back], taken)
        if back:
            answer |= {"log.refunds.column": name, "log.refunds.values": back}
        due = [value for value in kept if said[value] == "owed"]
        lost = [value for value in values if value not in (*kept, *back, *unknown)]
        paid = [value for value in lost if _any_money(look, name, value)]
        later = moved_end(look, name, kept) if lost and not paid else ""
        pressing = bool(paid or back or unknown or due or later)
        taken = taken or (pressing and "log.sales.column" in answer)
        asked = _question(name, values, unknown, [*kept, *back], answer, back, due, paid)
        yield replace(asked, seen=asked.seen + later, pressing=pressing)
    yield from _filled_marks(look)


def _of_the_cancelled(name: str) -> bool:
    """Whether a column says how orders were given up: the row is the order, a blank a usual one.

    >>> _of_the_cancelled("Cancelation/Return Type"), _of_the_cancelled("Order status")
    (True, False)
    """
    return any(word.startswith(("cancel", "storn", "annul", "anul")) for word in words.split(name))


def _of_parcels(look: Look, name: str) -> bool:
    """Whether a column speaks of shipping: a parcel that waits has been paid for."""
    parcels = any(word.startswith("fulfil") for word in words.split(name))
    return parcels or look.called(name, "shipped", "shipping")


def _of_payments(look: Look, name: str) -> bool:
    """Whether a column says if orders were paid: then others only say which were given up."""
    named = look.called(name, "amount", "payment") or "financial" in words.split(name)
    said = {outcome(value) for value in look.few[name]}
    return named and look.called(name, "status") and {"sale", "no_sale"} <= said


def _given_up(look: Look, name: str, values: Mapping[str, int]) -> dict[str, str | None] | None:
    """What a column beside the payments says where an order was called off; None where none was."""
    if not (_of_parcels(look, name) or look.called(name, "status")):
        return _flagged(look, name, values)
    off = {v for v in values if any(words.flag(word) == "no_sale" for word in words.split(v))}
    return {value: "no_sale" if value in off else "sale" for value in values} if off else None


def _outcomes(look: Look, name: str, values: Mapping[str, int]) -> dict[str, str | None] | None:
    """What each value says of its rows; None where the column says nothing of outcomes."""
    said = {value: outcome(value) for value in values}
    said |= dict.fromkeys(owed(values, name), "owed")
    if look.called(name, "status"):
        unknown = [value for value, what in said.items() if value and what is None]
        said |= dict.fromkeys(booked_ahead(look, name, unknown), "no_sale")
    known = [value for value, what in said.items() if what]
    named = look.called(name, "status", "kind")
    # Without a header that says so, a word within a value is none of a state: a refund policy.
    whole = [value for value in known if named or words.outcome(value)]
    sure = [value for value in whole if not words.is_unsure(value)]
    if not sure and not (named and any(said[value] == "sale" for value in known)):
        return None
    filled = [value for value in values if value]
    back = any(said[value] == "refund" for value in sure) and len(filled) > 1
    if not named and not back and (len(known) < 2 or 2 * len(known) < len(filled)):
        return None
    if not named and not back and "sale" not in said.values():
        return None  # the pages that people came by: cart, search
    if not named and all(is_act(value) for value in known):
        sold = [value for value in known if said[value] == "sale"]
        rest = [value for value in known if value not in sold]
        if not mirrored(look, name, rest, sold, numbers=False):
            return None  # desks and people
    for value in [value for value in known if said[value] == "refund"]:
        said[value] = "sale" if _taken_off(look, name, value) else "refund"
    sold = [value for value in known if said[value] == "sale"]
    for value in [value for value in known if said[value] == "no_sale"]:
        # What was called off is booked once more, below 0: it nets the sale.
        if _all_below(look, name, value) and mirrored(look, name, [value], sold):
            said[value] = "sale"
    if any(what not in ("sale", "owed", None) for what in said.values()):
        return said
    # Beside states that are sales, one that no word explains may be none.
    unknown = [value for value, what in said.items() if value and what is None]
    stated = look.called(name, "status") and sure
    return said if stated and since_long(look, name, unknown) else None


def _taken_off(look: Look, name: str, value: str) -> bool:
    """Whether rows of a refund do not count as sales already: below 0, or netted by a column."""
    if look.spec.columns.refunded or _has_refund_column(look):
        return True
    # A sale marked as refunded nets with the row below 0 that gave it back.
    return look.money is not None and (_all_below(look, name, value) or look.gives_back)


def _all_below(look: Look, name: str, value: str) -> bool:
    """Whether all money in the rows of a value is below 0."""
    if look.money is None:
        return False
    here = look.money.filter(look.text(look.money, name).strip() == value)
    signs = first(here.aggregate(above=(here.money > 0).sum(), below=(here.money < 0).sum()))
    return bool(signs["below"] and not signs["above"])


def _any_money(look: Look, name: str, value: str) -> bool:
    """Whether rows of a value have money, above or below 0, or it cannot be told: they count."""
    if look.money is None:
        return True
    here = look.money.filter(ibis.coalesce(look.text(look.money, name).strip(), "") == value)
    seen = first(here.aggregate(n=here.count(), paid=(here.money != 0).sum()))
    return not seen["n"] or bool(seen["paid"])


def _refund_rows(look: Look, name: str, said: Mapping[str, str | None]) -> list[str]:
    """Values of rows that give money back above 0, where sales are rows of another kind."""
    back = [value for value, what in said.items() if what == "refund"]
    if look.spec.refunds or not back:
        return []
    flagged = any(words.flag(word) == "refund_row" for word in words.split(name))
    if flagged or any(words.is_sale_row(value) for value in said):
        return back
    sold = [value for value, what in said.items() if what == "sale"]
    return back if mirrored(look, name, back, sold) else []


def _has_refund_column(look: Look) -> bool:
    from pipeline.intake.questions.refunds import refund_column

    return refund_column(look) is not None


def _flagged(look: Look, name: str, values: Mapping[str, int]) -> dict[str, str | None] | None:
    """What yes and no say below a header such as `is_test` or `paid`."""
    said = {value: _truth(value) for value in values}
    if None in said.values() or True not in said.values():
        return None
    meant = {words.flag(word) for word in words.split(name)} - {None}
    if len(meant) != 1 or look.called(name, "drawn"):
        return None
    what = meant.pop()
    if what in ("refund", "refund_row") and look.spec.refunds:  # another column has told them
        return None
    if what == "refund_row":
        yes = [value for value, truth in said.items() if truth]
        if look.called(name, "customer_id") or any(_taken_off(look, name, v) for v in yes):
            return None
        return _by_truth(said, "refund", "sale")
    if what == "refund":
        return None if _has_refund_column(look) else _by_truth(said, "refund", "sale")
    if what == "sale":
        return _by_truth(said, "sale", "no_sale") if False in said.values() else None
    return _by_truth(said, "no_sale", "sale")


def _by_truth(said: Mapping[str, bool | None], yes: str, no: str) -> dict[str, str | None]:
    return {value: yes if truth else no for value, truth in said.items()}


def _truth(value: str) -> bool | None:
    folded = value.lower()
    return True if folded in _YES else False if folded in _NO else None


def _answer(look: Look, name: str, kept: Sequence[str], taken: bool) -> dict[str, Any]:
    """The first column as `log.sales`, further ones as conditions."""
    blank_fills = look.spec.lines in FILLED
    values = [value for value in kept if value or not blank_fills]
    if not taken:
        return {"log.sales.column": name, "log.sales.values": values}
    return {"log.where": [{"column": name, "operator": "in", "value": values}]}


def _question(
    name: str,
    values: Mapping[str, int],
    open_ones: Sequence[str],
    kept: Sequence[str],
    answer: Mapping[str, Any],
    back: Sequence[str],
    due: Sequence[str],
    paid: Sequence[str],
) -> Question:
    unknown = {value: n for value, n in values.items() if value in open_ones}
    lost = {value: n for value, n in values.items() if value not in (*kept, *unknown)}
    text = f"Column {name!r} says what became of each row ({counted(values)})."
    if would := {value: n for value, n in lost.items() if value in paid}:
        text += f" Rows that never brought money would count as purchases: {counted(would)}."
    if free := {value: n for value, n in lost.items() if value not in paid}:
        text += f" Rows of no sale have the amount 0, and are none anyway: {counted(free)}."
    if back:
        given = {value: values[value] for value in back}
        text += f" Rows that give money back would count as purchases: {counted(given)}."
    if due:
        issued = {value: values[value] for value in due}
        text += f" Issued and not paid yet, which is proposed as sales: {counted(issued)}."
    if unknown:
        taken = "as sales" if set(unknown) <= set(kept) else "as none"
        text += (
            f" No word explains these, which are proposed {taken}: {counted(unknown)}. Decide "
            "which are sales."
        )
    return Question(name, text, answer, decided=not unknown)


def _open_states(name: str, values: Mapping[str, int]) -> Question:
    """A column of states that no word explains: worth a look; numbers are decided by a person."""
    if all(value.isdigit() for value in values if value):
        kept = [value for value in values if value]
        return Question(
            name,
            f"Column {name!r} has states by number ({counted(values)}). Which of them are sales "
            "is not known; cancelled and unpaid ones would count as purchases. Keep the sales.",
            {"log.sales.column": name, "log.sales.values": kept},
            decided=False,
        )
    return Question(
        name,
        f"Column {name!r} has {counted(values)}. If some of them are no sales, say so: log.sales, "
        f"with column: {name} and values: those that are.",
        pressing=False,
    )


def _filled_marks(look: Look) -> Iterator[Question]:
    """Columns filled in some rows only, whose name says that those are no sales: Cancelled at."""
    for name in look.free:
        flags = {words.flag(word) for word in words.split(name)}
        truths = [_truth(value) for value in look.few.get(name, {"a": 1})]
        if "no_sale" not in flags or None not in truths or look.kind(name).is_nested():
            continue
        table = look.raw.table
        cells = look.text(table, name)
        seen = first(table.aggregate(n=table.count(), filled=cells.count()))
        if not 0 < seen["filled"] < seen["n"]:
            continue
        yield Question(
            name,
            f"Column {name!r} is filled in {seen['filled']:,} of {seen['n']:,} rows: those were "
            "given up, and would count as purchases.",
            {"log.where": [{"column": name, "operator": "blank"}]},
        )
