"""Which log a model learned from, and whether another log is the same business grown on."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from features.errors import UserError
from features.log.sketch import FEWEST, SAME_FROM, Sketch, overlap

ANOTHER_UNIT = 20
"""No business changes its usual amount so many times between two looks; its unit may."""

Relation = Literal["same", "other", "too few to tell"]


class LogIdentity(BaseModel):
    """A log as it is known again: what it is called, and its content as a sketch.

    `named` says that the config gave it its name (`log.name`), not the file; `purchase_days`
    counts all of the log's, `sketch` is as `features.log.sketch` writes it. `usual_amount` is the
    median money of a purchase day before the sketch ends, `later_amount` of those after it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    named: bool = False
    purchase_days: int
    sketch: str
    usual_amount: float | None = None
    later_amount: float | None = None

    @property
    def content(self) -> Sketch:
        """The sketch as it was drawn."""
        return Sketch.of_text(self.sketch)


def common(learned: LogIdentity, asked: LogIdentity) -> float | None:
    """Share of the smaller log's purchase days in the other; None where too few can be seen."""
    return overlap(asked.content, learned.content)


def relation(learned: LogIdentity, asked: LogIdentity) -> Relation:
    """Whether two logs are of one business.

    Two names that were both given in a config decide before the content does. A log that does
    not reach back before the day on which the other ended is another one: it lacks the past that
    its customers are judged by.
    """
    if learned.named and asked.named and learned.name != asked.name:
        return "other"
    if not asked.content.pairs:
        return "other"
    share = common(learned, asked)
    if share is None:
        # A short list is taken for more of the same; a long log that hardly begins is not.
        expected = asked.purchase_days * asked.content.seen / 2**asked.content.power
        return "too few to tell" if expected < 2 * FEWEST else "other"
    return "same" if share >= SAME_FROM else "other"


def why(learned: LogIdentity, asked: LogIdentity) -> str:
    """What tells two logs apart, in a sentence."""
    if learned.named and asked.named and learned.name != asked.name:
        return "Their configs give them two names."
    until = learned.content.until
    if not asked.content.pairs:
        return f"It has no purchase before {until}, when the model's log ended."
    share = max(common(learned, asked) or 0.0, 0.0)
    return (
        f"Of the purchase days before {until}, customer by customer, about "
        f"{min(share, 1.0):.0%} are in both."
    )


def refuse_other(
    learned: LogIdentity, asked: LogIdentity, model: str, ways: str, allow: bool = False
) -> str:
    """Stop where a model meets the log of another business; else a note, or nothing.

    Parameters
    ----------
    model : str
        What answers, for the message.
    ways : str
        What may be done instead.

    Raises
    ------
    UserError
        Naming both logs and the ways out; not with `allow`.
    """
    found = relation(learned, asked)
    if not allow and found != "other":
        _refuse_another_unit(learned, asked, model)
    if found == "same":
        return ""
    if found == "too few to tell":
        return (
            f"{asked.name} is too short to be told from another business' log (fewer than {FEWEST} "
            f"of its purchase days can be compared); it is taken for more of {learned.name}, which "
            f"{model} learned from."
        )
    said = f"{model} learned from {learned.name}, and {asked.name} is another log. "
    said += why(learned, asked)
    if allow:
        return f"{said} Going on all the same, as --allow-other-log asks."
    raise UserError(f"{said} A model answers only for the business that it learned from.\n{ways}")


def _refuse_another_unit(learned: LogIdentity, asked: LogIdentity, model: str) -> None:
    """Stop where the same business' amounts are of another size, as in cents for euros."""
    usual = learned.usual_amount
    for amount, when in ((asked.usual_amount, ""), (asked.later_amount, " since then")):
        if not usual or not amount or 1 / ANOTHER_UNIT < amount / usual < ANOTHER_UNIT:
            continue
        much = f"{max(amount / usual, usual / amount):,.0f} times"
        much += " more" if amount > usual else " less"
        scale = 10.0 ** round(math.log10(usual / amount))
        raise UserError(
            f"Half of the purchase days{when} are above {amount:,.6g}; in the log that {model} "
            f"learned from, above {usual:,.6g}. That is {much}, as when the unit of the amounts "
            f"has changed: scale them back with --set log.scale={scale:g}; "
            "if the log itself mixes two units, mend it; or train again."
        )
