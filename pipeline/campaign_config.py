"""The keys `campaigns` and `control`: what a contact costs, whom it may reach, who is left out."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.section import Section

Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CONTROL = "control"
"""Name of the group that nobody contacts."""


End = float | str | date
"""YAML reads a day without quotes as a day."""


class Range(Section):
    """A condition on a number or a day: from `min` to `max`, both included."""

    min: Annotated[End | None, Field(description="Number or day, YYYY-MM-DD")] = None
    max: Annotated[End | None, Field(description="Number or day, YYYY-MM-DD")] = None


Condition = Range | tuple[str | bool | int | float, ...] | str | bool | int | float
"""A range, a list of values, or one value."""


class Arm(Section):
    """One treatment of a campaign; costs left out are the campaign's."""

    share: Annotated[float, Field(gt=0, le=1, description="Of those contacted")] = 1.0
    contact_cost: Annotated[Money | None, Field(description="Money per contact")] = None
    offer_cost: Annotated[Money | None, Field(description="Money, paid when redeemed")] = None
    redemption_rate: Annotated[float | None, Field(ge=0, le=1)] = None


class CampaignConfig(Section):
    """A campaign: costs, effect, whom it may reach, and how its groups are drawn."""

    kind: Annotated[
        str | None,
        Field(description="Campaigns of one kind learn from each other; default: its name"),
    ] = None
    contact_cost: Annotated[
        Money | None,
        Field(description="Money per contact; the report's curve takes 1 % of a buyer's spend"),
    ] = None
    offer_cost: Annotated[Money, Field(description="Money of an offer, paid when redeemed")] = 0.0
    redemption_rate: Annotated[
        float, Field(ge=0, le=1, description="Share of those contacted who redeem the offer")
    ] = 1.0
    margin: Annotated[float, Field(gt=0, le=1, description="Share of spend that is profit")] = 0.3
    value: Annotated[
        Literal["horizon", "clv"], Field(description="What is at stake: expected_spend or clv")
    ] = "horizon"
    effect: Annotated[
        float,
        Field(gt=0, le=1, description="Assumed share of those leaving who stay when contacted"),
    ] = 0.05
    measured: Annotated[
        tuple[str, ...],
        Field(description="Results of `churn measure`: files or patterns; they correct `effect`"),
    ] = ()
    uplift: Annotated[
        str | None, Field(description="Folder of an uplift model that `churn measure` saved")
    ] = None
    budget: Annotated[Money | None, Field(description="Money for contacts and offers")] = None
    max_contacts: Annotated[int | None, Field(ge=1, description="At most so many")] = None
    eligible: Annotated[
        Mapping[str, Condition],
        Field(description="Column of the scores: a value, a list, or {min: ..., max: ...}"),
    ] = {}
    control_share: Annotated[
        float, Field(gt=0, lt=1, description="Of those chosen, drawn and not contacted")
    ] = 0.2
    arms: Annotated[
        Mapping[str, Arm], Field(min_length=1, description="Treatments; their shares sum to 1")
    ] = {"treated": Arm()}
    detect: Annotated[
        Money | None, Field(description="Spend per customer that the groups should be able to show")
    ] = None
    max_age_days: Annotated[
        int, Field(ge=0, description="Scores may be so much older than the log's end, or the start")
    ] = 14
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of the draw")] = 0

    @model_validator(mode="after")
    def _whole(self) -> "CampaignConfig":
        total = sum(arm.share for arm in self.arms.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"the shares of the arms sum to {total:g}, not to 1 (control_share is beside them)"
            )
        if CONTROL in self.arms:
            raise ValueError("`control` is no arm; control_share says how many are not contacted")
        return self

    def cost(self, arm: Arm) -> float:
        """Expected cost of one contact of an arm: the contact, and the offer as far as redeemed."""
        contact = self.contact_cost if arm.contact_cost is None else arm.contact_cost
        offer = self.offer_cost if arm.offer_cost is None else arm.offer_cost
        rate = self.redemption_rate if arm.redemption_rate is None else arm.redemption_rate
        return (contact or 0.0) + offer * rate

    @property
    def priced(self) -> bool:
        """Whether the cost of a contact is told for every arm."""
        whole = self.contact_cost is not None
        return whole or all(arm.contact_cost is not None for arm in self.arms.values())

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the control and each arm, of all who are part of the campaign."""
        treated = 1 - self.control_share
        total = sum(arm.share for arm in self.arms.values())
        return (self.control_share, *(treated * a.share / total for a in self.arms.values()))

    @property
    def mean_cost(self) -> float:
        """Expected cost of one contact, over the arms."""
        return sum(arm.share * self.cost(arm) for arm in self.arms.values())

    @property
    def highest_cost(self) -> float:
        """Expected cost of one contact of the dearest arm, which anybody may be drawn into."""
        return max(self.cost(arm) for arm in self.arms.values())


class ControlConfig(Section):
    """Customers whom no campaign reaches, so that all campaigns together can be measured."""

    global_share: Annotated[float, Field(ge=0, lt=1, description="Of all customers")] = 0.0
    period: Annotated[Literal["month", "quarter", "year"], Field(description="A new draw each")] = (
        "quarter"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
