"""Customers by RFM group and value tier, and how concentrated their value is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from features.business.rfm_scores import GROUPS, TIERS

ADVICE = {
    "champions": "thank them; let them see new things first",
    "loyal": "offer what goes with what they buy",
    "potential loyalists": "give a reason for the next order",
    "new": "make the second order easy",
    "promising": "remind them soon after the first order",
    "need attention": "a limited offer, before they cool off",
    "about to sleep": "remind them of what they liked",
    "cannot lose": "a personal call: they bought most often",
    "at risk": "win them back while they remember you",
    "hibernating": "cheap contact only, or none",
}
"""What a marketer commonly does; only a campaign with a holdout says whether it helps."""


FEW, SHARE = 10, 0.1
"""Few customers are at most so many, and at most such a share of all."""

DECIDE, NEARLY_ALL = 0.5, 0.95
"""They decide where they hold half of the money. As many are named as hold nearly all of it, or,
where so few do not, half."""


class Few(NamedTuple):
    """`number` of the `customers` hold such a `share` of the money: any total rests on them."""

    number: int
    customers: int
    share: float


def few(largest: np.ndarray, customers: int, total: float) -> Few | None:
    """The few customers who decide; None where there are none such.

    Parameters
    ----------
    largest
        Money of the `FEW` customers with most of it, or more, of the `total` of all.

    Examples
    --------
    >>> few(np.array([500.0, 460.0, 1.0, 1.0]), 40, 1000.0)
    Few(number=2, customers=40, share=0.96)
    >>> few(np.array([600.0, 20.0, 20.0, 20.0]), 40, 1000.0)
    Few(number=1, customers=40, share=0.6)
    >>> few(np.array([300.0, 20.0, 20.0, 20.0]), 40, 1000.0) is None
    True
    """
    held = np.cumsum(np.sort(largest)[::-1][: min(FEW, int(customers * SHARE))])
    if not len(held) or total <= 0 or held[-1] < DECIDE * total:
        return None
    least = NEARLY_ALL if held[-1] >= NEARLY_ALL * total else DECIDE
    number = min(int(np.searchsorted(held, least * total)) + 1, len(held))
    return Few(number, customers, float(held[number - 1] / total))


def told(found: Few | None) -> str:
    """The few who decide, in words; nothing where there are none such."""
    if not found:
        return ""
    have, them = ("has", "it") if found.number == 1 else ("have", "one of them")
    return (
        f"{found.number} of {found.customers:,} customers {have} brought {found.share:.0%} of the "
        f"revenue. What comes rests on that: no range of a total says whether {them} goes on."
    )


def groups(table: pd.DataFrame) -> pd.DataFrame:
    """Totals and shares of each RFM group, in the order of `GROUPS`.

    Parameters
    ----------
    table
        From `features.business.rfm_scores.segments`.

    Returns
    -------
    DataFrame indexed by group: ``customers``, ``orders``, ``revenue``, their shares
    (``customer_share``, ``revenue_share``), and ``days_silent`` (mean days since the last
    purchase), ``revenue_per_customer``, ``advice``. Groups of nobody are absent.
    """
    found = _totals(table, "rfm_group", list(GROUPS))
    return found.assign(advice=[ADVICE[name] for name in found.index])


def tiers(table: pd.DataFrame) -> pd.DataFrame:
    """The same by tier, with ``least`` (the smallest revenue in it) and ``cumulative_share``."""
    found = _totals(table, "tier", list(TIERS))
    found["least"] = table.groupby("tier")["least"].min().reindex(found.index)
    return found.assign(cumulative_share=found["revenue_share"].cumsum())


def _totals(table: pd.DataFrame, by: str, order: list[str]) -> pd.DataFrame:
    sums = table.groupby(by)[["customers", "orders", "purchases", "revenue", "days_silent"]].sum()
    found = sums.reindex([name for name in order if name in sums.index])
    total = found["revenue"].sum()
    return found.assign(
        customer_share=found["customers"] / found["customers"].sum(),
        revenue_share=found["revenue"] / total if total > 0 else np.nan,
        revenue_per_customer=found["revenue"] / found["customers"],
        days_silent=found["days_silent"] / found["customers"],
    )


def lorenz(table: pd.DataFrame) -> pd.DataFrame:
    """Cumulative share of customers and of revenue, the least valuable first, from (0, 0).

    One point per percentile; the line between two points treats its customers as equal. Without
    any net revenue there are no shares of it: NaN.
    """
    steps = table.groupby("percentile")[["customers", "revenue"]].sum().sort_index()
    total = steps.sum()
    shares = steps.cumsum() / total.where(total > 0)
    start = pd.DataFrame({"customers": [0.0], "revenue": [0.0]})
    return pd.concat([start, shares], ignore_index=True)


def gini(curve: pd.DataFrame) -> float:
    """Twice the area between the Lorenz curve and the diagonal; 0 is all alike.

    >>> gini(pd.DataFrame({"customers": [0, 0.5, 1], "revenue": [0, 0.0, 1]}))
    0.5
    """
    return float(1 - 2 * np.trapezoid(curve["revenue"], curve["customers"]))


def movements(table: pd.DataFrame) -> pd.DataFrame:
    """Customers by the group they were in (rows; "not yet") and are in now (columns)."""
    named = table.assign(before=table["before"].fillna("not yet a customer"))
    wide = named.pivot_table(index="before", columns="after", values="customers", aggfunc="sum")
    rows = [name for name in (*GROUPS, "not yet a customer") if name in wide.index]
    columns = [name for name in GROUPS if name in wide.columns]
    return wide.reindex(index=rows, columns=columns).fillna(0).astype(int)
