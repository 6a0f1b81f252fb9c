"""Logs on which the business figures are held against plain pandas."""

from pathlib import Path

import pandas as pd
import pytest

from features.customer.purchase_days import purchase_days
from features.engines.duckdb import connect
from features.log.transactions import LogSpec, open_log
from pipeline.intake.orders import locate
from tests.features.business import oracle

CDNOW = {
    "source": locate("package://lifetimes/datasets/CDNOW_master.txt"),
    "delimiter": "whitespace",
    "date_format": "%Y%m%d",
    "columns": {"customer_id": "customer_id", "transacted_at": "date", "amount": "dollar_value"},
}

WHOLESALER = {
    "source": str(Path(__file__).parents[4] / "shared/data/online_retail_2010.parquet"),
    "columns": {
        "customer_id": "customer_id",
        "transacted_at": "timestamp",
        "amount": "amount",
        "order_id": "order_id",
        "attributes": ["country"],
    },
}


def opened(spec):
    """Purchase days in the engine, and as the oracle makes them."""
    engine = connect(read=[spec["source"]], threads=1)
    log = open_log(engine, LogSpec(**spec))
    days = engine.create_table("days", purchase_days(log.transactions, log.attributes))
    units = (log.transactions.amount.cast("decimal(38, 4)") * 10_000).cast("int64")
    rows = log.transactions.mutate(amount=units).to_pyarrow().to_pandas()
    return engine, days, oracle.purchase_days(rows)


@pytest.fixture(scope="session", params=["cdnow", "wholesaler"])
def shop(request):
    """A real log: engine, purchase days, the same from pandas."""
    if request.param == "cdnow":
        return opened(CDNOW)
    if not Path(WHOLESALER["source"]).exists():
        pytest.skip("the wholesaler's log is not part of the project: shared/data is absent")
    return opened(WHOLESALER)


@pytest.fixture(scope="session")
def as_frame():
    """Rows of an expression, as pandas has them."""

    def run(table, *index) -> pd.DataFrame:
        frame = table.to_pyarrow().to_pandas()
        for name in frame.columns:
            if name in ("period", "cohort"):
                frame[name] = frame[name].astype("datetime64[us]")
        return frame.set_index(list(index)).sort_index()

    return run
