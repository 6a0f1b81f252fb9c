"""When to train again, and why."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.watching.signals import TRAIN
from pipeline.watching_config import ScheduleConfig


@dataclass(frozen=True)
class Decision:
    """Whether to train, and the reason."""

    train: bool
    why: str


def due(
    schedule: ScheduleConfig, day: date, attempted: date | None, verdict: str | None
) -> Decision:
    """Whether a training is due.

    Days are the log's, not the clock's: the same log gives the same decision whenever it is asked.

    Parameters
    ----------
    day
        The first day that the log does not cover.
    attempted
        That of the last training, promoted or not; None without one.
    verdict
        That of the watch; None where there is no model to be watched.

    Examples
    --------
    >>> schedule = ScheduleConfig(train_every=90, train_again_after=14)
    >>> due(schedule, date(2024, 4, 1), date(2024, 1, 1), "nothing to do")
    Decision(train=True, why='the last training is 91 days old (schedule.train_every: 90)')
    >>> due(schedule, date(2024, 1, 11), date(2024, 1, 1), "train again").why
    'an alarm asks for it, but the last training is 10 days old (schedule.train_again_after: 14)'
    """
    if attempted is None or verdict is None:
        return Decision(True, "there is no model yet")
    age = (day - attempted).days
    old = f"the last training is {age} days old"
    if schedule.train_every is not None and age >= schedule.train_every:
        return Decision(True, f"{old} (schedule.train_every: {schedule.train_every})")
    if verdict == TRAIN:
        again = f"(schedule.train_again_after: {schedule.train_again_after})"
        if age >= schedule.train_again_after:
            return Decision(True, f"an alarm asks for it, and {old} {again}")
        return Decision(False, f"an alarm asks for it, but {old} {again}")
    if schedule.train_every is None:
        return Decision(False, "no alarm asks for it (schedule.train_every: null)")
    on = attempted + timedelta(days=schedule.train_every)
    return Decision(False, f"{old}; due when the log reaches {on}")
