"""What a calendar of billing does to an answer, and what the horizon that `churn check` names does.

    python -m benchmarks.billing

Simulated logs of 400 customers, billed on certain days, scored on the day before or after one: the
share without a purchase, and the purchases, expected against what came.
"""

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.as_known import scored, trained, until
from benchmarks.monitoring import settings
from benchmarks.planted import QUIET
from pipeline.intake.horizon import uneven
from pipeline.intake.orders import open_orders
from pipeline.watching.realised import realised

COLUMNS = {name: name for name in ("customer_id", "transacted_at", "amount")}
EVERY = pd.date_range("2022-01-01", "2024-06-30")
SHOPS: dict[str, tuple[Callable[[pd.DatetimeIndex], np.ndarray], date, tuple[int, int]]] = {
    "the last of a month": (lambda days: 0.9 * days.is_month_end, date(2024, 4, 1), (60, 62)),
    "the 1st of a month": (lambda days: 0.9 * (days.day == 1), date(2024, 4, 2), (60, 62)),
    "the 1st of a month in three": (
        lambda days: 0.9 * ((days.day == 1) & (days.month % 3 == 0)),
        date(2023, 10, 15),
        (120, 92),
    ),
    "Saturdays": (lambda days: 0.4 * (days.day_of_week == 5), date(2024, 3, 31), (30, 28)),
    "any day": (lambda days: np.full(len(days), 0.04), date(2024, 4, 1), (60, 62)),
}
"""How likely a purchase is on a day, the day of the scoring, and two horizons."""


def log_of(chances: np.ndarray, customers: int = 400) -> pd.DataFrame:
    """Customers who come and stay for a while, and buy by chance."""
    rng, rows = np.random.default_rng(0), []
    for number in range(customers):
        first = rng.integers(0, len(EVERY) - 30)
        stay = slice(first, first + int(rng.exponential(500)) + 1)
        bought = EVERY[stay][rng.random(len(EVERY[stay])) < chances[stay]]
        rows += [(f"C{number}", day, round(float(rng.gamma(2, 20)), 2)) for day in bought]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, (chance, day, horizons) in SHOPS.items():
            file = Path(scratch) / "log.parquet"
            log_of(chance(EVERY)).to_parquet(file)
            for horizon in horizons:
                config = settings(horizon, {"source": str(file), "columns": COLUMNS})
                with open_orders(config.log, QUIET) as orders:
                    known = until(orders, day)
                    told = uneven(known, config, horizon)
                    model = trained(known, config, watched=False)
                    came = realised(orders, scored(until(orders, day), model, day, horizon))
                assert came is not None
                total = came.total
                print(
                    f"{name}, {horizon} days: {total['p_churn']:.1%} without a purchase expected, "
                    f"{total['churned']:.1%} came; purchases "
                    f"{total['expected_purchases'] / total['purchases'] - 1:+.0%}. {told}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
