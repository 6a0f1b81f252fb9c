"""Whether a log is enough to learn from: ready, limited or refused, and what it lacks."""

from collections.abc import Mapping
from typing import Any, Literal

from pipeline.cutoffs import shortest_log

READY = {"customers": 1_000, "repeat_customers": 300, "days": 182}
LIMITED = {"customers": 50, "repeat_customers": 20}
"""Below, no model can be told from chance; between the two, expect wide intervals."""

Verdict = Literal["ready", "limited", "refuse"]


def judge(facts: Mapping[str, Any], horizon_days: int) -> tuple[Verdict, list[str]]:
    """Whether a log carries a training at a horizon, and what it lacks, in numbers.

    Examples
    --------
    >>> judge({"customers": 400, "repeat_customers": 90, "days": 365}, 90)[0]
    'limited'
    >>> for reason in judge({"customers": 400, "repeat_customers": 9, "days": 100}, 90)[1]:
    ...     print(reason)
    repeat customers: 9, at least 20 are needed (11 more) and 300 wanted
    days of history: 100, at least 239 are needed (139 more) and 450 wanted for a horizon of 90 days
    customers: 400, of the 1,000 wanted
    """
    # With three horizons to be judged by instead of one, five in all.
    shortest = shortest_log(horizon_days)
    needs = {
        "customers": (LIMITED["customers"], READY["customers"], ""),
        "repeat_customers": (LIMITED["repeat_customers"], READY["repeat_customers"], ""),
        "days": (
            shortest,
            max(5 * horizon_days, READY["days"]),
            f" for a horizon of {horizon_days} days",
        ),
    }
    lacking, wanting = [], []
    for key, (least, enough, what) in needs.items():
        have = facts[key]
        name = "days of history" if key == "days" else key.replace("_", " ")
        if have < least:
            lacking.append(
                f"{name}: {have:,}, at least {least:,} are needed ({least - have:,} more) "
                f"and {enough:,} wanted{what}"
            )
        elif have < enough:
            wanting.append(f"{name}: {have:,}, of the {enough:,} wanted{what}")
    verdict: Verdict = "refuse" if lacking else "limited" if wanting else "ready"
    return verdict, lacking + wanting
