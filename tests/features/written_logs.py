"""Order logs as texts, and what was made of them."""

from datetime import datetime

import pytest

from features.errors import UserError

NOW = datetime(2020, 6, 1, 12, 0)
COLUMNS = {"customer_id": "id", "transacted_at": "day", "amount": "amount"}
SOUND = [("7", "2020-01-31", "10.00"), ("8", "2020-02-01", "2.50")]


def rows(log, *columns):
    columns = columns or ("customer_id", "transacted_at", "amount")
    table = log.transactions.order_by(list(log.transactions.columns)).to_pyarrow()
    return [tuple(row[c] for c in columns) for row in table.to_pylist()]


def values(log, column):
    return sorted(row[0] for row in rows(log, column))


def refusal(opened, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        opened(*args, **kwargs)
    return str(caught.value)


def many(bad, sound=100):
    """A log with so many sound rows that a few bad ones are set aside, not refused."""
    good = [(str(i), f"2020-01-{1 + i % 28:02d}", "1.00") for i in range(sound)]
    return good + bad
