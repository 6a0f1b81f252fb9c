"""Today's customers beside those of the training, and what the difference does to the answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.customer.purchase_days import with_gaps
from features.customer.sample import sample
from features.customer.snapshot import snapshot
from models.evaluation.drift import moved
from pipeline.intake.orders import Orders
from pipeline.model_files.artifact import Model
from pipeline.watching.signals import Signal
from pipeline.watching_config import MonitoringConfig

MOST_CUSTOMERS = 10_000
"""So many customers, drawn by hash, stand for all."""

NAMED = 3


@dataclass(frozen=True)
class Drift:
    """Features by how far they moved the answer.

    `features` is indexed by name: `stability_index`, and `move` of the mean p_churn. `p_churn`
    is the model's mean answer now and at its training.
    """

    features: pd.DataFrame
    p_churn: float
    p_churn_then: float


def drift(
    orders: Orders, model: Model, config: MonitoringConfig
) -> tuple[Drift | None, list[Signal]]:
    """Compare the log's customers with the model's profile; None where it keeps none."""
    profile: dict[str, Any] = model.manifest.settings.get("profile", {})
    if not profile:
        return None, []
    share = min(1.0, MOST_CUSTOMERS / orders.n_customers)
    days = with_gaps(sample(orders.netted, share))
    rows = snapshot(days, orders.end, model.manifest.attributes)
    today = rows.order_by("customer_id").to_pyarrow().to_pandas()
    answer = model.contender.predict(today)["p_churn"].to_numpy(float)
    known = profile["features"]
    figures = {name: moved(known[name], today[name], answer) for name in known if name in today}
    table = pd.DataFrame.from_dict(figures, orient="index", columns=["stability_index", "move"])
    table = table.sort_values("move", key=np.abs, ascending=False)
    found = Drift(table, float(answer.mean()), profile["p_churn"])
    error = float(
        np.hypot(
            answer.std() / np.sqrt(len(answer)),
            profile["p_churn_sd"] / np.sqrt(profile["n_customers"]),
        )
    )
    return found, [_signal(found, error, config)]


def _signal(found: Drift, error: float, config: MonitoringConfig) -> Signal:
    off = found.p_churn - found.p_churn_then
    drifted = found.features[found.features["stability_index"] > config.stability_index]
    named = ", ".join(f"{name} ({one.move:+.3f})" for name, one in drifted.head(NAMED).iterrows())
    words = (
        f"Mean p_churn {found.p_churn:.3f}, at the training {found.p_churn_then:.3f}; "
        f"{len(drifted)} of {len(found.features)} features have drifted"
        f"{f', the most telling: {named}' if named else ''}."
    )
    beyond = abs(off) / max(error, 1e-9)
    risen = abs(off) > config.answer and beyond > config.chance
    return Signal("drift", "answer", "features", off, config.answer, risen, words, beyond)
