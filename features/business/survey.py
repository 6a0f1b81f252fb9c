"""Answers to a survey, counted by period and by group of customers."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.business.periods import Period, start_of


def survey_counts(answers: ir.Table, customers: ir.Table, as_of: date, period: Period) -> ir.Table:
    """Count the answers that known customers gave before `as_of`.

    Parameters
    ----------
    answers
        ``customer_id`` (text), ``day`` (date) and ``score`` (float).
    customers
        With ``customer_id`` and ``rfm_group``.

    Returns
    -------
    Table with ``period`` (its first day), ``rfm_group``, and ``answers``, ``promoters`` (9 and
    10), ``detractors`` (0 to 6), ``satisfied`` (4 and 5). Answers of unknown customers are absent.
    """
    known = answers.filter(answers.day < as_of)
    joined = known.inner_join(customers.select("customer_id", "rfm_group"), "customer_id")
    score = joined.score
    return joined.group_by(
        period=start_of(joined.day, period).cast("date"), rfm_group=joined.rfm_group
    ).aggregate(
        answers=joined.count(),
        promoters=ibis.coalesce((score >= 9).sum(), 0).cast("int64"),
        detractors=ibis.coalesce((score <= 6).sum(), 0).cast("int64"),
        satisfied=ibis.coalesce(score.between(4, 5).sum(), 0).cast("int64"),
    )
