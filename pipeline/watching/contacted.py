"""Leaves out of earlier scorings whom a campaign contacted: it changed what they did."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pipeline.acting.plan_file import Terms, read_plan, read_terms
from pipeline.console import Progress
from pipeline.scoring.scores_file import Scores


def left_alone(
    scorings: Sequence[Scores], plans: Sequence[Path], progress: Progress
) -> list[Scores]:
    """The scorings without the customers whom a plan contacted within their horizon.

    Those kept as a control, and those whom no campaign chose, stay: each is held against an
    answer of their own, so that the others are not missed. A scoring of which nobody is left goes.
    """
    terms = {path: read_terms(path) for path in plans}
    # Only those are read whole that are of these days: a plan has as many rows as its scores.
    treated = {
        path: _contacted(path)
        for path, one in terms.items()
        if any(_meet(one, scores) for scores in scorings)
    }
    found = []
    for scores in scorings:
        ids = scores.customers["customer_id"]
        gone = ids.isin([])
        for path, contacted in treated.items():
            if _meet(terms[path], scores):
                gone |= ids.isin(contacted)
        if gone.any():
            progress.note(
                f"Scores of {scores.as_of}: {gone.sum():,} of {len(ids):,} customers were "
                "contacted by a campaign and are left out."
            )
        if not gone.all():
            kept = scores.customers[~gone].reset_index(drop=True)
            found.append(replace(scores, customers=kept) if gone.any() else scores)
    return found


def _meet(terms: Terms, scores: Scores) -> bool:
    """Whether a campaign falls into the horizon of a scoring."""
    until = scores.as_of + timedelta(days=scores.horizon_days)
    return terms.start < until and scores.as_of < terms.end


def _contacted(path: Path) -> pd.Series:
    """The customers whom a plan contacts."""
    plan = read_plan(path)
    rows = plan.customers
    return rows.loc[rows["arm"].isin(plan.treatments), "customer_id"]
