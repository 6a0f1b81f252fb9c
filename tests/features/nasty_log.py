"""One small log that holds what engines are known to read differently; see docs/engines.md."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

CUTOFFS = (date(2023, 6, 1), date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 31))
END = date(2024, 9, 1)
HORIZON = 60

SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "transacted_at": pa.timestamp("us"),
        "amount": pa.decimal128(18, 4),
        "order_id": pa.string(),
        "quantity": pa.float64(),
        "channel": pa.string(),
    }
)


def _row(customer, moment, amount="10", order=None, quantity=None, channel=None):
    when = datetime.fromisoformat(moment)
    return dict(zip(SCHEMA.names, (customer, when, Decimal(amount), order, quantity, channel),
                    strict=True))  # fmt: skip


ROWS = [
    # Ties at a cutoff: the last moment before it, and the cutoff's first.
    *(_row("tie", f"{day} 23:59:59.999999") for day in ("2023-05-31", "2023-12-31")),
    *(_row("tie", f"{day} 00:00:00") for day in ("2023-06-01", "2024-01-01", "2024-02-29")),
    # Several orders of one moment; one number on two lines; lines without a number.
    *(_row("moment", "2023-12-24 12:00:00", "1.5", "a", 2.0, c) for c in ("web", "shop", None)),
    *(_row("moment", "2023-12-24 12:00:00", "2.5", o, 1.0, "app") for o in ("b", None, None)),
    _row("moment", "2023-12-24 12:00:00", "2.5", "b", 1.0, "zoo"),
    # Returns: beyond the purchase, on a day of their own, of nothing that was bought.
    _row("returns", "2023-05-01 10:00:00", "100.0001", "r1", 1.0),
    _row("returns", "2023-05-01 11:00:00", "-30.5", "r1", -1.0),
    _row("returns", "2023-07-01 11:00:00", "-200", "r1", -1.0),
    _row("returns", "2023-09-01 11:00:00", "5", None, 0.0),
    _row("only_returns", "2023-05-01 10:00:00", "-3"),
    _row("zero", "2023-05-01 10:00:00", "0"),
    # One purchase only; ids of any script, with quotes, and leading noughts.
    *(_row(one, "2023-11-30 08:00:00", "7.7777") for one in (
        "00123", "123", "Zoë", "zoe", "Ωμέγα", "客户", "o'neil", 'a "b"', "a\\b", "%", "=1+1",
        "🙂")),
    # A day that summer time takes an hour from, one it gives an hour to, month ends, a leap day.
    *(_row("clock", f"{day} {hour}:30:00", "3.3333", quantity=1.5, channel="web")
      for day in ("2023-03-26", "2023-10-29") for hour in ("01", "02", "03", "23")),
    *(_row("month_ends", f"{day} 18:00:00", "20.05", channel=c) for day, c in (
        ("2023-01-31", "web"), ("2023-02-28", None), ("2023-03-31", "shop"),
        ("2023-04-30", "web"), ("2024-02-29", "fair"), ("2024-03-30", "shop"))),
    # The largest amounts there are, and the smallest; a gap that wraps small integers.
    _row("large", "1971-01-01 00:00:00", "99999999999999.9999"),
    _row("large", "2023-01-01 00:00:00", "99999999999999.9999"),
    _row("small", "2023-01-01 00:00:00", "0.0001"),
    _row("small", "2023-01-03 00:00:00", "0.0001"),
    # The same amount each time: a spread of exactly nothing. And an ordinary one.
    *(_row("steady", f"2023-{month:02d}-15 09:00:00", "9.99", f"s{month}")
      for month in range(1, 13)),
    *(_row("usual", f"2023-{1 + i % 12:02d}-{1 + 7 * i % 28:02d} {i % 24:02d}:00:00",
           f"{(37 * i) % 90}.{i % 100:02d}", f"u{i % 20}", float(i % 4), ("web", "app")[i % 2])
      for i in range(1, 60)),
    *(_row("later", day + " 12:00:00", "4") for day in ("2024-01-02", "2024-03-01", "2024-08-31")),
]  # fmt: skip

TABLE = pa.Table.from_pylist(ROWS, SCHEMA)
