"""Columns as they look, and how their values are written: a proposal, not a decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.customer.snapshot import taken
from features.log.identity import filled
from features.log.moments import proposed_format
from features.log.money import proposed_notation
from features.log.notations import latin, latin_number_like, priced, western
from features.log.strays import without_totals
from features.readers.reading import Raw

SAMPLE = 50_000

MEASURES = ("n", "distinct", "numbers", "moments", "fractions", "negative", "priced")
"""What is counted in a column: cells and different ones, and how many look like what."""

_MOMENT = (
    r"^\s*([A-Za-z]{3,9},? )?(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"\d{1,2}\. ?\d{1,2}\. ?\d{4}|\d{4}\. ?\d{1,2}\. ?\d{1,2}\.?|"
    r"\d{4}-W\d\d(-\d)?$|\d{4}-(0[1-9]|1[0-2])$|"  # ISO weeks, months
    r"\d{4} ?a ?\d{1,2} ?a ?\d{1,2} ?a|"  # letters as `latin` has them: 2024年1月5日
    r"\d{1,2}\.?( de)?[- ][A-Za-z]{3,12}\.?( de)?[-, ]+\d{2}|[A-Za-z]{3,12}\.? \d{1,2},? \d{4}|"
    r"[A-Za-z]{3}-\d{1,2}-\d{2})"
)
_NUMBERED = r"^\s*[A-Za-z]+[-.]?\d+\s*$"  # INV-10 is no money
_COMPACT = r"^(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$"


@dataclass(frozen=True)
class Profile:
    """One column as it looks in the first rows; `blank` is over all rows."""

    name: str
    type: str
    blank: float
    distinct: int
    numbers: float
    moments: float
    fractions: float
    negative: float
    unique: bool = False
    priced: float = 0

    def to_json(self) -> dict[str, Any]:
        """Name, type and shares, and no value."""
        return {
            "name": self.name,
            "type": self.type,
            "blank_share": round(self.blank, 6),
            "distinct_in_sample": self.distinct,
        }


def profiles(raw: Raw, total: int, names: Iterable[str] | None = None) -> list[Profile]:
    """Look at every column, or at some: all rows for blanks, the first 50,000 for the rest."""
    columns = {name: raw.columns[name] for name in (raw.columns if names is None else names)}
    if not total:
        return [Profile(name, str(_kind(raw, p)), 0, 0, 0, 0, 0, 0) for name, p in columns.items()]
    filled = (
        raw.table.aggregate(**{place: raw.table[place].count() for place in columns.values()})
        .to_pyarrow()
        .to_pylist()[0]
    )
    found = _looked_over(without_totals(raw.table.limit(SAMPLE), raw), list(columns.values()))
    return [
        _profile(raw, name, place, filled[place] / total, found[place])
        for name, place in columns.items()
    ]


def notation(raw: Raw, roles: dict[str, str]) -> dict[str, str]:
    """Keys of the log section that say how values are written, where that is plain to see."""
    keys: dict[str, str] = {}
    if "transacted_at" in roles:
        keys |= _date_format(raw, raw.columns[roles["transacted_at"]])
    money = roles.get("amount") or roles.get("unit_price")
    if money and raw.text:
        rows = raw.table.select("row", value=filled(raw.table[raw.columns[money]]))
        keys |= proposed_notation(rows.limit(SAMPLE), "value")
    if "amount" in roles and "quantity" in roles and _unsigned_returns(raw, roles):
        keys["returns"] = "quantity"
    return keys


def attributes(columns: list[Profile], roles: dict[str, str]) -> list[str]:
    """Columns of few values that might say something about customers, such as country."""
    free = [column for column in columns if column.name not in roles.values()]
    few = [c.name for c in free if 2 <= c.distinct <= 60 and c.blank < 0.5 and c.fractions == 0]
    refused = taken(few)
    return [name for name in few if name not in refused][:6]


def _kind(raw: Raw, place: str) -> dt.DataType:
    return raw.table[place].type()


def _looked_over(sample: ir.Table, places: list[str]) -> dict[str, dict[str, Any]]:
    """The measures of each column, by its place."""
    texts = [place for place in places if sample[place].type().is_string()]
    others = [place for place in places if place not in texts]
    found: dict[str, dict[str, Any]] = {}
    if texts:
        # One below the other: a pattern is compiled once, not again for each column.
        long = sample.select(*texts).pivot_longer(texts, names_to="place", values_to="value")
        long = long.filter(long.value.notnull())
        # Each text once: most columns of an export have few.
        values = long.group_by("place", "value").aggregate(times=long.count())
        each = values.group_by("place").aggregate(**_of_texts(values))
        found = {row["place"]: row for row in each.to_pyarrow().to_pylist()}
    if others:
        seen = sample.aggregate(
            **{
                f"{place}_{key}": value
                for place in others
                for key, value in _measures(sample, place).items()
            }
        )
        row = seen.to_pyarrow().to_pylist()[0]
        found |= {place: {key: row[f"{place}_{key}"] for key in MEASURES} for place in others}
    none = dict.fromkeys(MEASURES, 0)
    return {place: found.get(place, none) for place in places}


def _of_texts(values: ir.Table) -> dict[str, ir.Value]:
    """The measures of texts that stand so many `times` each."""
    value = values.value
    letters = latin(western(value))
    number = latin_number_like(letters.strip()) & ~letters.re_search(_NUMBERED)
    alike = {
        "numbers": number,
        "moments": letters.re_search(_MOMENT) | value.re_search(_COMPACT),
        "fractions": value.re_search(r"\d[.,]\d{1,2}\D{0,4}$"),
        "negative": value.re_search(r"^\s*-"),
        "priced": number & priced(value),
    }
    counted = {key: values.times.sum(where=holds).cast("int64") for key, holds in alike.items()}
    return {"n": values.times.sum().cast("int64"), "distinct": value.count(), **counted}


def _measures(sample: ir.Table, place: str) -> dict[str, ir.Value]:
    value = sample[place]
    kind = value.type()
    none = ibis.literal(0)
    if kind.is_nested():
        return dict.fromkeys(MEASURES, none)
    measures: dict[str, ir.Value] = {"n": value.count(), "distinct": value.nunique()}
    if kind.is_numeric() and not isinstance(kind, dt.Boolean):
        measures["numbers"] = value.count()
        measures["moments"] = value.cast("string").re_search(_COMPACT).sum()
        measures["fractions"] = (value % 1 != 0).sum()
        measures["negative"] = (value < 0).sum()
        measures["priced"] = none
    else:
        moment = isinstance(kind, (dt.Timestamp, dt.Date))
        measures |= {"numbers": none, "moments": value.count() if moment else none}
        measures |= {"fractions": none, "negative": none, "priced": none}
    return measures


def _profile(raw: Raw, name: str, place: str, filled: float, found: dict[str, Any]) -> Profile:
    count = max(1, found["n"] or 0)
    shares = {key: (found[key] or 0) / count for key in MEASURES[2:]}
    distinct = found["distinct"] or 0
    unique = distinct == found["n"]
    return Profile(name, str(_kind(raw, place)), 1 - filled, distinct, **shares, unique=unique)


def _date_format(raw: Raw, place: str) -> dict[str, str]:
    kind = _kind(raw, place)
    if not isinstance(kind, dt.String) and not kind.is_numeric():
        return {}
    rows = raw.table.select("row", value=filled(raw.table[place])).limit(SAMPLE)
    found = proposed_format(rows, "value")
    return {"date_format": found} if found else {}


def _unsigned_returns(raw: Raw, roles: dict[str, str]) -> bool:
    """Negative quantities beside amounts that are never negative: the amount has lost its sign."""
    table = raw.table
    pieces = table[raw.columns[roles["quantity"]]].try_cast("float64")
    money = table[raw.columns[roles["amount"]]].try_cast("float64")
    seen = (
        table.aggregate(
            conflict=((pieces < 0) & (money > 0)).sum(),
            negative=(money < 0).sum(),
            filled=pieces.count(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    # Where most pieces are below 0, as goods that leave a store, they are no returns.
    few = (seen["conflict"] or 0) <= 0.2 * (seen["filled"] or 0)
    return bool(seen["conflict"]) and few and not seen["negative"]
