"""Why a row is set aside, how many were, and when they are too many to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from features.errors import QuestionError, UserError
from features.log.no_days import way_out
from features.log.spec import LogSpec
from features.log.written_dates import shapes
from features.readers.reading import Raw

Kind = Literal["anonymous", "fault", "declared", "no_order"]


@dataclass(frozen=True)
class Reason:
    """One reason: in words, and whether it counts as a fault of the log.

    ``anonymous`` rows are sound sales that belong to no customer; they have a limit
    of their own. ``declared`` rows are left out because the config says so, ``no_order``
    rows because they never were orders; neither has a limit.
    """

    words: str
    kind: Kind = "fault"
    column: str | None = None


REASONS = {
    "header_again": Reason("the header once more", "no_order"),
    "footer": Reason("a line of totals", "no_order"),
    "superseded": Reason("an earlier version of an order (log.versions)", "declared"),
    "not_a_sale": Reason("no sale (log.sales)", "declared"),
    "not_where": Reason("does not meet log.where", "declared"),
    "customer_blank": Reason("no customer_id (guest sales)", "anonymous"),
    "customer_shared": Reason("an id that many share (log.anonymous_ids)", "anonymous"),
    "date_blank": Reason("no date"),
    "date_unreadable": Reason("the date cannot be read", column="transacted_at"),
    "date_out_of_range": Reason("dated before 1970-01-02"),
    "date_in_future": Reason("dated in the future"),
    "date_apart": Reason("dated long before or after all other rows"),
    "after_until": Reason("at or after log.until", "declared"),
    "amount_blank": Reason("no amount"),
    "amount_unreadable": Reason("the amount cannot be read", column="amount"),
    "amount_out_of_range": Reason("the amount is NaN, infinite or above 10^14"),
    "quantity_unreadable": Reason("the quantity cannot be read", column="quantity"),
    "refunded_unreadable": Reason("the money given back cannot be read", column="refunded"),
    "sign_conflict": Reason("the quantity is negative, the amount is not"),
    "return_ignored": Reason("a return (log.returns: ignore)", "declared"),
    "duplicate": Reason("equal to an earlier row (log.duplicates: drop)", "declared"),
}
"""A row that has several is counted under the first in this order."""


@dataclass(frozen=True)
class Counts:
    """Where the rows of a log went; `rows` = `used` + the sum of `set_aside`.

    `duplicates`, `zero_amounts`, `negative_amounts` and `zero_quantities` are
    counted among the rows that are used; `refunded` is the money that a column of its own
    says was given back of them.
    """

    rows: int
    used: int
    set_aside: dict[str, int]
    first: dict[str, int]
    duplicates: int
    zero_amounts: int
    negative_amounts: int
    zero_quantities: int
    refunded: Decimal = Decimal(0)

    @classmethod
    def from_days(cls, days: Sequence[Mapping[str, Any]], distinct: int) -> "Counts":
        """Add up the rows of `by_day`; `distinct` is how many of the used rows differ."""

        def total(name: str, reason: str | None = None) -> int:
            return sum(day[name] or 0 for day in days if day["reason"] == reason)

        found = {day["reason"] for day in days}
        aside = [reason for reason in REASONS if reason in found]
        used = total("n")
        return cls(
            rows=sum(day["n"] for day in days),
            used=used,
            set_aside={reason: total("n", reason) for reason in aside},
            first={
                reason: min(day["first"] for day in days if day["reason"] == reason)
                for reason in aside
            },
            duplicates=used - distinct,
            zero_amounts=total("zero"),
            negative_amounts=total("negative"),
            zero_quantities=total("nothing"),
        )

    def of_kind(self, kind: Kind) -> int:
        """Rows set aside for reasons of one kind."""
        return sum(n for reason, n in self.set_aside.items() if REASONS[reason].kind == kind)

    @property
    def anonymous(self) -> int:
        """Rows without a customer."""
        return self.of_kind("anonymous")

    @property
    def faults(self) -> int:
        """Rows that cannot be used."""
        return self.of_kind("fault")

    def lines(self) -> list[str]:
        r"""The account in words, a line a reason.

        Examples
        --------
        >>> counts = Counts(10, 8, {"customer_blank": 2}, {"customer_blank": 4}, 0, 0, 0, 0)
        >>> print(*counts.lines(), sep="\n")
        10 rows = 8 used + 2 set aside
          2 (20.0 %) no customer_id (guest sales)
        """
        aside = self.rows - self.used
        head = f"{self.rows:,} rows = {self.used:,} used + {aside:,} set aside"
        lines = [
            f"  {n:,} ({n / self.rows:.1%}) {REASONS[reason].words}".replace("%)", " %)")
            for reason, n in self.set_aside.items()
        ]
        if self.duplicates:
            lines.append(f"{self.duplicates:,} of the used equal an earlier row in every column")
        return [head, *lines]


def by_day(checked: ir.Table, **also: ir.IntegerScalar) -> list[dict[str, Any]]:
    """What one pass over the rows tells of each reason and day: a table as long as the calendar."""
    at = checked.transacted_at
    # Of rows set aside a day may be "infinity", or of the year 20244: Python has none of these.
    day = at.between(datetime.min, datetime.max).ifelse(at, ibis.null("timestamp")).date()
    found = checked.group_by("reason", day=day).aggregate(
        n=checked.count(),
        first=checked.row.min(),
        zero=(checked.amount == 0).sum(),
        negative=(checked.amount < 0).sum(),
        nothing=(checked.quantity == 0).sum(),
        **also,
    )
    rows: list[dict[str, Any]] = found.to_pyarrow().to_pylist()
    return rows


def refuse_too_many(counts: Counts, raw: Raw, spec: LogSpec) -> None:
    """Stop when so many rows are unusable that the mapping, not the rows, must be wrong.

    Raises
    ------
    UserError
        With every reason, its count and its first place.
    """
    named = counts.rows - counts.anonymous
    anonymous = counts.anonymous / counts.rows
    if anonymous > spec.max_anonymous:
        raise QuestionError(
            f"{counts.anonymous:,} of {counts.rows:,} rows ({_percent(anonymous)}) have no "
            f"customer in {spec.columns.customer_id!r}, more than log.max_anonymous = "
            f"{_percent(spec.max_anonymous)}. Is this the right column? If so many sales are "
            "anonymous, raise log.max_anonymous: they are left out and nothing else changes.",
            "max_anonymous",
        )
    _refuse_lost_signs(counts, raw, spec)
    share = counts.faults / named if named else 0.0
    if counts.used and share <= spec.max_set_aside:
        return
    reasons = [_in_words(reason, counts, raw, spec) for reason in counts.set_aside]
    if not counts.used:
        raise UserError("\n".join([f"None of {counts.rows:,} rows can be used:", *reasons]))
    limit = _percent(spec.max_set_aside)
    raise UserError(
        "\n".join(
            [
                f"{counts.faults:,} of {named:,} rows with a customer ({_percent(share)}) cannot "
                f"be used, more than log.max_set_aside = {limit}:",
                *reasons,
                "Mend the log or its mapping; or, if these rows may be left out, raise "
                "log.max_set_aside. See data/README.md.",
            ]
        )
    )


def _refuse_lost_signs(counts: Counts, raw: Raw, spec: LogSpec) -> None:
    """Returns by their quantity, and no amount below 0: the amounts are not what they seem."""
    conflicts = counts.set_aside.get("sign_conflict", 0)
    if conflicts <= counts.rows / 1000 or counts.negative_amounts:
        return
    raise QuestionError(
        f"{conflicts:,} of {counts.rows:,} rows have a quantity below 0 and none has an amount "
        f"below 0 (first: {raw.place(counts.first['sign_conflict'])}). If the amount is the price "
        "of one piece, map it as log.columns.unit_price; if it has no sign, set log.returns: "
        "quantity. See data/README.md#returns.",
        "returns",
    )


def _in_words(reason: str, counts: Counts, raw: Raw, spec: LogSpec) -> str:
    known, row = REASONS[reason], counts.first[reason]
    text = f"  {counts.set_aside[reason]:,}: {known.words} (first: {raw.place(row)}"
    first = raw.table.filter(raw.table.row == row)
    if known.column and raw.text:
        column = raw.columns[getattr(spec.columns, known.column) or str(spec.columns.unit_price)]
        written = shapes(first, column)[0].text
        # Letters would be the value itself; digits are shown as 9 already.
        masked = "".join("a" if letter.isalpha() else letter for letter in written)[:30]
        text += f", written like {masked!r}"
    text += ")"
    if reason == "date_unreadable":
        text += f"; log.date_format is {spec.date_format or 'not declared'}"
    return text + way_out(reason, first, raw.columns[spec.columns.transacted_at], spec.date_format)


def refuse_double_export(checked: ir.Table, counts: Counts, spec: LogSpec) -> None:
    """Stop at a log that holds nearly every row twice, until the config says what that means.

    Equal rows alone prove nothing: lines of one order may well be equal. But among
    sound orders many stand alone.

    Raises
    ------
    UserError
        If fewer than one in twenty different rows stands alone, and ``duplicates`` is
        not declared.
    """
    if spec.duplicates is not None or counts.duplicates < 0.4 * counts.used:
        return
    used = checked.filter(checked.reason.isnull())
    times = used.group_by("digest").aggregate(n=used.count())
    alone = times.aggregate(share=(times.n == 1).mean()).to_pyarrow()["share"][0].as_py()
    if alone >= 0.05:
        return
    raise QuestionError(
        f"{counts.duplicates:,} of {counts.used:,} rows equal an earlier row in every column, and "
        "hardly a row stands alone, as when a log was exported twice. Say what they are: "
        "log.duplicates: drop (the same order again) or keep (orders of their own).",
        "duplicates",
    )


def believable_days(days: Sequence[tuple[date, int]]) -> tuple[date, date] | None:
    """First and last day of the log, without stragglers of a mistyped year.

    Rows are stragglers when a silence parts them from all others that is longer
    than 90 days and than three times any other silence, and when they are at most
    one in a thousand rows (one row in a log of a hundred or more). A single row dated a
    year ahead would otherwise move the cutoff, and every customer would look lost.

    Parameters
    ----------
    days
        Days with rows, ascending, and how many each has.

    Returns
    -------
    None if all are believed.

    Examples
    --------
    >>> from datetime import timedelta
    >>> log = [(date(2020, 1, 1) + timedelta(days=i), 50) for i in range(300)]
    >>> believable_days(log + [(date(2022, 1, 1), 1)])
    (datetime.date(2020, 1, 1), datetime.date(2020, 10, 26))
    >>> believable_days(log)
    """
    total = sum(n for _, n in days)
    few = max(total // 1000, total >= 100)
    gaps = [(after - before).days for (before, _), (after, _) in pairwise(days)]
    start, end = 0, len(days)
    while True:
        inner = sorted(gaps[start : end - 1], reverse=True)
        if len(inner) < 2 or inner[0] <= max(90, 3 * inner[1]):
            break
        cut = gaps.index(inner[0], start, end - 1) + 1
        if sum(n for _, n in days[cut:end]) <= few:
            end = cut
        elif sum(n for _, n in days[start:cut]) <= few:
            start = cut
        else:
            break
    return None if (start, end) == (0, len(days)) else (days[start][0], days[end - 1][0])


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
