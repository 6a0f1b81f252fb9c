"""What three engines make of one expression, asked of each of them; see docs/engines.md.

The page has a row for each, with the answers: `test_engine_parity.py` holds it to them.
"""

import math
import warnings
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import ibis
import pyarrow as pa

Lend = Callable[[pa.Table], ibis.Table]
"""Lays rows on an engine."""


def lay(lend, columns):
    """A table of these columns on an engine."""
    return lend(pa.table({name: pa.array(values) for name, values in columns.items()}))


def spans(lend, unit, *pairs):
    """Distances between moments or days, in order of the pairs."""
    start, end = zip(*pairs, strict=True)
    rows = lay(lend, {"n": range(len(pairs)), "a": start, "b": end})
    return column(rows.select(rows.n, x=rows.b.delta(rows.a, unit=unit)).order_by("n"))


def column(rows):
    """Values of the column x as the engine hands them over by Arrow."""
    return rows.to_pyarrow()["x"].to_pylist()


def one(rows, x):
    """The value of an aggregate, or of an expression over one row."""
    return column(
        rows.aggregate(x=x) if isinstance(x, ibis.expr.types.Scalar) else rows.select(x=x)
    )


def day_spans(lend):
    night = datetime(2024, 1, 1, 23)
    return spans(lend, "day", (night, datetime(2024, 1, 3, 1)), (night, datetime(2024, 1, 3, 22)))


def week_spans(lend):
    return spans(lend, "week", (date(2024, 1, 1), date(2024, 1, 5)))


def month_spans(lend):
    return spans(lend, "month", (date(2024, 1, 31), date(2024, 2, 1)))


def ties(lend):
    rows = lay(lend, {"key": [1, 1], "value": ["first", "last"]})
    return one(rows, rows.value.argmax(rows.key))


def null_keys(lend):
    rows = lay(lend, {"key": pa.array([None], pa.int64()), "value": ["a"]})
    return one(rows, rows.value.argmax(rows.key))


def first_in_order(lend):
    rows = lay(lend, {"key": [2, 1], "value": ["a", "b"]})
    return one(rows, rows.value.first(order_by=rows.key))


def money(*values):
    return pa.array([Decimal(value) for value in values], pa.decimal128(18, 4))


def mean_of_decimals(lend):
    rows = lay(lend, {"m": money("1", "1", "2")})
    return one(rows, rows.m.mean())


def product_of_decimals(lend):
    rows = lay(lend, {"m": money("0.0001")})
    return one(rows, rows.m * rows.m)


def decimals_by_pandas(lend):
    rows = lay(lend, {"m": money("12345678901234.5678")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one engine warns of this pandas
        return [str(value) for value in rows.execute()["m"]]


def rounded(lend):
    rows = lay(lend, {"n": [0, 1], "f": [0.5, 2.5]})
    return column(rows.select(rows.n, x=rows.f.round()).order_by("n"))


def whole(lend):
    rows = lay(lend, {"n": [0, 1], "f": [2.5, 3.5]})
    return column(rows.select(rows.n, x=rows.f.cast("int64")).order_by("n"))


def tried(lend):
    rows = lay(lend, {"n": [0, 1], "s": ["1e3", "2.5"]})
    return column(rows.select(rows.n, x=rows.s.try_cast("int64")).order_by("n"))


def by_zero(lend):
    rows = lay(lend, {"one": [1.0], "none": [0.0]})
    return one(rows, rows.one / rows.none)


def logarithm_of_zero(lend):
    rows = lay(lend, {"none": [0.0]})
    return one(rows, rows.none.ln())


def root_below_zero(lend):
    rows = lay(lend, {"f": [-1.0]})
    return one(rows, rows.f.sqrt())


def not_a_number(lend):
    rows = lay(lend, {"s": ["nan"]})
    return one(rows, rows.s.cast("float64"))


def hexadecimal(lend):
    rows = lay(lend, {"s": ["a"]})
    return [value[:6] for value in one(rows, rows.s.hexdigest("md5"))]


def hashed(lend):
    rows = lay(lend, {"s": ["a"]})
    return one(rows, rows.s.hash())


def seconds_of_2040(lend):
    rows = lay(lend, {"t": [datetime(2040, 1, 1)]})
    return one(rows, rows.t.epoch_seconds())


def milliseconds(lend):
    rows = lay(lend, {"n": [1_700_000_000_000]})
    return [str(value)[:19] for value in one(rows, rows.n.as_timestamp("ms"))]


def correlation_with_a_constant(lend):
    rows = lay(lend, {"a": [1.0, 1.0], "b": [1.0, 2.0]})
    return one(rows, rows.a.corr(rows.b, how="pop"))


def edge(lend):
    rows = lay(lend, {"n": pa.array([2**31 - 1], pa.int32())})
    return one(rows, rows.n + ibis.literal(1, "int32"))


def large_sum(lend):
    rows = lay(lend, {"n": [2**62, 2**62]})
    return one(rows, rows.n.sum())


def last_two(lend):
    rows = lay(lend, {"s": ["abc"]})
    return one(rows, rows.s[-2:])


def median_of_decimals(lend):
    rows = lay(lend, {"m": money("1", "2")})
    return one(rows, rows.m.median())


def median_of_some(lend):
    rows = lay(lend, {"f": [1.0, 2.0, 9.0], "kept": [True, True, False]})
    return one(rows, rows.f.median(where=rows.kept))


def order_of_texts(lend):
    rows = lay(lend, {"x": ["b", "B", "a"]})
    return column(rows.order_by("x"))


def truth_as_a_number(lend):
    rows = lay(lend, {"t": [True]})
    return one(rows, rows.t.cast("int64"))


def integer_by_fraction(lend):
    rows = lay(lend, {"n": [3]})
    return [type(value).__name__ for value in one(rows, rows.n * ibis.literal(0.1))]


READINGS: dict[str, Callable[[Lend], list]] = {
    "`a.delta(b, 'day')` of moments, 26 and 47 hours apart": day_spans,
    "`a.delta(b, 'week')`, 4 days apart": week_spans,
    "`a.delta(b, 'month')`, 31 January to 1 February": month_spans,
    "`argmax` on ties": ties,
    "`argmax`, all keys null": null_keys,
    "`first(order_by=)`": first_in_order,
    "mean of decimals of 4 places: 1, 1, 2": mean_of_decimals,
    "product of decimals of 4 places: .0001 squared": product_of_decimals,
    "a decimal of 18 digits through `execute()`": decimals_by_pandas,
    "`round` of .5 and 2.5": rounded,
    "`cast('int64')` of 2.5 and 3.5": whole,
    "`try_cast('int64')` of '1e3' and '2.5'": tried,
    "1 / 0": by_zero,
    "logarithm of 0": logarithm_of_zero,
    "square root of -1": root_below_zero,
    "nan, in Arrow": not_a_number,
    "`hexdigest('md5')`": hexadecimal,
    "`hash`": hashed,
    "`epoch_seconds` of 2040": seconds_of_2040,
    "`as_timestamp('ms')`": milliseconds,
    "correlation with a constant": correlation_with_a_constant,
    "`int32 + 1` at the edge": edge,
    "sum of integers past 2^63": large_sum,
    "`[-2:]` of a text": last_two,
    "median of decimals": median_of_decimals,
    "`median(where=)`": median_of_some,
    "order of 'b', 'B', 'a'": order_of_texts,
    "truth as a number": truth_as_a_number,
    "product of an integer and a fraction": integer_by_fraction,
}
"""What is asked, as the page has it -> how."""


def answer(ask, lend) -> str:
    """What an engine answers, as the page has it."""
    try:
        found = ask(lend)
    except Exception:
        return "error"
    return ", ".join(shown(value) for value in found)


def shown(value) -> str:
    """A value as the page has it."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:g} (float)"
    return "null" if value is None else str(value)
