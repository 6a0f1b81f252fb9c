"""Which column would be taken for the order's number, where none is named."""

from pipeline.intake import mapping, roles
from pipeline.intake.questions.look import Look, first

SEVERAL = 3
"""So many further lines show that a column without a name for it numbers the orders."""


def likely_order(look: Look) -> str | None:
    """The column that would be proposed as the order's number."""
    if "likely" not in look.orders:
        look.orders["likely"] = _proposed(look)
    return look.orders["likely"]


def _proposed(look: Look) -> str | None:
    if not look.free:
        return None
    profiles = look.profiles
    if profiles is None:
        total = look.raw.table.count().to_pyarrow().as_py()
        profiles = mapping.profiles(look.raw, total, look.free)
    columns = [profile for profile in profiles if profile.name in look.free]
    named = roles.propose(columns).columns.get("order_id")
    return named or _one_customer_and_day(look, columns)


def _one_customer_and_day(look: Look, columns: list[mapping.Profile]) -> str | None:
    """A column whose values stand on several lines, each of one customer and one day."""
    rows, spec = look.sample, look.spec.columns
    who, day = look.text(rows, spec.customer_id), look.text(rows, spec.transacted_at)[:10]
    names = [c.name for c in columns if c.distinct > 1 and not c.unique and c.fractions < 0.5]
    if not names:
        return None
    cells = [look.text(rows, name) for name in names]
    alone = {f"n{i}": cell.nunique() for i, cell in enumerate(cells)}
    both = {f"b{i}": (cell + "|" + who + "|" + day).nunique() for i, cell in enumerate(cells)}
    lines = {f"l{i}": cell.count() for i, cell in enumerate(cells)}
    seen = first(rows.aggregate(**alone, **both, **lines))
    fitting = [
        (seen[f"n{i}"], name)
        for i, name in enumerate(names)
        if seen[f"n{i}"] == seen[f"b{i}"] and seen[f"l{i}"] - seen[f"n{i}"] >= SEVERAL
    ]
    return max(fitting)[1] if fitting else None
