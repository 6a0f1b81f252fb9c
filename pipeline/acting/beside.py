"""Campaigns that run at the same time: who takes part in one is left out of another.

A contact of another campaign would reach the first one's control, and mix what the two changed.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.acting.plan_file import PlanFile, read_plan


def running(plans: Sequence[Path], campaign: str, start: date, horizon_days: int) -> list[PlanFile]:
    """The plans of other campaigns whose days meet those of one that begins at `start`.

    Raises
    ------
    UserError
        When a file is no plan, or was edited.
    """
    end = start + timedelta(days=horizon_days)
    files = [read_plan(path) for path in plans]
    return [
        file
        for file in files
        if file.terms.campaign != campaign and file.terms.start < end and start < file.terms.end
    ]


def taking_part(customer_id: pd.Series, plans: Sequence[PlanFile]) -> np.ndarray:
    """Which campaign each customer takes part in, its control included, in words; else empty."""
    said = np.full(len(customer_id), "", object)
    for file in plans:
        last = file.terms.end - timedelta(days=1)
        members = customer_id.isin(file.members["customer_id"]).to_numpy()
        said[members] = f"in campaign {file.terms.campaign} until {last}"
    return said
