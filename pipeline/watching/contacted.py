"""Leaves out of earlier scorings whom a campaign contacted: it changed what they did."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pipeline.acting.plan_file import PlanFile
from pipeline.console import Progress
from pipeline.scoring.scores_file import Scores


def left_alone(
    scorings: Sequence[Scores], plans: Sequence[PlanFile], progress: Progress
) -> list[Scores]:
    """The scorings without the customers whom a plan contacted within their horizon.

    Those kept as a control, and those whom no campaign chose, stay: each is held against an
    answer of their own, so that the others are not missed. A scoring of which nobody is left goes.
    """
    found = []
    for scores in scorings:
        until = scores.as_of + timedelta(days=scores.horizon_days)
        ids = scores.customers["customer_id"]
        gone = ids.isin([])
        for plan in plans:
            over = plan.terms.start + timedelta(days=plan.terms.horizon_days)
            if plan.terms.start < until and scores.as_of < over:
                rows = plan.customers
                gone |= ids.isin(rows.loc[rows["arm"].isin(plan.treatments), "customer_id"])
        if gone.any():
            progress.note(
                f"Scores of {scores.as_of}: {gone.sum():,} of {len(ids):,} customers were "
                "contacted by a campaign and are left out."
            )
        if not gone.all():
            kept = scores.customers[~gone].reset_index(drop=True)
            found.append(replace(scores, customers=kept) if gone.any() else scores)
    return found
