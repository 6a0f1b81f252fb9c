"""Pure functions of what happened and what was predicted; no models, no files, no plots."""

from models.evaluation.leaderboard import SCORES, evaluate
from models.evaluation.scores import (
    average_precision,
    brier,
    buyer_lift,
    calibration_error_by_chance,
    expected_calibration_error,
    log_loss,
    roc_auc,
)
from models.evaluation.spend import bias, mae_ratio, normalised_gini, spearman, top_capture

__all__ = [
    "SCORES",
    "average_precision",
    "bias",
    "brier",
    "buyer_lift",
    "calibration_error_by_chance",
    "evaluate",
    "expected_calibration_error",
    "log_loss",
    "mae_ratio",
    "normalised_gini",
    "roc_auc",
    "spearman",
    "top_capture",
]
