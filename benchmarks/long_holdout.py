"""Purchases of CDNOW's 39 weeks after 39 weeks: `python -m benchmarks.long_holdout`."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from benchmarks.quality import CDNOW_LOG, Task, config
from features.customer.labels import labels
from models.blend.blend import Blend
from models.contenders.btyd import BtydContender
from models.history import LABELS
from pipeline.console import Progress
from pipeline.intake.orders import open_orders
from pipeline.learning.prepare import prepare

LONG_CUTOFF, LONG_DAYS, LONG_HORIZON = date(1997, 10, 1), 273, 91


def long_holdout() -> None:
    """CDNOW's 39 weeks after 39 weeks: correlation and RMSE of purchases, and the targets.

    No label of 39 weeks was ever complete by then, so the blend answers for `LONG_HORIZON` days
    and Pareto/NBD says how many times that the 39 weeks hold.
    """
    task = Task(CDNOW_LOG, LONG_HORIZON, (LONG_CUTOFF,), {})
    progress = Progress(quiet=True)
    settings = config(task, None, ("blend",))
    with open_orders(settings.log, progress) as orders:
        snapshots = prepare(orders, settings, progress)
        outcome = labels(orders.days, LONG_CUTOFF, LONG_DAYS, orders.end).to_pyarrow().to_pandas()
    customers = snapshots.labelled[LONG_CUTOFF].drop(columns=list(LABELS))
    came = outcome.set_index("customer_id")["purchases"].loc[customers["customer_id"]]
    blend = Blend().fit(snapshots.history(LONG_CUTOFF))
    pareto = blend.base_learners["pareto_nbd"]
    if not isinstance(pareto, BtydContender):
        raise TypeError("The blend has no Pareto/NBD here.")
    alone = pareto.expected_purchases(customers, LONG_DAYS)
    times = alone / pareto.expected_purchases(customers, LONG_HORIZON)
    print(
        f"\ncdnow39: purchases of {LONG_DAYS} days from {LONG_CUTOFF}, {len(customers):,} customers"
    )
    expected = {
        "pareto_nbd": alone,
        "blend": blend.predict(customers)["expected_purchases"].to_numpy() * times,
    }
    for name, purchases in expected.items():
        correlation, rmse = _fit_of(name, purchases, came.to_numpy(float))
    for words, reached in (
        ("correlation >= 0.69", correlation >= 0.69),
        ("RMSE <= 1.69", rmse <= 1.69),
    ):
        print(f"  {words}: {'reached' if reached else 'missed'}")
    parts = [*expected.values(), *_others(blend, customers), np.ones(len(came))]
    told = np.column_stack(parts)
    best = told @ np.linalg.lstsq(told, came.to_numpy(float), rcond=None)[0]
    _fit_of("their best mix, told what came", best, came.to_numpy(float))


def _fit_of(name: str, purchases: np.ndarray, came: np.ndarray) -> tuple[float, float]:
    correlation = float(np.corrcoef(purchases, came)[0, 1])
    rmse = float(np.sqrt(np.mean((purchases - came) ** 2)))
    print(f"  {name}: correlation {correlation:.3f}, RMSE {rmse:.3f}")
    return correlation, rmse


def _others(blend: Blend, customers: pd.DataFrame) -> list[np.ndarray]:
    names = ("mbg_nbd", "boosted_spend")
    return [
        blend.base_learners[n].predict(customers)["expected_purchases"].to_numpy() for n in names
    ]


if __name__ == "__main__":
    long_holdout()
