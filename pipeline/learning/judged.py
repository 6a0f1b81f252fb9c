"""One contender at one past cutoff: fitted with what was known then, and scored by what came."""

from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from models.blend.blend import Blend
from models.blend.predictions import BlendPredictions
from models.contenders.protocol import Contender
from models.evaluation.intervals import coverage, coverage_by_decile, pit_coverage
from models.evaluation.leaderboard import evaluate
from models.evaluation.spend import bias, gini_gap_error, normalised_gini
from models.history import LABELS, History, weights
from pipeline.console import Progress
from pipeline.own_estimators import contender

PREDICTED = ("p_churn", "expected_spend", "expected_spend_low", "expected_spend_high")
"""What is kept of each contender's answers."""

LAST_YEAR = "spend_365d"
"""The feature that orders customers as they are mostly ordered without a model."""


def judged(
    history: History,
    outcomes: pd.DataFrame,
    later: tuple[int, np.ndarray | None],
    progress: Progress,
    name: str,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of one contender at one cutoff, and what it said.

    `later` is a longer period, in months, and what each customer spent in it.
    """
    customers = outcomes.drop(columns=list(LABELS))
    started = perf_counter()
    try:
        fitted = fit(name, history)
        seconds = perf_counter() - started
        blended = fitted.predictions(customers) if isinstance(fitted, Blend) else None
        predicted = blended.answers if blended else fitted.predict(customers)
        _refuse_no_numbers(predicted)
    except ValueError as error:
        progress.note(f"{name} has no answer at {history.cutoff}: {error}")
        silent = pd.DataFrame(np.nan, index=customers.index, columns=list(PREDICTED))
        return {"n_customers": len(customers)}, silent
    scores = {**evaluate(outcomes, predicted), **_covered(outcomes, predicted)}
    if "p_churn" in predicted:
        gap = predicted["p_churn"] - outcomes["churned"]
        scores["level_error"] = float(np.average(gap, weights=weights(outcomes)))
    if blended and later[1] is not None:
        scores |= _valued(blended, customers, later[0], later[1], history.cutoff)
    return {**scores, "fit_seconds": seconds}, predicted.reindex(columns=list(PREDICTED))


def _refuse_no_numbers(predicted: pd.DataFrame) -> None:
    """Stop at a contender whose probabilities are none: it ends FAILED, and the others go on.

    One that answers spend only has no probability at all.
    """
    if "p_churn" not in predicted:
        return
    said = predicted["p_churn"]
    only_spend = "expected_spend" in predicted and predicted["expected_spend"].notna().all()
    if only_spend and said.isna().all():
        return
    if wrong := int((~said.between(0, 1)).sum()):
        raise ValueError(f"{wrong:,} of {len(predicted):,} of its probabilities are no numbers")


def fit(name: str, history: History) -> Contender:
    """Fit one contender; ValueError when the history does not carry it."""
    return contender(name).fit(history)


def _covered(outcomes: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, float]:
    """How often the intervals held; nothing for a contender without intervals."""
    columns = ("expected_spend_low", "expected_spend_high", "next_purchase_from")
    if any(name not in predicted or predicted[name].isna().all() for name in columns):
        return {}
    low, high = predicted["expected_spend_low"], predicted["expected_spend_high"]
    spend, weight = outcomes["spend"].clip(lower=0), weights(outcomes)
    p_none, expected = predicted["p_churn"], predicted["expected_spend"]
    deciles = coverage_by_decile(spend, low, high, expected, p_none, weight)
    bought = (outcomes["churned"] == 0).to_numpy()
    when, first, last, least, most = (
        frame.loc[bought, name]
        for frame, name in (
            (outcomes, "next_purchase"),
            (predicted, "next_purchase_from"),
            (predicted, "next_purchase_to"),
            (predicted, "spend_if_any_low"),
            (predicted, "spend_if_any_high"),
        )
    )
    return {
        "spend_coverage": (
            coverage(spend[bought], least, most, weight[bought]) if bought.any() else float("nan")
        ),
        "spend_coverage_pit": pit_coverage(spend, low, high, p_none, weight),
        "spend_coverage_pit_top_10": float(deciles["pit_coverage"].iloc[0]),
        "next_purchase_coverage": (
            coverage(when, first, last, weight[bought]) if bought.any() else float("nan")
        ),
    }


def _valued(
    predicted: BlendPredictions,
    customers: pd.DataFrame,
    months: int,
    spend: np.ndarray,
    start: date,
) -> dict[str, float]:
    """What the months were said to bring beside what they brought, and what the last year had."""
    weight, came = weights(customers), np.maximum(spend, 0.0)
    clv = predicted.clv(months, 0.0, start)
    low, high = predicted.clv_interval(clv, months, start)
    none = predicted.none_within(months, start)
    found: dict[str, float] = {"clv_months": months}
    if not np.isnan(clv).any():
        last_year = customers[LAST_YEAR].to_numpy(float)
        found["clv_bias"] = bias(spend, clv, weight)
        found["clv_gini"] = normalised_gini(came, clv, weight)
        found["clv_gini_last_year"] = normalised_gini(came, last_year, weight)
        found["clv_gini_error"] = gini_gap_error(came, clv, last_year, weight)
    if np.isnan(low).any() or np.isnan(none).any():
        return found
    inside = came, low, high
    bought = spend > 0
    if_any = predicted.clv_interval(clv, months, start, if_any=True)
    among = [values[bought] for values in (spend, *if_any, weight)]
    deciles = coverage_by_decile(*inside, clv, none, weight)
    return {
        **found,
        "clv_coverage": coverage(*among) if bought.any() else float("nan"),
        "clv_coverage_pit": pit_coverage(*inside, none, weight),
        "clv_coverage_pit_top_10": float(deciles["pit_coverage"].iloc[0]),
    }
