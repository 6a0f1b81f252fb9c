"""A silent customer's future is told right: aged features equal those computed later."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.customer.catalogue import NAMES
from models.contenders.ageing import ageless, silent_for
from tests.features.conftest import CUTOFF, logs

pytestmark = pytest.mark.slow


@pytest.mark.thorough
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs(min_size=1), days=st.integers(0, 400))
def test_a_snapshot_aged_by_silence_is_the_snapshot_of_a_later_day(log, days, snapshot_of):
    known = [row for row in log if row["transacted_at"].date() < CUTOFF]
    today, later = (snapshot_of(known, CUTOFF + timedelta(days=wait)) for wait in (0, days))
    kept = ageless(today)
    aged = pd.DataFrame(silent_for({name: today[name] for name in kept}, days))
    # Sums are rounded to nine decimals a term.
    pd.testing.assert_frame_equal(aged, later[kept], atol=1e-6, rtol=1e-6, check_dtype=False)


def test_most_of_the_catalogue_can_be_aged():
    kept = ageless(NAMES)
    assert set(NAMES) - set(kept) == {
        f"{what}_{span}d" for what in ("purchases", "spend") for span in (30, 90, 180, 365)
    }
