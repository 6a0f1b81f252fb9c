"""A signal of the watch, and what all of them together say is to be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Literal

Kind = Literal["data", "answer"]

NOTHING, LOOK, TRAIN = "nothing to do", "look at the data", "train again"


@dataclass(frozen=True)
class Signal:
    """One figure that is watched; it is an alarm where it is beyond `limit`, and beyond chance.

    `kind` says what is in doubt: the data, or the answer. `where` names the column or scoring.
    `value` and `limit` have one unit; `beyond` is how many standard errors the value lies from
    where it is expected, NaN where chance plays no part. `words` tell it to a person.
    """

    name: str
    kind: Kind
    where: str
    value: float
    limit: float
    risen: bool
    words: str
    beyond: float = nan

    def to_json(self) -> dict[str, Any]:
        """As plain data; what is no number is None."""
        values = dict(vars(self))
        return {
            key: None if isinstance(value, float) and not isfinite(value) else value
            for key, value in values.items()
        }


def verdict(signals: Iterable[Signal]) -> str:
    """What is to be done; faults of the data come first, for nothing can be learned from them.

    >>> verdict([])
    'nothing to do'
    """
    kinds = {signal.kind for signal in signals if signal.risen}
    return LOOK if "data" in kinds else TRAIN if "answer" in kinds else NOTHING
