"""How dates are written: the forms of a column, and the one way to read them, if there is one."""

import re
from dataclasses import dataclass

import ibis.expr.types as ir

from features.errors import UserError
from features.log.spec import UNIX

_MOST_SHAPES = 2_000
_HINT = "see data/README.md#dates"


@dataclass(frozen=True)
class Shape:
    """How some values are written, digits shown as 9, and how often."""

    text: str
    rows: int
    first: int


def shapes(rows: ir.Table, column: str) -> list[Shape]:
    """The ways the values are written, most frequent first; never the values, no nulls."""
    rows = rows.filter(rows[column].notnull())
    shaped = rows.select("row", shape=rows[column].translate("0123456789", "9999999999"))
    counted = shaped.group_by("shape").aggregate(n=shaped.count(), first=shaped.row.min())
    top = counted.order_by(counted.n.desc(), counted.first).limit(_MOST_SHAPES).to_pyarrow()
    return [Shape(s["shape"].strip(), s["n"], s["first"]) for s in top.to_pylist()]


def numbers_as_dates(name: str) -> str:
    """The refusal of whole numbers that might be days, seconds or anything."""
    return (
        f"Column {name!r} holds whole numbers as dates. Say what they are: log.date_format: "
        f"'%Y%m%d', or one of {', '.join(UNIX)}; {_HINT}."
    )


_TIME = (
    r"(?P<gap>[ T] ?)(?P<hour>9{1,2}):99(?P<second>:99)?(?P<fraction>\.9+)?(?P<half> ?[AaPp][Mm])?"
)
_NUMERIC = re.compile(
    rf"(?P<a>9{{1,2}})(?P<mark>[/.-])(?P<b>9{{1,2}})(?P=mark)(?P<year>9999|99)({_TIME})?"
)
_YEAR_FIRST = re.compile(rf"9999(?P<mark>[/.-])9{{1,2}}(?P=mark)9{{1,2}}({_TIME})?")
_MONTH = r"(?P<month>[A-Za-z]{3,9})"
_DAY_MONTH = re.compile(rf"9{{1,2}}(?P<m1>[ -]){_MONTH}(?P<m2>,? |-)(?P<year>9999|99)({_TIME})?")
_MONTH_DAY = re.compile(rf"{_MONTH} 9{{1,2}}(?P<comma>,?) 9999({_TIME})?")


def fitting_formats(
    rows: ir.Table, column: str, found: list[Shape], filled: int, name: str
) -> list[str]:
    """The strptime formats that read the shapes; refuses what can be read in two ways."""
    formats: dict[str, None] = {}
    orders: dict[str, bool] = {}
    whole = sum(shape.rows for shape in found if re.fullmatch(r"-?9+(\.9+)?", shape.text))
    if 2 * whole > filled:
        raise UserError(numbers_as_dates(name))
    for shape in found:
        if match := _NUMERIC.fullmatch(shape.text):
            mark = match["mark"]
            if match["year"] == "99":
                _two_digit_year(shape, name)
            if mark not in orders:
                orders[mark] = _day_first(rows, column, mark, name)
            day = f"%d{mark}%m" if orders[mark] else f"%m{mark}%d"
            formats[f"{day}{mark}%Y{_time(match)}"] = None
        elif match := _YEAR_FIRST.fullmatch(shape.text):
            mark = match["mark"]
            formats[f"%Y{mark}%m{mark}%d{_time(match)}"] = None
        elif match := _DAY_MONTH.fullmatch(shape.text):
            if match["year"] == "99":
                _two_digit_year(shape, name)
            month = "%b" if len(match["month"]) == 3 else "%B"
            formats[f"%d{match['m1']}{month}{match['m2']}%Y{_time(match)}"] = None
        elif match := _MONTH_DAY.fullmatch(shape.text):
            month = "%b" if len(match["month"]) == 3 else "%B"
            formats[f"{month} %d{match['comma']} %Y{_time(match)}"] = None
    return list(formats)


def _two_digit_year(shape: Shape, name: str) -> None:
    raise UserError(
        f"Column {name!r}: {shape.rows:,} rows have years of two digits (written like "
        f"{shape.text!r}), which cannot be placed in a century. Write them with four."
    )


def _time(match: "re.Match[str]") -> str:
    if match["hour"] is None:
        return ""
    hour = "%I" if match["half"] else "%H"
    half = (" %p" if match["half"].startswith(" ") else "%p") if match["half"] else ""
    fraction = ".%f" if match["fraction"] else ""
    return f"{match['gap']}{hour}:%M{':%S' if match['second'] else ''}{fraction}{half}"


def _day_first(rows: ir.Table, column: str, mark: str, name: str) -> bool:
    """Whether the day stands before the month, from values above 12; refused without any."""
    escaped = re.escape(mark)
    pattern = rf"^\s*(\d{{1,2}}){escaped}(\d{{1,2}}){escaped}\d{{4}}"
    values = rows[column]
    number = {i: values.re_extract(pattern, i).try_cast("int64") for i in (1, 2)}
    seen = (
        rows.aggregate(
            n=number[1].count(),
            first=((number[1] > 12) & (number[2] <= 12)).sum(),
            second=((number[2] > 12) & (number[1] <= 12)).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    first, second = seen["first"] or 0, seen["second"] or 0
    if not first and not second:
        raise UserError(
            f"Column {name!r}: {seen['n']:,} dates written like '99{mark}99{mark}9999' could be "
            f"day-month or month-day, no number is above 12. Say which: log.date_format: "
            f"'%d{mark}%m{mark}%Y' or '%m{mark}%d{mark}%Y' (with %H:%M if times follow); {_HINT}."
        )
    if first and second:
        raise UserError(
            f"Column {name!r}: of the dates written like '99{mark}99{mark}9999', {first:,} can "
            f"only be day-month and {second:,} only month-day. Declare log.date_format, and the "
            f"others are set aside, or mend the file; {_HINT}."
        )
    return bool(first)
