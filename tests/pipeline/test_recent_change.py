"""From a log to what its last days show."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.blend.calibration_rows import calibrated
from models.blend.recent_change import window_days
from models.blend.spend_distribution import PRIOR_SPREAD
from models.history import History
from pipeline.config import Config
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import planned
from pipeline.learning.snapshots import Learner

HORIZON, N_DAYS = 60, 500


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(3)
    rows = [
        (f"c{number}", day, np.exp(rng.normal(3, 0.4)))
        for number in range(600)
        for start in [rng.integers(0, N_DAYS)]
        for day in np.unique([start, *np.flatnonzero(rng.random(N_DAYS) < 0.03)])
        if day >= start
    ]
    return pd.DataFrame(rows, columns=["customer", "day", "amount"])


def change(log, path):
    when = pd.Timestamp("2022-01-01") + pd.to_timedelta(log["day"], unit="D")
    log.assign(date=when).round({"amount": 2}).to_parquet(path, index=False)
    columns = {"customer_id": "customer", "transacted_at": "date", "amount": "amount"}
    config = Config.model_validate({"log": {"source": str(path), "columns": columns}})
    progress = Progress(quiet=True)
    with open_orders(config.log, progress) as orders:
        return Learner.of(orders).recent_change(planned(orders, config, HORIZON))


@pytest.mark.thorough
@pytest.mark.slow
def test_a_price_rise_of_the_last_days_is_seen_and_a_steady_log_is_silent(log, tmp_path):
    late = log["day"] >= N_DAYS - window_days(HORIZON)
    dearer = log.assign(amount=log["amount"] * np.where(late, 1.4, 1.0))
    assert change(log, tmp_path / "log.parquet") is None
    found = change(dearer, tmp_path / "dearer.parquet")
    assert (found.silence, found.purchases) == (0.0, 0.0)
    assert found.amount == pytest.approx(np.log(1.4), abs=0.06)


def test_ranges_are_as_wide_as_the_change():
    day, nothing = date(2024, 1, 1), pd.DataFrame({"cutoff": []})
    known = {day: pd.DataFrame({"frequency": [0], "recency": [0], "T": [9], "n_customers": [1]})}
    history, broken = (History(day, 30, nothing, known, unjudged=by) for by in (0.0, 0.6))
    assert calibrated(history, [], ())[1] == PRIOR_SPREAD
    assert calibrated(broken, [], ())[1] > PRIOR_SPREAD + 0.1
