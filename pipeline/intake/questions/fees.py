"""Asks for rows of fees that a marketplace keeps: below 0, and nothing that a customer got back."""

from collections.abc import Iterator

import ibis

from features.log import words
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

MOST = 0.8
"""So large a share of the rows of fees is below 0; those of refunds are above."""


def ask(look: Look) -> Iterator[Question]:
    """One question, for the first column that calls rows below 0 fees."""
    table = look.money
    if table is None or not look.gives_back:
        return
    for name, values in look.few.items():
        fees = [value for value in values if _is_fee(value)]
        if not fees or len(fees) == len([value for value in values if value]):
            continue
        cells = ibis.coalesce(look.text(table, name), "").strip()
        rows = table.filter(cells.isin(fees), table.money != 0)
        seen = first(
            rows.aggregate(n=rows.count(), below=(rows.money < 0).sum(), money=rows.money.sum())
        )
        if not seen["n"] or seen["below"] < MOST * seen["n"]:
            continue
        yield Question(
            name,
            f"Column {name!r} calls {seen['n']:,} rows {', '.join(map(repr, fees[:6]))}, "
            f"{seen['money']:,.2f} in all: fees that somebody else keeps would be taken off what "
            "customers spent, as if it was given back to them.",
            {"log.where": [{"column": name, "operator": "not in", "value": fees}]},
        )
        return


def _is_fee(value: str) -> bool:
    """Whether a value speaks of a fee.

    >>> _is_fee("ItemFees"), _is_fee("FBAPerUnitFulfillmentFee"), _is_fee("Principal")
    (True, True, False)
    """
    return any(words.means(word, "fee") for word in words.split(value))
