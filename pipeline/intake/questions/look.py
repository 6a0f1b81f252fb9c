"""A first look at a log, for those who ask: cells, money, and columns of few values."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.errors import UserError
from features.log.identity import filled
from features.log.money import read_numbers
from features.log.notations import Notation
from features.log.order_lines import with_blanks_filled
from features.log.spec import LogSpec
from features.log.words import means, split
from features.readers.reading import Raw
from pipeline.intake.mapping import Profile

ROWS = 200_000
"""Rows that evidence is sought in; counts that are told are of all rows."""

FEW = 40
"""A column of more different values than this is none of outcomes."""


@dataclass(frozen=True)
class Look:
    """A raw log and how it is read so far; `rows` are its first `ROWS`.

    `sample` holds those rows as they stand in the file, `profiles` how all columns look, where
    somebody has looked already; `counted` is what is known of columns
    of few values, `orders` which column likely numbers the orders and `repeated` which columns
    hold a value twice, shared by all that look.
    """

    raw: Raw
    spec: LogSpec
    sample: ir.Table
    profiles: Sequence[Profile] | None = None
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    orders: dict[str, str | None] = field(default_factory=dict)
    repeated: dict[tuple[Any, str], bool] = field(default_factory=dict)

    @cached_property
    def rows(self) -> ir.Table:
        """The first rows; what the config leaves out of them is left out."""
        looked_at = replace(self.raw, table=self.sample)
        table = with_blanks_filled(looked_at, self.spec)
        if table is not self.sample:  # windows over the lines of each order: once for all questions
            table = table.cache()
        kept = [c.holds(self.text(table, c.column)) for c in self.spec.where]
        if sales := self.spec.sales:
            kept.append(sales.holds(self.text(table, sales.column)))
        return table.filter(*kept) if kept else table

    @cached_property
    def free(self) -> list[str]:
        """Columns that have no meaning yet and were not called unused."""
        columns = self.spec.columns.model_dump(exclude={"attributes"}, exclude_none=True)
        taken = {*columns.values(), *self.spec.unused, *(c.column for c in self.spec.where)}
        taken |= {rule.column for rule in (self.spec.sales, self.spec.refunds) if rule}
        return [name for name in self.raw.columns if name not in taken]

    @cached_property
    def few(self) -> dict[str, dict[str, int]]:
        """Free columns of few values: value -> rows, of all rows; '' is a blank."""
        candidates = [name for name in self.free if not self.kind(name).is_nested()]
        new = [name for name in candidates if name not in self.counted]
        if new:
            measures = {f"n{i}": self.sample[self.place(n)].nunique() for i, n in enumerate(new)}
            distinct = first(self.sample.aggregate(**measures))
            few = [1 <= (distinct[f"n{i}"] or 0) <= FEW for i in range(len(new))]
            known = {
                name: self._values(name) if is_few else {}
                for name, is_few in zip(new, few, strict=True)
            }
            self.counted.update(known)
        return {n: self.counted[n] for n in candidates if 0 < len(self.counted[n]) <= FEW}

    def _values(self, name: str) -> dict[str, int]:
        cells = ibis.coalesce(self.text(self.raw.table, name), "")
        values = self.raw.table.select(value=cells)
        found = values.group_by("value").aggregate(n=values.count())
        top = found.order_by(found.n.desc(), "value").limit(FEW + 1).to_pyarrow().to_pylist()
        counts: dict[str, int] = {}
        for row in top:
            key = row["value"].strip()
            counts[key] = counts.get(key, 0) + row["n"]
        return counts

    def place(self, name: str) -> str:
        """What the raw table calls a column of the log."""
        return self.raw.columns[name]

    def kind(self, name: str) -> dt.DataType:
        """The type of a column as the file has it."""
        return self.raw.table[self.place(name)].type()

    def text(self, table: ir.Table, name: str) -> Any:
        """The cells of a column as text, blanks as null."""
        value = filled(table[self.place(name)])
        kind = value.type()
        if isinstance(kind, dt.Floating):
            whole = (value % 1 == 0) & (value.abs() < 2**53)
            as_whole = value.try_cast("int64").cast("string")
            return whole.ifelse(as_whole, value.cast("string"))
        return value if isinstance(kind, dt.String) else value.cast("string")

    def repeats(self, table: ir.Table, name: str) -> bool:
        """Whether any value of a column stands on several rows: where none does, none are asked."""
        key = (table.op(), name)
        if key not in self.repeated:
            cell = self.text(table, name)
            seen = first(table.aggregate(n=cell.count(), distinct=cell.nunique()))
            self.repeated[key] = seen["n"] > seen["distinct"]
        return self.repeated[key]

    def number(self, name: str) -> Any:
        """The cells of a column as floats in `rows`; None where they cannot be read yet."""
        rows = self._with_number(self.rows, name, "number")
        return None if rows is None else rows.select("row", "number")

    def _with_number(self, table: ir.Table, name: str, called: str) -> ir.Table | None:
        """A table with the cells of a column as floats beside them."""
        spec = self.spec
        notation = Notation(spec.decimal, spec.thousands, spec.currency, spec.minus)
        table = table.mutate(**{called: filled(table[self.place(name)])})
        try:
            numeral = read_numbers(table, called, notation, name)
        except UserError:
            return None
        return table.mutate(**{called: numeral.try_cast("float64")})

    @cached_property
    def money(self) -> ir.Table | None:
        """`rows` with ``money``: the amount, or price x quantity; None: cannot be read yet."""
        columns = self.spec.columns
        if columns.amount:
            return self._with_number(self.rows, columns.amount, "money")
        if not columns.unit_price:
            return None
        table = self._with_number(self.rows, columns.unit_price, "money")
        if table is not None and columns.quantity:
            table = self._with_number(table, columns.quantity, "pieces")
        return table if table is None else table.mutate(money=table.money * table.pieces)

    @cached_property
    def gives_back(self) -> bool:
        """Whether any money is below 0."""
        if self.money is None:
            return False
        return bool(first(self.money.aggregate(n=(self.money.money < 0).sum()))["n"])

    def called(self, name: str, *roles: str) -> bool:
        """Whether a word of a column's name speaks of one of the roles of `words.yaml`."""
        return any(means(word, role) for word in split(name) for role in roles)


def first(table: ir.Table) -> dict[str, Any]:
    """The only row of a table of aggregates."""
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
