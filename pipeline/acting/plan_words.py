"""A plan in sentences and rows of figures, the same on the screen and on the page."""

from collections.abc import Mapping

import numpy as np

from pipeline.acting.plan import Plan, horizon
from pipeline.acting.too_few import IN_ORDERS

TIMES = (0.0, 0.5, 1.0, 2.0)
"""Multiples of the assumed effect at which the profit is told."""


def sentences(plan: Plan) -> list[str]:
    """What is planned, what it rests on, and whether it will be able to tell."""
    contacted, groups = plan.contacted, plan.groups
    cost, profit = contacted["cost"].sum(), contacted["expected_profit"].sum()
    said = [
        f"{len(contacted):,} of {len(plan.file.customers):,} customers are contacted for "
        f"{cost:,.2f}; {groups['control']:,} more are kept uncontacted, drawn by chance. "
        + _expected(plan, profit, cost),
        _effect(plan),
    ]
    return [*said, *_can_tell(plan), *_orders(plan), *plan.notes]


def _expected(plan: Plan, profit: float, cost: float) -> str:
    """The profit, over the days that it is of."""
    terms = plan.file.terms
    if terms.gains_in_horizon:
        return f"Expected profit over {horizon(terms)}: {profit:,.2f}."
    soon = terms.margin * plan.outlook.expected * len(plan.contacted) - cost
    return (
        f"Expected profit over the months of the CLV: {profit:,.2f}; over {horizon(terms)}, which "
        f"is what will be measured: {soon:,.2f}."
    )


def _orders(plan: Plan) -> list[str]:
    return [IN_ORDERS] if plan.file.terms.counts_orders else []


def _effect(plan: Plan) -> str:
    effect, even = plan.file.terms.effect, _even(plan.break_even)
    gain = plan.contacted["expected_gain"].sum() / plan.contacted["at_stake"].sum()
    if effect["source"] == "assumed":
        return (
            f"This rests on an assumption, not on knowledge: that a contact gains "
            f"{effect['share']:.1%} of what is at stake. {even}"
        )
    if effect["source"] == "uplift":
        return (
            f"Each customer's gain is that of an uplift model, learned from a randomised campaign: "
            f"{gain:.1%} of what is at stake for those contacted. {even}"
        )
    if effect["by_segment"]:
        even = f"{_segments(effect['by_segment'])} {gain:.1%} for those contacted. {even}"
    n = effect["n_campaigns"]
    return (
        f"The effect was measured in {n} campaign{'s' * (n > 1)} of this kind: a contact gained "
        f"{effect['measured']:.1%} ({effect['low']:.1%} to {effect['high']:.1%}) of what is at "
        f"stake. By this the {effect['assumed']:.1%} assumed are corrected to "
        f"{effect['share']:.1%}. {even}"
    )


def _segments(by_segment: Mapping[str, float]) -> str:
    """The segments that are planned by effects of their own, the largest first."""
    own = sorted(by_segment.items(), key=lambda one: -one[1])
    each = ", ".join(f"{name} {share:.1%}" for name, share in own)
    return f"Segments differ beyond chance and are planned by effects of their own: {each};"


def _even(break_even: float) -> str:
    if np.isinf(break_even):
        return "No effect would repay the cost: nothing is at stake."
    return f"At {break_even:.1%} nothing is earned."


def _can_tell(plan: Plan) -> list[str]:
    view = plan.outlook
    if view.can_tell is None:
        return [
            "How much spend varies is not known from these scores, so only the purchase rate has "
            "a power: train again and write the scores as .parquet."
        ]
    shown = next(one for one in view.power if one.outcome == "spend")
    if view.can_tell:
        return [
            f"The groups are large enough: 80 of 100 such campaigns would show a difference of "
            f"{shown.adjusted:,.2f} of spend per customer, and {view.asked:,.2f} is asked for."
        ]
    way = (
        f"A control of {view.control_needed:.0%} would."
        if view.control_needed
        else "No share of control would; it takes more customers, or a larger effect."
    )
    return [
        f"This campaign cannot tell whether it works: it shows differences from "
        f"{shown.adjusted:,.2f} of spend per customer on, and {view.asked:,.2f} is "
        f"{'expected' if view.asked == view.expected else 'asked for'}. {way}"
    ]


def by_effect(plan: Plan) -> list[tuple[str, str]]:
    """Expected profit of these contacts at multiples of the effect."""
    contacted, margin = plan.contacted, plan.file.terms.margin
    gain, cost = contacted["expected_gain"].sum(), contacted["cost"].sum()
    # Of those contacted: segments and an uplift model know other effects than the whole.
    effect = gain / contacted["at_stake"].sum()
    return [
        (f"{times * effect:.1%} ({times:g} x)", f"{margin * times * gain - cost:,.2f}")
        for times in TIMES
    ]


def groups(plan: Plan) -> list[tuple[str, ...]]:
    """Each arm: customers, cost of a contact, cost in all, at stake, expected profit."""
    rows: list[tuple[str, ...]] = []
    members = plan.file.members
    for arm, n in plan.groups.items():
        here = members[members["arm"] == arm]
        spent = 0.0 if arm == "control" else float(here["cost"].sum())
        profit = "" if arm == "control" else f"{here['expected_profit'].sum():,.2f}"
        rows.append((arm, f"{n:,}", f"{spent:,.2f}", f"{here['at_stake'].mean():,.2f}", profit))
    return rows


def power(plan: Plan) -> list[tuple[str, ...]]:
    """The smallest difference shown, plain and adjusted, and what the scores explain."""
    forms = {"purchase rate": ".2%"}
    return [
        (
            one.outcome,
            format(one.plain, forms.get(one.outcome, ",.2f")),
            format(one.adjusted, forms.get(one.outcome, ",.2f")),
            f"{one.r_squared:.0%}",
        )
        for one in plan.outlook.power
    ]


def left_out(plan: Plan) -> str:
    """Scored = part of the campaign + left out, by reason."""
    part = len(plan.file.members)
    reasons = "".join(f" + {n:,} {reason}" for reason, n in plan.left_out.items())
    return f"{len(plan.file.customers):,} scored = {part:,} in the campaign{reasons}"


GROUPS = ("group", "customers", "cost", "at stake, mean", "expected profit")
POWER = ("difference per customer", "plain", "adjusted", "explained by scores")
EFFECT = ("effect", "expected profit")
