"""How a contender looks in MLflow: its metrics, its colour, and whether its bars are drawn."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from mlflow.entities import Metric

from pipeline.tracking.board import REQUIRED, Standing

DIGITS = 4
"""Significant digits of a metric: MLflow prints every one there is, and cuts the column off."""

FAR_OFF = 1.5
"""Times the baseline's log loss from which on a contender is not drawn."""

ANSWER, RULE = "#D55E00", "#8A8A8A"
"""The answer's colour, and the one that all naive rules share."""

COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#8C6BB1",
    "#B8A000",
    "#8C564B",
    "#1B3A6B",
    "#A6761D",
    "#66C2A5",
    "#E7298A",
    "#4D9221",
    "#B2182B",
)
"""Okabe and Ito's colours, which colour-blind people can tell apart, and more; for models."""


INTERVAL = ("vs_baseline/log_loss_low", "vs_baseline/log_loss_high")
"""Metrics: the ends of the 95 % interval of the difference to the best naive rule."""


def most_drawn(found: Mapping[str, Standing]) -> float:
    """The log loss beyond which a contender's bars would flatten those of all others."""
    floor = [s.means[REQUIRED] for s in found.values() if s.contender == s.baseline and s.means]
    return FAR_OFF * floor[0] if floor else math.inf


def metrics_of(standing: Standing) -> list[Metric]:
    """A standing's means, its values by cutoff and its differences, as MLflow takes them."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    metrics = [metric(name, value, now) for name, value in standing.means.items()]
    metrics += [
        metric(f"vs_baseline/{name}", value, now) for name, value in standing.differences.items()
    ]
    for step, (cutoff, values) in enumerate(standing.by_cutoff.items(), start=1):
        # The wall clock of a step is its cutoff: MLflow's time axis is then the calendar.
        at = int(datetime(cutoff.year, cutoff.month, cutoff.day, tzinfo=UTC).timestamp() * 1000)
        metrics += [metric(f"by_cutoff/{name}", value, at, step) for name, value in values.items()]
    return metrics


def metric(name: str, value: float, at: int, step: int = 0) -> Metric:
    """A figure in four significant digits, at a moment in milliseconds."""
    return Metric(name, float(f"{value:.{DIGITS}g}"), at, step)
