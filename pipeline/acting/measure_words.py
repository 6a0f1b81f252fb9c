"""A measurement as rows of figures, the same on the screen and on the page."""

from datetime import timedelta

from models.campaign.estimation import Difference
from pipeline.acting.measured import Comparison, Measurement
from pipeline.markup import number

DIFFERENCES = ("per customer", "difference", "95 % interval", "plain difference", "narrower")
SEGMENTS = ("segment", "customers", "alone", "shrunk", "95 % interval")

NAMES = {
    "purchase_rate": ("bought", "+.2%"),
    "orders": ("orders", "+.4f"),
    "spend": ("net spend", "+,.2f"),
    "spend_winsorised": ("net spend, highest 1 % cut", "+,.2f"),
    "profit": ("profit after costs", "+,.2f"),
}


def days(found: Measurement) -> str:
    """The days that were read."""
    return f"{found.start} to {found.until - timedelta(days=1)}"


def differences(one: Comparison) -> list[tuple[str, ...]]:
    """Each outcome of an arm against the control: adjusted, plain, and what adjusting gained."""
    rows: list[tuple[str, ...]] = []
    for name, found in one.outcomes.items():
        words, form = NAMES[name]
        adjusted = found.adjusted
        rows.append(
            (
                words,
                format(adjusted.estimate, form),
                _ends(adjusted, form),
                f"{found.plain.estimate:{form}} ({_ends(found.plain, form)})",
                number(found.narrower, ".0%"),
            )
        )
    return rows


def segments(found: Measurement) -> list[tuple[str, ...]]:
    """The effect by segment, as a share of what was at stake."""
    return [
        (
            name,
            f"{one['n']:,.0f}",
            f"{one['effect']:+.1%}",
            f"{one['shrunk']:+.1%}",
            f"{one['low']:+.1%} to {one['high']:+.1%}",
        )
        for name, one in found.segments.items()
    ]


def title(one: Comparison) -> str:
    """An arm, and how many were compared."""
    return f"{one.arm}: {one.n_treated:,} against {one.n_control:,} not contacted"


def _ends(one: Difference, form: str) -> str:
    return f"{one.low:{form}} to {one.high:{form}}"
