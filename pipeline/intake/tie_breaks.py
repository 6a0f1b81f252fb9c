"""What a second look at the rows tells of roles that columns alone leave open."""

from collections.abc import Sequence

from features.readers.reading import Raw
from pipeline.intake.mapping import SAMPLE, Profile
from pipeline.intake.roles import ROLES, Roles


def days_per_value(raw: Raw, columns: Sequence[Profile], date: str) -> dict[str, float]:
    """On how many days of the column `date` the mean value of each other column occurs."""
    sample = raw.table.limit(SAMPLE)
    day = sample[raw.columns[date]].cast("string").strip()[:10]
    names = [c.name for c in columns if c.name != date and c.moments <= 0.9 and c.distinct > 1]
    if not names:
        return {}
    cells = {f"c{i}": sample[raw.columns[name]].cast("string") for i, name in enumerate(names)}
    pairs = {f"d{i}": (cell + "|" + day).nunique() for i, cell in enumerate(cells.values())}
    alone = {f"n{i}": cell.nunique() for i, cell in enumerate(cells.values())}
    seen = sample.aggregate(**pairs, **alone).to_pyarrow().to_pylist()[0]
    return {name: seen[f"d{i}"] / max(1, seen[f"n{i}"]) for i, name in enumerate(names)}


def settled(raw: Raw, found: Roles) -> Roles:
    """Ties between columns that say the same are none: equal cells, or ids of the same people."""
    columns, ties = dict(found.columns), dict(found.ties)
    sample = raw.table.limit(SAMPLE)
    for role, names in found.ties.items():
        cells = [sample[raw.columns[name]].cast("string") for name in names]
        each = {f"n{i}": cell.nunique() for i, cell in enumerate(cells)}
        both = {f"b{i}": (cells[0] + "|" + cell).nunique() for i, cell in enumerate(cells)}
        same = {f"s{i}": (cells[0] != cell).sum() for i, cell in enumerate(cells)}
        seen = sample.aggregate(**each, **both, **same).to_pyarrow().to_pylist()[0]
        places = range(len(names))
        alike = all(not seen[f"s{i}"] for i in places)
        if role in ("customer_id", "order_id"):
            alike |= all(seen[f"b{i}"] == seen["n0"] == seen[f"n{i}"] for i in places)
        if alike:
            columns[role] = ties.pop(role)[0]
    return Roles({role: columns[role] for role in ROLES if role in columns}, ties)
