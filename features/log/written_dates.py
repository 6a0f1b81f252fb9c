"""How dates are written: the forms of a column, and the one way to read them, if there is one.

A refusal proposes formats as lines to paste; each was tried on the rows before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import QuestionError, UserError
from features.log.date_formats import NUMBERS, SEPARATOR, SERIAL, read_formats

_MOST_SHAPES = 2_000
_BELIEVED_SINCE = datetime(1990, 1, 1)
_WHOLE = re.compile(r"-?9+([.,]9+)?")
_TIME = (
    r"(?P<gap>,? |T)(?P<hour>9{1,2}):99(?P<second>:99)?(?P<fraction>\.9{1,9})?"
    r"(?P<half> ?[AaPp][Mm])?"
)
_NUMERIC = re.compile(rf"9{{1,2}}(?P<mark>[/.-])9{{1,2}}(?P=mark)(?P<year>9999|99)({_TIME})?")
_YEAR_FIRST = re.compile(rf"9999(?P<mark>[/.-])9{{1,2}}(?P=mark)9{{1,2}}({_TIME})?")
_DAY_MONTH = re.compile(
    rf"9{{1,2}}(?P<m1>[ -])[A-Za-z]{{3}}(?P<m2>,? |-)(?P<year>9999|99)({_TIME})?"
)
_MONTH_DAY = re.compile(
    rf"[A-Za-z]{{3}}(?P<m1>[ -])9{{1,2}}(?P<m2>,? |-)(?P<year>9999|99)({_TIME})?"
)
_ORDERS = {"dmy": "%d{0}%m{0}{1}", "mdy": "%m{0}%d{0}{1}", "ymd": "{1}{0}%m{0}%d"}


@dataclass(frozen=True)
class Shape:
    """How some values are written, digits shown as 9, and how often."""

    text: str
    rows: int
    first: int


@dataclass(frozen=True)
class Proposal:
    """A declaration of `log.date_format`, and how many values it reads."""

    declaration: str
    rows: int

    @property
    def line(self) -> str:
        """The option to paste."""
        return f"--set {quote('log.date_format=' + self.declaration)}"


def shapes(rows: ir.Table, column: str) -> list[Shape]:
    """The ways the values are written, most frequent first; never the values, no nulls."""
    rows = rows.filter(rows[column].notnull())
    shaped = rows.select("row", shape=rows[column].translate("0123456789", "9999999999"))
    counted = shaped.group_by("shape").aggregate(n=shaped.count(), first=shaped.row.min())
    top = counted.order_by(counted.n.desc(), counted.first).limit(_MOST_SHAPES).to_pyarrow()
    return [Shape(s["shape"].strip(), s["n"], s["first"]) for s in top.to_pylist()]


def proposals(rows: ir.Table, column: str) -> list[Proposal]:
    """Declarations that make believable dates of the values, best first, all of them tried.

    Believable are days since 1990 that have come, or will within a year.
    """
    text = isinstance(rows[column].type(), dt.String)
    found = shapes(rows, column) if text else []
    whole = not text or any(_WHOLE.fullmatch(shape.text) for shape in found)
    candidates = [*NUMBERS, "%d%m%Y", "%m%d%Y"] if whole else []
    for order in _ORDERS:
        formats = _forms(found, dict.fromkeys("/.-", order))
        # Beside dates a number is a cell that a spreadsheet did not show as one.
        candidates += [SEPARATOR.join([*formats, *([SERIAL] if whole else [])])] if formats else []
    tried = _tried(rows, column, list(dict.fromkeys(candidates)))
    most = max((proposal.rows for proposal in tried), default=0)
    return [proposal for proposal in tried if proposal.rows == most > 0]


def fitting_formats(
    rows: ir.Table, column: str, others: ir.Table, filled: int, name: str
) -> list[str]:
    """The strptime formats that read `others`; refuses what can be read in two ways.

    `rows` are all rows of the column, `others` those that are not written as ISO 8601 has it.
    """
    found = shapes(others, column)
    whole = sum(shape.rows for shape in found if _WHOLE.fullmatch(shape.text))
    if 2 * whole > filled:
        raise date_numbers(rows, column, name)
    _refuse_two_digit_years(rows, column, found, name)
    marks = {match["mark"] for s in found if (match := _NUMERIC.fullmatch(s.text))}
    orders = {mark: _order(rows, others, column, mark, name) for mark in sorted(marks)}
    return _forms(found, orders)


def date_numbers(rows: ir.Table, column: str, name: str) -> UserError:
    """The refusal of whole numbers that might be days, seconds or anything."""
    found = proposals(rows, column)
    if not found:
        return UserError(
            f"Column {name!r} holds whole numbers as dates, and no log.date_format makes days "
            f"since 1990 of them ({', '.join(NUMBERS)} were tried). Is this the column of dates? "
            "A day and a month alone (0501) need their year: write it into the file first."
        )
    what = f"Column {name!r} holds whole numbers as dates. Say what they are:{_lines(found)}"
    return QuestionError(what, "date_format")


def refuse_another_unit(rows: ir.Table, column: str, declared: Sequence[str], name: str) -> None:
    """Stop at a unit that puts every day before 1990 where another makes sense of them all.

    Raises
    ------
    QuestionError
        With the unit that fits, for milliseconds that were declared seconds and the like.
    """
    if not set(declared) <= set(NUMBERS):
        return
    if _tried(rows, column, [SEPARATOR.join(declared)])[0].rows:
        return
    if found := proposals(rows, column):
        raise QuestionError(
            f"Column {name!r}: log.date_format {SEPARATOR.join(declared)!r} makes no day since "
            f"1990 of any value. This one does:{_lines(found)}",
            "date_format",
        )


def refuse_swapped(rows: ir.Table, iso: ir.BooleanValue, declared: bool | None, name: str) -> bool:
    """Whether days and months of the dates in ISO 8601 are to be exchanged.

    A spreadsheet that reads 05/01/2024 as the 1st of May makes it a date, and leaves
    13/01/2024 a text.

    Raises
    ------
    QuestionError
        If no day of the former is above 12 and one number of all others is, undeclared.
    """
    if declared is not None:
        return declared
    values = rows.local
    pattern = r"^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}"
    number = {i: values.re_extract(pattern, i).try_cast("int64") for i in (1, 2)}
    day = values.substr(8, 2).try_cast("int64")
    above = (number[1] > 12) | (number[2] > 12)
    seen = (
        rows.aggregate(
            iso=iso.sum(),
            iso_above=(iso & (day > 12)).sum(),
            others=(~iso & number[1].notnull()).sum(),
            above=(~iso & above).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    if seen["iso_above"] or not seen["others"] or seen["others"] > (seen["above"] or 0):
        return False
    raise QuestionError(
        f"Column {name!r}: {seen['iso']:,} dates are written year first and none of their days is "
        f"above 12; {seen['others']:,} are written otherwise and a number of each is. So it looks "
        "where a spreadsheet took the day for the month of those it could read. Say whether:\n"
        "  --set log.swapped_dates=true    (their days and months are exchanged)\n"
        "  --set log.swapped_dates=false   (they are right as they stand)",
        "swapped_dates",
    )


def _forms(found: Sequence[Shape], orders: Mapping[str, str]) -> list[str]:
    """The strptime formats of shapes; `orders` says of each mark which number is what."""
    formats: dict[str, None] = {}
    for shape in found:
        if match := _NUMERIC.fullmatch(shape.text):
            year = "%Y" if match["year"] == "9999" else "%y"
            order = orders[match["mark"]]
            order = "dmy" if order == "ymd" and year == "%Y" else order
            day = _ORDERS[order].format(match["mark"], year)
        elif match := _YEAR_FIRST.fullmatch(shape.text):
            day = _ORDERS["ymd"].format(match["mark"], "%Y")
        elif match := _DAY_MONTH.fullmatch(shape.text):
            year = "%Y" if match["year"] == "9999" else "%y"
            day = f"%d{match['m1']}%b{match['m2']}{year}"
        elif match := _MONTH_DAY.fullmatch(shape.text):
            year = "%Y" if match["year"] == "9999" else "%y"
            day = f"%b{match['m1']}%d{match['m2']}{year}"
        else:
            continue
        formats[day + _time(match)] = None
    return list(formats)


def _time(match: "re.Match[str]") -> str:
    if match["hour"] is None:
        return ""
    hour = "%I" if match["half"] else "%H"
    half = (" %p" if match["half"].startswith(" ") else "%p") if match["half"] else ""
    # %f takes six digits at most, %n nine.
    fraction = (".%n" if len(match["fraction"]) > 7 else ".%f") if match["fraction"] else ""
    return f"{match['gap']}{hour}:%M{':%S' if match['second'] else ''}{fraction}{half}"


def _tried(rows: ir.Table, column: str, declarations: Sequence[str]) -> list[Proposal]:
    """Each declaration with the number of believable dates that it makes."""
    if not declarations:
        return []
    believed_until = datetime.now() + timedelta(days=366)
    counts = {}
    for i, declaration in enumerate(declarations):
        moment = read_formats(rows[column], declaration.split(SEPARATOR))
        counts[f"n{i}"] = moment.between(_BELIEVED_SINCE, believed_until).sum()
    seen = rows.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return [Proposal(form, seen[f"n{i}"] or 0) for i, form in enumerate(declarations)]


def _lines(found: Sequence[Proposal]) -> str:
    return "".join(f"\n  {proposal.line}" for proposal in found)


def _refuse_two_digit_years(rows: ir.Table, column: str, found: Sequence[Shape], name: str) -> None:
    forms = (_NUMERIC, _DAY_MONTH, _MONTH_DAY)
    short = [
        shape
        for shape in found
        if any((match := form.fullmatch(shape.text)) and match["year"] == "99" for form in forms)
    ]
    if not short:
        return
    lines = _lines(proposals(rows, column)) or " No format reads them: write them with four."
    raise QuestionError(
        f"Column {name!r}: {sum(shape.rows for shape in short):,} rows have years of two digits "
        f"(most are written like {short[0].text!r}). 69 to 99 will be read as 1969 to 1999, 00 to "
        f"68 as 2000 to 2068. Declare how they are written:{lines}",
        "date_format",
    )


def _order(rows: ir.Table, others: ir.Table, column: str, mark: str, name: str) -> str:
    """Whether the day stands before the month, from values above 12; refused without any."""
    escaped = re.escape(mark)
    pattern = rf"^(\d{{1,2}}){escaped}(\d{{1,2}}){escaped}\d{{4}}"
    values = others[column]
    number = {i: values.re_extract(pattern, i).try_cast("int64") for i in (1, 2)}
    seen = (
        others.aggregate(
            n=number[1].count(),
            first=((number[1] > 12) & (number[2] <= 12)).sum(),
            second=((number[2] > 12) & (number[1] <= 12)).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    first, second = seen["first"] or 0, seen["second"] or 0
    shape = f"99{mark}99{mark}9999"
    if mark == "." and not second:
        return "dmy"  # No country writes the month first before a point.
    if not first and not second:
        raise QuestionError(
            f"Column {name!r}: {seen['n']:,} dates written like {shape!r} could be day-month or "
            f"month-day, no number is above 12. Say which:{_lines(proposals(rows, column))}",
            "date_format",
        )
    if first and second:
        found = proposals(rows, column)
        most = f" The first reads most ({found[0].rows:,} rows):" if len(found) == 1 else ""
        raise QuestionError(
            f"Column {name!r}: of the dates written like {shape!r}, {first:,} can only be "
            f"day-month and {second:,} only month-day. Mend the file, or declare one order and "
            f"the others are set aside.{most}{_lines(found)}",
            "date_format",
        )
    return "dmy" if first else "mdy"
