"""No model sees what was not knowable at its cutoff: whatever comes, it learns from the same."""

from dataclasses import fields
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from models.history import History
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare
from tests.pipeline import shop

CUTOFF = date(2023, 1, 3)
PAST = [row for row in shop.rows(120, seed=5) if row[1] < CUTOFF.isoformat()]
KNOWN = sorted({row[0] for row in PAST})
LEFT = (shop.LAST - CUTOFF).days


@st.composite
def futures(draw):
    """Rows from the cutoff on, of customers known and new, until the same last day."""
    amounts = st.floats(-500, 500).map(lambda x: round(x, 2)).filter(lambda x: x != 0)
    row = st.tuples(st.sampled_from([*KNOWN, "n1", "n2"]), st.integers(0, LEFT), amounts)
    return written(draw(st.lists(row, max_size=60)))


def written(rows):
    """Rows of customer, day and amount as the log has them, and some without which it ends."""
    rows = [*rows, *(("n3", day, 9.5) for day in (*range(0, LEFT, 9), LEFT))]
    when = [(CUTOFF + timedelta(days=day)).isoformat() for _, day, _ in rows]
    return [(row[0], when[n], f"{row[2]:.2f}", f"F{n}", "NO") for n, row in enumerate(rows)]


def history(path, future) -> History:
    """What is learned from at the cutoff, of a log with this future."""
    shop.write(path, [*PAST, *future])
    columns = {"customer_id": "Customer ID", "transacted_at": "Date", "amount": "Total"}
    config = Config.model_validate(
        {
            "log": {
                "source": str(path),
                "columns": {**columns, "order_id": "Invoice", "attributes": ["Country"]},
            },
            "horizon_days": 45,
            "training": {"max_cutoffs": 3},
            "backtest": {"cutoffs": [CUTOFF.isoformat()]},
        }
    )
    progress = Progress(quiet=True)
    with open_orders(config.log, progress) as orders:
        return prepare(orders, config, progress).history(CUTOFF)


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> History:
    """What is learned where hardly anything comes after the cutoff."""
    return history(tmp_path_factory.mktemp("bare") / "log.csv", written([]))


@pytest.mark.slow
@settings(
    max_examples=2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(future=futures())
def test_nothing_learned_at_a_cutoff_depends_on_what_came_after(tmp_path, bare, future):
    a, b = bare, history(tmp_path / "log.csv", future)
    assert any(error.later for error in a.level_errors.values())
    for field in fields(History):
        if not field.init:
            continue
        left, right = getattr(a, field.name), getattr(b, field.name)
        if isinstance(left, pd.DataFrame):
            assert_frame_equal(left, right, check_exact=True)
        elif field.name == "populations":
            assert left.keys() == right.keys()
            for day, population in left.items():
                assert_frame_equal(population, right[day], check_exact=True)
        elif field.name == "longer":
            assert (left.cutoff, left.months) == (right.cutoff, right.months)
            assert_frame_equal(left.rows, right.rows, check_exact=True)
        else:
            assert left == right
