"""Whom a campaign may reach: conditions of the config on columns of the scores."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.errors import UserError
from pipeline.acting.too_few import TooFewError
from pipeline.campaign_config import Condition, End, Range


def ineligible(customers: pd.DataFrame, conditions: Mapping[str, Condition]) -> np.ndarray:
    """The first condition that each customer does not meet; "" for who meets all.

    A missing value meets no condition.
    """
    failed = np.full(len(customers), "", object)
    for name, condition in reversed(list(conditions.items())):
        failed[~_met(customers[name], name, condition)] = name
    return failed


def nobodys(customers: pd.DataFrame, conditions: Mapping[str, Condition]) -> list[str]:
    """Listed values that no customer has, in words: a misspelt one leaves out whom it means."""
    found = []
    for name, condition in conditions.items():
        listed = condition if isinstance(condition, tuple) else ()
        values = [str(one) for one in listed if not customers[name].isin([one]).any()]
        if values:
            found.append(f"eligible.{name}: nobody has {' or '.join(values)}.")
    return found


def _met(values: pd.Series, name: str, condition: Condition) -> np.ndarray:
    if isinstance(condition, Range):
        return _within(values, name, condition)
    wanted = condition if isinstance(condition, tuple) else (condition,)
    met: np.ndarray = values.isin(wanted).to_numpy()
    if not met.any():
        raise TooFewError(
            f"eligible.{name}: none of {len(values):,} customers has such a value; the column "
            f"holds {values.dtype}."
        )
    return met


def _within(values: pd.Series, name: str, condition: Range) -> np.ndarray:
    met, ends = values.notna(), (condition.min, condition.max)
    try:
        low, high = (None if end is None else _end(values, end) for end in ends)
        if low is not None and high is not None and low > high:
            raise UserError(f"eligible.{name}: min is above max, so nobody lies between.")
        if low is not None:
            met &= values >= low
        if high is not None:
            met &= values <= high
    except (TypeError, ValueError):
        raise UserError(
            f"eligible.{name}: min and max do not fit the column, which holds {values.dtype}."
        ) from None
    return met.to_numpy(bool)


def _end(values: pd.Series, end: End) -> Any:
    """A day where the column holds days; else as it was written."""
    sample, text = values.dropna(), isinstance(end, str | date)
    if text and len(sample) and isinstance(sample.iloc[0], date):
        return date.fromisoformat(str(end))
    return str(end) if text else end
