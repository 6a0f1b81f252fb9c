"""What a model keeps of its training to be watched by: a profile, and what was promised."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.log.reasons import Counts
from models.evaluation.drift import profile_of
from pipeline.learning.backtest import Backtest
from pipeline.learning.grading import level_gaps, unjudged


def profile(
    today: pd.DataFrame, p_churn: pd.Series, names: Sequence[str], counts: Counts
) -> dict[str, Any]:
    """Quantiles and counts of each feature at the training's cutoff, and of rows; no id.

    Parameters
    ----------
    today
        The snapshot, or an evenly drawn sample of it.
    p_churn
        The answer for its customers.
    names
        The features, and the attributes' columns.
    counts
        Of the log's rows.
    """
    return {
        "n_customers": len(today),
        "p_churn": float(p_churn.mean()),
        "p_churn_sd": float(p_churn.std(ddof=0)),
        "features": {name: profile_of(today[name]) for name in names},
        "rows": account(counts),
    }


def account(counts: Counts) -> dict[str, int]:
    """Where the log's rows went, as far as it is watched."""
    return {
        "rows": counts.rows,
        "set_aside": counts.rows - counts.used - counts.anonymous,
        "anonymous": counts.anonymous,
        "duplicates": counts.duplicates,
    }


def promised(result: Backtest, rule: str) -> dict[str, Any]:
    """How good the answer was at the cutoffs at which it was judged, the earliest first.

    `level` is the share expected to leave less the share that left, `spend` the expected total
    over the total that came, minus 1, `coverage` that of 80 % intervals (PIT).
    """
    board = result.leaderboard[result.leaderboard["cutoff"].isin(result.judged)]
    board = board.sort_values("cutoff").set_index("contender")
    own = board.loc[[result.chosen]]
    level, money = unjudged(result)
    return {
        "rule": rule,
        "log_loss": _known(own["log_loss"]),
        "rule_log_loss": _known(board.loc[[rule], "log_loss"]),
        "level": _known([*level_gaps(result), *level]),
        "spend": _known([*own["spend_bias"], *money]),
        "coverage": _known(own["spend_coverage"]),
    }


def _known(values: Any) -> list[float]:
    """Those that are numbers."""
    return [float(one) for one in values if np.isfinite(one)]
