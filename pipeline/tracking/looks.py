"""How a contender looks in MLflow: its metrics, its colour, and whether its bars are drawn."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlflow.entities import Metric

from pipeline.markup import words
from pipeline.tracking.board import REQUIRED, Standing

DIGITS = 4
"""Significant digits of a metric: MLflow prints every one there is, and cuts the column off."""

SHORT = 12
"""Letters of a name behind which `(answer)` is still seen."""

MOST_PARAMETERS = 14
LONGEST_PARAMETER = 100
"""Letters of a parameter that a table still shows."""

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


INTERVAL = "vs_baseline/log loss less the best rule"
PLACE = "vs_baseline/left of 0 wins"
"""Metrics of three steps that make one line of a chart, and its words: the low end of the 95 %
interval of the difference to the best naive rule, the difference and the high end; and the
contender's place from below, the best one highest."""


def name_of(standing: Standing) -> str:
    """A contender's run in words, the answer as such: before a name that the table would cut."""
    name = words(standing.contender)
    if not standing.chosen:
        return name
    return f"{name} (answer)" if len(name) <= SHORT else f"answer: {name}"


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


def interval_of(standing: Standing, ends: tuple[float, float] | None, place: int) -> list[Metric]:
    """The difference to the baseline between the ends of its interval, as a line at its place."""
    gap = standing.differences.get(REQUIRED)
    if gap is None:
        return []
    low, high = ends or (gap, gap)
    now = int(datetime.now(UTC).timestamp() * 1000)
    steps = [(step, x) for step, x in enumerate((low, gap, high), 1) if math.isfinite(x)]
    found = [metric(INTERVAL, x, now, step) for step, x in steps]
    return found + [metric(PLACE, place, now, step) for step, _ in steps]


def metric(name: str, value: float, at: int, step: int = 0) -> Metric:
    """A figure in four significant digits, at a moment in milliseconds."""
    return Metric(name, float(f"{value:.{DIGITS}g}"), at, step)


def parameters(values: Mapping[str, Any]) -> dict[str, str]:
    """Settings as short texts, few enough to be compared.

    Raises
    ------
    ValueError
        When there are more than `MOST_PARAMETERS`, or one is too long to be read in a table.
    """
    if len(values) > MOST_PARAMETERS:
        raise ValueError(f"{len(values)} parameters; at most {MOST_PARAMETERS} can be compared.")
    short = {name: _short(value) for name, value in values.items()}
    long = [name for name, value in short.items() if len(value) > LONGEST_PARAMETER]
    if long:
        raise ValueError(f"The parameters {', '.join(long)} are too long to be compared.")
    return short


def _short(value: Any) -> str:
    """A parameter as a few characters.

    >>> from datetime import date
    >>> _short([date(1997, 1, 1), date(1997, 4, 1), date(1997, 7, 1)])
    '1997-01-01..1997-07-01 (3)'
    >>> _short(None), _short(True), _short(90), _short(["a", "b"])
    ('default', 'true', '90', 'a, b')
    """
    if value is None:
        return "default"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        if len(value) > 2:
            return f"{value[0]}..{value[-1]} ({len(value)})"
        return ", ".join(str(part) for part in value)
    return str(value)
