"""Random order logs in random dialects, and what plain pandas says of them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pandas as pd
from hypothesis import strategies as st

DAYS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M",
    "%d-%b-%Y", "%b %d, %Y, %I:%M:%S %p", "%Y%m%d", "%d/%m/%y", "%Y/%m/%d",
)  # fmt: skip
MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (",", "\u00a0"), (".", "'"))
NAMED = {" ": "space", "\u00a0": "space", "'": "apostrophe"}
IDS = ("7", "07", "007", "A-1", "anna", "müller", "Ёжик", 'q"uote', "a;b,c|d", "NA", "1e5", " x")
BAD_DAYS = ("", "soon", "32/13/2020")
BAD_AMOUNTS = ("", "abc", "--1")


@dataclass(frozen=True)
class Dialect:
    """How a file writes its rows, and the options that declare it."""

    delimiter: str
    encoding: str
    line_end: str
    day: str
    decimal: str
    thousands: str
    currency: str
    minus: str
    places: int
    title: int
    total: bool
    declared: bool

    def options(self) -> list[str]:
        """What `churn check` is told of it."""
        if not self.declared:
            return []
        keys = {"encoding": self.encoding, "decimal": self.decimal, "skip_rows": self.title}
        keys |= {"delimiter": {"\t": "tab"}.get(self.delimiter, self.delimiter)}
        keys |= {"thousands": NAMED.get(self.thousands, self.thousands)} if self.thousands else {}
        keys |= {"currency": self.currency} if self.currency else {}
        keys |= {"minus": self.minus} if self.minus else {}
        keys |= {} if self.day.startswith("%Y-") else {"date_format": self.day}
        return [word for key, value in keys.items() for word in ("--set", f"log.{key}={value}")]

    def amount(self, value: Decimal) -> str:
        """An amount as this dialect has it."""
        plain = f"{abs(value):,.{self.places}f}"
        text = plain.translate(str.maketrans({",": self.thousands, ".": self.decimal}))
        if value < 0 and self.minus == "brackets":
            text = f"({text})"
        elif value < 0:
            text = f"{text}-" if self.minus == "trailing" else f"-{text}"
        return f"{text} {self.currency}" if self.currency else text


@dataclass(frozen=True)
class Log:
    """Rows, each with what is true of it, and the file that says so."""

    dialect: Dialect
    rows: list[tuple[str, datetime | None, Decimal | None]]
    written: list[tuple[str, str, str]] = field(default_factory=list)

    def content(self) -> bytes:
        """The file."""
        mark = self.dialect.delimiter
        lines = [f"Export {i}" for i in range(self.dialect.title)]
        lines += [mark.join(cell(text, mark) for text in row) for row in self.written]
        if self.dialect.total:
            lines.append(mark.join(["TOTAL", "", "1"]))
        text = "".join(line + self.dialect.line_end for line in lines)
        return text.encode(self.dialect.encoding)

    def truth(self) -> pd.DataFrame:
        """The rows that can be used."""
        frame = pd.DataFrame(self.rows, columns=["id", "day", "amount"])
        named = frame["id"].str.strip() != ""
        return frame[named & frame["day"].notna() & frame["amount"].notna()]


def cell(text: str, mark: str) -> str:
    """A text, quoted where RFC 4180 asks for it."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & {mark, '"', "\n"} or text != text.strip() else text


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    """Any dialect; what an encoding cannot hold is left to `logs`."""
    decimal, thousands = draw(st.sampled_from(MARKS))
    return Dialect(
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1252"])),
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
        day=draw(st.sampled_from(DAYS)),
        decimal=decimal,
        thousands=thousands,
        currency=draw(st.sampled_from(["", "", "EUR", "$", "kr"])),
        minus=draw(st.sampled_from(["", "", "brackets", "trailing"])),
        places=draw(st.sampled_from([2, 2, 0])),
        title=draw(st.sampled_from([0, 0, 2])),
        total=draw(st.booleans()),
        declared=draw(st.booleans()),
    )


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """A log of up to 40 rows; a few of them lack something, or hold what nobody can read."""
    dialect = draw(dialects())
    narrow = dialect.encoding.startswith("cp")
    ids = [
        i
        for i in IDS
        if not narrow or i.encode(dialect.encoding, "ignore").decode(dialect.encoding) == i
    ]
    cents = st.integers(-50_000, 500_000).map(lambda n: Decimal(n).scaleb(-dialect.places))
    moments = st.datetimes(datetime(2019, 1, 1), datetime(2023, 12, 31))
    rows: list[tuple[str, datetime | None, Decimal | None]] = []
    written = [("id", "day", "amount")]
    for _ in range(draw(st.integers(1, 40))):
        name = draw(st.sampled_from([*ids, "", "  "]))
        day, amount = draw(moments), draw(cents)
        shown = [name, day.strftime(dialect.day), dialect.amount(amount)]
        fault = draw(st.sampled_from([""] * 12 + ["day", "amount"]))
        if fault == "day":
            shown[1] = draw(st.sampled_from(BAD_DAYS))
        if fault == "amount":
            shown[2] = draw(st.sampled_from(BAD_AMOUNTS))
        rows.append((name, None if fault == "day" else day, None if fault == "amount" else amount))
        written.append((shown[0], shown[1], shown[2]))
    return Log(dialect, rows, written)
