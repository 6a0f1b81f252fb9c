"""Remarks on ids: one that many people share, several that may be one person's."""

from collections.abc import Iterator
from typing import Any

import ibis.expr.types as ir

from features.log import words
from features.log.identity import PHONE, same_person
from features.log.spec import LogSpec
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

MANY = 3
"""So many mails beside one id are not one person's."""


MOST = 2_000
"""An id that stands for many is among so many most frequent ones."""

TOWERING = 10
"""An id on so many times the rows of the next one is hardly one person's."""


def ask(look: Look) -> Iterator[Question]:
    """Remarks on ids that many share; nothing here is refused."""
    yield from _nobody(look)
    yield from _several_mails(look)
    yield from _towering(look)


def _nobody(look: Look) -> Iterator[Question]:
    """Ids by which shops book everybody who left no name: guest, walk-in, 0."""
    name = look.spec.columns.customer_id
    known = [one.strip().lower() for one in look.spec.anonymous_ids]
    found, listed = _ids(look), _often(look)
    people = max((row["n"] for row in listed if not words.is_anonymous(row["who"])), default=0)
    shared = [
        row for row in listed if row["who"].lower() not in known and words.is_anonymous(row["who"])
    ]
    own = [row for row in shared if row["who"].isdigit() and row["n"] <= people]
    # Asked where it matters only: a pattern over every id takes its time.
    nobodies = [row for row in shared if row not in own] if own and _counted(found) else shared
    ids = [row["who"] for row in nobodies]
    if not ids:
        return
    everywhere = look.text(look.raw.table, name).strip().isin(ids)
    n = first(look.raw.table.aggregate(n=everywhere.sum()))["n"]
    yield Question(
        name,
        f"{', '.join(repr(one) for one in ids)} in {name!r} stands for nobody in particular, on "
        f"{n:,} rows: many people would be scored as one.",
        {"log.anonymous_ids": ids},
        pressing=False,
    )


def _ids(look: Look) -> ir.Table:
    """Each id, and on how many rows it stands."""
    rows = look.rows.select(who=look.text(look.rows, look.spec.columns.customer_id).strip())
    rows = rows.filter(rows.who.notnull())
    found: ir.Table = rows.group_by("who").aggregate(n=rows.count())
    return found


def _often(look: Look) -> list[dict[str, Any]]:
    """The most frequent ids, on several rows each."""
    found = _ids(look)
    often = found.filter(found.n > 1).order_by(found.n.desc(), "who").limit(MOST)
    listed: list[dict[str, Any]] = often.to_pyarrow().to_pylist()
    return listed


def _counted(ids: ir.Table) -> bool:
    """Whether ids are numbers, decimal or hexadecimal, of which 0 or 9999 may be somebody's."""
    numbers = ids.who.re_search(r"^[\da-fA-F]+$").cast("int8").mean()
    seen = first(ids.aggregate(n=ids.count(), numbers=numbers))
    return bool(seen["n"] >= 20 and seen["numbers"] >= 0.9)


def _several_mails(look: Look) -> Iterator[Question]:
    """Ids beside several mails: the mail may be the better id."""
    name = look.spec.columns.customer_id
    rows = look.rows.mutate(who=look.text(look.rows, name))
    for other in _mails(look, rows):
        mails = rows.mutate(mail=look.text(rows, other).strip().lower())
        mails = mails.filter(mails.who.notnull())
        people = mails.group_by("who").aggregate(mails=mails.mail.nunique(), rows=mails.count())
        nobody = [one for one in _often(look) if words.is_anonymous(one["who"])]
        few = people.who.strip().isin([one["who"] for one in nobody]) & (people.mails > 1)
        shared = people.filter((people.mails >= MANY) | few)
        found = first(shared.aggregate(n=shared.count(), rows=shared.rows.sum()))
        if found["n"]:
            yield Question(
                other,
                f"{found['n']:,} id{'s' * (found['n'] > 1)} of {name!r} stand"
                f"{'s' * (found['n'] == 1)} beside several mails of {other!r}, on "
                f"{found['rows']:,} rows: many people would be scored as one. The mail may be the "
                "better id.",
                {"log.columns.customer_id": other},
                pressing=False,
            )


def _towering(look: Look) -> Iterator[Question]:
    """One id on far more rows than any other, such as the shop's own mail."""
    name = look.spec.columns.customer_id
    rows = look.rows.select(who=look.text(look.rows, name))
    rows = rows.filter(rows.who.notnull())
    each = rows.group_by("who").aggregate(n=rows.count())
    top = each.order_by(each.n.desc()).limit(2).to_pyarrow().to_pylist()
    seen = first(each.aggregate(n=each.n.sum(), people=each.count()))
    if len(top) < 2 or seen["people"] < 10 or top[0]["n"] < max(TOWERING * top[1]["n"], 20):
        return
    if top[0]["n"] < 0.05 * seen["n"] or words.is_anonymous(top[0]["who"]):
        return
    yield Question(
        name,
        f"One id of {name!r}, the most frequent, stands on {top[0]['n']:,} of {seen['n']:,} rows, "
        f"the next one on {top[1]['n']:,}. If many people share it, name it in log.anonymous_ids.",
        pressing=False,
    )


def _mails(look: Look, rows: ir.Table) -> list[str]:
    """Free columns of mail addresses."""
    texts = [name for name in look.free if look.kind(name).is_string()]
    if not texts:
        return []
    cells = [look.text(rows, name) for name in texts]
    filled = {f"n{i}": cell.count() for i, cell in enumerate(cells)}
    at = {f"at{i}": cell.contains("@").sum() for i, cell in enumerate(cells)}
    seen = first(rows.aggregate(**filled, **at))
    return [
        name
        for i, name in enumerate(texts)
        if seen[f"n{i}"] and (seen[f"at{i}"] or 0) >= 0.9 * seen[f"n{i}"]
    ]


def alike(customers: ir.Table, spec: LogSpec) -> Iterator[Question]:
    """Remarks on different ids that may be one person's.

    Parameters
    ----------
    customers
        A table with ``customer_id``; it may have a customer several times.
    """
    # Where nothing is written in a way that may differ, nothing has to be compared.
    if not any(first(customers.aggregate(**_elsewise(customers.customer_id))).values()):
        return
    ids = customers.select("customer_id").distinct()
    one = ids.customer_id
    seen = first(ids.aggregate(n=one.count(), **_elsewise(one)))
    how = {
        "cased": ("ignore", "exact"),
        "floats": ("exact", "number"),
        "phones": ("exact", "phone"),
    }
    people = {key: same_person(one, *how[key]).nunique() for key in how if seen[key]}
    same = first(ids.aggregate(**people))
    yield from _spelt(seen, {key: seen["n"] - n for key, n in same.items()}, spec)


def _elsewise(one: ir.StringValue) -> dict[str, ir.Scalar]:
    """How many ids are written in a way that another one of the same person may not be."""
    other = {
        "cased": (one != one.lower()) | one.re_search(r"^[\s\x{00A0}]|[\s\x{00A0}]$"),
        "floats": one.re_search(r"^\d+\.0+$"),
        "phones": one.re_search(PHONE) & one.re_search(r"[^\d]"),
    }
    return {key: here.sum() for key, here in other.items()}


def _spelt(seen: dict[str, Any], apart: dict[str, int], spec: LogSpec) -> Iterator[Question]:
    """The remarks; `apart` is by how many there are fewer people than ids, of what was `seen`."""
    name, n = spec.columns.customer_id, seen["n"]
    if spec.customer_case == "exact" and apart.get("cased"):
        yield Question(
            name,
            f"{apart['cased']:,} of {n:,} ids differ from another only in case or blanks around "
            "them.",
            {"log.customer_case": "ignore"},
            pressing=False,
        )
    if spec.customer_form != "exact":
        return
    if "floats" in apart:
        yield Question(
            name,
            f"{seen['floats']:,} of {n:,} ids look like floats (9999.0), and "
            f"{apart['floats']:,} of them stand beside the same number without '.0'.",
            {"log.customer_form": "number"},
            pressing=False,
        )
    elif apart.get("phones"):
        yield Question(
            name,
            f"{apart['phones']:,} of {n:,} ids are phone numbers that differ from another only in "
            "how they are written.",
            {"log.customer_form": "phone"},
            pressing=False,
        )
