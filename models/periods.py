"""Lengths of time that models, and whoever plans their cutoffs, have to agree on."""

YEAR = 365.25
"""Days of a year."""

LONGEST = 365
"""Days of the longest period that is looked at."""

AT_LEAST = 1.5
"""A period shorter than so many horizons has too little of what comes after them."""

STEPS = 3
"""Into so many parts a horizon is cut."""


def step_days(horizon_days: int) -> int:
    """Days of one step: a third of the horizon, at least one.

    >>> step_days(91), step_days(1)
    (30, 1)
    """
    return max(1, round(horizon_days / STEPS))


def periods(horizon_days: int, at_most: int) -> list[int]:
    """Lengths of time from a cutoff, in days: the horizon, doubled ever again, up to a year.

    Examples
    --------
    >>> periods(60, 1000)
    [60, 120, 240, 365]
    >>> periods(60, 364)
    [60, 120, 240]
    >>> periods(300, 1000)
    [300]
    """
    found = [horizon_days]
    while found[-1] * AT_LEAST <= min(LONGEST, at_most):
        found.append(min(found[-1] * 2, LONGEST))
    return [days for days in found if days <= at_most]
