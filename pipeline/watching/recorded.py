"""The watch in the tracking store: figures by day, no customer."""

from math import isfinite

from pipeline.console import Progress
from pipeline.watching.monitor import Monitored


def record(uri: str, model: str, found: Monitored, progress: Progress) -> None:
    """Record a day of the watch; a store that is down is told, and stops nothing."""
    from pipeline.tracking import monitoring
    from pipeline.tracking.errors import TrackingError

    try:
        monitoring.record(
            uri, model, found.day, figures(found), found.verdict, " ".join(found.sentences)
        )
    except TrackingError as error:
        progress.note(f"The watch is not recorded: {error}")


def figures(found: Monitored) -> dict[str, float]:
    """Each signal under its name, `alarm/<name>` 1 or 0, and the latest scoring's log loss.

    Of several signals of one name the largest is kept.
    """
    values: dict[str, float] = {"alarms": float(len(found.alarms))}
    for signal in found.signals:
        if not isfinite(signal.value):
            continue
        key = f"{signal.kind}/{signal.name}"
        if key not in values or abs(signal.value) > abs(values[key]):
            values[key] = float(signal.value)
        alarm = f"alarm/{signal.name}"
        values[alarm] = max(values.get(alarm, 0.0), float(signal.risen))
    if found.scorings:
        values["log_loss"] = float(found.scorings[-1].total["log_loss"])
    return values
