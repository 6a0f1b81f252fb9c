"""A remark where amounts look like cents: whole numbers that end as prices do."""

from collections.abc import Iterator
from typing import Any

import ibis.expr.datatypes as dt

from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

_ENDS = (0, 49, 50, 90, 95, 98, 99)
"""The last two digits of most prices in cents."""


def ask(look: Look) -> Iterator[Question]:
    """A remark, where no name says cents: prices of yen and roubles end alike."""
    columns = look.spec.columns
    name = columns.amount or columns.unit_price
    if name is None or look.money is None or look.spec.scale is not None:
        return
    if _has_decimals(look, name):
        return
    named = look.called(name, "cents")
    rows = look.money.filter(look.money.money > 0)
    money: Any = rows.money
    ends = (money % 100).isin([float(end) for end in _ENDS])
    whole = (money % 1 == 0) & (money >= 100)
    seen = first(
        rows.aggregate(
            n=rows.count(), whole=whole.sum(), ends=(whole & ends).sum(),
            odd=(whole & (money % 100 != 0)).sum(), typical=money.median(),
        )
    )  # fmt: skip
    if not seen["n"] or seen["whole"] < 0.98 * seen["n"]:
        return
    if not named and (seen["ends"] < 0.6 * seen["n"] or seen["odd"] < 0.2 * seen["n"]):
        return
    yield Question(
        name,
        f"The amounts of {name!r} are whole numbers that end as prices in cents do (half are above "
        f"{seen['typical']:,.0f}). If they are cents, scale them.",
        {"log.scale": 0.01},
        pressing=named,
    )


def _has_decimals(look: Look, name: str) -> bool:
    """Whether most of the amounts are written with two decimals: then they are no cents."""
    kind = look.kind(name)
    if isinstance(kind, dt.Decimal):
        return bool(kind.scale)
    if not isinstance(kind, dt.String):
        return False
    written: Any = look.text(look.rows, name)
    two = written.re_search(r"[0-9][.,][0-9]{2}([^0-9.,]|$)")
    return bool(first(look.rows.aggregate(most=two.mean() > 0.5))["most"])
