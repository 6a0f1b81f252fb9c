"""What the store shows of a training and its version: log, question, and how good it answers."""

import math
from datetime import date
from typing import Any

from features.customer.catalogue import NAMES
from models.evaluation.grades import in_words, worst
from pipeline.config import Config
from pipeline.learning.backtest import Backtest
from pipeline.learning.judgement import Judgement
from pipeline.learning.snapshots import Snapshots
from pipeline.markup import words

UNFIT = "unfit"
"""Tag: why a version should not become champion by itself."""


def tags(result: Backtest, judgement: Judgement, as_of: date) -> dict[str, str]:
    """Figures of a version by which people choose, and the gate decides; means of its cutoffs."""
    own, rule = (
        result.means_at(result.shared(result.chosen, name)).T[name]
        for name in (result.chosen, judgement.rule)
    )
    figures: dict[str, Any] = {
        "as_of": as_of,
        "answer": words(result.chosen),
        "cutoffs": ", ".join(str(day) for day in result.judged),
        "grade": worst(judgement.grades),
        "grades": in_words(judgement.grades),
        "log_loss": _digits(result.means_at(result.judged).T[result.chosen]["log_loss"]),
        "best_rule": words(judgement.rule) if judgement.rule != result.chosen else "",
        "log_loss_of_best_rule": _digits(rule["log_loss"]),
        "spend_error": _digits(own["spend_bias"]),
        "spend_error_of_best_rule": _digits(rule["spend_bias"]),
        UNFIT: judgement.unfit,
    }
    return {name: str(value) for name, value in figures.items() if value != ""}


def description(log: str, horizon_days: int, told: dict[str, str]) -> str:
    """A version in three lines, for the head of its page."""
    lines = [
        f"Learned from **{log}** up to {told['as_of']}; {told['answer']} answers for "
        f"{horizon_days} days.",
        f"Grade **{told['grade']}**: {told['grades']}.",
        f"Log loss {_against(told, 'log_loss', '.4g')}; total spend off by "
        f"{_against(told, 'spend_error', '+.1%')} (means over {told['cutoffs']}).",
    ]
    if UNFIT in told:
        lines.append(f"No champion by itself: {told[UNFIT]}.")
    return "\n\n".join(lines)


def _against(told: dict[str, str], name: str, form: str) -> str:
    """A figure, and that of the best rule where it has one.

    >>> told = {"spend_error": "-0.02", "best_rule": "own pace", "spend_error_of_best_rule": "1.3"}
    >>> _against(told, "spend_error", "+.0%"), _against({}, "log_loss", ".4g")
    ('-2% (own pace: +130%)', '–')
    """
    if name not in told:
        return "–"
    rule = told.get(f"{name}_of_best_rule")
    against = (
        f" ({told['best_rule']}: {float(rule):{form}})" if rule and "best_rule" in told else ""
    )
    return f"{float(told[name]):{form}}{against}"


def _digits(value: float) -> str:
    """Four significant digits; nothing for no number.

    >>> _digits(0.123456), _digits(float("nan"))
    ('0.1235', '')
    """
    return f"{value:.4g}" if math.isfinite(value) else ""


def parameters(config: Config, snapshots: Snapshots) -> dict[str, Any]:
    """The settings that each run of the training carries."""
    days = snapshots.plan
    return {
        "horizon_days": days.horizon_days,
        "as_of": days.as_of,
        "backtest_cutoffs": [str(c) for c in days.backtest],
        "panel_cutoffs": [str(c) for c in days.panels[days.as_of]],
        "features": len(NAMES),
        "attributes": len(snapshots.attributes),
        "clv_months": config.clv.months,
        "max_customers": config.training.max_customers,
        "contenders": len(config.contenders) if config.contenders else None,
        "seed": config.seed,
    }
