"""The cells of a log that mean something, as they are written: which column, which rows."""

from collections.abc import Iterable
from difflib import get_close_matches

import ibis
import ibis.expr.types as ir

from features.errors import UserError
from features.log.identity import filled, read_text, same_person, typed_ids
from features.log.order_lines import with_blanks_filled
from features.log.spec import LogSpec
from features.log.strays import stray
from features.readers.reading import Raw


def require_columns(raw: Raw, spec: LogSpec) -> None:
    """Refuse a mapping to columns that are not there, all at once.

    Raises
    ------
    UserError
        Naming each missing column, the nearest there is, and all that exist.
    """
    mapped = spec.columns.model_dump(exclude={"attributes"}, exclude_none=True)
    wanted = [(f"log.columns.{key}", name) for key, name in mapped.items()]
    wanted += [("log.columns.attributes", name) for name in spec.columns.attributes]
    wanted += [("log.sales.column", spec.sales.column)] if spec.sales else []
    wanted += [("log.refunds.column", spec.refunds.column)] if spec.refunds else []
    wanted += [("log.version_column", spec.version_column)] if spec.version_column else []
    wanted += [("log.where", condition.column) for condition in spec.where]
    missing = [(key, name) for key, name in wanted if name not in raw.columns]
    if not missing:
        return
    lower = {name.lower(): name for name in raw.columns}
    lines = []
    for key, name in missing:
        close = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
        hint = f" Did you mean {lower[close[0]]!r}?" if close else ""
        lines.append(f"{spec.source}: has no column {name!r} ({key}).{hint}")
    names = ", ".join(list(raw.columns)[:40])
    more = f" and {len(raw.columns) - 40} more" if len(raw.columns) > 40 else ""
    raise UserError("\n".join([*lines, f"There are: {names}{more}."]))


def as_typed(raw: Raw, spec: LogSpec) -> LogSpec:
    """The spec, with the point that numbers of a database have though they were copied as texts."""
    columns = spec.columns
    read_on = (columns.amount or columns.unit_price, columns.quantity, columns.refunded)
    numbers = {name for name in read_on if name}
    declared = (spec.decimal, spec.thousands, spec.currency, spec.minus)
    if not numbers or not numbers <= raw.numbers or any(declared):
        return spec
    return spec.model_copy(update={"decimal": "."})


def meaningful(raw: Raw, spec: LogSpec) -> ir.Table:
    """The columns that mean something, still as they are written, blanks as null.

    Rows without a customer, and those that are no orders or no sales, lose their values here:
    whatever stands in them, they are set aside, and they shall not decide how the others are read.
    """
    columns = spec.columns
    table = with_blanks_filled(raw, spec)
    _refuse_other_kinds(table, raw, spec)
    selected = {
        "customer_id": _person(table, raw, spec, columns.customer_id),
        "order_id": _text(table, raw, columns.order_id),
        "stray": stray(table, raw, spec),
        **{name: _text(table, raw, name) for name in columns.attributes},
        **_declared(table, raw, spec),
    }
    if columns.refund_customer:
        selected["payee"] = _person(table, raw, spec, columns.refund_customer)
    if spec.refunds:
        selected["refund"] = spec.refunds.holds(_text(table, raw, spec.refunds.column))
    read_on = {
        "version": spec.version_column,
        "moment": columns.transacted_at,
        "money": columns.amount or columns.unit_price,
        "pieces": columns.quantity,
        "back": columns.refunded,
    }
    cells = {key: filled(table[raw.columns[name]]) for key, name in read_on.items() if name}
    rows = at_hand(table.select("row", "file", "digest", **selected, **cells))
    return rows.mutate(**_that_count(rows, spec, cells))


def _refuse_other_kinds(table: ir.Table, raw: Raw, spec: LogSpec) -> None:
    """Stop where cells are of another kind than what they are compared with: none would compare.

    Raises
    ------
    UserError
        Naming the column and how many cells are of another kind.
    """
    for condition in (one for one in spec.where if one.kind):
        name, kind = condition.column, condition.kind
        cells = _text(table, raw, name)
        alike = cells.try_cast("timestamp" if kind == "day" else "float64").notnull()
        seen = table.aggregate(n=cells.count(), alike=alike.sum()).to_pyarrow().to_pylist()[0]
        n, fit = seen["n"], seen["alike"] or 0
        if kind == "word" and n == fit > 0:
            raise UserError(
                f"log.where compares {name!r} with words, but its {n:,} filled cells are all "
                "numbers. Name the numbers."
            )
        few = fit < 0.95 * n if condition.ordered else not fit
        if kind != "word" and n and few:
            how = "year first (2024-01-31)" if kind == "day" else "as plain digits and a point"
            raise UserError(
                f"log.where compares {name!r} with a {kind}, but {n - fit:,} of its {n:,} filled "
                f"cells are none that is written {how}. They would be left out in silence."
            )


def at_hand(rows: ir.Table) -> ir.Table:
    """The same rows as a view: what they hold is computed once, however often it is asked for."""
    view: ir.Table = rows.get_backend().create_view(rows.get_backend().fresh("cells"), rows)
    return view


def _that_count(rows: ir.Table, spec: LogSpec, cells: Iterable[str]) -> dict[str, ir.Value]:
    """Each cell that is read on, null where its row does not count."""
    named = rows.customer_id.notnull()
    if spec.columns.refund_customer:
        named |= rows.payee.notnull()
    named &= rows.stray.isnull()
    declared = [*(["sale"] if spec.sales else []), *_wheres(spec)]
    counts = ibis.and_(named, *(rows[name] for name in declared))
    # Which version is the later one is known by the days of all.
    dated = named if spec.versions in ("last", "last_row") else counts
    stands = {"moment": dated, "money": counts, "pieces": counts, "back": counts}
    return {
        key: stands[key].ifelse(rows[key], ibis.null(rows[key].type()))
        for key in cells
        if key in stands
    }


def _wheres(spec: LogSpec) -> list[str]:
    return [f"where_{i}" for i in range(len(spec.where))]


def _declared(table: ir.Table, raw: Raw, spec: LogSpec) -> dict[str, ir.BooleanValue]:
    """Whether a row is a sale, and meets each condition, as far as either is declared."""
    kept = {}
    if spec.sales:
        kept["sale"] = spec.sales.holds(_text(table, raw, spec.sales.column))
    for name, condition in zip(_wheres(spec), spec.where, strict=True):
        kept[name] = condition.holds(_text(table, raw, condition.column))
    return kept


def _person(table: ir.Table, raw: Raw, spec: LogSpec, name: str) -> ir.StringValue:
    """The id of a customer in the column `name`, as the config says that ids are compared."""
    ids = typed_ids(table, raw.columns[name], name, raw.rounded.get(name, 0))
    return same_person(ids, spec.customer_case, spec.customer_form)


def _text(table: ir.Table, raw: Raw, name: str | None) -> ir.StringValue:
    return ibis.null("string") if name is None else read_text(table, raw.columns[name], name)
