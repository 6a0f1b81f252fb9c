"""Asks about payments in parts, such as 2/3 or 2 of 3: each would count as a purchase."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

PART_OF = r"(?i)^\s*(\d{1,2}) ?(?:/|of|von|de|di|sur|van|z|из) ?(\d{1,2})\s*$"

FITTING = 0.5
"""Share of the later parts whose part before, of as much money, is the same customer's.

The month and year of a card's expiry look alike, and follow upon nothing.
"""


def ask(look: Look) -> Iterator[Question]:
    """A question for the first column that counts the parts of payments."""
    table = look.money
    if table is None:
        return
    for name in _counting(look):
        later, fitting = _following(look, table, name)
        if later and fitting >= FITTING * later:
            yield Question(
                name,
                f"Column {name!r} counts the parts of a payment: {later:,} rows are later parts. "
                "As they are, each counts as a purchase; the first parts alone have a part of the "
                "money. No key joins them, for they are of several days. Make one row of each "
                "sale, with the money of all its parts on the day of the first.",
                decided=False,
            )
            return


def _counting(look: Look) -> list[str]:
    """Columns of texts of which all say a number of how many."""
    names = [name for name in look.free if look.kind(name).is_string()]
    cells = {f"c{i}": look.text(look.rows, name) for i, name in enumerate(names)}
    if not names:
        return []
    told = {f"{key}_n": cell.count() for key, cell in cells.items()}
    told |= {f"{key}_parts": cell.re_search(PART_OF).sum() for key, cell in cells.items()}
    seen = first(look.rows.aggregate(**told))
    return [
        name
        for i, name in enumerate(names)
        if seen[f"c{i}_n"] and seen[f"c{i}_n"] == seen[f"c{i}_parts"]
    ]


def _following(look: Look, table: ir.Table, name: str) -> tuple[int, int]:
    """Rows of a later part, and those of them that follow upon the part before."""
    cell = look.text(table, name)
    rows = table.select(
        who=look.text(table, look.spec.columns.customer_id),
        cents=(table.money * 100).round().try_cast("int64"),
        part=cell.re_extract(PART_OF, 1).try_cast("int64"),
        of=cell.re_extract(PART_OF, 2).try_cast("int64"),
    ).filter(ibis._.part <= ibis._.of, ibis._.of > 1)
    later = rows.filter(rows.part > 1)
    # The last part may be a cent more or less.
    before = rows.select("who", "of", "cents", part=rows.part + 1).distinct()
    near = later.join(before, ["who", "of", "part"], how="left", rname="{name}_before")
    met = ((near.cents - near.cents_before).abs() <= 2).sum()
    n = first(later.aggregate(n=later.count()))["n"]
    return n, min(n, first(near.aggregate(n=met))["n"] or 0)
