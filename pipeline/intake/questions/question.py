"""A question about a log: what was seen, what is proposed, and how to say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Question:
    """What the values of a log leave open.

    `about` is the column that raises it, empty when no single one does. A `pressing` one is
    refused until it is answered: without an answer numbers would be wrong. `answer` holds
    dotted keys of the config; it is proposed and never taken silently. One that is not `decided`
    has values that only a person can tell: `--guess` does not take its answer.
    """

    about: str
    seen: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    pressing: bool = True
    decided: bool = True


def counted(values: Mapping[str, int], most: int = 12) -> str:
    """Values of a column with their rows, when they say no more than what became of an order.

    >>> counted({"Paid": 1200, "": 3}), counted({"anna@example.org": 4})
    ('Paid 1,200, blank 3', '1 value')
    """
    if not values or any(not _harmless(value) for value in values):
        return f"{len(values)} value{'s' * (len(values) != 1)}"
    listed = [f"{value or 'blank'} {n:,}" for value, n in list(values.items())[:most]]
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(listed) + more


def _harmless(value: str) -> bool:
    """Whether a value looks like the name of a state and not like one of a person or order."""
    digits = sum(letter.isdigit() for letter in value)
    return len(value) <= 40 and "@" not in value and digits < 5 and value.isprintable()


def merged(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several answers as one; lists under one key are joined."""
    both: dict[str, Any] = {}
    for answer in answers:
        for key, value in answer.items():
            joined = isinstance(value, list) and isinstance(both.get(key), list)
            both[key] = [*both[key], *value] if joined else value
    return both
