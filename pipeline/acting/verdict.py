"""What a measurement means, in sentences: earned, lost, or cannot tell, and what it would take."""

from math import ceil

from scipy import stats

from models.campaign.estimation import Difference
from pipeline.acting.measured import Comparison, Measurement

FAR = 1000
"""Times as many customers: beyond it nothing is promised."""

IN_TIME = {"earned": "ahead", "lost": "behind", "cannot tell": "cannot tell"}
"""The words of a horizon that is not over: the whole cost is told, a part of the gain."""


def sentences(found: Measurement, n_customers: int) -> list[str]:
    """The verdict first; then what it rests on."""
    total = found.total
    if found.doubts:
        return ["No verdict: the groups cannot be compared.", *found.doubts, *found.notes]
    first = _so_far(found) if found.interim else _profit(total, n_customers)
    said = [first, *_arms(found), _spend(total)]
    if total.complier:
        one = total.complier
        said.append(
            f"Each customer contacted in fact spent {one.estimate:+,.2f} "
            f"({one.low:+,.2f} to {one.high:+,.2f}) because of it."
        )
    return [*said, *_segments(found), *found.notes]


def word(profit: Difference) -> str:
    """Earned, lost or cannot tell.

    >>> word(Difference(5.0, 1.0, 1.96)), word(Difference(1.0, 1.0, 1.96))
    ('earned', 'cannot tell')
    """
    if profit.low > 0:
        return "earned"
    return "lost" if profit.high < 0 else "cannot tell"


def _so_far(found: Measurement) -> str:
    """An interim look; no number of customers is told, for more days come anyway."""
    one = found.total.profit
    said = {
        "earned": "The campaign has earned more than it cost",
        "lost": "The campaign has not earned its cost so far",
        "cannot tell": "Cannot tell so far whether the campaign earns its cost",
    }
    return (
        f"Interim: the horizon is over on {found.end} only. {said[word(one)]}: "
        f"{one.estimate:,.0f} ({one.low:,.0f} to {one.high:,.0f}), with all of the cost in it and "
        "what came up to now. The interval holds for any number of looks."
    )


def _profit(total: Comparison, n_customers: int) -> str:
    one = total.profit
    ends = f"({one.low:,.0f} to {one.high:,.0f})"
    said = {
        "earned": f"The campaign earned {one.estimate:,.0f} {ends} after all costs.",
        "lost": f"The campaign lost {-one.estimate:,.0f} ({-one.high:,.0f} to {-one.low:,.0f}).",
        "cannot tell": (
            f"Cannot tell whether the campaign earned or lost: {one.estimate:,.0f} {ends}. "
            f"{_would_take(one, n_customers)}"
        ),
    }
    return said[word(one)]


def _would_take(one: Difference, n_customers: int) -> str:
    """How many customers would show a profit of this size in 80 of 100 campaigns."""
    # As wide as this interval, or fewer customers would do than those that could not tell.
    apart = one.reach + float(stats.norm.ppf(0.8))
    times = (apart * one.se / max(abs(one.estimate), 1e-12)) ** 2
    if times > FAR:
        return "It is so near to 0 that no campaign of this kind will tell."
    needed = ceil(times * n_customers)
    return (
        f"If that is the truth, it takes {needed:,} customers instead of {n_customers:,} to show."
    )


def _arms(found: Measurement) -> list[str]:
    return [
        f"{one.arm}: {IN_TIME[word(one.profit)] if found.interim else word(one.profit)}, "
        f"{one.profit.estimate:,.0f} ({one.profit.low:,.0f} to {one.profit.high:,.0f})."
        for one in found.comparisons[:-1]
    ]


def _spend(total: Comparison) -> str:
    rate, spend = total.outcomes["purchase_rate"].adjusted, total.outcomes["spend"]
    capped = total.outcomes["spend_winsorised"].adjusted
    return (
        f"{100 * abs(rate.estimate):.1f} points {_more(rate.estimate, 'fewer')} of those to be "
        f"contacted bought than of the control ({100 * rate.low:+.1f} to {100 * rate.high:+.1f}), "
        f"and they spent {abs(spend.adjusted.estimate):,.2f} "
        f"{_more(spend.adjusted.estimate, 'less')} each "
        f"({spend.adjusted.low:+,.2f} to {spend.adjusted.high:+,.2f}); with the highest 1 % of "
        f"spends cut, {capped.estimate:+,.2f} ({capped.low:+,.2f} to {capped.high:+,.2f}). "
        f"Knowing the scores made the interval of spend {abs(spend.narrower):.0%} "
        f"{'narrower' if spend.narrower >= 0 else 'wider'}."
    )


def _more(difference: float, otherwise: str) -> str:
    return "more" if difference >= 0 else otherwise


def _segments(found: Measurement) -> list[str]:
    """A word on many looks: with ten segments one is likely to look special by chance."""
    shown = [name for name, one in found.segments.items() if one["low"] > 0 or one["high"] < 0]
    n = len(found.segments)
    if n < 2:
        return []
    names = ", ".join(shown) if shown else "none"
    return [
        f"Of {n} segments, each shrunk to the whole, the effect is told apart from 0 in "
        f"{len(shown)} ({names}); of {n} looks, {0.05 * n:.1f} would be by chance alone."
    ]
