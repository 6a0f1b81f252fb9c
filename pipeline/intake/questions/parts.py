"""Asks about payments in parts, such as 2/3 or 2 of 3: each would count as a purchase."""

from collections.abc import Iterator

import ibis.expr.types as ir

from pipeline.intake.questions.likely_order import likely_order
from pipeline.intake.questions.look import Look, first
from pipeline.intake.questions.question import Question

PART_OF = r"(?i)^\s*(\d{1,2}) ?(?:/|of|von|de|di|sur|van|z|из) ?(\d{1,2})\s*$"

JOINED = 0.9
"""Share of the numbers under which the parts begin with the first, and each stands once."""

FITTING = 0.5
"""Share of the later parts whose part before, of as much money, is the same customer's.

The month and year of a card's expiry look alike, and follow upon nothing.
"""


def ask(look: Look) -> Iterator[Question]:
    """A question for the first column that counts the parts of payments."""
    table = look.money
    if table is None or look.spec.lines == "instalments":
        return
    for name in _counting(look):
        later, fitting = _following(look, table, name)
        if not later or fitting < FITTING * later:
            continue
        seen = (
            f"Column {name!r} counts the parts of a payment: {later:,} rows are later parts. As "
            "they are, each counts as a purchase; the first parts alone have a part of the money. "
        )
        if number := _joining(look, table, name):
            seen += f"Those of one {number!r} are one purchase, on the day of the first."
            answer = {"log.lines": "instalments", "log.columns.order_id": number}
            yield Question(name, seen, answer)
            return
        yield Question(
            name,
            f"{seen}No key joins them, for they are of several days. Make one row of each sale, "
            "with the money of all its parts on the day of the first.",
            decided=False,
        )
        return


def _joining(look: Look, table: ir.Table, name: str) -> str | None:
    """The column under whose values each part of a payment stands once, the first among them."""
    order = look.spec.columns.order_id or likely_order(look)
    if not order:
        return None
    rows = _parts(look, table, name).mutate(number=look.text(table, order))
    each = rows.group_by("who", "number").aggregate(
        n=rows.count(),
        parts=rows.part.nunique(),
        first=rows.part.min(),
        number_n=rows.number.count(),
    )
    whole = (each.n == each.parts) & (each["first"] == 1) & (each.number_n == each.n)
    seen = first(each.aggregate(n=each.count(), whole=whole.sum(), several=(each.n > 1).sum()))
    return order if seen["several"] and seen["whole"] >= JOINED * seen["n"] else None


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
    rows = _parts(look, table, name)
    rows = rows.filter(rows.part <= rows.of, rows.of > 1)
    later = rows.filter(rows.part > 1)
    # The last part may be a cent more or less.
    before = rows.select("who", "of", "cents", part=rows.part + 1).distinct()
    near = later.join(before, ["who", "of", "part"], how="left", rname="{name}_before")
    met = ((near.cents - near.cents_before).abs() <= 2).sum()
    n = first(later.aggregate(n=later.count()))["n"]
    return n, min(n, first(near.aggregate(n=met))["n"] or 0)


def _parts(look: Look, table: ir.Table, name: str) -> ir.Table:
    """The rows with whose they are, their money in cents, and which part of how many."""
    cell = look.text(table, name)
    return table.mutate(
        who=look.text(table, look.spec.columns.customer_id),
        cents=(table.money * 100).round().try_cast("int64"),
        part=cell.re_extract(PART_OF, 1).try_cast("int64"),
        of=cell.re_extract(PART_OF, 2).try_cast("int64"),
    )
