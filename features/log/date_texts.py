"""Texts of dates made alike before they are read: blanks, names of months, zones apart.

Whatever a pattern here accepts, the engine must be able to read.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir

from features.log.words import months

ISO = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?"
ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120,
    "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "МСК": 180, "AST": -240, "ADT": -180,
    "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "JST": 540, "KST": 540, "SGT": 480,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip
"""Minutes before UTC's clock; names that mean several zones (CST, IST) are left out."""

_NAMED = "|".join(sorted(ZONES, key=len, reverse=True))
_OFFSET = rf"(?:Z|(?:{_NAMED})?[+-]\d{{2}}(?::?\d{{2}})?|{_NAMED})"
# Behind a time only: the -31 of 2024-01-31 is no offset. A bare Z may stand behind a day.
_TIMED = rf"(?i)(:\d{{2}}(?:[.,]\d{{1,9}})?(?: ?[AP]M)?) ?({_OFFSET})$"
_DAY_Z = r"^(\d{4}-\d{2}-\d{2}) ?([Zz])$"
_BLANKS = r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}]+"
_REMARK = r" ?(\([\p{L} ]+\)|г\.?|р\.?|року|года)$"
_CLOCK = r"(?i)(:\d{2}) ?(?:hs|hrs|h|uhr|ч)\.?$"
_WEEKDAY = r"(?i)^(mon|tue|wed|thu|fri|sat|sun)(day|s|sday|nesday|rsday|urday|urs)?\.?,? "
_HALVES = r"(?i)([ap])\. ?m\.$"
_DAY_FIRST = (
    r"^(\d{1,2})(?:st|nd|rd|th|er|º|\.)?(?: de| of)?([ -])(\p{L}{3,12})\.?(?: de| of)?(,?[ -])"
)
_MONTH_FIRST = r"^(\p{L}{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?(,?) "
# 2025年4月25日 and 2025년 4월 25일.
_NAMED_PARTS = r"^(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]?"
# 25. 4. 2025 and 2025. 4. 25., as Czech, German, Hungarian and Korean write a date by hand.
_SPACED = r"^(\d{1,2})\. ?(\d{1,2})\. ?(\d{2,4})( |$)"
_SPACED_YEAR_FIRST = r"^(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?( |$)"


@dataclass(frozen=True)
class Parts:
    """A column of dates as texts: the clock's part, and the offset in minutes where one stands."""

    local: ir.StringValue
    minutes: ir.IntegerValue


def tidy(rows: ir.Table, column: str) -> ir.StringValue:
    """The texts with plain blanks and English short names of months, whatever language they are in.

    Examples
    --------
    >>> from features.engines.duckdb import connect
    >>> texts = "SELECT unnest(['5. März 2024', 'Fri, 5 Jan 2024', '5 января 2024 г.']) AS at"
    >>> rows = connect().sql(texts)
    >>> sorted(rows.select(at=tidy(rows, "at")).to_pyarrow()["at"].to_pylist())
    ['5 Jan 2024', '5 Jan 2024', '5 Mar 2024']
    """
    values = rows[column]
    # Each step mentions the values once: an expression that repeats itself grows without end.
    even = values.re_replace(_BLANKS, " ").strip()
    spaced = even.re_search(_SPACED) | even.re_search(_SPACED_YEAR_FIRST)
    named = even.re_search(_NAMED_PARTS)
    seen = rows.aggregate(
        named=named.sum(),
        wordy=values.re_search(r"\p{L}{3}|:\d\d ?[HhЧч]").sum(),
        spaced=spaced.sum(),
    )
    tally = seen.to_pyarrow().to_pylist()[0]
    values = even
    if tally["named"]:
        values = values.re_replace(_NAMED_PARTS, r"\1/\2/\3")
    if tally["spaced"]:
        values = values.re_replace(_SPACED, r"\1.\2.\3\4")
        values = values.re_replace(_SPACED_YEAR_FIRST, r"\1.\2.\3\4")
    if not tally["wordy"]:
        return values
    values = values.re_replace(_REMARK, "").re_replace(_WEEKDAY, "").re_replace(_HALVES, r"\1m")
    values = values.re_replace(_CLOCK, r"\1")
    values = values.re_replace(_DAY_FIRST, r"\1\2\3\4").re_replace(_MONTH_FIRST, r"\1 \2\3 ")
    for month, pattern in _month_patterns().items():
        values = values.re_replace(pattern, rf"\1{month}\2")
    return values


def parted(values: Any) -> Parts:
    """The texts of `tidy` with their offsets apart."""
    local = values.re_replace(_TIMED, r"\1").re_replace(_DAY_Z, r"\1")
    text = values.re_extract(_TIMED, 2) + values.re_extract(_DAY_Z, 2)
    even = text.upper().re_replace(rf"^(?:{_NAMED})([+-])", r"\1").replace(":", "")
    even = even.re_replace(r"^([+-]\d\d)$", r"\100")
    offsets = _offsets()
    minutes = ibis.map(list(offsets), list(offsets.values()))[even]
    # An offset that no clock has, such as +9930, makes the whole value unreadable.
    return Parts((minutes.isnull() & (text != "")).ifelse(values, local), minutes)


@cache
def _offsets() -> dict[str, int]:
    """Minutes before UTC's clock, by every offset that is in use."""
    quarters = {
        f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}": minutes
        for minutes in range(-12 * 60, 14 * 60 + 1, 15)
    }
    return {"Z": 0, "-0000": 0, **ZONES, **quarters}


@cache
def _month_patterns() -> dict[str, str]:
    """The names of each month, standing alone, in any case."""
    spelled: dict[str, list[str]] = {}
    for word, month in months().items():
        spelled.setdefault(month, []).append(word)
    return {
        month: rf"(?i)(^|[^\p{{L}}])(?:{'|'.join(sorted(words, key=len)[::-1])})([^\p{{L}}]|$)"
        for month, words in spelled.items()
    }
