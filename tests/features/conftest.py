"""Small order logs, as frames and as ibis tables of one in-process DuckDB."""

from datetime import date, datetime, time
from functools import cache

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from features.customer.purchase_days import purchase_days
from features.customer.snapshot import snapshot
from features.engines.duckdb import connect
from features.log.transactions import LogSpec, open_log
from tests.features.written_logs import COLUMNS, NOW

CUTOFF = date(2024, 1, 1)

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


@st.composite
def logs(draw, start=date(2023, 1, 1), end=date(2024, 12, 31), min_size=0, max_size=40):
    """Rows of an order log, returns and several rows a day included."""
    row = st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(["a", "b", "c", "00123", "123"]),
            "transacted_at": st.datetimes(
                datetime.combine(start, time()), datetime.combine(end, time(23, 59))
            ),
            "amount": st.decimals(-50, 200, places=2),
            "order_id": st.one_of(st.none(), st.sampled_from(["1", "2", "3"])),
            "quantity": st.one_of(st.none(), st.integers(1, 9).map(float)),
            "channel": st.one_of(st.none(), st.sampled_from(["web", "shop", "fair"])),
        }
    )
    return draw(st.lists(row, min_size=min_size, max_size=max_size))


@pytest.fixture(scope="session")
def connection():
    return ibis.duckdb.connect()


@pytest.fixture(scope="session")
def days_of(connection):
    """Purchase days of a list of rows."""

    def build(rows, attributes=("channel",)):
        arrow = pa.Table.from_pylist(rows, schema=SCHEMA)
        return purchase_days(ibis.memtable(arrow), attributes)

    return build


@pytest.fixture(scope="session")
def frame(connection):
    """Run a table and sort it by customer."""

    def run(table) -> pd.DataFrame:
        rows = connection.to_pyarrow(table).to_pandas()
        return rows.sort_values("customer_id", ignore_index=True)

    return run


@pytest.fixture(scope="session")
def snapshot_of(connection):
    """The snapshot of a list of rows, sorted by customer; compiled once, for many examples."""
    table = ibis.table(ibis.Schema.from_pyarrow(SCHEMA), "rows")

    @cache
    def compiled(cutoff, attributes):
        rows = snapshot(purchase_days(table, attributes), cutoff, attributes)
        return connection.compile(rows.order_by("customer_id"))

    def build(rows, cutoff=CUTOFF, attributes=("channel",)) -> pd.DataFrame:
        query = compiled(cutoff, attributes)
        connection.con.register("rows", pa.Table.from_pylist(rows, schema=SCHEMA))
        return connection.con.sql(query).to_arrow_table().to_pandas()

    return build


@pytest.fixture
def reader(tmp_path):
    """An engine that may read what the test writes."""
    return connect(read=[tmp_path], threads=1)


@pytest.fixture
def opened(tmp_path):
    """Write a log, open it; keywords are keys of the spec.

    Each has a connection of its own: what was asked of another log is then compiled already.
    """

    def opens(content, name="log.csv", columns=COLUMNS, now=NOW, **keys):
        path = tmp_path / name
        if isinstance(content, (list, tuple)):
            head = ",".join(columns[key] for key in columns if isinstance(columns[key], str))
            content = "\n".join([head, *(",".join(row) for row in content)]) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        spec = LogSpec(source=str(path), columns=columns, **keys)
        return open_log(connect(read=[tmp_path], threads=1), spec, now)

    return opens
