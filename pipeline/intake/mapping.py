"""Which column of a log means what, by name, type and content: a proposal, not a decision."""

import re
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.customer.snapshot import taken
from features.log.words import means, split
from features.log.written_dates import shapes
from features.readers.reading import Raw

SAMPLE = 50_000

ROLES = ("customer_id", "transacted_at", "amount", "unit_price", "order_id", "quantity")
"""What a column can mean, in the order in which columns are looked for."""

_ID = {"id", "no", "nr", "num", "number", "key", "code", "numero", "nummer", "ref", "cod", "uuid"}
_MOMENT = (
    r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][A-Za-z]{3})"
)
_COMPACT = r"^(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$"
_NUMBER = r"^[^\dA-Za-z]{0,3}[+-]?\s?\d[\d.,' ]*[^\dA-Za-z]{0,3}$"


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

    def to_json(self) -> dict[str, Any]:
        """Name, type and shares, and no value."""
        return {
            "name": self.name,
            "type": self.type,
            "blank_share": round(self.blank, 6),
            "distinct_in_sample": self.distinct,
        }


def profiles(raw: Raw, total: int) -> list[Profile]:
    """Look at every column: all rows for blanks, the first 50,000 for the rest."""
    if not total:
        return [
            Profile(name, str(_kind(raw, p)), 0, 0, 0, 0, 0, 0) for name, p in raw.columns.items()
        ]
    filled = (
        raw.table.aggregate(**{place: raw.table[place].count() for place in raw.columns.values()})
        .to_pyarrow()
        .to_pylist()[0]
    )
    sample = raw.table.limit(SAMPLE)
    found = (
        sample.aggregate(
            **{
                f"{place}_{key}": value
                for place in raw.columns.values()
                for key, value in _measures(sample, place).items()
            }
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return [
        _profile(raw, name, place, filled[place] / total, found)
        for name, place in raw.columns.items()
    ]


def propose(columns: list[Profile]) -> dict[str, str]:
    """Role -> column, for the roles that some column suits by name and content.

    Examples
    --------
    >>> def column(name, **shares):
    ...     none = dict.fromkeys(("blank", "moments", "fractions", "negative"), 0)
    ...     some = {"type": "string", "distinct": 50, "numbers": 1}
    ...     return Profile(name, **(none | some | shares))
    >>> propose([
    ...     column("Kundennummer"), column("Bestelldatum", moments=1, numbers=0),
    ...     column("Betrag", fractions=0.9), column("Artikel", numbers=0),
    ... ])
    {'customer_id': 'Kundennummer', 'transacted_at': 'Bestelldatum', 'amount': 'Betrag'}
    """
    found: dict[str, str] = {}
    for role in ROLES:
        scored = [
            (_score(column, role), column)
            for column in columns
            if column.name not in found.values()
        ]
        best = max(scored, key=lambda pair: pair[0], default=None)
        if best is not None and best[0] > 0:
            found[role] = best[1].name
    if "transacted_at" not in found:
        dated = [c.name for c in columns if c.moments > 0.9 and c.name not in found.values()]
        if dated:
            found["transacted_at"] = dated[0]
    if "amount" in found:
        found.pop("unit_price", None)
    elif "unit_price" in found and "quantity" not in found:
        found["amount"] = found.pop("unit_price")
    return found


def notation(raw: Raw, roles: dict[str, str]) -> dict[str, str]:
    """Keys of the log section that say how values are written, where that is plain to see."""
    keys: dict[str, str] = {}
    if "transacted_at" in roles:
        keys |= _date_format(raw, raw.columns[roles["transacted_at"]])
    money = roles.get("amount") or roles.get("unit_price")
    if money and raw.text:
        keys |= _amount_notation(raw, raw.columns[money])
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


def _measures(sample: ir.Table, place: str) -> dict[str, ir.Value]:
    value = sample[place]
    kind = value.type()
    none = ibis.literal(0)
    if kind.is_nested():
        return dict.fromkeys(("n", "distinct", "numbers", "moments", "fractions", "negative"), none)
    measures: dict[str, ir.Value] = {"n": value.count(), "distinct": value.nunique()}
    if isinstance(kind, dt.String):
        measures["numbers"] = value.re_search(_NUMBER).sum()
        measures["moments"] = (value.re_search(_MOMENT) | value.re_search(_COMPACT)).sum()
        measures["fractions"] = value.re_search(r"\d[.,]\d{1,2}\D{0,4}$").sum()
        measures["negative"] = value.re_search(r"^\s*-").sum()
    elif kind.is_numeric() and not isinstance(kind, dt.Boolean):
        measures["numbers"] = value.count()
        measures["moments"] = value.cast("string").re_search(_COMPACT).sum()
        measures["fractions"] = (value % 1 != 0).sum()
        measures["negative"] = (value < 0).sum()
    else:
        moment = isinstance(kind, (dt.Timestamp, dt.Date))
        measures |= {"numbers": none, "moments": value.count() if moment else none}
        measures |= {"fractions": none, "negative": none}
    return measures


def _profile(raw: Raw, name: str, place: str, filled: float, found: dict[str, Any]) -> Profile:
    count = max(1, found[f"{place}_n"] or 0)
    shares = {
        key: (found[f"{place}_{key}"] or 0) / count
        for key in ("numbers", "moments", "fractions", "negative")
    }
    return Profile(
        name, str(_kind(raw, place)), 1 - filled, found[f"{place}_distinct"] or 0, **shares
    )


def _score(column: Profile, role: str) -> float:
    """How well a column suits a role; 0 or less: not at all."""
    words = split(column.name)
    named = [word for word in words if means(word, role)]
    if not named or column.blank > 0.95:
        return 0
    score = 1 + len(named) / len(words)
    marked = bool(_ID & set(words)) or any(
        word.endswith(("id", "nummer", "number")) for word in words
    )
    other = {r for r in ROLES if r != role and any(means(word, r) for word in words)}
    if role in ("customer_id", "order_id"):
        score += marked - 0.5 * (column.fractions > 0.5) - 3 * (column.moments > 0.9 and not marked)
        score -= 0.5 * ("transacted_at" in other or "amount" in other)
        if column.distinct > 1:
            return score
        # A log may be of one customer; hardly of one order. Any other column so named goes first.
        return score / 10 if role == "customer_id" else score - 2
    if role == "transacted_at":
        return score + 2 * column.moments if column.moments > 0.5 or column.numbers > 0.9 else 0
    return (
        0
        if column.numbers < 0.8 or marked or column.moments > 0.9
        else score + 0.5 * column.fractions
    )


def _date_format(raw: Raw, place: str) -> dict[str, str]:
    kind = _kind(raw, place)
    digits = raw.table[place].cast("string") if kind.is_numeric() else raw.table[place]
    if not isinstance(kind, dt.String) and not kind.is_numeric():
        return {}
    rows = raw.table.select("row", value=digits.strip()).limit(SAMPLE)
    rows = rows.filter(rows.value != "")
    found = {shape.text for shape in shapes(rows, "value")}
    if found == {"9" * 8}:
        dates = (
            rows.aggregate(n=(~rows.value.re_search(_COMPACT)).sum()).to_pyarrow()["n"][0].as_py()
        )
        return {} if dates else {"date_format": "%Y%m%d"}
    units = {"9" * 10: "unix_seconds", "9" * 13: "unix_milliseconds", "9" * 16: "unix_microseconds"}
    return (
        {"date_format": units[next(iter(found))]} if len(found) == 1 and found <= set(units) else {}
    )


def _amount_notation(raw: Raw, place: str) -> dict[str, str]:
    """From how the amounts are written: the last mark before one or two digits is the decimal."""
    found = [shape.text for shape in shapes(raw.table.select("row", place).limit(SAMPLE), place)]
    keys: dict[str, str] = {}
    signs = {match[0] for text in found for match in re.finditer(r"[^\s\d.,'+-]+", text)}
    sign = next(iter(signs)) if len(signs) == 1 else ""
    if sign and not sign.isalpha() and len(sign) <= 2:
        keys["currency"] = sign
    bare = [text.replace(sign, "").strip() if sign else text for text in found]
    comma = [t for t in bare if re.search(r"\d,9{1,2}$".replace("\\d", "9"), t)]
    point = [t for t in bare if re.search(r"9\.9{1,2}$", t)]
    if comma and not point:
        keys["decimal"] = ","
        if any(re.search(r"9\.999(\D|$)", t) for t in bare):
            keys["thousands"] = "."
    elif point and any(re.search(r"9,999(\.|,|$)", t) for t in bare):
        keys["thousands"] = ","
    return keys


def _unsigned_returns(raw: Raw, roles: dict[str, str]) -> bool:
    """Negative quantities beside amounts that are never negative: the amount has lost its sign."""
    table = raw.table
    pieces = table[raw.columns[roles["quantity"]]].try_cast("float64")
    money = table[raw.columns[roles["amount"]]].try_cast("float64")
    seen = (
        table.aggregate(conflict=((pieces < 0) & (money > 0)).sum(), negative=(money < 0).sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    return bool(seen["conflict"]) and not seen["negative"]
