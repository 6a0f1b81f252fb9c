"""Dates that are no days of this calendar, such as weeks and months, and what can be done."""

import re

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.log.written_dates import shapes


def way_out(reason: str, rows: ir.Table, column: str, declared: str | None = None) -> str:
    """What can be done about dates of no day, of another calendar or of days that have not come.

    Empty where nothing is known.

    Examples
    --------
    >>> from features.engines.duckdb import connect
    >>> rows = connect().sql("SELECT 1 AS row, '2024-W05' AS at")
    >>> way_out("date_unreadable", rows, "at")
    '. They are ISO weeks; read as their Mondays: --set log.date_format=%G-W%V'
    """
    text = isinstance(rows[column].type(), dt.String) and not declared
    if text and reason == "date_unreadable":
        written = shapes(rows, column)[0].text
        for form, (what, declaration) in _NO_DAY.items():
            if form.fullmatch(written):
                return f". They are {what}: --set log.date_format={declaration}"
    if text and reason in ("date_unreadable", "date_in_future"):
        buddhist = rows.filter(rows[column].re_search(r"\b2[45]\d\d\b"))
        if buddhist.count().to_pyarrow().as_py():
            return (
                ". Years such as 2567 are of the Buddhist calendar: take 543 off them in the file"
            )
    if reason == "date_in_future":
        return ". What is booked for later is left out by --until and the day of the export"
    return ""


_MONTHS, _WEEKS = "months; read as their first days", "ISO weeks; read as their Mondays"
_NO_DAY = {
    re.compile("9999-99"): (_MONTHS, "%Y-%m"),
    re.compile("9999/99"): (_MONTHS, "%Y/%m"),
    re.compile("99?/9999"): (_MONTHS, "%m/%Y"),
    re.compile("99?[.]9999"): (_MONTHS, "%m.%Y"),
    re.compile("9999-W99"): (_WEEKS, "%G-W%V"),
    re.compile("9999-W99-9"): ("days of ISO weeks", "%G-W%V-%u"),
}
